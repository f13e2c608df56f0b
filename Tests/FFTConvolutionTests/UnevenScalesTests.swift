import FFTConvolution
import Testing
import TestSupport

/// Planes of one operand that lie as far apart as the type's range lets them: those that share a transform must not reach each other.
struct UnevenScalesTests {
    private static let problems = [
        "c2i64_f9", "c2i24x24_f3x3_p1", "n2i24x20_f3x3", "n3c2i16x9_k3f3x3_p1", "n4i40_f7_p3",
        "n2c4i9x8_k4f3x3_psame_g4",
        "n3c3i9x9_k3f3x3_p1_g3", "n2c2i6x5x6_k2f3x2x3_p1", "n2c9i12x12_k8f3x3_p1", "n5c8i7x7_k8f3x3_psame",
    ]
    private static let draws = 12

    /// Powers of two that planes of the first and of the second operand are multiplied by. Products of doubles stay where the oracle,
    /// a sum of two doubles, loses nothing, and norms do not in the unit of the largest (Contract).
    private func exponents(_ precision: Precision) -> (first: [Int], second: [Int]) {
        precision == .float32
            ? ([-140, -126, -60, 0, 30, 60, 100, 115], [-140, -126, -60, 0, 20])
            : ([-550, -300, 0, 240, 500, 900], [0, 60, 100])
    }

    @Test(arguments: AlgorithmCase.all)
    func planesFarApartStayWithinTheContract(_ test: AlgorithmCase) throws {
        let powers = exponents(test.precision)
        var findings = Findings()
        var drawn = 0
        for text in Self.problems {
            let problem = try ProblemText(text).problem
            let name = ProblemText(problem, precision: test.precision, pass: test.pass).description
            var generator = SeededGenerator(name: name)
            let shapes = problem.operandShapes(test.pass)
            let request = test.request(problem)
            let executions = try test.algorithm.firstRecipes(2, for: request).map { try Execution($0, for: request) }
            let largest = test.precision == .float32 ? 0x1p125 : 0x1p1021
            for draw in 0..<Self.draws {
                // Constant planes too, whose spectra have one large bin.
                let family = draw.isMultiple(of: 2) ? DataFamily.uniform : .constant
                let isSwapped = draw % 4 > 1
                let first = values(
                    family, shapes.first, test.precision, isSwapped ? powers.second : powers.first, &generator)
                let second = values(
                    family, shapes.second, test.precision, isSwapped ? powers.first : powers.second, &generator)
                let exact = Oracle(problem).evaluate(test.pass, first, second, test.precision)
                guard exact.high.allSatisfy({ abs($0) < largest }) else { continue }
                drawn += 1
                for execution in executions {
                    let bounds = Contract(problem, test.pass, test.precision, execution.recipe.arithmetic)
                        .bounds(first, second, exact: exact.high)
                    findings.compare(
                        try execution.run(first, second), exact, within: bounds, name,
                        "draw \(draw), recipe \(execution.recipe)")
                }
            }
        }
        findings.report()
        #expect(drawn > Self.draws * Self.problems.count / 2)
    }

