import SpectralEngine
import Testing

private let shapes: [TileShape] = [
    (1, 1, 1), (1, 1, 2), (1, 1, 3), (1, 1, 7), (1, 1, 16), (1, 1, 45), (1, 1, 2048), (1, 1, 2080), (1, 2, 2),
    (1, 3, 5),
    (1, 4, 8), (1, 9, 6), (1, 21, 17), (1, 8, 24), (1, 12, 10), (1, 16, 16), (2, 1, 3), (2, 3, 4), (3, 3, 5), (2, 4, 7),
    (4, 2, 6), (21, 2, 3),
    (3, 9, 18), (4, 21, 9),
].map { TileShape(planes: $0.0, rows: $0.1, length: $0.2) }

/// A few samples of a field that is 0 elsewhere: all of a small one.
private typealias Taps<Value> = [(point: Int, value: Value)]

/// Random data of one shape.
private struct Trial<Scalar: ConvolutionScalar> {
    let shape: TileShape
    private var generator: SeededGenerator

    init(_ shape: TileShape, _: Scalar.Type, seed: UInt64) {
        self.shape = shape
        generator = SeededGenerator(seed: seed)
    }

    func bench(tiles: Int = 1) throws -> TransformBench<Scalar> { try TransformBench(shape, tiles: tiles) }

    mutating func field() -> [Double] { generator.values(shape.pointCount) }

    mutating func complexField() -> [Complex] { randomLine(shape.pointCount, &generator) }

    private mutating func points() -> [Int] {
        shape.pointCount <= 50
            ? Array(0..<shape.pointCount) : (0..<8).map { _ in generator.integer(in: 0...shape.pointCount - 1) }
    }

    mutating func taps() -> Taps<Double> { points().map { ($0, generator.value()) } }

    mutating func complexTaps() -> Taps<Complex> {
        points().map { ($0, Complex(real: generator.value(), imaginary: generator.value())) }
    }

    mutating func box() -> TileBox {
        func range(_ extent: Int) -> Range<Int> {
            let start = generator.integer(in: 0...(extent - 1) / 2)
            return start..<generator.integer(in: start + 1...extent)
        }
        return TileBox(planes: range(shape.planes), rows: range(shape.rows), columns: range(shape.length))
    }

    func field(_ taps: Taps<Double>) -> [Double] {
        var field = [Double](repeating: 0, count: shape.pointCount)
        for tap in taps { field[tap.point] += tap.value }
        return field
    }

    func field(_ taps: Taps<Complex>) -> [Complex] {
        packed(field(taps.map { ($0.point, $0.value.real) }), field(taps.map { ($0.point, $0.value.imaginary) }))
    }

    /// Σₖ a[n ± k]·b[k] over the circle: the cross-correlation (+) or the convolution (−) with b.
    func circular(_ a: [Double], _ b: Taps<Double>, correlation: Bool) -> [Double] {
        let shifts = b.map { (correlation ? $0.point : shape.negated($0.point), $0.value) }
        return a.indices.map { n in shifts.reduce(0) { $0 + a[shape.sum(n, $1.0)] * $1.1 } }
    }

    /// Σₖ a[n + k]·conj(b[k]).
    func correlation(_ a: [Complex], _ b: Taps<Complex>) -> [Complex] {
        a.indices.map { n in b.reduce(Complex.zero) { $0 + a[shape.sum(n, $1.point)] * $1.value.conjugate } }
    }

    /// - Parameters:
    ///   - scale: What the result's error is relative to.
    ///   - transforms: Each adds its share; untangling, products and scaling add less than one more.
    func isNear(_ actual: [Complex], _ expected: [Complex], scale: Double, transforms: Int) -> Bool {
        let tolerance = Double(transforms + 1) * transformTolerance(shape, Scalar.self) * scale
        return actual.count == expected.count && norm(zip(actual, expected).map { $0 - $1 }) <= tolerance
    }

    /// The norm that the product of two spectra, transformed back without a factor, can have: ‖a ∗ b‖ ≤ √n·‖a‖·‖b‖.
    func productScale(_ a: Double, _ b: Double) -> Double {
        a * b * Double(shape.pointCount) * Double(shape.pointCount).squareRoot()
    }
}

