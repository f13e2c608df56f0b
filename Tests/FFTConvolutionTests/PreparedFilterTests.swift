import SpectralEngine
import Testing
import TestSupport

@testable import FFTConvolution

/// Problems of every way to run: one picture, an odd depthwise batch, few and many channels, groups, a long signal.
private let problems = [
    "i40x50_f7x9", "i300x300_f31x31_p3", "c4i20x21_k4f5x5_p2_g4", "n3c5i16x16_k5f3x3_p1_g5", "n2c9i17x13_k10f3x5_p1",
    "n2c8i12x12_k12f3x3_p1_g4", "c20i9x9x9_k17f3x3x3_p1", "n2c3i30_k4f5_s2_p2_d2", "i30000_f900",
]

private func values<Scalar: ConvolutionScalar>(_ count: Int, _ seed: UInt64, _: Scalar.Type) -> [Scalar] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Scalar(Double(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31)
    }
}

private func tensors<Scalar: ConvolutionScalar>(
    _ problem: Problem, _ type: Scalar.Type
) throws -> (x: Tensor<Scalar>, w: Tensor<Scalar>, bias: Tensor<Scalar>) {
    (
        try Tensor(shape: problem.inputShape, elements: values(problem.inputCount, 1, type)),
        try Tensor(shape: problem.filterShape, elements: values(problem.filterCount, 2, type)),
        try Tensor(shape: problem.biasShape, elements: values(problem.filters, 3, type))
    )
}

/// Whether two calls with one prepared filter give the bits of a plain call.
private func agrees<Scalar: ConvolutionScalar>(_ problem: Problem, _ options: PlanOptions, _ type: Scalar.Type) throws
    -> Bool
{
    let plan = try Planner().plan(for: problem, scalar: type, passes: [.forward], options: options)
    let (x, w, bias) = try tensors(problem, type)
    let expected = try plan.forward(x, w, bias: bias).elements
    let prepared = try plan.prepare(filter: w)
    return try (0..<2).allSatisfy { _ in try prepared.forward(x, bias: bias).elements == expected }
}

@Suite struct PreparedFilterTests {
    @Test(arguments: problems) func resultsAreThoseOfThePlanBitForBit(_ text: String) throws {
        let problem = try ProblemText(text).problem
        for threads in [1, 2] {
            let options = PlanOptions(method: .fft, threads: .count(threads))
            #expect(try agrees(problem, options, Float.self))
            #expect(try agrees(problem, options, Double.self))
        }
    }

    @Test func aMemoryLimitCutsFiltersIntoBlocks() throws {
        let problem = try ProblemText("c40i14x14_k50f3x3_p1").problem
        let plan = try Planner().plan(
            for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(method: .fft))
        let byteCount = try plan.workspaceByteCount(for: .forward)
        let options = PlanOptions(method: .fft, memoryLimit: byteCount / 2)
        #expect(try agrees(problem, options, Float.self))
    }

    @Test func aFilterOutOfTheOrdinaryIsTakenAsItIs() throws {
        for text in ["i40x50_f7x9", "n2c9i17x13_k10f3x5_p1"] {
            let problem = try ProblemText(text).problem
            let plan = try Planner().plan(
                for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(method: .fft))
            var (x, w, _) = try tensors(problem, Float.self)
            var elements = w.elements
            elements[3] = .infinity
            w = try Tensor(shape: problem.filterShape, elements: elements)
            let prepared = try plan.prepare(filter: w)
            #expect(prepared.byteCount == 0)
            let expected = try plan.forward(x, w).elements
            let found = try prepared.forward(x).elements
            #expect(zip(found, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
        }
    }

    @Test func theDirectMethodHasNothingToMakeReady() throws {
        let problem = try ProblemText("c2i9x9_k3f3x3").problem
        let options = PlanOptions(method: .direct)
        #expect(try agrees(problem, options, Double.self))
        let plan = try Planner().plan(for: problem, scalar: Double.self, options: options)
        #expect(try plan.prepare(filter: tensors(problem, Double.self).w).byteCount == 0)
    }

    @Test func itKnowsItsMemory() throws {
        for text in ["i300x300_f31x31_p3", "n2c9i17x13_k10f3x5_p1"] {
            let problem = try ProblemText(text).problem
            let plan = try Planner().plan(
                for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
            let prepared = try plan.prepare(filter: tensors(problem, Float.self).w)
            #expect(prepared.byteCount > problem.filterCount * 4)
            // Half a spectrum of every filter in a tile of at most twice the extent, filters in whole vectors, and a little
            // beside.
            let points = problem.axes.reduce(1) { $0 * 2 * $1.input }
            let filters = problem.channels * ((problem.filters + 7) / 8 * 8)
            #expect(prepared.byteCount <= filters * points * 8 / 2 + 65536)
        }
    }

    @Test(arguments: ["i1024x1024_f31x31", "c64i56x56_k64f3x3_psame", "n8c256i14x14_k256f3x3_psame", "i30000_f900"])
    func theChoiceLeavesOutTransformsThatAreDoneBefore(_ text: String) throws {
        let problem = try ProblemText(text).problem
        func candidates(_ use: PlanOptions.FilterUse, _ pass: Pass) throws -> [String: Double] {
            let options = PlanOptions(threads: 1, filterUse: use)
            // On a Zen 5 spectra of filters that lie in the last cache take as long to be read as to be made.
            let planner = Planner(machine: Machine(instructionSet: .avx512, kind: .zen4))
            let explanation = try planner.explain(problem, pass: pass, precision: .float32, options: options)
            return Dictionary(
                explanation.candidates.compactMap { candidate in
                    candidate.predictedTime.map { (candidate.algorithm + candidate.recipe, $0) }
                }, uniquingKeysWith: min)
        }
        let (given, prepared) = (try candidates(.given, .forward), try candidates(.prepared, .forward))
        for (name, time) in given {
            guard let less = prepared[name] else { continue }
            #expect(name.hasPrefix("TiledFFT") ? less < time : less == time, "\(name)")
        }
        #expect(try candidates(.given, .inputGradient) == candidates(.prepared, .inputGradient))
    }

    @Test func smallFiltersAreTransformedWhereThatIsDoneBefore() throws {
        // 64 channels, 3 by 3: direct sums take less time than transforms and products, but more than products alone.
        let problem = try ProblemText("c64i56x56_k64f3x3_psame").problem
        let machine = Machine(fastest: ())
        func plan(_ use: PlanOptions.FilterUse) throws -> Plan<Float> {
            try Planner(machine: machine).plan(for: problem, passes: [.forward], options: PlanOptions(filterUse: use))
        }
        let (x, w, _) = try tensors(problem, Float.self)
        #expect(try plan(.given).prepare(filter: w).byteCount == 0)
        let prepared = try plan(.prepared).prepare(filter: w)
        #expect(prepared.byteCount > 0)
        #expect(try prepared.forward(x).elements == plan(.prepared).forward(x, w).elements)
    }

    @Test func measuringTimesFiltersMadeReady() throws {
        let problem = try ProblemText("n2c9i17x13_k10f3x5_p1").problem
        let options = PlanOptions(method: .fft, effort: .measure, filterUse: .prepared)
        #expect(try agrees(problem, options, Float.self))
    }

    @Test func aFilterOfAnotherShapeIsRefused() throws {
        let plan = try Planner().plan(for: try ProblemText("i20x20_f5x5").problem, scalar: Float.self)
        let error = try #require(throws: ConvolutionError.self) {
            try plan.prepare(filter: Tensor(zeros: [1, 1, 5, 4]))
        }
        #expect(error.kind == .mismatch)
    }
}
