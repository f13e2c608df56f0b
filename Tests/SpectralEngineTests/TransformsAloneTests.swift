import SpectralEngine
import Testing

/// A shape, a box, and the executions of a transform forward, of half of the lines, and back.
private let cases:
    [(shape: (Int, Int, Int), rows: Range<Int>, columns: Range<Int>, forward: Int, half: Int, inverse: Int)] = [
        ((1, 1, 45), 0..<1, 3..<9, 1, 1, 1),
        // 32 rows of 97 columns; 8 rows of 8 lines.
        ((1, 1, 3104), 0..<1, 0..<7, 4 + 13, 4 + 7, 4 + 13), ((1, 1, 3072), 0..<1, 0..<7, 8, 8, 8),
        // A small tile goes back row by row, and its lines with its rows.
        ((1, 16, 20), 3..<9, 7..<17, 3 + 2, 3 + 2, 3 + 2), ((1, 16, 20), 0..<16, 0..<20, 3 + 2, 3 + 2, 3 + 2),
        ((1, 64, 12), 9..<33, 8..<10, 1 + 8, 1 + 5, 2 + 4),
        ((1, 40, 70), 3..<12, 0..<70, 2 + 9, 2 + 5, 9 + 2), ((1, 40, 70), 0..<40, 1..<2, 5 + 9, 5 + 5, 9 + 5),
        // Two of three planes: rows, columns of each, lines, which neighbours of a column share panels with.
        ((3, 20, 17), 5..<14, 0..<17, 2 * (2 + 3) + 17 * 3, 2 * (2 + 3) + 17 * 2, 17 * 3 + 2 * (3 + 2)),
        ((3, 33, 8), 0..<33, 0..<8, 2 * (5 + 1) + 8 * 5, 2 * (5 + 1) + 8 * 3, 8 * 5 + 2 * (1 + 5)),
        ((3, 1, 30), 0..<1, 0..<30, 2 * (1 + 4) + 30, 2 * (1 + 4) + 30, 30 + 2 * (4 + 1)),
    ]

@Suite struct TransformsAloneTests {
    @Test func everyPanelIsTransformedOnceAndNothingElseTouched() throws {
        for (extents, rows, columns, forward, half, inverse) in cases {
            func check<Scalar: ConvolutionScalar>(_: Scalar.Type) throws {
                let shape = TileShape(planes: extents.0, rows: extents.1, length: extents.2)
                let bench = try TransformBench<Scalar>(shape, word: 0)
                let box = TileBox(planes: extents.0 > 1 ? 1..<3 : 0..<1, rows: rows, columns: columns)
                bench.withTile { tile, team in
                    for (isInverse, count) in [(false, forward), (true, inverse)] {
                        let executions = bench.transform.runTransformsAlone(isInverse: isInverse, box, tile, team)
                        #expect(executions == count, "\(shape), \(isInverse)")
                    }
                    let executions = bench.transform.runTransformsAlone(isInverse: false, isHalf: true, box, tile, team)
                    #expect(executions == half, "\(shape), half of the lines")
                    #expect((0..<tile.count).allSatisfy { tile[$0] == 0 })
                }
            }
            try check(Float.self)
            try check(Double.self)
        }
    }

    @Test func everyPassOfEightChannelsIsRunAndNothingElseTouched() throws {
        for (extents, count) in [
            ((1, 1, 12), 1), ((1, 6, 10), 6 + 10), ((3, 6, 8), 18 + 3 * 8 + 6 * 8), ((3, 1, 5), 3 + 5),
        ] {
            let shape = TileShape(planes: extents.0, rows: extents.1, length: extents.2)
            let layout = ChannelLayout(
                shape, taps: (1, 1, 1), dilations: (1, 1, 1), forwardStride: 24, inverseStride: 16)
            let transform = try ChannelTransform<Float>(layout)
            let (spectra, scratch) = (
                try GuardedMemory<Float>(complexCount: 24 * extents.2, word: 0),
                try GuardedMemory<Float>(complexCount: layout.panelCount, word: 0)
            )
            spectra.withRegion { spectra in
                scratch.withRegion { scratch in
                    let isPanelChanged = extents.0 * extents.1 > 1
                    for isInverse in [false, true] {
                        let stride = isInverse ? 16 : 24
                        // No pass maps a single one to a single one.
                        for index in 0..<scratch.count { scratch[index] = index % 16 == 0 ? 1 : 0 }
                        for index in 0..<spectra.count { spectra[index] = index % 16 == 0 ? 1 : 0 }
                        #expect(transform.runTransformsAlone(isInverse: isInverse, spectra, scratch) == count)
                        let touched = (0..<spectra.count).filter { spectra[$0] != ($0 % 16 == 0 ? 1 : 0) }
                        #expect(touched.isEmpty == isInverse)
                        #expect(touched.allSatisfy { $0 / 2 % stride < 8 })
                        let isPanelTouched = (0..<scratch.count).contains { scratch[$0] != ($0 % 16 == 0 ? 1 : 0) }
                        #expect(isPanelTouched == (isInverse || isPanelChanged))
                    }
                }
            }
        }
    }

    @Test func boxesAndTilesThatDoNotFitTrap() async {
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Float>(TileShape(planes: 1, rows: 5, length: 9))
            bench.withTile {
                _ = bench.transform.runTransformsAlone(
                    isInverse: false, TileBox(planes: 0..<1, rows: 0..<6, columns: 0..<9), $0, $1)
            }
        }
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Float>(TileShape(planes: 1, rows: 5, length: 9))
            bench.withTile {
                _ = bench.transform.runTransformsAlone(isInverse: true, bench.shape.box, $0[0..<$0.count - 1], $1)
            }
        }
    }
}
