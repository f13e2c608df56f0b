import SpectralEngine

/// How a depthwise layer is cut into stencils with channels in vectors: a *line* of channels, and a band of rows of one
/// layer of results, at a time.
///
/// For planes so narrow that their rows would leave much of a vector empty. Nothing here decides a bit of the result.
struct ChannelStencilLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// Channels of a line, and lines.
    let width: Int
    let lines: Int
    let rows: EvenCut
    /// The filters as `[line][tap][channel]`.
    let filters: Booking
    let filterCount: Int
    /// Of each worker: rows of the source as `[row][column][channel]`, the same between zeros, and results.
    let turned: Booking
    let turnedCount: Int
    let padded: Booking
    let paddedCount: Int
    let results: Booking
    let resultCount: Int
    let byteCount: Int

    /// Bytes of a band between zeros: it stays in the second-level cache.
    private static let bandLimit = 1 << 18

    /// Bytes of the rows that a few rows of results reach.
    private static let reachLimit = 1 << 21

    /// Whether each channel has one filter of its own, neither stride nor dilation is in the way, and a band may stay in
    /// the cache.
    static func isApplicable(_ geometry: DirectGeometry) -> Bool {
        let lineBytes = 64.0
        let rowBytes = (Double(geometry.result.columns) + Double(geometry.filter.columns)) * lineBytes
        return rowBytes <= Double(bandLimit) && rowBytes * Double(geometry.filter.rows + 8) <= Double(reachLimit)
            && geometry.sourcesPerGroup == 1 && geometry.resultsPerGroup == 1 && geometry.problem.groups > 1
            && geometry.problem.axes.allSatisfy { $0.stride == 1 && $0.dilation == 1 }
    }

    /// Rows of a band that stays in the cache, where there are so many layers of lines: bands for all workers, but none of few rows beside
    /// those its taps reach.
    static func mostRows(_ geometry: DirectGeometry, rowBytes: Int, items: Int, wanted: Int) -> Int {
        let pieces = max((wanted + items - 1) / max(items, 1), 1)
        return min(
            max(bandLimit / rowBytes - geometry.filter.rows + 1, 1),
            max((geometry.result.rows + pieces - 1) / pieces, 2 * geometry.filter.rows, 8))
    }

    init(_ geometry: DirectGeometry, _ precision: Precision, workers: Int) {
        precondition(Self.isApplicable(geometry), "planes that are not alone")
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        let groups = geometry.problem.groups
        width = ChannelStencil.channels(scalarByteCount: precision.byteCount)
        lines = (groups + width - 1) / width
        let (result, filter) = (geometry.result, geometry.filter)
        let rowBytes = (result.columns + filter.columns - 1) * width * precision.byteCount
        let items = geometry.problem.batch * lines * result.depth
        rows = EvenCut(
            result.rows, most: Self.mostRows(geometry, rowBytes: rowBytes, items: items, wanted: 4 * workers))
        let height = rows.largest + filter.rows - 1

        var layout = WorkspaceLayout()
        facts = DirectFacts(geometry.problem, geometry.pass, precision, &layout)
        filterCount = geometry.taps * width
        filters = layout.book(lines, filterCount, bytesEach: precision.byteCount)
        turnedCount = min(height, geometry.source.rows) * geometry.source.columns * width
        turned = layout.book(workers, turnedCount, bytesEach: precision.byteCount)
        paddedCount = height * (result.columns + filter.columns - 1) * width
        padded = layout.book(workers, paddedCount, bytesEach: precision.byteCount)
        resultCount = rows.largest * result.columns * width
        results = layout.book(workers, resultCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// What a worker computes at once.
    struct Band {
        let n: Int, line: Int, depth: Int
        let rows: Range<Int>
    }

    var bandCount: Int { geometry.problem.batch * lines * geometry.result.depth * rows.pieces }

    /// Whether bands come in the order of memory; else lines come first, so that workers share few filters.
    var isInOrder: Bool { lines * filterCount * precision.byteCount <= Self.bandLimit }

    func band(_ index: Int) -> Band {
        let (rest, piece) = index.quotientAndRemainder(dividingBy: rows.pieces)
        let (plane, depth) = rest.quotientAndRemainder(dividingBy: geometry.result.depth)
        let batch = geometry.problem.batch
        return isInOrder
            ? Band(n: plane / lines, line: plane % lines, depth: depth, rows: rows[piece])
            : Band(n: plane % batch, line: plane / batch, depth: depth, rows: rows[piece])
    }

    /// The channels of a line.
    func channels(_ line: Int) -> Range<Int> { line * width..<min((line + 1) * width, geometry.problem.groups) }
}
