import CKernels
import FFTConvolution
import Testing
import TestSupport

/// Registry × passes × precisions × problems: what every algorithm promises, whatever it is.
struct AlgorithmConformanceTests {
    private static let recipeCount = 3

    @Test(arguments: AlgorithmCase.all)
    func staysWithinTheContractOnEveryProblem(_ test: AlgorithmCase) throws {
        var findings = Findings()
        var accepted = 0
        let entries = try ProblemList.entries()
        for (number, entry) in entries.enumerated() {
            let recipes = test.algorithm.firstRecipes(Self.recipeCount, for: test.request(entry.problem))
            if recipes.isEmpty { continue }
            accepted += 1
            try check(test, entry, recipes, withBias: number % 2 == 1 && test.pass == .forward, &findings)
        }
        findings.report()
        // An algorithm that refuses most of the list would pass without having been tested.
        #expect(accepted * 2 > entries.count, "\(test.algorithm.name) accepts only \(accepted) of \(entries.count)")
    }

    private func check(
        _ test: AlgorithmCase, _ entry: ProblemList.Entry, _ recipes: [any Algorithm], withBias: Bool,
        _ findings: inout Findings
    ) throws {
        let text = test.text(entry)
        var generator = SeededGenerator(name: text)
        let operands = Operands(entry.problem, .uniform, test.precision, &generator)
        let (first, second) = (operands.first(test.pass), operands.second(test.pass))
        var exact = Oracle(entry.problem).evaluate(test.pass, first, second, test.precision)
        var bias: [Double] = []
        if withBias {
            bias = DataFamily.uniform.values([1, 1, entry.problem.filters], test.precision, &generator)
            exact = exact.adding(bias, planeCount: entry.problem.axes.reduce(1) { $0 * $1.output })
        }
        // Two threads everywhere, three on a third of the list: the third one adds no new way of sharing work.
        let threadCounts = entry.problem.inputCount % 3 == 0 ? [2, 3] : [2]
        let otherRecipes = threadCounts.map {
            test.algorithm.firstRecipes(Self.recipeCount, for: test.request(entry.problem, threads: $0))
        }

        for (index, recipe) in recipes.enumerated() {
            let execution = try Execution(recipe, for: test.request(entry.problem))
            let result = try execution.run(first, second, bias: bias, scratch: .pattern)
            let bounds = Contract(entry.problem, test.pass, test.precision, recipe.arithmetic)
                .bounds(first, second, exact: exact.high)
            findings.compare(result, exact, within: bounds, text, "recipe \(recipe)")

            for (threads, others) in zip(threadCounts, otherRecipes) {
                guard index < others.count else {
                    findings.add(text, "recipe \(recipe) is not offered for \(threads) threads")
                    continue
                }
                let other = try Execution(others[index], for: test.request(entry.problem, threads: threads))
                let same = try other.run(first, second, bias: bias, scratch: .signallingNaN)
                findings.requireSameBits(same, result, text, "recipe \(recipe) on \(threads) threads and on one")
            }
        }
    }

