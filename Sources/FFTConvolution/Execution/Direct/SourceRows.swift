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
            PaddedRows(
                rows: self.rows.count, before: before, count: count, after: width - before - count,
                sourcePitch: row.step * extents.columns, sourceStep: column.step, pitch: width
            ).copy(
                source, at: top + first * row.step * extents.columns + left + before * column.step, into: packed,
                at: first * width)
            if exponent != 0 {
                scale(packed[first * width..<(first + self.rows.count) * width], byPowerOfTwo: exponent)
            }
            elements = Elements(packed)
            offset = 0
            pitch = width
        }
    }
}
