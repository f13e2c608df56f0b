import SpectralEngine

// Where the bins of a spectrum lie, worked out from its public extents, and arithmetic on points modulo the extents.

extension TileShape {
    private var isVolume: Bool { planes > 1 }
    private var isPlane: Bool { planes == 1 && rows > 1 }
    /// A tile with one axis, seen as rows of so many columns.
    private var matrixColumns: Int? { !isVolume && !isPlane && lineCount > 1 ? lineCount : nil }
    /// Of a line that is split: line t of row s has the bins s + 8t + 64q.
    private var splits: Int? { isSplit ? 8 : nil }

    /// The row and column of the line that a bin lies in, and its place there.
    private func place(_ bin: Int) -> (row: Int, column: Int, element: Int) {
        let (column, row, plane) = (bin % length, bin / length % rows, bin / length / rows)
        if isVolume { return (column, row, plane) }
        if isSmall { return (0, row, column) }
        if isPlane { return (0, column, row) }
        if let splits { return (bin % splits, bin / splits % splits, bin / splits / splits) }
        if let columns = matrixColumns { return (0, bin % columns, bin / columns) }
        return (0, 0, bin)
    }

    /// Lines of each row, and those that a half spectrum keeps.
    private var linesPerRow: Int { isVolume ? rows : splits ?? lineCount }
    private var halfLinesPerRow: Int { linesPerRow / 2 + 1 }

    /// Where a bin lies in a spectrum, in complex elements.
    func offset(_ bin: Int) -> Int {
        let place = place(bin)
        return (place.row * linesPerRow + place.column) * linePitch + place.element
    }

    /// The same in a half spectrum; `nil` where it does not keep the bin's line.
    func halfOffset(_ bin: Int) -> Int? {
        let place = place(bin)
        guard place.column < halfLinesPerRow else { return nil }
        return (place.row * halfLinesPerRow + place.column) * linePitch + place.element
    }

    /// The point that stands for minus a point's coordinates, modulo the extents.
    func negated(_ point: Int) -> Int {
        let (column, row, plane) = (point % length, point / length % rows, point / length / rows)
        return ((planes - plane) % planes * rows + (rows - row) % rows) * length + (length - column) % length
    }

    /// The point whose coordinates are the sums of two points', modulo the extents.
    func sum(_ a: Int, _ b: Int) -> Int {
        let column = (a % length + b % length) % length
        let row = (a / length % rows + b / length % rows) % rows
        return ((a / length / rows + b / length / rows) % planes * rows + row) * length + column
    }

    var box: TileBox { TileBox(planes: 0..<planes, rows: 0..<rows, columns: 0..<length) }

    /// Whether a point lies in a box.
    func contains(_ point: Int, _ box: TileBox) -> Bool {
        let row = point / length
        return box.planes.contains(row / rows) && box.rows.contains(row % rows) && box.columns.contains(point % length)
    }

    /// The samples of a box, in field `field` of an array of fields of the tile's extents.
    func window(_ box: TileBox, field: Int) -> Window {
        func segment(_ positions: Range<Int>, _ extent: Int) -> AxisSegment {
            AxisSegment(origin: 0, positions: positions, extent: extent, step: 1)
        }
        return Window(
            segment(box.planes, planes), segment(box.rows, rows), segment(box.columns, length),
            planeOffset: field * pointCount, extents: (rows, length))
    }
}

extension GuardedMemory {
    private func complex(_ region: SharedRegion<Scalar>, _ offset: Int) -> Complex {
        Complex(real: Double(region[2 * offset]), imaginary: Double(region[2 * offset + 1]))
    }

    /// All bins of a spectrum, in the order of the naive transform.
    func bins(_ shape: TileShape) -> [Complex] {
        withRegion { region in (0..<shape.pointCount).map { complex(region, shape.offset($0)) } }
    }

    /// The bins of a half spectrum in the same order.
    func halfBins(_ shape: TileShape) -> [Complex] {
        withRegion { region in (0..<shape.pointCount).compactMap { shape.halfOffset($0).map { complex(region, $0) } } }
    }
}

/// The bins of a whole spectrum that a half spectrum keeps.
func halfBins(_ spectrum: [Complex], _ shape: TileShape) -> [Complex] {
    (0..<shape.pointCount).compactMap { shape.halfOffset($0) == nil ? nil : spectrum[$0] }
}
