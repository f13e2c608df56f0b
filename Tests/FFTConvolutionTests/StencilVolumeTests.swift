import TestSupport
import Testing

@testable import FFTConvolution

/// Stencils whose results share what is packed of the source along the depth: whoever computes which of them, and however many at a
/// time, no bit changes.
@Suite struct StencilVolumeTests {
    private func layout(_ problem: Problem, _ pass: Pass, _ precision: Precision, workers: Int) -> any DirectLayout {
        let geometry = DirectGeometry(problem, pass)
        return pass == .filterGradient
            ? StencilGradientLayout(geometry, precision, workers: workers)
            : StencilLayout(geometry, precision, workers: workers)
    }

    /// Runs of layers of several lengths; layers that only meet padding; taps that are several sums along the depth, and within a
    /// plane; strides and dilations, whose parts take turns; planes so large that single results are packed for, whose fewer layers at the
    /// ends are one sum where all of them are two; several sources and results.
    @Test(
        arguments: [
            "i40x9x10_f3x3x3_psame", "i33x12x7_f5x5x5", "i9x20x37_f7x7x7_psame", "i6x5x5_f3x3x3_p5x1x0",
            "i70x4x5_f40x2x3",
            "i5x16x20_f3x12x13_p1", "i20x11x12_f4x3x3_s2x1x1_p1", "i24x9x9_f5x3x3_p2_d3x1x1", "i21x10x11_f4x3x3_s2_p1",
            "i17x9x12_f3x5x3_s3x2x1_p3_d2x1x1", "i16x9x1100_f15x3x3_p7x1x1", "i5x9x9_f7x5x5_p1x2x2",
            "i9x20x20_f7x5x5_p3x2x4_d1x1x2", "i5x70x1100_f3x3x3_psame", "n2c3i13x8x9_k2f3x3x3_psame",
            "n2c4i11x8x9_k4f5x3x3_g4",
        ], [Precision.float32, .float64])
    func bitsDoNotDependOnWhoComputesThem(_ text: String, _ precision: Precision) throws {
        try expectSameBits(text, precision, layout)
    }

    /// Layers are packed for several results where there is room for them in the second-level cache, and some for every worker; for one
    /// result no more than a sum's.
    @Test func whatIsPackedStaysNear() throws {
        func layout(_ text: String, workers: Int = 1) throws -> StencilLayout {
            StencilLayout(DirectGeometry(try ProblemText(text).problem, .forward), .float32, workers: workers)
        }
        let volume = try layout("i60x60x60_f3x3x3_psame")
        #expect(volume.depthCuts[0].largest > 4)
        #expect(volume.packed.byteCount <= 256 << 10)
        #expect(try layout("i60x60x60_f3x3x3_psame", workers: 2).depthCuts[0].pieces >= 8)
        // Enough bands for many workers.
        let many = try layout("i8x64x64_f9x9x9_psame", workers: 10)
        #expect(many.depthCuts[0].pieces * many.rowCuts[0].pieces >= 40)
        // 14 layers of 9 taps are one sum, of 8 rows at least, those that taps reach and one for zeros, of 1008 elements.
        let deep = try layout("i40x200x1000_f31x3x3_psame")
        #expect(deep.depthCuts[0].largest == 1 && deep.rowCuts[0].largest == 8)
        #expect(deep.packedCount == 14 * 11 * 1008)
        // Planes of which single results are packed have their usual bands.
        #expect(try layout("i1x200x1000_f1x3x3_psame").rowCuts[0].largest > 20)
    }
}

/// The contract, and the same bits for any number of workers, of all passes by a form of direct sums.
func expectSameBits(
    _ text: String, _ precision: Precision,
    _ layout: (Problem, Pass, Precision, _ workers: Int) -> any DirectLayout
) throws {
    let problem = try ProblemText(text).problem
    var findings = Findings()
    for pass in Pass.allCases {
        var generator = SeededGenerator(name: text)
        let operands = Operands(problem, .uniform, precision, &generator)
        let (first, second) = (operands.first(pass), operands.second(pass))
        let exact = Oracle(problem).evaluate(pass, first, second, precision)
        func run(workers: Int) throws -> (result: [Double], roundings: Int) {
            let form = layout(problem, pass, precision, workers)
            let request = PlanRequest(problem: problem, pass: pass, precision: precision, threads: workers)
            let result = try Execution(Direct(request, form), for: request).run(
                first, second, scratch: .signallingNaN)
            return (result, form.roundings)
        }
        let alone = try run(workers: 1)
        let bounds = Contract(problem, pass, precision, .sums(roundings: alone.roundings))
            .bounds(first, second, exact: exact.high)
        findings.compare(alone.result, exact, within: bounds, "\(text)_\(pass.suffix)", "one worker")
        for workers in [2, 5] {
            findings.requireSameBits(
                try run(workers: workers).result, alone.result, "\(text)_\(pass.suffix)", "\(workers) workers")
        }
    }
    findings.report()
}
