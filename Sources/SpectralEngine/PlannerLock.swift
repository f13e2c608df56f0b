internal import Synchronization

/// The one lock around FFTW's planner, for both precisions.
///
/// FFTW's manual allows any number of threads to *execute* plans at once and nothing else: making and destroying plans,
/// wisdom and clean-up share unprotected state. Every such call of this package happens inside `withLock`. No owner
/// of plans is dropped in there, so no `deinit` can come back for the lock.
enum PlannerLock {
    private static let mutex = Mutex<Void>(())

    static func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        try mutex.withLock { _ in try body() }
    }
}
