internal import SpectralEngine

/// How a filter gradient is cut into stencils: each a band of an output-gradient plane with the input rows it meets.
///
/// The terms of one tap lie in many bands. They are summed band after band in *chunks* of them, then chunk after chunk:
/// how many there are follows from the problem alone, and with it every bit of the result.
struct StencilGradientLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    let rowCuts: [EvenCut]
    let columnCuts: [EvenCut]
    /// The bands of all sets and batch items.
    let chunks: EvenCut
    /// Of each worker: input rows between zeros, and output gradients that do not lie side by side or are scaled.
    let packed: Booking
    let packedCount: Int
    let gradients: Booking
    let gradientCount: Int
    /// One sum for each filter plane, chunk and tap, taps in the order of the parts.
    let sums: Booking
    let byteCount: Int

    /// Terms of one sum in a band, and bands of a chunk: rounding errors grow with them.
    static let mostTerms = 8192
    private static let mostBands = 128
    private static let mostColumns = 1024
    /// Filter planes times chunks: enough for the cores of any machine, few enough that sums stay small.
    private static let enoughBlocks = 64

    init(_ geometry: DirectGeometry, _ precision: Precision, workers: Int) {
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        let problem = geometry.problem
        let columnCuts = geometry.sets.map { EvenCut($0.columns.count, most: Self.mostColumns) }
        rowCuts = zip(geometry.sets, columnCuts).map { set, columns in
            EvenCut(set.rows.count, most: max(Self.mostTerms / columns.largest, 1))
        }
        self.columnCuts = columnCuts
        var bands = 0
        var (packed, gradients) = (0, 0)
        for (index, set) in geometry.sets.enumerated() {
            bands += set.depths.count * rowCuts[index].pieces * columnCuts[index].pieces
            let (rows, columns) = (rowCuts[index].largest, columnCuts[index].largest)
            for part in set.parts {
                packed = max(
                    packed,
                    PackedRows.elementCount(
                        rows: rows + part.row.taps.count - 1, width: columns + part.column.taps.count - 1, precision))
            }
            gradients = max(gradients, rows * columns)
        }
        (packedCount, gradientCount) = (packed, gradients)
        let planes = problem.filters * problem.channelsPerGroup
        let all = problem.batch * bands
        let enough = max(Self.enoughBlocks / max(planes, 1), 1)
        chunks = EvenCut(all, most: min(max((all + enough - 1) / enough, 1), Self.mostBands))
        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, .filterGradient, precision, &layout)
        self.packed = layout.book(workers, packed, bytesEach: precision.byteCount)
        self.gradients = layout.book(workers, gradients, bytesEach: precision.byteCount)
        sums = layout.book(planes, chunks.pieces, geometry.taps, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    struct Band {
        let n: Int, set: Int, depth: Int
        let rows: Range<Int>, columns: Range<Int>
    }

    func band(_ index: Int) -> Band {
        var rest = index % (chunks.count / geometry.problem.batch)
        var set = 0
        func count(_ set: Int) -> Int {
            geometry.sets[set].depths.count * rowCuts[set].pieces * columnCuts[set].pieces
        }
        while rest >= count(set) {
            rest -= count(set)
            set += 1
        }
        let (rows, columns) = (rowCuts[set], columnCuts[set])
        return Band(
            n: index / (chunks.count / geometry.problem.batch), set: set,
            depth: rest / (rows.pieces * columns.pieces), rows: rows[rest / columns.pieces % rows.pieces],
            columns: columns[rest % columns.pieces])
    }
}
