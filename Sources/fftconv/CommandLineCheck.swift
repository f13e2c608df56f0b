/// What is wrong with a command line as a whole, before and beyond what the parser sees.
enum CommandLineCheck {
    /// Refuses an empty command line, bytes that are not UTF-8, and an option given twice.
    static func check(_ arguments: [String]) throws(Failure) {
        guard !arguments.isEmpty else {
            throw Failure(
                .commandLine, argument: "command line", value: "no arguments", rule: "needs a subcommand",
                hint: "usage: fftconv <subcommand> …; 'fftconv --help' lists the subcommands")
        }
        // Swift repairs invalid bytes with U+FFFD; the file named by the repaired path is not the one meant.
        for argument in arguments where argument.unicodeScalars.contains("\u{FFFD}") {
            throw Failure(.commandLine, argument: "command line", value: argument, rule: "must be valid UTF-8")
        }
        if let word = arguments.first, !word.hasPrefix("-"), word != "help", subcommand(arguments) == nil {
            throw Failure(
                .commandLine, argument: "command line", value: "'\(word)'", rule: "'\(word)' is not a subcommand",
                hint: "'fftconv --help' lists the subcommands")
        }
        var seen: Set<Substring> = []
        for name in optionNames(arguments) where !seen.insert(name).inserted {
            throw Failure(.commandLine, argument: "--\(name)", value: "the option twice", rule: "may be given once")
        }
    }

    /// The parser's message as one line. `fftconv` names the argument inside of it.
    static func failure(for arguments: [String], message: String) -> Failure {
        let lines = message.split(separator: "\n")
        let rule = lines.first.map(String.init) ?? "cannot be read"
        let named = subcommand(arguments).map { "fftconv \($0)" } ?? "fftconv"
        return Failure(
            .commandLine, argument: "command line", value: "'\((["fftconv"] + arguments).joined(separator: " "))'",
            rule: rule.prefix(1).lowercased() + rule.dropFirst(), hint: "see '\(named) --help'")
    }

    /// The long names of the options given; the parser would take the last of two without a word.
    private static func optionNames(_ arguments: [String]) -> [Substring] {
        var names: [Substring] = []
        for argument in arguments {
            if argument == "--" { break }
            if argument == "-o" {
                names.append("output")
            } else if argument.hasPrefix("--") {
                names.append(argument.dropFirst(2).prefix { $0 != "=" })
            }
        }
        return names
    }

    private static func subcommand(_ arguments: [String]) -> String? {
        FFTConv.configuration.subcommands.compactMap { $0.configuration.commandName }.first { $0 == arguments.first }
    }
}
