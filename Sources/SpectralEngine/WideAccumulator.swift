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
/// "Accurate Sum and Dot Product", algorithms 3.1 and 3.5). Finite terms overflow only where their sum does: once one is too large,
/// all are scaled. A sum of terms that are not finite is what plain summation makes of it: the correction is dropped once it is not
/// finite.
public struct DoubleDoubleAccumulator: WideAccumulator {
    @usableFromInline var high = 0.0
    @usableFromInline var low = 0.0
    /// Whether the sum is kept times ``scale`` squared.
    @usableFromInline var isScaled = false

    /// Of each factor: 2⁵⁵ products of the largest numbers stay in range, and what underflows is nothing beside a sum that was out of it.
    @usableFromInline static let scale = 0x1p-540

    @inlinable public init() {}

    @inlinable public mutating func add(_ term: Double) {
        guard isScaled || overflows(term, term.isFinite) else { return add(term, error: 0) }
        scaleDown()
        add(term * Self.scale * Self.scale, error: 0)
    }

    @inlinable public mutating func addProduct(_ first: Double, _ second: Double) {
        let product = first * second
        guard isScaled || overflows(product, first.isFinite && second.isFinite) else {
            return add(product, error: (-product).addingProduct(first, second))
        }
        scaleDown()
        let (one, two) = (first * Self.scale, second * Self.scale)
        add(one * two, error: (-(one * two)).addingProduct(one, two))
    }

    /// Whether only the range makes the next sum infinite.
    @inlinable func overflows(_ term: Double, _ isFinite: @autoclosure () -> Bool) -> Bool {
        !(high + term).isFinite && high.isFinite && isFinite()
    }

    @inlinable mutating func scaleDown() {
        guard !isScaled else { return }
        isScaled = true
        (high, low) = (high * Self.scale * Self.scale, low * Self.scale * Self.scale)
    }

    @inlinable mutating func add(_ term: Double, error: Double) {
        let sum = high + term
        let carried = sum - high
        low += ((high - (sum - carried)) + (term - carried)) + error
        high = sum
    }

    @inlinable public var rounded: Double {
        let sum = low.isFinite ? high + low : high
        return isScaled ? sum / Self.scale / Self.scale : sum
    }
}
