/// One word that names a problem, its precision and optionally one pass: `n4c128i56x56_k128f31x31_psame_g128_dw`.
///
/// The grammar is
///
///     n<N>c<C>i<extents>_k<K>f<extents>[_s<…>][_p<…>][_d<…>][_g<G>][_f64][_fwd|_dx|_dw]
///
/// with extents joined by `x`, `n`, `c`, `k` left out when 1, and padding as `_pvalid`, `_psame`, `_pfull`, `_p3`,
/// `_p3x1` or `_p1:2x0:0`. Parsing and printing are inverse on canonical texts: fields in this order, defaults left out.
public struct ProblemText: Hashable, Sendable {
    public var problem: Problem
    public var precision: Precision
    /// `nil` names no single pass.
    public var pass: Pass?

    public init(_ problem: Problem, precision: Precision = .float32, pass: Pass? = nil) {
        self.problem = problem
        self.precision = precision
        self.pass = pass
    }

    /// Parses a text.
    ///
    /// - Throws: ``ConvolutionError``, with the text or the field that breaks the grammar, or whatever
    ///   ``Problem/init(input:filter:stride:padding:dilation:groups:)`` refuses.
    public init(_ text: String) throws(ConvolutionError) {
        let fields = text.split(separator: "_", omittingEmptySubsequences: false)
        guard fields.count >= 2 else {
            throw Self.malformed(text, "needs an input and a filter field, as in i8x8_f3x3")
        }
        var input = FieldReader(fields[0], of: text)
        let batch = try input.counted("n") ?? 1
        let channels = try input.counted("c") ?? 1
        let inputExtents = try input.extents("i")
        try input.finish()
        var filter = FieldReader(fields[1], of: text)
        let filters = try filter.counted("k") ?? 1
        let filterExtents = try filter.extents("f")
        try filter.finish()
        guard inputExtents.count == filterExtents.count else {
            throw Self.malformed(text, "input and filter need the same number of extents")
        }

        var stride: PerAxis = 1
        var dilation: PerAxis = 1
        var padding = Padding.valid
        var groups = 1
        precision = .float32
        pass = nil
        var previous = -1
        for field in fields.dropFirst(2) {
            let rank = try Self.rank(of: field, in: text)
            guard rank > previous else {
                throw Self.malformed(text, "field '\(field)' is repeated or out of order (s, p, d, g, f64, pass)")
            }
            previous = rank
            switch field {
            case "f32": precision = .float32
            case "f64": precision = .float64
            case "fwd", "dx", "dw": pass = Pass.allCases.first { $0.suffix == field }
            default:
                var reader = FieldReader(field, of: text)
                switch field.first {
                case "s": stride = .init(try reader.extents("s"))
                case "d": dilation = .init(try reader.extents("d"))
                case "g": groups = try reader.counted("g") ?? 1
                default: padding = try reader.padding()
                }
                try reader.finish()
            }
        }
        guard channels % max(groups, 1) == 0 else {
            throw ConvolutionError(.mismatch, argument: "groups", value: groups, rule: "must divide C = \(channels)")
        }
        problem = try Problem(
            input: [batch, channels] + inputExtents, filter: [filters, channels / max(groups, 1)] + filterExtents,
            stride: stride, padding: padding, dilation: dilation, groups: groups)
    }

    /// The place of an optional field in the canonical order.
    private static func rank(of field: Substring, in text: String) throws(ConvolutionError) -> Int {
        switch field {
        case "f32", "f64": return 5
        case "fwd", "dx", "dw": return 6
        case "circular", "reflect", "replicate":
            throw malformed(text, "padding mode '\(field)' is not available: only zeros are")
        default: break
        }
        switch field.first {
        case "s": return 0
        case "p": return 1
        case "d": return 2
        case "g": return 3
        default: throw malformed(text, "unknown field '\(field)'")
        }
    }

    fileprivate static func malformed(_ text: some StringProtocol, _ rule: String) -> ConvolutionError {
        ConvolutionError(
            .invalidArgument, argument: "problem", value: "'\(text)'", rule: rule,
            hint: "a problem is written like n4c64i56x56_k64f5x5_s2_p1:2x0:0_d2_g4_f64_dw")
    }
}

