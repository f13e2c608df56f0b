internal import SpectralEngine

/// How the forward pass or the input gradient of many channels becomes products of matrices.
///
/// Rows are neighbouring results, the depth runs over sources and taps, columns are result planes. Sources are copied once,
/// between zeros, as `[part, layer, row, source, column]`, in *slabs* of bounded size, so that every tap of every source is a
/// distance from a row's first result; filters are turned into panels of columns. Nothing here decides a bit of the result
/// but ``run``.
struct MatrixLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts

    // MARK: Filters

    /// Columns of a panel, and how many panels the result planes of a group take.
    let panelWidth: Int
    let panelCount: Int
    /// The taps that sets of results sum over; sets that agree share them.
    let fillings: [Filling]
    /// Which of them each set uses.
    let filling: [Int]
    /// Elements before the first panel of each filling, and of all of them.
    let fillingOffsets: [Int]
    let filterCount: Int
    let filters: Booking
    /// Steps of the depth that are summed before they are added to the result.
    let runs: [EvenCut]

    // MARK: Sources

    /// One copy of a set's sources: some layers of results, and some rows of each.
    struct Slab: Hashable, Sendable {
        let set: Int
        let depths: Range<Int>
        let rows: Range<Int>
    }

    /// How each set is cut into slabs; all of them are done for each batch item and group.
    let cuts: [SlabCut]
    /// Of one batch item and group.
    let slabsPerGroup: Int
    /// Elements of the largest slab.
    let slabCount: Int
    let sources: Booking
    /// Whether a worker copies a slab and computes all its results before it takes the next; otherwise all workers copy some
    /// slabs, and then share their results.
    let isApart: Bool
    /// Slabs that are in memory at once.
    let together: Int

    // MARK: Of each worker

    let results: Booking
    let resultCount: Int
    let spread: Booking
    let spreadCount: Int
    let byteCount: Int

    /// Bytes of the slabs in memory at once: they stay in the caches of the cores, or near.
    static let slabLimit = 8 << 20
    /// Bytes of a slab that is apart: it stays in a core's second-level cache beside some filters.
    static let apartLimit = 512 << 10
    /// Results of a slab that is apart where filters are too large to stay in that cache: every slab reads all of them.
    private static let leastFarResults = 128
    /// Terms of one run. Longer ones gain nothing (2026-11-23: 190 Gflop/s in one run of 576, 187 in two; 2026-11-26, AVX2: 192 as fast as 320), and their
    /// rounding errors grow (`TapBlocks`).
    static let mostTerms = 192

    /// Neighbouring results that are computed before they are turned into rows of their planes.
    static let mostColumns = 512
    /// Rows of results of a block, which meet one panel after the other.
    static let mostRows = 16

    init(
        _ geometry: DirectGeometry, _ precision: Precision, workers: Int, slabLimit: Int = MatrixLayout.slabLimit,
        apartLimit: Int = MatrixLayout.apartLimit
    ) {
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        let problem = geometry.problem
        let multiple = ShiftedProduct.columnMultiple(scalarByteCount: precision.byteCount)
        let width = geometry.sets.map(\.columns.count).max() ?? 0
        // As many columns as the kernel takes at once: two vectors, or four beside few rows.
        let planes = (geometry.resultsPerGroup + multiple - 1) / multiple * multiple
        panelWidth = min(planes, (width <= ShiftedProduct.fewRows ? 4 : 2) * multiple)
        panelCount = (planes + panelWidth - 1) / panelWidth

        var fillings: [Filling] = []
        filling = geometry.sets.map { set in
            let taps = Filling(set)
            if let index = fillings.firstIndex(of: taps) { return index }
            fillings.append(taps)
            return fillings.count - 1
        }
        self.fillings = fillings
        let (panelWidth, panelCount) = (self.panelWidth, self.panelCount)
        let depths = fillings.map { saturatingProduct($0.count, geometry.sourcesPerGroup) }
        runs = depths.map { EvenCut($0, most: Self.mostTerms) }
        var offsets: [Int] = []
        var filterCount = 0
        for depth in depths {
            offsets.append(filterCount)
            filterCount = min(filterCount + saturatingProduct(depth, panelWidth, panelCount), .max / 8)
        }
        fillingOffsets = offsets
        self.filterCount = filterCount

        // Slabs are apart if there are enough for all workers, and if they are large enough for filters that come from afar.
        let groups = problem.batch * problem.groups
        let pieces = (4 * workers + groups * geometry.sets.count - 1) / max(groups * geometry.sets.count, 1)
        let farFilters = filterCount > apartLimit / precision.byteCount
        let apart = geometry.sets.compactMap {
            SlabCut(
                apart: $0, geometry, limit: apartLimit / precision.byteCount, pieces: pieces,
                leastResults: farFilters ? Self.leastFarResults : 1)
        }
        isApart =
            apart.count == geometry.sets.count && groups * apart.reduce(0) { $0 + $1.pieces } >= 2 * workers
        let limit = slabLimit / precision.byteCount
        cuts = isApart ? apart : geometry.sets.map { SlabCut($0, geometry, limit: limit) }
        slabsPerGroup = cuts.reduce(0) { $0 + $1.pieces }
        slabCount = cuts.reduce(0) { max($0, $1.box.count) }
        together = isApart ? workers : min(max(limit / max(slabCount, 1), 1), max(groups * slabsPerGroup, 1))

        resultCount = min(width, Self.mostColumns) * panelWidth
        spreadCount = geometry.sets.contains { $0.columns.step != 1 } ? resultCount : 0
        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, geometry.pass, precision, &layout)
        filters = layout.book(problem.groups, filterCount, bytesEach: precision.byteCount)
        sources = layout.book(together, slabCount, bytesEach: precision.byteCount)
        results = layout.book(workers, resultCount, bytesEach: precision.byteCount)
        spread = layout.book(workers, spreadCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// A slab of one batch item and group.
    func slab(_ index: Int) -> Slab {
        var (rest, set) = (index, 0)
        while rest >= cuts[set].pieces {
            rest -= cuts[set].pieces
            set += 1
        }
        let (depths, rows) = (cuts[set].depths, cuts[set].rows)
        return Slab(set: set, depths: depths[rest / rows.pieces], rows: rows[rest % rows.pieces])
    }

    /// Steps of the depth of a set.
    func depth(of set: Int) -> Int { fillings[filling[set]].count * geometry.sourcesPerGroup }

    /// Elements of one panel of a filling.
    func panelSize(of filling: Int) -> Int { fillings[filling].count * geometry.sourcesPerGroup * panelWidth }
}

