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
        for tolerance in [1e-300, 0x1p-25] {
            let error = try refusal(PlanOptions(tolerance: tolerance))
            #expect(error.kind == .numericPolicy && error.argument == "tolerance")
            let request = PlanRequest(problem: problem, pass: .forward, precision: .float32)
            #expect(error.rule.hasSuffix("is \(Reference.recipes(for: request)[0].relativeErrorBound)"))
        }
    }

    @Test(arguments: Precision.allCases)
    func aToleranceOfNothingTakesSumsInTwiceThePrecision(_ precision: Precision) throws {
        for method in [Method.auto, .direct] {
            let options = PlanOptions(method: method, tolerance: 0)
            for pass in Pass.allCases {
                let chosen = try Planner().explain(problem, pass: pass, precision: precision, options: options).chosen
                #expect(chosen?.algorithm == Reference.name)
            }
            let plan = try Planner().plan(for: problem, scalar: Float.self, options: options)
            #expect(try plan.algorithm(for: .forward).hasPrefix("Reference: "))
        }
        let error = try refusal(PlanOptions(method: .fft, tolerance: 0))
        #expect(error.kind == .numericPolicy && error.rule.hasPrefix("the best bound in reach of method fft is "))
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

    @Test func aRefusedMethodTellsItsOwnReasonsOnly() throws {
        let error = try #require(throws: ConvolutionError.self) {
            try Planner().plan(
                for: ProblemText("i5000000000_f4000000000").problem, scalar: Float.self, passes: [.forward],
                options: PlanOptions(method: .fft))
        }
        #expect(error.kind == .mismatch && error.argument == "method" && error.value == "fft")
        #expect(error.rule == "an axis is too long for FFTW's 32-bit sizes")
    }

    @Test func everyAlgorithmCanBeMadeToRunWhateverIsFaster() throws {
        for algorithm in Registry.all {
            let plan: Plan<Float> = try Planner().plan(for: problem, by: algorithm, threads: 1)
            for pass in Pass.allCases {
                #expect(try plan.algorithm(for: pass).hasPrefix("\(algorithm.name): "))
                // The best of its own.
                let candidates = try Planner().explain(
                    problem, pass: pass, precision: .float32,
                    options: PlanOptions(method: algorithm.method, threads: 1)
                ).candidates
                let best = try #require(candidates.first { $0.algorithm == algorithm.name })
                #expect(try plan.algorithm(for: pass) == "\(best.algorithm): \(best.recipe)")
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

    /// Tiles, blocks and bytes of such problems are beyond counting, and none of the arithmetic may trap on them.
    @Test func extremeProblemsAreExplainedOrRefused() throws {
        var generator = SeededGenerator(seed: 48)
        let extremes = [
            1 << 16, 1 << 24, 1 << 31, 1 << 32, 1 << 40, 1 << 45, 1 << 47, 1 << 48, 1 << 61, 1 << 62, Int.max / 2,
            Int.max - 1, .max,
        ]
        func number(from least: Int) -> Int {
            if generator.index(3) > 0 { return least + generator.index(4) }
            return extremes[generator.index(extremes.count)] - generator.index(2)
        }
        var texts = [
            "i1x1_f1x1_s100000000000000_p100000000000000", "i1x1x1_f1x1x1_s30000000000000_p90000000000000",
            "n1000000000i1_f1_s10000000000000_p30000000000000", "c1000000i1_k1000000f1_s4611686018427387904_g1000000",
            "i100000_f3_s9223372036854775807", "i1_f2_p4611686018427387903_d9223372036854775806",
            "i1_f1_p140737488355327",
        ]
        for _ in 0..<2000 {
            let axes = 1 + generator.index(3)
            func numbers(from least: Int) -> String {
                (0..<axes).map { _ in "\(number(from: least))" }.joined(separator: "x")
            }
            var text = "n\(number(from: 0))i\(numbers(from: 1))_k\(number(from: 1))f\(numbers(from: 1))"
            if generator.index(2) == 0 { text += "_s\(numbers(from: 1))" }
            switch generator.index(4) {
            case 0: text += "_p\(numbers(from: 0))"
            case 1:
                text += "_p" + (0..<axes).map { _ in "\(number(from: 0)):\(number(from: 0))" }.joined(separator: "x")
            case 2: text += ["_pfull", "_psame"][generator.index(2)]
            default: break
            }
            if generator.index(2) == 0 { text += "_d\(numbers(from: 1))" }
            texts.append(text)
        }
        var explainedCount = 0
        for text in texts {
            let problem: Problem
            do {
                problem = try ProblemText(text).problem
            } catch {
                #expect(error.kind == .mismatch || error.kind == .invalidArgument, "\(text): \(error)")
                continue
            }
            explainedCount += 1
            for pass in Pass.allCases {
                let explanation = try Planner().explain(problem, pass: pass, precision: .float64)
                let times = explanation.candidates.compactMap(\.predictedTime)
                #expect(!times.isEmpty && times.allSatisfy { $0.isFinite && $0 >= 0 }, "\(text)")
            }
        }
        #expect(explainedCount > 300, "\(explainedCount)")
    }

    @Test func aResultBeyondTheMachinesMemoryIsAResourceLimit() throws {
        let problem = try ProblemText("i1_f1_p140737488355327").problem
        let error = try #require(throws: ConvolutionError.self) {
            try Planner().plan(for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(method: .fft))
        }
        #expect(error.kind == .resourceLimit, "\(error)")
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
