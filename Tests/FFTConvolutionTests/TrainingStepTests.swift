import FFTConvolution
import Foundation
import SpectralEngine
import Testing
import TestSupport

/// What a training step promises: the results of the separate passes, within the same contract.
struct TrainingStepTests {
    // MARK: Every recipe

    @Test(arguments: [Precision.float32, .float64])
    func staysWithinTheContractOnEveryProblem(_ precision: Precision) throws {
        var findings = Findings()
        var shared = 0
        for (number, entry) in try ProblemList.entries().enumerated() {
            let request = PlanRequest(problem: entry.problem, pass: .forward, precision: precision)
            for recipe in TiledFFT.firstRecipes(3, for: request) {
                guard let step = try StepExecution(recipe, for: request) else { continue }
                shared += 1
                let family = DataFamily.allCases[number % DataFamily.allCases.count]
                try check(entry.problem, precision, recipe, step, family, inInput: number % 20 < 10, &findings)
            }
        }
        findings.report()
        #expect(shared > 500)
    }

    /// The list has no depthwise layer of many groups: there each block transforms its own sums back.
    @Test(arguments: [
        "n2c32i9x8_k32f3x3_psame_g32", "n4c35i6x6_k35f2x3_p1_g35", "n6c68i7_k34f3_g34", "n3c33i14x9_k33f3x3_g33",
        "n1c34i8x8_k34f7x7_p3_g34", "n5c3i7x6_k3f3x3_g3", "n1c4i9x9x8_k4f3x3x3_g4", "n19c33i4x5_k33f3x3_p1_g33",
        "n41c32i4x4_k32f2x2_g32",
    ])
    func manyGroupsStayWithinTheContract(_ text: String) throws {
        let problem = try ProblemText(text).problem
        var findings = Findings()
        for precision in Precision.allCases {
            let request = PlanRequest(problem: problem, pass: .forward, precision: precision)
            var steps = 0
            for recipe in TiledFFT.firstRecipes(6, for: request) where steps < 2 {
                guard let step = try StepExecution(recipe, for: request) else { continue }
                steps += 1
                for family in DataFamily.allCases {
                    try check(problem, precision, recipe, step, family, inInput: false, &findings)
                    try check(problem, precision, recipe, step, family, inInput: true, &findings)
                }
            }
            #expect(steps > 0)
        }
        findings.report()
    }

    /// Spectra of more than 4 MB are asked for ahead where they were kept, too.
    @Test(arguments: ["n4c64i56x56_k64f5x5_p2", "n4c64i40x40_k64f5x5_p2_g2", "n8c64i400_k64f31"])
    func farSpectraGiveTheSeparatePasses(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        try #require(try plan.trainingStepByteCount() > 1 << 20)
        let data = try StepOperands<Float>(problem)
        let step = try plan.trainingStep(data.x, data.w)
        let gradients = try step.gradients(data.dy)
        func distance(_ a: Tensor<Float>, _ b: Tensor<Float>) -> Float {
            let largest = b.elements.reduce(0) { max($0, abs($1)) }
            return zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
        }
        #expect(distance(step.output, try plan.forward(data.x, data.w)) < 1e-5)
        #expect(distance(gradients.input, try plan.inputGradient(data.dy, data.w)) < 1e-5)
        #expect(distance(gradients.filter, try plan.filterGradient(data.x, data.dy)) < 1e-5)
    }

