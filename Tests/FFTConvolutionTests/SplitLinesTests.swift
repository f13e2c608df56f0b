import Testing
import TestSupport

@testable import FFTConvolution

/// Long lines that are transformed as 64 short ones: results stay within the contract, whatever of the line a window has.
struct SplitLinesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let length: Int

        var testDescription: String { "\(text) in \(length)" }

        init(_ text: String, _ length: Int) { (self.text, self.length) = (text, length) }

        func request(_ pass: Pass, _ precision: Precision, threads: Int = 1) throws -> PlanRequest {
            // However small the call, all threads take part.
            var machine = Machine()
            machine.leastShare = 1e-12
            return PlanRequest(
                problem: try ProblemText(text).problem, pass: pass, precision: precision, threads: threads,
                machine: machine)
        }

        /// One tile, if the line is long enough.
        func recipe(_ request: PlanRequest) throws -> TiledFFT {
            let axis = request.problem.axes[0]
            let extent = request.pass == .inputGradient ? axis.input : axis.denseOutput
            let covers = length >= axis.coveringLength
            return try TiledFFT(
                request,
                tilings: [
                    AxisTiling(
                        step: covers ? extent : length - axis.dilatedFilter + 1, length: length, coversAxis: covers)
                ])
        }
    }

    /// One tile and many, of one and of two stretches; a filter as long as the line, and one of which most outputs are kept; stride and
    /// dilation, which leave zeros between samples; padding beyond the filter, and little else; partners that are tiles, items and
    /// channels, and one that is alone; sums over channels, and results that few fields make.
    static let cases = [
        Case("i3000_f73", 3072), Case("i4000_f200", 3072), Case("i3100_f3000", 4096), Case("i20000_f5", 15360),
        Case("n3i3500_f300_s2_p200", 4096), Case("i4000_f40_d20", 5120), Case("i20_f5_p2000", 4096),
        Case("n3c3i3000_k3f9_p4_g3", 3072), Case("n2c2i2000_k3f21", 3072), Case("c3i2500_k1f15_p900:3", 5120),
        Case("i30000_f30_s2", 20480),
    ]

    @Test(arguments: cases, Pass.allCases)
    func staysWithinTheContract(_ test: Case, _ pass: Pass) throws {
        var findings = Findings()
        for precision in Precision.allCases {
            let request = try test.request(pass, precision)
            let recipe = try test.recipe(request)
            #expect(recipe.table.shape.isSplit)
            for family in DataFamily.allCases {
                var generator = SeededGenerator(name: "\(test.text) \(family)")
                // The products of two huge operands are no single-precision numbers.
                let first = Operands(request.problem, family, precision, &generator).first(pass)
                let second = Operands(request.problem, .uniform, precision, &generator).second(pass)
                let exact = Oracle(request.problem).evaluate(pass, first, second, precision)
                let bounds = Contract(request.problem, pass, precision, recipe.arithmetic).bounds(
                    first, second, exact: exact.high)
                let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
                findings.compare(result, exact, within: bounds, test.text, "\(family)")
                for threads in [2, 3] {
                    let request = try test.request(pass, precision, threads: threads)
                    let same = try Execution(try test.recipe(request), for: request).run(first, second)
                    findings.requireSameBits(same, result, test.text, "\(family), \(threads) threads")
                }
            }
        }
        findings.report()
    }

    /// Tiles of dX that overlap and add up, both parts in one element: stored in turns, by one and by workers who share a tile.
    @Test(arguments: [Case("i4000_f200", 3072), Case("i40000_f5", 20480)], Precision.allCases)
    func aTrainingStepIsTheSameForAllThreads(_ test: Case, _ precision: Precision) throws {
        var findings = Findings()
        let request = try test.request(.forward, precision)
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(request.problem, .uniform, precision, &generator)
        let step = try #require(try StepExecution(try test.recipe(request), for: request))
        let results = try step.run(operands)
        for pass in Pass.allCases {
            let (first, second) = (operands.first(pass), operands.second(pass))
            let exact = Oracle(request.problem).evaluate(pass, first, second, precision)
            let recipe = try test.recipe(try test.request(pass, precision))
            let bounds = Contract(request.problem, pass, precision, recipe.arithmetic).bounds(
                first, second, exact: exact.high)
            let result = pass == .forward ? results.y : pass == .inputGradient ? results.dx : results.dw
            // Results of two tiles add up, each within the bound of its own norms.
            findings.compare(
                result, exact, within: bounds.map { $0 * (pass == .inputGradient ? 4 : 1) }, test.text, "\(pass)")
        }
        for threads in [1, 2, 3] {
            let request = try test.request(.forward, precision, threads: threads)
            let twin = try #require(try StepExecution(try test.recipe(request), for: request))
            let same = try twin.run(operands, scratch: .signallingNaN, dropping: threads == 1)
            findings.requireSameBits(same.y, results.y, test.text, "y, \(threads) threads")
            findings.requireSameBits(same.dx, results.dx, test.text, "dX, \(threads) threads")
            findings.requireSameBits(same.dw, results.dw, test.text, "dW, \(threads) threads")
        }
        findings.report()
    }
}
