internal import SpectralEngine

/// Rows of one source plane as a stencil reads them: where they lie if they may be read in place, else packed between zeros.
struct SourceRows<Scalar: ConvolutionScalar> {
    let elements: Elements<Scalar>
    /// Of source row 0 of the band, which need not be there.
    let offset: Int
    let pitch: Int
    /// The rows that are there.
    let rows: Range<Int>

    /// - Parameters:
    ///   - plane: The first element of the plane.
    ///   - extents: Of the plane: depth, rows, columns.
    ///   - depth: Which of its layers.
    ///   - rows: Results of the band, and `columns`.
    ///   - exponent: Of a power of two to multiply with; then they are packed.
    @inline(__always)
    init(
        _ source: Elements<Scalar>, plane: Int, extents: DirectGeometry.Extents, depth: Int, part: DirectGeometry.Part,
        rows: Range<Int>,
        columns: Range<Int>, packed: SharedRegion<Scalar>, exponent: Int
    ) {
        let (row, column) = (part.row, part.column)
        let (height, width) = (rows.count + row.taps.count - 1, columns.count + column.taps.count - 1)
        let there = row.inside(extents.rows)
        let first = max(there.lowerBound - rows.lowerBound, 0)
        let end = min(there.upperBound - rows.lowerBound, height)
        self.rows = first..<max(end, first)
        let inside = column.inside(extents.columns)
        let layer = plane + depth * extents.rows * extents.columns
        let top = layer + (row.start + row.step * rows.lowerBound) * extents.columns
        let left = column.start + column.step * columns.lowerBound
        if column.step == 1, exponent == 0, inside.lowerBound <= columns.lowerBound,
            columns.lowerBound + width <= inside.upperBound
        {
            elements = source
            offset = top + left
            pitch = row.step * extents.columns
        } else {
            let before = min(max(inside.lowerBound - columns.lowerBound, 0), width)
            let count = max(min(inside.upperBound - columns.lowerBound, width) - before, 0)
            let copy = PackedRows(before: before, count: count, after: width - before - count, .of(Scalar.self))
            if !self.rows.isEmpty {
                copy.zeros.copy(source, at: 0, into: packed, at: copy.place(ofRow: first) - before)
                copy.rows(self.rows.count, sourcePitch: row.step * extents.columns, sourceStep: column.step).copy(
                    source, at: top + first * row.step * extents.columns + left + before * column.step, into: packed,
                    at: copy.place(ofRow: first))
                if exponent != 0 {
                    scale(
                        packed[copy.place(ofRow: first)..<copy.place(ofRow: first + self.rows.count)],
                        byPowerOfTwo: exponent)
                }
            }
            elements = Elements(packed)
            offset = copy.place(ofRow: 0) - before
            pitch = copy.pitch
        }
    }
}

/// How copies of rows lie: the first sample of each at the beginning of a cache line, so that vectors are stored without crossing one;
/// the zeros before it are the last ones behind the row before.
struct PackedRows {
    let pitch: Int
    private let before: Int
    private let count: Int

    init(before: Int, count: Int, after: Int, _ precision: Precision) {
        self.before = before
        self.count = count
        pitch = Self.wholeLines(count + max(before, after), precision)
    }

    /// Elements for so many rows of samples and zeros, and for the zeros before the first.
    static func elementCount(rows: Int, width: Int, _ precision: Precision) -> Int {
        (rows + 1) * wholeLines(width, precision)
    }

    /// Where the samples of a row begin: a row behind the beginning, for the zeros before the first.
    func place(ofRow row: Int) -> Int { (row + 1) * pitch }

    /// Those before the first row.
    var zeros: PaddedRows {
        PaddedRows(rows: 1, before: before, count: 0, after: 0, sourcePitch: 0, sourceStep: 1, pitch: 0)
    }

    func rows(_ rows: Int, sourcePitch: Int, sourceStep: Int) -> PaddedRows {
        PaddedRows(
            rows: rows, before: 0, count: count, after: pitch - count, sourcePitch: sourcePitch, sourceStep: sourceStep,
            pitch: pitch)
    }

    private static func wholeLines(_ count: Int, _ precision: Precision) -> Int {
        let line = AlignedBuffer.alignment / precision.byteCount
        return (count + line - 1) / line * line
    }
}
