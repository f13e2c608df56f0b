import FFTConvolution

/// The scale S of the numerical contract: one number for each plane of a result, a sum of products of plane norms.
///
/// | pass | S of one plane |
/// |---|---|
/// | forward, Y[n,k] | Σ_c ‖X[n,c]‖·‖W[k,c]‖ |
/// | input gradient, dX[n,c] | Σ_k ‖dY[n,k]‖·‖W[k,c]‖ |
/// | filter gradient, dW[k,c] | Σ_n ‖X[n,c]‖·‖dY[n,k]‖·√(2^d) |
///
/// The contract sums over tiles in the filter gradient. Their windows of X overlap; if a sample lies in at most 2^d of
/// them, the squared norms of the windows sum to at most 2^d times that of the plane, and by Cauchy–Schwarz
/// the sum over tiles is at most √(2^d) times the product of the norms of the planes.
struct ErrorScale {
    let scales: [Double]
    private let planeCount: Int
    private let precision: Precision

    init<Scalar>(_ problem: Problem, _ pass: Pass, _ operands: Operands<Scalar>) {
        let (batch, channels, filters) = (problem.batch, problem.channels, problem.filters)
        let (channelsPerGroup, filtersPerGroup) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let x = Self.norms(operands.x, planes: batch * channels)
        let w = Self.norms(operands.w, planes: filters * channelsPerGroup)
        let dy = Self.norms(operands.dy, planes: batch * filters)
        var scales = [Double](repeating: 0, count: problem.resultShape(pass).prefix(2).reduce(1, *))
        let overlap = Double(1 << problem.axes.count).squareRoot()
        for k in 0..<filters {
            for channel in 0..<channelsPerGroup {
                let c = k / filtersPerGroup * channelsPerGroup + channel
                for n in 0..<batch {
                    let (input, filter, output) = (n * channels + c, k * channelsPerGroup + channel, n * filters + k)
                    switch pass {
                    case .forward: scales[output] += x[input] * w[filter]
                    case .inputGradient: scales[input] += dy[output] * w[filter]
                    case .filterGradient: scales[filter] += x[input] * dy[output] * overlap
                    }
                }
            }
        }
        self.scales = scales
        planeCount = max(scales.count, 1)
        precision = .of(Scalar.self)
    }

    /// b·S + u·|y| + the smallest subnormal, for each element of a result.
    func allowances<Scalar>(bound: Double, expected: Tensor<Scalar>) -> [Double] {
        let plane = expected.elements.count / planeCount
        let smallest = Double(Scalar.leastNonzeroMagnitude)
        return expected.elements.indices.map { index in
            bound * scales[index / max(plane, 1)] + precision.unitRoundoff * abs(Double(expected.elements[index]))
                + smallest
        }
    }

    private static func norms<Scalar>(_ tensor: Tensor<Scalar>, planes: Int) -> [Double] {
        let plane = tensor.elements.count / max(planes, 1)
        return (0..<planes).map { index in
            tensor.elements[index * plane..<(index + 1) * plane].reduce(0.0) { $0 + Double($1) * Double($1) }
                .squareRoot()
        }
    }
}
