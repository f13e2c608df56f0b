import FFTConvolution
import Testing
import TestSupport

/// What is computed in sections, because memory is short, is what is computed at once.
struct SectionsTests {
    /// A limit that nothing fits makes the smallest sections there are: one group, one output, one row pair.
    @Test(arguments: Pass.allCases, Precision.allCases)
    func theSmallestSectionsStayWithinTheContract(_ pass: Pass, _ precision: Precision) throws {
        var findings = Findings()
        for (number, entry) in try ProblemList.entries().enumerated() where precision == .float32 || number % 3 == 0 {
            let problem = entry.problem
            guard problem.channels * problem.filters > 1 else { continue }
            let text = ProblemText(problem, precision: precision, pass: pass).description
            var generator = SeededGenerator(name: text)
            let operands = Operands(problem, .uniform, precision, &generator)
            let (first, second) = (operands.first(pass), operands.second(pass))
            let exact = Oracle(problem).evaluate(pass, first, second, precision)
            let whole = PlanRequest(problem: problem, pass: pass, precision: precision)
            let request = PlanRequest(problem: problem, pass: pass, precision: precision, threads: 2, memoryLimit: 1)
            guard case .transforms(let tilings) = TiledFFT.firstRecipes(1, for: whole).first?.arithmetic else {
                continue
            }
            for isDense in [false, true] {
                guard let recipe = try? TiledFFT(request, tilings: tilings, isDense: isDense) else { continue }
                let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
                let bounds = Contract(problem, pass, precision, .transforms(tilings)).bounds(
                    first, second, exact: exact.high)
                findings.compare(result, exact, within: bounds, text, "recipe \(recipe), dense: \(isDense)")
            }
        }
        findings.report()
    }

    /// NaN, Inf and planes out of the ordinary are found in every section.
    @Test(arguments: Pass.allCases)
    func nonFiniteSamplesReachInSectionsWhatTheyReachAtOnce(_ pass: Pass) throws {
        for text in ["n2c6i12x11_k6f3x3_p1_g6", "n2c6i12x11_k9f3x3_p1_g3", "n3c5i12x11_k7f3x3_p1"] {
            let problem = try ProblemText(text).problem
            var generator = SeededGenerator(name: text)
            let operands = Operands(problem, .uniform, .float32, &generator)
            var (first, second) = (operands.first(pass), operands.second(pass))
            (first[first.count / 2], second[second.count - 2]) = (.nan, .infinity)
            // Too large to be summed in a spectrum.
            first[first.count - 1] = 1e38
            func run(_ limit: Int, isDense: Bool) throws -> [Double] {
                let request = PlanRequest(
                    problem: problem, pass: pass, precision: .float32, threads: 2, memoryLimit: limit)
                let tilings = problem.axes.map { _ in AxisTiling(step: 6, length: 8, coversAxis: false) }
                let recipe = try TiledFFT(request, tilings: tilings, isDense: isDense)
                return try Execution(recipe, for: request).run(first, second)
            }
            let expected = try run(.max, isDense: false)
            for isDense in problem.groups < problem.channels ? [false, true] : [false] {
                let found = try run(1, isDense: isDense)
                let different = zip(expected, found).count { $0.isFinite != $1.isFinite || $0.isNaN != $1.isNaN }
                #expect(different == 0, "\(text), dense: \(isDense)")
            }
            #expect(expected.contains { !$0.isFinite } && expected.contains { $0.isFinite }, "\(text)")
        }
    }

    /// Sections of one or two filters, of which each of several workers may have a copy: what one worker computes.
    @Test(arguments: [Pass.forward, .inputGradient], ["i60x50_k5f5x5", "c5i60x50_f5x5", "c5i60x50_k5f5x5_g5"])
    func workersOfSectionsDecideNoBit(_ pass: Pass, _ text: String) throws {
        let problem = try ProblemText(text).problem
        var generator = SeededGenerator(name: text)
        let operands = Operands(problem, .uniform, .float32, &generator)
        let tilings = problem.axes.map { _ in AxisTiling(step: 12, length: 16, coversAxis: false) }
        func recipe(_ limit: Int, threads: Int) throws -> (TiledFFT, PlanRequest) {
            let request = PlanRequest(
                problem: problem, pass: pass, precision: .float32, threads: threads, memoryLimit: limit)
            return (try TiledFFT(request, tilings: tilings), request)
        }
        func bits(_ limit: Int, threads: Int) throws -> [Double] {
            let (recipe, request) = try recipe(limit, threads: threads)
            return try Execution(recipe, for: request).run(
                operands.first(pass), operands.second(pass), scratch: .signallingNaN)
        }
        let whole = try recipe(.max, threads: 2).0.workspaceByteCount
        for part in 1...16 {
            let limit = whole * part / 16
            let different = zip(try bits(limit, threads: 1), try bits(limit, threads: 2)).count { $0 != $1 }
            #expect(different == 0, "\(different) results with \(limit) bytes")
        }
    }

