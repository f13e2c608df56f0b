internal import SpectralEngine

/// Forward pass and input gradient of filters of one tap: positions in vectors, a few result planes at a time.
struct PointwiseExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: PointwiseLayout
    /// Where the filter and the sources have each source plane; and where, in copies that are scaled.
    private let places: DepthPlaces
    private let copiedPlaces: DepthPlaces
    /// From result plane to result plane of the filter.
    private let filterPitch: Int

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }

    init(layout: PointwiseLayout) {
        self.layout = layout
        let geometry = layout.geometry
        let sources = 0..<geometry.sourcesPerGroup
        let filters = sources.map { geometry.filterOffset(0, source: $0, result: 0) }
        places = DepthPlaces(first: filters, second: sources.map { $0 * geometry.sourcePlane })
        copiedPlaces = DepthPlaces(first: filters, second: sources.map { $0 * layout.sourcePitch })
        filterPitch = geometry.filterOffset(0, source: 0, result: 1)
    }

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
        control?.begin(blocks: layout.blockCount)
        try Workers.run(count: workers, blocks: layout.blockCount) { [filters] index, worker in
            let block = layout.block(index)
            if scaling.first == 0 {
                let place = geometry.sourceOffset(block.n, block.group, 0) + block.columns.lowerBound
                multiply(block, first, at: place, places, filters, bias, result, scaling)
            } else {
                let sources = scratch.region(layout.sources, of: Scalar.self).slice(worker, count: layout.sourceCount)
                copy(block, first, sources, scaling)
                multiply(block, Elements(sources), at: 0, copiedPlaces, filters, bias, result, scaling)
            }
            try control?.completeBlock()
        }
    }

    /// Copies what a block reads of the sources, scaled.
    private func copy(
        _ block: PointwiseLayout.Block, _ source: Elements<Scalar>, _ target: SharedRegion<Scalar>,
        _ scaling: DirectScaling
    ) {
        PaddedRows(
            rows: geometry.sourcesPerGroup, before: 0, count: block.columns.count,
            after: layout.sourcePitch - block.columns.count, sourcePitch: geometry.sourcePlane, sourceStep: 1,
            pitch: layout.sourcePitch
        ).copy(
            source, at: geometry.sourceOffset(block.n, block.group, 0) + block.columns.lowerBound, into: target, at: 0)
        scale(target, byPowerOfTwo: scaling.first)
    }

    /// Computes one block.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func multiply(
        _ block: PointwiseLayout.Block, _ source: Elements<Scalar>, at place: Int, _ places: DepthPlaces,
        _ filters: Elements<Scalar>, _ bias: Elements<Scalar>, _ result: SharedRegion<Scalar>,
        _ scaling: DirectScaling
    ) {
        let target =
            geometry.resultOffset(block.n, block.group, block.planes.lowerBound) + block.columns.lowerBound
        let filter = geometry.filterOffset(block.group, source: 0, result: block.planes.lowerBound)
        let product = PlacedProduct(
            rows: block.planes.count, columns: block.columns.count, firstPitch: filterPitch,
            resultPitch: geometry.resultPlane)
        func forEachRow(_ body: (SharedRegion<Scalar>, Scalar) -> Void) {
            for row in 0..<block.planes.count {
                let first = target + row * geometry.resultPlane
                let plane = block.group * geometry.resultsPerGroup + block.planes.lowerBound + row
                body(result[first..<first + block.columns.count], bias.count > 0 ? bias[plane] : 0)
            }
        }
        let isBiased = bias.count > 0 && scaling.isNone
        if isBiased { forEachRow { $0.fill($1) } }
        for run in 0..<layout.runs.pieces {
            product.multiply(
                filters, at: filter, source, at: place, places, layout.runs[run], into: result, at: target,
                accumulate: run > 0 || isBiased)
        }
        guard !scaling.isNone else { return }
        forEachRow { row, bias in
            scale(row, byPowerOfTwo: scaling.result)
            if bias != 0 { for index in 0..<row.count { row[index] += bias } }
        }
    }
}
