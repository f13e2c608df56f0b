import SpectralEngine

/// How the forward pass or the input gradient becomes products of matrices with positions in vectors.
///
/// Rows are result planes, the depth runs over source planes and taps, columns are positions. Filters are read where they lie. So
/// are sources that lie as they are wanted, without a step and without padding; others are copied between zeros as
/// `[part, source, layer, row, column]`, some rows at a time, so that a row and the one below it are neighbours: results of
/// several rows are one row of a matrix, and what is computed between them is dropped. Nothing here decides a bit of the
/// result but ``runs``.
struct PlacedLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// The taps that are summed over.
    let filling: Filling
    /// Steps of the depth that are summed before they are added to the result.
    let runs: EvenCut

    // MARK: Blocks

    /// Results of one block: some columns of some rows of some planes, of one layer.
    private let columns: EvenCut
    private let columnMultiple: Int
    private let rows: EvenCut
    private let planes: EvenCut

    // MARK: Sources

    let readsInPlace: Bool
    /// From row to row of the sources of a block, if it has several; where they are copied, zeros between two rows belong to both.
    let rowPitch: Int
    /// Elements of a layer of a source plane, of all its layers, and of a part of all planes, where they are copied.
    private let layerCount: Int
    private let planeCount: Int
    private let partCount: Int
    /// Zeros behind the last row that its last results meet.
    let tail: Int
    let sourceCount: Int
    let sources: Booking
    /// Whether workers first copy the sources of all blocks together; otherwise each copies what its block needs.
    let copiesFirst: Bool
    /// A scaled filter.
    let filterCount: Int
    let filters: Booking

    // MARK: Results

    /// Whether results of a block are neighbours in each plane, one row or rows with nothing between them, and so can be written
    /// where they belong.
    let writesInPlace: Bool
    /// From plane to plane of the results of a block, before those between rows are dropped.
    let resultPitch: Int
    let results: Booking
    let resultCount: Int
    let byteCount: Int

    /// Terms of one run: with the columns that the kernel takes at once, and the rows of filters that meet them, they stay in the
    /// first-level cache (`Docs/Measurements/2026-11-26-placed.md`).
    private static let mostTerms = 128
    /// Times the columns that the kernel takes at once: 256 positions in f32, whole lines of memory however rows lie.
    private static let mostColumns = 8
    /// Result planes of a block: what they meet of the filters stays in a core's second-level cache while all columns pass.
    private static let mostPlanes = 256
    /// Bytes of a block's sources, and of its results: they stay there too.
    private static let cacheLimit = 256 << 10
    /// Bytes of all sources that are copied first.
    private static let copiesLimit = 4 << 20
    /// Blocks are not made smaller than this to have enough of them: columns that meet each element of a filter, and planes (8 where
    /// workers would have less than two blocks each).
    private static let leastColumns = 96
    private static let leastPlanes = 48

    /// Whether results lie side by side, and the kernel's distances reach all that is multiplied.
    static func isApplicable(_ geometry: DirectGeometry) -> Bool {
        guard geometry.sets.count == 1, let set = geometry.sets.first, geometry.isComplete,
            set.depths.step == 1, set.rows.step == 1, set.columns.step == 1
        else { return false }
        let sources = Double(geometry.sourcesPerGroup)
        let filter = sources * Double(geometry.resultsPerGroup) * Double(geometry.taps)
        // A copy is never larger than planes with their padding.
        let plane = set.parts.reduce(0.0) { sum, part in
            sum + Double(set.depths.count + part.depth.taps.count) * Double(set.rows.count + part.row.taps.count)
                * Double(set.columns.count + part.column.taps.count)
        }
        return max(filter, sources * max(plane, Double(geometry.sourcePlane))) < 0x1p31
    }

    /// - Parameter geometry: One to which this ``isApplicable(_:)``.
    init(_ geometry: DirectGeometry, _ precision: Precision, workers: Int) {
        precondition(Self.isApplicable(geometry), "results that do not lie side by side")
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        let (problem, set) = (geometry.problem, geometry.sets[0])
        func most(_ axis: KeyPath<DirectGeometry.Part, DirectAxis.Part>) -> Int {
            set.parts.map { $0[keyPath: axis].taps.count }.max() ?? 1
        }
        let (tapLayers, tapRows, taps) = (most(\.depth), most(\.row), most(\.column))
        filling = Filling(set)
        runs = EvenCut(saturatingProduct(filling.count, geometry.sourcesPerGroup), most: Self.mostTerms)
        readsInPlace = set.parts.count == 1 && set.parts.allSatisfy { $0.isInside(set, geometry.source) }
        let width = set.columns.count
        columnMultiple = PlacedProduct.columnMultiple(scalarByteCount: precision.byteCount)
        columns = EvenCut((width + columnMultiple - 1) / columnMultiple, most: Self.mostColumns)
        let stretch = min(columns.largest * columnMultiple, width)
        // In place the columns of a piece have others between their rows, so a block is one row then.
        let isRowByRow = readsInPlace && columns.pieces > 1
        if columns.pieces > 1 {
            (rowPitch, tail) = (stretch + taps - 1, 0)
        } else if readsInPlace {
            (rowPitch, tail) = (geometry.source.columns, 0)
        } else {
            // Zeros on both sides of a row are the same where it meets its neighbours.
            rowPitch =
                set.parts.map { part in
                    let all = width + part.column.taps.count - 1
                    let inside = part.column.inside(geometry.source.columns).clamped(to: 0..<all)
                    return inside.count + max(inside.lowerBound, all - inside.upperBound)
                }.max() ?? width
            tail = max(width + taps - 1 - rowPitch, 0)
        }

        writesInPlace =
            set.rows.count == 1 || isRowByRow || columns.pieces == 1 && rowPitch == geometry.result.columns

        let limit = Self.cacheLimit / precision.byteCount
        let (pitch, sourcesPerGroup, resultsPerGroup) = (rowPitch, geometry.sourcesPerGroup, geometry.resultsPerGroup)
        func positions(_ rows: Int) -> Int { (rows - 1) * pitch + stretch }
        func sourceCount(_ rows: Int) -> Int {
            saturatingProduct(set.parts.count, sourcesPerGroup, tapLayers, rows + tapRows - 1, pitch)
        }
        var rowsTogether = isRowByRow ? 1 : set.rows.count
        while rowsTogether > 1,
            max(sourceCount(rowsTogether), positions(rowsTogether) * min(resultsPerGroup, Self.mostPlanes)) > limit
        {
            rowsTogether = (rowsTogether + 1) / 2
        }
        // Enough blocks for all workers.
        let stretches = problem.batch * problem.groups * set.depths.count * columns.pieces
        let wanted = workers > 1 ? 4 * workers : 1
        func pieces(_ rows: Int) -> Int { stretches * EvenCut(set.rows.count, most: rows).pieces }
        while pieces(rowsTogether) < wanted, rowsTogether > 1, positions((rowsTogether + 1) / 2) >= Self.leastColumns {
            rowsTogether = (rowsTogether + 1) / 2
        }
        rows = EvenCut(set.rows.count, most: rowsTogether)
        let slabs = pieces(rowsTogether)
        var planesTogether = min(resultsPerGroup, Self.mostPlanes)
        /// Halves planes while there are fewer blocks than wanted, and at least so many planes are left.
        func halve(wanted: Int, least: Int) {
            while slabs * EvenCut(resultsPerGroup, most: planesTogether).pieces < wanted, planesTogether >= 2 * least {
                planesTogether = (planesTogether + 1) / 2
            }
        }
        halve(wanted: wanted, least: Self.leastPlanes)
        halve(wanted: min(wanted, 2 * workers), least: 8)
        planes = EvenCut(resultsPerGroup, most: planesTogether)

        layerCount = (rows.largest + tapRows - 1) * rowPitch + tail
        planeCount = layerCount * tapLayers
        partCount = planeCount * sourcesPerGroup
        self.sourceCount = partCount * set.parts.count
        copiesFirst =
            workers > 1 && planes.pieces > 1
            && saturatingProduct(slabs, self.sourceCount) <= Self.copiesLimit / precision.byteCount
        let aligned = (positions(rows.largest) + columnMultiple - 1) / columnMultiple * columnMultiple
        resultPitch = writesInPlace ? geometry.resultPlane : aligned
        resultCount = writesInPlace ? 0 : resultPitch * planes.largest

        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, geometry.pass, precision, &layout)
        filterCount = problem.groups * resultsPerGroup * sourcesPerGroup * geometry.taps
        filters = layout.book(filterCount, bytesEach: precision.byteCount)
        sources = layout.book(copiesFirst ? slabs : workers, self.sourceCount, bytesEach: precision.byteCount)
        results = layout.book(workers, resultCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// From the first element of a copied block to a layer of a source plane, and to a tap in it.
    func offset(part: Int, source: Int, layer: Int, row: Int = 0, column: Int = 0) -> Int {
        part * partCount + source * planeCount + layer * layerCount + row * rowPitch + column
    }

    /// Some columns of some rows of some result planes, and which of all these pieces of rows it is.
    struct Block {
        let slab: Int
        let n: Int, group: Int, layer: Int
        let rows: Range<Int>, columns: Range<Int>, planes: Range<Int>
    }

    var slabs: Int {
        geometry.problem.batch * geometry.problem.groups * geometry.result.depth * rows.pieces * columns.pieces
    }
    var blocksPerSlab: Int { planes.pieces }

    /// Blocks of the same sources follow each other.
    func block(_ index: Int) -> Block {
        var rest = index
        func next(_ count: Int) -> Int {
            defer { rest /= count }
            return rest % count
        }
        let (plane, stretch, band) = (next(planes.pieces), next(columns.pieces), next(rows.pieces))
        let (layer, group) = (next(geometry.result.depth), next(geometry.problem.groups))
        let units = columns[stretch]
        return Block(
            slab: index / planes.pieces, n: rest, group: group, layer: layer, rows: rows[band],
            columns: units.lowerBound
                * columnMultiple..<min(units.upperBound * columnMultiple, geometry.result.columns),
            planes: planes[plane])
    }

    /// Neighbouring positions of a block, from its first result to its last one.
    func positions(_ block: Block) -> Int { (block.rows.count - 1) * rowPitch + block.columns.count }

    /// What all blocks of one batch item and group come to.
    struct Work {
        /// Positions, in vectors that the kernel takes at once.
        var columns = 0.0
        /// Layers of a source plane that are copied, and their rows.
        var copies = 0.0, copiedRows = 0.0
        /// Pieces of a result plane, and their rows.
        var blocks = 0.0, resultRows = 0.0
    }

    var work: Work {
        let set = geometry.sets[0]
        let pieces = Double(columns.pieces * set.depths.count)
        let stretch = min(columns.largest * columnMultiple, set.columns.count)
        let copies = copiesFirst ? 1 : planes.pieces
        let layers = readsInPlace ? 0 : Double(set.parts.count * (planeCount / layerCount) * copies)
        var work = Work()
        for band in 0..<rows.pieces {
            let count = rows[band].count
            let vectors = ((count - 1) * rowPitch + stretch + columnMultiple / 2 - 1) / (columnMultiple / 2)
            work.columns += pieces * Double(vectors * (columnMultiple / 2))
            work.copies += pieces * layers
            work.copiedRows += pieces * layers * Double(count + (layerCount - tail) / rowPitch - rows.largest)
            work.blocks += pieces
            work.resultRows += pieces * Double(count)
        }
        return work
    }
}

extension DirectGeometry.Part {
    /// Whether all sources are there, side by side.
    fileprivate func isInside(_ set: DirectGeometry.ResultSet, _ source: DirectGeometry.Extents) -> Bool {
        func isInside(_ axis: DirectAxis.Part, _ results: Int, _ extent: Int) -> Bool {
            axis.step == 1 && axis.start >= 0 && axis.start + results + axis.taps.count - 1 <= extent
        }
        return isInside(depth, set.depths.count, source.depth) && isInside(row, set.rows.count, source.rows)
            && isInside(column, set.columns.count, source.columns)
    }
}
