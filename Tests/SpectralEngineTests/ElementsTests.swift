import SpectralEngine
import Testing

/// What moves elements from places to places, and what looks at them, between others that stay.
@Suite struct ElementsTests {
    private static func values<T: KernelScalar>(_ count: Int, as _: T.Type) -> [T] {
        var generator = SeededGenerator(seed: UInt64(count))
        return generator.values(count).map { T($0) }
    }

    @Test func transposesMatchTheirDefinition() {
        for (rows, columns) in [(1, 1), (3, 21), (17, 4), (16, 16), (33, 8), (20, 1), (1, 20), (0, 5), (5, 0)] {
            expectTranspose(Self.values(41 * 41, as: Float.self), rows, columns)
            expectTranspose(Self.values(41 * 41, as: Double.self), rows, columns)
        }
    }

    private func expectTranspose<T: KernelScalar>(_ values: [T], _ rows: Int, _ columns: Int) {
        let (pitch, targetPitch) = (columns + 2, rows + 3)
        var target = [T](repeating: T(untouched), count: 41 * 41)
        var expected = target
        for row in 0..<rows {
            for column in 0..<columns { expected[5 + column * targetPitch + row] = values[3 + row * pitch + column] }
        }
        withElements(values.span) { source in
            withRegion(&target) {
                transpose(
                    source, at: 3, pitch: pitch, into: $0, at: 5, pitch: targetPitch, rows: rows, columns: columns)
            }
        }
        #expect(target == expected, "\(rows) \(columns)")
    }

    @Test func rowsArePaddedWithZeros() {
        let single = [(0, 0, 0, 1), (2, 0, 3, 1), (1, 19, 0, 1), (0, 6, 4, 3), (5, 4, 1, 0)]
        // Every second element: none, some of a vector, all of it, and more.
        let second = [
            (1, 1, 1, 2), (3, 5, 2, 2), (0, 8, 0, 2), (0, 9, 2, 2), (2, 15, 1, 2), (0, 16, 3, 2), (1, 19, 0, 2),
        ]
        for (before, count, after, step) in single + second {
            expectPad(Self.values(40, as: Float.self), before, count, after, step)
            expectPad(Self.values(40, as: Double.self), before, count, after, step)
        }
    }

    private func expectPad<T: KernelScalar>(_ values: [T], _ before: Int, _ count: Int, _ after: Int, _ step: Int) {
        var target = [T](repeating: T(untouched), count: 40)
        var expected = target
        for place in 0..<before + count + after { expected[7 + place] = 0 }
        for index in 0..<count { expected[7 + before + index] = values[2 + index * step] }
        withElements(values.span) { source in
            withRegion(&target) {
                PaddedRows(
                    rows: 1, before: before, count: count, after: after, sourcePitch: 0, sourceStep: step, pitch: 0
                ).copy(source, at: 2, into: $0, at: 7)
            }
        }
        #expect(target == expected, "\(before) \(count) \(after) \(step)")
    }

    @Test func elementsAreSpread() {
        for (count, step, rows) in [(0, 1, 1), (1, 5, 3), (9, 1, 2), (11, 3, 1), (5, 2, 3), (4, 2, 0)] {
            let values = Self.values(40, as: Float.self)
            var target = [Float](repeating: Float(untouched), count: 100)
            var expected = target
            for row in 0..<rows {
                for index in 0..<count { expected[4 + 29 * row + index * step] = values[6 + 11 * row + index] }
            }
            withElements(values.span) { source in
                withRegion(&target) {
                    spread(source, at: 6, pitch: 11, into: $0, at: 4, pitch: 29, step: step, rows: rows, count: count)
                }
            }
            #expect(target == expected, "\(count) \(step) \(rows)")
        }
    }

    @Test func magnitudesAreThoseOfFiniteElements() {
        let values: [Double] = [9, 1, -3, .nan, 2, -.infinity, 0.5, 0]
        func expect(_ range: Range<Int>, _ largest: Double, _ least: Double, isFinite: Bool) {
            let found = withElements(values.span) { Magnitudes(of: $0, at: range.lowerBound, count: range.count) }
            #expect(found.largest == largest && found.least == least && found.isFinite == isFinite, "\(range)")
        }
        expect(1..<3, 3, 1, isFinite: true)
        expect(1..<7, 3, 0.5, isFinite: false)
        expect(4..<5, 2, 2, isFinite: true)
        expect(3..<4, 0, .infinity, isFinite: false)
        expect(7..<8, 0, .infinity, isFinite: true)
        expect(0..<8, 9, 0.5, isFinite: false)
        expect(8..<8, 0, .infinity, isFinite: true)
        var sum = Magnitudes(largest: 4, least: 2, isFinite: true)
        sum.add(Magnitudes(largest: 3, least: 1, isFinite: false))
        #expect(sum.largest == 4 && sum.least == 1 && !sum.isFinite)
    }

    @Test func elementsOfARegionAreSeenAsTheyAre() {
        var values: [Float] = [1, 2, 3]
        withRegion(&values) { region in
            let elements = Elements(region)
            #expect(elements.count == 3)
            region[1] = -5
            #expect(Magnitudes(of: elements, at: 0, count: 3).largest == 5)
        }
        #expect(withElements([Float]().span) { $0.count } == 0)
    }
}
