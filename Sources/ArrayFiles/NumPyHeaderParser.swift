/// Reads the dictionary of an `.npy` header: exactly the keys `descr`, `fortran_order` and `shape`, each once.
///
/// NumPy hands the text to Python's parser. Here is the small part of Python that writers of `.npy` files use, read in
/// one pass from left to right: no byte is looked at more than a few times, and nothing nests, so nothing can recurse.
struct NumPyHeaderParser {
    struct Fields {
        let dtype: NumPyDType
        let isFortranOrder: Bool
        let shape: [Int]
    }

    /// ASCII up to version 2.0; NumPy reads Latin-1 there, which only names of structured fields can need.
    enum Encoding { case ascii, utf8 }

    private let text: [UInt8]
    private let fileOffset: Int
    private let encoding: Encoding
    private let name: String
    private var position = 0

    /// `fileOffset` is where the text begins in its file: messages count from the first byte of the file.
    init(text: [UInt8], fileOffset: Int, encoding: Encoding, name: String) {
        self.text = text
        self.fileOffset = fileOffset
        self.encoding = encoding
        self.name = name
    }

    mutating func parse() throws(ArrayFileError) -> Fields {
        try checkEncoding()
        var dtype: NumPyDType?
        var isFortranOrder: Bool?
        var shape: [Int]?

        skipSpace()
        try expect("{")
        skipSpace()
        while !consume("}") {
            let keyOffset = position
            let key = try string("a key in quotes")
            skipSpace()
            try expect(":")
            skipSpace()
            let isRepeated =
                switch key {
                case "descr": dtype != nil
                case "fortran_order": isFortranOrder != nil
                case "shape": shape != nil
                default: throw refusal("key '\(key)' at byte \(fileOffset + keyOffset)", Self.keyRule)
                }
            guard !isRepeated else {
                throw refusal("a second '\(key)' at byte \(fileOffset + keyOffset)", "key '\(key)' given twice")
            }
            switch key {
            case "descr": dtype = try self.dtype()
            case "fortran_order": isFortranOrder = try boolean()
            default: shape = try self.shape()
            }
            skipSpace()
            if !consume(",") {
                try expect("}", "',' or '}'")
                break
            }
            skipSpace()
        }
        skipSpace()
        guard position == text.count else { throw unexpected("nothing after '}'") }

        guard let dtype else { throw refusal("no 'descr'", Self.keyRule) }
        guard let isFortranOrder else { throw refusal("no 'fortran_order'", Self.keyRule) }
        guard let shape else { throw refusal("no 'shape'", Self.keyRule) }
        return Fields(dtype: dtype, isFortranOrder: isFortranOrder, shape: shape)
    }

    private static let keyRule = "header keys must be exactly descr, fortran_order, shape"
    private static let shapeRule = "shape must be a tuple of non-negative integers"

    // MARK: Values

    private mutating func dtype() throws(ArrayFileError) -> NumPyDType {
        guard !at("["), !at("("), !at("{") else {
            throw refusal(
                "a structured dtype at byte \(fileOffset + position)",
                "structured dtypes are not supported; use float32 or float64")
        }
        return try NumPyDType(text: string("a dtype in quotes"), name: name)
    }

    private mutating func boolean() throws(ArrayFileError) -> Bool {
        let offset = position
        let word = token()
        if word == Array("True".utf8) { return true }
        if word == Array("False".utf8) { return false }
        throw refusal(
            "fortran_order \(Self.excerpt(word)) at byte \(fileOffset + offset)", "fortran_order must be True or False")
    }

    private mutating func shape() throws(ArrayFileError) -> [Int] {
        guard consume("(") else {
            let offset = position
            throw refusal("shape \(Self.excerpt(token())) at byte \(fileOffset + offset)", Self.shapeRule)
        }
        var shape: [Int] = []
        skipSpace()
        while !consume(")") {
            guard shape.count < NumPyArray.maximumRank else {
                let maximum = NumPyArray.maximumRank
                throw refusal("a shape of more than \(maximum) dims", "at most \(maximum) dims are read")
            }
            shape.append(try extent(axis: shape.count))
            skipSpace()
            if consume(",") {
                skipSpace()
                continue
            }
            guard at(")") else { throw unexpected("',' or ')'") }
            // Python reads (4) as the number 4.
            guard shape.count > 1 else {
                throw refusal("shape (\(shape[0]))", Self.shapeRule, hint: "a tuple of one is written (\(shape[0]),)")
            }
        }
        guard !shape.isEmpty else { throw refusal("shape ()", "needs at least 1 dim: a single number is not read") }
        return shape
    }

