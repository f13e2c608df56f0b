import SpectralEngine
import Testing

/// Tile positions and array elements that a segment brings together.
private func pairs(_ segment: AxisSegment) -> [[Int]] {
    (0..<segment.count).map { [segment.tileStart + $0 * segment.step, segment.arrayStart + $0] }
}

@Suite struct AxisSegmentTests {
    @Test(arguments: 1...3) func equalsItsDefinitionForAllSmallParameters(step: Int) {
        var wrong: [String] = []
        for origin in -8...8 {
            for lower in 0...7 {
                for upper in lower...9 {
                    for extent in 0...7 {
                        let segment = AxisSegment(
                            origin: origin, positions: lower..<upper, extent: extent, step: step)
                        // The array's element e sits at coordinate e·step, position p at coordinate origin + p.
                        let expected = (0..<extent).map { [$0 * step - origin, $0] }.filter {
                            $0[0] >= lower && $0[0] < upper
                        }
                        let covers = segment.positions
                        let start = expected.first?[0] ?? lower
                        let isRight =
                            pairs(segment) == expected && segment.step == (expected.count > 1 ? step : 1)
                            && covers.lowerBound == start
                            && covers.upperBound == (expected.last?[0] ?? lower - 1) + 1
                        if !isRight { wrong.append("\(origin) \(lower)..<\(upper) \(extent) \(step): \(segment)") }
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
    }
}

/// A box of one array plane and one tile, given by what `AxisSegment` takes.
private struct Placement {
    let origins: (Int, Int, Int)
    let steps: (Int, Int, Int)
    let extents: (depth: Int, height: Int, width: Int)
    let planeOffset: Int

    func window(_ shape: TileShape) -> Window {
        Window(
            AxisSegment(origin: origins.0, positions: 0..<shape.planes, extent: extents.depth, step: steps.0),
            AxisSegment(origin: origins.1, positions: 0..<shape.rows, extent: extents.height, step: steps.1),
            AxisSegment(origin: origins.2, positions: 0..<shape.length, extent: extents.width, step: steps.2),
            planeOffset: planeOffset, extents: (extents.height, extents.width))
    }

    var count: Int { planeOffset + extents.depth * extents.height * extents.width }

    /// The array element at each point of a tile; `nil` where there is none.
    func elements(_ shape: TileShape) -> [Int?] {
        func element(_ coordinate: Int, _ step: Int, _ extent: Int) -> Int? {
            coordinate >= 0 && coordinate % step == 0 && coordinate / step < extent ? coordinate / step : nil
        }
        return (0..<shape.pointCount).map { point in
            let row = point / shape.length
            guard let d = element(origins.0 + row / shape.rows, steps.0, extents.depth),
                let h = element(origins.1 + row % shape.rows, steps.1, extents.height),
                let w = element(origins.2 + point % shape.length, steps.2, extents.width)
            else { return nil }
            return planeOffset + (d * extents.height + h) * extents.width + w
        }
    }
}

private func placements(_ count: Int) -> [(TileShape, Placement)] {
    var generator = SeededGenerator(seed: 11)
    func three(_ range: ClosedRange<Int>) -> (Int, Int, Int) {
        (generator.integer(in: range), generator.integer(in: range), generator.integer(in: range))
    }
    return (0..<count).map { _ in
        let (shape, extents) = (three(1...6), three(1...7))
        return (
            TileShape(planes: shape.0, rows: shape.1, length: 2 * shape.2),
            Placement(
                origins: three(-4...4), steps: three(1...3), extents: extents,
                planeOffset: generator.integer(in: 0...9))
        )
    }
}

@Suite struct WindowTests {
    @Test func gatherReadsExactlyTheSamplesOfTheDefinition() throws {
        var wrong: [String] = []
        for (shape, placement) in placements(300) {
            let array = (0..<placement.count).map { Float($0 + 1) }
            let tile = try ScratchTile<Float>(shape)
            let window = placement.window(shape)
            let elements = placement.elements(shape)
            let summary = tile.withRegion { shape.gather(array.span, window, nil, into: $0).0 }
            let expected = elements.map { Complex(real: $0.map { Double($0 + 1) } ?? 0, imaginary: 0) }
            let energy = expected.reduce(0) { $0 + $1.squaredMagnitude }
            let isRight =
                tile.field == expected && window.isEmpty == elements.allSatisfy { $0 == nil }
                && summary.energy == energy && !summary.hasNegative
            if !isRight { wrong.append("\(shape) \(placement)") }
        }
        #expect(wrong.isEmpty)
    }

    @Test func scatterAndFillWriteExactlyTheSamplesOfTheDefinition() throws {
        var wrong: [String] = []
        for (shape, placement) in placements(300) {
            let field = (0..<shape.pointCount).map { Complex(real: Double($0), imaginary: -Double($0)) }
            let tile = try ScratchTile<Double>(shape, field)
            let window = placement.window(shape)
            var expected = [Double](repeating: 0.5, count: placement.count)
            var array = expected
            for (point, element) in placement.elements(shape).enumerated() {
                if let element { expected[element] = -Double(point) }
            }
            withRegion(&array) { array in
                tile.withRegion {
                    shape.scatter(
                        $0, part: 1, into: array, window, factors: (1, 1), floor: -.infinity, bias: 0)
                }
            }
            if array != expected { wrong.append("scatter \(shape) \(placement)") }
            for case let element? in placement.elements(shape) { expected[element] = 7 }
            withRegion(&array) { shape.fill($0, window, 7) }
            if array != expected { wrong.append("fill \(shape) \(placement)") }
        }
        #expect(wrong.isEmpty)
    }

    @Test func aWindowMayEndWithItsArrayAndItsTile() throws {
        let shape = TileShape(planes: 2, rows: 3, length: 5)
        let whole = Window(
            AxisSegment(origin: 0, positions: 0..<2, extent: 2, step: 1),
            AxisSegment(origin: 0, positions: 0..<3, extent: 3, step: 1),
            AxisSegment(origin: 0, positions: 0..<5, extent: 5, step: 1), planeOffset: 4, extents: (3, 5))
        let tile = try ScratchTile<Float>(shape)
        let array = (0..<34).map { Float($0) }
        _ = tile.withRegion { shape.gather(array.span, whole, nil, into: $0) }
        #expect(tile.field.map(\.real) == (4..<34).map { Double($0) })
    }

    @Test func anEmptyWindowTouchesNothingWhereverItIs() throws {
        let shape = TileShape(planes: 1, rows: 2, length: 4)
        let empty = Window(
            AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1),
            AxisSegment(origin: 9, positions: 0..<90, extent: 2, step: 1),
            AxisSegment(origin: 0, positions: 0..<90, extent: 80, step: 1), planeOffset: 1000, extents: (2, 80))
        #expect(empty.isEmpty)
        let tile = try ScratchTile<Float>(shape)
        let (first, second) = tile.withRegion { shape.gather([Float]().span, empty, empty, into: $0) }
        #expect(first.energy == 0 && second.energy == 0)
        #expect(tile.field == [Complex](repeating: .zero, count: 8))
    }

    @Test func windowsAreEqualIfTheyMeanTheSame() {
        let segment = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
        let other = AxisSegment(origin: 1, positions: 0..<4, extent: 4, step: 1)
        let window = Window(segment, segment, segment, planeOffset: 3, extents: (4, 4))
        #expect(window == Window(segment, segment, segment, planeOffset: 3, extents: (4, 4)))
        #expect(window.hashValue == Window(segment, segment, segment, planeOffset: 3, extents: (4, 4)).hashValue)
        #expect(window != Window(segment, segment, other, planeOffset: 3, extents: (4, 4)))
        #expect(window != Window(segment, segment, segment, planeOffset: 4, extents: (4, 4)))
        #expect(window != Window(segment, segment, segment, planeOffset: 3, extents: (4, 5)))
    }

    @Test func aWindowOutsideItsArrayTraps() async {
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 1, length: 4)
            let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            let window = Window(one, one, four, planeOffset: 1, extents: (1, 4))
            let tile = try ScratchTile<Float>(shape)
            // The last of elements 1 ..< 5 is not there.
            _ = tile.withRegion { shape.gather([1, 2, 3, 4].span, window, nil, into: $0) }
        }
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 1, length: 4)
            let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            let inside = Window(one, one, four, planeOffset: 0, extents: (1, 4))
            let outside = Window(one, one, four, planeOffset: 1, extents: (1, 4))
            let tile = try ScratchTile<Float>(shape)
            _ = tile.withRegion { shape.gather([1, 2, 3, 4].span, inside, outside, into: $0) }
        }
        await #expect(processExitsWith: trap) {
            let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            var array = [1.0, 2, 3]
            withRegion(&array) {
                TileShape(planes: 1, rows: 1, length: 4).fill(
                    $0, Window(one, one, four, planeOffset: 0, extents: (1, 4)), 0)
            }
        }
    }

    @Test func aWindowOutsideItsTileTraps() async {
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 1, length: 4)
            let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
            let five = AxisSegment(origin: 0, positions: 0..<5, extent: 5, step: 1)
            let tile = try ScratchTile<Float>(shape)
            let window = Window(one, one, five, planeOffset: 0, extents: (1, 5))
            _ = tile.withRegion { shape.gather([1, 2, 3, 4, 5].span, window, nil, into: $0) }
        }
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 2, length: 4)
            let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
            let two = AxisSegment(origin: -1, positions: 0..<3, extent: 2, step: 1)
            var array = [1.0, 2]
            let tile = try ScratchTile<Double>(shape)
            withRegion(&array) { array in
                tile.withRegion {
                    shape.scatter(
                        $0, part: 0, into: array, Window(one, two, one, planeOffset: 0, extents: (2, 1)),
                        factors: (1, 1), floor: 0, bias: 0)
                }
            }
        }
    }
}
