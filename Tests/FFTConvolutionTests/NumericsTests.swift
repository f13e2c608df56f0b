import FFTConvolution
import Testing
import TestSupport

/// The numerical contract on data chosen to break it.
struct NumericsTests {
    private static let recipeCount = 2

    /// One and more tiles, one to three axes, channels, groups, stride, dilation; small, since they run often.
    private static let problems = [
        "i37_f5_p2", "i200_f9", "i31_f31_pfull", "i16x13_f3x4_p1", "i21x17_f5x5_psame", "n3c2i8x8_k2f3x3_p1",
        "c18i5x5_k2f3x3_p1", "c4i9x9_k4f3x3_p1_g4", "i15x11_f3x2_s2x1", "c2i11x11_k2f3x3_p2_d2_g2",
        "n2c2i5x6x4_k2f3x2x3_p1", "n2c3i24_k3f4_s3_p0:4",
    ]

    private func entries(_ texts: [String] = problems) throws -> [ProblemList.Entry] {
        try texts.map { try ProblemList.Entry($0) }
    }

    private func executions(_ test: AlgorithmCase, _ problem: Problem) throws -> [Execution] {
        let request = test.request(problem)
        return try test.algorithm.firstRecipes(Self.recipeCount, for: request).map { try Execution($0, for: request) }
    }

    private func contract(_ test: AlgorithmCase, _ problem: Problem, _ execution: Execution) -> Contract {
        Contract(problem, test.pass, test.precision, execution.recipe.arithmetic)
    }

    @Test(arguments: AlgorithmCase.all)
    func adversarialDataStayWithinTheContract(_ test: AlgorithmCase) throws {
        var findings = Findings()
        for entry in try entries() {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let oracle = Oracle(entry.problem)
            let shapes = entry.problem.operandShapes(test.pass)
            let executions = try executions(test, entry.problem)
            for family in DataFamily.allCases {
                var pairs: [(DataFamily, DataFamily)] = [(family, .uniform), (.uniform, family), (family, family)]
                // The square of 10³⁰ is beyond Float, and with it the true result.
                if family == .hugeTile { pairs.removeLast() }
                for (one, two) in pairs {
                    let first = one.values(shapes.first, test.precision, &generator)
                    let second = two.values(shapes.second, test.precision, &generator)
                    let exact = oracle.evaluate(test.pass, first, second, test.precision)
                    for execution in executions {
                        let bounds = contract(test, entry.problem, execution).bounds(first, second, exact: exact.high)
                        findings.compare(
                            try execution.run(first, second), exact, within: bounds, text,
                            "\(one) with \(two), recipe \(execution.recipe)")
                    }
                }
            }
        }
        findings.report()
    }

