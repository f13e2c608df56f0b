internal import SpectralEngine

/// Forward pass and input gradient of narrow depthwise planes: neighbouring channels in vectors, a tap of each at a time.
struct ChannelStencilExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: ChannelStencilLayout

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }

    var looksOnTheWay: Bool { layout.isInOrder && layout.bandCount > 0 }

    var preparationCount: Int { layout.lines }

    /// Turns the filters of one line. Lanes without a channel, here and in all that follows, hold 0: anything else might be subnormal,
    /// which takes a processor many times as long (`Docs/Measurements/2026-11-23-subnormals.md`).
    func prepare(_ job: Int, _ second: Elements<Scalar>, _ scratch: SharedRegion<UInt8>) {
        let channels = layout.channels(job)
        let filters = scratch.region(layout.filters, of: Scalar.self)
        if channels.count < layout.width { filters.slice(job, count: layout.filterCount).fill(0) }
        transpose(
            second, at: channels.lowerBound * geometry.taps, pitch: geometry.taps, into: filters,
            at: job * layout.filterCount, pitch: layout.width, rows: channels.count, columns: geometry.taps)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        let bands = layout.bandCount
        guard bands > 0, let set = geometry.sets.first, let part = set.parts.first else { return result.fill(0) }
        let filters = scratch.region(layout.filters, of: Scalar.self)
        if scaling.second != 0 { scale(filters, byPowerOfTwo: scaling.second) }
        // Several bands a block, where bands are small.
        let blocks = EvenCut(bands, most: max(bands / (32 * workers), 1))
        control?.begin(blocks: blocks.pieces)
        try Workers.run(count: workers, blocks: blocks.pieces) { block, worker in
            let rows = ChannelRows<Scalar>(
                geometry, width: layout.width, scratch, worker: worker, turned: (layout.turned, layout.turnedCount),
                padded: (layout.padded, layout.paddedCount))
            let results = scratch.region(layout.results, of: Scalar.self).slice(worker, count: layout.resultCount)
            if looksOnTheWay, scaling.isNone { facts.look(part: block, of: blocks.pieces, first, second, scratch) }
            for band in blocks[block] {
                compute(layout.band(band), part, first, Elements(filters), bias, result, rows, results, scaling)
            }
            try control?.completeBlock()
        }
    }

    /// Computes one band: sums over layers of taps, and over a plane of them.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func compute(
        _ band: ChannelStencilLayout.Band, _ part: DirectGeometry.Part, _ source: Elements<Scalar>,
        _ filters: Elements<Scalar>, _ bias: Elements<Scalar>, _ result: SharedRegion<Scalar>,
        _ memory: ChannelRows<Scalar>, _ all: SharedRegion<Scalar>, _ scaling: DirectScaling
    ) {
        let (filter, width) = (geometry.filter, layout.width)
        let channels = layout.channels(band.line)
        let count = band.rows.count * geometry.result.columns
        let results = all[0..<count * width]
        var isFirst = true
        if bias.count > 0, scaling.isNone {
            if channels.count < width { results.fill(0) }
            for position in 0..<count {
                for channel in channels { results[position * width + channel - channels.lowerBound] = bias[channel] }
            }
            isFirst = false
        }
        let reach = ChannelReach(band.rows, part, geometry)
        let there = reach.there
        func stencil(_ rows: Range<Int>) -> ChannelStencil {
            ChannelStencil(
                rows: band.rows.count, columns: geometry.result.columns, tapRows: rows.count, taps: filter.columns,
                sourceRows: there.lowerBound - rows.lowerBound..<there.upperBound - rows.lowerBound,
                sourceColumns: reach.columns, weightPitch: part.row.taps.step * filter.columns,
                weightStep: part.column.taps.step)
        }
        let whole = stencil(0..<filter.rows)
        let blocks = layout.tapBlocks
        for layer in 0..<filter.depth {
            let depth = part.depth.start + band.depth + layer
            guard depth >= 0, depth < geometry.source.depth, !there.isEmpty, !whole.sourceColumns.isEmpty else {
                continue
            }
            memory.turn(
                source,
                at: geometry.sourceOffset(band.n, channels.lowerBound, 0) + depth * geometry.source.rows
                    * geometry.source.columns, part, reach, whole, channels: channels.count, exponent: scaling.first)
            for block in 0..<blocks.count {
                let rows = blocks[block].rows
                let row = part.depth.taps[layer] * filter.rows + part.row.taps[rows.lowerBound]
                stencil(rows).apply(
                    Elements(memory.padded), at: rows.lowerBound * whole.sourcePitch * width, filters,
                    at: band.line * layout.filterCount + (row * filter.columns + part.column.taps.start) * width,
                    into: results, accumulate: !isFirst)
                isFirst = false
            }
        }
        // Results that only meet padding.
        if isFirst { results.fill(0) }
        if !scaling.isNone {
            scale(results, byPowerOfTwo: scaling.result)
            if bias.count > 0 {
                for position in 0..<count {
                    for channel in channels {
                        results[position * width + channel - channels.lowerBound] += bias[channel]
                    }
                }
            }
        }
        let place =
            geometry.resultOffset(band.n, channels.lowerBound, 0)
            + (band.depth * geometry.result.rows + band.rows.lowerBound) * geometry.result.columns
        transpose(
            Elements(results), at: 0, pitch: width, into: result, at: place, pitch: geometry.resultPlane, rows: count,
            columns: channels.count)
    }
}