/// Runs a check in both precisions.
private func inBothPrecisions(
    _ shape: TileShape, seed: UInt64, _ float: (inout Trial<Float>) throws -> Bool,
    _ double: (inout Trial<Double>) throws -> Bool
) rethrows {
    var (single, wide) = (Trial(shape, Float.self, seed: seed), Trial(shape, Double.self, seed: seed))
    let isRight = (try float(&single), try double(&wide))
    #expect(isRight.0, "Float")
    #expect(isRight.1, "Double")
}

// MARK: - Checks

private func untangles<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, fields) = (trial.shape, [trial.field(), trial.field()])
    let bench = try trial.bench()
    let spectrum = try bench.spectrum(of: packed(fields[0], fields[1]))
    let halves = [try bench.makeHalf(), try bench.makeHalf()]
    spectrum.withRegion { spectrum in
        halves[0].withRegion { first in
            halves[1].withRegion { shape.untangle(spectrum, into: first, $0, exponents: (3, -2)) }
        }
    }
    return zip(halves, [(0, 8.0), (1, 0.25)]).allSatisfy { half, expected in
        let bins = naiveTransform(fields[expected.0].map { Complex(real: $0 * expected.1, imaginary: 0) }, shape)
        // A half takes on rounding errors of its partner, too.
        let scale = expected.1 * (norm(fields[0]) + norm(fields[1])) * Double(shape.pointCount).squareRoot()
        return trial.isNear(half.halfBins(shape), halfBins(bins, shape), scale: scale, transforms: 1)
    }
}

/// The half spectrum of one field, straight from its tile and by untangling it.
private func transformsHalf<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, field, box) = (trial.shape, trial.field(), trial.box())
    let bench = try trial.bench()
    let window = shape.window(box, field: 0)
    let inside = pruned(field, shape, box, outside: 0)
    let bins = halfBins(naiveTransform(inside.map { Complex(real: $0, imaginary: 0) }, shape), shape)
    let scale = norm(inside) * Double(shape.pointCount).squareRoot()
    return try [0, 4, -3].allSatisfy { exponent in
        let factor = Double(sign: .plus, exponent: exponent, significand: 1)
        func load() {
            bench.load(pruned(field, shape, box, outside: .nan).map { Scalar($0) }, window, nil)
        }
        load()
        let half = try bench.half(box, exponent: exponent)
        load()
        let spectrum = try bench.spectrum(box)
        let (untangled, partner) = (try bench.makeHalf(), try bench.makeHalf())
        spectrum.withRegion { spectrum in
            untangled.withRegion { first in
                partner.withRegion { shape.untangle(spectrum, into: first, $0, exponents: (exponent, 0)) }
            }
        }
        let nothing = bins.map { _ in Complex.zero }
        return trial.isNear(half.halfBins(shape), bins.map { $0 * factor }, scale: scale * factor, transforms: 1)
            && trial.isNear(half.halfBins(shape), untangled.halfBins(shape), scale: scale * factor, transforms: 1)
            && trial.isNear(partner.halfBins(shape), nothing, scale: scale, transforms: 1)
    }
}

/// The real parts of two inverses as both parts of one; without a second field, its place stays 0.
private func tangles<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, fields) = (trial.shape, [trial.complexField(), trial.complexField()])
    let bench = try trial.bench()
    let spectra = try fields.map { try bench.spectrum(of: $0) }
    let points = Double(shape.pointCount)
    func inverse(isPair: Bool) throws -> [Complex] {
        let spectrum = try bench.makeSpectrum()
        spectra[0].withRegion { first in
            spectra[1].withRegion { second in
                spectrum.withRegion {
                    shape.tangle(first, isPair ? second : nil, exponents: (3, -2), into: $0)
                }
            }
        }
        return bench.inverse(spectrum)
    }
    let (first, second) = (fields[0].map { $0.real * 8 * points }, fields[1].map { $0.real * 0.25 * points })
    let scale = (norm(fields[0]) * 8 + norm(fields[1]) * 0.25) * points
    let (both, alone) = (try inverse(isPair: true), try inverse(isPair: false))
    return trial.isNear(both, packed(first, second), scale: scale, transforms: 2)
        && trial.isNear(alone, packed(first, first.map { _ in 0 }), scale: scale, transforms: 2)
}

