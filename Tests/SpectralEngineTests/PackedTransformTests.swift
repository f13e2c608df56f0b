import SpectralEngine
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Every length up to 40, lengths of each kind the pipelines use, and boxes whose axes take every path: contiguous lines,
/// columns that FFTW reads itself and columns that are copied to panels, whole panels and a rest, pitches that are padded.
private let shapes: [TileShape] =
    ((1...40) + [96, 100, 128, 160, 256, 509]).map { TileShape(planes: 1, rows: 1, length: $0) }
    + [
        (1, 2, 2), (1, 3, 5), (1, 4, 8), (1, 7, 2), (1, 8, 8), (1, 9, 16), (1, 12, 10), (1, 16, 9), (1, 19, 6),
        (1, 32, 24), (1, 33, 7), (1, 64, 3), (1, 100, 12), (1, 128, 4), (1, 160, 8), (1, 192, 9), (1, 256, 4),
        (1, 16, 64), (1, 64, 64), (1, 20, 12), (1, 18, 32), (1, 2, 64), (1, 2, 512), (1, 3, 512), (2, 1, 2), (5, 1, 3),
        (2, 2, 2), (2, 3, 4), (3, 5, 7), (4, 4, 4),
        (4, 8, 16), (5, 9, 11), (8, 8, 8), (9, 1, 5), (9, 16, 5), (16, 8, 6), (17, 3, 2), (3, 33, 10), (2, 40, 3),
        (4, 21, 8), (2, 2, 512), (130, 2, 3),
    ].map { TileShape(planes: $0.0, rows: $0.1, length: $0.2) }

/// Long lines: as they are, split into 64, or as matrices of 32 to 512 rows.
private let longLines =
    [2048, 2560, 3072, 4096, 5120, 9216, 15360, 98304, 262_144, 3104, 3136, 7680, 327_680].map {
        TileShape(planes: 1, rows: 1, length: $0)
    }

private let smallShapes = shapes.filter { ($0.rows > 1 || $0.planes > 1) && $0.pointCount <= 300 }

/// Some ranges of 0 ..< extent: empty, first, last, all but one at either end, all.
private func ranges(_ extent: Int) -> [Range<Int>] {
    Array(
        Set([0..<0, 0..<1, extent - 1..<extent, 1..<extent, 0..<extent - 1, 0..<extent, extent / 3..<extent * 2 / 3])
    )
    .sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
}

private func boxes(_ shape: TileShape) -> [TileBox] {
    ranges(shape.planes).flatMap { planes in
        ranges(shape.rows).flatMap { rows in
            ranges(shape.length).map { TileBox(planes: planes, rows: rows, columns: $0) }
        }
    }
}

/// Each box with another one, so that parts are pruned differently.
private func pairs(_ boxes: [TileBox]) -> [(TileBox, TileBox)] {
    boxes.enumerated().map { ($1, boxes[($0 * 5 + 3) % boxes.count]) }
}

private func forwardError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let field = randomField(shape, seed: 1)
    let spectrum = try TransformBench<Scalar>(shape).spectrum(of: field)
    return relativeError(spectrum.bins(shape), naiveTransform(field, shape)) / transformTolerance(shape, Scalar.self)
}

private func roundTripError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let field = randomField(shape, seed: 2)
    let bench = try TransformBench<Scalar>(shape)
    let again = bench.inverse(try bench.spectrum(of: field))
    return relativeError(again, field.map { $0 * Double(shape.pointCount) })
        / (2 * transformTolerance(shape, Scalar.self))
}

private func impulseError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let length = shape.length
    let impulses: [(position: Int, value: Complex)] = [
        (1, Complex(real: 1, imaginary: 0.5)), (length / 3, Complex(real: -0.25, imaginary: 1)),
        (length - 1, Complex(real: 0.5, imaginary: -1)),
    ]
    var field = [Complex](repeating: .zero, count: length)
    for impulse in impulses { field[impulse.position] = impulse.value }
    let expected = (0..<length).map { bin in
        impulses.reduce(Complex.zero) { $0 + $1.value * twiddle(bin * $1.position, of: length) }
    }
    let spectrum = try TransformBench<Scalar>(shape).spectrum(of: field)
    return relativeError(spectrum.bins(shape), expected) / transformTolerance(shape, Scalar.self)
}

