import SpectralEngine
import Testing

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

/// The real parts of two sums' inverses: each field correlated with its own partner, after what the sums held.
private func correlatesPair<Scalar>(_ trial: inout Trial<Scalar>) throws -> Bool {
    let (shape, fields, taps) = (trial.shape, [trial.field(), trial.field()], [trial.taps(), trial.taps()])
    let bench = try trial.bench()
    let partner = try bench.spectrum(of: packed(trial.field(taps[0]), trial.field(taps[1])))
    let (points, exponents) = (Double(shape.pointCount), (3, -2))
    let scale = fields.reduce(0) { $0 + norm($1) } * taps.reduce(0) { $0 + norm(trial.field($1)) } * 8
    return try [1, 2].allSatisfy { count in
        let sums = [try bench.makeSpectrum(), try bench.makeSpectrum()]
        for index in 0..<count {
            let spectrum = try bench.spectrum(of: packed(fields[0], fields[1]))
            spectrum.withRegion { spectrum in
                sums[0].withRegion { first in
                    sums[1].withRegion { second in
                        partner.withRegion {
                            bench.transform.apply(
                                .correlatePair(
                                    PairCorrelation(
                                        with: $0, first: first, second: second, exponents: exponents,
                                        accumulate: index > 0)), to: spectrum)
                        }
                    }
                }
            }
        }
        return zip(sums, [(0, 8.0), (1, 0.25)]).allSatisfy { sum, expected in
            let field = trial.circular(fields[expected.0], taps[expected.0], correlation: true)
            return trial.isNear(
                bench.inverse(sum).map { Complex(real: $0.real, imaginary: 0) },
                field.map { Complex(real: $0 * expected.1 * points * Double(count), imaginary: 0) },
                scale: trial.productScale(scale, 1), transforms: 3)
        }
    }
}

@Suite struct SpectralProductTests {
    @Test(arguments: productShapes) func untangleGivesTheHalfSpectraOfBothFields(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 21, untangles, untangles)
    }

    @Test(arguments: productShapes) func transformHalfIsUntangleOfASingleField(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 22, transformsHalf, transformsHalf)
    }

    @Test(arguments: productShapes) func tangleTakesTheRealPartsOfTwoInverses(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 23, tangles, tangles)
    }

    @Test(arguments: productShapes) func correlatePairCorrelatesEachFieldWithItsOwnPartner(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 25, correlatesPair, correlatesPair)
    }

    @Test(arguments: productShapes) func multiplyPairConvolvesEachFieldWithItsOwnFilter(_ shape: TileShape) throws {
        try inBothPrecisions(shape, seed: 24, multipliesPair, multipliesPair)
    }
}
