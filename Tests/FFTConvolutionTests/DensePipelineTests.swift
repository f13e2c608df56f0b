@testable import FFTConvolution
import Testing
import TestSupport

/// What sums over channels promise, whatever the blocking.
@Suite struct DensePipelineTests {
    private func dense(_ text: String, _ pass: Pass, tilings: [AxisTiling], memoryLimit: Int = .max, threads: Int = 1)
        throws -> (TiledFFT, PlanRequest)
    {
        let request = PlanRequest(
            problem: try ProblemText(text).problem, pass: pass, precision: .float32, threads: threads,
            memoryLimit: memoryLimit)
        return (try TiledFFT(request, tilings: tilings, isDense: true), request)
    }

    private func tilings(_ step: Int, _ length: Int) -> [AxisTiling] {
        [AxisTiling](repeating: AxisTiling(step: step, length: length, coversAxis: false), count: 2)
    }

    /// Numbers whose magnitude grows by 2^rate from one batch item to the next.
    private func operand(_ shape: [Int], rate: Int) -> [Double] {
        var state: UInt64 = 7
        let item = shape.dropFirst().reduce(1, *)
        return (0..<shape.reduce(1, *)).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let value = Double(Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31)
            return value * Double(sign: .plus, exponent: rate * (index / item), significand: 1)
        }
    }

    @Test(arguments: [Pass.forward, .inputGradient], [0, 9, 14])
    func blocksAndThreadsDecideNoBit(_ pass: Pass, _ rate: Int) throws {
        let text = "n6c10i14x14_k21f3x3_p1"
        let (whole, request) = try dense(text, pass, tilings: tilings(6, 8))
        let shapes = request.problem.operandShapes(pass)
        let (first, second) = (operand(shapes.first, rate: rate), operand(shapes.second, rate: 0))
        let expected = try Execution(whole, for: request).run(first, second)
        for (divisor, threads) in [(1, 3), (2, 1), (3, 2), (6, 1)] {
            let (recipe, request) = try dense(
                text, pass, tilings: tilings(6, 8), memoryLimit: whole.workspaceByteCount / divisor, threads: threads)
            #expect(recipe.description == whole.description)
            let found = try Execution(recipe, for: request).run(first, second)
            let different = zip(found, expected).count { $0 != $1 }
            #expect(different == 0, "\(different) results, memory / \(divisor), \(threads) threads")
        }
    }

    /// The documents say how many additions a term meets; no recipe may need more.
    @Test(arguments: Pass.allCases) func sumsAreNoDeeperThanTheContractSays(_ pass: Pass) throws {
        for text in ["c17i14x14_k33f3x3_p1", "c64i14x14_k70f3x3_p1", "n9c2i20x20_k3f3x3_p1", "n70c3i9x9_k2f3x3_p1"] {
            for isDense in [true, false] {
                let request = PlanRequest(problem: try ProblemText(text).problem, pass: pass, precision: .float32)
                let recipe = try TiledFFT(request, tilings: tilings(6, 8), isDense: isDense)
                let windows = request.problem.axes.reduce(1) {
                    let extent = pass == .inputGradient ? $1.input : $1.denseOutput
                    return $0 * ((extent + 5) / 6)
                }
                let terms =
                    switch pass {
                    case .forward: request.problem.channels
                    case .inputGradient: request.problem.filters
                    case .filterGradient: request.problem.batch * windows
                    }
                let factor = recipe.relativeErrorBound / request.precision.unitRoundoff
                #expect(factor <= 4 * (6 + 1) + Contract.additions(terms), "\(text), \(recipe)")
            }
        }
    }

    /// Spectra of 8 MB and more are asked for bin by bin ahead of the products, those of blocks are not. Of a filter gradient, whose blocks
    /// have other sums, only that nothing outside is asked for.
    @Test(
        arguments: [
            ("n16c64i1000_k64f31", [AxisTiling(step: 226, length: 256, coversAxis: false)]),
            (
                "n4c64i56x56_k64f5x5_p2",
                [AxisTiling](repeating: AxisTiling(step: 28, length: 32, coversAxis: false), count: 2)
            ),
            ("n4c64i24x12x12_k64f3x3x3_p1", [12, 12, 12].map { AxisTiling(step: $0, length: 16, coversAxis: false) }),
        ], Pass.allCases)
    func readingAheadDecidesNoBit(_ what: (text: String, tilings: [AxisTiling]), _ pass: Pass) throws {
        let (whole, request) = try dense(what.text, pass, tilings: what.tilings)
        try #require(whole.dense?.isFar == true)
        let shapes = request.problem.operandShapes(pass)
        let (first, second) = (operand(shapes.first, rate: 0), operand(shapes.second, rate: 0))
        let expected = try Execution(whole, for: request).run(first, second)
        // Blocks of a filter gradient have sums of their own.
        let limit = pass == .filterGradient ? .max : whole.workspaceByteCount / 4
        let (recipe, other) = try dense(what.text, pass, tilings: what.tilings, memoryLimit: limit, threads: 2)
        #expect(pass == .filterGradient || recipe.dense?.isFar == false)
        let found = try Execution(recipe, for: other).run(first, second)
        #expect(zip(found, expected).count { $0 != $1 } == 0)
    }
}
