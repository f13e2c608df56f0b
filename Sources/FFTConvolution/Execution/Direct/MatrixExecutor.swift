internal import SpectralEngine

/// Forward pass and input gradient as products of matrices: filters in vectors, a few neighbouring results at a time.
struct MatrixExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: MatrixLayout
    /// The taps of each filling, in their order in the filter.
    private let taps: [[Int]]
    /// For each set of results, the distance from a row's first source to every tap of every source.
    private let offsets: [DepthOffsets]

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }

    init(layout: MatrixLayout) {
        self.layout = layout
        let geometry = layout.geometry
        let taps = layout.fillings.map { filling in
            var taps: [Int] = []
            filling.forEach(geometry.filter) { taps.append($4) }
            return taps.sorted()
        }
        self.taps = taps
        // The depth runs over sources, and over taps in their order in the filter.
        offsets = geometry.sets.indices.map { set in
            let (box, filling) = (layout.cuts[set].box, layout.filling[set])
            var places = [Int](repeating: 0, count: geometry.taps)
            layout.fillings[filling].forEach(geometry.filter) { part, d, h, w, tap in
                places[tap] = box.offset(part: part, layer: d, row: h, source: 0) + w
            }
            return DepthOffsets(
                (0..<geometry.sourcesPerGroup).flatMap { source in
                    taps[filling].map { places[$0] + source * box.columns }
                })
        }
    }

    var preparationCount: Int { problem.groups * layout.fillings.count * layout.panelCount }

    /// Turns the filters of one panel. (Of the input gradient they lie scattered, but pieces of all panels, in the order of
    /// memory, took two cores a fifth longer: each then multiplies with what the other has just written.)
    func prepare(_ job: Int, _ second: Elements<Scalar>, _ scratch: SharedRegion<UInt8>) {
        let (filling, panel) = job.quotientAndRemainder(dividingBy: layout.panelCount)
        fillPanel(
            filling % layout.fillings.count, group: filling / layout.fillings.count, panel: panel, second,
            scratch.region(layout.filters, of: Scalar.self))
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        let filters = scratch.region(layout.filters, of: Scalar.self)
        let sources = scratch.region(layout.sources, of: Scalar.self)
        if scaling.second != 0 { scale(filters, byPowerOfTwo: scaling.second) }
        if !geometry.isComplete { result.fill(0) }

        let slabs = problem.batch * problem.groups * layout.slabsPerGroup
        if layout.isApart {
            control?.begin(blocks: slabs)
            try Workers.run(count: layout.workers, blocks: slabs) { slab, worker in
                let own = sources.slice(worker, count: layout.slabCount)
                copy(0..<geometry.sourcesPerGroup, slab: slab, first, own, scaling)
                let cut = blockCut(position(slab).slab, wanted: 1)
                for block in 0..<cut.count {
                    multiply(block, cut, slab: slab, own, filters, bias, result, scratch, worker, scaling)
                }
                try control?.completeBlock()
            }
            return
        }
        let wanted = (4 * layout.workers + slabs - 1) / max(slabs, 1)
        let most = (0..<layout.slabsPerGroup).reduce(0) { max($0, blockCut(layout.slab($1), wanted: wanted).count) }
        control?.begin(blocks: slabs * most)
        for start in stride(from: 0, to: slabs, by: layout.together) {
            let count = min(layout.together, slabs - start)
            // Several planes a job: what threads share is looked up once for all of them.
            let planes = EvenCut(
                geometry.sourcesPerGroup, most: max(geometry.sourcesPerGroup * count / (8 * layout.workers), 1))
            try Workers.run(count: layout.workers, blocks: count * planes.pieces) { job, _ in
                let (slab, piece) = (job / planes.pieces, job % planes.pieces)
                copy(planes[piece], slab: start + slab, first, sources.slice(slab, count: layout.slabCount), scaling)
            }
            try Workers.run(count: layout.workers, blocks: count * most) { job, worker in
                let (slab, block) = (job / most, job % most)
                let cut = blockCut(position(start + slab).slab, wanted: wanted)
                if block < cut.count {
                    multiply(
                        block, cut, slab: start + slab, sources.slice(slab, count: layout.slabCount), filters, bias,
                        result, scratch, worker, scaling)
                }
                try control?.completeBlock()
            }
        }
    }

    // MARK: Filters

    /// Turns the filters of one panel: element (source and tap, column).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func fillPanel(
        _ filling: Int, group: Int, panel: Int, _ weights: Elements<Scalar>, _ filters: SharedRegion<Scalar>
    ) {
        let (taps, width) = (self.taps[filling], layout.panelWidth)
        let first = panel * width
        let count = min(width, geometry.resultsPerGroup - first)
        let base =
            group * layout.filterCount + layout.fillingOffsets[filling] + panel * layout.panelSize(of: filling)
        let target = filters[base..<base + layout.panelSize(of: filling)]
        if count < width { target.fill(0) }
        let isWhole = taps.count == geometry.taps
        let next =
            geometry.filterOffset(group, source: 0, result: 1) - geometry.filterOffset(group, source: 0, result: 0)
        if isWhole, geometry.pass == .forward {
            // A filter's channels and taps lie in the order of the depth.
            transpose(
                weights, at: geometry.filterOffset(group, source: 0, result: first), pitch: next, into: target, at: 0,
                pitch: width, rows: count, columns: geometry.sourcesPerGroup * taps.count)
            return
        }
        for source in 0..<geometry.sourcesPerGroup {
            let place = geometry.filterOffset(group, source: source, result: first)
            if isWhole {
                transpose(
                    weights, at: place, pitch: next, into: target, at: source * taps.count * width, pitch: width,
                    rows: count, columns: taps.count)
            } else {
                let columns = PaddedRows(
                    rows: 1, before: 0, count: count, after: 0, sourcePitch: 0, sourceStep: next, pitch: width)
                for (index, tap) in taps.enumerated() {
                    columns.copy(weights, at: place + tap, into: target, at: (source * taps.count + index) * width)
                }
            }
        }
    }

    // MARK: Sources

    /// A slab's batch item, group and place among the slabs of these.
    private func position(_ slab: Int) -> (n: Int, group: Int, slab: MatrixLayout.Slab) {
        let plane = slab / layout.slabsPerGroup
        return (plane / problem.groups, plane % problem.groups, layout.slab(slab % layout.slabsPerGroup))
    }

    /// Copies what a slab needs of some source planes.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func copy(
        _ planes: Range<Int>, slab: Int, _ source: Elements<Scalar>, _ target: SharedRegion<Scalar>,
        _ scaling: DirectScaling
    ) {
        let (n, group, slab) = position(slab)
        let (set, box) = (geometry.sets[slab.set], layout.cuts[slab.set].box)
        for (number, part) in set.parts.enumerated() {
            let window = SourceWindow(
                part, layers: slab.depths, rows: slab.rows, columns: 0..<set.columns.count, extents: geometry.source,
                pitch: box.rowPitch, isClosed: false)
            // Parts that differ in their columns alone read the same rows.
            let asks = !set.parts[..<number].contains {
                $0.row.start == part.row.start && $0.depth.start == part.depth.start
            }
            for index in planes {
                let plane = geometry.sourceOffset(n, group, index)
                for layer in 0..<window.layers {
                    if asks, index + 1 < planes.upperBound {
                        window.fetch(source, at: geometry.sourceOffset(n, group, index + 1), layer: layer)
                    }
                    let place = box.offset(part: number, layer: layer, row: 0, source: index)
                    window.copy(source, at: plane, layer: layer, into: target, at: place)
                    guard scaling.first != 0 else { continue }
                    for row in 0..<window.height {
                        let first = place + row * box.rowPitch
                        scale(target[first..<first + window.width], byPowerOfTwo: scaling.first)
                    }
                }
            }
        }
    }

    // MARK: Products

    /// How the rows and panels of a slab are shared out.
    private struct BlockCut {
        let rows: EvenCut
        let panels: EvenCut
        let depths: Int
        var count: Int { depths * rows.pieces * panels.pieces }
    }

    /// Blocks of as many rows as there are vectors in a panel, so that sources and filters are both read seldom; and as many
    /// blocks as are wanted.
    private func blockCut(_ slab: MatrixLayout.Slab, wanted: Int) -> BlockCut {
        var rows = EvenCut(slab.rows.count, most: MatrixLayout.mostRows)
        var panels = 1
        while slab.depths.count * rows.pieces * panels < wanted, panels < layout.panelCount { panels *= 2 }
        if slab.depths.count * rows.pieces * panels < wanted {
            rows = EvenCut(slab.rows.count, most: max(slab.rows.count * panels / wanted, 2))
        }
        let most = (layout.panelCount + panels - 1) / panels
        return BlockCut(rows: rows, panels: EvenCut(layout.panelCount, most: most), depths: slab.depths.count)
    }

    /// Computes some rows of some result planes.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func multiply(
        _ block: Int, _ cut: BlockCut, slab number: Int, _ sources: SharedRegion<Scalar>,
        _ filters: SharedRegion<Scalar>, _ bias: Elements<Scalar>, _ result: SharedRegion<Scalar>,
        _ scratch: SharedRegion<UInt8>, _ worker: Int, _ scaling: DirectScaling
    ) {
        let results = scratch.region(layout.results, of: Scalar.self).slice(worker, count: layout.resultCount)
        let spreadRows = scratch.region(layout.spread, of: Scalar.self).slice(worker, count: layout.spreadCount)
        let (n, group, slab) = position(number)
        let (set, box) = (geometry.sets[slab.set], layout.cuts[slab.set].box)
        let layer = block / (cut.rows.pieces * cut.panels.pieces)
        let rows = cut.rows[block / cut.panels.pieces % cut.rows.pieces]
        let (filling, width) = (layout.filling[slab.set], layout.panelWidth)
        let columns = EvenCut(set.columns.count, most: MatrixLayout.mostColumns)
        let (runs, offsets) = (layout.runs[filling], self.offsets[slab.set])
        for panel in cut.panels[block % cut.panels.pieces] {
            let first = panel * width
            let count = min(width, geometry.resultsPerGroup - first)
            let filter =
                group * layout.filterCount + layout.fillingOffsets[filling] + panel * layout.panelSize(of: filling)
            for row in rows {
                let place =
                    geometry.resultOffset(n, group, first)
                    + (set.depths[slab.depths.lowerBound + layer] * geometry.result.rows
                        + set.rows[slab.rows.lowerBound + row]) * geometry.result.columns
                for piece in 0..<columns.pieces {
                    let stretch = columns[piece]
                    let product = ShiftedProduct(
                        rows: stretch.count, columns: width, secondPitch: width, resultPitch: width)
                    let isBiased = bias.count > 0 && scaling.isNone
                    if isBiased {
                        begin(results, rows: stretch.count, bias, at: group * geometry.resultsPerGroup + first, count)
                    }
                    for run in 0..<runs.pieces {
                        product.multiply(
                            Elements(sources),
                            at: box.offset(part: 0, layer: layer, row: row, source: 0) + stretch.lowerBound, offsets,
                            runs[run], Elements(filters), at: filter + runs[run].lowerBound * width, into: results,
                            at: 0, accumulate: run > 0 || isBiased)
                    }
                    if !scaling.isNone {
                        scale(results[0..<stretch.count * width], byPowerOfTwo: scaling.result)
                        if bias.count > 0 {
                            add(bias, at: group * geometry.resultsPerGroup + first, count, to: results, stretch.count)
                        }
                    }
                    store(
                        results, set.columns, stretch, planes: count, into: result, at: place, spreadRows)
                }
            }
        }
    }

    /// Every row of results begins with the bias of its columns.
    private func begin(
        _ results: SharedRegion<Scalar>, rows: Int, _ bias: Elements<Scalar>, at first: Int, _ count: Int
    ) {
        for row in 0..<rows {
            for column in 0..<count { results[row * layout.panelWidth + column] = bias[first + column] }
        }
    }

    /// Adds the bias of its columns to every row of results.
    private func add(
        _ bias: Elements<Scalar>, at first: Int, _ count: Int, to results: SharedRegion<Scalar>, _ rows: Int
    ) {
        for row in 0..<rows {
            for column in 0..<count { results[row * layout.panelWidth + column] += bias[first + column] }
        }
    }

    /// Turns a stretch of results into the rows of their planes.
    private func store(
        _ results: SharedRegion<Scalar>, _ columns: Progression, _ stretch: Range<Int>, planes: Int,
        into result: SharedRegion<Scalar>, at place: Int, _ spreadRows: SharedRegion<Scalar>
    ) {
        let (width, rows) = (layout.panelWidth, stretch.count)
        let first = place + columns[stretch.lowerBound]
        if columns.step == 1 {
            transpose(
                Elements(results), at: 0, pitch: width, into: result, at: first, pitch: geometry.resultPlane,
                rows: rows, columns: planes)
            return
        }
        transpose(
            Elements(results), at: 0, pitch: width, into: spreadRows, at: 0, pitch: rows, rows: rows, columns: planes)
        spread(
            Elements(spreadRows), at: 0, pitch: rows, into: result, at: first, pitch: geometry.resultPlane,
            step: columns.step, rows: planes, count: rows)
    }
}
