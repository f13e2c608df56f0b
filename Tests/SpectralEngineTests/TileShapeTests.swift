import SpectralEngine
import Testing

@Suite struct TileShapeTests {
    @Test func rowsAreAlignedAndNeverAPageApart() {
        for length in 1...2100 {
            for (planes, rows) in [(1, 1), (1, 3), (2, 1)] {
                let shape = TileShape(planes: planes, rows: rows, length: length)
                for (pitch, bins) in [(shape.pitch, length), (shape.halfPitch, length / 2 + 1)] {
                    guard pitch % 8 == 0, (bins..<bins + 16).contains(pitch), planes * rows == 1 || pitch % 512 != 0
                    else {
                        Issue.record("\(shape): \(pitch)")
                        return
                    }
                }
            }
        }
    }

    @Test func countsAreProductsOfTheExtents() {
        let shape = TileShape(planes: 3, rows: 5, length: 12)
        #expect(shape.pointCount == 180)
        #expect(shape.pitch == 16 && shape.complexCount == 3 * 5 * 16)
        #expect(shape.halfPitch == 8 && shape.halfCount == 3 * 5 * 8)
    }

    @Test func aPanelHoldsEightLinesOfTheLongestStridedAxis() {
        for longest in 1...300 {
            let shapes = [(longest, 2), (2, longest)].map { TileShape(planes: $0.0, rows: $0.1, length: 4) }
            #expect(shapes.allSatisfy { $0.panelCount >= 8 * longest && $0.panelCount <= 8 * (longest + 15) })
        }
    }
}
