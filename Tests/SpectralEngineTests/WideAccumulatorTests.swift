import SpectralEngine
import Testing

private func sum<Sum: WideAccumulator>(_ terms: [Sum.Term], _: Sum.Type) -> Sum.Term {
    var sum = Sum()
    for term in terms { sum.add(term) }
    return sum.rounded
}

private func dot<Sum: WideAccumulator>(_ factors: [(Sum.Term, Sum.Term)], _: Sum.Type) -> Sum.Term {
    var sum = Sum()
    for (first, second) in factors { sum.addProduct(first, second) }
    return sum.rounded
}

@Suite struct DoubleDoubleAccumulatorTests {
    @Test func keepsWhatADoubleLoses() {
        #expect(1e16 + 1 - 1e16 == 0)
        #expect(sum([1e16, 1, -1e16], DoubleDoubleAccumulator.self) == 1)
        #expect(sum([0x1p100, 0x1p48, -0x1p100], DoubleDoubleAccumulator.self) == 0x1p48)
        #expect(sum([], DoubleDoubleAccumulator.self) == 0)
    }

    @Test func productsAreExact() {
        let x = 1 + 0x1p-30
        #expect(x * x - (1 + 0x1p-29) == 0)
        // (1 + 2^-30)² = 1 + 2^-29 + 2^-60
        #expect(dot([(x, x), (-1, 1), (-0x1p-29, 1)], DoubleDoubleAccumulator.self) == 0x1p-60)
        // (1 - 2^-30)·(1 + 2^-30) - 1 = -2^-60
        #expect(dot([(1 - 0x1p-30, x), (-1, 1)], DoubleDoubleAccumulator.self) == -0x1p-60)
    }

    /// Integers below 2^53 times integers, and back again in another order: what is left is known exactly.
    @Test func longSumsThatCancelAreExact() {
        var generator = SeededGenerator(seed: 5)
        var (sum, naive) = (DoubleDoubleAccumulator(), 0.0)
        let factors = (0..<1000).map { _ in
            (Double(generator.integer(in: -(1 << 50)...(1 << 50))), Double(generator.integer(in: -1000...1000)))
        }
        for (first, second) in factors + factors.shuffled(using: &generator).map({ (-$0.0, $0.1) }) + [(0.125, 3)] {
            sum.addProduct(first, second)
            naive += first * second
        }
        #expect(sum.rounded == 0.375)
        #expect(naive != 0.375)
    }

    @Test func finiteTermsOverflowOnlyWhereTheirSumDoes() {
        #expect(dot([(1e200, 1e200), (-1e200, 1e200)], DoubleDoubleAccumulator.self) == 0)
        #expect(dot([(1e200, 1e150), (1e200, -1e150), (0x1p600, 0x1p-10)], DoubleDoubleAccumulator.self) == 0x1p590)
        #expect(sum([1e308, 1e308, -1e308, 1], DoubleDoubleAccumulator.self) == 1e308)
        #expect(sum([-1e308, -1e308, 1e308, 1e308, 0x1p1000], DoubleDoubleAccumulator.self) == 0x1p1000)
        let largest = Double.greatestFiniteMagnitude
        let factors = (0..<2000).map { (largest, $0.isMultiple(of: 2) ? largest : -largest) } + [(3, 5)]
        #expect(dot(factors, DoubleDoubleAccumulator.self) == 0)
        // What is not finite stays so, before and after.
        #expect(sum([1e308, 1e308, -.infinity], DoubleDoubleAccumulator.self) == -.infinity)
        #expect(sum([1e308, 1e308, .infinity, -.infinity], DoubleDoubleAccumulator.self).isNaN)
        #expect(dot([(1e200, 1e200), (.infinity, 1), (-1e200, 1e200)], DoubleDoubleAccumulator.self) == .infinity)
        #expect(dot([(1e200, 1e200), (.nan, 1)], DoubleDoubleAccumulator.self).isNaN)
    }

    @Test func aNonFiniteSumIsWhatPlainSummationMakesIt() {
        let infinity = Double.infinity
        #expect(sum([1, infinity, 1], DoubleDoubleAccumulator.self) == infinity)
        #expect(sum([1, -infinity, 1e300], DoubleDoubleAccumulator.self) == -infinity)
        #expect(sum([infinity, -infinity], DoubleDoubleAccumulator.self).isNaN)
        #expect(sum([1, .nan, 1], DoubleDoubleAccumulator.self).isNaN)
        #expect(dot([(1, 1), (infinity, 0)], DoubleDoubleAccumulator.self).isNaN)
        #expect(dot([(1, 1), (infinity, -2), (5, 5)], DoubleDoubleAccumulator.self) == -infinity)
        #expect(dot([(1e200, 1e200), (1, 1)], DoubleDoubleAccumulator.self) == infinity)
        #expect(sum([1e308, 1e308, 1], DoubleDoubleAccumulator.self) == infinity)
    }

    @Test func theLargestFiniteSumsStayFinite() {
        let largest = Double.greatestFiniteMagnitude
        #expect(sum([largest, -largest, 1], DoubleDoubleAccumulator.self) == 1)
        #expect(sum([largest, 1, 1], DoubleDoubleAccumulator.self) == largest)
        #expect(dot([(largest, 1), (-largest, 0.5)], DoubleDoubleAccumulator.self) == largest / 2)
    }
}

@Suite struct DoubleAccumulatorTests {
    @Test func keepsWhatAFloatLoses() {
        #expect(Float(1e8) + 1 - Float(1e8) == 0)
        #expect(sum([1e8, 1, -1e8], DoubleAccumulator.self) == 1)
        let x: Float = 1 + 0x1p-20
        #expect(dot([(x, x), (-1, 1), (-0x1p-19, 1)], DoubleAccumulator.self) == 0x1p-40)
    }

    @Test func overflowsOnlyWhenItIsRounded() {
        #expect(dot([(1e30, 1e30), (-1e30, 1e30), (2, 3)], DoubleAccumulator.self) == 6)
        #expect(dot([(1e30, 1e30)], DoubleAccumulator.self) == .infinity)
        #expect(sum([1, .infinity], DoubleAccumulator.self) == .infinity)
        #expect(sum([1, .nan], DoubleAccumulator.self).isNaN)
    }
}
