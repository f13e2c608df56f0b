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
    @Test(arguments: ["c2i64x64_f3x3", "n2i64x64_f3x3", "n2c2i32x32_k2f3x3"])
    func extremePartnersOfAFilterGradientLeaveEachOtherAlone(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let request = PlanRequest(problem: problem, pass: .filterGradient, precision: .float32)
        let inputs = problem.batch * problem.channels
        let outputs = problem.batch * problem.filters
        var findings = Findings()
        for (x, g): ([Float], [Float]) in [
            ([1, 0x1p-146], [1, 1]), ([1e30, 1e-12], [1, 1]), ([1, 1], [1.2e-38, 5e33]), ([5e33, 1.2e-38], [1, 1]),
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

    /// A sum beyond the range, and a bias that brings it back; in f64, where nothing is wider, the largest bias alone.
    @Test(arguments: Precision.allCases) func aLargeBiasIsRoundedWithItsSum(_ precision: Precision) throws {
        let largest = precision == .float32 ? Double(Float.greatestFiniteMagnitude) : Double.greatestFiniteMagnitude
        let tiny = precision == .float32 ? 0x1p-20 : 0x1p-40
        var findings = Findings()
        for text in ["i2_f2", "c2i12x12_k9f3x3_p1"] {
            let problem = try ProblemText(text).problem
            let request = PlanRequest(problem: problem, pass: .forward, precision: precision)
            let terms = Double(problem.channels * problem.axes.reduce(1) { $0 * $1.filter })
            let count = problem.outputCount / problem.filters
            let cases = precision == .float32 ? [(largest / terms * (1 + tiny), -largest * 2 * tiny)] : []
            for algorithm in Registry.all {
                for recipe in algorithm.firstRecipes(3, for: request) {
                    for (x, bias) in cases + [(1, largest)] {
                        let first = [Double](repeating: x, count: problem.inputCount)
                        let second = [Double](repeating: 1, count: problem.filterCount)
                        let result = try Execution(recipe, for: request).run(
                            first, second, bias: [Double](repeating: bias, count: problem.filters))
                        findings.check(
                            result.allSatisfy(\.isFinite), text, "\(recipe): \(result[count / 2]) with \(bias)")
                    }
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
