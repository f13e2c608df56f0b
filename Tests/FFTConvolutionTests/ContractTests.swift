import FFTConvolution
import Testing
import TestSupport

/// The contract is what every other numerical test measures with, so it is itself measured here.
struct ContractTests {
    private func contract(
        _ text: String, _ pass: Pass, step: Int, length: Int, coversAxis: Bool = false
    ) throws -> Contract {
        let problem = try ProblemText(text).problem
        let axis = AxisTiling(step: step, length: length, coversAxis: coversAxis)
        return Contract(problem, pass, .float32, .transforms(problem.axes.map { _ in axis }))
    }

    @Test func countsTheAdditionsOfATwoLevelSum() {
        let expected = [(0, 0), (1, 0), (2, 1), (16, 15), (17, 16), (32, 16), (33, 17), (48, 17), (256, 30), (257, 31)]
        for (terms, additions) in expected { #expect(Contract.additions(terms) == Double(additions), "M = \(terms)") }
    }

    @Test func takesTheNormOfTheInputSamplesOfEachForwardTile() throws {
        // Windows start at −1, 1 and 3 and are 4 long: (9 12 0), (12 0 3 4), (3 4).
        let scales = try contract("i5_f3_p1", .forward, step: 2, length: 4).scales([9, 12, 0, 3, 4], [0, 2, 0])
        #expect(scales == [30, 30, 26, 26, 10])
        // Dense outputs 0, 3 and 6 lie in the windows (3 4), (0 7) and (2).
        let strided = try contract("i7_f1_s3", .forward, step: 2, length: 2).scales([3, 4, 0, 7, 1, 1, 2], [1])
        #expect(strided == [5, 7, 2])
        let whole = try contract("i4_f3_p1", .forward, step: 4, length: 8, coversAxis: true)
        #expect(whole.scales([1, 2, 2, 4], [0, 2, 0]) == [10, 10, 10, 10])
    }

    @Test func takesTheNormOfTheOutputGradientsOfEachInputGradientTile() throws {
        // Output gradients lie at 0 and 2 of the dense grid; the windows −2 ..< 3 and 1 ..< 6 hold both, and the second.
        let scales = try contract("i6_f3_s2", .inputGradient, step: 3, length: 5).scales([3, 4], [0, 0, 2])
        #expect(scales == [10, 10, 10, 8, 8, 8])
    }

    @Test func sumsTheTilesOfTheFilterGradient() throws {
        // Input windows (9 12 0), (12 0 3 4), (3 4) meet output gradients (3 4), (0 2), (7).
        let scales = try contract("i5_f3_p1", .filterGradient, step: 2, length: 4)
            .scales([9, 12, 0, 3, 4], [3, 4, 0, 2, 7])
        #expect(scales == [136, 136, 136])
    }

    @Test func sumsTheChannelsOfAGroup() throws {
        let scales = try contract("c4i1_k2f1_g2", .forward, step: 1, length: 1).scales([3, -4, 1, 2], [2, 5, 7, 11])
        #expect(scales == [26, 29])
        let gradient = try contract("c4i1_k2f1_g2", .inputGradient, step: 1, length: 1).scales([3, 4], [2, 5, 7, 11])
        #expect(gradient == [6, 15, 28, 44])
    }

    @Test func boundsAreTheFormulaOfTheContract() throws {
        let bounds = try contract("i5_f3_p1", .forward, step: 2, length: 4)
            .bounds([9, 12, 0, 3, 4], [0, 2, 0], exact: [18, 24, 0, 6, 8])
        let (u, tiny) = (0x1p-24, 0x1p-149)
        // l = 2 and one channel: 4·(2 + 1) + 0 = 12.
        #expect(bounds == [378 * u + tiny, 384 * u + tiny, 312 * u + tiny, 318 * u + tiny, 128 * u + tiny])
        // A direct sum rounds once; n = 3 products lose 3·2⁻⁵³ of S at most, in the reference and in the oracle.
        let direct = Contract(try ProblemText("i3_f3").problem, .forward, .float32, .wideSums)
            .bounds([1, 2, 2], [0, 2, 0], exact: [4])
        #expect(direct == [6 * 0x1p-53 * 6 + 4 * u + tiny])
    }

    @Test func boundsNearTheLargestDoubleAreFinite() throws {
        let bounds = try contract("i5_f3_p1", .forward, step: 2, length: 4)
            .bounds([9e307, 1.2e308, 0, 3e307, 4e307], [0, 2, 0], exact: [0, 0, 0, 0, 0])
        // The norms of X times 2 are S, which is beyond the range for the first two.
        for (bound, norm) in zip(bounds, [1.5e308, 1.5e308, 1.3e308, 1.3e308, 5e307]) {
            #expect(abs(bound / (24 * 0x1p-24 * norm) - 1) < 0x1p-40)
        }
    }

    /// |y| ≤ S by Cauchy and Schwarz, but only if each window holds every sample that its results depend on.
    @Test(arguments: [1, 2, 5, 16])
    func windowsHoldEverySampleThatTheirResultsDependOn(_ step: Int) throws {
        var findings = Findings()
        for (number, entry) in try ProblemList.entries().enumerated() where number % 2 == 0 {
            var generator = SeededGenerator(name: entry.text)
            let operands = Operands(entry.problem, .uniform, .float32, &generator)
            for pass in Pass.allCases {
                let (first, second) = (operands.first(pass), operands.second(pass))
                let exact = Oracle(entry.problem).evaluate(pass, first, second, .float32).high
                let scales = try contract(entry.text, pass, step: step, length: 1).scales(first, second)
                findings.check(
                    exact.indices.allSatisfy { abs(exact[$0]) <= scales[$0] * (1 + 0x1p-40) }, entry.text,
                    "\(pass.suffix): a result exceeds its scale")
            }
        }
        findings.report()
    }

    /// A wrong result must not pass: one filter tap left out, on the longest transforms that the list's problems need.
    @Test func aMissingTapBreaksTheContract() throws {
        var findings = Findings()
        for entry in try ProblemList.entries() where entry.problem.batch > 0 {
            var generator = SeededGenerator(name: entry.text)
            let operands = Operands(entry.problem, .uniform, .float32, &generator)
            let (first, second) = (operands.first(.forward), operands.second(.forward))
            let exact = Oracle(entry.problem).evaluate(.forward, first, second, .float32).high
            let bounds = try contract(entry.text, .forward, step: 1, length: 8192, coversAxis: true)
                .bounds(first, second, exact: exact)
            let largest = second.indices.max { abs(second[$0]) < abs(second[$1]) } ?? 0
            var lesser = second
            lesser[largest] = 0
            let wrong = Oracle(entry.problem).evaluate(.forward, first, lesser, .float32).high
            // Where all that the tap reads is padding, leaving it out changes nothing.
            let changes = exact.indices.contains { exact[$0] != wrong[$0] }
            let isCaught = exact.indices.contains { abs(exact[$0] - wrong[$0]) > bounds[$0] }
            findings.check(isCaught || !changes, entry.text, "the wrong result passes")
        }
        findings.report()
    }
}
