import ArgumentParser
import Foundation

/// What is wrong with a command line as a whole, before and beyond what the parser sees.
enum CommandLineCheck {
    /// Refuses words of this process that are not UTF-8: Swift repairs them with U+FFFD, and the file named by the repaired path is
    /// not the one meant. A word may hold that character itself.
    static func checkEncoding() throws(Failure) {
        for (index, word) in CommandLine.arguments.enumerated()
        where index > 0 && word.unicodeScalars.contains("\u{FFFD}") {
            guard let bytes = CommandLine.unsafeArgv[index], strcmp(bytes, word) == 0 else {
                throw Failure(.commandLine, argument: "command line", value: word, rule: "must be valid UTF-8")
            }
        }
    }

    /// Refuses an empty command line, what is no subcommand, an option in the place of another one's value, and an option given
    /// twice.
    static func check(_ arguments: [String]) throws(Failure) {
        guard let first = arguments.first else {
            throw Failure(
                .commandLine, argument: "command line", value: "no arguments", rule: "needs a subcommand",
                hint: "usage: fftconv <subcommand> …; 'fftconv --help' lists the subcommands")
        }
        // The parser shows the help of whatever it knows among the words after "help".
        let words = first == "help" ? arguments.dropFirst() : arguments.prefix(1)
        for (index, word) in words.enumerated() where !word.hasPrefix("-") {
            guard word == "help" || subcommand(word) != nil, index == 0 else {
                throw Failure(
                    .commandLine, argument: "command line", value: "'\(word)'",
                    rule: index == 0 ? "'\(word)' is not a subcommand" : "'help' takes one subcommand",
                    hint: "'fftconv --help' lists the subcommands")
            }
        }
        if let command = subcommand(first) { try checkValues(arguments, options: options(of: command)) }
        var seen: Set<Substring> = []
        for name in optionNames(arguments) where !seen.insert(name).inserted {
            throw Failure(.commandLine, argument: "--\(name)", value: "the option twice", rule: "may be given once")
        }
    }

    /// The parser's message as one line. `fftconv` names the argument inside of it.
    static func failure(for arguments: [String], message: String) -> Failure {
        let lines = message.split(separator: "\n")
        let rule = lines.first.map(String.init) ?? "cannot be read"
        let known = arguments.first.flatMap { subcommand($0) == nil ? nil : $0 }
        let named = known.map { "fftconv \($0)" } ?? "fftconv"
        return Failure(
            .commandLine, argument: "command line", value: "'\((["fftconv"] + arguments).joined(separator: " "))'",
            rule: rule.prefix(1).lowercased() + rule.dropFirst(), hint: "see '\(named) --help'")
    }

    // MARK: - Options

    /// Refuses the name of an option where a value is missing. The parser takes whatever follows, so that negative numbers and "-"
    /// are values, and would write a file named "--report".
    private static func checkValues(_ arguments: [String], options: [Substring: Bool]) throws(Failure) {
        var position = 1
        while position + 1 < arguments.count, arguments[position] != "--" {
            let (option, value) = (arguments[position], arguments[position + 1])
            guard options[Substring(option)] == true else {
                position += 1
                continue
            }
            guard value != "--", options[value.prefix { $0 != "=" }] == nil else {
                let name = option == "-o" ? "--output" : option
                throw Failure(
                    .commandLine, argument: name, value: "'\(value)'",
                    rule: value == "--" ? "needs a value" : "needs a value, and this is an option of its own",
                    hint: "write ./\(value) or \(name)=\(value) if that is meant")
            }
            position += 2
        }
    }

    /// The options of a subcommand as they are typed, and whether each takes a value: as its help lists them, which is the one
    /// place where the parser tells.
    private static func options(of command: any ParsableCommand.Type) -> [Substring: Bool] {
        var options: [Substring: Bool] = [:]
        // Of "  -o, --output <output>   The .npy file to write": names up to the first word that is none.
        let help = FFTConv.helpMessage(for: command, includeHidden: true, columns: 200)
        for line in help.split(separator: "\n") where line.hasPrefix("  -") {
            let words = line.split(separator: " ")
            let names = words.prefix { $0.hasPrefix("-") }
            let takesValue = names.count < words.count && words[names.count].hasPrefix("<")
            for name in names { options[name.hasSuffix(",") ? name.dropLast() : name] = takesValue }
        }
        return options
    }

    /// The long names of the options given; the parser would take the last of two without a word.
    private static func optionNames(_ arguments: [String]) -> [Substring] {
        var names: [Substring] = []
        for argument in arguments {
            if argument == "--" { break }
            if argument == "-o" || argument.hasPrefix("-o=") {
                names.append("output")
            } else if argument.hasPrefix("--") {
                names.append(argument.dropFirst(2).prefix { $0 != "=" })
            }
        }
        return names
    }

    private static func subcommand(_ name: String) -> (any ParsableCommand.Type)? {
        FFTConv.configuration.subcommands.first { $0.configuration.commandName == name }
    }
}
