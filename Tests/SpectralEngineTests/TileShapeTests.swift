import SpectralEngine
import Testing

@Suite struct TileShapeTests {
    @Test func rowsAreAlignedAndNeverAPageApart() {
        for length in 1...2100 {
            for (planes, rows) in [(1, 3), (2, 1), (3, 2)] {
                let shape = TileShape(planes: planes, rows: rows, length: length)
                // Rows of a plane, planes of a volume, which are columns: none much longer than it must be.
                let count = planes > 1 ? planes : rows
                let pitch = shape.tileCount / count
                let needed = planes > 1 ? length * TileShape.pitch(rows) : length * rows / count
                guard shape.tileCount == count * pitch, pitch % 8 == 0, (needed..<needed + 48).contains(pitch),
                    pitch % 512 != 0
                else {
                    Issue.record("\(shape): \(pitch)")
                    return
                }
            }
        }
    }

    @Test func rowsAndPlanesThatAreReadAcrossMeetInFewSetsOfACache() {
        /// How many of `count` places so far apart fall into the fullest of 64 sets of lines of 8 elements.
        func most(_ count: Int, apart pitch: Int) -> Int {
            var sets = [Int](repeating: 0, count: 64)
            for place in 0..<count { sets[place * (pitch / 8) % 64] += 1 }
            return sets.max() ?? 0
        }
        for length in 1...600 {
            for rows in [16, 20, 32, 64] {
                let plane = TileShape(planes: 1, rows: rows, length: length)
                let volume = TileShape(planes: rows, rows: 20, length: length)
                #expect(most(plane.rowCount, apart: plane.pitch) <= 4 || plane.rowCount > 64, "\(plane)")
                #expect(most(rows, apart: volume.planePitch) == 1 && most(20, apart: volume.pitch) <= 4, "\(volume)")
            }
        }
    }

    @Test func rowsThatShareAPanelWithKeptOnesAreTransformedBack() {
        for rows in [24, 48, 80, 83] {
            let shape = TileShape(planes: 1, rows: rows, length: 30)
            for first in 0..<rows {
                for end in first...rows {
                    let transformed = shape.transformedRows(first..<end)
                    // Eight rows from the first kept one on, and so forth, the last eight of the tile at most.
                    let read = stride(from: first, to: end, by: 8).flatMap { row -> [Int] in
                        let start = min(row, rows - 8)
                        return Array(start..<start + 8)
                    }
                    guard Set(read).isSubset(of: Set(transformed)), transformed.count <= read.count else {
                        Issue.record("\(first)..<\(end) of \(rows): \(transformed)")
                        return
                    }
                }
            }
        }
    }

    @Test func linesAreAlignedAndNoMultipleOf64Apart() {
        for length in 1...2100 {
            let shapes = [(1, 1, length), (1, length, 9), (length, 2, 3)].map {
                TileShape(planes: $0.0, rows: $0.1, length: $0.2)
            }
            for shape in shapes {
                let pitch = shape.linePitch
                guard pitch % 8 == 0, (shape.lineLength..<shape.lineLength + 16).contains(pitch),
                    pitch % 64 != 0
                else {
                    Issue.record("\(shape): \(pitch)")
                    return
                }
            }
        }
    }

    @Test func linesRunAlongTheOutermostAxis() {
        let line = TileShape(planes: 1, rows: 1, length: 12)
        #expect(line.lineLength == 12 && line.lineCount == 1 && line.halfLineCount == 1)
        let plane = TileShape(planes: 1, rows: 5, length: 12)
        #expect(plane.lineLength == 5 && plane.lineCount == 12 && plane.halfLineCount == 7)
        // Where both axes are short ones that FFTW turns well, along the innermost axis.
        let small = TileShape(planes: 1, rows: 8, length: 12)
        #expect(small.lineLength == 12 && small.lineCount == 8 && small.halfLineCount == 5)
        #expect(small.spectrumCount == 8 * 16 && small.halfCount == 5 * 16)
        let volume = TileShape(planes: 3, rows: 5, length: 11)
        #expect(volume.lineLength == 3 && volume.lineCount == 55 && volume.halfLineCount == 11 * 3)
        #expect(volume.pointCount == 165)
        #expect(volume.spectrumCount == 55 * 8 && volume.halfCount == 33 * 8)
    }

