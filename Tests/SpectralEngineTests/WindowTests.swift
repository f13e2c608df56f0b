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
    var planeOffset: Int

    /// In another array, so many elements on.
    func moved(by elements: Int) -> Placement {
        var placement = self
        placement.planeOffset += elements
        return placement
    }

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

extension TileShape {
    fileprivate var noElements: [Int?] { [Int?](repeating: nil, count: pointCount) }
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

private let whole = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)

@Suite struct WindowTests {
    @Test func loadReadsExactlyTheSamplesOfTheDefinition() throws {
        var wrong: [String] = []
        let placements = placements(300)
        for (index, (shape, placement)) in placements.enumerated() {
            // Every other one with a partner: another placement in an array of its own, behind the first one's.
            let other = index.isMultiple(of: 2) ? placement.moved(by: placement.count) : nil
            let elements = [placement.elements(shape), other?.elements(shape) ?? shape.noElements]
            let read = Set(elements.joined().compactMap { $0 })
            // Samples are integers; what no window holds is NaN.
            let array = (0..<(other ?? placement).count).map {
                read.contains($0) ? Double($0 % 7 == 3 ? -$0 : $0 + 1) : .nan
            }
            let values = elements.map { $0.map { $0.map { array[$0] } ?? 0 } }
            let windows = (placement.window(shape), other?.window(shape))
            let bench = try TransformBench<Double>(shape)
            let summary = bench.load(array, windows.0, windows.1)
            let spectrum = try bench.spectrum(TileBox(windows.0, windows.1)).bins(shape)
            let isRight =
                relativeError(spectrum, naiveTransform(packed(values[0], values[1]), shape)) <= 1e-14
                && windows.0.isEmpty == elements[0].allSatisfy { $0 == nil }
                && zip([summary.0, summary.1], values).allSatisfy { summary, values in
                    summary.energy == values.reduce(0) { $0 + $1 * $1 }
                        && summary.hasNegative == values.contains { $0 < 0 }
                }
            if !isRight { wrong.append("\(shape) \(placement) \(index)") }
        }
        #expect(wrong.isEmpty)
    }

    @Test func storeAndFillWriteExactlyTheSamplesOfTheDefinition() throws {
        var wrong: [String] = []
        for (shape, placement) in placements(300) {
            let bench = try TransformBench<Double>(shape)
            let field = (0..<shape.pointCount).map { Complex(real: Double($0 + 1), imaginary: -Double($0 + 1)) }
            let spectrum = try bench.spectrum(of: field)
            let other = placement.moved(by: placement.count)
            let windows = (placement.window(shape), other.window(shape))
            bench.restore(spectrum, TileBox(windows.0, windows.1))
            var expected = [Double](repeating: 0.5, count: other.count)
            var array = expected
            for (point, element) in placement.elements(shape).enumerated() {
                if let element { expected[element] = Double((point + 1) * shape.pointCount) }
            }
            for (point, element) in other.elements(shape).enumerated() {
                if let element { expected[element] = -Double((point + 1) * shape.pointCount) }
            }
            bench.store(windows.0, windows.1, into: &array)
            let isRight = zip(array, expected).allSatisfy {
                $1 == 0.5 ? $0 == 0.5 : abs($0 - $1) <= 1e-12 * Double(shape.pointCount * shape.pointCount)
            }
            if !isRight { wrong.append("store \(shape) \(placement)") }
            expected = array
            for case let element? in placement.elements(shape) { expected[element] = 7 }
            withRegion(&array) { fill($0, windows.0, 7) }
            if array != expected { wrong.append("fill \(shape) \(placement)") }
        }
        #expect(wrong.isEmpty)
    }

    @Test func aWindowMayEndWithItsArrayAndItsTile() throws {
        let shape = TileShape(planes: 2, rows: 3, length: 5)
        let array = (0..<34).map { Double($0) }
        let bench = try TransformBench<Double>(shape)
        bench.load(
            array,
            Window(
                AxisSegment(origin: 0, positions: 0..<2, extent: 2, step: 1),
                AxisSegment(origin: 0, positions: 0..<3, extent: 3, step: 1),
                AxisSegment(origin: 0, positions: 0..<5, extent: 5, step: 1), planeOffset: 4, extents: (3, 5)), nil)
        let expected = naiveTransform(array[4...].map { Complex(real: $0, imaginary: 0) }, shape)
        #expect(relativeError(try bench.spectrum().bins(shape), expected) <= 1e-14)
    }

