/// Reads and writes NumPy's `.npy` files.
///
/// Read: versions 1.0, 2.0 and 3.0; C and Fortran order; both byte orders; `f4` and `f8` as they are, `f2` as
/// `Float`, booleans and integers of up to 32 bits as `Double`, all exactly. Everything else is refused by name;
/// nothing in a file is ever run. Written: version 1.0, C order, little-endian, byte for byte what `numpy.save` writes.
public enum NumPyFile {
    /// Reads the array in the regular file at `path`; `-` is standard input.
    ///
    /// Memory is taken only after the file has been found long enough for its shape; from a stream, of unknown
    /// length, as the bytes arrive. A stream is read up to its declared end and one byte further.
    ///
    /// - Throws: `unreadable` for a file that cannot be read or breaks a rule of the format, `resourceLimit` for an
    ///   array that does not fit into memory.
    public static func read(path: String) throws(ArrayFileError) -> NumPyArray {
        var source = try InputFile.open(path: path)
        return try read(&source)
    }

    /// Reads an array from the bytes of a whole file; errors carry `name` in place of a path.
    public static func parse(_ bytes: [UInt8], name: String) throws(ArrayFileError) -> NumPyArray {
        var source = MemorySource(bytes, name: name)
        return try read(&source)
    }

    package static func read(_ source: inout some ByteSource) throws(ArrayFileError) -> NumPyArray {
        let header = try NumPyHeader(readingFrom: &source)
        var reader = ElementReader(header: header, knowsLength: source.byteCount != nil)
        let elements = try reader.elements(from: &source)
        guard try source.bytes(1).isEmpty else {
            // The length was compared with the header before, so a file of known length has grown since.
            guard source.byteCount == nil else { throw source.changedWhileReading() }
            throw ArrayFileError(
                .unreadable, argument: source.name, value: "extra bytes after byte \(header.fileByteCount)",
                rule: "must end where its array ends")
        }
        return NumPyArray(shape: header.shape, elements: elements)
    }

    /// The bytes of the file that holds `array`.
    ///
    /// - Throws: `unwritable` for a shape that does not go with the elements, `resourceLimit` for a file that does
    ///   not fit into memory.
    public static func serialize(_ array: NumPyArray) throws(ArrayFileError) -> [UInt8] {
        let header = try header(of: array, name: "array")
        // The bytes are copied while the array owns them.
        return try unsafe withBytes(of: array.elements) { data throws(ArrayFileError) in
            // Both counts are those of arrays in memory: their sum is far from overflow.
            let byteCount = header.count + data.count
            guard System.canAllocate(byteCount: byteCount) else {
                throw ArrayFileError(
                    .resourceLimit, argument: "array", value: "\(byteCount) bytes", rule: "must fit into memory")
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(byteCount)
            bytes += header
            unsafe bytes.append(contentsOf: data)
            return bytes
        }
    }

    /// Writes `array` to the file at `path`, whole or not at all (see ``AtomicFile``); `-` is standard output.
    ///
    /// - Throws: `unwritable` for a shape that does not go with the elements, or where the system refuses.
    public static func write(_ array: NumPyArray, path: String) throws(ArrayFileError) {
        let header = try header(of: array, name: path)
        // The header and the array outlive the write.
        try unsafe withBytes(of: array.elements) { data throws(ArrayFileError) in
            try unsafe header.withUnsafeBufferPointer { bytes throws(ArrayFileError) in
                try unsafe AtomicFile.write(pieces: [UnsafeRawBufferPointer(bytes), data], path: path)
            }
        }
    }

    // MARK: Writing

    /// The elements as the bytes of a file. Every platform Swift runs on is little-endian.
    private static func withBytes<Result>(
        of elements: NumPyArray.Elements, _ body: (UnsafeRawBufferPointer) throws(ArrayFileError) -> Result
    ) throws(ArrayFileError) -> Result {
        // The arrays own the memory and outlive the call.
        switch elements {
        case .float32(let values):
            try unsafe values.withUnsafeBufferPointer { values throws(ArrayFileError) in
                try unsafe body(UnsafeRawBufferPointer(values))
            }
        case .float64(let values):
            try unsafe values.withUnsafeBufferPointer { values throws(ArrayFileError) in
                try unsafe body(UnsafeRawBufferPointer(values))
            }
        }
    }

    private static func header(of array: NumPyArray, name: String) throws(ArrayFileError) -> [UInt8] {
        func refusal(_ value: String, _ rule: String) -> ArrayFileError {
            ArrayFileError(.unwritable, argument: name, value: value, rule: rule)
        }
        guard (1...NumPyArray.maximumRank).contains(array.shape.count) else {
            throw refusal("\(array.shape.count) dims", "must have 1 to \(NumPyArray.maximumRank) dims")
        }
        guard array.shape.allSatisfy({ $0 >= 0 }) else {
            throw refusal("shape \(array.shape)", "each dim must be 0 or more")
        }
        guard NumPyArray.elementCount(of: array.shape) == array.elements.count else {
            throw refusal(
                "\(array.elements.count) elements", "the shape \(array.shape) must have as many elements as there are")
        }
        return NumPyHeader.bytes(shape: array.shape, elements: array.elements)
    }
}

#if _endian(big)
    #error("NumPyFile writes the elements as they are in memory, which is right on little-endian machines only")
#endif
