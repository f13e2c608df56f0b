public import SpectralEngine
internal import Synchronization

/// Chooses algorithms, builds plans and keeps them.
///
/// Planning takes microseconds to milliseconds, with ``PlanOptions/Effort/measure`` as long as the best candidates take to be run a few
/// times, and is done once per problem; do not cache plans yourself.
public final class Planner: Sendable {
    /// The planner most programs want. It predicts with ``Machine/current``: stored rates, or those built in.
    public static let shared = Planner(machine: .current)

    private let cache: PlanCache
    private let machine: Machine
    let choices = MeasuredChoices()

    /// - Parameters:
    ///   - machine: The rates that choices are predicted with. By default those built in for this machine's vectors; those that were
    ///     stored by `fftconv calibrate` are in ``Machine/current``. FFTW's plans that were stored beside them serve every planner.
    ///   - capacity: The number of plans kept; the least recently used ones go first, and also where the tables of all take more than
    ///     256 MiB.
    public init(machine: Machine = Machine(), capacity: Int = 256) {
        self.machine = machine
        cache = PlanCache(capacity: capacity)
    }

    /// The plan for a problem, from the cache if it has been asked for before.
    ///
    /// - Parameters:
    ///   - scalar: `Float` or `Double`.
    ///   - passes: The passes that will be executed. The others of the plan refuse to run.
    /// - Throws: ``ConvolutionError``: options out of range (`invalidArgument`), no algorithm within the memory limit (`resourceLimit`)
    ///   or within the tolerance (`numericPolicy`), none of the method that can compute the problem (`mismatch`), or an FFTW that
    ///   cannot be used (`unusableFFTW`).
    public func plan<Scalar: ConvolutionScalar>(
        for problem: Problem, scalar: Scalar.Type = Scalar.self, passes: [Pass] = Pass.allCases,
        options: PlanOptions = PlanOptions()
    ) throws -> Plan<Scalar> {
        let key = PlanCache.Key(problem: problem, precision: .of(scalar), passes: Set(passes), options: options)
        if let plan = cache.plan(for: key) as? Plan<Scalar> { return plan }
        let plan = try withDefaultFloatingPoint {
            var recipes: [Pass: any Algorithm] = [:]
            // In one order, so that the same question is refused with the same words.
            for pass in Pass.allCases where passes.contains(pass) {
                let request = try request(problem, pass, .of(scalar), options)
                recipes[pass] =
                    options.effort == .measure
                    ? try measured(request, options, as: scalar) : try choose(request, options)
            }
            return try Plan<Scalar>(problem: problem, options: options, recipes: recipes)
        }
        cache.store(plan, byteCount: plan.tableByteCount, for: key)
        return plan
    }

    /// The plan that runs the best recipe of one algorithm in all passes, whichever is faster. Made anew: for checks.
    package func plan<Scalar: ConvolutionScalar>(
        for problem: Problem, scalar: Scalar.Type = Scalar.self, by algorithm: any Algorithm.Type, threads: ThreadCount
    ) throws -> Plan<Scalar> {
        let options = PlanOptions(method: algorithm.method, threads: threads)
        return try withDefaultFloatingPoint {
            var recipes: [Pass: any Algorithm] = [:]
            for pass in Pass.allCases {
                recipes[pass] = try choose(
                    request(problem, pass, .of(scalar), options), options, of: algorithm)
            }
            return try Plan<Scalar>(problem: problem, options: options, recipes: recipes)
        }
    }

    /// Every candidate for one pass with its predicted time and workspace, or the reason why it was refused.
    ///
    /// - Throws: ``ConvolutionError`` if the options are out of range, or FFTW cannot be used (`unusableFFTW`).
    public func explain(
        _ problem: Problem, pass: Pass, precision: Precision, options: PlanOptions = PlanOptions()
    ) throws(ConvolutionError) -> Explanation {
        let request = try request(problem, pass, precision, options)
        return withDefaultFloatingPoint { explanation(request, consider(request, options).map { $0.explained() }) }
    }
}

// MARK: - Choosing

extension Planner {
    /// One recipe, or one algorithm without any; with the reason if it may not run.
    struct Candidate {
        let name: String
        let recipe: (any Algorithm)?
        let refusal: Inapplicable?

        func explained(measuredTime: Double? = nil) -> Explanation.Candidate {
            Explanation.Candidate(
                algorithm: name, recipe: recipe?.description ?? "", predictedTime: recipe?.predictedTime,
                measuredTime: measuredTime, workspaceByteCount: recipe?.workspaceByteCount,
                tableByteCount: recipe?.tableByteCount, relativeErrorBound: recipe?.relativeErrorBound,
                refusal: refusal?.description)
        }
    }

    func explanation(_ request: PlanRequest, _ candidates: [Explanation.Candidate]) -> Explanation {
        Explanation(
            text: ProblemText(request.problem, precision: request.precision, pass: request.pass),
            threads: request.threads, candidates: candidates)
    }

