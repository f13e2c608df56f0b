import SpectralEngine
import Testing

private let shapes: [TileShape] = [
    (1, 1, 1), (1, 1, 2), (1, 1, 3), (1, 1, 7), (1, 1, 16), (1, 1, 45), (1, 2, 2), (1, 3, 5), (1, 4, 8), (1, 9, 6),
    (2, 1, 3), (2, 3, 4), (3, 3, 5), (2, 4, 7), (4, 2, 6),
].map { TileShape(planes: $0.0, rows: $0.1, length: $0.2) }

/// Fields of one shape, and the ways from fields to spectra and back.
private struct Bench<Scalar: ConvolutionScalar> {
    let shape: TileShape
    let transform: PackedTransform<Scalar>
    let fields: [[Double]]

    init(_ shape: TileShape, _: Scalar.Type, seed: UInt64) throws {
        self.shape = shape
        transform = try PackedTransform<Scalar>(shape: shape)
        var generator = SeededGenerator(seed: seed)
        fields = (0..<4).map { _ in generator.values(shape.pointCount) }
    }

    func spectrum(packing first: Int, _ second: Int) throws -> ScratchTile<Scalar> {
        let tile = try ScratchTile<Scalar>(shape, packing: fields[first], fields[second])
        tile.forward(transform)
        return tile
    }

    /// The half spectrum of one field.
    func half(_ field: Int) throws -> ScratchHalf<Scalar> {
        let half = try ScratchHalf<Scalar>(shape)
        try spectrum(packing: field, field).withRegion { tile in
            half.withRegion { shape.untangle(tile, into: $0, nil, exponents: (0, 0)) }
        }
        return half
    }

    func isNear(_ actual: [Complex], _ expected: [Complex], scale: Double, transforms: Int) -> Bool {
        // Each transform adds its share; untangling, products and scaling add less than one more.
        let tolerance = Double(transforms + 1) * transformTolerance(shape, Scalar.self) * scale
        return actual.count == expected.count
            && norm(zip(actual, expected).map { $0 - $1 }) <= tolerance
    }

    /// Σₖ a[n ± k]·b[k] over the circle: the cross-correlation (+) or the convolution (-) with b.
    func circular(_ a: Int, _ b: Int, correlation: Bool) -> [Double] {
        (0..<shape.pointCount).map { n in
            (0..<shape.pointCount).reduce(0) { sum, k in
                sum + fields[a][shape.sum(n, correlation ? k : shape.negated(k))] * fields[b][k]
            }
        }
    }
}

private func packed(_ first: [Double], _ second: [Double]) -> [Complex] {
    zip(first, second).map { Complex(real: $0, imaginary: $1) }
}

/// Runs a check in both precisions.
private func inBothPrecisions(
    _ shape: TileShape, seed: UInt64, float: (Bench<Float>) throws -> Bool, double: (Bench<Double>) throws -> Bool
) throws {
    #expect(try float(Bench(shape, Float.self, seed: seed)), "Float")
    #expect(try double(Bench(shape, Double.self, seed: seed)), "Double")
}

// MARK: - Checks

private func untanglesIntoBothSpectra<Scalar: ConvolutionScalar>(_ bench: Bench<Scalar>) throws -> Bool {
    let shape = bench.shape
    let (first, second) = (try ScratchHalf<Scalar>(shape), try ScratchHalf<Scalar>(shape))
    try bench.spectrum(packing: 0, 1).withRegion { tile in
        first.withRegion { first in
            second.withRegion { shape.untangle(tile, into: first, $0, exponents: (3, -2)) }
        }
    }
    return zip([first, second], [(0, 8.0), (1, 0.25)]).allSatisfy { half, expected in
        let spectrum = naiveTransform(bench.fields[expected.0].map { Complex(real: $0, imaginary: 0) }, shape)
        let bins = halfBins(spectrum.map { $0 * expected.1 }, shape)
        // A half takes on rounding errors of its partner, too.
        let scale = expected.1 * (norm(bench.fields[0]) + norm(bench.fields[1]))
        return bench.isNear(half.bins, bins, scale: scale * Double(shape.pointCount).squareRoot(), transforms: 1)
    }
}

