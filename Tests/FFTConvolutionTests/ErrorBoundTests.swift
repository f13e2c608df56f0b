import FFTConvolution
import Testing
import TestSupport

struct ErrorBoundTests {
    /// Errors stay below; and the bound is what the contract says of whole planes, not a number that holds for everything.
    @Test(arguments: Pass.allCases, Precision.allCases)
    func errorsStayBelowAndTheBoundIsNotVacuous(_ pass: Pass, _ precision: Precision) throws {
        var findings = Findings()
        let entries = try ProblemList.entries()
        for (number, entry) in entries.enumerated() where number % 3 == 0 {
            if precision == .float32 {
                try check(entry, pass, Float.self, &findings)
            } else {
                try check(entry, pass, Double.self, &findings)
            }
        }
        findings.report()
    }

    private func check<Scalar: ConvolutionScalar>(
        _ entry: ProblemList.Entry, _ pass: Pass, _ type: Scalar.Type, _ findings: inout Findings
    ) throws {
        let (problem, precision) = (entry.problem, Precision.of(type))
        let text = ProblemText(problem, precision: precision, pass: pass).description
        var generator = SeededGenerator(name: text)
        let operands = Operands(problem, .uniform, precision, &generator)
        let (first, second) = (operands.first(pass), operands.second(pass))
        let exact = Oracle(problem).evaluate(pass, first, second, precision)
        let shapes = problem.operandShapes(pass)
        let (a, b) = (
            try Tensor(shape: shapes.first, elements: first.map { Scalar($0) }),
            try Tensor(shape: shapes.second, elements: second.map { Scalar($0) })
        )
        for method in [Method.fft, .direct] {
            let options = PlanOptions(method: method, threads: 1)
            let plan = try Planner.shared.plan(for: problem, scalar: type, passes: [pass], options: options)
            let result =
                switch pass {
                case .forward: try plan.forward(a, b)
                case .inputGradient: try plan.inputGradient(a, b)
                case .filterGradient: try plan.filterGradient(a, b)
                }
            let bounds = try plan.errorBound(a, b, for: pass)
            findings.check(
                bounds.shape == Array(problem.resultShape(pass).prefix(2)), text, "\(bounds.shape) bounds")
            let recipe = try plan.recipe(for: pass)
            var tiling: [AxisTiling]?
            if case .transforms(let tilings) = recipe.arithmetic { tiling = tilings }
            let allowed = Contract(problem, pass, precision, recipe.arithmetic)
            // A recipe may sum less deeply than the contract allows, and its bound is then smaller.
            let share = min(recipe.relativeErrorBound / allowed.scaleFactor, 1)
            let contract = allowed.bounds(first, second, exact: exact.high).map { $0 * share }
            let plane = result.elements.count / max(bounds.elements.count, 1)
            for index in result.elements.indices {
                let bound = bounds.elements[index / plane]
                let error = exact.distance(Double(result.elements[index]), at: index)
                guard error <= bound, bound.isFinite else {
                    findings.add(text, "\(method): element \(index) is off by \(error), more than \(bound)")
                    break
                }
                guard contract[index] <= bound else {
                    findings.add(text, "\(method): the contract allows \(contract[index]), more than \(bound)")
                    break
                }
            }
            guard method == .fft, tiling?.allSatisfy({ $0.coversAxis }) == true else { continue }
            // One window: S is that of the contract, and 2u·S at most is added for |y|, of at least 4u·S in all.
            for index in result.elements.indices {
                let bound = bounds.elements[index / plane]
                guard bound <= 1.5 * contract[index] + 2 * Double(Scalar.leastNonzeroMagnitude) else {
                    findings.add(text, "element \(index): \(bound) where the contract allows \(contract[index])")
                    break
                }
            }
        }
    }

    @Test func operandsOfAnotherShapeAreRefused() throws {
        let problem = try ProblemText("n2c3i9_k4f3").problem
        let plan = try Planner.shared.plan(for: problem, scalar: Float.self)
        let (x, w) = (try Tensor<Float>(zeros: problem.inputShape), try Tensor<Float>(zeros: problem.filterShape))
        #expect(try plan.errorBound(x, w).elements.allSatisfy { $0 == 0x1p-149 })
        let error = try #require(throws: ConvolutionError.self) { try plan.errorBound(w, x) }
        #expect(error.kind == .mismatch)
    }

    /// The largest numbers have norms beyond their range, and non-finite samples take no part.
    @Test func extremesHaveBoundsToo() throws {
        let problem = try ProblemText("i9_f3").problem
        let plan = try Planner.shared.plan(
            for: problem, scalar: Double.self, options: PlanOptions(method: .fft, threads: 1))
        var x = [Double](repeating: 1e308, count: 9)
        x[4] = .infinity
        let bound = try plan.errorBound(
            Tensor(shape: problem.inputShape, elements: x),
            Tensor(shape: problem.filterShape, elements: [1e-3, 1e-3, 1e-3])
        ).elements[0]
        #expect(bound.isFinite && bound > 1e308 * 1e-3 * 0x1p-53)
    }
}
