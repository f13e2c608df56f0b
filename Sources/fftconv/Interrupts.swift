import ArrayFiles
import FFTConvolution
import Foundation
import Synchronization

/// Ends the process cleanly on SIGINT, SIGTERM and SIGHUP: no partial output, no temporary file, status 128 + signal.
///
/// A signal asks the running execution to stop. Reading, planning and writing cannot be asked, so a process that is
/// still there after the grace period is ended by the thread that waits here. Where the system starts no thread, signals
/// end the process as they do any other: at once, and with whatever temporary file there is.
enum Interrupts {
    /// The control of every execution of this process.
    static let control = ExecutionControl()

    /// Longer than a block of work takes, shorter than a person waits.
    private static let gracePeriod = 0.2
    private static let received = Atomic<Int32>(0)
    /// What is waited for; made by ``install()``.
    private static let awaited = awaitedSignals()

    /// Call before any other thread is started: the signals are blocked in this thread and all that follow it.
    static func install() {
        // A closed pipe and a file-size limit are then errors of `write`, with a status of their own.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)

        var signals = awaited
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // Blocked signals that nobody waits for would be lost, also those that the parent had blocked.
        if !startWaiting() { pthread_sigmask(SIG_UNBLOCK, &signals, nil) }
    }

    private static func awaitedSignals() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // What the parent had us ignore (nohup, a shell's background job) stays ignored.
            let previous = signal(number, SIG_DFL)
            if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
                signal(number, SIG_IGN)
            } else {
                sigaddset(&signals, number)
            }
        }
        return signals
    }

    /// Starts the thread that waits; not one of Foundation's, which does not tell of its failure.
    private static func startWaiting() -> Bool {
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        return pthread_create(
            &thread, nil,
            { _ in
                var (awaited, number) = (Interrupts.awaited, Int32(0))
                while sigwait(&awaited, &number) != 0 {}
                Interrupts.handle(number)
            }, nil) == 0
    }

    /// Throws if a signal has come: for the places between reading, computing and writing.
    static func check() throws(Failure) {
        if received.load(ordering: .relaxed) != 0 { throw failure }
    }

    /// How an interrupted process ends.
    static var failure: Failure {
        let number = received.load(ordering: .relaxed)
        let name = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"][number] ?? "a request to stop"
        return Failure(.interrupted, argument: "fftconv", value: name, rule: "stopped before its output was written")
    }

    /// 128 + the signal's number.
    static var status: Int32 { 128 + received.load(ordering: .relaxed) }

    /// A second signal is not waited for: the process ends as soon.
    private static func handle(_ number: Int32) -> Never {
        received.store(number, ordering: .relaxed)
        control.cancel()
        Thread.sleep(forTimeInterval: gracePeriod)
        StandardStreams.printError("\(failure)")
        end()
    }

    /// From any thread; no write can begin in between.
    static func end() -> Never { AtomicFile.removeTemporaries(andExit: status) }
}