private func tanglesBack<Scalar: ConvolutionScalar>(_ bench: Bench<Scalar>) throws -> Bool {
    let shape = bench.shape
    let tile = try bench.spectrum(packing: 0, 1)
    let before = tile.field
    let (first, second) = (try ScratchHalf<Scalar>(shape), try ScratchHalf<Scalar>(shape))
    let again = try ScratchTile<Scalar>(shape)
    first.withRegion { first in
        second.withRegion { second in
            tile.withRegion { shape.untangle($0, into: first, second, exponents: (3, -2)) }
            again.withRegion { shape.tangle(first, second, exponents: (-3, 2), into: $0) }
        }
    }
    // Without a second field, its place stays 0.
    let alone = try ScratchTile<Scalar>(shape)
    first.withRegion { first in alone.withRegion { shape.tangle(first, nil, exponents: (-3, 0), into: $0) } }
    alone.inverse(bench.transform)
    let points = Double(shape.pointCount)
    let field = bench.fields[0].map { Complex(real: $0 * points, imaginary: 0) }
    let scale = norm(bench.fields[0]) + norm(bench.fields[1])
    return bench.isNear(again.field, before, scale: norm(before), transforms: 1)
        && bench.isNear(alone.field, field, scale: scale * points, transforms: 2)
}

/// Both packed fields through one filter, then through another on top.
private func multiplies<Scalar: ConvolutionScalar>(_ bench: Bench<Scalar>, conjugate: Bool) throws -> Bool {
    let (shape, result) = (bench.shape, try ScratchTile<Scalar>(bench.shape))
    let tile = try bench.spectrum(packing: 0, 1)
    let points = Double(shape.pointCount)
    func add(_ filter: Int, accumulate: Bool) throws {
        try bench.half(filter).withRegion { w in
            tile.withRegion { a in
                result.withRegion {
                    shape.multiply(a, w, conjugate: conjugate, into: $0, accumulate: accumulate)
                }
            }
        }
    }
    func expected(_ filter: Int) -> [Complex] {
        packed(
            bench.circular(0, filter, correlation: conjugate), bench.circular(1, filter, correlation: conjugate)
        ).map { $0 * points }
    }
    func isRight(_ expected: [Complex], _ filters: [Int]) -> Bool {
        let inverse = result.field
        result.inverse(bench.transform)
        defer { result.field = inverse }
        let scale = filters.reduce(0) { $0 + norm(bench.fields[$1]) } * points
        // ‖a ∗ f‖ can be as large as √n·‖a‖·‖f‖.
        return bench.isNear(
            result.field, expected,
            scale: scale * (norm(bench.fields[0]) + norm(bench.fields[1])) * points.squareRoot(),
            transforms: 3)
    }
    try add(2, accumulate: false)
    let alone = isRight(expected(2), [2])
    try add(3, accumulate: true)
    return alone && isRight(zip(expected(2), expected(3)).map { $0 + $1 }, [2, 3])
}

private func correlates<Scalar: ConvolutionScalar>(_ bench: Bench<Scalar>) throws -> Bool {
    let (shape, half) = (bench.shape, try ScratchHalf<Scalar>(bench.shape))
    let (x, g) = (try bench.spectrum(packing: 0, 1), try bench.spectrum(packing: 2, 3))
    let points = Double(shape.pointCount)
    let sum = zip(bench.circular(0, 2, correlation: true), bench.circular(1, 3, correlation: true)).map { $0 + $1 }
    let scale = norm(packed(bench.fields[0], bench.fields[1])) * norm(packed(bench.fields[2], bench.fields[3]))
    // Twice the sum at first, then the same again on top.
    return try [2.0, 4].allSatisfy { times in
        let result = try ScratchTile<Scalar>(shape)
        half.withRegion { half in
            x.withRegion { x in
                g.withRegion { shape.correlate(x, $0, into: half, accumulate: times > 2) }
            }
            result.withRegion { shape.tangle(half, nil, exponents: (0, 0), into: $0) }
        }
        result.inverse(bench.transform)
        return bench.isNear(
            result.field, sum.map { Complex(real: $0 * times * points, imaginary: 0) },
            scale: times * scale * points * points.squareRoot(), transforms: 3)
    }
}

// MARK: - Norms

private func expectNorm(
    _ norm: FieldNorm, _ fraction: Double, _ exponent: Int, nonFinite: Int = 0, negative: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(
        abs(norm.fraction - fraction) <= 4 * Double.ulpOfOne && norm.exponent == exponent
            && norm.nonFiniteCount == nonFinite && norm.hasNegative == negative, "\(norm)",
        sourceLocation: sourceLocation)
}

private func measured<Scalar: ConvolutionScalar>(_ values: [Scalar]) -> FieldNorm {
    measure(values.span, 0..<values.count)
}

