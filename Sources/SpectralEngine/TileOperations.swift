internal import CKernels

// Small things that pipelines do with arrays and regions. Every function checks sizes and windows once and opens pointers
// inside; the kernels it calls touch nothing outside what was checked.

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

/// Writes one value over a window of an array.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func fill<Scalar: ConvolutionScalar>(_ array: SharedRegion<Scalar>, _ window: Window, _ value: Scalar) {
    precondition(window.arrayEnd <= array.count, "a window outside its array")
    var kernelWindow = window.kernelWindow
    unsafe Scalar.fill(array.base, &kernelWindow, value)
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
        guard let base = buffer.baseAddress else { return .zero }
        return measureNorm { unsafe Scalar.survey(base + range.lowerBound, range.count, $0) }
    }
}

/// The same of a window of an array.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func measure<Scalar: ConvolutionScalar>(_ array: Span<Scalar>, _ window: Window) -> FieldNorm {
    precondition(window.arrayEnd <= array.count, "a window outside its array")
    let box = window.kernelWindow
    return unsafe array.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return .zero }
        return measureNorm { scale in
            var sum = ck_survey()
            for plane in 0..<box.count.0 {
                for row in 0..<box.count.1 {
                    let offset = box.array_offset + plane * box.array_stride.0 + row * box.array_stride.1
                    let found = unsafe Scalar.survey(base + offset, box.count.2, scale)
                    sum.energy += found.energy
                    sum.largest = max(sum.largest, found.largest)
                    sum.non_finite += found.non_finite
                    sum.has_negative |= found.has_negative
                }
            }
            return sum
        }
    }
}

/// - Parameter look: Surveys all elements, at a scale.
private func measureNorm<Scalar: ConvolutionScalar>(_ look: (Scalar) -> ck_survey) -> FieldNorm {
    var survey = look(1)
    var exponent = 0
    // Squares between 2^-600 and 2^600 lose nothing; anything else is measured again at a safe scale.
    if survey.largest > 0, !(survey.energy > 0x1p-600 && survey.energy < 0x1p600) {
        exponent = Int(survey.largest.exponent)
        let scale = powerOfTwo(min(max(-exponent, -1022), 1022), Double.self)
        survey = look(Scalar(scale))
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
