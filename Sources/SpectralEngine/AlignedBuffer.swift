#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// Memory that could not be had; the number of bytes asked for.
public struct AllocationFailure: Error, Hashable, Sendable {
    public let byteCount: Int
}

/// Owned memory, aligned to 64 bytes: one cache line, and more than any FFTW codelet or SIMD kernel asks for.
///
/// All transforms run in such buffers, so plans made on one are valid on every other (equal alignment), and the
/// alignment of the caller's arrays cannot change a bit of the result.
@safe public final class AlignedBuffer: @unchecked Sendable {
    // Sendable: the address never changes; who may write where is the lender's promise (SharedRegion).
    private let base: UnsafeMutableRawPointer
    public let byteCount: Int

    public static let alignment = 64

    /// Large buffers are aligned to, and ask for, pages of 2 MiB: a column of a large tile then stays within a few of them,
    /// where it would touch a page of 4 KiB for every row.
    private static let hugePage = 2 << 20

    /// Allocates without touching the pages.
    public init(byteCount: Int) throws(AllocationFailure) {
        var pointer: UnsafeMutableRawPointer?
        let isLarge = byteCount >= Self.hugePage
        let size = max(byteCount, Self.alignment)
        guard byteCount >= 0,
            unsafe posix_memalign(&pointer, isLarge ? Self.hugePage : Self.alignment, size) == 0,
            let base = unsafe pointer
        else { throw AllocationFailure(byteCount: byteCount) }
        #if os(Linux)
            // Advice only: without such pages nothing changes but the time.
            if isLarge { unsafe madvise(base, size, MADV_HUGEPAGE) }
        #endif
        unsafe self.base = base
        self.byteCount = byteCount
    }

    deinit { unsafe free(base) }

    /// Lends the buffer as elements of one type. The memory is uninitialised or holds what the last user left.
    public func withSharedRegion<Element: BitwiseCopyable, Result>(
        of type: Element.Type = Element.self, _ body: (SharedRegion<Element>) throws -> Result
    ) rethrows -> Result {
        let count = byteCount / MemoryLayout<Element>.stride
        // Bound for the length of the call; count elements fit in byteCount; self outlives the call.
        return try unsafe body(
            SharedRegion(base: base.bindMemory(to: Element.self, capacity: max(count, 1)), count: count))
    }

    /// Overwrites the whole buffer with copies of one word: what tests fill scratch with before they lend it.
    package func fill(with word: UInt64) {
        let count = byteCount / MemoryLayout<UInt64>.stride
        // All copies lie in the allocation, which is never less than a word; the doubling copies never overlap: source
        // ends at its length.
        let words = unsafe base.bindMemory(to: UInt64.self, capacity: max(count, 1))
        unsafe words[0] = word
        var filled = 1
        while filled < count {
            let copied = min(filled, count - filled)
            unsafe (words + filled).update(from: words, count: copied)
            filled += copied
        }
        for offset in count * MemoryLayout<UInt64>.stride..<byteCount {
            unsafe base.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: offset, as: UInt8.self)
        }
    }

    /// Whether this many bytes can be allocated now. Swift arrays abort where this says no.
    ///
    /// Asks for address space and hands it back; an optimiser removes a `malloc` that is only compared and freed.
    public static func canAllocate(byteCount: Int) -> Bool {
        let size = max(byteCount, 1)
        let probe = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let probe = unsafe probe, unsafe probe != MAP_FAILED else { return false }
        unsafe munmap(probe, size)
        return true
    }
}
