/// What the planner considered for one pass of one problem, and what it takes. Prints as a table.
public struct Explanation: Hashable, Sendable, CustomStringConvertible {
    /// One line of the table.
    public struct Candidate: Hashable, Sendable {
        /// The algorithm's name.
        public let algorithm: String
        /// What the recipe does, in words.
        public let recipe: String
        /// Seconds, by the cost model; `nil` if there is no recipe.
        public let predictedTime: Double?
        /// Seconds, if it was asked for; the best of a few calls.
        public let measuredTime: Double?
        /// Bytes of scratch; `nil` if there is no recipe.
        public let workspaceByteCount: Int?
        /// Bytes of tables that a plan keeps beside; `nil` if there is no recipe.
        public let tableByteCount: Int?
        /// The bound of |error| / S that is promised, S being the scale of the numerical contract (`Docs/Mathematics.md`, "The error
        /// bound"): tested with a margin, not proved for transforms, whose final rounding, u·|y|, comes on top. `nil` if there is no
        /// recipe.
        public let relativeErrorBound: Double?
        /// Why it was refused.
        public let refusal: String?
    }

    public let text: ProblemText
    public let threads: Int
    /// Accepted candidates first, by predicted time on all cores of the machine, so that bits do not follow the threads that were asked
    /// for: with fewer another one may be faster. Then the refused ones.
    public let candidates: [Candidate]

    /// The candidate that runs: the first accepted one.
    public var chosen: Candidate? { candidates.first { $0.refusal == nil } }

    public var description: String {
        var lines = ["\(text) on \(threads) thread\(threads == 1 ? "" : "s")"]
        for candidate in candidates {
            let mark = candidate == chosen ? "*" : " "
            if let refusal = candidate.refusal {
                lines.append(
                    "\(mark) \(candidate.algorithm): \(candidate.recipe.isEmpty ? "" : candidate.recipe + ": ")refused: \(refusal)"
                )
            } else if let time = candidate.predictedTime, let bytes = candidate.workspaceByteCount {
                lines.append(
                    "\(mark) \(candidate.algorithm): \(candidate.recipe): "
                        + "predicted \(Self.milliseconds(time)) ms, "
                        + (candidate.measuredTime.map { "measured \(Self.milliseconds($0)) ms, " } ?? "")
                        + "workspace \(bytes) bytes"
                        + (candidate.tableByteCount.map { $0 > 0 ? ", tables \($0) bytes" : "" } ?? ""))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// In four digits, but never more than nanoseconds.
    private static func milliseconds(_ seconds: Double) -> String {
        let time = seconds * 1000
        var digits = 1.0
        while time * digits < 1000, digits < 1e6 { digits *= 10 }
        return "\((time * digits).rounded() / digits)"
    }
}
