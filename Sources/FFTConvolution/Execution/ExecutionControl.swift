internal import Synchronization

/// Lets another thread watch an execution, or stop it.
///
/// Progress and cancellation are tested between blocks of work, so both lag by at most one block.
public final class ExecutionControl: Sendable {
    private let isCancelledFlag = Atomic(false)
    private let completedBlocks = Atomic(0)
    private let allBlocks = Atomic(0)

    public init() {}

    /// Asks the execution to stop; it throws ``ConvolutionError`` of kind `cancelled`, its result is undefined.
    public func cancel() { isCancelledFlag.store(true, ordering: .relaxed) }

    public var isCancelled: Bool { isCancelledFlag.load(ordering: .relaxed) }

    /// Work done so far, from 0 to 1.
    public var fractionCompleted: Double {
        let all = allBlocks.load(ordering: .relaxed)
        return all > 0 ? min(Double(completedBlocks.load(ordering: .relaxed)) / Double(all), 1) : 0
    }

    func begin(blocks: Int) {
        // Nothing to do is done.
        completedBlocks.store(blocks > 0 ? 0 : 1, ordering: .relaxed)
        allBlocks.store(max(blocks, 1), ordering: .relaxed)
    }

    func completeBlock() throws(ConvolutionError) {
        completedBlocks.wrappingAdd(1, ordering: .relaxed)
        try checkCancellation()
    }

    func checkCancellation() throws(ConvolutionError) {
        if isCancelled {
            throw ConvolutionError(
                .cancelled, argument: "execution", value: "a request to stop", rule: "it was stopped")
        }
    }
}