    private mutating func extent(axis: Int) throws(ArrayFileError) -> Int {
        let offset = position
        let word = token()
        if word.isEmpty, !at(","), !at(")") { throw unexpected("a dim or ')'") }
        let isNegative = word.first == UInt8(ascii: "-")
        let isSigned = isNegative || word.first == UInt8(ascii: "+")
        let digits = isSigned ? word.dropFirst() : word[...]
        let value = "\(Self.excerpt(word)) at byte \(fileOffset + offset)"
        guard let first = digits.first, Self.isDigit(first) else {
            throw refusal("dim \(axis) \(value)", Self.shapeRule)
        }
        let isPlain = digits.allSatisfy(Self.isDigit) && (digits.count == 1 || first != UInt8(ascii: "0"))
        if isNegative, isPlain {
            let number = String(decoding: word.prefix(24), as: UTF8.self)
            throw refusal("shape \(value)", "dim \(axis) is \(number): \(Self.shapeRule)")
        }
        guard isPlain, !isSigned else {
            throw refusal(
                "dim \(axis) \(value)", "a dim must be decimal digits only, without sign, leading zeros or suffix")
        }
        var extent = 0
        for digit in digits {
            let (tens, overflow) = extent.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflow) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !sumOverflow else {
                throw refusal("dim \(axis) \(value)", "a dim must not be larger than \(Int.max)")
            }
            extent = sum
        }
        return extent
    }

    // MARK: Tokens

    private func at(_ character: UnicodeScalar) -> Bool {
        position < text.count && text[position] == UInt8(ascii: character)
    }

    private mutating func consume(_ character: UnicodeScalar) -> Bool {
        guard at(character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: UnicodeScalar, _ expectation: String? = nil) throws(ArrayFileError) {
        guard consume(character) else { throw unexpected(expectation ?? "'\(character)'") }
    }

    /// Spaces pad a header and a newline ends it; neither is asked for, as NumPy does not either.
    private mutating func skipSpace() {
        while position < text.count, Self.isSpace(text[position]) { position += 1 }
    }

    /// The bytes up to the next separator: what a message should show of a value that is not understood.
    private mutating func token() -> [UInt8] {
        let start = position
        while position < text.count, !Self.isSpace(text[position]), !at(","), !at(")"), !at("}") { position += 1 }
        return Array(text[start..<position])
    }

    /// A text in single or double quotes, without escapes: no key and no dtype that is read has any.
    private mutating func string(_ expectation: String) throws(ArrayFileError) -> String {
        let quote: UnicodeScalar = at("\"") ? "\"" : "'"
        guard consume(quote) else { throw unexpected(expectation) }
        let start = position
        while position < text.count, !at(quote), !at("\\") { position += 1 }
        guard at(quote) else { throw unexpected("the quote that ends a text") }
        defer { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    // MARK: Refusals

    private func checkEncoding() throws(ArrayFileError) {
        let isBad: (UInt8) -> Bool = encoding == .ascii ? { $0 == 0 || $0 > 0x7F } : { $0 == 0 }
        if let index = text.firstIndex(where: isBad) {
            throw refusal(
                "\(NumPyHeader.quoted(CollectionOfOne(text[index]))) at byte \(fileOffset + index)",
                encoding == .ascii ? "header must be ASCII without NUL" : "header must be UTF-8 without NUL")
        }
        guard encoding == .ascii || String(validating: text, as: UTF8.self) != nil else {
            throw refusal("bytes that are not UTF-8", "header must be UTF-8 without NUL")
        }
    }

    private func unexpected(_ expectation: String) -> ArrayFileError {
        let value =
            position < text.count ? NumPyHeader.quoted(CollectionOfOne(text[position])) : "the end of the header"
        return refusal(value, "cannot parse header at offset \(fileOffset + position): expected \(expectation)")
    }

    private func refusal(_ value: String, _ rule: String, hint: String? = nil) -> ArrayFileError {
        ArrayFileError(.unreadable, argument: name, value: value, rule: rule, hint: hint)
    }

    private static func excerpt(_ word: [UInt8]) -> String {
        NumPyHeader.quoted(word.prefix(40))
    }
}
