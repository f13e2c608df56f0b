import Testing
import TestSupport

@testable import FFTConvolution

/// Filter gradients that keep the spectra of few channels, or of few filters.
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
    ]

    private static func recipe(_ test: Case, threads: Int = 1) throws -> (TiledFFT, PlanRequest) {
        let parsed = try ProblemText(test.text)
        let problem = parsed.problem
        var tilings = problem.axes.map {
            AxisTiling(
                step: $0.denseOutput, length: TransformLength.good(atLeast: $0.coveringLength, isDense: false)!,
                coversAxis: true)
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

    /// Where sums stay near, or both sides have many fields, all fields of a pair are taken at once.
    @Test(arguments: [
        "n4i46x46_k16f3x3_dw", "n4c8i46x46_k32f3x3_dw", "n4c16i46x46_k16f3x3_g16_dw", "i46x46_k200f3x3_dw",
    ])
    func othersKeepNone(_ text: String) throws {
        #expect(try !Self.recipe(Case(text: text)).0.layout.keepsSpectra)
    }
}
