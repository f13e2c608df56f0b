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
            + (set.depths[band.depth] * geometry.result.rows + set.rows[band.rows.lowerBound]) * geometry.result.columns
            + set.columns[band.columns.lowerBound]
        let pitch = set.rows.step * geometry.result.columns
        // Results side by side are written where they belong, so that a packed source serves all their planes.
        if set.columns.step == 1 {
            sum(
                0..<geometry.resultsPerGroup, band, set, source, weights, bias, into: result, at: place,
                plane: geometry.resultPlane, pitch: pitch, memory, scaling)
            return
        }
        let width = band.columns.count
        for index in 0..<geometry.resultsPerGroup {
            sum(
                index..<index + 1, band, set, source, weights, bias, into: memory.results, at: 0, plane: 0,
                pitch: width, memory, scaling)
            spread(
                Elements(memory.results), at: 0, pitch: width, into: result, at: place + index * geometry.resultPlane,
                pitch: pitch, step: set.columns.step, rows: band.rows.count, count: width)
        }
    }

    /// Sums over sources and taps, always in this order: sources, parts, layers of taps, blocks of a plane of taps.
    @inline(__always)
    private func sum(
        _ results: Range<Int>, _ band: StencilLayout.Band, _ set: DirectGeometry.ResultSet, _ source: Elements<Scalar>,
        _ weights: Elements<Scalar>, _ bias: Elements<Scalar>, into target: SharedRegion<Scalar>, at place: Int,
        plane: Int, pitch: Int, _ memory: Memory, _ scaling: DirectScaling
    ) {
        var isFirst = true
        /// - Parameter taps: Some rows and columns of a plane of taps.
        func add(
            _ rows: SourceRows<Scalar>?, _ part: DirectGeometry.Part, _ layer: Int, _ index: Int,
            _ taps: (rows: Range<Int>, columns: Range<Int>)
        ) {
            let filter = geometry.filter
            let (row, column) = (taps.rows.lowerBound, taps.columns.lowerBound)
            let there = rows?.rows ?? 0..<0
            let stencil = Stencil(
                rows: band.rows.count, columns: band.columns.count, tapRows: taps.rows.count, taps: taps.columns.count,
                sourceRows: there.lowerBound - row..<there.upperBound - row, sourcePitch: rows?.pitch ?? 0,
                resultPitch: pitch, weightPitch: part.row.taps.step * filter.columns, weightStep: part.column.taps.step)
            let offset = (rows?.offset ?? 0) + row * (rows?.pitch ?? 0) + column
            let tap =
                (part.depth.taps[layer] * filter.rows + part.row.taps[row]) * filter.columns + part.column.taps[column]
            for output in results {
                let isBiased = isFirst && bias.count > 0 && scaling.isNone
                var (weights, first) = (weights, geometry.filterOffset(band.group, source: index, result: output))
                if !scaling.isNone { (weights, first) = (scaledTaps(weights, at: first, memory, scaling), 0) }
                stencil.apply(
                    rows?.elements ?? source, at: offset, weights, at: first + tap, into: target,
                    at: place + (output - results.lowerBound) * plane, accumulate: !isFirst,
                    start: isBiased ? bias[band.group * geometry.resultsPerGroup + output] : 0)
            }
            isFirst = false
        }
        for index in 0..<geometry.sourcesPerGroup {
            let first = geometry.sourceOffset(band.n, band.group, index)
            for part in set.parts {
                for layer in 0..<part.depth.taps.count {
                    let depth = part.depth.start + part.depth.step * (band.depth + layer)
                    guard depth >= 0, depth < geometry.source.depth else { continue }
                    let rows = SourceRows(
                        source, plane: first, extents: geometry.source, depth: depth, part: part, rows: band.rows,
                        columns: band.columns, packed: memory.packed, exponent: scaling.first)
                    let blocks = part.tapBlocks
                    for block in 0..<blocks.count { add(rows, part, layer, index, blocks[block]) }
                }
            }
        }
        // Results that only meet padding.
        if isFirst, let part = set.parts.first { add(nil, part, 0, 0, (0..<0, 0..<0)) }
        guard !scaling.isNone else { return }
        for output in results {
            for row in 0..<band.rows.count {
                let first = place + (output - results.lowerBound) * plane + row * pitch
                scale(target[first..<first + band.columns.count], byPowerOfTwo: scaling.result)
                guard bias.count > 0 else { continue }
                for index in first..<first + band.columns.count {
                    target[index] += bias[band.group * geometry.resultsPerGroup + output]
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
