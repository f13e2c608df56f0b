/// Turns the bytes after a header into elements in C order.
struct ElementReader {
    private let header: NumPyHeader
    /// The source has promised the bytes, so all memory may be taken at once.
    private let knowsLength: Bool
    private var dataOffset = 0

    /// Elements that are read at a time: large enough that calls cost nothing, small enough to stay in the cache.
    private static let pieceCount = 1 << 16

    init(header: NumPyHeader, knowsLength: Bool) {
        self.header = header
        self.knowsLength = knowsLength
    }

    mutating func elements(from source: inout some ByteSource) throws(ArrayFileError) -> NumPyArray.Elements {
        switch header.dtype.stored {
        case .float32:
            var values = try plain(of: Float(0), from: &source)
            // The bit pattern is swapped, never a number: what a swapped float holds may be a signalling NaN.
            if isSwapped {
                for i in values.indices { values[i] = Float(bitPattern: values[i].bitPattern.byteSwapped) }
            }
            return .float32(try inCOrder(values, source.name))
        case .float64:
            var values = try plain(of: Double(0), from: &source)
            if isSwapped {
                for i in values.indices { values[i] = Double(bitPattern: values[i].bitPattern.byteSwapped) }
            }
            return .float64(try inCOrder(values, source.name))
        case .float16:
            let values = try converted(from: &source) { (bits: UInt16) in Float(halfBitPattern: bits) }
            return .float32(try inCOrder(values, source.name))
        case .boolean: return try integers(from: &source) { (byte: UInt8) in byte == 0 ? 0 : 1 }
        case .int8: return try integers(from: &source) { (value: Int8) in Double(value) }
        case .int16: return try integers(from: &source) { (value: Int16) in Double(value) }
        case .int32: return try integers(from: &source) { (value: Int32) in Double(value) }
        case .uint8: return try integers(from: &source) { (value: UInt8) in Double(value) }
        case .uint16: return try integers(from: &source) { (value: UInt16) in Double(value) }
        case .uint32: return try integers(from: &source) { (value: UInt32) in Double(value) }
        }
    }

    private var isSwapped: Bool { header.dtype.byteOrder == .swapped }

    // MARK: Reading

    private mutating func integers<Stored: FixedWidthInteger & BitwiseCopyable>(
        from source: inout some ByteSource, _ convert: (Stored) -> Double
    ) throws(ArrayFileError) -> NumPyArray.Elements {
        .float64(try inCOrder(converted(from: &source, convert), source.name))
    }

    /// The elements as their bytes stand in the file.
    private mutating func plain<Element: BitwiseCopyable>(
        of zero: Element, from source: inout some ByteSource
    ) throws(ArrayFileError) -> [Element] {
        var values: [Element] = []
        while values.count < header.elementCount {
            let start = values.count
            let end = start + min(Self.pieceCount, header.elementCount - start)
            try reserve(end, in: &values, source)
            values.append(contentsOf: repeatElement(zero, count: end - start))
            try fill(&values, start, end, from: &source)
        }
        return values
    }

    /// The elements in native byte order, each converted.
    private mutating func converted<Stored: FixedWidthInteger & BitwiseCopyable, Element: BitwiseCopyable>(
        from source: inout some ByteSource, _ convert: (Stored) -> Element
    ) throws(ArrayFileError) -> [Element] {
        var stored = [Stored](repeating: 0, count: min(Self.pieceCount, header.elementCount))
        var values: [Element] = []
        while values.count < header.elementCount {
            let count = min(Self.pieceCount, header.elementCount - values.count)
            try reserve(values.count + count, in: &values, source)
            try fill(&stored, 0, count, from: &source)
            for bits in stored[..<count] { values.append(convert(isSwapped ? bits.byteSwapped : bits)) }
        }
        return values
    }

    private mutating func fill<Element: BitwiseCopyable>(
        _ array: inout [Element], _ start: Int, _ end: Int, from source: inout some ByteSource
    ) throws(ArrayFileError) {
        let filled = try source.fill(&array, start, end)
        dataOffset += filled
        guard filled == (end - start) * header.dtype.byteCount else {
            guard source.byteCount == nil else { throw source.changedWhileReading() }
            let headerEnd = header.fileByteCount - header.elementCount * header.dtype.byteCount
            throw ArrayFileError(
                .unreadable, argument: source.name, value: "shape \(NumPyHeader.text(of: header.shape))",
                rule: "needs \(header.fileByteCount) bytes, file has \(headerEnd + dataOffset)")
        }
    }

    // MARK: Memory

    /// Makes room for `count` elements, and for all of them once the bytes are known to exist.
    private func reserve<Element>(
        _ count: Int, in values: inout [Element], _ source: some ByteSource
    ) throws(ArrayFileError) {
        guard values.capacity < count else { return }
        // A stream may declare anything: room grows with what has arrived, by doubling.
        let capacity = knowsLength ? header.elementCount : min(header.elementCount, max(count, 2 * values.count))
        try checkMemory(for: capacity, of: Element.self, source.name)
        values.reserveCapacity(capacity)
    }

    private func checkMemory<Element>(for count: Int, of: Element.Type, _ name: String) throws(ArrayFileError) {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, System.canAllocate(byteCount: byteCount) else {
            throw ArrayFileError(
                .resourceLimit, argument: name, value: "shape \(NumPyHeader.text(of: header.shape))",
                rule: "its \(header.elementCount) elements must fit into memory")
        }
    }

    /// Transposes what was read in Fortran order; it takes the memory of a second array while it runs.
    private func inCOrder<Element: BitwiseCopyable>(
        _ values: [Element], _ name: String
    ) throws(ArrayFileError) -> [Element] {
        // With fewer than two axes longer than 1 both orders are the same.
        guard header.isFortranOrder, header.shape.count(where: { $0 > 1 }) > 1, !values.isEmpty else { return values }
        try checkMemory(for: values.count, of: Element.self, name)
        return cOrder(fortranOrder: values, shape: header.shape)
    }
}

extension Float {
    /// The value of an IEEE 754 half: 1 bit of sign, 5 of exponent, 10 of fraction. Every half is a `Float`.
    ///
    /// By hand, since `Float16` does not exist on every platform this builds for (macOS on Intel).
    init(halfBitPattern bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Zero and subnormals: a multiple of 2^-24, exact as an integer times a power of two.
            let magnitude = Float(fraction) * Float(sign: .plus, exponent: -24, significand: 1)
            self = Float(bitPattern: sign | magnitude.bitPattern)
        case 0x1F:
            self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default:
            self = Float(bitPattern: sign | (exponent + (127 - 15)) << 23 | fraction << 13)
        }
    }
}
