import SpectralEngine
import Testing

/// Sizes are checked once a call, and whatever does not fit stops the process before anything is touched.
@Suite struct TransformTrapTests {
    private static let small = TileShape(planes: 1, rows: 5, length: 9)
    private static let large = TileShape(planes: 1, rows: 41, length: 80)

    @Test func tilesOfAnotherShapeTrap() async {
        await #expect(processExitsWith: trap) {
            let (small, large) = (try TransformBench<Float>(Self.small), try TransformBench<Float>(Self.large))
            let array = [Float](repeating: 0, count: Self.large.pointCount)
            small.withTile { tile, _ in
                large.withTile { _, team in
                    _ = large.transform.load(
                        array.span, WindowPair(Self.large.window(Self.large.box, field: 0), nil), into: tile,
                        exponents: (0, 0), sanitising: false, team)
                }
            }
        }
        await #expect(processExitsWith: trap) {
            let (small, large) = (try TransformBench<Float>(Self.small), try TransformBench<Float>(Self.large))
            let spectrum = try large.makeSpectrum()
            small.withTile { tile, _ in
                large.withTile { _, team in
                    spectrum.withRegion { large.transform.restoreLines($0, into: tile, Self.large.box, team) }
                }
            }
        }
        await #expect(processExitsWith: trap) {
            // One element off its alignment.
            let bench = try TransformBench<Double>(Self.small, tiles: 2)
            let spectrum = try bench.makeSpectrum()
            bench.withTiles { tiles, team in
                spectrum.withRegion {
                    bench.transform.transformLines(tiles[1..<tiles.count], Self.small.box, into: $0, team)
                }
            }
        }
    }

    @Test func rollsThatDoNotFitTrap() async {
        await #expect(processExitsWith: .success) { try Self.load(rows: 40, TileRoll(start: 32, carried: 24..<40)) }
        // Not where a panel starts; not at an end; outside; of a tile whose rows are no whole panels.
        await #expect(processExitsWith: trap) { try Self.load(rows: 40, TileRoll(start: 4)) }
        await #expect(processExitsWith: trap) { try Self.load(rows: 40, TileRoll(start: 0, carried: 8..<16)) }
        await #expect(processExitsWith: trap) { try Self.load(rows: 40, TileRoll(start: 0, carried: 24..<48)) }
        await #expect(processExitsWith: trap) { try Self.load(rows: 40, TileRoll(start: 40)) }
        await #expect(processExitsWith: trap) { try Self.load(rows: 41, TileRoll(start: 0)) }
    }

    private static func load(rows: Int, _ roll: TileRoll) throws {
        let shape = TileShape(planes: 1, rows: rows, length: 80)
        let bench = try TransformBench<Float>(shape, word: 0)
        let array = [Float](repeating: 0, count: shape.pointCount)
        bench.withTile { tile, team in
            _ = bench.transform.load(
                array.span, WindowPair(shape.window(shape.box, field: 0), nil), into: tile, roll: roll,
                exponents: (0, 0), sanitising: false, team)
        }
    }

    @Test func spectraOfAnotherShapeTrap() async {
        await #expect(processExitsWith: trap) {
            let (small, large) = (try TransformBench<Float>(Self.small), try TransformBench<Float>(Self.large))
            let spectrum = try small.makeSpectrum()
            large.withTile { tile, team in
                spectrum.withRegion { large.transform.transformLines(tile, Self.large.box, into: $0, team) }
            }
        }
        await #expect(processExitsWith: trap) {
            let (small, large) = (try TransformBench<Float>(Self.small), try TransformBench<Float>(Self.large))
            let half = try small.makeHalf()
            large.withTile { tile, team in
                half.withRegion { large.transform.transformHalf(tile, Self.large.box, into: $0, exponent: 0, team) }
            }
        }
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Double>(Self.large)
            let (spectrum, half) = (try bench.makeSpectrum(), try TransformBench<Double>(Self.small).makeHalf())
            spectrum.withRegion { spectrum in
                half.withRegion { Self.large.untangle(spectrum, into: $0, $0, exponents: (0, 0)) }
            }
        }
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Double>(Self.large)
            let (half, small) = (try bench.makeHalf(), try TransformBench<Double>(Self.small).makeSpectrum())
            small.withRegion { spectrum in
                half.withRegion { Self.large.multiplyPair(spectrum, $0, $0, conjugate: false) }
            }
        }
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Double>(Self.large)
            let (spectrum, small) = (try bench.makeSpectrum(), try TransformBench<Double>(Self.small).makeSpectrum())
            small.withRegion { small in
                spectrum.withRegion { Self.large.tangle($0, small, exponents: (0, 0), into: $0) }
            }
        }
    }

    @Test func scratchThatIsTooSmallTraps() async {
        await #expect(processExitsWith: trap) {
            let count = Self.small.scratchCount(fields: 2, workers: 2)
            let memory = try GuardedMemory<Float>(complexCount: count)
            memory.withRegion { _ = TransformTeam($0[0..<2 * count - 1], Self.small, fields: 2, workers: 2) }
        }
        await #expect(processExitsWith: trap) {
            let memory = try GuardedMemory<Float>(complexCount: 2 * Self.small.scratchCount(fields: 2, workers: 2))
            memory.withRegion { _ = TransformTeam($0[2..<$0.count], Self.small, fields: 2, workers: 2) }
        }
        await #expect(processExitsWith: trap) {
            let (small, large) = (try TransformBench<Float>(Self.small), try TransformBench<Float>(Self.large))
            let spectrum = try large.makeSpectrum()
            large.withTile { tile, _ in
                small.withTile { _, team in
                    spectrum.withRegion { large.transform.transformLines(tile, Self.large.box, into: $0, team) }
                }
            }
        }
    }

    @Test func boxesOutsideTheTileTrap() async {
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Float>(Self.small)
            _ = try bench.spectrum(TileBox(planes: 0..<1, rows: 0..<6, columns: 0..<9))
        }
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Float>(TileShape(planes: 2, rows: 4, length: 8))
            bench.restore(try bench.makeSpectrum(), TileBox(planes: -1..<1, rows: 0..<4, columns: 0..<8))
        }
    }

    @Test func tooFewTilesOrPanelsTrap() async {
        // What does not trap.
        await #expect(processExitsWith: .success) { try Self.addProducts(tiles: 3, fields: 2, outputs: 3, teamOf: 2) }
        await #expect(processExitsWith: trap) { try Self.addProducts(tiles: 3, fields: 4, outputs: 1, teamOf: 4) }
        await #expect(processExitsWith: trap) { try Self.addProducts(tiles: 3, fields: 3, outputs: 1, teamOf: 2) }
        await #expect(processExitsWith: trap) { try Self.addProducts(tiles: 3, fields: 1, outputs: 4, teamOf: 2) }
        await #expect(processExitsWith: trap) {
            try Self.addProducts(tiles: 3, fields: 2, outputs: 3, teamOf: 2, halves: 3)
        }
        await #expect(processExitsWith: .success) { try Self.restoreProducts(fields: 3, outputs: 2, tiles: 2) }
        await #expect(processExitsWith: trap) { try Self.restoreProducts(fields: 4, outputs: 2, tiles: 2) }
        await #expect(processExitsWith: trap) { try Self.restoreProducts(fields: 3, outputs: 3, tiles: 2) }
        await #expect(processExitsWith: trap) { try Self.restoreProducts(fields: 3, outputs: 2, tiles: 2, halves: 2) }
        // The output of a small tile in its place.
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Float>(TileShape(planes: 1, rows: 16, length: 16))
            let half = try bench.makeHalf()
            bench.withTile { tile, team in
                half.withRegion {
                    let box = bench.shape.box
                    bench.transform.convolve(tile, into: tile, boxes: (box, box), conjugate: false, $0, team)
                }
            }
        }
        await #expect(processExitsWith: .success) { try Self.correlate(sums: 2, kept: 2) }
        await #expect(processExitsWith: trap) { try Self.correlate(sums: 1, kept: 2) }
        await #expect(processExitsWith: trap) { try Self.correlate(sums: 2, kept: 1) }
        await #expect(processExitsWith: .success) { try Self.correlate(tiles: 3, counts: (2, 1), teamOf: 3) }
        await #expect(processExitsWith: trap) { try Self.correlate(tiles: 3, counts: (2, 2), teamOf: 4) }
        await #expect(processExitsWith: trap) { try Self.correlate(tiles: 3, counts: (1, 2), teamOf: 2) }
    }

    /// Sums of three outputs, and half spectra of two fields, one of them for two outputs.
    private static func addProducts(
        tiles: Int, fields: Int, outputs: Int, teamOf teamTiles: Int, halves: Int = 4
    ) throws {
        let bench = try TransformBench<Float>(small, tiles: tiles)
        let others = try TransformBench<Float>(small, tiles: teamTiles)
        let sums = try GuardedMemory<Float>(complexCount: 3 * small.spectrumCount)
        let spectra = try GuardedMemory<Float>(complexCount: halves * small.halfCount)
        bench.withTiles { tiles, _ in
            others.withTiles { _, team in
                sums.withRegion { sums in
                    spectra.withRegion { spectra in
                        bench.transform.addProducts(
                            of: tiles, tileCount: small.tileCount, fields: fields, small.box, to: sums,
                            outputs: outputs, conjugate: false, accumulate: false, team
                        ) { _ in
                            .none
                        } spectra: {
                            HalfSpectra(spectra[2 * $0 * small.halfCount..<spectra.count], step: 1)
                        }
                    }
                }
            }
        }
    }

    /// Of the spectra of three fields.
    private static func restoreProducts(fields: Int, outputs: Int, tiles: Int, halves: Int = 3) throws {
        let bench = try TransformBench<Float>(small, tiles: tiles)
        let kept = try GuardedMemory<Float>(complexCount: 3 * small.spectrumCount)
        let spectra = try GuardedMemory<Float>(complexCount: halves * small.halfCount)
        bench.withTiles { tiles, team in
            kept.withRegion { kept in
                spectra.withRegion { spectra in
                    bench.transform.restoreProducts(
                        of: kept, count: fields, into: tiles, tileCount: small.tileCount, outputs: outputs, small.box,
                        conjugate: false, summationBlock: 2, team
                    ) { _ in HalfSpectra(spectra, step: 1) }
                }
            }
        }
    }

    /// A field beside two kept spectra.
    private static func correlate(sums: Int, kept: Int) throws {
        let bench = try TransformBench<Float>(small)
        let memory = try [sums, kept].map { try GuardedMemory<Float>(complexCount: $0 * small.spectrumCount) }
        bench.withTile { tile, team in
            memory[0].withRegion { sums in
                memory[1].withRegion { kept in
                    bench.transform.transformLines(
                        tile, small.box,
                        for: .correlate(Correlation(kept: kept, count: 2, sums: sums, accumulate: false)),
                        team)
                }
            }
        }
    }

    private static func correlate(tiles: Int, counts: (i: Int, o: Int), teamOf teamTiles: Int) throws {
        let bench = try TransformBench<Float>(small, tiles: tiles)
        let others = try TransformBench<Float>(small, tiles: teamTiles)
        let sum = try bench.makeSpectrum()
        bench.withTiles { tiles, _ in
            others.withTiles { _, team in
                sum.withRegion { sum in
                    bench.transform.correlate(
                        tiles, counts: counts, boxes: (small.box, small.box), accumulate: false, team
                    ) { _, _ in sum }
                }
            }
        }
    }
}
