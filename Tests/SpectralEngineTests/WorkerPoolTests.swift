import CKernels
import SpectralEngine
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A number that no compiler knows.
private let tinyBits = Atomic(Double.leastNormalMagnitude.bitPattern)

/// Subnormal, or 0 where subnormals are flushed.
private func half() -> Double { Double(bitPattern: tinyBits.load(ordering: .relaxed)) / 2 }

@Suite struct WorkerPoolTests {
    /// Jobs from several threads at once, each with jobs inside, many times: none is lost, none waits for ever.
    @Test func jobsOfManyThreadsAndJobsInsideJobsAllEnd() throws {
        let count = Atomic(0)
        try Workers.run(count: 4, blocks: 4) { _, _ in
            for _ in 0..<300 {
                try Workers.run(count: 3, blocks: 5) { _, _ in
                    try Workers.run(count: 2, blocks: 2) { _, _ in count.wrappingAdd(1, ordering: .relaxed) }
                }
            }
        }
        #expect(count.load(ordering: .relaxed) == 4 * 300 * 5 * 2)
    }

    @Test func moreWorkersThanTheMachineRunsStillDoEveryBlock() throws {
        let count = Atomic(0)
        try Workers.run(count: 1024, blocks: 5000) { _, worker in
            #expect(worker < 1024)
            count.wrappingAdd(1, ordering: .relaxed)
        }
        #expect(count.load(ordering: .relaxed) == 5000)
    }

    #if os(Linux)
        /// Two callers with two workers each need two helpers: in a process of its own, whose pool has no thread yet.
        @Test func callersAtTheSameTimeDoNotShareTheHelpersOfOne() async {
            await #expect(processExitsWith: .success) {
                let running = Atomic(0)
                let patience = ContinuousClock.now + .seconds(60)
                try Workers.run(count: 2, blocks: 2) { _, _ in
                    try Workers.run(count: 2, blocks: 2) { _, _ in
                        running.wrappingAdd(1, ordering: .relaxed)
                        // Until all four run at once.
                        while running.load(ordering: .relaxed) < 4 {
                            guard ContinuousClock.now < patience else { exit(1) }
                            usleep(100)
                        }
                    }
                }
            }
        }
    #endif

    /// The child of a fork has none of its parent's threads; it must start its own.
    @Test func theChildOfAForkComputesToo() throws {
        try Workers.run(count: 4, blocks: 100) { _, _ in }
        for _ in 0..<20 {
            let child = forkedComputation()
            #expect(child > 0)
            var status: Int32 = 0
            var waited: pid_t = 0
            // 5 seconds, then the child counts as hanging.
            for _ in 0..<500 where waited == 0 {
                waited = waitpid(child, &status, WNOHANG)
                if waited == 0 { usleep(10_000) }
            }
            if waited == 0 { kill(child, SIGKILL) }
            #expect(waited == child && status == 0, "the child of a fork did not end: \(status)")
        }
    }

    /// Forks; the child runs blocks on four workers and exits with 0 if all of them ran.
    private func forkedComputation() -> pid_t {
        typealias Fork = @convention(c) () -> pid_t
        // `fork` is marked unavailable in Swift; a child that only computes and leaves by `_exit` is what it is for.
        guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "fork") else { return -1 }
        let child = unsafeBitCast(symbol, to: Fork.self)()
        guard child == 0 else { return child }
        let count = Atomic(0)
        try? Workers.run(count: 4, blocks: 1000) { _, _ in count.wrappingAdd(1, ordering: .relaxed) }
        _exit(count.load(ordering: .relaxed) == 1000 ? 0 : 1)
    }

    @Test func resultsAreComputedInTheDefaultFloatingPointState() throws {
        let before = ck_enter_default_floating_point()
        defer { ck_restore_floating_point(before) }
        ck_flush_subnormals()
        withDefaultFloatingPoint { #expect(half() > 0) }
        #expect(half() == 0, "the caller's own state must be there again")
        // Threads inherit the state of the thread that starts them.
        let zeros = Atomic(0)
        try withDefaultFloatingPoint {
            try Workers.run(count: 4, blocks: 64) { _, _ in
                if half() == 0 { zeros.wrappingAdd(1, ordering: .relaxed) }
            }
        }
        #expect(zeros.load(ordering: .relaxed) == 0)
        _ = ck_enter_default_floating_point()
    }
}
