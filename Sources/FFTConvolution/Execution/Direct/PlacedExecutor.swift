internal import SpectralEngine

/// Forward pass and input gradient as products of matrices with positions in vectors, a few result planes at a time.
struct PlacedExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: PlacedLayout
    /// Where the filter and the sources have each step of the depth: in place, and in copies.
    private let places: DepthPlaces
    private let copiedPlaces: DepthPlaces
    /// From result plane to result plane of the filter.
    private let filterPitch: Int

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }

    init(layout: PlacedLayout) {
        self.layout = layout
        let (geometry, source) = (layout.geometry, layout.geometry.source)
        // For each source, taps in their order in the filter.
        var taps: [(tap: Int, place: Int, copied: Int)] = []
        layout.filling.forEach(geometry.filter) { part, d, h, w, tap in
            taps.append(
                (
                    tap, (d * source.rows + h) * source.columns + w,
                    layout.offset(part: part, source: 0, layer: d, row: h, column: w)
                ))
        }
        taps.sort { $0.tap < $1.tap }
        let sources = 0..<geometry.sourcesPerGroup
        let filters = sources.flatMap { source in
            taps.map { geometry.filterOffset(0, source: source, result: 0) + $0.tap }
        }
        let copied = sources.flatMap { source in
            taps.map { layout.offset(part: 0, source: source, layer: 0) + $0.copied }
        }
        copiedPlaces = DepthPlaces(first: filters, second: copied)
        places =
            layout.readsInPlace
            ? DepthPlaces(
                first: filters,
                second: sources.flatMap { source in taps.map { source * geometry.sourcePlane + $0.place } })
            : copiedPlaces
        filterPitch = geometry.filterOffset(0, source: 0, result: 1) - geometry.filterOffset(0, source: 0, result: 0)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        var filters = second
        if scaling.second != 0 {
            let scaled = scratch.region(layout.filters, of: Scalar.self)
            for index in 0..<layout.filterCount { scaled[index] = second[index] }
            scale(scaled, byPowerOfTwo: scaling.second)
            filters = Elements(scaled)
        }
        let blocks = layout.slabs * layout.blocksPerSlab
        let copies = scratch.region(layout.sources, of: Scalar.self)
        let isCopied = !layout.readsInPlace || scaling.first != 0
        control?.begin(blocks: blocks)
        if isCopied, layout.copiesFirst {
            // Some planes a job.
            let planes = EvenCut(
                geometry.sourcesPerGroup,
                most: max(geometry.sourcesPerGroup * layout.slabs / (4 * workers), 1))
            try Workers.run(count: workers, blocks: layout.slabs * planes.pieces) { job, _ in
                let (slab, piece) = job.quotientAndRemainder(dividingBy: planes.pieces)
                copy(
                    planes[piece], layout.block(slab * layout.blocksPerSlab), first,
                    copies.slice(slab, count: layout.sourceCount), scaling)
            }
        }
        try Workers.run(count: workers, blocks: blocks) { [filters] index, worker in
            let block = layout.block(index)
            if isCopied {
                let sources = copies.slice(layout.copiesFirst ? block.slab : worker, count: layout.sourceCount)
                if !layout.copiesFirst { copy(0..<geometry.sourcesPerGroup, block, first, sources, scaling) }
                multiply(
                    block, Elements(sources), at: 0, copiedPlaces, filters, bias, result, scratch, worker, scaling)
            } else {
                multiply(block, first, at: place(block), places, filters, bias, result, scratch, worker, scaling)
            }
            try control?.completeBlock()
        }
    }

    /// The source that a block's first result meets with tap 0, where all are read in place.
    private func place(_ block: PlacedLayout.Block) -> Int {
        let part = geometry.sets[0].parts[0]
        let row =
            (part.depth.start + block.layer) * geometry.source.rows + part.row.start + block.rows.lowerBound
        return geometry.sourceOffset(block.n, block.group, 0) + row * geometry.source.columns + part.column.start
            + block.columns.lowerBound
    }

    /// Copies what a block reads of some source planes between zeros.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func copy(
        _ planes: Range<Int>, _ block: PlacedLayout.Block, _ source: Elements<Scalar>, _ target: SharedRegion<Scalar>,
        _ scaling: DirectScaling
    ) {
        for (number, part) in geometry.sets[0].parts.enumerated() {
            let window = SourceWindow(
                part, layers: block.layer..<block.layer + 1, rows: block.rows, columns: block.columns,
                extents: geometry.source, pitch: layout.rowPitch, isClosed: true)
            let end = window.height * layout.rowPitch
            let zeros = PaddedRows(
                rows: 1, before: layout.tail, count: 0, after: 0, sourcePitch: 0, sourceStep: 1, pitch: layout.tail)
            for index in planes {
                let plane = geometry.sourceOffset(block.n, block.group, index)
                for layer in 0..<window.layers {
                    let place = layout.offset(part: number, source: index, layer: layer)
                    window.copy(source, at: plane, layer: layer, into: target, at: place)
                    if layout.tail > 0 { zeros.copy(source, at: 0, into: target, at: place + end) }
                    if scaling.first != 0 { scale(target[place..<place + end], byPowerOfTwo: scaling.first) }
                }
            }
        }
    }

    /// Computes one block.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func multiply(
        _ block: PlacedLayout.Block, _ source: Elements<Scalar>, at place: Int, _ places: DepthPlaces,
        _ filters: Elements<Scalar>, _ bias: Elements<Scalar>, _ result: SharedRegion<Scalar>,
        _ scratch: SharedRegion<UInt8>, _ worker: Int, _ scaling: DirectScaling
    ) {
        let own = scratch.region(layout.results, of: Scalar.self).slice(worker, count: layout.resultCount)
        let first =
            geometry.resultOffset(block.n, block.group, block.planes.lowerBound)
            + (block.layer * geometry.result.rows + block.rows.lowerBound) * geometry.result.columns
            + block.columns.lowerBound
        let (target, at) = layout.writesInPlace ? (result, first) : (own, 0)
        let count = layout.positions(block)
        let product = PlacedProduct(
            rows: block.planes.count, columns: count, firstPitch: filterPitch, resultPitch: layout.resultPitch)
        func forEachPlane(_ body: (SharedRegion<Scalar>, Scalar) -> Void) {
            for index in 0..<block.planes.count {
                let start = at + index * layout.resultPitch
                let plane = block.group * geometry.resultsPerGroup + block.planes.lowerBound + index
                body(target[start..<start + count], bias.count > 0 ? bias[plane] : 0)
            }
        }
        let isBiased = bias.count > 0 && scaling.isNone
        if isBiased { forEachPlane { $0.fill($1) } }
        let filter = geometry.filterOffset(block.group, source: 0, result: block.planes.lowerBound)
        for run in 0..<layout.runs.pieces {
            product.multiply(
                filters, at: filter, source, at: place, places, layout.runs[run], into: target, at: at,
                accumulate: run > 0 || isBiased)
        }
        if !scaling.isNone {
            forEachPlane { plane, bias in
                scale(plane, byPowerOfTwo: scaling.result)
                if bias != 0 { for index in 0..<plane.count { plane[index] += bias } }
            }
        }
        guard !layout.writesInPlace else { return }
        let rows = PaddedRows(
            rows: block.rows.count, before: 0, count: block.columns.count, after: 0, sourcePitch: layout.rowPitch,
            sourceStep: 1, pitch: geometry.result.columns)
        for index in 0..<block.planes.count {
            rows.copy(
                Elements(own), at: index * layout.resultPitch, into: result, at: first + index * geometry.resultPlane)
        }
    }
}
