internal import SpectralEngine

/// Calls of one recipe follow each other for so many seconds before the next one's turn: the first finds in the caches what
/// another recipe left, and one of 60 µs takes 90 after one of two threads (2026-11-23, `n3c6i27x27_k6f3x3_s2_psame_dx`).
private let turnTime = 300e-6
/// And at least twice where one takes less than that: behind direct sums in double precision, which are the last of the candidates, the
/// first of them took 1.0 to 1.2 times what it takes (`Docs/Measurements/2026-11-28-zen5.md`).
private let longCall = 20e-3

/// Times recipes for one pass of one problem, on operands and a result of its own.
struct RecipeTimer<Scalar: ConvolutionScalar> {
    private let problem: Problem
    private let pass: Pass
    private let first: [Scalar]
    private let second: [Scalar]
    private var result: [Scalar]
    private let filterUse: PlanOptions.FilterUse
    /// Whether only the time is counted that the calling thread has run: for recipes of one thread, on a busy machine.
    private let isAlone: Bool

    /// - Throws: ``ConvolutionError`` (`resourceLimit`) if there is no memory for another set of operands.
    init(
        _ problem: Problem, _ pass: Pass, filterUse: PlanOptions.FilterUse = .given, isAlone: Bool = false
    ) throws(ConvolutionError) {
        self.problem = problem
        self.pass = pass
        self.filterUse = filterUse
        self.isAlone = isAlone
        // Ordinary numbers, nothing that a recipe could skip. Not all of one sign: their sums stay of one size.
        var state: UInt64 = 1
        func operand(_ shape: [Int]) throws(ConvolutionError) -> [Scalar] {
            var elements = try Tensor<Scalar>(zeros: shape).elements
            fill(&elements, &state)
            return elements
        }
        first = try operand(pass == .inputGradient ? problem.outputShape : problem.inputShape)
        second = try operand(pass == .filterGradient ? problem.outputShape : problem.filterShape)
        result = try Tensor<Scalar>(zeros: problem.resultShape(pass)).elements
    }

    /// Seconds of one call of each recipe, the best of several, which take turns so that whatever else the machine does
    /// meets all of them.
    ///
    /// - Parameters:
    ///   - minimumTime: How long each recipe is measured at least, beside a first call to warm up.
    ///   - rounds: Turns of each at least; of one that takes a second and more, the first one is enough.
    mutating func times(
        of recipes: [any Algorithm], minimumTime: Double, rounds: Int, control: ExecutionControl? = nil
    ) throws -> [Double] {
        let plans = try recipes.map { try Plan<Scalar>(problem: problem, options: PlanOptions(), recipes: [pass: $0]) }
        let filters = try plans.map(prepared)
        let workspace = try Workspace(byteCount: recipes.map(\.workspaceByteCount).max() ?? 0)
        // The first call finds cold caches and untouched memory; of a long one it tells enough.
        var times = try plans.indices.map { try seconds(of: plans[$0], filters[$0], workspace, control) }
        var open = plans.indices.filter { times[$0] < 1 }
        for index in open { times[index] = .infinity }
        var spent = [Double](repeating: 0, count: plans.count)
        var turns = 0
        while !open.isEmpty {
            for index in open {
                var turn = 0.0
                var calls = 0
                repeat {
                    let time = try seconds(of: plans[index], filters[index], workspace, control)
                    times[index] = min(times[index], time)
                    // A clock may stand still for a call.
                    turn += max(time, 1e-9)
                    calls += 1
                } while turn < turnTime || calls < 2 && turn < longCall
                spent[index] += turn
            }
            turns += 1
            open.removeAll { turns >= rounds && spent[$0] >= minimumTime }
        }
        return times
    }

    /// The filter made ready for a plan, if that is how calls come by it.
    private func prepared(_ plan: Plan<Scalar>) throws -> PreparedFilter<Scalar>? {
        guard filterUse == .prepared, pass == .forward else { return nil }
        return try plan.prepare(filter: Tensor(shape: problem.filterShape, elements: second))
    }

    private mutating func seconds(
        of plan: Plan<Scalar>, _ filter: PreparedFilter<Scalar>?, _ workspace: Workspace, _ control: ExecutionControl?
    ) throws -> Double {
        // Taken out for the call: a span of it, and reading the operands, would both be accesses to self.
        var result = result
        self.result = []
        defer { self.result = result }
        let clock = ContinuousClock()
        let start = clock.now
        let threadStart = Processor.threadTime
        var span = result.mutableSpan
        switch pass {
        case .forward:
            if let filter {
                try filter.forward(first.span, bias: Span(), into: &span, workspace: workspace, control: control)
            } else {
                try plan.forward(
                    first.span, second.span, bias: Span(), into: &span, workspace: workspace, control: control)
            }
        case .inputGradient:
            try plan.inputGradient(first.span, second.span, into: &span, workspace: workspace, control: control)
        case .filterGradient:
            try plan.filterGradient(first.span, second.span, into: &span, workspace: workspace, control: control)
        }
        if isAlone { return Processor.threadTime - threadStart }
        let (seconds, attoseconds) = (clock.now - start).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

/// Numbers between −1 and 1, by a linear congruential generator (Knuth, MMIX): only their look matters.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func fill<Scalar: ConvolutionScalar>(_ elements: inout [Scalar], _ state: inout UInt64) {
    for index in elements.indices {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        elements[index] = Scalar(Double(Int64(bitPattern: state) >> 11) * 0x1p-52)
    }
}
