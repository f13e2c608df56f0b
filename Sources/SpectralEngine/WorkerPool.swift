internal import CKernels
internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// Threads that wait for jobs and help with them.
///
/// Whoever posts a job works on it too, so a job is done even if no thread can be started, if all are busy, or after a
/// fork took them away; a job that is posted by a job cannot wait for itself. Threads are started when first needed
/// and kept. (Dispatch would wait for ever where the system refuses threads, and in the child of a fork.)
@safe final class WorkerPool: @unchecked Sendable {
    // Sendable: everything mutable is guarded by `mutex`, except the atomics.

    /// The pool of this process; a child of a fork gets a new one.
    ///
    /// Without a lock: one that another thread held when the process forked would stay held in the child for ever. A pool
    /// inherited by a fork is left alone for the same reason.
    static var current: WorkerPool {
        let process = getpid()
        var kept = shared.load(ordering: .acquiring)
        while true {
            if let pointer = UnsafeRawPointer(bitPattern: kept) {
                // Only pools that were retained for ever are kept.
                let pool = unsafe Unmanaged<WorkerPool>.fromOpaque(pointer).takeUnretainedValue()
                if pool.process == process { return pool }
            }
            let made = unsafe Unmanaged.passRetained(WorkerPool(process: process))
            let (isKept, found) = shared.compareExchange(
                expected: kept, desired: UInt(bitPattern: unsafe made.toOpaque()), ordering: .acquiringAndReleasing)
            if isKept { return unsafe made.takeUnretainedValue() }
            unsafe made.release()
            kept = found
        }
    }

    /// The address of the pool, or 0.
    private static let shared = Atomic<UInt>(0)

    /// One posted job. `body` is valid until `post` returns, which waits for all who joined.
    private struct Job {
        var body: (@Sendable (_ worker: Int) -> Void)?
        var openPlaces = 0
        var joined = 0
        var active = 0
    }

    private let process: pid_t
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let posted: UnsafeMutablePointer<pthread_cond_t>
    private let finished: UnsafeMutablePointer<pthread_cond_t>
    /// Jobs posted at the same time; more than these are done by their posters alone.
    private var jobs = [Job](repeating: Job(), count: 16)
    private var threadCount = 0
    private var refusedThreads = false
    /// Counts posts, so that a thread that has just finished can look for the next job without sleeping.
    private let posts = Atomic(0)
    /// Counts jobs that the last helper has left.
    private let exits = Atomic(0)

    /// Threads beyond the cores only make room for races to show; results do not depend on them.
    private let limit = max(ProcessLimits.availableCores, 4) - 1

    private init(process: pid_t) {
        self.process = process
        unsafe mutex = .allocate(capacity: 1)
        unsafe posted = .allocate(capacity: 1)
        unsafe finished = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(posted, nil)
        unsafe pthread_cond_init(finished, nil)
    }

    /// Calls `body(worker)` on this thread as worker 0 and on up to `workers − 1` others at the same time; returns when
    /// all have returned. Allocates nothing once the threads are there.
    func run(workers: Int, _ body: @Sendable (_ worker: Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            let slot = post(body, places: workers - 1)
            body(0)
            if let slot { close(slot) }
        }
    }

    /// Threads that work on a job at most, the caller's among them, if the system refused to start one more; `nil` if it did not.
    var threadCountAtRefusal: Int? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return refusedThreads ? threadCount + 1 : nil
    }

    private func post(_ body: @escaping @Sendable (Int) -> Void, places: Int) -> Int? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard let slot = jobs.firstIndex(where: { $0.body == nil }) else { return nil }
        jobs[slot] = Job(body: body, openPlaces: places)
        // Helpers for all that is under way: callers at the same time do not share those of one.
        let wanted = jobs.reduce(0) { $0 + $1.openPlaces + $1.active }
        while threadCount < min(wanted, limit), startThread() {}
        posts.wrappingAdd(1, ordering: .releasing)
        unsafe pthread_cond_broadcast(posted)
        return slot
    }

    /// Lets nobody join any more and waits for those who did.
    private func close(_ slot: Int) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        jobs[slot].openPlaces = 0
        if jobs[slot].active > 0 {
            // They are in their last block: sleeping takes longer than many of these do.
            let seen = exits.load(ordering: .acquiring)
            unsafe pthread_mutex_unlock(mutex)
            look { exits.load(ordering: .acquiring) == seen }
            unsafe pthread_mutex_lock(mutex)
        }
        while jobs[slot].active > 0 { unsafe pthread_cond_wait(finished, mutex) }
        jobs[slot] = Job()
    }

    /// Called with the mutex held. A refusal is remembered: fewer threads, the same results.
    private func startThread() -> Bool {
        if refusedThreads { return false }
        let pool = unsafe Unmanaged.passRetained(self)
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                #if canImport(Darwin)
                    let pool = unsafe Unmanaged<WorkerPool>.fromOpaque(context)
                #else
                    guard let context = unsafe context else { return nil }
                    let pool = unsafe Unmanaged<WorkerPool>.fromOpaque(context)
                #endif
                // The reference that startThread took is kept as long as the thread lives: for ever.
                unsafe pool.takeUnretainedValue().serve()
            }, pool.toOpaque())
        guard status == 0 else {
            refusedThreads = true
            unsafe pool.release()
            return false
        }
        threadCount += 1
        return true
    }

    /// Joins a job. Called with the mutex held, and holds it again on return. A function of its own, so that the last
    /// reference to the job's body is gone before the job counts as left: its poster may return then.
    @inline(never)
    private func work(_ slot: Int) {
        let body = jobs[slot].body
        jobs[slot].openPlaces -= 1
        jobs[slot].joined += 1
        jobs[slot].active += 1
        let worker = jobs[slot].joined
        unsafe pthread_mutex_unlock(mutex)
        body?(worker)
        unsafe pthread_mutex_lock(mutex)
    }

    /// Looks around for a while, as long as nothing happens.
    private func look(_ nothingHappens: () -> Bool) {
        let end = ContinuousClock.now + Self.patience
        repeat {
            // The clock is read seldom: a pause is 27 to 40 ns, by processor.
            for _ in 0..<32 {
                guard nothingHappens() else { return }
                ck_pause()
            }
        } while ContinuousClock.now < end
    }
    /// A little more than waking a sleeper takes, so that it is not often paid for (`Docs/Measurements/2026-11-26-threads.md`).
    private static let patience = Duration.microseconds(100)

    /// The life of a thread: join whatever has room, then look around for a while, then sleep.
    private func serve() -> Never {
        _ = ck_enter_default_floating_point()
        unsafe pthread_mutex_lock(mutex)
        while true {
            let seen = posts.load(ordering: .acquiring)
            if let slot = jobs.firstIndex(where: { $0.openPlaces > 0 }) {
                work(slot)
                jobs[slot].active -= 1
                if jobs[slot].active == 0 {
                    exits.wrappingAdd(1, ordering: .releasing)
                    unsafe pthread_cond_broadcast(finished)
                }
                continue
            }
            unsafe pthread_mutex_unlock(mutex)
            // Stages of one execution follow each other within microseconds; waking a sleeper takes tens of them.
            look { posts.load(ordering: .acquiring) == seen }
            unsafe pthread_mutex_lock(mutex)
            if posts.load(ordering: .acquiring) == seen { unsafe pthread_cond_wait(posted, mutex) }
        }
    }
}
