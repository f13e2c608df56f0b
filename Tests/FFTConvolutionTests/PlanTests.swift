import FFTConvolution
import Foundation
import SpectralEngine
import Testing
import TestSupport

struct PlanTests {
    private let problem: Problem
    private let plan: Plan<Float>
    private let x: Tensor<Float>
    private let w: Tensor<Float>
    private let dy: Tensor<Float>

    init() throws {
        problem = try ProblemText("n2c2i5x4_k3f2x3_p1").problem
        plan = try Planner.shared.plan(for: problem)
        var generator = SeededGenerator(seed: 7)
        let data = Operands(problem, .integers, .float32, &generator)
        x = try Tensor(shape: problem.inputShape, elements: data.x.map { Float($0) })
        w = try Tensor(shape: problem.filterShape, elements: data.w.map { Float($0) })
        dy = try Tensor(shape: problem.outputShape, elements: data.g.map { Float($0) })
    }

    private func error(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) throws -> ConvolutionError {
        try #require(throws: ConvolutionError.self, sourceLocation: sourceLocation, performing: body)
    }

    // MARK: Results

    @Test func theThreePassesGiveTheNumbersWorkedOutByHand() throws {
        let plan = try Planner.shared.plan(for: ProblemText("n2i3_f2").problem, scalar: Double.self)
        let x = try Tensor<Double>(shape: [2, 1, 3], elements: [1, 2, 3, 4, 5, 6])
        let w = try Tensor<Double>(shape: [1, 1, 2], elements: [10, 1])
        let dy = try Tensor<Double>(shape: [2, 1, 2], elements: [1, 2, 3, 4])
        #expect(try plan.forward(x, w).shape == [2, 1, 2])
        #expect(try plan.forward(x, w).elements.map { $0.rounded() } == [12, 23, 45, 56])
        let bias = try Tensor<Double>(shape: [1], elements: [100])
        #expect(try plan.forward(x, w, bias: bias).elements.map { $0.rounded() } == [112, 123, 145, 156])
        #expect(try plan.inputGradient(dy, w).shape == [2, 1, 3])
        #expect(try plan.inputGradient(dy, w).elements.map { $0.rounded() } == [10, 21, 2, 30, 43, 4])
        #expect(try plan.filterGradient(x, dy).shape == [1, 1, 2])
        // 1·1 + 2·2 + 3·4 + 4·5 = 37; every sample one further: plus 1 + 2 + 3 + 4.
        #expect(try plan.filterGradient(x, dy).elements.map { $0.rounded() } == [37, 47])
        #expect(try plan.biasGradient(dy).elements == [10])
    }

    @Test func theBiasGradientSumsBatchAndSpaceOfEachFilterInTwiceThePrecision() throws {
        let plan = try Planner.shared.plan(for: ProblemText("n2i2_k2f1").problem, scalar: Float.self)
        let dy = try Tensor<Float>(shape: [2, 2, 2], elements: [1e9, 1, 10, 20, -1e9, 2, 30, 40])
        #expect(try plan.biasGradient(dy).elements == [3, 100])
        #expect(try plan.biasGradient(dy).shape == [2])
        let double = try Planner.shared.plan(for: ProblemText("i3_f1").problem, scalar: Double.self)
        #expect(try double.biasGradient(Tensor(shape: [1, 1, 3], elements: [1e20, 1, -1e20])).elements == [1])
    }

