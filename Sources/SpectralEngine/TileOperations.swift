internal import CKernels

// What the pipeline does with tiles. Every function checks sizes and windows once and opens pointers inside; the
// kernels it calls touch nothing outside what was checked.

/// What gather finds on its way.
public struct FieldSummary: Sendable {
    /// Sum of squares in the field's own precision: NaN or Inf if the field holds one or the sum overflows.
    public let energy: Double
    /// Whether a sample is below 0.
    public let hasNegative: Bool
}

/// A norm that neither overflows nor underflows: fraction · 2^exponent, fraction in [½, 1), or 0.
public struct FieldNorm: Sendable {
    public let fraction: Double
    public let exponent: Int
    public let nonFiniteCount: Int
    /// Whether a sample is below 0.
    public let hasNegative: Bool

    public var isZero: Bool { fraction == 0 }

    public static let zero = FieldNorm(fraction: 0, exponent: 0, nonFiniteCount: 0, hasNegative: false)

    init(fraction: Double, exponent: Int, nonFiniteCount: Int, hasNegative: Bool) {
        self.fraction = fraction
        self.exponent = exponent
        self.nonFiniteCount = nonFiniteCount
        self.hasNegative = hasNegative
    }

    /// The norm of a finite field without extremes, from its positive sum of squares.
    public init(energy: Double) {
        let norm = energy.squareRoot()
        let shift = Int(norm.exponent) + 1
        self.init(
            fraction: norm * powerOfTwo(-shift, Double.self), exponent: shift, nonFiniteCount: 0, hasNegative: false)
    }
}

extension TileShape {
    /// Clears a tile and packs one window as the real, another as the imaginary part.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func gather<Scalar: ConvolutionScalar>(
        _ array: Span<Scalar>, _ first: Window, _ second: Window?, into tile: SharedRegion<Scalar>
    ) -> (FieldSummary, FieldSummary) {
        check(tile)
        check(first, array.count)
        if let second { check(second, array.count) }
        var shape = kernelShape
        var one = first.kernelWindow(self)
        var two = (second ?? first).kernelWindow(self)
        var summary = (ck_summary(), ck_summary())
        unsafe array.withUnsafeBufferPointer { source in
            // An empty array has only empty windows; then the address is never read.
            let base = unsafe source.baseAddress ?? UnsafePointer(tile.base)
            unsafe withUnsafeMutablePointer(to: &summary) { found in
                // A tuple of two summaries is laid out as an array of two.
                unsafe found.withMemoryRebound(to: ck_summary.self, capacity: 2) { found in
                    unsafe withUnsafePointer(to: &two) { two in
                        unsafe Scalar.gather(base, &one, second == nil ? nil : two, tile.base, &shape, found)
                    }
                }
            }
        }
        return (
            FieldSummary(energy: summary.0.energy, hasNegative: summary.0.has_negative != 0),
            FieldSummary(energy: summary.1.energy, hasNegative: summary.1.has_negative != 0)
        )
    }

    /// Writes one part of a tile: array = max(part · factors, floor) + bias over a window.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func scatter<Scalar: ConvolutionScalar>(
        _ tile: SharedRegion<Scalar>, part: Int, into array: SharedRegion<Scalar>, _ window: Window,
        factors: (Scalar, Scalar), floor: Scalar, bias: Scalar
    ) {
        check(tile)
        check(window, array.count)
        var kernelWindow = window.kernelWindow(self)
        unsafe Scalar.scatter(tile.base, Int32(part & 1), array.base, &kernelWindow, factors, floor, bias)
    }

    /// Writes one value over a window.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func fill<Scalar: ConvolutionScalar>(_ array: SharedRegion<Scalar>, _ window: Window, _ value: Scalar) {
        check(window, array.count)
        var kernelWindow = window.kernelWindow(self)
        unsafe Scalar.fill(array.base, &kernelWindow, value)
    }

    /// Replaces NaN and Inf of one part by 0 and measures the rest.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func measure<Scalar: ConvolutionScalar>(_ tile: SharedRegion<Scalar>, part: Int) -> FieldNorm {
        check(tile)
        let norm = unsafe measureNorm(UnsafePointer(tile.base) + (part & 1), complexCount, stride: 2)
        if norm.nonFiniteCount > 0 { unsafe Scalar.removeNonFinite(tile.base + (part & 1), complexCount, 2) }
        return norm
    }

    /// Multiplies the real part by 2^first and the imaginary part by 2^second.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func rescale<Scalar: ConvolutionScalar>(_ tile: SharedRegion<Scalar>, first: Int, second: Int) {
        check(tile)
        let (a, b) = (powersOfTwo(first, Scalar.self), powersOfTwo(second, Scalar.self))
        unsafe Scalar.rescale(tile.base, complexCount, (a.0, a.1), (b.0, b.1))
    }

    /// Splits the spectrum of two packed fields into their half spectra, each times 2^exponent.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func untangle<Scalar: ConvolutionScalar>(
        _ tile: SharedRegion<Scalar>, into first: SharedRegion<Scalar>, _ second: SharedRegion<Scalar>?,
        exponents: (Int, Int)
    ) {
        check(tile)
        checkHalf(first)
        if let second { checkHalf(second) }
        var shape = kernelShape
        let factors = (powerOfTwo(exponents.0, Scalar.self), powerOfTwo(exponents.1, Scalar.self))
        unsafe Scalar.untangle(tile.base, first.base, second?.base, factors, &shape)
    }

    /// Makes the spectrum whose inverse has the first field as real and the second as imaginary part, each times
    /// 2^exponent.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func tangle<Scalar: ConvolutionScalar>(
        _ first: SharedRegion<Scalar>, _ second: SharedRegion<Scalar>?, exponents: (Int, Int),
        into tile: SharedRegion<Scalar>
    ) {
        check(tile)
        checkHalf(first)
        if let second { checkHalf(second) }
        var shape = kernelShape
        let factors = (powerOfTwo(exponents.0, Scalar.self), powerOfTwo(exponents.1, Scalar.self))
        unsafe Scalar.tangle(first.base, second.map { unsafe UnsafePointer($0.base) }, factors, tile.base, &shape)
    }

    /// result (+)= a · w, or a · conj(w); w is a half spectrum.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func multiply<Scalar: ConvolutionScalar>(
        _ a: SharedRegion<Scalar>, _ w: SharedRegion<Scalar>, conjugate: Bool, into result: SharedRegion<Scalar>,
        accumulate: Bool
    ) {
        check(a)
        checkHalf(w)
        check(result)
        var shape = kernelShape
        if conjugate {
            unsafe Scalar.multiplyConjugate(a.base, w.base, result.base, accumulate, &shape)
        } else {
            unsafe Scalar.multiply(a.base, w.base, result.base, accumulate, &shape)
        }
    }

    /// half (+)= twice the Hermitian part of x · conj(g), summed over both packed fields.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func correlate<Scalar: ConvolutionScalar>(
        _ x: SharedRegion<Scalar>, _ g: SharedRegion<Scalar>, into half: SharedRegion<Scalar>, accumulate: Bool
    ) {
        check(x)
        check(g)
        checkHalf(half)
        var shape = kernelShape
        unsafe Scalar.correlate(x.base, g.base, half.base, accumulate, &shape)
    }

    private func check<Scalar: ConvolutionScalar>(_ tile: SharedRegion<Scalar>) {
        precondition(tile.count >= 2 * complexCount, "a tile of another shape")
    }

    private func checkHalf<Scalar: ConvolutionScalar>(_ half: SharedRegion<Scalar>) {
        precondition(half.count == 2 * halfCount, "a half spectrum of another shape")
    }

    private func check(_ window: Window, _ arrayCount: Int) {
        precondition(window.fits(self) && window.arrayEnd <= arrayCount, "a window outside its tile or array")
    }
}

