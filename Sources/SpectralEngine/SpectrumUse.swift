/// What is done with the spectrum of a field beside the products that use it, while its lines are in the first-level cache.
public enum SpectrumUse<Scalar: ConvolutionScalar>: Sendable {
    case none
    /// It is kept, as a whole spectrum; far away if caches are not to hold it until it is read.
    case keep(SharedRegion<Scalar>, isFar: Bool)
    /// Its products with kept spectra are summed.
    case correlate(Correlation<Scalar>)
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
