/// A sum of products kept in at least twice the precision of its terms.
///
/// The direct reference sums in it, so that its own rounding is far below the contract it checks others against.
public protocol WideAccumulator<Term>: Sendable {
    associatedtype Term: BinaryFloatingPoint
    init()
    mutating func add(_ term: Term)
    mutating func addProduct(_ first: Term, _ second: Term)
    /// The sum, rounded once.
    var rounded: Term { get }
}

/// Sums Float products in Double: each product is exact, a sum of n terms is off by at most n·2⁻⁵³ of Σ|terms|.
public struct DoubleAccumulator: WideAccumulator {
    @usableFromInline var sum = 0.0

    @inlinable public init() {}
    @inlinable public mutating func add(_ term: Float) { sum += Double(term) }
    @inlinable public mutating func addProduct(_ first: Float, _ second: Float) {
        sum += Double(first) * Double(second)
    }
    @inlinable public var rounded: Float { Float(sum) }
}

/// Sums Double products in double-double arithmetic, about 2⁻¹⁰⁴ of Σ|terms| per term.
///
/// Error-free transformations: TwoProduct with a fused multiply-add and TwoSum (Ogita, Rump, Oishi 2005,
/// "Accurate Sum and Dot Product", algorithms 3.1 and 3.5). A non-finite sum stays what plain summation makes it:
/// the correction is dropped once it is not finite.
public struct DoubleDoubleAccumulator: WideAccumulator {
    @usableFromInline var high = 0.0
    @usableFromInline var low = 0.0

    @inlinable public init() {}

    @inlinable public mutating func add(_ term: Double) { add(term, error: 0) }

    @inlinable public mutating func addProduct(_ first: Double, _ second: Double) {
        let product = first * second
        add(product, error: (-product).addingProduct(first, second))
    }

    @inlinable mutating func add(_ term: Double, error: Double) {
        let sum = high + term
        let carried = sum - high
        low += ((high - (sum - carried)) + (term - carried)) + error
        high = sum
    }

    @inlinable public var rounded: Double {
        let sum = high + low
        return low.isFinite ? sum : high
    }
}
