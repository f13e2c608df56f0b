import SpectralEngine
import Testing
import TestSupport

@testable import FFTConvolution

/// Filter gradients that keep the spectra of their channels, or of their filters.
struct KeptSpectraTests {
    struct Case: CustomStringConvertible {
        let text: String
        /// Step and length along the first axis, if its tiles are not one.
        var tiles: (step: Int, length: Int, rolls: Bool)?

        var description: String { text }
    }

    static let cases = [
        Case(text: "n4i46x46_k128f3x3_dw"), Case(text: "n5c128i46x46_k1f3x3_dw"), Case(text: "n3c2i46x46_k96f3x3_dw"),
        Case(text: "n4c96i46x46_k2f3x4_s2_psame_dw"), Case(text: "n4c2i46x46_k128f3x3_g2_f64_dw"),
        Case(text: "n4i14x14x14_k100f3x3x3_dw"), Case(text: "n2c1i3000_k180f9_dw", tiles: (1500, 1536, false)),
        Case(text: "n2i250x46_k128f5x5_dw", tiles: (56, 64, true)),
        Case(text: "n3c128i250x46_k1f5x5_dw", tiles: (56, 64, true)), Case(text: "n4i46x46_k64f3x3_f64_dw"),
        // Chunks that fields join, some at a time; fields enough to share, and so few that chunks are shared too.
        Case(text: "n40c16i30x30_k16f3x3_dw"), Case(text: "n33c3i126x126_k17f3x3_dw"),
        Case(text: "n20c16i30x30_k16f3x3_dw"), Case(text: "n9c4i120x60_k4f5x5_dw"),
        Case(text: "n9c2i250x46_k6f5x5_dw", tiles: (56, 64, true)),
    ]

    private static func recipe(_ test: Case, threads: Int = 1) throws -> (TiledFFT, PlanRequest) {
        let parsed = try ProblemText(test.text)
        let problem = parsed.problem
        var tilings = try problem.axes.map { axis in
            let length = try #require(TransformLength.good(atLeast: axis.coveringLength, isDense: false))
            return AxisTiling(step: axis.denseOutput, length: length, coversAxis: true)
        }
        if let tiles = test.tiles {
            tilings[0] = AxisTiling(step: tiles.step, length: tiles.length, coversAxis: false, rolls: tiles.rolls)
        }
        let request = PlanRequest(
            problem: problem, pass: .filterGradient, precision: parsed.precision, threads: threads,
            memoryLimit: .max)
        return (try TiledFFT(request, tilings: tilings), request)
    }

    /// Uniform data; the same with items that have a partner of zeros, whose products no transform can share, and with NaN and Inf.
    enum Data: CaseIterable { case uniform, lopsided, nonFinite }

    @Test(arguments: cases, Data.allCases) func theyAreWhatDirectSumsGive(_ test: Case, _ data: Data) throws {
        let (recipe, request) = try Self.recipe(test)
        #expect(recipe.layout.keepsSpectra, "\(recipe)")
        #expect(test.tiles?.rolls != true || recipe.table.roll != nil)
        let problem = request.problem
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(problem, .uniform, request.precision, &generator)
        var (x, dy) = (operands.first(.filterGradient), operands.second(.filterGradient))
        switch data {
        case .uniform: break
        case .lopsided:
            let (items, outputs) = (x.count / problem.batch, dy.count / problem.batch)
            for index in 0..<items { x[index] = 0 }
            for item in 1..<problem.batch { for index in 0..<outputs { dy[item * outputs + index] *= 0x1p-12 } }
        case .nonFinite:
            x[x.count / 3] = .nan
            dy[dy.count / 5] = .infinity
        }
        let exact = try Execution(Reference.recipes(for: request)[0], for: request).run(x, dy)
        let result = try Execution(recipe, for: request).run(x, dy)
        if data == .nonFinite {
            #expect(zip(result, exact).allSatisfy { $0.isFinite == $1.isFinite && $0.isNaN == $1.isNaN })
        } else {
            let bounds = Contract(problem, .filterGradient, request.precision, recipe.arithmetic)
                .bounds(x, dy, exact: exact)
            let error = result.indices.reduce(0.0) { max($0, abs(result[$1] - exact[$1]) / bounds[$1]) }
            #expect(error <= 1, "\(recipe): \(error)")
        }
        let (other, shared) = try Self.recipe(test, threads: 2)
        let same = try Execution(other, for: shared).run(x, dy, scratch: .signallingNaN)
        #expect(zip(same, result).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN })
    }

