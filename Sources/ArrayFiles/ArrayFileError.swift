/// What is wrong with a file, in four fields: the file, what was found, the rule it breaks, and a hint.
///
/// Printed as one line, `<argument>: got <value>: <rule>`, with a second line `hint: …` where a hint is known.
public struct ArrayFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The family an error belongs to; the tool maps each to one exit status.
    public enum Kind: Sendable {
        /// The file cannot be opened or read, or its bytes are not what they should be (exit status 3).
        case unreadable
        /// The output cannot be written (exit status 7).
        case unwritable
        /// The array or picture is larger than a limit or than the memory there is (exit status 5).
        case resourceLimit
    }

    public let kind: Kind
    /// The path, or the name of the stream, exactly as it was given.
    public let argument: String
    /// What was found, as the owner of the file would recognise it.
    public let value: String
    /// The rule that the value breaks, as a statement of what would be right.
    public let rule: String
    /// What to do instead, where that is known.
    public let hint: String?

    public init(_ kind: Kind, argument: String, value: String, rule: String, hint: String? = nil) {
        self.kind = kind
        self.argument = argument
        self.value = value
        self.rule = rule
        self.hint = hint
    }

    public var description: String {
        let line = "\(Self.printable(argument)): got \(Self.printable(value)): \(rule)"
        return hint.map { "\(line)\nhint: \($0)" } ?? line
    }

    /// The text as one short line that cannot move a terminal's cursor: both fields come from outside, and a file
    /// name or a header may hold any byte.
    private static func printable(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                line += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        let (head, tail) = (120, 80)
        return line.count <= head + tail ? line : "\(line.prefix(head))…\(line.suffix(tail))"
    }
}
