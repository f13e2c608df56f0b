/// What is done with the spectra of fields beside the products that use them, while they are in the first-level cache.
public enum SpectrumUse<Scalar: ConvolutionScalar>: Sendable {
    case none
    /// They are kept, as whole spectra, one after the other.
    case keep(SharedRegion<Scalar>)
    /// Sum (field, i) (+)= kept spectrum i · conj(field), sums one after the other, those of one field together.
    case correlate(kept: SharedRegion<Scalar>, count: Int, sums: SharedRegion<Scalar>, accumulate: Bool)
}
