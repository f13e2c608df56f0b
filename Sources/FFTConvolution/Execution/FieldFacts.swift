internal import SpectralEngine

// Two real fields that share one complex transform share its rounding errors: each is relative to the norm of both.
// So that a result's error depends on its own operands only, partners are scaled to equal norms by exact powers of two
// where they differ by more than 2², and travel apart where no scaling can do it (several channels that disagree).
// Norms, not maxima: a lone spike and a field of noise may share a maximum and differ in norm by the root of a tile.
// See `Docs/Mathematics.md`, "Packed partners".

/// Magnitudes that need no scaling: products and sums of spectra stay far from overflow and underflow.
struct ComfortableRange {
    /// Largest |exponent| of a norm.
    let exponent: Int
    /// Sums of squares of such norms, as the fields' own precision computes them.
    let energy: ClosedRange<Double>
    /// A scale S below this may have lost products to underflow.
    let leastScale: Double
    /// A scale S of this exponent has rounding errors, below S·2⁻¹⁰ (S·2⁻⁴⁰ in f64) for any transform that fits, that
    /// cannot overflow by themselves.
    let largestScaleExponent: Int

    /// Whether results of scale S = sum · 2^exponent lose nothing to underflow on the way and cannot overflow by rounding.
    func isSafe(_ sum: Double, _ exponent: Int) -> Bool {
        sum == 0 || (sum >= leastScale && Int(sum.exponent) + exponent <= largestScaleExponent)
    }

    /// f32: squares of 2^±30 and products of 2⁶⁰ with room for the sums, within 2^±126. f64 alike within 2^±1022.
    static func of(_ precision: Precision) -> ComfortableRange {
        precision == .float32
            ? ComfortableRange(
                exponent: 30, energy: 0x1p-60...0x1p60, leastScale: 0x1p-90, largestScaleExponent: 127 + 9)
            : ComfortableRange(
                exponent: 240, energy: 0x1p-480...0x1p480, leastScale: 0x1p-700, largestScaleExponent: 1023 + 39)
    }
}

/// The norms of the fields of one block, two partners each, kept in the workspace.
struct FieldFacts {
    /// Doubles for one field of one partner: fraction and exponent of its norm.
    static let stride = 2

    private let region: SharedRegion<Double>

    init(_ region: SharedRegion<Double>) { self.region = region }

    private func index(_ field: Int, _ part: Int) -> Int { (2 * field + part) * Self.stride }

    func store(_ norm: FieldNorm, field: Int, part: Int) {
        region[index(field, part)] = norm.fraction
        region[index(field, part) + 1] = Double(norm.exponent)
    }

    /// Those of the fields from `first` on.
    func dropping(first: Int) -> FieldFacts { FieldFacts(region[index(first, 0)..<region.count]) }

    /// Sets one norm to the larger one of itself and another, by exponents.
    func raise(field: Int, part: Int, to other: FieldFacts, _ index: Int) {
        guard exponent(field: field, part: part) ?? .min < other.exponent(field: index, part: part) ?? .min
        else { return }
        let (target, source) = (self.index(field, part), other.index(index, part))
        (region[target], region[target + 1]) = (other.region[source], other.region[source + 1])
    }

    /// Gives both partners the norm of the two together: they are halves of one window.
    func unite(field: Int) {
        let (one, two) = (exponent(field: field, part: 0), exponent(field: field, part: 1))
        guard let first = one ?? two, let second = two ?? one else { return }
        let reference = max(first, second)
        let parts = (
            norm(field: field, part: 0, reference: reference), norm(field: field, part: 1, reference: reference)
        )
        let norm = (parts.0 * parts.0 + parts.1 * parts.1).squareRoot()
        let shift = Int(norm.exponent) + 1
        for part in 0...1 {
            region[index(field, part)] = scaled(norm, -shift)
            region[index(field, part) + 1] = Double(reference + shift)
        }
    }

    func prefix(_ count: Int) -> FieldFacts { FieldFacts(region[0..<index(count, 0)]) }

    /// Copies what is known of as many fields as the other one has.
    func copy(to other: FieldFacts) {
        for index in 0..<other.region.count { other.region[index] = region[index] }
    }

