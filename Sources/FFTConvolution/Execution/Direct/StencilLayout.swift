internal import SpectralEngine

/// How the forward pass or the input gradient is cut into stencils: a filter plane over a band of a plane at a time.
///
/// Nothing here decides a bit of the result: bands only say who computes which results.
struct StencilLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// The bands of each set of results.
    let rowCuts: [EvenCut]
    let columnCuts: [EvenCut]
    /// Of each worker: sources between zeros, and results that do not lie side by side.
    let packed: Booking
    let results: Booking
    /// Of each worker: a filter plane that is scaled.
    let weights: Booking
    let packedCount: Int
    let resultCount: Int
    let byteCount: Int

    /// Rows and columns of a band: with the rows that the taps reach, it stays in the second-level cache.
    private static let mostRows = 64
    private static let mostColumns = 1024

    init(_ geometry: DirectGeometry, _ precision: Precision, workers: Int) {
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        let problem = geometry.problem
        // Enough bands for all workers, whatever the number of planes, but none of a few rows.
        let planes = max(problem.batch * problem.groups * geometry.sets.count, 1)
        let fewest = (8 * workers + planes - 1) / planes
        rowCuts = geometry.sets.map { EvenCut($0.rows.count, most: min(Self.mostRows, max($0.rows.count / fewest, 8))) }
        columnCuts = geometry.sets.map { EvenCut($0.columns.count, most: Self.mostColumns) }

        var (packed, results) = (0, 0)
        for (index, set) in geometry.sets.enumerated() {
            let (rows, columns) = (rowCuts[index].largest, columnCuts[index].largest)
            for part in set.parts {
                packed = max(
                    packed,
                    PackedRows.elementCount(
                        rows: rows + part.row.taps.count - 1, width: columns + part.column.taps.count - 1, precision))
            }
            if set.columns.step != 1 { results = max(results, rows * columns) }
        }
        (packedCount, resultCount) = (packed, results)
        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, geometry.pass, precision, &layout)
        self.packed = layout.book(workers, packed, bytesEach: precision.byteCount)
        self.results = layout.book(workers, results, bytesEach: precision.byteCount)
        weights = layout.book(workers, geometry.taps, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// One band of results: what a worker computes for all result planes of a group.
    struct Band {
        let n: Int, group: Int, set: Int, depth: Int
        let rows: Range<Int>, columns: Range<Int>
    }

    var bandCount: Int { geometry.problem.batch * geometry.problem.groups * bandsPerGroup }

    private var bandsPerGroup: Int {
        geometry.sets.indices.reduce(0) { $0 + bandCount(of: $1) }
    }

    private func bandCount(of set: Int) -> Int {
        geometry.sets[set].depths.count * rowCuts[set].pieces * columnCuts[set].pieces
    }

    func band(_ index: Int) -> Band {
        let perGroup = bandsPerGroup
        var rest = index % perGroup
        var set = 0
        while rest >= bandCount(of: set) {
            rest -= bandCount(of: set)
            set += 1
        }
        let (rows, columns) = (rowCuts[set], columnCuts[set])
        let group = index / perGroup
        return Band(
            n: group / geometry.problem.groups, group: group % geometry.problem.groups, set: set,
            depth: rest / (rows.pieces * columns.pieces), rows: rows[rest / columns.pieces % rows.pieces],
            columns: columns[rest % columns.pieces])
    }
}
