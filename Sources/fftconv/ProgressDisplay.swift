import FFTConvolution
import Foundation
import Synchronization

/// One line on standard error with the percentage done, once a computation has taken a second.
final class ProgressDisplay: Sendable {
    private let fraction: @Sendable () -> Double
    private let isTerminal: Bool
    private struct State {
        var isFinished = false
        var hasShown = false
    }
    private let state = Mutex(State())

    convenience init(of control: ExecutionControl, isForced: Bool) {
        self.init(isForced: isForced) { control.fractionCompleted }
    }

    /// - Parameters:
    ///   - isForced: Also where standard error is not a terminal; then one line for each figure.
    ///   - fraction: Work done so far, from 0 to 1.
    init(isForced: Bool, fraction: @escaping @Sendable () -> Double) {
        self.fraction = fraction
        isTerminal = isatty(STDERR_FILENO) == 1
        guard isTerminal || isForced else { return }
        Thread.detachNewThread { [self] in
            Thread.sleep(forTimeInterval: 1)
            var shown = -1
            while show(&shown) { Thread.sleep(forTimeInterval: 0.25) }
        }
    }

    /// Ends the display and clears its line.
    func finish() {
        state.withLock { state in
            if !state.isFinished, state.hasShown, isTerminal { StandardStreams.writeError("\r\u{1B}[K") }
            state.isFinished = true
        }
    }

    /// Shows the figure if it is a new one; `false` once the display has ended. The lock keeps a late figure from
    /// following the message that comes after the display.
    private func show(_ shown: inout Int) -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return false }
            let percentage = Int(fraction() * 100)
            if percentage != shown {
                StandardStreams.writeError(isTerminal ? "\r\(percentage) %" : "\(percentage) %\n")
                shown = percentage
                state.hasShown = true
            }
            return true
        }
    }
}

/// How far a work is that has no control of its own, for the display that watches it.
final class WorkDone: Sendable {
    private let state = Mutex(0.0)

    /// From 0 to 1.
    var fraction: Double { state.withLock { $0 } }
    func report(_ fraction: Double) { state.withLock { $0 = fraction } }
}
