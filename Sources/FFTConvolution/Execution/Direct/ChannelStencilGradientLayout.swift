import SpectralEngine

/// How the filter gradient of a depthwise layer is cut into stencils with channels in vectors: a *line* of channels, and a band of
/// rows of one layer of the output gradient, at a time.
///
/// Bands are summed one after the other in *chunks* of them, then chunk after chunk: how many there are follows from the problem alone,
/// and with it every bit of the result.
struct ChannelStencilGradientLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// Channels of a line, and lines.
    let width: Int
    let lines: Int
    let rows: EvenCut
    /// The bands of all batch items.
    let chunks: EvenCut
    /// Of each worker: rows of the input as `[row][column][channel]`, the same between zeros, and rows of the gradient.
    let turned: Booking
    let turnedCount: Int
    let padded: Booking
    let paddedCount: Int
    let gradients: Booking
    let gradientCount: Int
    /// `[tap][channel]` of each chunk and line.
    let sums: Booking
    let sumCount: Int
    let byteCount: Int

    /// Bands of a chunk, as of other stencils: rounding errors grow with them.
    private static let mostBands = 128
    /// Lines times chunks, and lines times bands where planes are few: enough for the cores of any machine, and few enough that sums stay
    /// small and bands tall.
    private static let enoughBlocks = 64
    private static let enoughBands = 16

    init(_ geometry: DirectGeometry, _ precision: Precision, workers: Int) {
        precondition(ChannelStencilLayout.isApplicable(geometry), "planes that are not alone")
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        width = ChannelStencil.channels(scalarByteCount: precision.byteCount)
        lines = (geometry.problem.groups + width - 1) / width
        let (result, filter) = (geometry.result, geometry.filter)
        rows = EvenCut(
            result.rows,
            most: ChannelStencilLayout.mostRows(
                geometry, rowBytes: (result.columns + filter.columns - 1) * width * precision.byteCount,
                items: geometry.problem.batch * lines * result.depth, wanted: Self.enoughBands))
        let bands = geometry.problem.batch * result.depth * rows.pieces
        let enough = max(Self.enoughBlocks / lines, 1)
        chunks = EvenCut(bands, most: min(max((bands + enough - 1) / enough, 1), Self.mostBands))
        let height = rows.largest + filter.rows - 1

        var layout = WorkspaceLayout()
        facts = DirectFacts(geometry.problem, .filterGradient, precision, &layout)
        turnedCount = min(height, geometry.source.rows) * geometry.source.columns * width
        turned = layout.book(workers, turnedCount, bytesEach: precision.byteCount)
        paddedCount = height * (result.columns + filter.columns - 1) * width
        padded = layout.book(workers, paddedCount, bytesEach: precision.byteCount)
        gradientCount = rows.largest * result.columns * width
        gradients = layout.book(workers, gradientCount, bytesEach: precision.byteCount)
        sumCount = geometry.taps * width
        sums = layout.book(chunks.pieces, lines, sumCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// Of all lines.
    var bandCount: Int { chunks.count * lines }

    /// What is summed at once for each line of channels.
    struct Band {
        let n: Int, depth: Int
        let rows: Range<Int>
    }

    /// In the order of memory.
    func band(_ index: Int) -> Band {
        let (plane, piece) = index.quotientAndRemainder(dividingBy: rows.pieces)
        let (n, depth) = plane.quotientAndRemainder(dividingBy: geometry.result.depth)
        return Band(n: n, depth: depth, rows: rows[piece])
    }

    /// The channels of a line.
    func channels(_ line: Int) -> Range<Int> { line * width..<min((line + 1) * width, geometry.problem.groups) }
}