    @Test func anEmptyWindowTouchesNothingWhereverItIs() throws {
        let empty = Window(
            whole, AxisSegment(origin: 9, positions: 0..<90, extent: 2, step: 1),
            AxisSegment(origin: 0, positions: 0..<90, extent: 80, step: 1), planeOffset: 1000, extents: (2, 80))
        #expect(empty.isEmpty)
        for shape in [(1, 1, 4), (1, 1, 3072), (1, 1, 3104), (1, 2, 4), (1, 30, 4), (3, 2, 4), (21, 21, 4)].map({
            TileShape(planes: $0.0, rows: $0.1, length: $0.2)
        }) {
            let bench = try TransformBench<Float>(shape)
            let (first, second) = bench.load([], empty, empty)
            #expect(first.energy == 0 && second.energy == 0 && !first.hasNegative && !second.hasNegative)
            let spectrum = try bench.spectrum(TileBox(empty, empty))
            #expect(norm(spectrum.bins(shape)) == 0)
            var array: [Float] = [1, 2]
            bench.restore(spectrum, TileBox(empty, empty))
            bench.store(empty, empty, into: &array)
            bench.store(nil, empty, into: &array)
            bench.store(nil, nil, into: &array)
            #expect(array == [1, 2])
        }
    }

    // MARK: On the way

    @Test func loadPacksTwoWindowsAndSumsTheirSquares() throws {
        let shape = TileShape(planes: 1, rows: 2, length: 4)
        let rows = AxisSegment(origin: 0, positions: 0..<2, extent: 2, step: 1)
        let columns = AxisSegment(origin: -1, positions: 0..<4, extent: 2, step: 1)
        let windows = [0, 4].map { Window(whole, rows, columns, planeOffset: $0, extents: (2, 2)) }
        let bench = try TransformBench<Float>(shape)
        let (first, second) = bench.load([1, 2, 3, 4, 5, -6, 7, 8], windows[0], windows[1])
        // Transforms of two and four points add and subtract integers.
        let field = packed([0, 1, 2, 0, 0, 3, 4, 0], [0, 5, -6, 0, 0, 7, 8, 0])
        #expect(try bench.spectrum().bins(shape) == naiveTransform(field, shape))
        #expect(first.energy == 30 && !first.hasNegative)
        #expect(second.energy == 174 && second.hasNegative)
    }

    @Test func storeScalesCutsAndShifts() throws {
        let shape = TileShape(planes: 1, rows: 1, length: 4)
        let window = Window(
            whole, whole, AxisSegment(origin: -1, positions: 1..<4, extent: 3, step: 1), planeOffset: 1, extents: (1, 3)
        )
        let field = packed([9, 1, -2, 3], [9, -4, 5, -6])
        var array = [Double](repeating: 0.25, count: 8)
        let bench = try TransformBench<Double>(shape)
        bench.restore(try bench.spectrum(of: field))
        withRegion(&array) { array in
            // The inverse is four times the field.
            bench.withTile {
                bench.transform.store(
                    $0, WindowPair(window, window.moved(by: 4)), PartResult(factors: (0.5, 3), floor: 0, bias: 0.5),
                    PartResult(factors: (-0.5, 3), floor: -.infinity, bias: -1), into: array, $1)
            }
        }
        #expect(array == [0.25, 6.5, 0.5, 18.5, 0.25, 23, -31, 35])
    }

