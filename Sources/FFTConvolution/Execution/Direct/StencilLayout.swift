internal import SpectralEngine

/// How the forward pass or the input gradient is cut into stencils: a filter plane, or layers of them, over a band of results at a time.
///
/// Nothing here decides a bit of the result: bands only say who computes which results.
struct StencilLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// The bands of each set of results.
    let depthCuts: [EvenCut]
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
        var (depthCuts, rowCuts, columnCuts): ([EvenCut], [EvenCut], [EvenCut]) = ([], [], [])
        var (packed, results) = (0, 0)
        for set in geometry.sets {
            let columns = EvenCut(set.columns.count, most: Self.mostColumns)
            func most(_ count: (DirectGeometry.Part) -> Int) -> Int { set.parts.map(count).max() ?? 1 }
            let reach = most(\.row.taps.count) - 1
            let width = columns.largest + most(\.column.taps.count) - 1
            let taps = (
                layers: most(\.depth.taps.count), together: most { min($0.depth.taps.count, $0.tapBlocks.mostLayers) }
            )
            func packedLayers(_ results: Int, rows: Int) -> PackedLayers {
                PackedLayers(results: results, taps: taps, rows: rows + reach, width: width, precision)
            }
            func rows(packing layers: Int) -> Int {
                min(Self.mostRows, PackedLayers.mostRows(layers: layers, tapRows: reach + 1, width: width, precision))
            }
            var (mostRows, depths) = (Self.mostRows, 1)
            if set.depths.count > 1, set.columns.step == 1 {
                mostRows = rows(packing: min(set.depths.count, 8) + taps.layers - 1)
                // As many as there is room for, but some for every worker.
                let least = set.depths.count >= 4 * workers ? 4 : max(set.depths.count / workers, 1)
                let share = workers > 1 ? max(set.depths.count / max(fewest / 2, 1), least) : set.depths.count
                depths = packedLayers(min(share, set.depths.count), rows: min(mostRows, set.rows.count)).results
            }
            if depths == 1 { mostRows = taps.together > 1 ? rows(packing: taps.together) : Self.mostRows }
            let depthCut = EvenCut(set.depths.count, most: depths)
            let fewestRows = (fewest + depthCut.pieces - 1) / depthCut.pieces
            let rows = EvenCut(set.rows.count, most: min(mostRows, max(set.rows.count / fewestRows, 8)))
            packed = max(packed, packedLayers(depthCut.largest, rows: rows.largest).elementCount)
            if set.columns.step != 1 { results = max(results, rows.largest * columns.largest) }
            depthCuts.append(depthCut)
            rowCuts.append(rows)
            columnCuts.append(columns)
        }
        (self.depthCuts, self.rowCuts, self.columnCuts) = (depthCuts, rowCuts, columnCuts)
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
        let n: Int, group: Int, set: Int
        let depths: Range<Int>, rows: Range<Int>, columns: Range<Int>
    }

    var bandCount: Int { geometry.problem.batch * geometry.problem.groups * bandsPerGroup }

    private var bandsPerGroup: Int {
        geometry.sets.indices.reduce(0) { $0 + bandCount(of: $1) }
    }

    private func bandCount(of set: Int) -> Int {
        depthCuts[set].pieces * rowCuts[set].pieces * columnCuts[set].pieces
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
            depths: depthCuts[set][rest / (rows.pieces * columns.pieces)],
            rows: rows[rest / columns.pieces % rows.pieces], columns: columns[rest % columns.pieces])
    }
}