    /// Sections of whole groups: the same transforms, the same pairs.
    @Test(arguments: Pass.allCases) func sectionsOfGroupsDecideNoBit(_ pass: Pass) throws {
        // One filter a group is never more than two at a time in memory, nor are the sums of many groups' gradients.
        let (groups, filters) = pass == .filterGradient ? (15, 15) : (48, 96)
        let problem = try ProblemText("n3c\(groups)i14x14_k\(filters)f3x3_p1_g\(groups)").problem
        var generator = SeededGenerator(name: "sections")
        let operands = Operands(problem, .uniform, .float32, &generator)
        let tilings = problem.axes.map { _ in AxisTiling(step: 14, length: 16, coversAxis: true) }
        func recipe(_ limit: Int) throws -> (TiledFFT, PlanRequest) {
            let request = PlanRequest(problem: problem, pass: pass, precision: .float32, memoryLimit: limit)
            return (try TiledFFT(request, tilings: tilings), request)
        }
        func bits(_ limit: Int) throws -> [Double] {
            let (recipe, request) = try recipe(limit)
            #expect(recipe.workspaceByteCount <= limit)
            return try Execution(recipe, for: request).run(operands.first(pass), operands.second(pass))
        }
        let whole = try recipe(.max).0.workspaceByteCount
        let expected = try bits(.max)
        // Of few groups tiles are the larger part.
        for percent in pass == .filterGradient ? [80, 60] : [50, 33, 25] {
            #expect(try bits(whole * percent / 100) == expected, "\(percent) % of the memory")
        }
    }

    /// Filters' bins of one job are some terms of the sum at a time, those of a gradient some of the filters.
    @Test(arguments: Pass.allCases) func jobsOfPartsGiveWhatSingleProductsGive(_ pass: Pass) throws {
        let problem = try ProblemText("c136i4x3_k128f3x3_p1").problem
        var generator = SeededGenerator(name: "jobs")
        let operands = Operands(problem, .uniform, .float32, &generator)
        let tilings = problem.axes.map { _ in AxisTiling(step: 4, length: 8, coversAxis: false) }
        let request = PlanRequest(problem: problem, pass: pass, precision: .float32, threads: 2)
        let results = try [false, true].map { isDense in
            let recipe = try TiledFFT(request, tilings: tilings, isDense: isDense)
            return try Execution(recipe, for: request).run(operands.first(pass), operands.second(pass))
        }
        let largest = results[0].reduce(0) { max($0, abs($1)) }
        #expect(largest > 0)
        #expect(zip(results[0], results[1]).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
    }

    /// Then products are summed one by one, in the memory that the matrices have: more of it for more threads.
    @Test func memoryForMoreThreadsDecidesNoBitOfOperandsOutOfTheOrdinary() throws {
        let problem = try ProblemText("c76i17_k16f2_s3_g4").problem
        var findings = Findings()
        for precision in Precision.allCases {
            var generator = SeededGenerator(name: "\(precision)")
            let g = DataFamily.uniform.values(problem.outputShape, precision, &generator)
            let x = DataFamily.hugeCorner.values(problem.inputShape, precision, &generator)
            func bits(_ threads: Int) throws -> [Double] {
                let request = PlanRequest(
                    problem: problem, pass: .filterGradient, precision: precision, threads: threads)
                let tilings = [AxisTiling(step: 9, length: 10, coversAxis: false)]
                let recipe = try TiledFFT(request, tilings: tilings, isDense: true)
                return try Execution(recipe, for: request).run(x, g)
            }
            let expected = try bits(1)
            for threads in 2...8 {
                findings.requireSameBits(try bits(threads), expected, "\(problem) \(precision)", "\(threads) threads")
            }
        }
        findings.report()
    }

    @Test func aFilterIsMadeReadyInSections() throws {
        for text in ["n3c24i20x20_k24f5x5_p2_g24", "c4i60x60_k6f31x31_p3"] {
            let problem = try ProblemText(text).problem
            let free = PlanOptions(method: .fft, threads: 1)
            let byteCount = try Planner().plan(for: problem, scalar: Float.self, passes: [.forward], options: free)
                .workspaceByteCount(for: .forward)
            var options = free
            options.memoryLimit = byteCount / 3
            let plan = try Planner().plan(for: problem, scalar: Float.self, passes: [.forward], options: options)
            var generator = SeededGenerator(name: text)
            let operands = Operands(problem, .uniform, .float32, &generator)
            let x = try Tensor(shape: problem.inputShape, elements: operands.x.map { Float($0) })
            let w = try Tensor(shape: problem.filterShape, elements: operands.w.map { Float($0) })
            let prepared = try plan.prepare(filter: w)
            #expect(prepared.byteCount > 0)
            #expect(try prepared.forward(x).elements == plan.forward(x, w).elements, "\(text)")
        }
    }
}
