internal import Synchronization

/// The one lock around FFTW's planner, for both precisions.
///
/// FFTW's manual allows any number of threads to *execute* plans at once and nothing else: making and destroying plans,
/// wisdom and clean-up share unprotected state. Every such call of this package happens inside `withLock`. No owner
/// of plans is dropped in there, so no `deinit` can come back for the lock.
///
/// It protects this package from itself. A library in the same process that plans with FFTW on another thread takes another lock,
/// or none: whoever loads one must not let both plan at once. `fftw_make_planner_thread_safe`, FFTW's lock for all, lies in its
/// library of threads, which is not linked (where another has loaded it, `PlannerThreads` keeps our plans to one); and what is done
/// with FFTW's memory around each plan (`LinePlanner`) takes several calls.
enum PlannerLock {
    private static let mutex = Mutex<Void>(())

    static func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
        try mutex.withLock { _ in try body() }
    }
}
