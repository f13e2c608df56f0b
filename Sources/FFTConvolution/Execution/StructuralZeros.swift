internal import SpectralEngine

/// The elements of a result that no product reaches: outputs that see only padding, input samples between strides.
///
/// Direct sums leave them exactly 0; a transform leaves the rounding of its neighbours. Whether an element is reached
/// is decided axis by axis, from the relation i = o·stride − before + f·dilation alone.
struct StructuralZeros: Hashable, Sendable {
    /// For every spatial axis, whether each index of the result is reached.
    private let reached: [[Bool]]
    private let planeCount: Int
    /// Filters of the result, to find the bias of a plane; 0 if the pass has none.
    private let biasCount: Int

    /// `nil` if every element is reached, as in most problems.
    init?(_ problem: Problem, _ pass: Pass) {
        reached = problem.axes.map { axis in
            var marks = [Bool](repeating: false, count: pass.extent(of: axis))
            for o in 0..<axis.output {
                // The taps that read inside the input, as a range: 0 ≤ o·stride − before + f·dilation < input.
                let start = o * axis.stride - axis.before
                let first = start < 0 ? (-start + axis.dilation - 1) / axis.dilation : 0
                let last = start >= axis.input ? -1 : min((axis.input - 1 - start) / axis.dilation, axis.filter - 1)
                guard first <= last else { continue }
                switch pass {
                case .forward: marks[o] = true
                case .inputGradient: for f in first...last { marks[start + f * axis.dilation] = true }
                case .filterGradient: for f in first...last { marks[f] = true }
                }
            }
            return marks
        }
        if reached.allSatisfy({ !$0.contains(false) }) { return nil }
        planeCount = problem.resultShape(pass).prefix(2).reduce(1, *)
        biasCount = pass == .forward ? problem.filters : 0
    }

    /// Writes what direct sums leave: 0, or the bias.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func apply<Scalar: ConvolutionScalar>(to result: SharedRegion<Scalar>, bias: Span<Scalar>) {
        let (inner, outer) = (reached[reached.count - 1], reached.dropLast())
        let rows = outer.reduce(1) { $0 * $1.count }
        for plane in 0..<planeCount {
            let value = bias.isEmpty || biasCount == 0 ? 0 : bias[plane % biasCount]
            for row in 0..<rows {
                var rest = row
                var isReached = true
                for axis in outer.reversed() {
                    isReached = isReached && axis[rest % axis.count]
                    rest /= axis.count
                }
                let start = (plane * rows + row) * inner.count
                for index in inner.indices where !(isReached && inner[index]) { result[start + index] = value }
            }
        }
    }
}

extension Pass {
    /// The extent of the pass's result along an axis.
    fileprivate func extent(of axis: Axis) -> Int {
        switch self {
        case .forward: axis.output
        case .inputGradient: axis.input
        case .filterGradient: axis.filter
        }
    }
}
