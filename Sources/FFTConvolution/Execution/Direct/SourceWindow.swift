internal import SpectralEngine

/// What a slab holds of each source plane for one part of its sums: layers of rows between zeros.
struct SourceWindow {
    let layers: Int
    let height: Int
    /// Elements that are written for each row.
    let width: Int

    private let part: DirectGeometry.Part
    private let extents: DirectGeometry.Extents
    /// The slab's first layer of results.
    private let firstLayer: Int
    /// Rows that are there, counted from the window's first, and where that lies in a source plane.
    private let rows: Range<Int>
    private let firstRow: Int
    private let firstColumn: Int
    private let copied: PaddedRows

    /// - Parameters:
    ///   - layers: Results of the slab, and `rows` and `columns`.
    ///   - extents: Of a source plane.
    ///   - pitch: From row to row of the copy.
    ///   - isClosed: Whether a row ends where the next one begins, so that zeros on both sides of it may be the same.
    init(
        _ part: DirectGeometry.Part, layers: Range<Int>, rows: Range<Int>, columns: Range<Int>,
        extents: DirectGeometry.Extents, pitch: Int, isClosed: Bool
    ) {
        self.part = part
        self.extents = extents
        self.layers = layers.count + part.depth.taps.count - 1
        height = rows.count + part.row.taps.count - 1
        firstLayer = layers.lowerBound
        firstRow = rows.lowerBound
        firstColumn = columns.lowerBound
        let there = part.row.inside(extents.rows)
        let top = min(max(there.lowerBound - firstRow, 0), height)
        self.rows = top..<max(min(there.upperBound - firstRow, height), top)
        let sources = columns.count + part.column.taps.count - 1
        width = isClosed ? pitch : sources
        let inside = part.column.inside(extents.columns)
        let before = min(max(inside.lowerBound - firstColumn, 0), sources)
        let count = max(min(inside.upperBound - firstColumn, sources) - before, 0)
        copied = PaddedRows(
            rows: self.rows.count, before: before, count: count, after: width - before - count,
            sourcePitch: self.rows.count > 1 ? part.row.step * extents.columns : 0, sourceStep: part.column.step,
            pitch: pitch)
    }

    /// Copies one layer of the plane that begins at `plane`.
    @inline(__always)
    func copy<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, at plane: Int, layer: Int, into target: SharedRegion<Scalar>, at place: Int
    ) {
        guard let depth = sourceLayer(layer) else {
            zeros(height).copy(source, at: 0, into: target, at: place)
            return
        }
        if rows.lowerBound > 0 { zeros(rows.lowerBound).copy(source, at: 0, into: target, at: place) }
        if !rows.isEmpty {
            copied.copy(
                source,
                at: plane + firstRow(ofLayer: depth) + part.column.start + (firstColumn + copied.before)
                    * part.column.step,
                into: target, at: place + rows.lowerBound * copied.pitch)
        }
        if rows.upperBound < height {
            zeros(height - rows.upperBound).copy(
                source, at: 0, into: target, at: place + rows.upperBound * copied.pitch)
        }
    }

    /// Asks for the rows that are copied of a layer of a plane. Only time depends on it.
    @inline(__always)
    func fetch<Scalar: ConvolutionScalar>(_ source: Elements<Scalar>, at plane: Int, layer: Int) {
        guard !rows.isEmpty, let depth = sourceLayer(layer) else { return }
        source.fetch(
            at: plane + firstRow(ofLayer: depth), rows: rows.count, pitch: copied.sourcePitch, count: extents.columns)
    }

    /// The layer of the source; `nil` if it is not there.
    private func sourceLayer(_ layer: Int) -> Int? {
        let depth = part.depth.start + part.depth.step * (firstLayer + layer)
        return (0..<extents.depth).contains(depth) ? depth : nil
    }

    /// Where the first row that is there begins in a plane. If none is, the place may be no number.
    private func firstRow(ofLayer depth: Int) -> Int {
        (depth * extents.rows + part.row.start + part.row.step * (firstRow + rows.lowerBound)) * extents.columns
    }

    private func zeros(_ rows: Int) -> PaddedRows {
        PaddedRows(rows: rows, before: width, count: 0, after: 0, sourcePitch: 0, sourceStep: 1, pitch: copied.pitch)
    }
}