    @Test func theBiasGradientHasTheSameBitsOnAllThreads() throws {
        let problem = try ProblemText("n3c1i150x151_k7f1x1").problem
        var generator = SeededGenerator(seed: 3)
        let elements = (0..<problem.outputCount).map { _ in Float(generator.next() >> 40) * 0x1p-12 - 3 }
        let dy = try Tensor<Float>(shape: problem.outputShape, elements: elements)
        let sums = try [1, 2, 5].map { threads in
            try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(threads: .count(threads)))
                .biasGradient(dy).elements
        }
        #expect(sums[0] == sums[1] && sums[0] == sums[2])
        let plane = 150 * 151
        var first = 0.0
        for n in 0..<3 { for index in 0..<plane { first += Double(elements[n * 7 * plane + index]) } }
        #expect(sums[0][0] == Float(first))
    }

    @Test func aPlanCountsItsTransforms() throws {
        // One tile of n2: one pair of rows. 6 filters of one group of 3 channels make 9 pairs of filter planes.
        let layer = try ProblemText("n2c3i5x4_k6f2x3").problem
        func runs(_ problem: Problem, _ pass: Pass, isDense: Bool, limit: Int = .max) throws -> [TransformRun] {
            let request = PlanRequest(problem: problem, pass: pass, precision: .float32, memoryLimit: limit)
            let tilings = problem.axes.map { AxisTiling(step: $0.input, length: 8, coversAxis: true) }
            return try TiledFFT(request, tilings: tilings, isDense: isDense).transforms
        }
        func count(_ runs: [TransformRun], _ direction: TransformRun.Direction) -> Int {
            runs.filter { $0.direction == direction }.reduce(0) { $0 + $1.count }
        }
        // Forward and inverse: tile by tile; of eight channels side by side, filters as matrix products; in sections of one
        // output, whose fields are loaded anew, and whose three or six filter planes make pairs of their own.
        let expected: [(pass: Pass, tiles: (Int, Int), channels: (Int, Int), sections: (Int, Int))] = [
            (.forward, (9 + 3, 6), (1, 1), (6 * (1 + 1) + 6 * 3, 6)),
            (.inputGradient, (9 + 6, 3), (1, 1), (3 * 3 + 3 * 6, 3)),
            (.filterGradient, (3 + 6, 9), (2, 0), (18 * 2, 18)),
        ]
        for (pass, tiles, channels, sections) in expected {
            let single = try runs(layer, pass, isDense: false)
            #expect((count(single, .forward), count(single, .inverse)) == tiles, "\(pass)")
            #expect(single.allSatisfy { $0.kind == .tile })
            let dense = try runs(layer, pass, isDense: true)
            #expect((count(dense, .forward), count(dense, .inverse)) == channels, "\(pass)")
            #expect(dense.allSatisfy { if case .channels = $0.kind { true } else { false } })
            let cut = try runs(layer, pass, isDense: false, limit: 1)
            #expect((count(cut, .forward), count(cut, .inverse)) == sections, "\(pass)")
            let direct = try Planner.shared.plan(for: layer, scalar: Float.self, options: PlanOptions(method: .direct))
            #expect(try direct.transforms(for: pass).isEmpty)
        }
        // Filters hold two rows, outputs four.
        let forward = try runs(layer, .forward, isDense: false)
        #expect(forward.contains { $0.direction == .forward && $0.box.rows == 0..<2 && $0.count == 9 })
        #expect(forward.contains { $0.direction == .inverse && $0.box.rows == 0..<4 })
        // A filter alone needs half of its lines.
        let lone = try runs(try ProblemText("i5x4_f2x3").problem, .forward, isDense: false)
        #expect(lone.map(\.kind).filter { $0 == .half }.count == 1 && count(lone, .forward) == 2)
    }

    @Test func preciseCallsOverwriteTheirResultsAndAgreeWithConvenientOnes() throws {
        let workspace = try plan.makeWorkspace()
        let bias: [Float] = [1, 2, 3]
        var y = [Float](repeating: .nan, count: problem.outputCount)
        var dx = [Float](repeating: .nan, count: problem.inputCount)
        var dw = [Float](repeating: .nan, count: problem.filterCount)
        var db = [Float](repeating: .nan, count: problem.filters)
        for _ in 0..<2 {
            var span = y.mutableSpan
            try plan.forward(x.elements.span, w.elements.span, bias: bias.span, into: &span, workspace: workspace)
            span = dx.mutableSpan
            try plan.inputGradient(dy.elements.span, w.elements.span, into: &span, workspace: workspace)
            span = dw.mutableSpan
            try plan.filterGradient(x.elements.span, dy.elements.span, into: &span, workspace: workspace)
            span = db.mutableSpan
            try plan.biasGradient(dy.elements.span, into: &span)
        }
        #expect(try plan.forward(x, w, bias: Tensor(shape: [3], elements: bias)).elements == y)
        #expect(try plan.inputGradient(dy, w).elements == dx)
        #expect(try plan.filterGradient(x, dy).elements == dw)
        #expect(try plan.biasGradient(dy).elements == db)
    }

    @Test func onePlanUsedByManyTasksGivesOneAnswer() async throws {
        let (y, dx, dw) = (try plan.forward(x, w), try plan.inputGradient(dy, w), try plan.filterGradient(x, dy))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { [plan, x, w, dy] in
                    var isSame = true
                    for _ in 0..<25 {
                        isSame =
                            try isSame && plan.forward(x, w) == y && plan.inputGradient(dy, w) == dx
                            && plan.filterGradient(x, dy) == dw
                    }
                    return isSame
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
    }

    @Test func anEmptyBatchGivesEmptyOutputsAndZeroGradients() throws {
        let plan = try Planner.shared.plan(for: ProblemText("n0c2i5_k3f3").problem, scalar: Float.self)
        let x = try Tensor<Float>(zeros: [0, 2, 5])
        let dy = try Tensor<Float>(zeros: [0, 3, 3])
        let w = try Tensor<Float>(shape: [3, 2, 3], elements: Array(repeating: 1, count: 18))
        #expect(try plan.forward(x, w) == (try Tensor(zeros: [0, 3, 3])))
        #expect(try plan.inputGradient(dy, w) == x)
        #expect(try plan.filterGradient(x, dy) == (try Tensor(zeros: [3, 2, 3])))
        #expect(try plan.biasGradient(dy).elements == [0, 0, 0])
    }

    // MARK: Shapes

    @Test func tensorsOfOtherShapesAreRefusedByName() throws {
        let wrong = try Tensor<Float>(zeros: [2, 2, 5, 3])
        let calls: [(String, [Int], () throws -> Void)] = [
            ("input", problem.inputShape, { _ = try plan.forward(wrong, w) }),
            ("filter", problem.filterShape, { _ = try plan.forward(x, wrong) }),
            ("bias", [3], { _ = try plan.forward(x, w, bias: wrong) }),
            ("output gradient", problem.outputShape, { _ = try plan.inputGradient(wrong, w) }),
            ("filter", problem.filterShape, { _ = try plan.inputGradient(dy, wrong) }),
            ("input", problem.inputShape, { _ = try plan.filterGradient(wrong, dy) }),
            ("output gradient", problem.outputShape, { _ = try plan.filterGradient(x, wrong) }),
            ("output gradient", problem.outputShape, { _ = try plan.biasGradient(wrong) }),
        ]
        for (name, expected, call) in calls {
            let error = try error(call)
            #expect(error.kind == .mismatch && error.argument == "\(name) shape" && error.value == "[2, 2, 5, 3]")
            #expect(error.rule == "must be \(expected)")
        }
        // The right number of elements is not enough.
        let flat = try x.reshaped([2, 2, 4, 5])
        #expect(try error { _ = try plan.forward(flat, w) }.argument == "input shape")
    }

    @Test func spansOfOtherCountsAreRefusedByName() throws {
        let workspace = try plan.makeWorkspace()
        func forward(_ xCount: Int, _ wCount: Int, _ biasCount: Int, _ yCount: Int) throws {
            let (x, w) = ([Float](repeating: 0, count: xCount), [Float](repeating: 0, count: wCount))
            let bias = [Float](repeating: 0, count: biasCount)
            var y = [Float](repeating: 0, count: yCount)
            var span = y.mutableSpan
            try plan.forward(x.span, w.span, bias: bias.span, into: &span, workspace: workspace)
        }
        let (xCount, wCount, yCount) = (problem.inputCount, problem.filterCount, problem.outputCount)
        try forward(xCount, wCount, 0, yCount)
        try forward(xCount, wCount, 3, yCount)
        let cases: [(String, Int, () throws -> Void)] = [
            ("input", xCount - 1, { try forward(xCount - 1, wCount, 0, yCount) }),
            ("filter", wCount + 1, { try forward(xCount, wCount + 1, 0, yCount) }),
            ("bias", 2, { try forward(xCount, wCount, 2, yCount) }),
            ("output", 0, { try forward(xCount, wCount, 0, 0) }),
        ]
        for (name, count, call) in cases {
            let error = try error(call)
            #expect(error.kind == .mismatch && error.argument == "\(name) element count" && error.value == "\(count)")
        }
        var short = [Float](repeating: 0, count: 1)
        let results: [(String, (inout MutableSpan<Float>) throws -> Void)] = [
            (
                "input gradient",
                { try plan.inputGradient(dy.elements.span, w.elements.span, into: &$0, workspace: workspace) }
            ),
            (
                "filter gradient",
                { try plan.filterGradient(x.elements.span, dy.elements.span, into: &$0, workspace: workspace) }
            ),
            ("bias gradient", { try plan.biasGradient(dy.elements.span, into: &$0) }),
        ]
        for (name, call) in results {
            let error = try error {
                var span = short.mutableSpan
                try call(&span)
            }
            #expect(error.argument == "\(name) element count" && error.value == "1")
        }
    }

    // MARK: Policies

    @Test func rejectNamesTheTensorTheCoordinatesAndTheValue() throws {
        let plan = try Planner.shared.plan(
            for: problem, scalar: Float.self, options: PlanOptions(nonFinite: .reject))
        func spoiled(_ tensor: Tensor<Float>, _ index: Int, _ value: Float) -> Tensor<Float> {
            var tensor = tensor
            tensor[index] = value
            return tensor
        }
        let bias = try Tensor<Float>(shape: [3], elements: [0, 0, .infinity])
        let calls: [(String, String, () throws -> Void)] = [
            ("input[0,0,0,0]", "nan", { _ = try plan.forward(spoiled(x, 0, .nan), w) }),
            ("filter[2,1,1,2]", "-inf", { _ = try plan.forward(x, spoiled(w, 35, -.infinity)) }),
            ("bias[2]", "inf", { _ = try plan.forward(x, w, bias: bias) }),
            ("output gradient[0,0,4,1]", "inf", { _ = try plan.inputGradient(spoiled(dy, 17, .infinity), w) }),
            ("filter[0,0,1,0]", "nan", { _ = try plan.inputGradient(dy, spoiled(w, 3, .nan)) }),
            ("input[1,1,4,3]", "nan", { _ = try plan.filterGradient(spoiled(x, 79, .nan), dy) }),
            ("output gradient[0,0,0,1]", "nan", { _ = try plan.filterGradient(x, spoiled(dy, 1, .nan)) }),
            ("output gradient[0,0,0,2]", "nan", { _ = try plan.biasGradient(spoiled(dy, 2, .nan)) }),
        ]
        for (argument, value, call) in calls {
            let error = try error(call)
            #expect(error.kind == .numericPolicy && error.argument == argument && error.value == value)
        }
        #expect(try plan.forward(x, w) == self.plan.forward(x, w))
        // The default lets them pass to where they belong.
        #expect(try self.plan.forward(spoiled(x, 0, .nan), w).elements.contains { $0.isNaN })
    }

    /// Long tensors are looked at by several threads.
    @Test func rejectNamesTheFirstOfSeveral() throws {
        let problem = try Problem(input: [1, 1, 1_500_000], filter: [1, 1, 3])
        let plan = try Planner().plan(
            for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(threads: 2, nonFinite: .reject))
        var x = try Tensor<Float>(zeros: problem.inputShape)
        for index in [1_499_999, 700_002, 700_001] { x[index] = .nan }
        let w = try Tensor<Float>(zeros: problem.filterShape)
        let error = try error { _ = try plan.forward(x, w) }
        #expect(error.argument == "input[0,0,700001]")
    }

    // MARK: What a plan says

    @Test func passesThatWereNotPlannedAreRefused() throws {
        let plan = try Planner.shared.plan(for: problem, scalar: Float.self, passes: [.forward])
        #expect(try plan.forward(x, w) == self.plan.forward(x, w))
        let calls: [() throws -> Void] = [
            { _ = try plan.inputGradient(dy, w) }, { _ = try plan.workspaceByteCount(for: .inputGradient) },
            { _ = try plan.algorithm(for: .inputGradient) }, { _ = try plan.relativeErrorBound(for: .inputGradient) },
        ]
        for call in calls {
            let error = try error(call)
            #expect(error.kind == .invalidArgument && error.argument == "pass" && error.value == "input-gradient")
        }
        #expect(try error { _ = try plan.filterGradient(x, dy) }.value == "filter-gradient")
    }

    @Test func aPlanPrintsALineForEachPass() throws {
        let lines = plan.description.split(separator: "\n")
        let texts = ["n2c2i5x4_k3f2x3_p1_fwd: ", "n2c2i5x4_k3f2x3_p1_dx: ", "n2c2i5x4_k3f2x3_p1_dw: "]
        #expect(lines.count == 3)
        for (line, (text, pass)) in zip(lines, zip(texts, Pass.allCases)) {
            #expect(try line == text + plan.algorithm(for: pass))
        }
    }

    @Test func aWorkspaceServesTheLargestOfItsPasses() throws {
        let counts = try Pass.allCases.map { try plan.workspaceByteCount(for: $0) }
        #expect(try plan.makeWorkspace().byteCount == counts.max())
        #expect(try plan.makeWorkspace(for: [.inputGradient]).byteCount == counts[1])
    }

    // MARK: Limits

    /// A planner for a machine that is the same everywhere, so that the same tilings are chosen.
    private func fixedPlanner() -> Planner {
        var machine = Machine()
        (machine.coreCount, machine.memoryByteCount, machine.cacheByteCount) = (4, 1 << 34, 1 << 20)
        return Planner(machine: machine)
    }

    /// Integers, so that results are exact after rounding.
    private func operands(_ problem: Problem, _ pass: Pass) throws -> (Tensor<Float>, Tensor<Float>) {
        var generator = SeededGenerator(seed: 31)
        let data = Operands(problem, .integers, .float32, &generator)
        let shapes = problem.operandShapes(pass)
        return (
            try Tensor(shape: shapes.first, elements: data.first(pass).map { Float($0) }),
            try Tensor(shape: shapes.second, elements: data.second(pass).map { Float($0) })
        )
    }

    private func run(
        _ plan: Plan<Float>, _ pass: Pass, _ first: Tensor<Float>, _ second: Tensor<Float>,
        control: ExecutionControl? = nil
    ) throws -> [Float] {
        switch pass {
        case .forward: try plan.forward(first, second, control: control).elements
        case .inputGradient: try plan.inputGradient(first, second, control: control).elements
        case .filterGradient: try plan.filterGradient(first, second, control: control).elements
        }
    }

    @Test(arguments: Pass.allCases)
    func threadsChangeNeitherTheChoiceNorTheBitsUnderAnyMemoryLimit(_ pass: Pass) throws {
        let problem = try ProblemText("i256x256_f31x31").problem
        let planner = fixedPlanner()
        let (first, second) = try operands(problem, pass)
        func plan(_ threads: Int, _ limit: Int?) throws -> Plan<Float> {
            try planner.plan(
                for: problem, scalar: Float.self, passes: [pass],
                options: PlanOptions(method: .fft, threads: .count(threads), memoryLimit: limit))
        }
        let free = try plan(3, nil)
        let rounded = try run(free, pass, first, second).map { $0.rounded() }
        // The first limit takes a worker of three, the last a tiling from one worker.
        let (three, one) = (try free.workspaceByteCount(for: pass), try plan(1, nil).workspaceByteCount(for: pass))
        #expect(three > one, "\(three) and \(one) bytes: the limits below bind")
        #expect(try plan(3, three - 1).algorithm(for: pass) == free.algorithm(for: pass))
        // A filter gradient first makes do with fewer accumulators.
        #expect(try plan(3, one / 2).algorithm(for: pass) != free.algorithm(for: pass))
        for limit in [nil, three - 1, one - 1, one / 2] {
            let alone = try plan(1, limit)
            let bits = try run(alone, pass, first, second).map(\.bitPattern)
            for threads in 1...3 {
                let shared = try plan(threads, limit)
                #expect(try shared.algorithm(for: pass) == alone.algorithm(for: pass), "\(threads) threads")
                #expect(try shared.workspaceByteCount(for: pass) <= limit ?? .max)
                let result = try run(shared, pass, first, second)
                #expect(result.map(\.bitPattern) == bits, "\(threads) threads, limit \(limit ?? 0)")
                // Other tilings round otherwise, and to the same integers.
                let isSame = zip(result, rounded).allSatisfy { $0.rounded() == $1 }
                #expect(isSame, "\(threads) threads, limit \(limit ?? 0)")
            }
        }
    }

    @Test(arguments: Pass.allCases)
    func theSmallestMemoryLimitIsEnoughAndOneByteLessIsRefused(_ pass: Pass) throws {
        let problem = try ProblemText("n2c2i60x50_k2f7x9_p3").problem
        let planner = fixedPlanner()
        let (first, second) = try operands(problem, pass)
        func plan(_ limit: Int?, _ method: Method = .fft) throws -> Plan<Float> {
            try planner.plan(
                for: problem, scalar: Float.self, passes: [pass],
                options: PlanOptions(method: method, threads: 2, memoryLimit: limit))
        }
        let refused = try error { _ = try plan(1) }
        #expect(refused.kind == .resourceLimit && refused.argument == "memory limit" && refused.value == "1 bytes")
        // "… needs at least 123 bytes"
        let smallest = try #require(refused.rule.split(separator: " ").compactMap { Int($0) }.first)
        #expect(try error { _ = try plan(smallest - 1) }.kind == .resourceLimit)
        let limited = try plan(smallest)
        let workspace = try limited.makeWorkspace()
        #expect(try limited.workspaceByteCount(for: pass) == smallest && workspace.byteCount == smallest)
        #expect(try plan(nil).workspaceByteCount(for: pass) > smallest)
        let direct = try run(plan(nil, .direct), pass, first, second)
        #expect(try run(limited, pass, first, second).map { $0.rounded() } == direct)
    }
}
