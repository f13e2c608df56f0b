/// What is done with the spectrum of a field beside the products that use it, while its lines are in the first-level cache.
public enum SpectrumUse<Scalar: ConvolutionScalar>: Sendable {
    case none
    /// It is kept, as a whole spectrum; far away if caches are not to hold it until it is read.
    case keep(SharedRegion<Scalar>, isFar: Bool)
    /// Its products with kept spectra are summed.
    case correlate(Correlation<Scalar>)
    /// It is that of two packed fields, whose products with two others are summed apart.
    case correlatePair(PairCorrelation<Scalar>)
}

/// Sum i (+)= kept spectrum i · conj(field), or field · conj(kept spectrum i).
public struct Correlation<Scalar: ConvolutionScalar>: Sendable {
    /// Whole spectra, one after the other.
    let kept: SharedRegion<Scalar>
    let count: Int
    /// Whole spectra, `step` of them from one to the next.
    let sums: SharedRegion<Scalar>
    let step: Int
    /// Whether it is the kept spectra that are conjugated.
    let conjugatesKept: Bool
    /// Whether the sums hold anything.
    let accumulate: Bool

    public init(
        kept: SharedRegion<Scalar>, count: Int, sums: SharedRegion<Scalar>, step: Int = 1, conjugatesKept: Bool = false,
        accumulate: Bool
    ) {
        precondition(count >= 0 && step >= 1, "no spectra")
        (self.kept, self.count, self.sums, self.step) = (kept, count, sums, step)
        (self.conjugatesKept, self.accumulate) = (conjugatesKept, accumulate)
    }
}

/// Of two packed fields x₁ + i·x₂ and two others g₁ + i·g₂: first (+)= x · conj(g₁), second (+)= −i·x · conj(g₂), each times a factor. The
/// real parts of their inverses are what x₁ and g₁, and x₂ and g₂, give.
public struct PairCorrelation<Scalar: ConvolutionScalar>: Sendable {
    /// The whole spectrum of g.
    let partner: SharedRegion<Scalar>
    /// Whole spectra.
    let first: SharedRegion<Scalar>
    let second: SharedRegion<Scalar>
    let factors: (Scalar, Scalar)
    /// Whether the sums hold anything.
    let accumulate: Bool

    /// - Parameter exponents: Of the factors, powers of two; `nil` for 0: then the first or second sum gets nothing.
    public init(
        with partner: SharedRegion<Scalar>, first: SharedRegion<Scalar>, second: SharedRegion<Scalar>,
        exponents: (Int?, Int?), accumulate: Bool
    ) {
        (self.partner, self.first, self.second) = (partner, first, second)
        factors = (
            exponents.0.map { powerOfTwo($0, Scalar.self) } ?? 0, exponents.1.map { powerOfTwo($0, Scalar.self) } ?? 0
        )
        self.accumulate = accumulate
    }
}
