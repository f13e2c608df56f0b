import FFTConvolution

/// One problem, one algorithm: its results against the direct reference, and against each other.
///
/// - Random data: |ŷ − y| ≤ b·S + u·|y|, b being the algorithm's promised relative bound, S the scale of ``ErrorScale``.
///   The reference sums in twice the precision, so the term u·|y| is its one final rounding.
/// - Integer data: where b·S < ½, a result rounded to the nearest integer must equal the reference.
/// - Adjoint identities: ⟨Y, dY⟩ = ⟨X, dX⟩ = ⟨W, dW⟩, to within what the bounds of the three results allow.
struct Validation {
    let text: ProblemText
    let algorithm: any Algorithm.Type
    let threads: ThreadCount

    func run() throws -> [ValidationRow] {
        try text.precision == .float64 ? run(Double.self) : run(Float.self)
    }

    private func run<Scalar: ConvolutionScalar>(_ type: Scalar.Type) throws -> [ValidationRow] {
        let problem = text.problem
        let plan = try Planner.shared.plan(for: problem, scalar: type, by: algorithm, threads: threads)
        let reference = try Plan<Scalar>.reference(for: problem, threads: threads)

        var random = RandomData(seed: 20261122)
        let uniform = Operands<Scalar>(
            x: try random.uniform(problem.inputShape, of: type), w: try random.uniform(problem.filterShape, of: type),
            dy: try random.uniform(problem.outputShape, of: type))
        let integral = Operands<Scalar>(
            x: try random.integers(problem.inputShape, magnitude: 2, of: type),
            w: try random.integers(problem.filterShape, magnitude: 2, of: type),
            dy: try random.integers(problem.outputShape, magnitude: 2, of: type))

        var outcomes: [Pass: Outcome<Scalar>] = [:]
        for pass in Pass.allCases {
            let result = try uniform.compute(pass, plan)
            let expected = try uniform.compute(pass, reference)
            let bound = try plan.relativeErrorBound(for: pass)
            outcomes[pass] = Outcome(
                result: result, expected: expected,
                allowances: ErrorScale(problem, pass, uniform).allowances(bound: bound, expected: expected))
        }
        let adjoint = agrees(outcomes, uniform)

        var rows: [ValidationRow] = []
        for pass in text.pass.map({ [$0] }) ?? Pass.allCases {
            rows.append(
                ValidationRow(
                    text: ProblemText(problem, precision: text.precision, pass: pass), pass: pass,
                    ratio: outcomes[pass]?.worstRatio ?? .infinity,
                    integers: try isExact(pass, integral, plan, reference), adjoint: adjoint,
                    algorithm: "\(algorithm.method.rawValue): \(try plan.algorithm(for: pass))"))
        }
        return rows
    }

    private func isExact<Scalar>(
        _ pass: Pass, _ operands: Operands<Scalar>, _ plan: Plan<Scalar>, _ reference: Plan<Scalar>
    ) throws -> Bool? {
        let scale = ErrorScale(text.problem, pass, operands).scales.max() ?? 0
        guard try plan.relativeErrorBound(for: pass) * scale < 0.5 else { return nil }
        let result = try operands.compute(pass, plan)
        let expected = try operands.compute(pass, reference)
        return zip(result.elements, expected.elements).allSatisfy { $0.rounded() == $1 }
    }

    /// The three products, each with the error that the bounds of its result allow.
    private func agrees<Scalar>(_ outcomes: [Pass: Outcome<Scalar>], _ operands: Operands<Scalar>) -> Bool {
        var products: [(value: Double, allowance: Double)] = []
        for pass in Pass.allCases {
            guard let outcome = outcomes[pass] else { return false }
            let other = operands.partner(of: pass)
            var (sum, allowance, magnitude) = (Double.Wide(), 0.0, 0.0)
            for index in other.indices {
                let (factor, value) = (Double(other[index]), Double(outcome.result.elements[index]))
                sum.addProduct(factor, value)
                allowance += abs(factor) * outcome.allowances[index]
                magnitude += abs(factor * value)
            }
            // The sum itself is in twice double precision; its rounding to double is the last term.
            products.append((sum.rounded, allowance + magnitude * 0x1p-52))
        }
        return products.allSatisfy { product in
            abs(product.value - products[0].value) <= product.allowance + products[0].allowance
        }
    }
}

/// X, W and dY of one check.
struct Operands<Scalar: ConvolutionScalar> {
    let x: Tensor<Scalar>
    let w: Tensor<Scalar>
    let dy: Tensor<Scalar>

    func compute(_ pass: Pass, _ plan: Plan<Scalar>) throws -> Tensor<Scalar> {
        switch pass {
        case .forward: try plan.forward(x, w, control: Interrupts.control)
        case .inputGradient: try plan.inputGradient(dy, w, control: Interrupts.control)
        case .filterGradient: try plan.filterGradient(x, dy, control: Interrupts.control)
        }
    }

    /// What the result of a pass is multiplied with in the trilinear form.
    func partner(of pass: Pass) -> [Scalar] {
        switch pass {
        case .forward: dy.elements
        case .inputGradient: x.elements
        case .filterGradient: w.elements
        }
    }
}

/// One result beside what it should be, and the error each of its elements may have.
struct Outcome<Scalar: ConvolutionScalar> {
    let result: Tensor<Scalar>
    let expected: Tensor<Scalar>
    let allowances: [Double]

    var worstRatio: Double {
        var worst = 0.0
        for index in allowances.indices {
            let error = abs(Double(result.elements[index]) - Double(expected.elements[index]))
            // Written so that a NaN counts as a miss.
            let ratio = error == 0 ? 0 : error / allowances[index]
            if !(ratio <= worst) { worst = ratio.isNaN ? .infinity : ratio }
        }
        return worst
    }
}
