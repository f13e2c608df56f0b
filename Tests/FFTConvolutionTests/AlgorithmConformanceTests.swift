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
            let bounds = Contract(entry.problem, test.pass, test.precision, tiling: recipe.tiling)
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
                let bounds = Contract(entry.problem, test.pass, test.precision, tiling: recipe.tiling)
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
                let bounds = Contract(entry.problem, pass, test.precision, tiling: recipe.tiling)
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
}
