/// Everything an `.npy` file says before its first element, checked: it can be believed once it exists.
struct NumPyHeader {
    let dtype: NumPyDType
    let isFortranOrder: Bool
    let shape: [Int]
    /// The product of the shape.
    let elementCount: Int
    /// The length of a file with this header: magic, header and elements.
    let fileByteCount: Int

    /// NumPy's own limit is 10 000 bytes for readers that do not trust a file. Version 1.0 cannot exceed this one.
    private static let maximumByteCount = 65536
    private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]  // \x93NUMPY

    /// Reads and checks the header, and compares the length of the file with it where the source knows its own.
    init(readingFrom source: inout some ByteSource) throws(ArrayFileError) {
        let name = source.name
        func refusal(_ value: String, _ rule: String, hint: String? = nil) -> ArrayFileError {
            ArrayFileError(.unreadable, argument: name, value: value, rule: rule, hint: hint)
        }

        var prefix = try source.bytes(10)
        guard prefix.count == 10 else {
            throw refusal("\(prefix.count) bytes", "an .npy file needs at least 10 bytes")
        }
        guard prefix.starts(with: Self.magic) else {
            throw refusal(
                "a file that begins with \(Self.quoted(prefix.prefix(6)))",
                "not an .npy file: at byte 0, \\x93NUMPY must stand", hint: Self.hint(forFileBeginningWith: prefix))
        }
        let (major, minor) = (prefix[6], prefix[7])
        guard (1...3).contains(major), minor == 0 else {
            throw refusal("version \(major).\(minor) at byte 6", "version 1.0, 2.0, 3.0 only")
        }

        // Little-endian, two bytes in version 1.0 and four since.
        if major > 1 { prefix += try source.bytes(2) }
        guard prefix.count == (major > 1 ? 12 : 10) else {
            throw refusal("\(prefix.count) bytes", "an .npy file of version \(major).0 needs at least 12 bytes")
        }
        let length = prefix[8...].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.maximumByteCount else {
            throw refusal("a header of \(length) bytes", "at most \(Self.maximumByteCount) bytes of header are read")
        }
        guard length > 1 else { throw refusal("\(length) bytes of header at byte 8", "header is empty") }
        let text = try source.bytes(length)
        guard text.count == length else {
            throw refusal(
                "\(length) bytes of header",
                "header ends at byte \(prefix.count + length) but the file has \(prefix.count + text.count)")
        }

        var parser = NumPyHeaderParser(
            text: text, fileOffset: prefix.count, encoding: major == 3 ? .utf8 : .ascii, name: name)
        let fields = try parser.parse()
        dtype = fields.dtype
        isFortranOrder = fields.isFortranOrder
        shape = fields.shape

        let shapeText = Self.text(of: shape)
        guard let count = NumPyArray.elementCount(of: shape) else {
            throw refusal("shape \(shapeText)", "element count overflows")
        }
        elementCount = count
        let (dataByteCount, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
        let (total, totalOverflow) = dataByteCount.addingReportingOverflow(prefix.count + length)
        guard !overflow, !totalOverflow else { throw refusal("shape \(shapeText)", "byte count overflows") }
        fileByteCount = total

        guard let available = source.byteCount else { return }
        guard available >= total else {
            throw refusal("shape \(shapeText)", "needs \(total) bytes, file has \(available)")
        }
        guard available == total else {
            throw refusal("\(available - total) extra bytes", "must end where its array ends, at byte \(total)")
        }
    }

    /// The bytes as text for a message: printable ASCII as it is, the rest as `\xNN`.
    static func quoted(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        let text = bytes.map { byte in
            (0x20..<0x7F).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
        return "'\(text.joined())'"
    }

    private static func hint(forFileBeginningWith bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x50, 0x4B]) { return ".npz is not supported; save each array with numpy.save" }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "this is a PNG picture" }
        return nil
    }
}

// MARK: - Writing

extension NumPyHeader {
    /// The first bytes of a version 1.0 file, up to its first element at a multiple of 64.
    ///
    /// Made of ASCII by hand, since a locale may put separators into formatted numbers.
    static func bytes(shape: [Int], elements: NumPyArray.Elements) -> [UInt8] {
        let descr =
            switch elements {
            case .float32: "<f4"
            case .float64: "<f8"
            }
        var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(Self.text(of: shape)), }"
        // NumPy leaves room for the first extent to grow to 21 digits in place; with it, files are equal to its own.
        text += String(repeating: " ", count: max(0, 21 - String(shape.first ?? 0).utf8.count))
        let unpadded = magic.count + 4 + text.utf8.count + 1
        text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        // At most 8 extents of at most 19 digits: the length is far below the 65535 of two bytes.
        let length = UInt16(truncatingIfNeeded: text.utf8.count)
        return magic + [1, 0, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8)] + text.utf8
    }

    /// A shape as Python writes a tuple: `(4,)`, `(2, 3)`.
    static func text(of shape: [Int]) -> String {
        shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map { String($0) }.joined(separator: ", ")))"
    }
}
