internal import Synchronization

/// Blocks that workers have shares of: what is left of each share is a range, of which its worker takes the first block and others,
/// when they have none left, the last.
@safe struct Shares: @unchecked Sendable {
    // Sendable because its memory is written by atomic operations only; valid while the lending closure runs.
    private let ranges: UnsafeMutablePointer<Atomic<UInt64>>
    private let workers: Int

    /// From range to range: a cache line, so that workers do not wait for each other's counting.
    private static let stride = 8
    /// A range is two numbers of 32 bits.
    static let mostBlocks = Int(UInt32.max)

    static func withShares<Failure: Error>(
        workers: Int, blocks: Int, _ body: (Shares) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(workers > 0 && blocks >= 0 && blocks <= mostBlocks, "more blocks than are counted")
        // On the stack, but for very many workers: an execution allocates nothing.
        try unsafe withUnsafeTemporaryAllocation(of: Atomic<UInt64>.self, capacity: workers * stride) {
            memory throws(Failure) in
            let ranges = unsafe memory.baseAddress.unsafelyUnwrapped
            for worker in 0..<workers {
                let (first, end) = (blocks * worker / workers, blocks * (worker + 1) / workers)
                unsafe (ranges + worker * stride).initialize(to: Atomic(UInt64(end) << 32 | UInt64(first)))
            }
            try body(unsafe Shares(ranges: ranges, workers: workers))
        }
    }

    /// The next block for a worker; `nil` if all are taken.
    func next(of worker: Int) -> Int? {
        precondition(worker >= 0 && worker < workers, "a worker without a share")
        if let block = take(from: worker, isOwn: true) { return block }
        for distance in 1..<workers {
            if let block = take(from: (worker + distance) % workers, isOwn: false) { return block }
        }
        return nil
    }

    private func take(from owner: Int, isOwn: Bool) -> Int? {
        let range = unsafe ranges + owner * Self.stride
        var old = unsafe range.pointee.load(ordering: .relaxed)
        while true {
            let (first, end) = (old & 0xFFFF_FFFF, old >> 32)
            guard first < end else { return nil }
            let left = isOwn ? old + 1 : old - 1 << 32
            let outcome = unsafe range.pointee.compareExchange(
                expected: old, desired: left, successOrdering: .relaxed, failureOrdering: .relaxed)
            if outcome.exchanged { return Int(isOwn ? first : end - 1) }
            old = outcome.original
        }
    }
}