    /// What was found in pairs: a plane whose sums are lost beside one that is not, and partners that only a huge factor balances.
    @Test(arguments: [
        "c2i64x64_f3x3", "n2i64x64_f3x3", "n2c2i32x32_k2f3x3", "c2i64x64_k2f5x5_g2", "n3c2i16x16_k2f5x5_g2",
    ])
    func extremePartnersOfAFilterGradientLeaveEachOtherAlone(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let request = PlanRequest(problem: problem, pass: .filterGradient, precision: .float32)
        let inputs = problem.batch * problem.channels
        let outputs = problem.batch * problem.filters
        var findings = Findings()
        for (x, g): ([Float], [Float]) in [
            ([1, 0x1p-146], [1, 1]), ([1e30, 1e-12], [1, 1]), ([1, 1], [1.2e-38, 5e33]), ([5e33, 1.2e-38], [1, 1]),
            // Unscaled, and as far apart as they may be, in both.
            ([1, 3.9], [1, 3.9]), ([3.9, 1], [1, 3.9]),
        ] {
            func planes(_ values: [Float], _ planes: Int, _ shape: [Int]) -> [Double] {
                let size = shape.dropFirst(2).reduce(1, *)
                return (0..<planes * size).map { Double(values[$0 / size * 2 / planes]) }
            }
            let (first, second) = (planes(x, inputs, problem.inputShape), planes(g, outputs, problem.outputShape))
            let exact = Oracle(problem).evaluate(.filterGradient, first, second, .float32)
            for recipe in TiledFFT.firstRecipes(4, for: request) {
                let bounds = Contract(problem, .filterGradient, .float32, recipe.arithmetic)
                    .bounds(first, second, exact: exact.high)
                findings.compare(
                    try Execution(recipe, for: request).run(first, second), exact, within: bounds, text,
                    "x \(x), dy \(g), recipe \(recipe)")
            }
        }
        findings.report()
    }

    /// Sums beyond the range, and biases that bring them back, down to the least that does; an infinite one.
    @Test func aLargeBiasIsRoundedWithItsSum() throws {
        let largest = Double(Float.greatestFiniteMagnitude)
        let halfUlp = Double(Float.greatestFiniteMagnitude.ulp) / 2
        var findings = Findings()
        for text in ["i2_f2", "c2i12x12_k9f3x3_p1", "n2i20x20_f4x4", "c4i9x9_k4f3x3_g2"] {
            let problem = try ProblemText(text).problem
            let request = PlanRequest(problem: problem, pass: .forward, precision: .float32)
            let terms = Double(problem.channelsPerGroup * problem.axes.reduce(1) { $0 * $1.filter })
            for recipe in Registry.all.flatMap({ $0.firstRecipes(3, for: request) }) {
                let execution = try Execution(recipe, for: request)
                for (sum, bias) in [
                    (largest * (1 + 0x1p-20), -largest * 0x1p-19), (largest * 1.25, -largest), (1, largest),
                    (largest + halfUlp, -halfUlp), (-largest * 1.5, .infinity), (largest * 1.5, -.infinity),
                ] {
                    let x = Double(Float(sum / terms))
                    let first = [Double](repeating: x, count: problem.inputCount)
                    let second = [Double](repeating: 1, count: problem.filterCount)
                    // Other planes keep theirs.
                    let biases = (0..<problem.filters).map { $0 == 0 ? Double(Float(bias)) : 0 }
                    let size = problem.axes.reduce(1) { $0 * $1.output }
                    let exact = Oracle(problem).evaluate(.forward, first, second, .float32)
                        .adding(biases, planeCount: size)
                    let bounds = Contract(problem, .forward, .float32, recipe.arithmetic)
                        .bounds(first, second, exact: exact.high)
                    let result = try execution.run(first, second, bias: biases)
                    let planes = problem.filters * size
                    let isRight = result.indices.allSatisfy { index in
                        guard index % planes < size else { return true }
                        let expected = Double(Float(exact.high[index]))
                        return expected.isInfinite
                            ? result[index] == expected : abs(result[index] - exact.high[index]) <= bounds[index]
                    }
                    findings.check(isRight, text, "\(recipe): \(result[0]) with \(bias), not \(exact.high[0])")
                }
            }
        }
        findings.report()
    }

    /// Each plane times a power of two of its own.
    private func values(
        _ family: DataFamily, _ shape: [Int], _ precision: Precision, _ exponents: [Int],
        _ generator: inout SeededGenerator
    ) -> [Double] {
        var values = family.values(shape, precision, &generator)
        let plane = shape.dropFirst(2).reduce(1, *)
        for start in stride(from: 0, to: values.count, by: max(plane, 1)) {
            let power = Double(sign: .plus, exponent: exponents[generator.index(exponents.count)], significand: 1)
            for index in start..<start + plane {
                let value = values[index] * power
                values[index] = precision == .float32 ? Double(Float(value)) : value
            }
        }
        return values
    }
}