private func multipliesPair<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, fields, taps) = (trial.shape, [trial.field(), trial.field()], [trial.taps(), trial.taps()])
    let bench = try trial.bench()
    let halves = try taps.map { try bench.half(of: trial.field($0)) }
    let points = Double(shape.pointCount)
    let scale = zip(fields, taps).reduce(0) { $0 + norm($1.0) } * taps.reduce(0) { $0 + norm(trial.field($1)) }
    return try [false, true].allSatisfy { conjugate in
        let spectrum = try bench.spectrum(of: packed(fields[0], fields[1]))
        spectrum.withRegion { spectrum in
            halves[0].withRegion { first in
                halves[1].withRegion { shape.multiplyPair(spectrum, first, $0, conjugate: conjugate) }
            }
        }
        let expected = (0..<2).map { trial.circular(fields[$0], taps[$0], correlation: conjugate) }
        return trial.isNear(
            bench.inverse(spectrum), packed(expected[0], expected[1]).map { $0 * points },
            scale: trial.productScale(scale, 1), transforms: 3)
    }
}

/// How sums of products are made.
private enum Order {
    case single
    /// Of kept fields, some outputs at a time, in blocks of so many products.
    case fieldsKept(outputs: Int, block: Int)
    /// Added to kept sums, so many fields at a time.
    case sumsKept(fields: Int)
}

/// Sums of products of some fields with filters of their own, of which the fields' windows and the results' are parts.
private func convolves<Scalar>(
    _ trial: inout Trial<Scalar>, fields fieldCount: Int, outputs: Int, _ order: Order, conjugate: Bool
) throws -> Bool {
    let shape = trial.shape
    let (loaded, kept) = (trial.box(), trial.box())
    let fields = (0..<2 * fieldCount).map { _ in trial.field() }
    let taps = (0..<outputs).map { _ in (0..<fieldCount).map { _ in trial.taps() } }
    let bench = try trial.bench(tiles: fieldCount + outputs)
    let halves = try GuardedMemory<Scalar>(complexCount: outputs * fieldCount * shape.halfCount)
    for (index, taps) in taps.flatMap(\.self).enumerated() {
        let half = try bench.half(of: trial.field(taps))
        half.withRegion { half in
            halves.withRegion { for i in 0..<half.count { $0[index * half.count + i] = half[i] } }
        }
    }
    let array = fields.flatMap { pruned($0, shape, loaded, outside: .nan) }.map { Scalar($0) }
    for i in 0..<fieldCount {
        bench.load(array, shape.window(loaded, field: 2 * i), shape.window(loaded, field: 2 * i + 1), tile: i)
    }
    let spectra = try GuardedMemory<Scalar>(complexCount: max(fieldCount, outputs) * shape.spectrumCount)
    bench.withTiles { all, team in
        halves.withRegion { halves in
            spectra.withRegion { spectra in
                let count = (tile: 2 * shape.tileCount, spectrum: 2 * shape.spectrumCount, half: 2 * shape.halfCount)
                func tile(_ index: Int) -> SharedRegion<Scalar> { all[index * count.tile..<(index + 1) * count.tile] }
                func spectrum(_ index: Int) -> SharedRegion<Scalar> {
                    spectra[index * count.spectrum..<(index + 1) * count.spectrum]
                }
                switch order {
                case .single:
                    bench.transform.convolve(
                        tile(0), into: tile(1), boxes: (loaded, kept), conjugate: conjugate, halves, team)
                case .fieldsKept(let together, let block):
                    for i in 0..<fieldCount { bench.transform.transformLines(tile(i), loaded, into: spectrum(i), team) }
                    for first in stride(from: 0, to: outputs, by: together) {
                        bench.transform.restoreProducts(
                            of: spectra, count: fieldCount, into: all[(fieldCount + first) * count.tile..<all.count],
                            tileCount: shape.tileCount, outputs: min(together, outputs - first), kept,
                            conjugate: conjugate, summationBlock: block, team
                        ) { o in
                            HalfSpectra(halves[(first + o) * fieldCount * count.half..<halves.count], step: 1)
                        }
                    }
                case .sumsKept(let together):
                    for first in stride(from: 0, to: fieldCount, by: together) {
                        bench.transform.addProducts(
                            of: all[first * count.tile..<all.count], tileCount: shape.tileCount,
                            fields: min(together, fieldCount - first), loaded, to: spectra, outputs: outputs,
                            conjugate: conjugate, accumulate: first > 0, team
                        ) { _ in
                            .none
                        } spectra: { o in
                            HalfSpectra(halves[(o * fieldCount + first) * count.half..<halves.count], step: 1)
                        }
                    }
                    for o in 0..<outputs {
                        bench.transform.restoreLines(spectrum(o), into: tile(fieldCount + o), kept, team)
                    }
                }
            }
        }
    }
    let points = Double(shape.pointCount)
    let inside = fields.map { pruned($0, shape, loaded, outside: 0) }
    return (0..<outputs).allSatisfy { o in
        var results = [Scalar](repeating: 0.5, count: 2 * shape.pointCount)
        bench.store(
            shape.window(kept, field: 0), shape.window(kept, field: 1),
            tile: fieldCount + o, into: &results)
        let sums = (0..<2).map { part in
            (0..<fieldCount).reduce([Double](repeating: 0, count: shape.pointCount)) { sum, i in
                zip(sum, trial.circular(inside[2 * i + part], taps[o][i], correlation: conjugate)).map { $0 + $1 }
            }
        }
        let expected = packed(sums[0], sums[1]).map { $0 * points }
        let half = Complex(real: 0.5, imaginary: 0.5)
        let scale = (0..<fieldCount).reduce(0) {
            $0 + (norm(inside[2 * $1]) + norm(inside[2 * $1 + 1])) * norm(trial.field(taps[o][$1]))
        }
        let actual = (0..<shape.pointCount).map {
            Complex(real: Double(results[$0]), imaginary: Double(results[$0 + shape.pointCount]))
        }
        return trial.isNear(
            actual, pruned(expected, shape, kept, outside: half), scale: trial.productScale(scale, 1),
            transforms: 2 + fieldCount)
            && (0..<shape.pointCount).allSatisfy { shape.contains($0, kept) || actual[$0] == half }
    }
}