@Suite struct TileOperationsTests {
    @Test(arguments: shapes) func untangleGivesTheHalfSpectraOfBothFields(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 21, float: untanglesIntoBothSpectra, double: untanglesIntoBothSpectra)
    }

    @Test(arguments: shapes) func tangleIsTheInverseOfUntangle(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 22, float: tanglesBack, double: tanglesBack)
    }

    @Test(arguments: shapes) func multiplyConvolvesBothPackedFields(_ shape: TileShape) throws {
        try inBothPrecisions(
            shape, seed: 23, float: { try multiplies($0, conjugate: false) },
            double: { try multiplies($0, conjugate: false) })
    }

    @Test(arguments: shapes) func multiplyByTheConjugateCorrelatesBothPackedFields(_ shape: TileShape) throws {
        try inBothPrecisions(
            shape, seed: 24, float: { try multiplies($0, conjugate: true) },
            double: { try multiplies($0, conjugate: true) })
    }

    @Test(arguments: shapes) func correlateGivesTwiceTheSumOfBothFieldsCorrelations(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 25, float: correlates, double: correlates)
    }

    // MARK: Windows

    @Test func gatherPacksTwoWindowsAndSumsTheirSquares() throws {
        let shape = TileShape(planes: 1, rows: 2, length: 3)
        let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
        let rows = AxisSegment(origin: 0, positions: 0..<2, extent: 2, step: 1)
        let columns = AxisSegment(origin: -1, positions: 0..<3, extent: 2, step: 1)
        let windows = [0, 4].map { Window(one, rows, columns, planeOffset: $0, extents: (2, 2)) }
        let array: [Float] = [1, 2, 3, 4, 5, -6, 7, 8]
        let tile = try ScratchTile<Float>(shape)
        let (first, second) = tile.withRegion { shape.gather(array.span, windows[0], windows[1], into: $0) }
        #expect(tile.field == packed([0, 1, 2, 0, 3, 4], [0, 5, -6, 0, 7, 8]))
        #expect(first.energy == 30 && !first.hasNegative)
        #expect(second.energy == 174 && second.hasNegative)
    }

    @Test func scatterScalesCutsAndShifts() throws {
        let shape = TileShape(planes: 1, rows: 1, length: 4)
        let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
        let columns = AxisSegment(origin: -1, positions: 1..<4, extent: 3, step: 1)
        let window = Window(one, one, columns, planeOffset: 1, extents: (1, 3))
        let tile = try ScratchTile<Double>(shape, packing: [9, 1, -2, 3], [9, -4, 5, -6])
        for (part, floor, expected) in [(0, 0.0, [0.5, 6.5, 0.5, 18.5]), (1, -.infinity, [0.5, -23.5, 30.5, -35.5])] {
            var array = [0.5, 0, 0, 0]
            withRegion(&array) { array in
                tile.withRegion {
                    shape.scatter($0, part: part, into: array, window, factors: (2, 3), floor: floor, bias: 0.5)
                }
            }
            #expect(array == expected)
        }
    }

    // MARK: Extremes

    @Test func rescaleIsExactFarBeyondOnePowersRange() throws {
        let shape = TileShape(planes: 1, rows: 1, length: 1)
        for (value, exponents, expected) in [
            (1.5, (0, 3), (1.5, 12.0)), (0x1.8p-1000, (2000, -70), (0x1.8p1000, 0x1.8p-1070)),
            (0x1p1000, (-2000, -1074), (0x1p-1000, 0x1p-74)), (0x1p-1074, (2046, 1), (0x1p972, 0x1p-1073)),
        ] {
            let tile = try ScratchTile<Double>(shape, packing: [value], [value])
            tile.withRegion { region in
                for index in 2..<region.count { region[index] = 0 }
                shape.rescale(region, first: exponents.0, second: exponents.1)
            }
            #expect(tile.field == packed([expected.0], [expected.1]))
        }
        let tile = try ScratchTile<Float>(shape, packing: [0x1p-149], [-0x1p120])
        tile.withRegion { shape.rescale($0, first: 254, second: -250) }
        #expect(tile.field == packed([0x1p105], [-0x1p-130]))
    }

    @Test func powersOfTwoMultiplyToThePower() {
        for exponent in -252...254 {
            let (first, second) = powersOfTwo(exponent, Float.self)
            #expect(first.isNormal && second.isNormal)
            #expect(Double(first) * Double(second) == Double(sign: .plus, exponent: exponent, significand: 1))
        }
        for exponent in -2044...2046 {
            let (first, second) = powersOfTwo(exponent, Double.self)
            let isRight =
                first.isNormal && second.isNormal && Int(first.exponent) + Int(second.exponent) == exponent
                && first.significand == 1 && second.significand == 1
            if !isRight { Issue.record("2^\(exponent) as \(first)·\(second)") }
        }
        for exponent in [-100_000, 100_000] {
            let (first, second) = powersOfTwo(exponent, Double.self)
            #expect(first * second == (exponent < 0 ? 0 : .infinity))
        }
    }

    @Test func measureNeitherOverflowsNorUnderflows() {
        expectNorm(measured([3.0, 4.0]), 0.625, 3)
        expectNorm(measured([0x1p1023, -0x1p1023, 0x1p1023, 0x1p1023]), 0.5, 1025, negative: true)
        expectNorm(measured([1e300, 1e-300]), 1e300 / 0x1p997, 997)
        expectNorm(measured([0x1p-1074]), 0.5, -1073)
        expectNorm(measured([0x1p-1074, 0x1p-1074, -0x1p-1074, 0x1p-1074]), 0.5, -1072, negative: true)
        // About 1e-320.
        expectNorm(measured([2024 * Double.leastNonzeroMagnitude]), 2024.0 / 2048, -1063)
        expectNorm(measured([3 * 0x1p-301, 4 * 0x1p-301]), 0.625, -298)
        // Its square is subnormal, and would lose the last bits.
        expectNorm(measured([0x1.00001p-530]), 0x1.00001p-1, -529)
        expectNorm(measured([Float(0x1p127), 0x1p127, 0x1p127, 0x1p127]), 0.5, 129)
        expectNorm(measured([Float(0x1p-149)]), 0.5, -148)
        expectNorm(measured([Double.greatestFiniteMagnitude]), 1 - 0x1p-53, 1024)
    }

    @Test func measureLeavesOutWhatIsNotFinite() {
        expectNorm(measured([.nan, 3.0, .infinity, -4.0]), 0.625, 3, nonFinite: 2, negative: true)
        expectNorm(measured([1e300, .nan]), 1e300 / 0x1p997, 997, nonFinite: 1)
        expectNorm(measured([Float.nan, .infinity]), 0, 0, nonFinite: 2)
        #expect(measured([Double]()).isZero)
        #expect(measured([Float](repeating: 0, count: 100)).isZero)
        #expect(measured([-0.0]).hasNegative == false)
    }

    @Test func measureLooksAtItsRangeOnly() {
        let values: [Double] = [.nan, 3, 4, -1]
        let norm = measure(values.span, 1..<3)
        expectNorm(norm, 0.625, 3)
        #expect(measure(values.span, 4..<4).isZero)
    }

    @Test func measureOfATileCleansThePartItMeasures() throws {
        let shape = TileShape(planes: 1, rows: 1, length: 8)
        let first: [Double] = [.nan, 3, .infinity, 0, 4, 0, 0, 0]
        let second: [Double] = [.nan, 1, 1, 1, -1, 0, 0, 0]
        let tile = try ScratchTile<Float>(shape, packing: first, second)
        expectNorm(tile.withRegion { shape.measure($0, part: 0) }, 0.625, 3, nonFinite: 2)
        #expect(tile.field.map(\.real) == [0, 3, 0, 0, 4, 0, 0, 0])
        #expect(tile.field[0].imaginary.isNaN)
        expectNorm(tile.withRegion { shape.measure($0, part: 1) }, 0.5, 2, nonFinite: 1, negative: true)
        #expect(tile.field.map(\.imaginary) == [0, 1, 1, 1, -1, 0, 0, 0])
    }

    @Test func aNormIsMadeFromAnEnergy() {
        expectNorm(FieldNorm(energy: 25), 0.625, 3)
        expectNorm(FieldNorm(energy: 1), 0.5, 1)
        expectNorm(FieldNorm(energy: 0x1p-600), 0.5, -299)
        expectNorm(FieldNorm(energy: 0x1p1000), 0.5, 501)
    }

    // MARK: Traps

    @Test func tilesAndHalvesOfAnotherShapeTrap() async {
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 1, length: 32)
            let tile = try ScratchTile<Float>(TileShape(planes: 1, rows: 1, length: 16))
            tile.withRegion { shape.rescale($0, first: 0, second: 0) }
        }
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 1, length: 32)
            let tile = try ScratchTile<Float>(shape)
            let half = try ScratchHalf<Float>(TileShape(planes: 1, rows: 1, length: 8))
            tile.withRegion { tile in half.withRegion { shape.untangle(tile, into: $0, nil, exponents: (0, 0)) } }
        }
        await #expect(processExitsWith: trap) {
            let values = [1.0, 2]
            precondition(!measure(values.span, 1..<3).isZero)
        }
    }
}
