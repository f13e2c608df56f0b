public import SpectralEngine

// The pair of functions that the project started from: one image, one filter, valid, stride 1.

/// What ``convBackward(_:_:)`` needs of the forward pass: its operands and its plan.
public struct ConvCache<Scalar: ConvolutionScalar>: Sendable {
    let x: Tensor<Scalar>
    let w: Tensor<Scalar>
    let plan: Plan<Scalar>
}

/// The forward pass of one single-channel convolution, without padding, stride 1.
///
/// - Parameters:
///   - x: Input, `[H, W]`.
///   - w: Filter, `[R, S]`; not flipped (cross-correlation).
/// - Returns: The output, `[H − R + 1, W − S + 1]`, and the cache for ``convBackward(_:_:)``.
/// - Throws: ``ConvolutionError`` if an operand is not two-dimensional or the filter is larger than the input.
public func convForward<Scalar: ConvolutionScalar>(
    _ x: Tensor<Scalar>, _ w: Tensor<Scalar>
) throws -> (output: Tensor<Scalar>, cache: ConvCache<Scalar>) {
    for (name, shape) in [("x", x.shape), ("w", w.shape)] where shape.count != 2 {
        throw ConvolutionError(.mismatch, argument: "\(name) shape", value: shape, rule: "must have two axes")
    }
    let problem = try Problem(input: [1, 1] + x.shape, filter: [1, 1] + w.shape)
    let plan = try Planner.shared.plan(for: problem, scalar: Scalar.self)
    let cache = ConvCache(x: try x.reshaped(problem.inputShape), w: try w.reshaped(problem.filterShape), plan: plan)
    let output = try plan.forward(cache.x, cache.w)
    return (try output.reshaped(Array(problem.outputShape.dropFirst(2))), cache)
}

/// The backward pass of ``convForward(_:_:)``.
///
/// - Parameters:
///   - dh: Gradient of the loss with respect to the output, of the output's shape.
///   - cache: What the forward pass returned.
/// - Returns: The gradients with respect to `x` and `w`, each of its tensor's shape.
/// - Throws: ``ConvolutionError`` if `dh` does not have the output's shape.
public func convBackward<Scalar: ConvolutionScalar>(
    _ dh: Tensor<Scalar>, _ cache: ConvCache<Scalar>
) throws -> (dx: Tensor<Scalar>, dw: Tensor<Scalar>) {
    let problem = cache.plan.problem
    let expected = Array(problem.outputShape.dropFirst(2))
    guard dh.shape == expected else { throw ConvolutionError.shape(tensor: "dh", expected: expected, actual: dh.shape) }
    let dy = try dh.reshaped(problem.outputShape)
    let dx = try cache.plan.inputGradient(dy, cache.w)
    let dw = try cache.plan.filterGradient(cache.x, dy)
    return (
        try dx.reshaped(Array(problem.inputShape.dropFirst(2))),
        try dw.reshaped(Array(problem.filterShape.dropFirst(2)))
    )
}

extension Tensor {
    /// The same elements under another shape of equal element count.
    public func reshaped(_ shape: [Int]) throws(ConvolutionError) -> Tensor {
        try Tensor(shape: shape, elements: elements)
    }
}
