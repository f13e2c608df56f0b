public import SpectralEngine

extension Plan {
    /// Bounds the error of every element of a result, plane by plane, from the norms of the operands' planes.
    ///
    /// The bound is the right side of the numerical contract (`Docs/Mathematics.md`, "The error bound"), with two simplifications
    /// that only make it larger: S is made of the norms of whole planes in place of windows, and |y| is replaced by S. So it does
    /// not depend on where in a plane an element lies. It stands beside the values computed without a bias.
    ///
    /// - Parameters:
    ///   - first: Input `[N, C, spatial…]`; for the input gradient the output gradient `[N, K, spatial…]`.
    ///   - second: Filter `[K, C/G, spatial…]`; for the filter gradient the output gradient.
    ///   - pass: One of the plan's passes.
    /// - Returns: Absolute bounds: `[N, K]` (forward), `[N, C]` (input gradient) or `[K, C/G]` (filter gradient). Samples that
    ///   are not finite count as 0: the bound holds for the elements that they do not reach.
    /// - Throws: ``ConvolutionError`` if a shape is not the problem's or the pass was not planned.
    /// - Complexity: One reading of both operands, and a product of norms for each pair of planes that meet.
    public func errorBound(
        _ first: Tensor<Scalar>, _ second: Tensor<Scalar>, for pass: Pass = .forward
    ) throws -> Tensor<Double> {
        let recipe = try recipe(for: pass)
        let shapes = problem.operandShapes(pass)
        for (name, tensor, shape) in [
            ("first operand", first, shapes.first), ("second operand", second, shapes.second),
        ]
        where tensor.shape != shape {
            throw ConvolutionError.shape(tensor: name, expected: shape, actual: tensor.shape)
        }
        return try withDefaultFloatingPoint {
            let roundoff = Precision.of(Scalar.self).unitRoundoff
            // The last factor covers the rounding of the norms themselves: sums of up to 2³² squares in double precision.
            let factor = (recipe.relativeErrorBound + roundoff) * overlap(recipe, pass) * (1 + 0x1p-20)
            let (one, two) = (norms(first), norms(second))
            var bounds = try Tensor<Double>(zeros: Array(problem.resultShape(pass).prefix(2))).elements
            for index in bounds.indices { bounds[index] = Double(Scalar.leastNonzeroMagnitude) }
            problem.forEachMeeting(of: pass) { a, b, plane in
                let fraction = factor * one[a].fraction * two[b].fraction
                // The exponents last, so that nothing overflows before the bound does.
                bounds[plane] += Double(sign: .plus, exponent: one[a].exponent + two[b].exponent, significand: fraction)
            }
            return try Tensor(shape: Array(problem.resultShape(pass).prefix(2)), elements: bounds)
        }
    }

    /// What the sum of the windows' ‖x‖‖g‖ of a filter gradient may exceed ‖x‖‖g‖ of the planes by: windows of the output
    /// gradient do not overlap, and of the input's at most m hold a sample, so that Σ‖xₜ‖‖gₜ‖ ≤ √m ‖x‖‖g‖.
    private func overlap(_ recipe: any Algorithm, _ pass: Pass) -> Double {
        guard pass == .filterGradient, case .transforms(let tiling) = recipe.arithmetic else { return 1 }
        return zip(problem.axes, tiling).reduce(1.0) { product, axis in
            let (step, window) = (axis.1.step, axis.1.window(axis.0.dilatedFilter))
            return axis.1.coversAxis ? product : product * Double((window + step - 1) / step)
        }.squareRoot()
    }

    private func norms(_ tensor: Tensor<Scalar>) -> [FieldNorm] {
        let elements = tensor.elements
        let planes = tensor.shape[0] * tensor.shape[1]
        guard planes > 0 else { return [] }
        let size = elements.count / planes
        return (0..<planes).map { measure(elements.span, $0 * size..<($0 + 1) * size) }
    }
}

extension Problem {
    /// The shapes of the operands of a pass.
    fileprivate func operandShapes(_ pass: Pass) -> (first: [Int], second: [Int]) {
        switch pass {
        case .forward: (inputShape, filterShape)
        case .inputGradient: (outputShape, filterShape)
        case .filterGradient: (inputShape, outputShape)
        }
    }

    /// Calls `body` with every plane of the first operand, the plane of the second that it meets, and that of the result.
    fileprivate func forEachMeeting(of pass: Pass, _ body: (_ first: Int, _ second: Int, _ result: Int) -> Void) {
        for n in 0..<batch {
            for k in 0..<filters {
                for c in 0..<channelsPerGroup {
                    let x = n * channels + k / filtersPerGroup * channelsPerGroup + c
                    let (w, y) = (k * channelsPerGroup + c, n * filters + k)
                    switch pass {
                    case .forward: body(x, w, y)
                    case .inputGradient: body(y, w, x)
                    case .filterGradient: body(x, y, w)
                    }
                }
            }
        }
    }
}
