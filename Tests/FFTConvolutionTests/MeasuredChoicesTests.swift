import SpectralEngine
import Testing

@testable import FFTConvolution

struct MeasuredChoicesTests {
    /// On which the reference is predicted to take no time at all: it takes a hundred times as long as all others.
    private static let boaster: Machine = {
        var machine = Machine()
        for precision in Precision.allCases { machine.referenceRate[precision] = 1e18 }
        return machine
    }()

    private let problem: Problem

    init() throws { problem = try ProblemText("n2c2i40x40_k3f9x9_p1").problem }

    @Test(arguments: Precision.allCases)
    func theFastestIsTakenWhateverWasPredicted(_ precision: Precision) throws {
        let planner = Planner(machine: Self.boaster)
        func names<Scalar: ConvolutionScalar>(_ effort: PlanOptions.Effort, _: Scalar.Type) throws -> [String] {
            let options = PlanOptions(effort: effort)
            let plan = try planner.plan(for: problem, scalar: Scalar.self, options: options)
            return try Pass.allCases.map { try plan.algorithm(for: $0) }
        }
        func names(_ effort: PlanOptions.Effort) throws -> [String] {
            try precision == .float32 ? names(effort, Float.self) : names(effort, Double.self)
        }
        #expect(try names(.estimate).allSatisfy { $0.hasPrefix("Reference: ") })
        #expect(try names(.measure).allSatisfy { !$0.hasPrefix("Reference: ") })
    }

    @Test func theChoiceIsRememberedForAnyNumberOfThreads() throws {
        // A cache of one plan: the second one is made anew.
        let planner = Planner(machine: Self.boaster, capacity: 1)
        let one = try planner.plan(
            for: problem, scalar: Float.self, options: PlanOptions(threads: 1, effort: .measure))
        for threads in [2, 3, 1] {
            let options = PlanOptions(threads: .count(threads), effort: .measure)
            let other = try planner.plan(for: problem, scalar: Float.self, options: options)
            for pass in Pass.allCases { #expect(try other.algorithm(for: pass) == one.algorithm(for: pass)) }
        }
    }

    @Test func theFirstChoiceStays() throws {
        let choices = MeasuredChoices()
        let request = PlanRequest(problem: problem, pass: .forward, precision: .float32)
        let key = MeasuredChoices.Key(request, PlanOptions(threads: 1, effort: .measure))
        #expect(choices.choice(for: key) == nil)
        #expect(choices.keep("one", for: key) == "one" && choices.keep("two", for: key) == "one")
        #expect(choices.choice(for: MeasuredChoices.Key(request, PlanOptions(threads: 2, effort: .measure))) == "one")
        #expect(choices.choice(for: MeasuredChoices.Key(request, PlanOptions(tolerance: 1, effort: .measure))) == nil)
    }

    @Test func whatIsRefusedByEstimateIsRefusedByMeasure() throws {
        for effort in PlanOptions.Effort.allCases {
            let options = PlanOptions(tolerance: 1e-30, effort: effort)
            let error = try #require(throws: ConvolutionError.self) {
                try Planner().plan(for: problem, scalar: Float.self, options: options)
            }
            #expect(error.kind == .numericPolicy)
        }
    }

    @Test func aMeasuredExplanationHasTimesBesideThePredictedOnes() throws {
        let planner = Planner()
        let options = PlanOptions(threads: 1)
        let plain = try planner.explain(problem, pass: .forward, precision: .float64, options: options)
        #expect(plain.candidates.allSatisfy { $0.measuredTime == nil })
        let control = ExecutionControl()
        let measured = try planner.explain(
            problem, pass: .forward, precision: .float64, options: options, measuring: control)
        #expect(measured.candidates.map(\.recipe) == plain.candidates.map(\.recipe))
        for candidate in measured.candidates {
            #expect((candidate.measuredTime != nil) == (candidate.refusal == nil))
            #expect(candidate.measuredTime.map { $0 > 0 } ?? true)
        }
        #expect(measured.description.contains(" ms, measured "))
        control.cancel()
        let error = try #require(throws: ConvolutionError.self) {
            try planner.explain(problem, pass: .forward, precision: .float64, options: options, measuring: control)
        }
        #expect(error.kind == .cancelled)
    }
}