    @Test(arguments: AlgorithmCase.all)
    func givesExactIntegersWhereTheCertificateHolds(_ test: AlgorithmCase) throws {
        var findings = Findings()
        var certified = 0
        var uncertified: [String] = []
        for entry in try ProblemList.entries() {
            let text = test.text(entry)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .integers, test.precision, &generator)
            let (first, second) = (operands.first(test.pass), operands.second(test.pass))
            let exact = Oracle(entry.problem).evaluate(test.pass, first, second, test.precision)
            for recipe in test.algorithm.firstRecipes(Self.recipeCount, for: test.request(entry.problem)) {
                let result = try Execution(recipe, for: test.request(entry.problem))
                    .run(first, second, scratch: .signallingNaN)
                let bounds = Contract(entry.problem, test.pass, test.precision, recipe.arithmetic)
                    .bounds(first, second, exact: exact.high)
                if bounds.allSatisfy({ $0 < 0.5 }) {
                    certified += 1
                    // Adding zero turns −0 into 0.
                    let rounded = result.map { $0.rounded() + 0 }
                    findings.requireSameBits(rounded, exact.high.map { $0 + 0 }, text, "rounded, recipe \(recipe)")
                } else {
                    uncertified.append(text)
                    findings.compare(result, exact, within: bounds, text, "recipe \(recipe)")
                }
            }
        }
        findings.report()
        #expect(certified >= 9 * uncertified.count, "no certificate for \(uncertified)")
    }

    /// One subnormal operand takes a processor as long as a small transform; of what memory held before, some are.
    @Test(arguments: AlgorithmCase.all)
    func computesWithNoSubnormalThatMemoryHeld(_ test: AlgorithmCase) throws {
        var findings = Findings()
        let small = [
            "i32x32_f5x5", "i14x14_f5x5", "n3i16x12_f9x3", "n2c4i14x14_k4f9x9_psame_g4", "n4c4i8x8_k4f3x3_psame_g4",
            "i20x20x20_f5x5x5", "i7x9x11_f3x3x3", "i300_f31", "n3c2i5000_k2f500", "i200x200_f5x31",
            "n2c8i14x14_k8f5x5_psame",
            "n2c70i9x9_f3x3", "n2c20i10x10_k20f7x7_g20", "n2c5i12x12_k7f3x3_s2", "n2c3i9x30_k19f1x1",
        ]
        for problem in try ProblemList.entries().map(\.problem) + small.map({ try ProblemText($0).problem }) {
            let text = ProblemText(problem, precision: test.precision, pass: test.pass).description
            var generator = SeededGenerator(name: text)
            let operands = Operands(problem, .uniform, test.precision, &generator)
            for recipe in test.algorithm.firstRecipes(6, for: test.request(problem)) {
                let execution = try Execution(recipe, for: test.request(problem))
                _ = ck_has_met_subnormals()
                _ = try execution.run(operands.first(test.pass), operands.second(test.pass), scratch: .subnormal)
                findings.check(ck_has_met_subnormals() == 0, text, "recipe \(recipe) computes with subnormals")
            }
        }
        findings.report()
    }

    /// ⟨Y(X,W),G⟩ = ⟨X,dX(G,W)⟩ = ⟨W,dW(X,G)⟩: the three passes are one trilinear form. No reference is involved.
    @Test(arguments: AlgorithmCase.all.filter { $0.pass == .forward })
    func tiesItsThreePassesTogetherByTheAdjointIdentities(_ test: AlgorithmCase) throws {
        var findings = Findings()
        for entry in try ProblemList.entries() {
            let text = ProblemText(entry.problem, precision: test.precision).description
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, test.precision, &generator)
            var forms: [(sum: WideSum, bound: Double, pass: Pass)] = []
            for pass in Pass.allCases {
                let request = PlanRequest(problem: entry.problem, pass: pass, precision: test.precision)
                guard let recipe = test.algorithm.firstRecipes(1, for: request).first else { continue }
                let (first, second) = (operands.first(pass), operands.second(pass))
                let result = try Execution(recipe, for: request).run(first, second)
                let other =
                    switch pass {
                    case .forward: operands.g
                    case .inputGradient: operands.x
                    case .filterGradient: operands.w
                    }
                // The bound holds the exact value's rounding, u·|y|; u·|ŷ| differs from it by less than u of the bound.
                let bounds = Contract(entry.problem, pass, test.precision, recipe.arithmetic)
                    .bounds(first, second, exact: result)
                let bound = zip(other, bounds).reduce(0.0) { $0 + abs($1.0) * $1.1 }
                forms.append((WideSum.dot(result, other), bound * (1 + 2 * test.precision.unitRoundoff), pass))
            }
            for (one, two) in zip(forms, forms.dropFirst()) {
                // The dot products, in twice the precision of Double, lose nothing that counts beside the bounds.
                findings.check(
                    one.sum.distance(to: two.sum) <= one.bound + two.bound, text,
                    "\(one.pass.suffix) gives \(one.sum.high), \(two.pass.suffix) gives \(two.sum.high), "
                        + "bounds \(one.bound) and \(two.bound)")
            }
        }
        findings.report()
    }

    /// A comparison of zeros proves nothing: only where padding or stride forces them may they be many.
    @Test(arguments: Pass.allCases)
    func referenceResultsAreMostlyNonZero(_ pass: Pass) throws {
        var mistrusted: Set<String> = []
        for entry in try ProblemList.entries() {
            let text = ProblemText(entry.problem, pass: pass).description
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, .float64, &generator)
            let exact = Oracle(entry.problem)
                .evaluate(pass, operands.first(pass), operands.second(pass), .float64).high
            if exact.count(where: { $0 == 0 }) * 10 > exact.count * 3 { mistrusted.insert(text) }
        }
        #expect(mistrusted == ProblemList.mostlyZero.filter { $0.hasSuffix("_\(pass.suffix)") })
    }

    /// A stride or a dilation beyond everything else leaves one output or one tap: the arithmetic must not notice.
    @Test(arguments: AlgorithmCase.all.filter { $0.algorithm.method == .fft })
    func stridesAndDilationsBeyondTheInputEqualDirectSums(_ test: AlgorithmCase) throws {
        let texts = [
            "i20000_f3_s9223372036854775807", "i30x40_f3x4_s9223372036854775807", "i9x11_f1x1_p2_d9223372036854775807",
            "c2i5x6x7_k2f2x3x1_s3x9223372036854775807x2_d1x2x9223372036854775807",
        ]
        var findings = Findings()
        for text in texts {
            let entry = try ProblemList.Entry(text)
            let request = test.request(entry.problem)
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .integers, test.precision, &generator)
            let (first, second) = (operands.first(test.pass), operands.second(test.pass))
            let direct = try #require(Reference.recipes(for: request).first)
            let expected = try Execution(direct, for: request).run(first, second)
            findings.check(expected.contains { $0 != 0 }, text, "nothing but zeros to compare")
            let recipes = test.algorithm.firstRecipes(Self.recipeCount, for: request)
            findings.check(!recipes.isEmpty, text, "no recipe")
            for recipe in recipes {
                let result = try Execution(recipe, for: request).run(first, second)
                // Adding zero turns −0 into 0.
                findings.requireSameBits(
                    result.map { $0.rounded() + 0 }, expected.map { $0 + 0 }, test.text(entry), "recipe \(recipe)")
            }
        }
        findings.report()
    }

    /// Results that no product reaches are exactly 0, or the bias; those that one reaches are what they should be.
    @Test(arguments: AlgorithmCase.all)
    func resultsThatNoProductReachesAreExact(_ test: AlgorithmCase) throws {
        // Short axes with every kind of gap: paddings, strides and dilations larger than what they lie in.
        var generator = SeededGenerator(seed: 101)
        var texts = ProblemList.texts
        while texts.count < ProblemList.texts.count + 150 {
            func axes(_ least: Int, _ limit: Int) -> String {
                "\(least + generator.index(limit))x\(least + generator.index(limit))"
            }
            let text =
                "i\(axes(1, 7))_f\(axes(1, 4))_s\(axes(1, 5))_p\(generator.index(6)):\(generator.index(6))x"
                + "\(generator.index(6)):\(generator.index(6))_d\(axes(1, 4))"
            if (try? ProblemText(text)) != nil { texts.append(text) }
        }
        var findings = Findings()
        var unreachedCount = 0
        for text in texts {
            let entry = try ProblemList.Entry(text)
            let shapes = entry.problem.operandShapes(test.pass)
            let oracle = Oracle(entry.problem)
            // With ones everywhere each result is the number of its products.
            let products = oracle.evaluate(
                test.pass, [Double](repeating: 1, count: shapes.first.reduce(1, *)),
                [Double](repeating: 1, count: shapes.second.reduce(1, *)), .float32
            ).high
            let unreached = products.indices.filter { products[$0] == 0 }
            if unreached.isEmpty { continue }
            unreachedCount += unreached.count
            var generator = SeededGenerator(name: text)
            let operands = Operands(entry.problem, .uniform, test.precision, &generator)
            let (first, second) = (operands.first(test.pass), operands.second(test.pass))
            let bias =
                test.pass == .forward
                ? DataFamily.uniform.values([1, 1, entry.problem.filters], test.precision, &generator) : []
            let plane = entry.problem.axes.reduce(1) { $0 * $1.output }
            var exact = oracle.evaluate(test.pass, first, second, test.precision)
            if !bias.isEmpty { exact = exact.adding(bias, planeCount: plane) }
            for recipe in test.algorithm.firstRecipes(2, for: test.request(entry.problem)) {
                let result = try Execution(recipe, for: test.request(entry.problem)).run(first, second, bias: bias)
                let wrong = unreached.filter { result[$0] != (bias.isEmpty ? 0 : bias[$0 / plane % bias.count]) }
                findings.check(
                    wrong.isEmpty, test.text(entry), "\(wrong.count) of \(unreached.count) are not exact, \(recipe)")
                let bounds = Contract(entry.problem, test.pass, test.precision, recipe.arithmetic)
                    .bounds(first, second, exact: exact.high)
                findings.compare(result, exact, within: bounds, test.text(entry), "recipe \(recipe)")
            }
        }
        findings.report()
        #expect(unreachedCount > 300)
    }
}