/// Some bins of a random line, each by its definition.
private func someBinsError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let length = shape.length
    let field = randomField(shape, seed: 3)
    let bins = try TransformBench<Scalar>(shape).spectrum(of: field).bins(shape)
    let errors = [0, 1, length / 2 - 1, length / 2, length / 3, length - 1].map { bin in
        // Summed in more than double precision, or the sum would be less exact than the transform.
        var (real, imaginary) = (DoubleDoubleAccumulator(), DoubleDoubleAccumulator())
        for (point, value) in field.enumerated() {
            let root = twiddle(bin * point, of: length)
            real.addProduct(value.real, root.real)
            real.addProduct(-value.imaginary, root.imaginary)
            imaginary.addProduct(value.real, root.imaginary)
            imaginary.addProduct(value.imaginary, root.real)
        }
        return bins[bin] - Complex(real: real.rounded, imaginary: imaginary.rounded)
    }
    // One bin may take on the error of all: each is about √n, as is the norm of the field.
    return norm(errors) / norm(field) / transformTolerance(shape, Scalar.self)
}

/// Fields that windows cut to boxes have the spectra of fields that are 0 outside, to the bit; nothing else is read.
private func prunedSpectraDiffer<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> [String] {
    let field = randomField(shape, seed: 4)
    let transform = try PackedTransform<Scalar>(shape: shape)
    return try pairs(boxes(shape)).compactMap { first, second in
        let parts = [(first, field.map(\.real)), (second, field.map(\.imaginary))]
        let whole = try TransformBench<Scalar>(shape, transform: transform)
        let zeros = parts.map { pruned($0.1, shape, $0.0, outside: 0) }
        let expected = try whole.spectrum(of: packed(zeros[0], zeros[1])).bins(shape)
        let bench = try TransformBench<Scalar>(shape, transform: transform)
        let windows = (shape.window(first, field: 0), shape.window(second, field: 1))
        bench.load(parts.flatMap { pruned($0.1, shape, $0.0, outside: .nan) }.map { Scalar($0) }, windows.0, windows.1)
        let actual = try bench.spectrum(TileBox(windows.0, windows.1)).bins(shape)
        return actual == expected ? nil : "\(first) \(second)"
    }
}

/// What is kept of an inverse does not depend on how much is kept, to the bit; nothing else is written.
private func prunedInversesDiffer<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> [String] {
    let transform = try PackedTransform<Scalar>(shape: shape)
    let bench = try TransformBench<Scalar>(shape, transform: transform)
    let spectrum = try bench.spectrum(of: randomField(shape, seed: 5))
    let whole = bench.inverse(spectrum)
    return try pairs(boxes(shape)).enumerated().compactMap { index, boxes in
        let bench = try TransformBench<Scalar>(shape, transform: transform)
        // Now and then one part only.
        let first = index % 5 == 3 ? nil : shape.window(boxes.0, field: 0)
        let second = index % 5 == 1 ? nil : shape.window(boxes.1, field: 1)
        guard let either = first ?? second else { return nil }
        bench.restore(spectrum, TileBox(either, first == nil ? nil : second))
        var array = [Scalar](repeating: 0.5, count: 2 * shape.pointCount)
        bench.store(first, second, into: &array)
        let expected =
            (first == nil ? whole.map { _ in 0.5 } : pruned(whole.map(\.real), shape, boxes.0, outside: 0.5))
            + (second == nil ? whole.map { _ in 0.5 } : pruned(whole.map(\.imaginary), shape, boxes.1, outside: 0.5))
        return array.map { Double($0) } == expected ? nil : "\(boxes)"
    }
}

