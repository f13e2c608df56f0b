internal import SpectralEngine
internal import Synchronization

/// What timing has chosen, for the life of a planner.
///
/// A choice once made stays: two plans of one planner for the same question give the same bits, also with different
/// numbers of threads, which are no part of the question.
final class MeasuredChoices: Sendable {
    struct Key: Hashable, Sendable {
        let problem: Problem
        let pass: Pass
        let precision: Precision
        let options: PlanOptions

        init(_ request: PlanRequest, _ options: PlanOptions) {
            problem = request.problem
            pass = request.pass
            precision = request.precision
            var options = options
            options.threads = .all
            self.options = options
        }
    }

    /// Choices kept, a few hundred bytes each; then all are dropped.
    private let capacity = 4096
    private let kept = Mutex<[Key: String]>([:])

    /// A recipe's words.
    func choice(for key: Key) -> String? { kept.withLock { $0[key] } }

    /// Keeps a choice, unless another thread was faster; what is kept is returned.
    func keep(_ choice: String, for key: Key) -> String {
        kept.withLock { kept in
            if let earlier = kept[key] { return earlier }
            if kept.count >= capacity { kept.removeAll() }
            kept[key] = choice
            return choice
        }
    }
}

extension Planner {
    /// Candidates that ``PlanOptions/Effort/measure`` times: the best by prediction.
    static let timedCount = 3
    /// Seconds that each of them is timed for at least.
    static let timedFor = 0.02
    /// And those of an explanation: of calls of 2 to 3 ms whose spectra are in the last cache the least of some six was 2.45 to 3.89 ms in four
    /// runs (`Docs/Measurements/2026-11-28-choice.md`).
    static let explainedFor = 0.06

    /// The fastest of the best candidates, timed on all cores of this process or remembered.
    func measured<Scalar: ConvolutionScalar>(
        _ request: PlanRequest, _ options: PlanOptions, as type: Scalar.Type
    ) throws -> any Algorithm {
        // Refuses where nothing may run.
        let estimated = try choose(request, options)
        let key = MeasuredChoices.Key(request, options)
        let name: String
        if let known = choices.choice(for: key) {
            name = known
        } else {
            var shared = request
            shared.threads = Machine.availableCores
            let recipes = Array(accepted(shared, options).prefix(Self.timedCount))
            guard recipes.count > 1 else { return estimated }
            var timer = try RecipeTimer<Scalar>(
                request.problem, request.pass, filterUse: request.isFilterPrepared ? .prepared : .given)
            let times = try timer.times(of: recipes, minimumTime: Self.timedFor, rounds: 3)
            guard let fastest = zip(recipes, times).min(by: { $0.1 < $1.1 })?.0 else { return estimated }
            name = choices.keep(Self.words(fastest), for: key)
        }
        // The same recipe for the threads asked for.
        return accepted(request, options).first { Self.words($0) == name } ?? estimated
    }

    private func accepted(_ request: PlanRequest, _ options: PlanOptions) -> [any Algorithm] {
        consider(request, options).filter { $0.refusal == nil }.compactMap(\.recipe)
    }

    /// What tells a recipe from the others for a request, whatever its threads.
    private static func words(_ recipe: any Algorithm) -> String { "\(type(of: recipe).name): \(recipe)" }
}

// MARK: - Explaining

extension Planner {
    /// ``explain(_:pass:precision:options:)`` with measured times beside the predicted ones: of the best three candidates, which are
    /// those that ``PlanOptions/Effort/measure`` would time, and of all others that are predicted to take less than a second.
    /// The order, and the candidate that is marked, stay those of the prediction.
    ///
    /// - Parameter control: Lets another thread stop it.
    /// - Throws: ``ConvolutionError`` if the options are out of range, FFTW cannot be used, there is no memory for operands, or it was stopped.
    public func explain(
        _ problem: Problem, pass: Pass, precision: Precision, options: PlanOptions = PlanOptions(),
        measuring control: ExecutionControl
    ) throws -> Explanation {
        let request = try request(problem, pass, precision, options)
        return try withDefaultFloatingPoint {
            let candidates = consider(request, options)
            var timed: [(index: Int, recipe: any Algorithm)] = []
            for (index, candidate) in candidates.enumerated() {
                guard candidate.refusal == nil, let recipe = candidate.recipe else { continue }
                if timed.count < Self.timedCount || recipe.predictedTime < 1 { timed.append((index, recipe)) }
            }
            let recipes = timed.map(\.recipe)
            let times =
                precision == .float64
                ? try Self.times(of: recipes, request, as: Double.self, control)
                : try Self.times(of: recipes, request, as: Float.self, control)
            let byIndex = Dictionary(zip(timed.map(\.index), times)) { first, _ in first }
            return explanation(request, candidates.enumerated().map { $1.explained(measuredTime: byIndex[$0]) })
        }
    }

    private static func times<Scalar: ConvolutionScalar>(
        of recipes: [any Algorithm], _ request: PlanRequest, as type: Scalar.Type, _ control: ExecutionControl
    ) throws -> [Double] {
        guard !recipes.isEmpty else { return [] }
        var timer = try RecipeTimer<Scalar>(
            request.problem, request.pass, filterUse: request.isFilterPrepared ? .prepared : .given)
        return try timer.times(of: recipes, minimumTime: explainedFor, rounds: 3, control: control)
    }
}
