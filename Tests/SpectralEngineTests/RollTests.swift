import SpectralEngine
import Testing

/// A tile that carries rows on is, bit by bit, the tile that loads them all.
@Suite struct RollTests {
    private static let shapes = [
        TileShape(planes: 1, rows: 16, length: 24), TileShape(planes: 1, rows: 24, length: 20),
        TileShape(planes: 1, rows: 64, length: 80), TileShape(planes: 1, rows: 72, length: 30),
        TileShape(planes: 6, rows: 7, length: 9), TileShape(planes: 16, rows: 24, length: 10),
    ]

    /// Four tiles along an image that is a little longer than them: the first starts before it, the last one ends after it.
    @Test(arguments: shapes, [false, true]) func whatIsCarriedIsWhatWouldBeLoaded(_ shape: TileShape, _ backward: Bool)
        throws
    {
        try check(shape, backward, Float.self)
        try check(shape, backward, Double.self)
    }

    private func check<Scalar: ConvolutionScalar>(
        _ shape: TileShape, _ backward: Bool, _: Scalar.Type
    ) throws {
        let isVolume = shape.planes > 1
        let length = isVolume ? shape.planes : shape.rows
        let step = isVolume ? length - 2 : length - 8
        let extent = 3 * step + 3
        let plane = isVolume ? shape.rows * shape.length : shape.length
        var generator = SeededGenerator(seed: 5)
        let array = (0..<2 * extent * plane).map { _ in Scalar(generator.value()) }

        func windows(_ tile: Int) -> (Window, Window?) {
            let along = AxisSegment(origin: tile * step - 3, positions: 0..<length, extent: extent, step: 1)
            func whole(_ count: Int) -> AxisSegment {
                AxisSegment(origin: 0, positions: 0..<count, extent: count, step: 1)
            }
            let first =
                isVolume
                ? Window(
                    along, whole(shape.rows), whole(shape.length), planeOffset: 0, extents: (shape.rows, shape.length))
                : Window(whole(1), along, whole(shape.length), planeOffset: 0, extents: (extent, shape.length))
            return (first, first.moved(by: extent * plane))
        }
        let carrying = try TransformBench<Scalar>(shape)
        let overlap = backward ? step..<length : 0..<length - step
        for index in 0..<4 {
            let tile = backward ? 3 - index : index
            let distance = index * step % length
            let start = backward ? (length - distance) % length : distance
            let rolls = [
                TileRoll(start: start, carried: index > 0 ? overlap : 0..<0), TileRoll(start: start),
            ]
            let benches = [carrying, try TransformBench<Scalar>(shape, transform: carrying.transform)]
            var spectra: [[UInt64]] = []
            var summaries: [[UInt64]] = []
            for (bench, roll) in zip(benches, rolls) {
                let (first, second) = windows(tile)
                let spectrum = try bench.makeSpectrum()
                bench.withTile { memory, team in
                    let found = bench.transform.load(
                        array.span, WindowPair(first, second), into: memory, roll: roll, exponents: (0, 0),
                        sanitising: false, team)
                    summaries.append([
                        found.0.energy.bitPattern, found.1.energy.bitPattern,
                        (found.0.hasNegative ? 1 : 0) + (found.1.hasNegative ? 2 : 0),
                    ])
                    spectrum.withRegion {
                        bench.transform.transformLines(memory, TileBox(first, second), roll: roll, into: $0, team)
                    }
                }
                spectra.append(spectrum.bins(shape).flatMap { [$0.real.bitPattern, $0.imaginary.bitPattern] })
            }
            #expect(spectra[0] == spectra[1] && summaries[0] == summaries[1], "tile \(tile)")
        }
    }
}