/// The results of every function of a transform, one after the other.
private func everything<Scalar: ConvolutionScalar>(
    _ shape: TileShape, workers: Int, word: UInt64, _: Scalar.Type
) throws -> [Double] {
    let transform = try PackedTransform<Scalar>(shape: shape)
    let bench = try TransformBench(shape, tiles: 5, workers: workers, transform: transform, word: word)
    let array = (randomField(shape, seed: 6) + randomField(shape, seed: 7)).flatMap {
        [Scalar($0.real), Scalar($0.imaginary)]
    }
    func part(_ extent: Int) -> Range<Int> { extent / 5..<extent - extent / 4 }
    let box = TileBox(planes: part(shape.planes), rows: part(shape.rows), columns: part(shape.length))
    var results: [Complex] = []
    func note(_ summary: (FieldSummary, FieldSummary)) {
        results += [summary.0, summary.1].map { Complex(real: $0.energy, imaginary: $0.hasNegative ? 1 : 0) }
    }
    func load(_ tile: Int, exponents: (Int, Int) = (0, 0)) {
        note(
            bench.load(
                array, shape.window(box, field: tile), shape.window(box, field: (tile + 2) % 4), tile: tile,
                exponents: exponents))
    }
    load(0)
    let spectrum = try bench.spectrum(box)
    results += spectrum.bins(shape)
    bench.restore(spectrum)
    results += bench.field()
    let halves = try (0..<4).map { index in
        note(bench.load(array, shape.window(box, field: index), nil))
        return try bench.half(box, exponent: index)
    }
    for half in halves { results += half.halfBins(shape) }
    load(0)
    load(1, exponents: (1, 2))
    let products = try GuardedMemory<Scalar>(complexCount: 2 * shape.spectrumCount)
    bench.withTiles { tiles, team in
        halves[1].withRegion { half in
            products.withRegion { products in
                transform.addProducts(
                    of: tiles, tileCount: shape.tileCount, fields: 2, box, to: products, outputs: 2, conjugate: true,
                    accumulate: false, team
                ) { _ in
                    .none
                } spectra: { _ in
                    HalfSpectra(half, step: 0)
                }
                transform.restoreProducts(
                    of: products, count: 2, into: tiles[4 * shape.tileCount..<tiles.count], tileCount: shape.tileCount,
                    outputs: 1, shape.box, conjugate: false, summationBlock: 1, team
                ) { _ in HalfSpectra(half, step: 0) }
            }
        }
    }
    results += bench.field(tile: 2)
    load(3)
    bench.withTiles { tiles, team in
        halves[0].withRegion { half in
            let count = 2 * shape.tileCount
            transform.convolve(
                tiles[3 * count..<4 * count], into: tiles[2 * count..<3 * count], boxes: (box, shape.box),
                conjugate: true, half, team)
        }
    }
    results += bench.field(tile: 2)
    for tile in 0..<3 { load(tile) }
    let sums = [try bench.makeSpectrum(), try bench.makeSpectrum()]
    for accumulate in [false, true] {
        bench.withTiles { tiles, team in
            sums[0].withRegion { first in
                sums[1].withRegion { second in
                    transform.correlate(tiles, counts: (i: 2, o: 1), boxes: (box, box), accumulate: accumulate, team) {
                        $1 == 0 ? first : second
                    }
                }
            }
        }
    }
    for sum in sums { results += sum.bins(shape) }
    return elements(results)
}

@Suite struct PackedTransformTests {
    @Test(arguments: shapes) func forwardMatchesTheDefinition(_ shape: TileShape) throws {
        #expect(try forwardError(shape, Float.self) <= 1)
        #expect(try forwardError(shape, Double.self) <= 1)
    }

    @Test(arguments: shapes) func inverseOfForwardIsThePointCountTimesTheField(_ shape: TileShape) throws {
        #expect(try roundTripError(shape, Float.self) <= 1)
        #expect(try roundTripError(shape, Double.self) <= 1)
    }

    /// A few impulses have a spectrum that needs no slow definition.
    @Test(arguments: longLines) func longLinesMatchTheDefinition(_ shape: TileShape) throws {
        #expect(try impulseError(shape, Float.self) <= 1)
        #expect(try impulseError(shape, Double.self) <= 1)
        #expect(try someBinsError(shape, Float.self) <= 1)
        #expect(try someBinsError(shape, Double.self) <= 1)
        #expect(try roundTripError(shape, Float.self) <= 1)
        #expect(try roundTripError(shape, Double.self) <= 1)
    }

    @Test(arguments: smallShapes) func windowsOfSomeSamplesGiveTheSpectraOfFieldsThatAre0Elsewhere(
        _ shape: TileShape
    ) throws {
        #expect(try prunedSpectraDiffer(shape, Float.self).isEmpty)
        #expect(try prunedSpectraDiffer(shape, Double.self).isEmpty)
    }

