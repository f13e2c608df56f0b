internal import SpectralEngine

// A result and its bias are rounded apart and then added, so a sum beyond the range stays infinite whatever is added to it. That
// matters where a bias is more than a rounding error of the largest number: such planes are summed by the reference, which rounds once.

extension ConvolutionScalar {
    /// Whether results that are not in range could be with this bias.
    fileprivate var isLargeBias: Bool { isFinite && magnitude > .greatestFiniteMagnitude * .ulpOfOne }
}

func hasLarge<Scalar: ConvolutionScalar>(_ bias: Span<Scalar>) -> Bool {
    bias.indices.contains { bias[$0].isLargeBias }
}

func hasLarge<Scalar: ConvolutionScalar>(_ bias: Elements<Scalar>) -> Bool {
    (0..<bias.count).contains { bias[$0].isLargeBias }
}

/// Marks the planes of an output whose filters have a large bias.
func markPlanes<Scalar: ConvolutionScalar>(ofLarge bias: Span<Scalar>, _ planes: SharedRegion<UInt8>) {
    guard hasLarge(bias) else { return }
    for plane in 0..<planes.count where bias[plane % bias.count].isLargeBias { planes[plane] = 1 }
}
