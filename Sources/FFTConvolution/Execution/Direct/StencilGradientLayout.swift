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
    /// How many bands, of neighbouring layers of the output gradient, may share the input's layers.
    let sharing: Int
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
        var (packed, gradients, sharing) = (0, 0, 1)
        for (index, set) in geometry.sets.enumerated() {
            bands += set.depths.count * rowCuts[index].pieces * columnCuts[index].pieces
            let (rows, columns) = (rowCuts[index].largest, columnCuts[index].largest)
            for part in set.parts {
                // Bands that lie one behind the other, where all taps are one part: else parts would take turns.
                let isOne =
                    geometry.sets.count == 1 && set.parts.count == 1
                    && rowCuts[index].pieces * columnCuts[index].pieces == 1
                let layers = PackedLayers(
                    results: isOne ? set.depths.count : 1, taps: (part.depth.taps.count, 1),
                    rows: rows + part.row.taps.count - 1, width: columns + part.column.taps.count - 1, precision)
                packed = max(packed, layers.elementCount)
                sharing = max(sharing, layers.results)
            }
            gradients = max(gradients, rows * columns)
        }
        (packedCount, gradientCount, self.sharing) = (packed, gradients, sharing)
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

    /// Chunks of one plane whose bands share what is packed, if there are several.
    var chunksTogether: Int { max(sharing / max(chunks.largest, 1), 1) }

    /// A band, with its depth and those of the bands that lie behind it.
    struct Band {
        let n: Int, set: Int
        let depths: Range<Int>, rows: Range<Int>, columns: Range<Int>
    }

    /// The first of some bands, with the depths of those of them that share the input's layers with it.
    func band(_ bands: Range<Int>) -> Band {
        let index = bands.lowerBound
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
        let depth = rest / (rows.pieces * columns.pieces)
        return Band(
            n: index / (chunks.count / geometry.problem.batch), set: set,
            depths: depth..<min(depth + min(sharing, bands.count), geometry.sets[set].depths.count),
            rows: rows[rest / columns.pieces % rows.pieces], columns: columns[rest % columns.pieces])
    }
}