    @Test(arguments: smallShapes) func whatIsKeptDoesNotDependOnHowMuchIsKept(_ shape: TileShape) throws {
        #expect(try prunedInversesDiffer(shape, Float.self).isEmpty)
        #expect(try prunedInversesDiffer(shape, Double.self).isEmpty)
    }

    /// Large enough for many panels: rows in and between, columns of volumes copied and read in place, with a rest.
    @Test(arguments: [
        (1, 1, 45), (1, 1, 3104), (1, 1, 16384), (1, 16, 12), (1, 64, 32), (1, 40, 24), (1, 33, 70), (5, 9, 20),
        (6, 33, 18),
        (3, 5, 7), (20, 1, 30),
        (40, 4, 17),
    ])
    func teamsAndDirtyMemoryChangeNoBit(_ extents: (Int, Int, Int)) throws {
        func check<Scalar: ConvolutionScalar>(_: Scalar.Type) throws {
            let shape = TileShape(planes: extents.0, rows: extents.1, length: extents.2)
            let expected = try everything(shape, workers: 1, word: dirt[0], Scalar.self).map(\.bitPattern)
            for (workers, word) in [(1, dirt[1]), (2, dirt[0]), (2, dirt[1]), (3, dirt[1])] {
                let results = try everything(shape, workers: workers, word: word, Scalar.self).map(\.bitPattern)
                // A report of all differences would take for ever.
                let isEqual = results == expected
                #expect(isEqual, "\(Scalar.self), \(workers) workers")
            }
            let areFinite = expected.allSatisfy { Double(bitPattern: $0).isFinite }
            #expect(areFinite)
        }
        try check(Float.self)
        try check(Double.self)
    }

    @Test func twoThreadsGetEqualBitsFromOneTransform() throws {
        for shape in [TileShape(planes: 1, rows: 24, length: 40), TileShape(planes: 4, rows: 9, length: 16)] {
            let transform = try PackedTransform<Float>(shape: shape)
            let field = randomField(shape, seed: 8)
            let expected = try TransformBench(shape, transform: transform).spectrum(of: field).bins(shape)
            let different = Mutex(0)
            try Workers.run(count: 2, blocks: 40) { _, _ in
                let bins = try TransformBench(shape, transform: transform).spectrum(of: field).bins(shape)
                if bins != expected { different.withLock { $0 += 1 } }
            }
            #expect(different.withLock { $0 } == 0)
        }
    }

    @Test func plansAreMadeUsedAndDestroyedByFourThreadsAtOnce() throws {
        let end = ContinuousClock.now + .seconds(1)
        let wrong = Mutex(0)
        try Workers.run(count: 4, blocks: 4) { block, _ in
            func storm<Scalar: ConvolutionScalar>(_: Scalar.Type) throws {
                var generator = SeededGenerator(seed: UInt64(block))
                while ContinuousClock.now < end {
                    let shape = TileShape(
                        planes: generator.integer(in: 1...4), rows: generator.integer(in: 1...20),
                        length: generator.integer(in: 2...48))
                    // The transform of an impulse at 0 is 1 everywhere.
                    let impulse = (0..<shape.pointCount).map { Complex(real: $0 == 0 ? 1 : 0, imaginary: 0) }
                    let bins = try TransformBench<Scalar>(shape).spectrum(of: impulse).bins(shape)
                    if !bins.allSatisfy({ ($0 - Complex(real: 1, imaginary: 0)).squaredMagnitude < 1e-8 }) {
                        wrong.withLock { $0 += 1 }
                    }
                }
            }
            if block.isMultiple(of: 2) { try storm(Float.self) } else { try storm(Double.self) }
        }
        #expect(wrong.withLock { $0 } == 0)
    }

    @Test func aShapeBeyondTheLibrarysSizesIsRefused() {
        let shape = TileShape(planes: 1, rows: 1, length: 1 << 31)
        let refused = #expect(throws: PlanFailure.self) { try PackedTransform<Float>(shape: shape) }
        #expect(refused?.shape == shape)
        let many = TileShape(planes: 1 << 11, rows: 1 << 11, length: 1 << 9)
        #expect(throws: PlanFailure.self) { try PackedTransform<Double>(shape: many) }
        // Axes of length 1 come first.
        let unordered = TileShape(planes: 1, rows: 4, length: 1)
        #expect(throws: PlanFailure.self) { try PackedTransform<Double>(shape: unordered) }
    }
}
