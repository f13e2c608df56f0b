internal import SpectralEngine

/// The elements of a result that no product reaches: outputs that see only padding, input samples between strides.
///
/// Direct sums leave them exactly 0; a transform leaves the rounding of its neighbours. Whether an element is reached
/// is decided axis by axis, from the relation i = o·stride − before + f·dilation alone, in time linear in the extents.
struct StructuralZeros: Hashable, Sendable {
    /// For every spatial axis, whether each index of the result is reached.
    private let reached: [[Bool]]
    /// Those of the last axis that are not, where the axis is short enough for a list: many short rows are not looked through each time.
    private let gaps: [Int]?
    private static let longestListed = 4096
    private let planeCount: Int
    /// Filters of the result, to find the bias of a plane; 0 if the pass has none.
    private let biasCount: Int

    /// `nil` if every element is reached, as in most problems.
    ///
    /// - Throws: ``ConvolutionError`` of kind `resourceLimit` for a result whose extents alone exceed the memory.
    init?(_ problem: Problem, _ pass: Pass) throws(ConvolutionError) {
        if problem.axes.allSatisfy({ pass.reachesAll(of: $0) }) { return nil }
        // A flag for each index, and where taps are counted a number; extents are at most 2⁴⁸ each.
        let extents = problem.resultShape(pass).dropFirst(2).reduce(0, +)
        try requireMemory(byteCount: extents * (pass == .inputGradient ? 1 + MemoryLayout<Int>.stride : 1))
        reached = problem.axes.map { pass.reached(on: $0) }
        if reached.allSatisfy({ !$0.contains(false) }) { return nil }
        let inner = reached[reached.count - 1]
        gaps = inner.count <= Self.longestListed ? inner.indices.filter { !inner[$0] } : nil
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
                if let gaps, isReached {
                    for index in gaps { result[start + index] = value }
                } else {
                    for index in inner.indices where !(isReached && inner[index]) { result[start + index] = value }
                }
            }
        }
    }
}

extension Pass {
    /// Whether every index is surely reached; decided without looking at each. Neighbouring taps and outputs only.
    fileprivate func reachesAll(of axis: Axis) -> Bool {
        guard axis.stride == 1 || axis.output == 1, axis.dilation == 1 || axis.filter == 1 else { return false }
        switch self {
        // Output o reads o − before ... o − before + F − 1.
        case .forward: return axis.before <= axis.filter - 1 && axis.output - 1 - axis.before <= axis.input - 1
        // The outputs together read from −before on, without a gap, F − 1 beyond the last one.
        case .inputGradient: return axis.output - 1 + axis.filter - 1 - axis.before >= axis.input - 1
        // Tap f reads f − before ... f − before + O − 1.
        case .filterGradient: return axis.before <= axis.output - 1 && axis.filter - 1 - axis.before <= axis.input - 1
        }
    }

    fileprivate func reached(on axis: Axis) -> [Bool] {
        switch self {
        case .forward:
            (0..<axis.output).map { o in
                meets(start: o * axis.stride - axis.before, step: axis.dilation, count: axis.filter, below: axis.input)
            }
        case .filterGradient:
            (0..<axis.filter).map { f in
                meets(start: f * axis.dilation - axis.before, step: axis.stride, count: axis.output, below: axis.input)
            }
        case .inputGradient:
            reachedInputs(axis)
        }
    }

    /// Whether one of `count` positions from `start` on, `step` apart, lies in 0 ..< limit.
    private func meets(start: Int, step: Int, count: Int, below limit: Int) -> Bool {
        let first = start < 0 ? ceilingQuotient(-start, step) : 0
        // With several positions every product below is within the padded axis; with one, `first` is 0.
        return first < count && start + first * step < limit
    }

    /// Every tap reaches an arithmetic progression of samples, stride apart. Where one begins a count goes up, after its
    /// end it goes down; summed stride by stride, it counts the taps that reach a sample.
    private func reachedInputs(_ axis: Axis) -> [Bool] {
        let step = axis.output == 1 ? 1 : axis.stride
        var counts = [Int](repeating: 0, count: axis.input)
        for f in 0..<axis.filter {
            let start = f * axis.dilation - axis.before
            let first = start < 0 ? ceilingQuotient(-start, step) : 0
            guard first < axis.output, start + first * step < axis.input else { continue }
            counts[start + first * step] += 1
            let end = start + axis.output * step
            if end < axis.input { counts[end] -= 1 }
        }
        for i in counts.indices where i >= step { counts[i] += counts[i - step] }
        return counts.map { $0 > 0 }
    }

    private func ceilingQuotient(_ value: Int, _ divisor: Int) -> Int {
        value / divisor + (value % divisor > 0 ? 1 : 0)
    }
}
