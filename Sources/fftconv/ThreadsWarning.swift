import SpectralEngine

/// What to tell after a computation that had fewer threads than it was to have.
enum ThreadsWarning {
    /// One line on standard error if the system refused to start a thread. Nothing else depends on it.
    static func printIfNeeded() {
        guard let count = Workers.threadCountAtRefusal else { return }
        StandardStreams.printError(
            "warning: threads: the system refused to start more than \(count): results are the same, and take longer")
    }
}
