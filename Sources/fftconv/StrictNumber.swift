import FFTConvolution

/// Numbers of the command line, read as written: ASCII digits, no sign but '-', no spaces, no exponent in integers.
enum StrictNumber {
    /// A whole number within bounds.
    static func integer(
        _ text: some StringProtocol, in bounds: ClosedRange<Int>, argument: String
    ) throws(ConvolutionError) -> Int {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = text.utf8.dropFirst(isNegative ? 1 : 0)
        guard isDigits(digits) else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: "'\(text)'", rule: "must be a whole number in digits 0–9")
        }
        guard let value = Int(text) else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: text, rule: "is out of range, \(rule(bounds))")
        }
        guard bounds.contains(value) else {
            throw ConvolutionError(.invalidArgument, argument: argument, value: value, rule: rule(bounds))
        }
        return value
    }

    /// Whole numbers joined by commas. An error shows the whole list, and tells which of its numbers is wrong.
    static func list(
        _ text: some StringProtocol, in bounds: ClosedRange<Int>, argument: String
    ) throws(ConvolutionError) -> [Int] {
        var values: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            do throws(ConvolutionError) {
                values.append(try integer(part, in: bounds, argument: argument))
            } catch {
                throw whole(text, part: part, error)
            }
        }
        return values
    }

    /// The error of a part of a text as one of the text.
    static func whole(
        _ text: some StringProtocol, part: some StringProtocol, _ error: ConvolutionError
    ) -> ConvolutionError {
        // A number alone is its own whole.
        guard part.utf8.count != text.utf8.count else { return error }
        return ConvolutionError(
            error.kind, argument: error.argument, value: "'\(text)'", rule: "'\(part)' \(error.rule)",
            hint: error.hint)
    }

    /// A finite decimal number within bounds: `3`, `0.25`, `1e-4`; never `nan`, `inf` or hexadecimal.
    static func decimal(
        _ text: some StringProtocol, in bounds: ClosedRange<Double>, argument: String
    ) throws(ConvolutionError) -> Double {
        var unsigned = Substring(text)
        if unsigned.first == "-" { unsigned.removeFirst() }
        let parts = unsigned.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let mantissa = (parts.first ?? "").split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var isNumber = mantissa.allSatisfy { isDigits($0.utf8) }
        if parts.count == 2 {
            let exponent = parts[1]
            let isSigned = exponent.first == "-" || exponent.first == "+"
            isNumber = isNumber && isDigits(exponent.utf8.dropFirst(isSigned ? 1 : 0))
        }
        guard isNumber, let value = Double(text) else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: "'\(text)'", rule: "must be a decimal number")
        }
        guard bounds.contains(value) else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: text,
                rule: bounds.upperBound == .greatestFiniteMagnitude
                    ? "must be finite and ≥ \(bounds.lowerBound)"
                    : "must be in \(bounds.lowerBound)…\(bounds.upperBound)")
        }
        return value
    }

    /// A number of bytes: digits, and K, M, G or T (KiB, MiB, GiB, TiB) for powers of 1024.
    static func byteCount(_ text: String, argument: String) throws(ConvolutionError) -> Int {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let suffix = text.dropFirst(digits.count)
        let exponents = ["": 0, "K": 10, "KiB": 10, "M": 20, "MiB": 20, "G": 30, "GiB": 30, "T": 40, "TiB": 40]
        guard !digits.isEmpty, let exponent = exponents[String(suffix)] else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: "'\(text)'",
                rule: "must be a number of bytes ≥ 0, with K, M, G or T for powers of 1024")
        }
        let count = try integer(digits, in: 0...Int.max, argument: argument)
        let (product, overflow) = count.multipliedReportingOverflow(by: 1 << exponent)
        guard !overflow else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: text, rule: "is out of range, must be ≤ \(Int.max) bytes")
        }
        return product
    }

    private static func isDigits(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func rule(_ bounds: ClosedRange<Int>) -> String {
        bounds.upperBound == .max
            ? "must be ≥ \(bounds.lowerBound)" : "must be in \(bounds.lowerBound)…\(bounds.upperBound)"
    }
}

/// One of a few words.
enum StrictWord {
    /// The case a word names, or an error that lists the words.
    static func value<Word: CaseIterable & RawRepresentable<String>>(
        _ text: String, of type: Word.Type, argument: String
    ) throws(ConvolutionError) -> Word {
        guard let word = Word(rawValue: text) else {
            throw ConvolutionError(
                .invalidArgument, argument: argument, value: "'\(text)'",
                rule: "must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }
}