private func correlates<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, counts) = (trial.shape, (i: 2, o: 2))
    let fields = [trial.complexField(), trial.complexField()]
    let taps = [trial.complexTaps(), trial.complexTaps()]
    let bench = try trial.bench(tiles: 4)
    for (tile, field) in (fields + taps.map(trial.field)).enumerated() {
        bench.load(field.map(\.real), field.map(\.imaginary), tile: tile)
    }
    let sums = try (0..<counts.o).map { _ in try (0..<counts.i).map { _ in try bench.makeSpectrum() } }
    let points = Double(shape.pointCount)
    // The sums at first, then the same again on top.
    return [1.0, 2].allSatisfy { times in
        let shared = SharedHalves(sums)
        bench.withTiles { tiles, team in
            bench.transform.correlate(
                tiles, counts: counts, boxes: (shape.box, shape.box), accumulate: times > 1, team
            ) { shared.region($0, $1) }
        }
        // Another bench for the inverses: the tiles are needed once more.
        guard let other = try? trial.bench() else { return false }
        return (0..<counts.o).allSatisfy { o in
            (0..<counts.i).allSatisfy { i in
                trial.isNear(
                    other.inverse(sums[o][i]), trial.correlation(fields[i], taps[o]).map { $0 * (times * points) },
                    scale: times * trial.productScale(norm(fields[i]), norm(trial.field(taps[o]))), transforms: 3)
            }
        }
    }
}

