/// The three directions of one convolution: the same trilinear form read from each of its operands.
public enum Pass: String, Hashable, Sendable, CaseIterable {
    /// Y from X and W.
    case forward
    /// dX from dY and W: the adjoint of ``forward`` in X.
    case inputGradient = "input-gradient"
    /// dW from X and dY: the adjoint of ``forward`` in W.
    case filterGradient = "filter-gradient"

    /// The suffix that names the pass in a problem text.
    public var suffix: String {
        switch self {
        case .forward: "fwd"
        case .inputGradient: "dx"
        case .filterGradient: "dw"
        }
    }
}

/// The two precisions, each computed in itself from end to end.
public enum Precision: String, Hashable, Sendable, CaseIterable {
    case float32 = "f32"
    case float64 = "f64"

    /// Bytes of one element.
    public var byteCount: Int { self == .float32 ? 4 : 8 }

    /// Unit roundoff u: 2⁻²⁴ or 2⁻⁵³.
    public var unitRoundoff: Double { self == .float32 ? 0x1p-24 : 0x1p-53 }
}
