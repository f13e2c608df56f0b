import FFTConvolution
import SpectralEngine
import Testing
import TestSupport

struct PlannerTests {
    private let problem: Problem

    init() throws { problem = try ProblemText("n2c2i9x9_k3f3x3_p1").problem }

    private func refusal(
        _ options: PlanOptions, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ConvolutionError {
        try #require(throws: ConvolutionError.self, sourceLocation: sourceLocation) {
            try Planner().plan(for: problem, scalar: Float.self, options: options)
        }
    }

    // MARK: Cache

    @Test func theSameQuestionGivesTheSamePlan() throws {
        let planner = Planner()
        let plan = try planner.plan(for: problem, scalar: Float.self)
        #expect(try planner.plan(for: problem, scalar: Float.self) === plan)
        #expect(
            try planner.plan(for: problem, scalar: Float.self, passes: [.filterGradient, .inputGradient, .forward])
                === plan)
        let spelledOtherwise = try Problem(
            input: [2, 2, 9, 9], filter: [3, 2, 3, 3], padding: .sides([.init(before: 1, after: 1)]))
        #expect(try planner.plan(for: spelledOtherwise, scalar: Float.self) === plan)
    }

    @Test func anyOtherQuestionGivesAnotherPlan() throws {
        let planner = Planner()
        let plan = try planner.plan(for: problem, scalar: Float.self)
        #expect(try planner.plan(for: problem, scalar: Float.self, passes: [.forward]) !== plan)
        for options in [
            PlanOptions(method: .direct), PlanOptions(threads: 1), PlanOptions(memoryLimit: 1 << 30),
            PlanOptions(nonFinite: .reject), PlanOptions(tolerance: 1),
        ] {
            let other = try planner.plan(for: problem, scalar: Float.self, options: options)
            #expect(other !== plan && other.options == options)
        }
        let double = try planner.plan(for: problem, scalar: Double.self)
        #expect(double.problem == plan.problem)
        #expect(try planner.plan(for: problem, scalar: Float.self) === plan)
        #expect(try Planner().plan(for: problem, scalar: Float.self) !== plan, "each planner has a cache of its own")
    }

    @Test func theLeastRecentlyUsedPlanGoesFirst() throws {
        let planner = Planner(capacity: 2)
        func plan(_ text: String) throws -> Plan<Float> { try planner.plan(for: ProblemText(text).problem) }
        let first = try plan("i8_f3")
        let second = try plan("i9_f3")
        #expect(try plan("i8_f3") === first)
        let third = try plan("i10_f3")
        #expect(try plan("i8_f3") === first && plan("i10_f3") === third)
        #expect(try plan("i9_f3") !== second)
        #expect(try plan("i10_f3") === third && plan("i8_f3") !== first)
    }

    @Test func aCapacityOfNothingStillPlans() throws {
        for capacity in [0, -1, 1] {
            let planner = Planner(capacity: capacity)
            let first = try planner.plan(for: problem, scalar: Float.self)
            #expect(try planner.plan(for: problem, scalar: Float.self) === first)
            _ = try planner.plan(for: ProblemText("i8_f3").problem, scalar: Float.self)
            #expect(try planner.plan(for: problem, scalar: Float.self) !== first)
        }
    }

    @Test func manyTasksMayPlanAtOnce() async throws {
        let planner = Planner(capacity: 3)
        let expected = try planner.plan(for: problem, scalar: Float.self).description
        try await withThrowingTaskGroup(of: String.self) { group in
            for task in 0..<16 {
                group.addTask { [problem] in
                    for extent in 8..<14 {
                        _ = try planner.plan(for: ProblemText("i\(extent + task)_f3").problem, scalar: Double.self)
                    }
                    return try planner.plan(for: problem, scalar: Float.self).description
                }
            }
            for try await description in group { #expect(description == expected) }
        }
    }

    // MARK: Options

    @Test(arguments: [0, -1, .min, 1025, .max])
    func threadsOutOfRangeAreRefused(_ count: Int) throws {
        let error = try refusal(PlanOptions(threads: .count(count)))
        #expect(error.kind == .invalidArgument && error.argument == "threads" && error.value == "\(count)")
        #expect(error.rule == "must be in 1…1024")
        #expect(throws: error) {
            try Planner().explain(
                problem, pass: .forward, precision: .float32, options: PlanOptions(threads: .count(count)))
        }
    }

    @Test(arguments: [1, 2, 1024])
    func threadsInRangeAreTaken(_ count: Int) throws {
        let options = PlanOptions(threads: .count(count))
        let explanation = try Planner().explain(problem, pass: .forward, precision: .float32, options: options)
        #expect(explanation.threads == count)
    }

    @Test func allThreadsAreTheCoresOfThisProcess() throws {
        let explanation = try Planner().explain(problem, pass: .forward, precision: .float32)
        #expect(explanation.threads == Machine.availableCores)
    }

    @Test(arguments: [-1.0, -Double.leastNonzeroMagnitude, .nan, .infinity, -.infinity])
    func tolerancesThatAreNoBoundAreRefused(_ tolerance: Double) throws {
        let error = try refusal(PlanOptions(tolerance: tolerance))
        #expect(error.kind == .invalidArgument && error.argument == "tolerance" && error.value == "\(tolerance)")
    }

    @Test func aToleranceOutOfReachTellsTheBestBound() throws {
        for tolerance in [0, 0x1p-25] {
            let error = try refusal(PlanOptions(tolerance: tolerance))
            #expect(error.kind == .numericPolicy && error.argument == "tolerance")
            let request = PlanRequest(problem: problem, pass: .forward, precision: .float32)
            #expect(error.rule.hasSuffix("is \(Reference.recipes(for: request)[0].relativeErrorBound)"))
        }
    }

    @Test func aToleranceIsKeptByWhatRuns() throws {
        for tolerance in [0x1.001p-24, 1e-6, 1e-3, 1] {
            let plan = try Planner().plan(
                for: problem, scalar: Float.self, options: PlanOptions(tolerance: tolerance))
            for pass in Pass.allCases { #expect(try plan.relativeErrorBound(for: pass) <= tolerance) }
        }
    }

    @Test func aNegativeMemoryLimitIsRefused() throws {
        let error = try refusal(PlanOptions(memoryLimit: -1))
        #expect(error.kind == .invalidArgument && error.argument == "memory limit" && error.value == "-1")
    }

    @Test(arguments: [0, 1, 1000, 1 << 16, 1 << 30])
    func aMemoryLimitIsKeptByWhatRuns(_ limit: Int) throws {
        let plan = try Planner().plan(for: problem, scalar: Double.self, options: PlanOptions(memoryLimit: limit))
        for pass in Pass.allCases { #expect(try plan.workspaceByteCount(for: pass) <= limit) }
    }

    @Test func theMethodAskedForIsTheOneThatRuns() throws {
        for method in [Method.direct, .fft] {
            let options = PlanOptions(method: method)
            let names = Registry.all.filter { $0.method == method }.map { $0.name }
            if names.isEmpty {
                let error = try refusal(options)
                #expect(error.kind == .mismatch && error.argument == "method" && error.value == method.rawValue)
                continue
            }
            let plan = try Planner().plan(for: problem, scalar: Float.self, options: options)
            for pass in Pass.allCases {
                let algorithm = try plan.algorithm(for: pass)
                #expect(names.contains { algorithm.hasPrefix("\($0): ") }, "\(algorithm)")
            }
        }
    }

    // MARK: Explaining

    @Test(arguments: Pass.allCases, Precision.allCases)
    func explainListsEveryAlgorithmOfTheRegistry(_ pass: Pass, _ precision: Precision) throws {
        for options in [
            PlanOptions(), PlanOptions(method: .direct), PlanOptions(memoryLimit: 0), PlanOptions(tolerance: 0),
        ] {
            let explanation = try Planner().explain(problem, pass: pass, precision: precision, options: options)
            #expect(Set(explanation.candidates.map(\.algorithm)) == Set(Registry.all.map { $0.name }))
            #expect(explanation.text == ProblemText(problem, precision: precision, pass: pass))
            let accepted = explanation.candidates.prefix { $0.refusal == nil }
            #expect(explanation.candidates.dropFirst(accepted.count).allSatisfy { $0.refusal != nil })
            let times = accepted.compactMap(\.predictedTime)
            #expect(times.count == accepted.count && times == times.sorted())
            #expect(explanation.chosen == accepted.first)
        }
    }

    @Test func whatExplainChoosesIsWhatThePlanRuns() throws {
        let planner = Planner()
        let plan = try planner.plan(for: problem, scalar: Float.self)
        for pass in Pass.allCases {
            let chosen = try #require(planner.explain(problem, pass: pass, precision: .float32).chosen)
            #expect(try plan.algorithm(for: pass) == "\(chosen.algorithm): \(chosen.recipe)")
            #expect(try plan.workspaceByteCount(for: pass) == chosen.workspaceByteCount)
            #expect(try plan.relativeErrorBound(for: pass) == chosen.relativeErrorBound)
        }
    }

    @Test func theReferenceIsLastAndRefusesNothing() throws {
        #expect(Registry.all.last.map { $0.name } == Reference.name)
        #expect(Set(Registry.all.map { $0.name }).count == Registry.all.count)
    }

    /// 10¹¹ pairs of output and tap, none of which planning may look at one by one.
    @Test(.timeLimit(.minutes(5))) func planningLongSignalsIsQuick() throws {
        let problem = try ProblemText("i3000000_f30000").problem
        #expect(throws: Never.self) { try Planner().plan(for: problem, scalar: Float.self) }
    }
}