/// Every element = 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func clear<Scalar: ConvolutionScalar>(_ region: SharedRegion<Scalar>) {
    unsafe region.base.clear(count: region.count)
}

/// sum += term.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func add<Scalar: ConvolutionScalar>(_ term: SharedRegion<Scalar>, to sum: SharedRegion<Scalar>) {
    precondition(term.count == sum.count, "regions of different extents")
    unsafe Scalar.add(term.base, sum.base, sum.count)
}

/// The norm of an array's elements in a range, non-finite ones left out, and whether any is below 0.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func measure<Scalar: ConvolutionScalar>(_ array: Span<Scalar>, _ range: Range<Int>) -> FieldNorm {
    precondition(range.lowerBound >= 0 && range.upperBound <= array.count, "a range outside the array")
    return unsafe array.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else {
            return .zero
        }
        return unsafe measureNorm(base + range.lowerBound, range.count, stride: 1)
    }
}

/// - Safety: `values` must be valid for `count` elements `stride` apart.
private func measureNorm<Scalar: ConvolutionScalar>(
    _ values: UnsafePointer<Scalar>, _ count: Int, stride: Int
) -> FieldNorm {
    var survey = unsafe Scalar.survey(values, count, stride, 1)
    var exponent = 0
    // Squares between 2^-600 and 2^600 lose nothing; anything else is measured again at a safe scale.
    if survey.largest > 0, !(survey.energy > 0x1p-600 && survey.energy < 0x1p600) {
        exponent = Int(survey.largest.exponent)
        let scale = powerOfTwo(min(max(-exponent, -1022), 1022), Double.self)
        survey = unsafe Scalar.survey(values, count, stride, Scalar(scale))
        exponent = min(max(exponent, -1022), 1022)
    }
    let norm = survey.energy.squareRoot()
    let shift = norm > 0 ? Int(norm.exponent) + 1 : -exponent
    return FieldNorm(
        fraction: norm * powerOfTwo(-shift, Double.self), exponent: exponent + shift,
        nonFiniteCount: survey.non_finite, hasNegative: survey.has_negative != 0)
}

/// 2^exponent; 0 or infinity beyond the type's range.
func powerOfTwo<Scalar: ConvolutionScalar>(_ exponent: Int, _: Scalar.Type) -> Scalar {
    Scalar(sign: .plus, exponent: Scalar.Exponent(exponent), significand: 1)
}

/// Two powers of two whose product is 2^exponent, each in the type's normal range where the product allows it.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func powersOfTwo<Scalar: ConvolutionScalar>(_ exponent: Int, _: Scalar.Type) -> (Scalar, Scalar) {
    let half = exponent / 2
    return (powerOfTwo(half, Scalar.self), powerOfTwo(exponent - half, Scalar.self))
}
