import FFTConvolution
import Testing
import TestSupport

struct ReferenceTests {
    private func run(
        _ text: String, _ pass: Pass, _ precision: Precision, _ first: [Double], _ second: [Double],
        bias: [Double] = []
    ) throws -> [Double] {
        let request = PlanRequest(problem: try ProblemText(text).problem, pass: pass, precision: precision)
        let recipe = Reference.recipes(for: request)[0]
        return try Execution(recipe, for: request).run(first, second, bias: bias)
    }

    // The seed's picture with numbers: X 3×3, W 2×2, so Y and dY are 2×2.
    private let x: [Double] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    private let w: [Double] = [1, -2, 3, 5]
    private let dy: [Double] = [2, -1, 1, 3]

    @Test(arguments: Precision.allCases)
    func forwardOfTheSeedExampleIsRight(_ precision: Precision) throws {
        // 1·1 − 2·2 + 3·4 + 5·5 = 34, and so on, one step to the right or down at a time.
        #expect(try run("i3x3_f2x2", .forward, precision, x, w) == [34, 41, 55, 62])
        #expect(try run("i3x3_f2x2", .forward, precision, x, w, bias: [0.5]) == [34.5, 41.5, 55.5, 62.5])
    }

    @Test(arguments: Precision.allCases)
    func inputGradientOfTheSeedExampleIsRight(_ precision: Precision) throws {
        // Row by row: 2·1 | 2·(−2) − 1·1 | −1·(−2); 2·3 + 1·1 | 2·5 − 1·3 + 1·(−2) + 3·1 | −1·5 + 3·(−2); 1·3 | …
        #expect(try run("i3x3_f2x2", .inputGradient, precision, dy, w) == [2, -5, 2, 7, 8, -11, 3, 14, 15])
    }

    @Test(arguments: Precision.allCases)
    func filterGradientOfTheSeedExampleIsRight(_ precision: Precision) throws {
        // 2·1 − 1·2 + 1·4 + 3·5 = 19; one step to the right or down adds 5 or 15, for the weights' sum is 5.
        #expect(try run("i3x3_f2x2", .filterGradient, precision, x, dy) == [19, 24, 34, 39])
    }

    @Test func strideDilationAndPaddingPickTheRightSamples() throws {
        // Padded: 0 1 2 3 4 5 0; taps at 0 and 2, steps of 2: (0, 2), (2, 4), (4, 0).
        let text = "i5_f2_s2_p1_d2"
        #expect(try run(text, .forward, .float32, [1, 2, 3, 4, 5], [10, 1]) == [2, 24, 40])
        #expect(try run(text, .inputGradient, .float32, [1, 2, 3], [10, 1]) == [0, 21, 0, 32, 0])
        #expect(try run(text, .filterGradient, .float32, [1, 2, 3, 4, 5], [1, 2, 3]) == [16, 10])
    }

    @Test func groupsKeepTheirChannelsToThemselves() throws {
        // Filters 0 and 1 see channel 0 (1 2), filters 2 and 3 see channel 1 (3 5).
        let text = "c2i2_k4f1_g2"
        let y = try run(text, .forward, .float64, [1, 2, 3, 5], [1, 10, 100, 1000])
        #expect(y == [1, 2, 10, 20, 300, 500, 3000, 5000])
        let dx = try run(text, .inputGradient, .float64, [1, 2, 3, 4, 5, 6, 7, 8], [1, 10, 100, 1000])
        #expect(dx == [31, 42, 7500, 8600])
        #expect(try run(text, .filterGradient, .float64, [1, 2, 3, 5], [1, 2, 3, 4, 5, 6, 7, 8]) == [5, 11, 45, 61])
    }

    @Test func anEmptyBatchGivesAnEmptyOutputAndZeroGradients() throws {
        #expect(try run("n0i8_f3", .forward, .float32, [], [1, 2, 3]) == [])
        #expect(try run("n0i8_f3", .inputGradient, .float32, [], [1, 2, 3]) == [])
        #expect(try run("n0i8_f3", .filterGradient, .float32, [], []) == [0, 0, 0])
    }

    @Test func paddingContributesNothingNotEvenNaN() throws {
        // Taps that are NaN or Inf reach only the outputs where they meet a sample: 0 · NaN of padding does not count.
        let nan = Double.nan
        let forward = try run("i3_f3_p2", .forward, .float64, [1, 2, 3], [.infinity, 1, nan])
        #expect(forward[0].isNaN && forward[1].isNaN && forward[2].isNaN)
        #expect(forward[3...] == [.infinity, .infinity])
        let negative = try run("i3_f3_p2", .forward, .float32, [1, 2, -3], [.infinity, 1, 1])
        #expect(negative == [1, 3, .infinity, .infinity, -.infinity])
        let dx = try run("i3_f3_p2:0", .inputGradient, .float32, [nan, 1, 1], [1, 10, 100])
        #expect(dx[0].isNaN && dx[1...] == [110, 100])
        let dw = try run("i2_f3_p2:0", .filterGradient, .float32, [1, 3], [nan, 2])
        #expect(dw[..<2] == [0, 2] && dw[2].isNaN)
    }

    @Test func filtersThatSeeOnlyPaddingGiveZeros() throws {
        let outputs = try run("i1_f1_p2", .forward, .float32, [7], [.nan])
        #expect(outputs[..<2] == [0, 0] && outputs[2].isNaN && outputs[3...] == [0, 0])
        #expect(try run("i1_f3_p1", .filterGradient, .float32, [7], [2]) == [0, 14, 0])
    }

