import SpectralEngine
import Testing

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

/// Terms that are added on the way back, beside sums made first: every bit.
private func addsOnTheWayBack<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, terms) = (trial.shape, 3)
    let kept = trial.box()
    let bench = try trial.bench(tiles: 2)
    // Other spectra lie between the terms.
    let step = 2 * shape.spectrumCount
    let spectra = try GuardedMemory<Scalar>(complexCount: (terms - 1) * step + shape.spectrumCount)
    for term in 0..<terms {
        let spectrum = try bench.spectrum(of: trial.complexField())
        spectrum.withRegion { spectrum in
            spectra.withRegion { for i in 0..<spectrum.count { $0[2 * term * step + i] = spectrum[i] } }
        }
    }
    bench.withTiles { all, team in
        spectra.withRegion { spectra in
            let count = 2 * shape.tileCount
            bench.transform.restoreLines(spectra, terms: terms, step: step, into: all[0..<count], kept, team)
            let sum = spectra[0..<2 * shape.spectrumCount]
            for term in 1..<terms {
                shape.add(spectra[2 * term * step..<2 * (term * step + shape.spectrumCount)], to: sum)
            }
            bench.transform.restoreLines(sum, into: all[count..<2 * count], kept, team)
        }
    }
    let fields = (0..<2).map { tile in
        var results = [Scalar](repeating: 0.5, count: 2 * shape.pointCount)
        bench.store(shape.window(kept, field: 0), shape.window(kept, field: 1), tile: tile, into: &results)
        return results
    }
    return fields[0] == fields[1]
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
                bench.transform.transformLines(tile, shape.box, for: .keep(spectrum, isFar: index == 1), team)
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

@Suite struct SpectrumSumTests {
    @Test(arguments: productShapes, [false, true])
    func oneFieldAndOneOutputAreTheirOwnProduct(_ shape: TileShape, conjugate: Bool) throws {
        try inBothPrecisions(
            shape, seed: 25,
            { try convolves(&$0, fields: 1, outputs: 1, .single, conjugate: conjugate) },
            { try convolves(&$0, fields: 1, outputs: 1, .single, conjugate: conjugate) })
    }

    /// More outputs than fields, and fewer; sums in one block, in blocks of one, and in blocks with a rest.
    @Test(arguments: productShapes, [(2, 3, 1, 16), (3, 1, 1, 1), (5, 2, 2, 2), (1, 2, 4, 1), (7, 3, 2, 16)])
    func outputsAreSumsOverKeptFields(_ shape: TileShape, _ counts: (Int, Int, Int, Int)) throws {
        let (fields, outputs, together, block) = counts
        let order = Order.fieldsKept(outputs: together, block: block)
        try inBothPrecisions(
            shape, seed: 26, { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: false) },
            { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: true) })
    }

    @Test(arguments: productShapes) func termsAreAddedOnTheWayBack(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 29, { try addsOnTheWayBack(&$0) }, { try addsOnTheWayBack(&$0) })
    }

    @Test(arguments: productShapes, [(2, 3, 1), (3, 1, 2), (6, 2, 4), (1, 2, 1)])
    func fieldsAreAddedToKeptSums(_ shape: TileShape, _ counts: (Int, Int, Int)) throws {
        let (fields, outputs, together) = counts
        let order = Order.sumsKept(fields: together)
        try inBothPrecisions(
            shape, seed: 28, { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: false) },
            { try convolves(&$0, fields: fields, outputs: outputs, order, conjugate: true) })
    }

    @Test(arguments: productShapes) func correlateSumsCorrelationsOfComplexFields(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 27, correlates, correlates)
    }

    @Test(arguments: productShapes) func aFieldIsCorrelatedWithKeptSpectra(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 29, correlatesKept, correlatesKept)
    }
}
