/// How one element is stored: what a `descr` such as `<f4` says.
struct NumPyDType: Equatable {
    enum Stored: Equatable { case float16, float32, float64, boolean, int8, int16, int32, uint8, uint16, uint32 }
    enum ByteOrder { case native, swapped }

    let stored: Stored
    let byteOrder: ByteOrder

    /// Bytes of one element in the file.
    var byteCount: Int {
        switch stored {
        case .boolean, .int8, .uint8: 1
        case .float16, .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64: 8
        }
    }

    /// The closed list: what is not here is refused, so that no new dtype of NumPy is misread by accident.
    private static let supported: [String: Stored] = [
        "f2": .float16, "f4": .float32, "f8": .float64, "b1": .boolean,
        "i1": .int8, "i2": .int16, "i4": .int32, "u1": .uint8, "u2": .uint16, "u4": .uint32,
    ]

    /// Names for what is refused, by the letter of the type.
    private static let refused: [Character: String] = [
        "c": "complex", "U": "text", "S": "bytes", "a": "bytes", "M": "a date", "m": "a duration", "V": "raw bytes",
        "O": "objects", "f": "a float of another size", "i": "an integer of another size",
        "u": "an integer of another size",
    ]
    private static let refusedSizes = ["i8": "64-bit integers", "u8": "64-bit integers", "f16": "long double"]

    /// Reads a `descr`; `<` is little-endian, `>` big-endian, `=` and nothing are native, `|` is for single bytes.
    init(text: String, name: String) throws(ArrayFileError) {
        func refusal(_ what: String?, _ rule: String) -> ArrayFileError {
            ArrayFileError(
                .unreadable, argument: name, value: "dtype '\(text)'\(what.map { " (\($0))" } ?? "")", rule: rule)
        }
        var type = Substring(text)
        let order = type.first.flatMap { "<>=|".contains($0) ? $0 : nil }
        if order != nil { type.removeFirst() }
        guard type.first != "O" else {
            throw refusal("objects", "object arrays are never read; use float32 or float64")
        }
        guard let stored = Self.supported[String(type)] else {
            // What Python calls a dtype is not what a file calls it.
            let start = type.prefix(2)
            guard start.count < 2 || !start.allSatisfy(\.isLetter) else {
                throw refusal("a name", "this dtype is not supported; float32 is written '<f4', float64 '<f8'")
            }
            let what = Self.refusedSizes[String(type)] ?? type.first.flatMap { Self.refused[$0] }
            throw refusal(what, "this dtype is not supported; use float32 or float64")
        }
        self.stored = stored
        // `#error` in NumPyFile.swift: native is little-endian.
        byteOrder = order == ">" ? .swapped : .native
        guard order != "|" || byteCount == 1 else {
            throw refusal(nil, "the byte order '|' is for elements of one byte only")
        }
    }
}