    /// The norm times 2^−reference; never rounded to 0.
    func norm(field: Int, part: Int, reference: Int) -> Double {
        let fraction = region[index(field, part)]
        guard fraction > 0 else { return 0 }
        return scaled(fraction, Int(region[index(field, part) + 1]) - reference)
    }

    /// The exponent of one norm; `nil` if it is zero.
    func exponent(field: Int, part: Int) -> Int? {
        region[index(field, part)] > 0 ? Int(region[index(field, part) + 1]) : nil
    }

    /// Calls `body` with the exponents of some fields of one partner, but for those that are zero.
    func exponents(_ fields: Range<Int>, part: Int, _ body: (Int) -> Void) {
        for field in fields { if let exponent = exponent(field: field, part: part) { body(exponent) } }
    }

    /// The largest exponent among some fields of one partner; `nil` if all are zero.
    func largestExponent(_ fields: Range<Int>, part: Int) -> Int? {
        var largest: Int?
        for field in fields where region[index(field, part)] > 0 {
            let exponent = Int(region[index(field, part) + 1])
            largest = max(largest ?? exponent, exponent)
        }
        return largest
    }

    /// Whether every field of one partner is zero or of comfortable magnitude.
    func isComfortable(_ fields: Range<Int>, part: Int, _ range: ComfortableRange) -> Bool {
        for field in fields where region[index(field, part)] > 0 {
            if abs(region[index(field, part) + 1]) > Double(range.exponent) { return false }
        }
        return true
    }

    /// Whether the two partners of every field, each scaled by its reference, are within 2² of each other.
    func areBalanced(_ fields: Range<Int>, references: (Int, Int)) -> Bool {
        for field in fields {
            let first = norm(field: field, part: 0, reference: references.0)
            let second = norm(field: field, part: 1, reference: references.1)
            if !isBalanced(first, second) { return false }
        }
        return true
    }
}

/// Largest ratio of two packed norms: the rule of equal binades. At 2² the measured error of packed fields stays within
/// the contract at every length, at 2⁴ it does not (`Docs/Mathematics.md`, "Packed partners").
let largestImbalance = 4.0

/// Whether two norms are near enough to share a transform; zero is near to zero only.
func isBalanced(_ first: Double, _ second: Double) -> Bool {
    first <= largestImbalance * second && second <= largestImbalance * first
}

/// The exponent α of a filter gradient's partners, whose operands x₂ and g₂ are scaled by 2^α and 2^−α, from the exponents of the
/// norms of x₁ and x₂, g₁ and g₂: 2^2α = X₁G₂ / (X₂G₁) makes the cross terms x₂g₁ and x₁g₂ equal. A small α is not worth the scaling.
func balancingExponent(_ x: (Int?, Int?), _ g: (Int?, Int?)) -> Int {
    guard let X1 = x.0, let X2 = x.1, let G1 = g.0, let G2 = g.1 else { return 0 }
    let exponent = (X1 + G2 - X2 - G1) / 2
    return abs(exponent) <= 1 ? 0 : exponent
}

/// The unit vector along two norms of any magnitude; `nil` of zeros.
func direction(_ first: Double, _ second: Double) -> (Double, Double)? {
    let largest = max(first, second)
    guard largest > 0 else { return nil }
    let (one, two) = (first / largest, second / largest)
    let length = (one * one + two * two).squareRoot()
    return (one / length, two / length)
}

/// fraction · 2^exponent for fraction > 0, kept between 2⁻¹⁰⁰⁰ and 2¹⁰⁰⁰ so that it stays a number above 0.
func scaled(_ fraction: Double, _ exponent: Int) -> Double {
    Double(sign: .plus, exponent: min(max(exponent, -1000), 1000), significand: fraction)
}

/// The exponents to scale two packed norms down by: none where both are comfortable and alike, one for both where they
/// are alike, else each its own.
func packingExponents(_ first: Int?, _ second: Int?, _ range: ComfortableRange) -> (Int, Int) {
    guard let one = first ?? second, let two = second ?? first else { return (0, 0) }
    // Norms with neighbouring exponents differ by less than 2².
    guard abs(one - two) <= 1 else { return (one, two) }
    let common = max(one, two)
    let isComfortable = common <= range.exponent && min(one, two) >= -range.exponent
    return isComfortable ? (0, 0) : (common, common)
}