    func request(
        _ problem: Problem, _ pass: Pass, _ precision: Precision, _ options: PlanOptions
    ) throws(ConvolutionError) -> PlanRequest {
        try options.validated()
        // Direct sums in its place would be a silent fallback, slower by orders of magnitude.
        if options.method != .direct, let fault = FFTWLibrary.fault {
            throw ConvolutionError(
                .unusableFFTW, argument: "FFTW", value: fault, rule: "cannot be used",
                hint: "method direct does without")
        }
        return PlanRequest(
            problem: problem, pass: pass, precision: precision, threads: try options.threads.resolved(),
            memoryLimit: min(options.memoryLimit ?? .max, machine.memoryByteCount), machine: machine,
            isFilterPrepared: options.filterUse == .prepared && pass == .forward)
    }

    /// All candidates: the accepted ones by predicted time on all cores, then the refused ones in the registry's order.
    func consider(_ request: PlanRequest, _ options: PlanOptions) -> [Candidate] {
        var candidates: [Candidate] = []
        for algorithm in Registry.all {
            if options.method != .auto, options.method != algorithm.method {
                candidates.append(Candidate(name: algorithm.name, recipe: nil, refusal: Self.isNotAskedFor(options)))
                continue
            }
            do throws(Inapplicable) {
                for recipe in try recipes(of: algorithm, for: request) {
                    candidates.append(
                        Candidate(name: algorithm.name, recipe: recipe, refusal: refusal(of: recipe, request, options)))
                }
            } catch {
                candidates.append(Candidate(name: algorithm.name, recipe: nil, refusal: error))
            }
        }
        let accepted = candidates.filter { $0.refusal == nil }
        let refused = candidates.filter { $0.refusal != nil }
        return accepted.sorted { ($0.recipe?.rankingTime ?? 0) < ($1.recipe?.rankingTime ?? 0) } + refused
    }

    /// Why the algorithms of other methods are out.
    private static func isNotAskedFor(_ options: PlanOptions) -> Inapplicable {
        Inapplicable("method \(options.method.rawValue) was asked for")
    }

    private func recipes<A: Algorithm>(
        of algorithm: A.Type, for request: PlanRequest
    ) throws(Inapplicable) -> [any Algorithm] {
        try algorithm.recipes(for: request)
    }

    private func refusal(of recipe: any Algorithm, _ request: PlanRequest, _ options: PlanOptions) -> Inapplicable? {
        if recipe.memoryByteCount > request.memoryLimit {
            return Inapplicable("memory \(recipe.memoryByteCount) bytes exceeds the limit \(request.memoryLimit)")
        }
        // Their one rounding is the least there is: a tolerance of 0 asks for that.
        if let tolerance = options.tolerance, recipe.relativeErrorBound > tolerance,
            tolerance > 0 || recipe.arithmetic != .wideSums
        {
            return Inapplicable("error bound \(recipe.relativeErrorBound) exceeds the tolerance \(tolerance)")
        }
        return nil
    }

    /// - Parameter algorithm: The only one that may be chosen; `nil` for any.
    func choose(
        _ request: PlanRequest, _ options: PlanOptions, of algorithm: (any Algorithm.Type)? = nil
    ) throws(ConvolutionError) -> any Algorithm {
        let candidates = consider(request, options).filter { $0.name == algorithm?.name ?? $0.name }
        if let recipe = candidates.first(where: { $0.refusal == nil })?.recipe { return recipe }
        let recipes = candidates.compactMap(\.recipe)
        let smallest = recipes.map(\.memoryByteCount).min() ?? 0
        if let tolerance = options.tolerance, smallest <= request.memoryLimit,
            let best = recipes.map(\.relativeErrorBound).min()
        {
            throw ConvolutionError(
                .numericPolicy, argument: "tolerance", value: tolerance,
                rule: "the best bound in reach of method \(options.method.rawValue) is \(best)")
        }
        if !recipes.isEmpty {
            throw ConvolutionError(
                .resourceLimit, argument: "memory limit", value: "\(request.memoryLimit) bytes",
                rule: "method \(options.method.rawValue) needs at least \(smallest) bytes",
                hint: "raise the limit, or let the method be auto")
        }
        // The caller knows which method was asked for.
        let reasons = candidates.compactMap(\.refusal).filter { $0 != Self.isNotAskedFor(options) }
        throw ConvolutionError(
            .mismatch, argument: "method", value: options.method.rawValue,
            rule: reasons.map(\.description).joined(separator: "; "))
    }
}

extension Precision {
    /// The precision of a scalar type.
    public static func of<Scalar: ConvolutionScalar>(_ type: Scalar.Type) -> Precision {
        MemoryLayout<Scalar>.size == 4 ? .float32 : .float64
    }
}