    @Test(arguments: Pass.allCases, Precision.allCases)
    func agreesWithTheOracleUpToOneRounding(_ pass: Pass, _ precision: Precision) throws {
        var findings = Findings()
        for entry in try ProblemList.entries() {
            var generator = SeededGenerator(name: entry.text + "reference")
            let operands = Operands(entry.problem, .unevenChannels, precision, &generator)
            let (first, second) = (operands.first(pass), operands.second(pass))
            let exact = Oracle(entry.problem).evaluate(pass, first, second, precision)
            let bounds = Contract(entry.problem, pass, precision, .wideSums)
                .bounds(first, second, exact: exact.high)
            let text = ProblemText(entry.problem, precision: precision, pass: pass).description
            findings.compare(try run(entry.text, pass, precision, first, second), exact, within: bounds, text, "sum")
        }
        findings.report()
    }

    @Test func sumsInTwiceThePrecision() throws {
        // What plain summation in the operands' precision loses altogether.
        #expect(try run("i3_f3", .forward, .float64, [0x1p60, 1, -0x1p60], [1, 1, 1]) == [1])
        #expect(try run("i3_f3", .forward, .float32, [0x1p30, 1, -0x1p30], [1, 1, 1]) == [1])
        // The product's own rounding error: (1 + ε)² − 1 − 2ε = ε², with ε the last bit.
        let epsilon = 0x1p-52
        let square = try run("i3_f3", .forward, .float64, [1 + epsilon, 1, 2 * epsilon], [1 + epsilon, -1, -1])
        #expect(square == [epsilon * epsilon])
        let gradient = try run(
            "i3_f1", .filterGradient, .float64, [1 + epsilon, 1, 2 * epsilon], [1 + epsilon, -1, -1])
        #expect(gradient == [epsilon * epsilon])
    }

    @Test func anInfiniteSumStaysInfinite() throws {
        // The correction term of double-double arithmetic is NaN here; it must not spread.
        #expect(try run("i3_f3", .forward, .float64, [1e200, 1, 1], [1e200, 1, 1]) == [.infinity])
        #expect(try run("i3_f3", .forward, .float64, [-.infinity, 1, 1], [1, 1, 1]) == [-.infinity])
        #expect(try run("i2_f2", .forward, .float64, [.infinity, -.infinity], [1, 1])[0].isNaN)
        #expect(try run("i2_f2", .forward, .float32, [3e38, 3e38], [1, 1]) == [.infinity])
    }

    @Test func refusesNothingAndSaysWhatItDoes() throws {
        for entry in try ProblemList.entries() {
            let request = PlanRequest(problem: entry.problem, pass: .forward, precision: .float32, memoryLimit: 0)
            let recipes = Reference.recipes(for: request)
            #expect(recipes.count == 1 && recipes[0].workspaceByteCount == 0, "\(entry.text)")
            #expect(recipes[0].arithmetic == .wideSums && recipes[0].predictedTime >= 0, "\(entry.text)")
        }
        let problem = try ProblemText("i8_f3").problem
        let single = Reference.recipes(for: PlanRequest(problem: problem, pass: .forward, precision: .float32))[0]
        let double = Reference.recipes(for: PlanRequest(problem: problem, pass: .forward, precision: .float64))[0]
        #expect(single.description == "direct sums in double precision")
        #expect(double.description == "direct sums in double-double precision")
        // One rounding of the result, and those of its three terms in twice the precision.
        #expect(single.relativeErrorBound == 0x1p-24 + 3 * 0x1p-53)
        #expect(double.relativeErrorBound == 0x1p-53 + 3 * 0x1p-104)
    }

    // A row of so many products is cut into pieces, shared out over threads.

    private static let signal = "i3000_f600_p3"

    @Test(arguments: [1, 3])
    func longRowsAreSummedInPieces(threads: Int) throws {
        let problem = try ProblemText(Self.signal).problem
        for pass in Pass.allCases {
            var generator = SeededGenerator(seed: 11)
            let operands = Operands(problem, .integers, .float32, &generator)
            let request = PlanRequest(problem: problem, pass: pass, precision: .float32, threads: threads)
            let (first, second) = (operands.first(pass), operands.second(pass))
            let exact = Oracle(problem).evaluate(pass, first, second, .float32)
            let result = try Execution(Reference.recipes(for: request)[0], for: request).run(first, second)
            #expect(result == exact.high.map { Double(Float($0)) })
        }
    }

    @Test func aRequestToStopIsSeenInsideARow() throws {
        let problem = try ProblemText(Self.signal).problem
        let plan = try Planner().plan(
            for: problem, scalar: Float.self, passes: [.forward],
            options: PlanOptions(method: .direct, threads: 1, tolerance: 0))
        let control = ExecutionControl()
        control.cancel()
        var y = [Float](repeating: -7, count: problem.outputCount)
        let (x, w) = ([Float](repeating: 1, count: 3000), [Float](repeating: 1, count: 600))
        #expect(throws: ConvolutionError.self) {
            var result = y.mutableSpan
            try plan.forward(
                x.span, w.span, bias: Span(), into: &result, workspace: plan.makeWorkspace(), control: control)
        }
        #expect(y.first == 597 && y.last == -7)
    }
}
