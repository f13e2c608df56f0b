/// Elements that several threads may write at once, each its own part.
///
/// A `MutableSpan` cannot be shared by the closures of several threads, so the engine lends a region instead: a base
/// address and a count, bounds-checked, valid only inside the closure that lends it. The one promise that the compiler
/// does not see is the caller's: blocks that run at the same time write disjoint elements and read none that another
/// writes. The pipelines keep it by construction: every output element, and every slice of a workspace, belongs to
/// exactly one block.
@safe public struct SharedRegion<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable because of the promise above; valid while the lending closure runs.
    @usableFromInline let base: UnsafeMutablePointer<Element>
    public let count: Int

    /// - Safety: `base` must be valid for `count` elements while the region is used.
    @unsafe @inlinable init(base: UnsafeMutablePointer<Element>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    @inlinable public subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "region index out of bounds")
            return unsafe base[index]  // checked on the line above
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "region index out of bounds")
            unsafe base[index] = newValue  // checked on the line above
        }
    }

    /// A part of the region.
    @inlinable public subscript(range: Range<Int>) -> SharedRegion {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "region range out of bounds")
        return unsafe SharedRegion(base: base + range.lowerBound, count: range.count)  // checked on the line above
    }
}

extension MutableSpan where Element: BitwiseCopyable {
    /// Lends the span's elements to `body` as a region.
    public mutating func withSharedRegion<Result>(
        _ body: (SharedRegion<Element>) throws -> Result
    ) rethrows -> Result {
        try unsafe withUnsafeMutableBufferPointer { buffer in
            // An empty span may have no address; no element of an empty region is ever touched.
            guard let base = buffer.baseAddress else {
                return try unsafe withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) {
                    try unsafe body(SharedRegion(base: $0.baseAddress.unsafelyUnwrapped, count: 0))
                }
            }
            return try unsafe body(SharedRegion(base: base, count: buffer.count))
        }
    }
}

extension SharedRegion {
    /// Whether the region starts at a multiple of the engine's alignment.
    package var isAligned: Bool { unsafe UInt(bitPattern: base) % UInt(AlignedBuffer.alignment) == 0 }

    /// The same memory as elements of another type; as many as fit.
    ///
    /// Only between bytes and the scalars of one workspace: nobody reads through one type what was written through
    /// another.
    public func rebound<Other: BitwiseCopyable>(to type: Other.Type) -> SharedRegion<Other> {
        let count = self.count * MemoryLayout<Element>.stride / MemoryLayout<Other>.stride
        // The region holds `count` elements of the other type; trivial types need no initialisation.
        return unsafe SharedRegion<Other>(
            base: UnsafeMutableRawPointer(base).assumingMemoryBound(to: Other.self), count: count)
    }
}