    @Test func longLinesAreSplitOrMatricesOfAboutAsManyRowsAsColumns() {
        for length in 1..<3072 { #expect(TileShape(planes: 1, rows: 1, length: length).isLine) }
        for length in stride(from: 3072, through: 300_000, by: 64) {
            let shape = TileShape(planes: 1, rows: 1, length: length)
            if length % 1024 == 0, length <= 1 << 18 {
                #expect(
                    shape.isSplit && shape.lineCount == 64 && shape.lineLength == length / 64
                        && shape.halfLineCount == 40 && shape.tileCount >= length)
                continue
            }
            let rows = shape.lineLength
            guard !shape.isSplit, rows & (rows - 1) == 0, rows >= 32, rows * shape.lineCount == length,
                rows * rows <= length,
                // The largest power of two up to the root, or the largest one that divides the length.
                4 * rows * rows > length || length % (2 * rows) != 0, shape.tileCount % rows == 0,
                shape.halfLineCount == shape.lineCount / 2 + 1
            else {
                Issue.record("\(length): \(rows)")
                return
            }
        }
        #expect(!TileShape(planes: 1, rows: 30, length: 4096).isSplit)
        // No power of two of 32 or more divides these.
        for length in [3073, 3088, 10000, 99_999] {
            #expect(TileShape(planes: 1, rows: 1, length: length).lineCount == 1)
        }
    }

    @Test func aPanelHoldsEightRowsOrLinesOfEveryAxis() {
        for longest in 1...300 {
            let shapes = [(longest, 2, 4), (2, longest, 4), (1, longest, 4), (2, 3, longest), (1, 2, longest)].map {
                TileShape(planes: $0.0, rows: $0.1, length: $0.2)
            }
            #expect(shapes.allSatisfy { $0.panelCount >= 8 * longest && $0.panelCount <= 8 * (longest + 15) })
        }
    }

    @Test func tilesWithTwoShortAxesAreSmall() {
        for (rows, length) in [(1, 40), (1, 4096), (9, 20), (20, 9), (65, 64), (128, 4)] {
            #expect(!TileShape(planes: 1, rows: rows, length: length).isSmall)
        }
        for (rows, length) in [(2, 2), (2, 64), (20, 18), (64, 64), (32, 6)] {
            let shape = TileShape(planes: 1, rows: rows, length: length)
            #expect(shape.isSmall && shape.tileCount >= shape.spectrumCount)
        }
    }

    @Test func scratchGrowsWithWorkersAndFields() {
        for shape in [(1, 1, 30), (1, 1, 4096), (1, 9, 20), (3, 9, 20)].map({
            TileShape(planes: $0.0, rows: $0.1, length: $0.2)
        }) {
            let one = shape.scratchCount(fields: 1, workers: 1)
            #expect(one % 8 == 0 && one >= 4 * shape.panelCount)
            #expect(shape.scratchCount(fields: 0, workers: 1) == one)
            // Of tiles that may roll, what is noted of each field stays.
            let notes = shape.rollAlignment == nil ? 0 : 2 * shape.planes * ((shape.rows + 7) / 8)
            let three = shape.scratchCount(fields: 3, workers: 1)
            #expect((2 * notes..<2 * notes + 8).contains(three - one - 2 * shape.panelCount))
            // Each worker has a plane of a volume for itself.
            let plane = shape.planes > 1 ? shape.rows * TileShape.pitch(shape.length) : 0
            #expect(shape.scratchCount(fields: 1, workers: 3) == one + 8 * shape.panelCount + 2 * plane)
        }
    }

    @Test func aBoxHoldsTheWindowsOfBothPartners() {
        func segment(_ start: Int, _ count: Int) -> AxisSegment {
            AxisSegment(origin: -start, positions: 0..<100, extent: count, step: 1)
        }
        let first = Window(segment(3, 2), segment(0, 4), segment(7, 1), planeOffset: 0, extents: (9, 9))
        let second = Window(segment(1, 3), segment(5, 2), segment(0, 9), planeOffset: 0, extents: (9, 9))
        let empty = Window(segment(1, 3), segment(5, 0), segment(0, 9), planeOffset: 0, extents: (9, 9))
        #expect(TileBox(first, nil) == TileBox(planes: 3..<5, rows: 0..<4, columns: 7..<8))
        #expect(TileBox(first, second) == TileBox(planes: 1..<5, rows: 0..<7, columns: 0..<9))
        #expect(TileBox(first, empty) == TileBox(first, nil))
        #expect(TileBox(empty, first) == TileBox(first, nil))
        #expect(TileBox(empty, nil) == TileBox(planes: 0..<0, rows: 0..<0, columns: 0..<0))
        #expect(TileBox(empty, empty) == TileBox(empty, nil))
    }
}
