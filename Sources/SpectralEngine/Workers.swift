internal import CKernels
internal import Synchronization

/// Runs independent blocks of work on several threads.
///
/// Which worker runs a block decides nothing but the scratch it uses, so results cannot depend on the number of workers. FFTW itself
/// always runs on one thread: its own threads lose by far on this grain, and hang where they cannot be started.
public enum Workers {
    /// How blocks are handed out, one at a time.
    public enum Handing: Sendable {
        /// In order, to whichever worker is free: neighbours are at work at the same time, and share what they read.
        case inOrder
        /// To each worker those of its own share, then what is left of others': where one run of blocks follows another, a core finds
        /// in its cache what it left there (dense layers 1.04 times as fast, up to 1.12; pictures 0.93:
        /// `Docs/Measurements/2026-11-27-quiet.md`).
        case inShares
    }

    /// How many threads there are, the caller's among them, if the system refused to start as many as were asked for; `nil` if it
    /// refused none. Results are the same.
    public static var threadCountAtRefusal: Int? { WorkerPool.current.threadCountAtRefusal }

    /// Calls `body(block, worker)` for every block in `0 ..< blocks`, on at most `count` workers `0 ..< count`.
    ///
    /// The first error stops the handing out of further blocks and is thrown when the running ones are done.
    public static func run(
        count: Int, blocks: Int, _ handing: Handing = .inOrder,
        _ body: @Sendable (_ block: Int, _ worker: Int) throws -> Void
    ) throws {
        let count = min(count, blocks)
        guard count > 1 else {
            for block in 0..<max(blocks, 0) { try body(block, 0) }
            return
        }
        guard handing == .inOrder || blocks > Shares.mostBlocks else {
            return try Shares.withShares(workers: count, blocks: blocks) { shares in
                try run(count: count, next: { shares.next(of: $0) }, body)
            }
        }
        let next = Atomic(0)
        try run(
            count: count,
            next: { _ in
                let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
                return block < blocks ? block : nil
            }, body)
    }

    private static func run(
        count: Int, next: @Sendable (_ worker: Int) -> Int?,
        _ body: @Sendable (_ block: Int, _ worker: Int) throws -> Void
    ) throws {
        let failure = Mutex<(any Error)?>(nil)
        let isStopped = Atomic(false)
        WorkerPool.current.run(workers: count) { worker in
            while !isStopped.load(ordering: .relaxed), let block = next(worker) {
                do {
                    try body(block, worker)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                    isStopped.store(true, ordering: .relaxed)
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

/// Calls `body` with the floating-point state that results are defined for: rounding to nearest, subnormals kept, no
/// traps. The caller's own state, whatever a foreign library has made of it, is there again afterwards.
///
/// Every public call that computes with numbers goes through here, planning too: twiddle factors are results.
public func withDefaultFloatingPoint<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let state = ck_enter_default_floating_point()
    defer { ck_restore_floating_point(state) }
    return try body()
}