    /// Small filters are summed directly.
    @Test(arguments: ["n2c6i20x21_k6f3x3_p1_g6", "n2c16i12x12_k16f3x3_p1"])
    func directSumsRunTheSeparatePasses(_ text: String) throws {
        let problem = try ProblemText(text).problem
        try expectSeparatePasses(
            try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .direct)))
        // One pass that sums directly is enough.
        let direct = try Plan<Float>.reference(for: problem, threads: .count(1)).recipe(for: .inputGradient)
        let forward = try TiledFFT.recipes(for: PlanRequest(problem: problem, pass: .forward, precision: .float32))[0]
        let gradient = try TiledFFT.recipes(
            for: PlanRequest(problem: problem, pass: .filterGradient, precision: .float32))[0]
        let executor = try forward.makeStepExecutor(
            for: Float.self, inputGradient: direct, filterGradient: gradient, tolerance: nil)
        #expect(executor.map { $0.keptByteCount } == nil)
    }

    private func expectSeparatePasses<Scalar: ConvolutionScalar>(_ plan: Plan<Scalar>) throws {
        #expect(try plan.trainingStepByteCount() == 0)
        let data = try StepOperands<Scalar>(plan.problem)
        let step = try plan.trainingStep(data.x, data.w)
        #expect(step.byteCount == 0)
        let gradients = try step.gradients(data.dy)
        #expect(step.output == (try plan.forward(data.x, data.w)))
        #expect(gradients.input == (try plan.inputGradient(data.dy, data.w)))
        #expect(gradients.filter == (try plan.filterGradient(data.x, data.dy)))
    }

    private func check(
        _ problem: Problem, _ precision: Precision, _ recipe: any Algorithm, _ step: StepExecution,
        _ family: DataFamily, inInput: Bool, _ findings: inout Findings
    ) throws {
        let text = "\(ProblemText(problem, precision: precision)) \(family)"
        var generator = SeededGenerator(name: text)
        // One operand at a time, so that no result overflows.
        var operands = Operands(problem, .uniform, precision, &generator)
        if inInput {
            operands.x = family.values(problem.inputShape, precision, &generator)
        } else {
            operands.g = family.values(problem.outputShape, precision, &generator)
        }
        let bias = DataFamily.uniform.values([1, 1, problem.filters], precision, &generator)
        let results = try step.run(operands, bias: bias)
        for pass in Pass.allCases {
            let (first, second) = (operands.first(pass), operands.second(pass))
            var exact = Oracle(problem).evaluate(pass, first, second, precision)
            if pass == .forward {
                exact = exact.adding(bias, planeCount: problem.axes.reduce(1) { $0 * $1.output })
            }
            guard case .transforms(let tilings) = step.arithmetic else { continue }
            let windows = tilings.map { pass == .inputGradient ? $0.whole : $0 }
            var bounds = Contract(problem, pass, precision, .transforms(windows)).bounds(
                first, second, exact: exact.high)
            // Results of up to two tiles an axis add up: their norms together are at most √2 times that of both.
            if pass == .inputGradient {
                let many = tilings.count { !$0.coversAxis }
                bounds = bounds.map { $0 * pow(2, Double(many) / 2) }
            }
            let result = pass == .forward ? results.y : pass == .inputGradient ? results.dx : results.dw
            findings.compare(result, exact, within: bounds, text, "\(pass) of \(recipe)")
        }
        // What was kept changes no bit, nor does the number of threads.
        let other = try step.run(operands, bias: bias, scratch: .signallingNaN, dropping: true)
        findings.requireSameBits(other.y, results.y, text, "\(recipe) without spectra, y")
        findings.requireSameBits(other.dx, results.dx, text, "\(recipe) without spectra, dX")
        findings.requireSameBits(other.dw, results.dw, text, "\(recipe) without spectra, dW")
        // More than there are pairs of many groups.
        for threads in [2, 3, 10] {
            let request = PlanRequest(problem: problem, pass: .forward, precision: precision, threads: threads)
            guard case .transforms(let tilings) = recipe.arithmetic,
                let twin = try? TiledFFT(request, tilings: tilings, isDense: (recipe as? TiledFFT)?.isDense ?? false),
                let step = try StepExecution(twin, for: request)
            else {
                findings.add(text, "\(recipe) shares nothing on \(threads) threads")
                continue
            }
            let same = try step.run(operands, bias: bias)
            findings.requireSameBits(same.y, results.y, text, "\(recipe) on \(threads) threads, y")
            findings.requireSameBits(same.dx, results.dx, text, "\(recipe) on \(threads) threads, dX")
            findings.requireSameBits(same.dw, results.dw, text, "\(recipe) on \(threads) threads, dW")
        }
    }

    // MARK: The public calls

    private static let layers = [
        "i40x50_f7x9", "n2c6i20x21_k6f5x5_p2_g6", "n3c5i16x16_k5f3x3_p1_g5", "n2c9i17x13_k10f3x5_p1", "i3000_f90",
        "n2c8i12x12_k12f3x3_p1_g4", "c20i9x9x9_k17f3x3x3_p1", "n1c5i16x16_k5f5x5_p2_g5", "n2c3i30_k4f5_s2_p2_d2",
        "i12x11x10_f3x3x3_p1",
    ]

    @Test(arguments: layers) func outputAndBiasGradientAreThoseOfThePlan(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        let data = try StepOperands<Float>(problem)
        let step = try plan.trainingStep(data.x, data.w, bias: data.bias)
        #expect(step.output.shape == problem.outputShape)
        let gradients = try step.gradients(data.dy)
        #expect(gradients.bias == (try plan.biasGradient(data.dy)))
        #expect(gradients.input.shape == problem.inputShape && gradients.filter.shape == problem.filterShape)
        #expect(try plan.trainingStep(data.x, data.w).gradients(data.dy).bias == nil)
        // Again, and from a step that another one has handed its memory to.
        let again = try step.gradients(data.dy)
        #expect(again.input == gradients.input && again.filter == gradients.filter)
        let next = try plan.trainingStep(data.x, data.w, bias: data.bias)
        #expect(next.output == step.output)
        let other = try next.gradients(data.dy)
        #expect(other.input == gradients.input && other.filter == gradients.filter)
    }

    /// One tile in all passes: then nothing differs.
    @Test(arguments: [
        "n2c6i20x21_k6f9x9_p4_g6", "n2c9i7x6_k10f5x5_p2", "i30_f17", "n3c17i8x8_k17f7x7_p3_g17",
        "n1c6i20x21_k6f9x9_p4_g6", "n5c3i20x21_k3f9x9_p4_g3", "n1c33i20x21_k33f9x9_p4_g33",
    ])
    func oneTileGivesTheBitsOfTheSeparatePasses(_ text: String) throws {
        let problem = try ProblemText(text).problem
        // By whose rates that is so, whatever this machine's are.
        let planner = Planner(machine: Machine(instructionSet: .avx512, kind: .zen4))
        let plan = try planner.plan(for: problem, scalar: Double.self, options: PlanOptions(method: .fft))
        for pass in Pass.allCases { try #require(try plan.algorithm(for: pass).contains("one tile")) }
        let data = try StepOperands<Double>(problem)
        let step = try plan.trainingStep(data.x, data.w)
        #expect(try step.byteCount >= plan.trainingStepByteCount())
        #expect(step.output == (try plan.forward(data.x, data.w)))
        let gradients = try step.gradients(data.dy)
        #expect(gradients.input == (try plan.inputGradient(data.dy, data.w)))
        #expect(gradients.filter == (try plan.filterGradient(data.x, data.dy)))
    }

    /// Channels of a depthwise layer whose norms differ, up to what no transform is shared by, and some that are zero.
    @Test(arguments: ["n1c7i20x21_k7f9x9_p4_g7", "n3c32i9x8_k32f7x7_p3_g32"])
    func unevenChannelsGiveTheBitsOfTheSeparatePasses(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let planner = Planner(machine: Machine(instructionSet: .avx512, kind: .zen4))
        let plan = try planner.plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        for pass in Pass.allCases { try #require(try plan.algorithm(for: pass).contains("one tile")) }
        let data = try StepOperands<Float>(problem)
        func uneven(_ tensor: Tensor<Float>, _ scales: [Float], every count: Int? = nil) throws -> Tensor<Float> {
            let plane = count ?? tensor.shape.dropFirst(2).reduce(1, *)
            let planes = count == nil ? tensor.shape[1] : tensor.shape[0]
            let elements = tensor.elements.enumerated().map { index, value in
                value * scales[index / plane % planes % scales.count]
            }
            return try Tensor(shape: tensor.shape, elements: elements)
        }
        let x = try uneven(data.x, [1, 32, 0, 0x1p-10, 0x1p-25, 0x1p20, 3])
        for scales: [Float] in [[1], [0x1p10, 1], [0, 0, 1], [1, 0x1p-20, 1, 0x1p15]] {
            let dy = try uneven(data.dy, scales)
            // Outputs whose filters differ do not share transforms, but the step still keeps what is theirs.
            for w in [
                data.w, try uneven(data.w, [1, 9, 0.1, 50, 2], every: problem.filterShape.dropFirst().reduce(1, *)),
            ] {
                let step = try plan.trainingStep(x, w)
                #expect(try step.byteCount >= plan.trainingStepByteCount() && step.byteCount > 0)
                #expect(step.output == (try plan.forward(x, w)))
                let gradients = try step.gradients(dy)
                #expect(gradients.input == (try plan.inputGradient(dy, w)))
                #expect(gradients.filter == (try plan.filterGradient(x, dy)))
            }
        }
    }

    @Test(arguments: layers) func withoutBudgetTheSeparatePassesRun(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        let data = try StepOperands<Float>(problem)
        let needed = try plan.trainingStepByteCount()
        for budget in [0, needed - 1] where budget >= 0 {
            let step = try plan.trainingStep(data.x, data.w, memoryBudget: budget)
            #expect(step.byteCount == 0)
            let gradients = try step.gradients(data.dy)
            #expect(step.output == (try plan.forward(data.x, data.w)))
            #expect(gradients.input == (try plan.inputGradient(data.dy, data.w)))
            #expect(gradients.filter == (try plan.filterGradient(data.x, data.dy)))
        }
    }

    @Test(arguments: layers) func operandsTimesAPowerOfTwoGiveTheSameBits(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plan = try Planner().plan(for: problem, scalar: Double.self, options: PlanOptions(method: .fft))
        let (data, large) = (try StepOperands<Double>(problem), try StepOperands<Double>(problem, scale: 0x1p300))
        let step = try plan.trainingStep(data.x, data.w)
        let scaled = try plan.trainingStep(large.x, large.w)
        #expect(scaled.output.elements == step.output.elements.map { $0 * 0x1p300 })
        let gradients = try step.gradients(data.dy)
        let other = try scaled.gradients(large.dy)
        #expect(other.input.elements == gradients.input.elements.map { $0 * 0x1p300 })
        #expect(other.filter.elements == gradients.filter.elements.map { $0 * 0x1p600 })
    }

    /// One NaN or Inf in each operand: the elements it reaches are those of the separate passes, the others stay near.
    @Test(arguments: layers) func nonFiniteSamplesReachWhatTheyReachInTheSeparatePasses(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        let data = try StepOperands<Float>(problem)
        for (operand, value) in [(0, Float.nan), (0, .infinity), (1, .nan), (1, -.infinity), (2, .nan), (2, .infinity)]
        {
            func spoiled(_ tensor: Tensor<Float>, _ index: Int) throws -> Tensor<Float> {
                guard index == operand else { return tensor }
                var elements = tensor.elements
                elements[elements.count / 2] = value
                return try Tensor(shape: tensor.shape, elements: elements)
            }
            let (x, w, dy) = (try spoiled(data.x, 0), try spoiled(data.w, 1), try spoiled(data.dy, 2))
            let step = try plan.trainingStep(x, w)
            let gradients = try step.gradients(dy)
            func agrees(_ one: Tensor<Float>, _ two: Tensor<Float>) -> Bool {
                zip(one.elements, two.elements).allSatisfy { a, b in
                    a.isFinite && b.isFinite ? abs(a - b) < 1e-2 : a == b || a.isNaN && b.isNaN
                }
            }
            #expect(agrees(step.output, try plan.forward(x, w)))
            #expect(agrees(gradients.input, try plan.inputGradient(dy, w)))
            #expect(agrees(gradients.filter, try plan.filterGradient(x, dy)))
        }
    }

    @Test func whatIsWrongIsRefusedByName() throws {
        let problem = try ProblemText("i12x12_f3x3").problem
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        let data = try StepOperands<Float>(problem)
        let step = try plan.trainingStep(data.x, data.w)
        let error = try #require(throws: ConvolutionError.self) { try step.gradients(data.x) }
        #expect(error.kind == .mismatch)
        #expect(throws: ConvolutionError.self) { try plan.trainingStep(data.w, data.w) }
        let forward = try Planner().plan(for: problem, scalar: Float.self, passes: [.forward])
        #expect(throws: ConvolutionError.self) { try forward.trainingStep(data.x, data.w) }
        var options = PlanOptions(method: .fft)
        options.nonFinite = .reject
        let strict = try Planner().plan(for: problem, scalar: Float.self, options: options)
        var elements = data.dy.elements
        elements[3] = .nan
        let spoiled = try Tensor(shape: problem.outputShape, elements: elements)
        let refused = try #require(throws: ConvolutionError.self) {
            try strict.trainingStep(data.x, data.w).gradients(spoiled)
        }
        #expect(refused.kind == .numericPolicy && refused.argument == "output gradient[0,0,0,3]")
    }
}

extension AxisTiling {
    /// The tiling whose windows are the whole axis.
    fileprivate var whole: AxisTiling { AxisTiling(step: step, length: length, coversAxis: true) }
}

/// The operands of a step.
struct StepOperands<Scalar: ConvolutionScalar> {
    let x, w, dy, bias: Tensor<Scalar>

    init(_ problem: Problem, scale: Double = 1) throws {
        var generator = SeededGenerator(seed: 11)
        func tensor(_ shape: [Int], _ scale: Double) throws -> Tensor<Scalar> {
            let values = DataFamily.uniform.values([1, 1] + shape, .float32, &generator)
            return try Tensor(shape: shape, elements: values.map { Scalar($0 * scale) })
        }
        x = try tensor(problem.inputShape, scale)
        w = try tensor(problem.filterShape, 1)
        dy = try tensor(problem.outputShape, scale)
        bias = try tensor(problem.biasShape, 1)
    }
}
