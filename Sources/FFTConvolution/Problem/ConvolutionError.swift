/// What went wrong, in four fields: the argument, the value it had, the rule it breaks, and a hint.
///
/// Printed as one line, `<argument>: got <value>: <rule>`, with a second line `hint: …` where a hint is known.
public struct ConvolutionError: Error, Hashable, Sendable {
    /// The family an error belongs to; the tool maps each to one exit status.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// A value that is wrong whatever the others are: a stride of 0, a text that is not a problem.
        case invalidArgument
        /// Values that are right alone and impossible together: shapes that disagree, a filter larger than its input.
        case mismatch
        /// The work needs more memory than the limit, the machine or the address space allows.
        case resourceLimit
        /// A numeric policy refuses: a non-finite input under `.reject`, a tolerance out of reach.
        case numericPolicy
        /// FFTW is missing, too old, or not FFTW.
        case unusableFFTW
        /// ``ExecutionControl/cancel()`` was called.
        case cancelled
        /// A state that only a bug in this library can reach.
        case internalFailure
    }

    public let kind: Kind
    /// What the caller named: `stride`, `input shape`, `--padding`.
    public let argument: String
    /// The value as the caller would recognise it.
    public let value: String
    /// The rule that the value breaks, as a statement of what would be right.
    public let rule: String
    /// What to do instead, where that is known.
    public let hint: String?

    public init(_ kind: Kind, argument: String, value: some CustomStringConvertible, rule: String, hint: String? = nil)
    {
        self.kind = kind
        self.argument = argument
        self.value = value.description
        self.rule = rule
        self.hint = hint
    }
}

extension ConvolutionError: CustomStringConvertible {
    public var description: String {
        let line = "\(argument): got \(value): \(rule)"
        return hint.map { "\(line)\nhint: \($0)" } ?? line
    }
}

extension ConvolutionError {
    /// A buffer or tensor that does not hold the number of elements its shape says.
    static func elementCount(tensor: String, expected: Int, actual: Int) -> ConvolutionError {
        ConvolutionError(
            .mismatch, argument: "\(tensor) element count", value: actual, rule: "must be \(expected)")
    }

    /// A sample that the policy `reject` refuses, by its coordinates: `filter[3,0,1,2]: got nan`.
    package static func nonFinite(
        tensor: String, shape: [Int], index: Int, value: some CustomStringConvertible
    ) -> ConvolutionError {
        var (rest, coordinates) = (index, [Int]())
        for extent in shape.reversed() {
            coordinates.append(rest % extent)
            rest /= extent
        }
        return ConvolutionError(
            .numericPolicy, argument: "\(tensor)[\(coordinates.reversed().map(String.init).joined(separator: ","))]",
            value: value, rule: "must be finite under the policy 'reject'")
    }

    /// A tensor that does not have the shape the problem implies.
    static func shape(tensor: String, expected: [Int], actual: [Int]) -> ConvolutionError {
        ConvolutionError(
            .mismatch, argument: "\(tensor) shape", value: actual, rule: "must be \(expected)")
    }
}