    @Test func loadScalesExactlyFarBeyondOnePowersRange() throws {
        // A transform of one point is that point.
        let shape = TileShape(planes: 1, rows: 1, length: 1)
        func loaded<Scalar: ConvolutionScalar>(_ values: [Scalar], _ exponents: (Int, Int)) throws -> [Complex] {
            let bench = try TransformBench<Scalar>(shape)
            let windows = (0..<2).map { shape.window(shape.box, field: $0) }
            bench.load(values, windows[0], windows[1], exponents: exponents)
            return try bench.spectrum().bins(shape)
        }
        for (value, exponents, expected) in [
            (1.5, (0, 3), (1.5, 12.0)), (0x1.8p-1000, (2000, -70), (0x1.8p1000, 0x1.8p-1070)),
            (0x1p1000, (-2000, -1074), (0x1p-1000, 0x1p-74)), (0x1p-1074, (2046, 1), (0x1p972, 0x1p-1073)),
        ] {
            #expect(try loaded([value, value], exponents) == packed([expected.0], [expected.1]))
        }
        #expect(try loaded([Float(0x1p-149), -0x1p120], (254, -250)) == packed([0x1p105], [-0x1p-130]))
    }

    /// In every form: rows of eight and rests, lines, split ones and matrices.
    @Test(arguments: [(1, 1, 20), (1, 1, 3072), (1, 1, 3104), (1, 11, 6), (3, 9, 5)])
    func loadReplacesWhatIsNotFiniteAndScalesTheRest(_ extents: (Int, Int, Int)) throws {
        func check<Scalar: ConvolutionScalar>(_: Scalar.Type) throws {
            let shape = TileShape(planes: extents.0, rows: extents.1, length: extents.2)
            var generator = SeededGenerator(seed: 31)
            let clean = generator.values(2 * shape.pointCount)
            var (dirty, zeroed) = (clean, clean)
            for (index, value) in [Double.nan, .infinity, -.infinity, .nan].enumerated() {
                let place = generator.integer(in: 0...shape.pointCount - 1) + index % 2 * shape.pointCount
                (dirty[place], zeroed[place]) = (value, 0)
            }
            let windows = (0..<2).map { shape.window(shape.box, field: $0) }
            let bench = try TransformBench<Scalar>(shape)
            let scaled = zeroed.enumerated().map { Scalar($1 * ($0 < shape.pointCount ? 8 : 0.25)) }
            bench.load(scaled, windows[0], windows[1])
            let expected = try bench.spectrum().bins(shape)
            let found = bench.load(
                dirty.map { Scalar($0) }, windows[0], windows[1], exponents: (3, -2), sanitising: true)
            #expect(relativeError(try bench.spectrum().bins(shape), expected) == 0)
            // What was found is what was there before.
            #expect(!found.0.energy.isFinite && !found.1.energy.isFinite)
            let careful = bench.load(
                zeroed.map { Scalar($0) }, windows[0], windows[1], exponents: (3, -2), sanitising: false)
            #expect(relativeError(try bench.spectrum().bins(shape), expected) == 0)
            for (summary, part) in [(careful.0, 0), (careful.1, 1)] {
                let values = zeroed[part * shape.pointCount..<(part + 1) * shape.pointCount]
                let energy = values.reduce(0) { $0 + $1 * $1 }
                #expect(abs(summary.energy - energy) <= energy * Double(values.count) * Double(Scalar.ulpOfOne))
                #expect(summary.hasNegative)
            }
            let magnitudes = clean.map { Scalar(abs($0)) }
            let signs = bench.load(magnitudes, windows[0], windows[1], exponents: (0, 0), sanitising: false)
            #expect(!signs.0.hasNegative && !signs.1.hasNegative)
        }
        try check(Float.self)
        try check(Double.self)
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

    /// Loads and stores some elements further on, as blocks do in other planes than those that windows were made for.
    @Test func windowsFurtherOnAreThoseMoved() throws {
        let shape = TileShape(planes: 1, rows: 3, length: 4)
        let (two, three) = (
            AxisSegment(origin: -1, positions: 0..<3, extent: 2, step: 1),
            AxisSegment(origin: 0, positions: 0..<4, extent: 3, step: 1)
        )
        let pair = WindowPair(
            Window(whole, two, three, planeOffset: 0, extents: (2, 3)),
            Window(whole, two, three, planeOffset: 6, extents: (2, 3)))
        let array = (0..<24).map { Float($0) - 10 }
        let bench = try TransformBench<Float>(shape)
        func spectrum(_ windows: WindowPair, _ offset: Int) throws -> [Complex] {
            bench.withTile { tile, team in
                let found = bench.transform.load(
                    array.span, windows, offset: offset, into: tile, exponents: (0, 0), sanitising: false, team)
                #expect(found.0.hasNegative && !found.1.hasNegative)
            }
            return try bench.spectrum(windows.box).bins(shape)
        }
        let moved = WindowPair(pair.first.moved(by: 9), pair.second?.moved(by: 9))
        #expect(moved.box == pair.box && moved != pair)
        let bins = (try spectrum(pair, 9), try spectrum(moved, 0))
        #expect(bins.0 == bins.1 && bins.0.contains { $0.real != 0 })

        bench.restore(try bench.spectrum(pair.box), pair.box)
        let result = PartResult(factors: (1, 1 / 12), floor: -.infinity, bias: 0)
        let stored = [(pair, 9), (moved, 0)].map { windows, offset in
            var array = [Float](repeating: -1, count: 24)
            withRegion(&array) { array in
                bench.withTile {
                    bench.transform.store($0, windows, offset: offset, result, result, into: array, $1)
                }
            }
            return array
        }
        #expect(stored[0] == stored[1] && stored[0].prefix(9).allSatisfy { $0 == -1 })
        #expect(zip(stored[0][9..<21], array[9..<21]).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func anOffsetOutsideTheArrayTraps() async {
        await #expect(processExitsWith: trap) { try load(5) }
        await #expect(processExitsWith: trap) { try load(-1) }
        await #expect(processExitsWith: .success) { try load(4) }
    }

    @Test func aWindowOutsideItsArrayTraps() async {
        await #expect(processExitsWith: trap) {
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            let window = Window(whole, whole, four, planeOffset: 1, extents: (1, 4))
            // The last of elements 1 ..< 5 is not there.
            try TransformBench<Float>(TileShape(planes: 1, rows: 1, length: 4)).load([1, 2, 3, 4], window, nil)
        }
        await #expect(processExitsWith: trap) {
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            let windows = [0, 1].map { Window(whole, whole, four, planeOffset: $0, extents: (1, 4)) }
            try TransformBench<Float>(TileShape(planes: 1, rows: 1, length: 4)).load(
                [1, 2, 3, 4], windows[0], windows[1])
        }
        await #expect(processExitsWith: trap) {
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            let windows = [0, 1].map { Window(whole, whole, four, planeOffset: $0, extents: (1, 4)) }
            var array: [Float] = [1, 2, 3, 4]
            try TransformBench(TileShape(planes: 1, rows: 1, length: 4)).store(windows[0], windows[1], into: &array)
        }
        await #expect(processExitsWith: trap) {
            let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
            var array = [1.0, 2, 3]
            withRegion(&array) { fill($0, Window(whole, whole, four, planeOffset: 0, extents: (1, 4)), 0) }
        }
    }

    @Test func aWindowOutsideItsTileTraps() async {
        await #expect(processExitsWith: trap) {
            let five = AxisSegment(origin: 0, positions: 0..<5, extent: 5, step: 1)
            let window = Window(whole, whole, five, planeOffset: 0, extents: (1, 5))
            try TransformBench<Float>(TileShape(planes: 1, rows: 1, length: 4)).load([1, 2, 3, 4, 5], window, nil)
        }
        await #expect(processExitsWith: trap) {
            let two = AxisSegment(origin: -1, positions: 0..<3, extent: 2, step: 1)
            var array = [1.0, 2]
            let window = Window(whole, two, whole, planeOffset: 0, extents: (2, 1))
            try TransformBench(TileShape(planes: 1, rows: 2, length: 4)).store(nil, window, into: &array)
        }
    }
}

/// Loads four of eight elements, so many further on.
private func load(_ offset: Int) throws {
    let four = AxisSegment(origin: 0, positions: 0..<4, extent: 4, step: 1)
    let windows = WindowPair(Window(whole, whole, four, planeOffset: 0, extents: (1, 4)), nil)
    let (bench, array) = (
        try TransformBench<Float>(TileShape(planes: 1, rows: 1, length: 4)), [Float](repeating: 1, count: 8)
    )
    bench.withTile { tile, team in
        _ = bench.transform.load(
            array.span, windows, offset: offset, into: tile, exponents: (0, 0), sanitising: false, team)
    }
}
