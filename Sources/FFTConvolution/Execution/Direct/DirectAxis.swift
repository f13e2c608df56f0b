/// start + step·i for i in 0 ..< count.
struct Progression: Hashable, Sendable {
    let start: Int
    let step: Int
    let count: Int

    /// Where no step is taken it may be of any size, and is 1.
    init(start: Int, step: Int, count: Int) {
        self.start = start
        self.step = count > 1 ? step : 1
        self.count = count
    }

    subscript(index: Int) -> Int { start + step * index }
}

/// Some results along one axis, and what they are sums of: result j and tap i of a part meet in the part's source j + i.
///
/// Stride and dilation are progressions, so that every direct loop is one of stride 1 and dilation 1: with g their greatest
/// common divisor, taps that are stride/g apart share sources, and results that are dilation/g apart share them too. No
/// position is visited that holds a zero between samples.
struct DirectAxis: Hashable, Sendable {
    struct Part: Hashable, Sendable {
        let taps: Progression
        /// Where source 0 lies, and how far it is from one to the next.
        let start: Int
        let step: Int

        /// - Parameter results: How many there are: sources are one fewer than they and the taps.
        init(taps: Progression, results: Int, start: Int, step: Int) {
            self.taps = taps
            self.start = start
            self.step = results + taps.count > 2 ? step : 1
        }

        /// The sources that lie in 0 ..< extent.
        func inside(_ extent: Int) -> Range<Int> {
            let first = start >= 0 ? 0 : (-start - 1) / step + 1
            let end = start >= extent ? 0 : (extent - start - 1) / step + 1
            return first..<max(end, first)
        }
    }

    let results: Progression
    let parts: [Part]
}

extension DirectAxis {
    /// An axis that a problem does not have.
    static let absent = pointwise(1)

    /// Results that meet one sample each, in order.
    static func pointwise(_ count: Int) -> DirectAxis {
        DirectAxis(
            results: Progression(start: 0, step: 1, count: count),
            parts: [Part(taps: Progression(start: 0, step: 1, count: 1), results: count, start: 0, step: 1)])
    }

    /// How many parts all sets have together, without making them.
    static func partCount(_ axis: Axis) -> Int {
        let divisor = greatestCommonDivisor(axis.stride, axis.dilation)
        return step(min(axis.dilation / divisor, axis.output), min(axis.stride / divisor, axis.filter))
    }

    /// Y(o) = Σ X(o·s − b + f·d)·W(f): with m = s/g and e = d/g, o = ρ + e·j and f = φ + m·i read X at
    /// ρ·s + φ·d − b + e·s·(j + i).
    static func forward(_ axis: Axis) -> [DirectAxis] {
        let divisor = greatestCommonDivisor(axis.stride, axis.dilation)
        let (m, e) = (axis.stride / divisor, axis.dilation / divisor)
        return (0..<min(e, axis.output)).map { first in
            let results = progression(from: first, step: e, below: axis.output)
            return DirectAxis(
                results: results,
                parts: (0..<min(m, axis.filter)).map { tap in
                    Part(
                        taps: progression(from: tap, step: m, below: axis.filter), results: results.count,
                        start: first * axis.stride + tap * axis.dilation - axis.before, step: step(e, axis.stride))
                })
        }
    }

    /// dX(i) = Σ dY(o)·W(f) over o·s − b + f·d = i, the same with o sought: taps φ + m·i' meet the inputs that are congruent
    /// to φ·d − b modulo s, and run backwards. Inputs that no tap meets are in none of the sets.
    static func inputGradient(_ axis: Axis) -> [DirectAxis] {
        let divisor = greatestCommonDivisor(axis.stride, axis.dilation)
        let (m, e) = (axis.stride / divisor, axis.dilation / divisor)
        return (0..<min(m, axis.filter)).flatMap { tap -> [DirectAxis] in
            let taps = progression(from: tap, step: m, below: axis.filter)
            let shift = tap * axis.dilation - axis.before
            let remainder = shift % axis.stride
            let residue = remainder < 0 ? remainder + axis.stride : remainder
            guard residue < axis.input else { return [] }
            let met = progression(from: residue, step: axis.stride, below: axis.input)
            let first = (residue - shift) / axis.stride - e * (taps.count - 1)
            return (0..<min(e, met.count)).map { offset in
                let results = Progression(
                    start: met[offset], step: step(axis.stride, e), count: (met.count - offset - 1) / e + 1)
                let turned = Progression(start: taps[taps.count - 1], step: -m, count: taps.count)
                return DirectAxis(
                    results: results,
                    parts: [Part(taps: turned, results: results.count, start: offset + first, step: e)])
            }
        }
    }

    private static func progression(from start: Int, step: Int, below limit: Int) -> Progression {
        Progression(start: start, step: step, count: start < limit ? (limit - start - 1) / step + 1 : 0)
    }

    /// The product; where it is beyond any position, there is one thing only, and no step is taken.
    private static func step(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}