/// Some taps of a filter plane, as combinations of progressions along its axes.
struct Filling: Hashable, Sendable {
    private struct Part: Hashable, Sendable {
        let depth: Progression, row: Progression, column: Progression
    }

    private let parts: [Part]

    init(_ set: DirectGeometry.ResultSet) {
        parts = set.parts.map { Part(depth: $0.depth.taps, row: $0.row.taps, column: $0.column.taps) }
    }

    var count: Int {
        parts.reduce(0) { sum, part in
            min(sum + saturatingProduct(part.depth.count, part.row.count, part.column.count), .max / 8)
        }
    }

    /// Calls `body` with a part, the numbers of a tap in it, and its place in the filter plane.
    func forEach(
        _ filter: DirectGeometry.Extents, _ body: (_ part: Int, _ d: Int, _ h: Int, _ w: Int, _ tap: Int) -> Void
    ) {
        for (number, part) in parts.enumerated() {
            for d in 0..<part.depth.count {
                for h in 0..<part.row.count {
                    let row = (part.depth[d] * filter.rows + part.row[h]) * filter.columns
                    for w in 0..<part.column.count { body(number, d, h, w, row + part.column[w]) }
                }
            }
        }
    }
}

/// How the sources of a slab lie in memory: `[part, layer, row, source, column]`, parts with room for the largest.
struct SourceBox: Hashable, Sendable {
    let layers: Int
    let rows: Int
    let sources: Int
    let columns: Int
    let parts: Int

    init(_ set: DirectGeometry.ResultSet, _ geometry: DirectGeometry, layers: Int, rows: Int) {
        func most(_ axis: KeyPath<DirectGeometry.Part, DirectAxis.Part>) -> Int {
            set.parts.map { $0[keyPath: axis].taps.count }.max() ?? 1
        }
        self.layers = layers + most(\.depth) - 1
        self.rows = rows + most(\.row) - 1
        sources = geometry.sourcesPerGroup
        // Rows that lie a multiple of a page apart would meet in the same few places of the cache.
        let columns = set.columns.count + most(\.column) - 1
        self.columns = (sources * columns) % 512 == 0 ? columns + 1 : columns
        parts = set.parts.count
    }

    var rowPitch: Int { sources * columns }
    var count: Int { saturatingProduct(parts, layers, rows, sources, columns) }

    func offset(part: Int, layer: Int, row: Int, source: Int) -> Int {
        (((part * layers + layer) * rows + row) * sources + source) * columns
    }
}