    /// What a memory limit leaves: sections of the many fields, the last of them smaller, or no spectra that are kept.
    @Test(arguments: ["n4c18i30x30_k18f3x3_f64_dw", "n4c3i46x46_k29f3x3_f64_dw", "n40c16i30x30_k17f3x3_f64_dw"])
    func limitsChangeNothing(_ text: String) throws {
        let (recipe, request) = try Self.recipe(Case(text: text))
        #expect(recipe.layout.keepsSpectra)
        var generator = SeededGenerator(name: text)
        let operands = Operands(request.problem, .uniform, request.precision, &generator)
        let (x, dy) = (operands.first(.filterGradient), operands.second(.filterGradient))
        let expected = try Execution(recipe, for: request).run(x, dy)
        var layouts: Set<SpectralLayout> = []
        for part in stride(from: 95, to: 5, by: -6) {
            var limited = request
            limited.memoryLimit = recipe.memoryByteCount * part / 100
            let smaller = try TiledFFT(limited, tilings: recipe.tilings)
            guard smaller.memoryByteCount <= limited.memoryLimit else { continue }
            layouts.insert(smaller.layout)
            let result = try Execution(smaller, for: limited).run(x, dy, scratch: .signallingNaN)
            #expect(isNear(result, expected), "\(part) %, \(smaller.layout.sectioning)")
        }
        #expect(layouts.count > 2)
        // Without what is kept, where that is much, there is room for all fields.
        let isMuch = 8 * recipe.layout.keptSpectra.byteCount > recipe.layout.byteCount
        #expect(!isMuch || layouts.contains { !$0.keepsSpectra && $0.sectioning == Sectioning(request.problem) })
    }

    /// Where sums stay near, or both sides have few fields, all fields of a pair are taken at once.
    @Test(arguments: [
        "n4i46x46_k8f3x3_dw", "n4c3i110x110_k3f3x3_dw", "n4c16i46x46_k16f3x3_g16_dw", "i46x46_k200f3x3_dw",
    ])
    func othersKeepNone(_ text: String) throws {
        #expect(try !Self.recipe(Case(text: text)).0.layout.keepsSpectra)
    }

    /// Where norms are beyond comfort the sums are made the other way: the same bits, whether partners are alike or not.
    @Test(arguments: ["n4i46x46_k128f3x3_dw", "n5c128i46x46_k1f3x3_dw"], [1.0, 0x1p-4])
    func operandsTimesAPowerOfTwoGiveTheSameBits(_ text: String, _ factor: Double) throws {
        let (recipe, request) = try Self.recipe(Case(text: text))
        var generator = SeededGenerator(name: text)
        let operands = Operands(request.problem, .uniform, request.precision, &generator)
        let x = operands.first(.filterGradient)
        let items = operands.second(.filterGradient).count / request.problem.batch
        let dy = operands.second(.filterGradient).enumerated().map { $1 * ($0 / items == 1 ? factor : 1) }
        let execution = try Execution(recipe, for: request)
        let result = try execution.run(x, dy)
        let scaled = try execution.run(x.map { $0 * 0x1p40 }, dy)
        #expect(zip(result, scaled).allSatisfy { ($0 * 0x1p40).bitPattern == $1.bitPattern })
    }

