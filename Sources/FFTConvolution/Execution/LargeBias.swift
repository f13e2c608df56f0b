internal import SpectralEngine

// A result and its bias are rounded apart and then added, so a sum beyond the range stays infinite whatever is added to it. That
// matters where a bias is at least what a sum must exceed the largest number by to be rounded to infinity. What then is not finite
// is summed by the reference, which rounds once.

extension ConvolutionScalar {
    /// Whether results that are not in range could be with this bias.
    fileprivate var isLargeBias: Bool { magnitude >= Self.greatestFiniteMagnitude.ulp / 2 }
}

extension Problem {
    /// Sums by the reference the planes of an output whose bias may have been added too late.
    func correctLargeBiases<Scalar: ConvolutionScalar>(
        _ x: Span<Scalar>, _ w: Span<Scalar>, _ bias: Span<Scalar>, _ y: SharedRegion<Scalar>, threads: Int,
        _ control: ExecutionControl?
    ) throws {
        guard bias.indices.contains(where: { bias[$0].isLargeBias }) else { return }
        let reference = ReferenceExecutor<Scalar>(problem: self, pass: .forward, threads: threads)
        let planes = batch * filters
        let size = y.count / max(planes, 1)
        for plane in 0..<planes where bias[plane % filters].isLargeBias {
            guard (plane * size..<(plane + 1) * size).contains(where: { !y[$0].isFinite }) else { continue }
            try reference.sum(plane: plane, x, w, bias, into: y, control)
        }
    }
}
