/// How a plan is to be chosen and run. The defaults are what most callers want.
public struct PlanOptions: Hashable, Sendable {
    /// Which family of algorithms may be chosen.
    public var method: Method = .auto
    /// How many threads one execution uses. Results do not depend on it.
    public var threads: ThreadCount = .all
    /// Bytes that one execution may use beside its operands and its result, scratch and tables together; tiles and blocking are
    /// chosen to fit. `nil`, or more than there is, stands for the machine's physical memory. What ``Plan/prepare(filter:)`` keeps is not
    /// counted; what a training step keeps has a budget of its own, by default as large as this limit
    /// (``Plan/makeTrainingSpectra(memoryBudget:)``).
    public var memoryLimit: Int?
    /// What happens to NaN and Inf in the operands.
    public var nonFinite: NonFinitePolicy = .contain
    /// Largest error accepted, relative to the output's scale S of the numerical contract
    /// (`Docs/Mathematics.md`, "The error bound"), S = Σ‖x‖·‖w‖ in the forward pass; only algorithms that promise it are considered:
    /// tested with a margin, not proved for transforms, whose final rounding, u·|y|, comes on top. 0 asks for the most accurate
    /// there is: direct sums in twice the precision, rounded once.
    public var tolerance: Double?
    /// How the choice among algorithms is made.
    public var effort: Effort = .estimate
    /// Which forward calls are to be fast.
    public var filterUse: FilterUse = .given

    public init(
        method: Method = .auto, threads: ThreadCount = .all, memoryLimit: Int? = nil,
        nonFinite: NonFinitePolicy = .contain, tolerance: Double? = nil, effort: Effort = .estimate,
        filterUse: FilterUse = .given
    ) {
        self.method = method
        self.threads = threads
        self.memoryLimit = memoryLimit
        self.nonFinite = nonFinite
        self.tolerance = tolerance
        self.effort = effort
        self.filterUse = filterUse
    }

    /// How forward calls come by their filter. Any call of any plan computes the same, within the contract; what differs is which
    /// algorithm the planner takes for the fastest.
    public enum FilterUse: String, Hashable, Sendable, CaseIterable {
        /// Each call transforms the filter that it is given.
        case given
        /// Calls are those of a ``PreparedFilter``: its transforms are not part of their time.
        case prepared
    }

    /// How much is done to find the fastest algorithm. Results keep the same contract either way, to the last bit they follow the
    /// choice.
    public enum Effort: String, Hashable, Sendable, CaseIterable {
        /// Predictions decide. They depend on the problem and the machine's rates only, and so does every bit.
        case estimate
        /// The best three by prediction are run a few times when the plan is made, on operands of its own, which take as much memory
        /// as the caller's; the planner remembers the fastest. Clocks decide, so bits may differ from process to process,
        /// though not between plans of one planner.
        case measure
    }

    func validated() throws(ConvolutionError) {
        _ = try threads.resolved()
        if let memoryLimit, memoryLimit < 0 {
            throw ConvolutionError(.invalidArgument, argument: "memory limit", value: memoryLimit, rule: "must be ≥ 0")
        }
        if let tolerance, !(tolerance >= 0 && tolerance.isFinite) {
            throw ConvolutionError(
                .invalidArgument, argument: "tolerance", value: tolerance, rule: "must be finite and ≥ 0")
        }
    }
}

/// The family of algorithms a caller asks for.
public enum Method: String, Hashable, Sendable, CaseIterable {
    /// The fastest by predicted time on all cores of the machine, whatever threads are asked for, so that bits do not follow these.
    case auto
    /// Spatial sums.
    case direct
    /// Products of spectra.
    case fft
}

/// What happens to NaN and Inf in the operands.
public enum NonFinitePolicy: String, Hashable, Sendable, CaseIterable {
    /// They reach just the outputs that direct convolution would give them.
    case contain
    /// An operand that holds one is an error, and nothing is computed.
    case reject
}

/// The number of threads of one execution.
public enum ThreadCount: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The cores this process may use.
    case all
    case count(Int)

    public static let maximum = 1024

    public init(integerLiteral value: Int) { self = .count(value) }

    public var description: String {
        switch self {
        case .all: "all"
        case .count(let number): "\(number)"
        }
    }

    /// As many threads as are asked for; the cores of this process for ``all``.
    package var count: Int { if case .count(let number) = self { number } else { Machine.availableCores } }

    func resolved() throws(ConvolutionError) -> Int {
        switch self {
        case .all: return Machine.availableCores
        case .count(let number):
            guard (1...Self.maximum).contains(number) else {
                throw ConvolutionError(
                    .invalidArgument, argument: "threads", value: number, rule: "must be in 1…\(Self.maximum)")
            }
            return number
        }
    }
}