/// Products of a field with kept spectra, of which one or the other is conjugated.
private func correlatesKept<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let shape = trial.shape
    let (fields, taps) = ([trial.complexField(), trial.complexField()], trial.complexTaps())
    let bench = try trial.bench(tiles: 1)
    let kept = try GuardedMemory<Scalar>(complexCount: 2 * shape.spectrumCount)
    func load(_ field: [Complex]) { bench.load(field.map(\.real), field.map(\.imaginary)) }
    for (index, field) in fields.enumerated() {
        load(field)
        bench.withTile { tile, team in
            kept.withRegion {
                // As a transform that is kept beside other uses.
                let spectrum = $0[2 * index * shape.spectrumCount..<2 * (index + 1) * shape.spectrumCount]
                bench.transform.transformLines(tile, shape.box, for: .keep(spectrum), team)
            }
        }
    }
    load(trial.field(taps))
    let points = Double(shape.pointCount)
    let ways: [(conjugatesKept: Bool, times: Double)] = [(false, 1), (false, 2), (true, 1)]
    return try ways.allSatisfy { conjugatesKept, times in
        // The sums of both, with one between them that stays as it is.
        let sums = try GuardedMemory<Scalar>(complexCount: 3 * shape.spectrumCount)
        for time in 0..<Int(times) {
            bench.withTile { tile, team in
                kept.withRegion { kept in
                    sums.withRegion { sums in
                        let products = Correlation(
                            kept: kept, count: 2, sums: sums, step: 2, conjugatesKept: conjugatesKept,
                            accumulate: time > 0)
                        bench.transform.transformLines(tile, shape.box, for: .correlate(products), team)
                    }
                }
            }
        }
        let isUntouched = sums.withRegion { sums in
            (2 * shape.spectrumCount..<4 * shape.spectrumCount).allSatisfy { sums[$0].isNaN }
        }
        let other = try trial.bench()
        return try isUntouched
            && (0..<2).allSatisfy { i in
                let sum = try other.makeSpectrum()
                sums.withRegion { sums in
                    sum.withRegion { for j in 0..<$0.count { $0[j] = sums[4 * i * shape.spectrumCount + j] } }
                }
                let correlation = trial.correlation(fields[i], taps)
                // The conjugate spectrum is that of the field met backwards.
                let expected =
                    conjugatesKept
                    ? (0..<shape.pointCount).map { correlation[shape.negated($0)].conjugate } : correlation
                return trial.isNear(
                    other.inverse(sum), expected.map { $0 * (times * points) },
                    scale: times * trial.productScale(norm(fields[i]), norm(trial.field(taps))), transforms: 3)
            }
    }
}

/// Spectra by two indices, lent to several threads.
private struct SharedHalves<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: nobody writes what another one reads.
    private let memory: [[GuardedMemory<Scalar>]]

    init(_ memory: [[GuardedMemory<Scalar>]]) { self.memory = memory }

    /// Valid as long as the memory lives: longer than any call.
    func region(_ o: Int, _ i: Int) -> SharedRegion<Scalar> { memory[o][i].withRegion { $0 } }
}

@Suite struct SpectralProductTests {
    @Test(arguments: shapes) func untangleGivesTheHalfSpectraOfBothFields(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 21, untangles, untangles)
    }

    @Test(arguments: shapes) func transformHalfIsUntangleOfASingleField(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 22, transformsHalf, transformsHalf)
    }

    @Test(arguments: shapes) func tangleTakesTheRealPartsOfTwoInverses(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 23, tangles, tangles)
    }

    @Test(arguments: shapes) func multiplyPairConvolvesEachFieldWithItsOwnFilter(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 24, multipliesPair, multipliesPair)
    }

    @Test(arguments: shapes, [false, true])
    func oneFieldAndOneOutputAreTheirOwnProduct(_ shape: TileShape, conjugate: Bool) throws {
        try inBothPrecisions(
            shape, seed: 25,
            { try convolves(&$0, fields: 1, outputs: 1, .single, conjugate: conjugate) },
            { try convolves(&$0, fields: 1, outputs: 1, .single, conjugate: conjugate) })
    }

    /// More outputs than fields, and fewer; sums in one block, in blocks of one, and in blocks with a rest.
    @Test(arguments: shapes, [(2, 3, 1, 16), (3, 1, 1, 1), (5, 2, 2, 2), (1, 2, 4, 1), (7, 3, 2, 16)])
    func outputsAreSumsOverKeptFields(_ shape: TileShape, _ counts: (Int, Int, Int, Int)) throws {
        let (fields, outputs, together, block) = counts
        let order = Order.fieldsKept(outputs: together, block: block)
        try inBothPrecisions(
            shape, seed: 26, { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: false) },
            { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: true) })
    }

    @Test(arguments: shapes, [(2, 3, 1), (3, 1, 2), (6, 2, 4), (1, 2, 1)])
    func fieldsAreAddedToKeptSums(_ shape: TileShape, _ counts: (Int, Int, Int)) throws {
        let (fields, outputs, together) = counts
        let order = Order.sumsKept(fields: together)
        try inBothPrecisions(
            shape, seed: 28, { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: false) },
            { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: true) })
    }

    @Test(arguments: shapes) func correlateSumsCorrelationsOfComplexFields(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 27, correlates, correlates)
    }

    @Test(arguments: shapes) func aFieldIsCorrelatedWithKeptSpectra(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 29, correlatesKept, correlatesKept)
    }
}