    @Test(arguments: AlgorithmCase.all)
    func scalingByPowersOfTwoScalesTheResultBitByBit(_ test: AlgorithmCase) throws {
        let exponents =
            test.precision == .float32
            ? [(100, 0), (-100, 0), (0, 100), (0, -100), (100, -100), (60, 60), (-50, -50), (37, -1), (90, 40)]
            : [(900, 0), (-900, 0), (0, 900), (0, -900), (900, -900), (450, 450), (-450, -450), (37, -1)]
        var findings = Findings()
        for entry in try entries() {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, test.precision, &generator)
            let (first, second) = (operands.first(test.pass), operands.second(test.pass))
            for execution in try executions(test, entry.problem) {
                let base = try execution.run(first, second)
                for (one, two) in exponents {
                    let scaled = try execution.run(scaled(first, by: one), scaled(second, by: two))
                    let what = "operands times 2^\(one) and 2^\(two), recipe \(execution.recipe)"
                    for index in base.indices {
                        let expected = base[index] * power(one) * power(two)
                        findings.check(
                            isScaled(scaled[index], expected, test.precision), text,
                            "\(what): element \(index) is \(scaled[index]), not \(expected)")
                    }
                }
            }
        }
        findings.report()
    }

    private func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }

    private func scaled(_ values: [Double], by exponent: Int) -> [Double] { values.map { $0 * power(exponent) } }

    /// Equal bits; below the normal range one more rounding, above it infinity.
    private func isScaled(_ value: Double, _ expected: Double, _ precision: Precision) -> Bool {
        if precision == .float64 { return value == expected }
        if abs(expected) < 0x1p-126 { return abs(value - expected) <= 0x1p-149 }
        return value == Double(Float(expected))
    }

    @Test(arguments: AlgorithmCase.all)
    func nonFiniteValuesReachJustTheResultsOfDirectSums(_ test: AlgorithmCase) throws {
        let texts = [
            "i60_f5_p2", "i14x9_f3x4_p1", "n3c2i6x6_k2f3x3_p2", "c4i8x8_k4f3x3_psame_g2",
            "i13x10_f3x2_s2x1_p1:0x0:2", "n2i5x5x4_f2x3x2_d1x2x1",
        ]
        let placementsPerProblem = 50
        var findings = Findings()
        for entry in try entries(texts) {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let oracle = Oracle(entry.problem)
            let executions = try executions(test, entry.problem)
            for placement in 0..<placementsPerProblem * 2 {
                let operands = Operands(entry.problem, .uniform, test.precision, &generator)
                var (first, second) = (operands.first(test.pass), operands.second(test.pass))
                // Zeros too: 0 · Inf is NaN.
                for _ in 0..<3 {
                    first[generator.index(first.count)] = 0
                    second[generator.index(second.count)] = 0
                }
                let (finiteFirst, finiteSecond): ([Double], [Double])
                if placement % 2 == 0 {
                    let places = spoil(&first, &generator)
                    (finiteFirst, finiteSecond) = (zeroing(first, at: places), second)
                } else {
                    let places = spoil(&second, &generator)
                    (finiteFirst, finiteSecond) = (first, zeroing(second, at: places))
                }
                let exact = oracle.evaluate(test.pass, first, second, test.precision)
                for execution in executions {
                    let result = try execution.run(first, second)
                    let bounds = contract(test, entry.problem, execution)
                        .bounds(finiteFirst, finiteSecond, exact: exact.high)
                    findings.check(
                        result.indices.allSatisfy { isContained(result[$0], exact, bounds[$0], at: $0) }, text,
                        "placement \(placement), recipe \(execution.recipe)")
                }
            }
        }
        findings.report()
    }

    /// Puts one to three of NaN, +Inf and −Inf at random places, often the first or the last.
    private func spoil(_ values: inout [Double], _ generator: inout SeededGenerator) -> [Int] {
        let places = (0...generator.index(3)).map { _ in
            [0, values.count - 1, generator.index(values.count), generator.index(values.count)][generator.index(4)]
        }
        for place in places { values[place] = [.nan, .infinity, -.infinity][generator.index(3)] }
        return places
    }

    private func zeroing(_ values: [Double], at places: [Int]) -> [Double] {
        var values = values
        for place in places { values[place] = 0 }
        return values
    }

    private func isContained(_ value: Double, _ exact: ExactValues, _ bound: Double, at index: Int) -> Bool {
        let expected = exact.high[index]
        if expected.isNaN { return value.isNaN }
        if expected.isInfinite { return value == expected }
        return exact.distance(value, at: index) <= bound
    }

    @Test(arguments: AlgorithmCase.all)
    func oneNaNInTheMiddleIsContainedOnEveryProblem(_ test: AlgorithmCase) throws {
        var findings = Findings()
        for (number, entry) in try ProblemList.entries().enumerated() where number % 3 == 0 {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, test.precision, &generator)
            var first = operands.first(test.pass)
            let second = operands.second(test.pass)
            if first.isEmpty { continue }
            let place = first.count / 2
            first[place] = .nan
            let exact = Oracle(entry.problem).evaluate(test.pass, first, second, test.precision)
            let finite = zeroing(first, at: [place])
            for execution in try executions(test, entry.problem) {
                let result = try execution.run(first, second)
                let bounds = contract(test, entry.problem, execution).bounds(finite, second, exact: exact.high)
                findings.check(
                    result.indices.allSatisfy { isContained(result[$0], exact, bounds[$0], at: $0) }, text,
                    "recipe \(execution.recipe)")
            }
        }
        findings.report()
    }

    @Test(arguments: AlgorithmCase.all)
    func nonNegativeInputsGiveNonNegativeResults(_ test: AlgorithmCase) throws {
        var findings = Findings()
        for (number, entry) in try ProblemList.entries().enumerated() where number % 2 == 0 {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .positive, test.precision, &generator)
            // Half of each operand is zero, in runs, so that many exact results are 0 and rounding would show its sign.
            let first = operands.first(test.pass).enumerated().map { $0.offset / 7 % 2 == 0 ? 0 : $0.element }
            let second = operands.second(test.pass).enumerated().map { $0.offset / 2 % 2 == 0 ? $0.element : 0 }
            for execution in try executions(test, entry.problem) {
                let result = try execution.run(first, second)
                findings.check(
                    result.allSatisfy { $0 >= 0 }, text,
                    "\(result.min() ?? 0) is negative, recipe \(execution.recipe)")
            }
        }
        findings.report()
    }

    @Test(arguments: AlgorithmCase.all)
    func zeroPlanesGiveExactZeros(_ test: AlgorithmCase) throws {
        var findings = Findings()
        var zeroCount = 0
        for entry in try entries() {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, test.precision, &generator)
            let shapes = entry.problem.operandShapes(test.pass)
            let halves: [([Double], [Double])] = [
                (zeroingFirstItem(operands.first(test.pass), shapes.first), operands.second(test.pass)),
                (operands.first(test.pass), zeroingFirstItem(operands.second(test.pass), shapes.second)),
                (zeroingFirstChannel(operands.first(test.pass), shapes.first), operands.second(test.pass)),
                (operands.first(test.pass), zeroingFirstChannel(operands.second(test.pass), shapes.second)),
            ]
            for (first, second) in halves {
                // Where the scale is zero, every product is.
                let scales = Contract(entry.problem, test.pass, test.precision, .wideSums).scales(first, second)
                zeroCount += scales.count { $0 == 0 }
                for execution in try executions(test, entry.problem) {
                    let result = try execution.run(first, second)
                    findings.check(
                        result.indices.allSatisfy { scales[$0] > 0 || result[$0] == 0 }, text,
                        "a plane of zeros does not give zeros, recipe \(execution.recipe)")
                }
            }
        }
        findings.report()
        #expect(zeroCount > 1000, "too few results are zero to prove anything")
    }

    private func zeroingFirstItem(_ values: [Double], _ shape: [Int]) -> [Double] {
        let item = shape.dropFirst().reduce(1, *)
        return values.enumerated().map { $0.offset < item ? 0 : $0.element }
    }

    private func zeroingFirstChannel(_ values: [Double], _ shape: [Int]) -> [Double] {
        let plane = shape.dropFirst(2).reduce(1, *)
        return values.enumerated().map { $0.offset / plane % shape[1] == 0 ? 0 : $0.element }
    }

    @Test(arguments: AlgorithmCase.all)
    func largeFiniteResultsDoNotOverflowOnTheWay(_ test: AlgorithmCase) throws {
        let constants =
            test.precision == .float32
            ? [(1e30, 1.0), (1, 1e30), (1e37, 1e-3), (1e-30, 1e30), (1e18, 1e17), (3e38, 1e-10), (1e-38, 1e-3)]
            : [(1e300, 1.0), (1, 1e300), (1e307, 1e-3), (1e-300, 1e300), (1e150, 1e152), (1.7e308, 1e-10)]
        let largest = test.precision == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
        var findings = Findings()
        for entry in try entries() {
            let text = test.text(entry)
            let shapes = entry.problem.operandShapes(test.pass)
            for (one, two) in constants {
                let values = test.precision == .float32 ? (Double(Float(one)), Double(Float(two))) : (one, two)
                let first = [Double](repeating: values.0, count: shapes.first.reduce(1, *))
                let second = [Double](repeating: values.1, count: shapes.second.reduce(1, *))
                let exact = Oracle(entry.problem).evaluate(test.pass, first, second, test.precision)
                let isFinite = exact.high.allSatisfy { abs($0) <= largest }
                findings.check(isFinite, text, "\(one) with \(two) is beyond the range: choose other constants")
                for execution in try executions(test, entry.problem) {
                    let bounds = contract(test, entry.problem, execution).bounds(first, second, exact: exact.high)
                    findings.compare(
                        try execution.run(first, second), exact, within: bounds, text,
                        "constants \(one) and \(two), recipe \(execution.recipe)")
                }
            }
        }
        findings.report()
    }

    /// Where a direct sum overflows, so does every algorithm, with the same sign.
    @Test(arguments: AlgorithmCase.all)
    func resultsBeyondTheRangeAreInfinite(_ test: AlgorithmCase) throws {
        let huge = test.precision == .float32 ? Double(Float(1e25)) : 1e200
        var findings = Findings()
        for entry in try entries() {
            let text = test.text(entry)
            let shapes = entry.problem.operandShapes(test.pass)
            let first = [Double](repeating: -huge, count: shapes.first.reduce(1, *))
            let second = [Double](repeating: huge, count: shapes.second.reduce(1, *))
            let exact = Oracle(entry.problem).evaluate(test.pass, first, second, test.precision).high
            for execution in try executions(test, entry.problem) {
                let result = try execution.run(first, second)
                findings.check(
                    result.indices.allSatisfy { exact[$0] == 0 ? result[$0] == 0 : result[$0] == -.infinity }, text,
                    "an overflow does not give −∞, recipe \(execution.recipe)")
            }
        }
        findings.report()
    }

    /// Products far beyond the range that cancel, and one within it.
    @Test(arguments: AlgorithmCase.all.filter { $0.pass != .inputGradient })
    func finiteSumsOfHugeTermsAreFinite(_ test: AlgorithmCase) throws {
        let isSingle = test.precision == .float32
        let (one, two, small) = isSingle ? (1e30, 1e20, 1e-3) : (1e200, 1e150, 1e-3)
        for text in ["i12_f3", "n2c2i12_k2f3_g2", "n2c3i12_k8f3", "i4x3_f1x3"] {
            let problem = try ProblemText(text).problem
            let shapes = problem.operandShapes(test.pass)
            let first = [Double](repeating: one, count: shapes.first.reduce(1, *))
            // Rows of the filter, or of the output gradient: terms that cancel, a last one, and zeros.
            let row = shapes.second.last ?? 1
            let rows = shapes.second.reduce(1, *) / row
            let cancelling = (0..<(row - 1) / 2).flatMap { _ in [two, -two] } + [small]
            let second = [Double](
                (0..<rows).flatMap { _ in cancelling + [Double](repeating: 0, count: row - cancelling.count) })
            let isForward = test.pass == .forward
            let sums =
                isForward
                ? problem.channelsPerGroup : problem.batch * problem.axes.dropLast().reduce(1) { $0 * $1.output }
            for execution in try executions(test, problem) {
                let result = try execution.run(first, second)
                // Of several sums the first small terms are lost beside the next large ones.
                let isRight = result.allSatisfy {
                    $0.isFinite && (sums > 1 || abs($0 - one * small) < 1e-5 * one * small)
                }
                #expect(isRight, "\(text): \(result.first ?? 0) and so on, recipe \(execution.recipe)")
            }
        }
    }

    // MARK: Against direct sums

    private func direct(_ test: AlgorithmCase, _ problem: Problem) throws -> Execution {
        let request = test.request(problem)
        return try Execution(try #require(Reference.recipes(for: request).first), for: request)
    }

    /// One product beyond the range among many far inside it: it must reach its own result and no neighbour.
    @Test(arguments: AlgorithmCase.all.filter { $0.algorithm.method == .fft })
    func anOverflowLeavesItsNeighboursFinite(_ test: AlgorithmCase) throws {
        // One channel, and sums over channels.
        try expectFiniteNeighbours(test, "i64x64_f5x5_p4", row: 68)
        try expectFiniteNeighbours(test, "n2c3i20x20_k9f5x5_p4", row: 24)
    }

    /// - Parameter row: Outputs in a row.
    private func expectFiniteNeighbours(_ test: AlgorithmCase, _ problemText: String, row: Int) throws {
        let huge = test.precision == .float32 ? Double(Float(1e30)) : 1e300
        let problem = try ProblemText(problemText).problem
        let text = ProblemText(problem, precision: test.precision, pass: test.pass).description
        let shapes = problem.operandShapes(test.pass)
        var first = [Double](repeating: 1, count: shapes.first.reduce(1, *))
        var second = [Double](repeating: 1, count: shapes.second.reduce(1, *))
        // The first tap meets sample 0 in output 0; in the input gradient only outputs from (4, 4) on stay in the input.
        first[test.pass == .inputGradient ? 4 * row + 4 : 0] = huge
        second[0] = huge
        let expected = try direct(test, problem).run(first, second)
        var findings = Findings()
        findings.check(
            expected.count { $0 == .infinity } == 1 && expected.allSatisfy { !$0.isNaN }, text, "no overflow to look at"
        )
        for execution in try executions(test, problem) {
            let result = try execution.run(first, second)
            findings.check(
                result.indices.allSatisfy { result[$0].isFinite == expected[$0].isFinite && !result[$0].isNaN }, text,
                "\(result.count { !$0.isFinite }) results are not finite, recipe \(execution.recipe)")
        }
        findings.report()
    }

    /// More NaN than finite samples: what is added sparsely elsewhere goes to direct sums here.
    @Test(arguments: AlgorithmCase.all.filter { $0.algorithm.method == .fft })
    func operandsFullOfNaNGiveTheMaskOfDirectSums(_ test: AlgorithmCase) throws {
        var findings = Findings()
        for entry in try entries(["i24x20_f1x5_p0x2", "i24x20_f1x5_s2x1_p0x2", "n2c2i12x10_k2f3x3_p3_g2", "i200_f9_p4"])
        {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, test.precision, &generator)
            let (finite, second) = (operands.first(test.pass), operands.second(test.pass))
            let width = try #require(entry.problem.operandShapes(test.pass).first.last)
            let oddRows = finite.indices.filter { $0 / width % 2 == 1 }
            for places in [Array(finite.indices), oddRows] {
                var first = finite
                for place in places { first[place] = .nan }
                let zeroed = zeroing(first, at: places)
                let exact = Oracle(entry.problem).evaluate(test.pass, first, second, test.precision)
                let expected = try direct(test, entry.problem).run(first, second)
                for execution in try executions(test, entry.problem) {
                    let result = try execution.run(first, second)
                    let bounds = contract(test, entry.problem, execution).bounds(zeroed, second, exact: exact.high)
                    findings.check(
                        result.indices.allSatisfy {
                            result[$0].isNaN == expected[$0].isNaN && isContained(result[$0], exact, bounds[$0], at: $0)
                        }, text, "\(places.count) of \(first.count) samples are NaN, recipe \(execution.recipe)")
                }
            }
        }
        findings.report()
    }
}
