import ArrayFiles
import FFTConvolution
import Foundation
import Synchronization

/// Ends the process cleanly on SIGINT, SIGTERM and SIGHUP: no partial output, no temporary file, status 128 + signal.
///
/// The first signal asks the running execution to stop. Reading, planning and writing cannot be asked, so a process
/// that is still there after the grace period, or gets a second signal, is ended by the thread that waits here.
enum Interrupts {
    /// The control of every execution of this process.
    static let control = ExecutionControl()

    /// Longer than a block of work takes, shorter than a person waits.
    private static let gracePeriod = 0.2
    private static let received = Atomic<Int32>(0)

    /// Call before any other thread is started: the signals are blocked in this thread and all that follow it.
    static func install() {
        // A closed pipe and a file-size limit are then errors of `write`, with a status of their own.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)

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
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let awaited = signals
        Thread.detachNewThread {
            var awaited = awaited
            while true {
                var number: Int32 = 0
                if sigwait(&awaited, &number) == 0 { handle(number) }
            }
        }
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

    private static func handle(_ number: Int32) {
        let isFirst = received.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
        guard isFirst else { end() }
        control.cancel()
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: gracePeriod)
            StandardStreams.printError("\(failure)")
            end()
        }
    }

    /// From any thread; no write can begin in between.
    static func end() -> Never { AtomicFile.removeTemporaries(andExit: status) }
}
