internal import CKernels

/// Elements that are read: those of a caller's span, or of a region of scratch. Valid while the call lasts that gave them.
///
/// What reads them checks its places against `count` once, and opens the pointer inside the engine.
@safe public struct Elements<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable because nothing is written through it.
    let base: UnsafePointer<Scalar>
    public let count: Int

    /// The region's elements, as they are when they are read.
    public init(_ region: SharedRegion<Scalar>) {
        unsafe base = UnsafePointer(region.base)
        count = region.count
    }

    @unsafe init(base: UnsafePointer<Scalar>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// Checks that `extent` elements lie at `offset`.
    func check(_ offset: Int, _ extent: Int) {
        precondition(offset >= 0 && extent <= count && offset <= count - extent, "elements outside their memory")
    }
}

/// Lends the elements of a span to `body`.
public func withElements<Scalar: ConvolutionScalar, Result>(
    _ span: Span<Scalar>, _ body: (Elements<Scalar>) throws -> Result
) rethrows -> Result {
    try unsafe span.withUnsafeBufferPointer { buffer in
        // An empty span may have no address; no element of it is ever touched.
        guard let base = buffer.baseAddress else {
            return try unsafe withUnsafeTemporaryAllocation(of: Scalar.self, capacity: 1) {
                try unsafe body(Elements(base: UnsafePointer($0.baseAddress.unsafelyUnwrapped), count: 0))
            }
        }
        return try unsafe body(Elements(base: base, count: buffer.count))
    }
}

extension Elements {
    /// Asks for some rows of elements that will soon be read, a pitch apart. Only time depends on it.
    public func fetch(at offset: Int, rows: Int, pitch: Int, count: Int) {
        guard rows > 0 else { return }
        check(offset, (rows - 1) * pitch + count)
        let size = MemoryLayout<Scalar>.stride
        unsafe ck_fetch_pieces(base + offset, pitch * size, rows, count * size)
    }

    public subscript(index: Int) -> Scalar {
        precondition(index >= 0 && index < count, "an element outside its memory")
        return unsafe base[index]  // checked on the line above
    }
}

extension SharedRegion {
    // The standard library's `update(repeating:count:)` is not specialised here: it copies every element through a witness, 3 ns each.
    /// Sets every element.
    @specialized(where Element == Float)
    @specialized(where Element == Double)
    public func fill(_ value: Element) {
        for index in 0..<count { unsafe base[index] = value }
    }
}
