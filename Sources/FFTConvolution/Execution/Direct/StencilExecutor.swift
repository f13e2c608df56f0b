internal import SpectralEngine

/// Forward pass and input gradient by stencils: rows of results in vectors, weights one at a time.
struct StencilExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: StencilLayout

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    var looksOnTheWay: Bool { layout.bandCount > 0 }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        if !geometry.isComplete { result.fill(0) }
        let bands = layout.bandCount
        guard bands > 0 else { return }
        // Several bands a block, where bands are small.
        let blocks = EvenCut(bands, most: max(bands / (32 * workers), 1))
        control?.begin(blocks: blocks.pieces)
        try Workers.run(count: workers, blocks: blocks.pieces) { block, worker in
            let memory = Memory(layout, scratch, worker)
            // Operands and bands both lie in the order of memory.
            if scaling.isNone { facts.look(part: block, of: blocks.pieces, first, second, scratch) }
            // What threads share is looked up once for all bands of a set.
            var (index, set) = (0, geometry.sets[0])
            for band in blocks[block] {
                let band = layout.band(band)
                if band.set != index { (index, set) = (band.set, geometry.sets[band.set]) }
                compute(band, set, first, second, bias, result, memory, scaling)
            }
            try control?.completeBlock()
        }
    }

    /// What one worker writes to.
    private struct Memory {
        let packed: SharedRegion<Scalar>
        let results: SharedRegion<Scalar>
        let weights: SharedRegion<Scalar>

        init(_ layout: StencilLayout, _ scratch: SharedRegion<UInt8>, _ worker: Int) {
            packed = scratch.region(layout.packed, of: Scalar.self).slice(worker, count: layout.packedCount)
            results = scratch.region(layout.results, of: Scalar.self).slice(worker, count: layout.resultCount)
            weights = scratch.region(layout.weights, of: Scalar.self).slice(worker, count: layout.geometry.taps)
        }
    }

    /// Computes one band of every result plane of its group.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func compute(
        _ band: StencilLayout.Band, _ set: DirectGeometry.ResultSet, _ source: Elements<Scalar>,
        _ weights: Elements<Scalar>, _ bias: Elements<Scalar>, _ result: SharedRegion<Scalar>, _ memory: Memory,
        _ scaling: DirectScaling
    ) {
        let place =
            geometry.resultOffset(band.n, band.group, 0)
            + (set.depths[band.depths.lowerBound] * geometry.result.rows + set.rows[band.rows.lowerBound])
            * geometry.result.columns + set.columns[band.columns.lowerBound]
        let pitch = set.rows.step * geometry.result.columns
        // Results side by side are written where they belong, so that a packed source serves all their planes.
        if set.columns.step == 1 {
            sum(
                0..<geometry.resultsPerGroup, band, set, source, weights, bias,
                into: ResultBand(
                    elements: result, first: place, plane: geometry.resultPlane,
                    layer: set.depths.step * geometry.result.rows * geometry.result.columns, pitch: pitch), memory,
                scaling)
            return
        }
        // One layer of results: their bands have no more.
        let width = band.columns.count
        for index in 0..<geometry.resultsPerGroup {
            sum(
                index..<index + 1, band, set, source, weights, bias,
                into: ResultBand(elements: memory.results, first: 0, plane: 0, layer: 0, pitch: width), memory, scaling)
            spread(
                Elements(memory.results), at: 0, pitch: width, into: result, at: place + index * geometry.resultPlane,
                pitch: pitch, step: set.columns.step, rows: band.rows.count, count: width)
        }
    }

    /// Where a band of results lies, of all planes of a group or of one.
    private struct ResultBand {
        let elements: SharedRegion<Scalar>
        /// Its first element.
        let first: Int
        /// From plane to plane, from layer to layer, and from row to row.
        let plane: Int, layer: Int, pitch: Int
    }

    /// Sums over sources and taps, always in this order: sources, parts, layers of taps, blocks of a plane of taps.
    @inline(__always)
    private func sum(
        _ results: Range<Int>, _ band: StencilLayout.Band, _ set: DirectGeometry.ResultSet, _ source: Elements<Scalar>,
        _ weights: Elements<Scalar>, _ bias: Elements<Scalar>, into target: ResultBand, _ memory: Memory,
        _ scaling: DirectScaling
    ) {
        // A bit for each layer of the band whose results have been written.
        var begun: UInt64 = 0
        /// - Parameters:
        ///   - layers: Of the source, that meet the results of one layer.
        ///   - taps: Some rows and columns of a plane of taps.
        func add(
            _ rows: SourceRows<Scalar>?, _ part: DirectGeometry.Part, _ layers: Range<Int>, _ index: Int, depth: Int,
            _ taps: (rows: Range<Int>, columns: Range<Int>)
        ) {
            let filter = geometry.filter
            let (row, column) = (taps.rows.lowerBound, taps.columns.lowerBound)
            let there = rows?.rows ?? 0..<0
            let stencil = Stencil(
                rows: band.rows.count, columns: band.columns.count, layers: layers.count, tapRows: taps.rows.count,
                taps: taps.columns.count, sourceRows: there.lowerBound - row..<there.upperBound - row,
                sourcePitch: rows?.pitch ?? 0, resultPitch: target.pitch,
                weightPitch: part.row.taps.step * filter.columns, weightStep: part.column.taps.step,
                sourceLayer: rows?.layerPitch ?? 0, weightLayer: part.depth.taps.step * filter.rows * filter.columns)
            let offset = (rows?.offset(ofLayer: layers.lowerBound) ?? 0) + row * (rows?.pitch ?? 0) + column
            let layer = layers.isEmpty ? 0 : layers.lowerBound - depth
            let tap =
                (part.depth.taps[layer] * filter.rows + part.row.taps[row]) * filter.columns + part.column.taps[column]
            let bit = UInt64(1) << UInt64(depth - band.depths.lowerBound)
            let isFirst = begun & bit == 0
            begun |= bit
            let place = target.first + (depth - band.depths.lowerBound) * target.layer
            for output in results {
                let isBiased = isFirst && bias.count > 0 && scaling.isNone
                var (weights, first) = (weights, geometry.filterOffset(band.group, source: index, result: output))
                if !scaling.isNone { (weights, first) = (scaledTaps(weights, at: first, memory, scaling), 0) }
                stencil.apply(
                    rows?.elements ?? source, at: offset, weights, at: first + tap, into: target.elements,
                    at: place + (output - results.lowerBound) * target.plane, accumulate: !isFirst,
                    start: isBiased ? bias[band.group * geometry.resultsPerGroup + output] : 0)
            }
        }
        for index in 0..<geometry.sourcesPerGroup {
            let first = geometry.sourceOffset(band.n, band.group, index)
            for part in set.parts {
                let blocks = part.tapBlocks
                func rows(_ layers: Range<Int>) -> SourceRows<Scalar> {
                    SourceRows(
                        source, plane: first, extents: geometry.source, layers: layers, part: part, rows: band.rows,
                        columns: band.columns, packed: memory.packed, exponent: scaling.first)
                }
                // Results of several layers share what is packed for them; of one, a sum's layers are packed at a time.
                let all = part.depth.met(by: band.depths, in: geometry.source.depth)
                let shared = band.depths.count > 1 && !all.isEmpty ? rows(all) : nil
                for depth in band.depths {
                    let met = part.depth.met(by: depth..<depth + 1, in: geometry.source.depth)
                    let sums = blocks.layers(met.count)
                    for sum in 0..<(met.isEmpty ? 0 : sums.pieces) {
                        let layers = met.lowerBound + sums[sum].lowerBound..<met.lowerBound + sums[sum].upperBound
                        let rows = shared ?? rows(layers)
                        for block in 0..<blocks.count {
                            add(rows, part, layers, index, depth: depth, blocks[block])
                        }
                    }
                }
            }
        }
        // Results that only meet padding.
        if let part = set.parts.first {
            for depth in band.depths where begun & 1 << UInt64(depth - band.depths.lowerBound) == 0 {
                add(nil, part, 0..<0, 0, depth: depth, (0..<0, 0..<0))
            }
        }
        if !scaling.isNone { scaleBack(results, band, bias, target, scaling) }
    }

    private func scaleBack(
        _ results: Range<Int>, _ band: StencilLayout.Band, _ bias: Elements<Scalar>, _ target: ResultBand,
        _ scaling: DirectScaling
    ) {
        for output in results {
            for depth in 0..<band.depths.count {
                for row in 0..<band.rows.count {
                    let first =
                        target.first + (output - results.lowerBound) * target.plane + depth * target.layer
                        + row * target.pitch
                    scale(
                        target.elements[first..<first + band.columns.count], byPowerOfTwo: scaling.result)
                    guard bias.count > 0 else { continue }
                    for index in first..<first + band.columns.count {
                        target.elements[index] += bias[band.group * geometry.resultsPerGroup + output]
                    }
                }
            }
        }
    }

    /// A copy of a filter plane, scaled.
    private func scaledTaps(
        _ weights: Elements<Scalar>, at first: Int, _ memory: Memory, _ scaling: DirectScaling
    ) -> Elements<Scalar> {
        for tap in 0..<geometry.taps { memory.weights[tap] = weights[first + tap] }
        scale(memory.weights, byPowerOfTwo: scaling.second)
        return Elements(memory.weights)
    }
}