    /// Gradients of a training step whose pairs of rows come in waves, where the forward pass could keep nothing.
    @Test func wavesOfPairsNeedNoForwardSpectra() throws {
        let problem = try Problem(input: [1, 1, 140, 140], filter: [64, 1, 5, 5])
        let tilings = [AxisTiling](repeating: AxisTiling(step: 60, length: 64, coversAxis: false), count: 2)
        let (dw, _, alone) = try stepGradients(problem, tilings, sharing: false) { x in x[100] = .nan }
        #expect(isNear(dw.filter(\.isFinite), zip(alone, dw).filter(\.1.isFinite).map(\.0)))
        #expect(zip(dw, alone).allSatisfy { $0.isNaN == $1.isNaN })
        let (finite, _, expected) = try stepGradients(problem, tilings, sharing: false) { _ in }
        #expect(isNear(finite, expected))
    }

    /// Pairs of zeros after others, whose spectra nothing makes.
    @Test(arguments: [[8, 2, 12, 12], [8, 1, 12, 12]]) func stepsKeepSpectraOfZeros(_ input: [Int]) throws {
        let groups = input[1]
        let problem = try Problem(input: input, filter: [groups, 1, 3, 3], padding: .same, groups: groups)
        let tilings = [AxisTiling](repeating: AxisTiling(step: 12, length: 16, coversAxis: true), count: 2)
        let (dw, isShared, alone) = try stepGradients(problem, tilings, sharing: true) { x in
            for index in x.count / 4..<x.count / 2 { x[index] = 0 }
        }
        #expect(isShared && isNear(dw, alone))
    }

    private func isNear(_ result: [Double], _ expected: [Double]) -> Bool {
        let largest = expected.reduce(0) { max($0, abs($1)) }
        return zip(result, expected).allSatisfy { abs($0 - $1) <= 1e-12 * largest }
    }

    /// dW of a training step, whether it shares spectra, and dW by itself.
    private func stepGradients(
        _ problem: Problem, _ tilings: [AxisTiling], sharing: Bool, _ change: (inout [Double]) -> Void
    ) throws -> (dw: [Double], isShared: Bool, alone: [Double]) {
        func request(_ pass: Pass) -> PlanRequest {
            PlanRequest(problem: problem, pass: pass, precision: .float64, threads: 1, memoryLimit: .max)
        }
        let recipe = try TiledFFT(request(.forward), tilings: tilings)
        let step = try #require(try SpectralStep<Double>(recipe))
        var generator = SeededGenerator(name: "\(problem)")
        let operands = Operands(problem, .uniform, .float64, &generator)
        var x = operands.first(.forward)
        let w = operands.second(.forward)
        change(&x)
        let dy = operands.first(.inputGradient)
        var (y, dx, dw) = (dy, x, w)
        let memory = try [step.workspaceByteCount, step.keptByteCount].map { try AlignedBuffer(byteCount: $0) }
        // Signalling NaN.
        for buffer in memory { buffer.fill(with: 0x7ff4_0000_0000_0000) }
        let isShared = try run(step, x, w, dy, &y, &dx, &dw, memory, sharing)
        let gradient = try TiledFFT(request(.filterGradient), tilings: tilings)
        return (dw, isShared, try Execution(gradient, for: request(.filterGradient)).run(x, dy))
    }

    private func run(
        _ step: SpectralStep<Double>, _ x: [Double], _ w: [Double], _ dy: [Double], _ y: inout [Double],
        _ dx: inout [Double], _ dw: inout [Double], _ memory: [AlignedBuffer], _ sharing: Bool
    ) throws -> Bool {
        var ySpan = y.mutableSpan
        var dxSpan = dx.mutableSpan
        var dwSpan = dw.mutableSpan
        return try memory[0].withSharedRegion(of: UInt8.self) { scratch in
            try memory[1].withSharedRegion(of: UInt8.self) { kept in
                var isShared = false
                try ySpan.withSharedRegion {
                    isShared = try step.forward(
                        x.span, w.span, bias: Span(), into: $0, kept: kept, scratch: scratch, control: nil)
                }
                try dxSpan.withSharedRegion { dx in
                    try dwSpan.withSharedRegion { dw in
                        try step.gradients(
                            x.span, w.span, dy.span, kept: sharing && isShared ? kept : nil, into: dx, dw,
                            scratch: scratch, control: nil)
                    }
                }
                return isShared
            }
        }
    }
}