extension PerAxis {
    fileprivate init(_ values: [Int]) { self = values.count == 1 ? .uniform(values[0]) : .each(values) }
}

// MARK: - Printing

extension ProblemText: CustomStringConvertible {
    public var description: String {
        var text = problem.description
        if precision == .float64 { text += "_f64" }
        if let pass { text += "_\(pass.suffix)" }
        return text
    }
}

extension Problem: CustomStringConvertible {
    /// The problem text without precision and pass.
    public var description: String {
        var text = batch == 1 ? "" : "n\(batch)"
        if channels != 1 { text += "c\(channels)" }
        text += "i" + Self.joined(axes.map(\.input)) + "_"
        if filters != 1 { text += "k\(filters)" }
        text += "f" + Self.joined(axes.map(\.filter))
        if axes.contains(where: { $0.stride != 1 }) { text += "_s" + Self.shortened(axes.map(\.stride)) }
        switch padding {
        case .valid: break
        case .same: text += "_psame"
        case .full: text += "_pfull"
        case .symmetric(.uniform(let number)): text += "_p\(number)"
        case .symmetric(.each(let numbers)): text += "_p" + Self.joined(numbers)
        case .sides(let sides): text += "_p" + sides.map { "\($0.before):\($0.after)" }.joined(separator: "x")
        }
        if axes.contains(where: { $0.dilation != 1 }) { text += "_d" + Self.shortened(axes.map(\.dilation)) }
        if groups != 1 { text += "_g\(groups)" }
        return text
    }

    private static func joined(_ values: [Int]) -> String { values.map(String.init).joined(separator: "x") }

    private static func shortened(_ values: [Int]) -> String {
        Set(values).count == 1 ? String(values[0]) : joined(values)
    }
}

// MARK: - Reading

/// Reads one field of a problem text from left to right.
private struct FieldReader {
    private var rest: Substring
    private let text: String

    init(_ field: Substring, of text: String) {
        rest = field
        self.text = text
    }

    /// A letter and one number, if the field goes on with that letter.
    mutating func counted(_ letter: Character) throws(ConvolutionError) -> Int? {
        guard rest.first == letter else { return nil }
        rest.removeFirst()
        return try number()
    }

    /// A letter and numbers joined by `x`.
    mutating func extents(_ letter: Character) throws(ConvolutionError) -> [Int] {
        guard rest.first == letter else {
            throw ProblemText.malformed(text, "expected '\(letter)' at '\(rest)'")
        }
        rest.removeFirst()
        var values = [try number()]
        while rest.first == "x" {
            rest.removeFirst()
            values.append(try number())
        }
        return values
    }

    /// `p` and a name, numbers, or before:after pairs.
    mutating func padding() throws(ConvolutionError) -> Padding {
        rest.removeFirst()
        for (name, padding) in [("valid", Padding.valid), ("same", .same), ("full", .full)] where rest == name {
            rest = ""
            return padding
        }
        var sides: [Padding.Sides] = []
        var isPaired = false
        repeat {
            if !sides.isEmpty { rest.removeFirst() }
            let before = try number()
            var after = before
            if rest.first == ":" {
                rest.removeFirst()
                after = try number()
                isPaired = true
            }
            sides.append(.init(before: before, after: after))
        } while rest.first == "x"
        if sides.count == 1, !isPaired { return .symmetric(.uniform(sides[0].before)) }
        return .sides(sides)
    }

    func finish() throws(ConvolutionError) {
        guard rest.isEmpty else { throw ProblemText.malformed(text, "cannot read '\(rest)'") }
    }

    private mutating func number() throws(ConvolutionError) -> Int {
        // A range of characters also holds digits with combining marks, which are no digits here.
        let digits = rest.prefix { $0.isASCII && ("0"..."9").contains($0) }
        guard !digits.isEmpty else { throw ProblemText.malformed(text, "expected a number at '\(rest)'") }
        guard let value = Int(digits) else {
            throw ProblemText.malformed(text, "'\(digits)' is larger than \(Int.max)")
        }
        rest = rest.dropFirst(digits.count)
        return value
    }
}
