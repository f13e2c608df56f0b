internal import SpectralEngine

/// Rows of neighbouring layers of a source as a stencil reads them: where they lie if they may be read in place, else packed between
/// zeros, so that every layer is packed once for all the results that meet it.
struct SourceRows<Scalar: ConvolutionScalar> {
    let elements: Elements<Scalar>
    /// The layers that are here, counted as the part's sources are.
    let layers: Range<Int>
    /// Of source row 0 of the band in the first layer, which need not be there.
    private let first: Int
    let pitch: Int
    let layerPitch: Int
    /// The rows that are there.
    let rows: Range<Int>

    /// - Parameters:
    ///   - plane: The first element of the plane.
    ///   - extents: Of the plane: depth, rows, columns.
    ///   - layers: Some that are there, at least one.
    ///   - rows: Results of the band, and `columns`.
    ///   - exponent: Of a power of two to multiply with; then they are packed.
    @inline(__always)
    init(
        _ source: Elements<Scalar>, plane: Int, extents: DirectGeometry.Extents, layers: Range<Int>,
        part: DirectGeometry.Part, rows: Range<Int>, columns: Range<Int>, packed: SharedRegion<Scalar>, exponent: Int
    ) {
        self.layers = layers
        let (row, column) = (part.row, part.column)
        let (height, width) = (rows.count + row.taps.count - 1, columns.count + column.taps.count - 1)
        let there = row.inside(extents.rows)
        let first = max(there.lowerBound - rows.lowerBound, 0)
        let end = min(there.upperBound - rows.lowerBound, height)
        self.rows = first..<max(end, first)
        let inside = column.inside(extents.columns)
        // A step may be of any size where none is taken.
        let sourceLayer = layers.count > 1 ? part.depth.step * extents.rows * extents.columns : 0
        let layer = plane + (part.depth.start + part.depth.step * layers.lowerBound) * extents.rows * extents.columns
        // Of the first row that is there, as the place of others may be no number.
        let sourcePitch = self.rows.count > 1 ? row.step * extents.columns : 0
        let top =
            self.rows.isEmpty ? 0 : layer + (row.start + row.step * (rows.lowerBound + first)) * extents.columns
        let left = column.start + column.step * columns.lowerBound
        if column.step == 1, exponent == 0, inside.lowerBound <= columns.lowerBound,
            columns.lowerBound + width <= inside.upperBound
        {
            elements = source
            self.first = self.rows.isEmpty ? 0 : top - first * sourcePitch + left
            pitch = sourcePitch
            layerPitch = sourceLayer
        } else {
            let before = min(max(inside.lowerBound - columns.lowerBound, 0), width)
            let count = max(min(inside.upperBound - columns.lowerBound, width) - before, 0)
            let copy = PackedRows(before: before, count: count, after: width - before - count, .of(Scalar.self))
            layerPitch = PackedRows.elementCount(rows: height, width: width, .of(Scalar.self))
            if !self.rows.isEmpty {
                let copied = copy.rows(
                    self.rows.count, sourcePitch: sourcePitch, sourceStep: column.step)
                for index in 0..<layers.count {
                    let target = index * layerPitch + copy.place(ofRow: first)
                    copy.zeros.copy(source, at: 0, into: packed, at: target - before)
                    copied.copy(
                        source,
                        at: top + index * sourceLayer + left + before * column.step, into: packed, at: target)
                    if exponent != 0 {
                        scale(packed[target..<target + self.rows.count * copy.pitch], byPowerOfTwo: exponent)
                    }
                }
            }
            elements = Elements(packed)
            self.first = copy.place(ofRow: 0) - before
            pitch = copy.pitch
        }
    }

    /// Of source row 0 of the band in one of the layers.
    func offset(ofLayer layer: Int) -> Int { first + (layer - layers.lowerBound) * layerPitch }
}

/// How many results along the depth share the layers that are packed for them.
struct PackedLayers: Hashable, Sendable {
    let results: Int
    /// Elements of what is packed at once: the layers that so many results meet; for a single one, those of one sum.
    let elementCount: Int

    /// What is packed stays in the second-level cache; of very wide or deep layers a sum's with eight rows may be more.
    private static let mostBytes = 256 << 10
    /// Each result along the depth has a bit of a word while they are summed.
    private static let mostResults = 64

    /// - Parameters:
    ///   - results: At most, at least one.
    ///   - taps: Layers of them, and how many are one sum.
    ///   - rows: Of a layer, results and the reach of taps, and `width` elements of each.
    init(results: Int, taps: (layers: Int, together: Int), rows: Int, width: Int, _ precision: Precision) {
        let layer = PackedRows.elementCount(rows: rows, width: width, precision)
        let room = Self.mostBytes / max(saturatingProduct(layer, precision.byteCount), 1)
        self.results = max(min(results, Self.mostResults, room - (taps.layers - 1)), 1)
        elementCount = saturatingProduct(
            self.results == 1 ? taps.together : self.results + taps.layers - 1, layer)
    }

    /// Rows of results with which so many layers have room, at least some.
    static func mostRows(layers: Int, tapRows: Int, width: Int, _ precision: Precision) -> Int {
        let row = saturatingProduct(PackedRows.elementCount(rows: 0, width: width, precision), precision.byteCount)
        return max(mostBytes / max(saturatingProduct(layers, row), 1) - tapRows, 8)
    }
}

extension DirectAxis.Part {
    /// The sources that some results meet and that lie in 0 ..< extent.
    func met(by results: Range<Int>, in extent: Int) -> Range<Int> {
        let there = inside(extent)
        let first = max(results.lowerBound, there.lowerBound)
        return first..<max(min(results.upperBound + taps.count - 1, there.upperBound), first)
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
