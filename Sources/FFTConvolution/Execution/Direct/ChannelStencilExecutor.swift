internal import SpectralEngine

/// Forward pass and input gradient of narrow depthwise planes: neighbouring channels in vectors, a tap of each at a time.
struct ChannelStencilExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: ChannelStencilLayout

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }

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
            let memory = Memory(layout, scratch, worker)
            for band in blocks[block] {
                compute(layout.band(band), part, first, Elements(filters), bias, result, memory, scaling)
            }
            try control?.completeBlock()
        }
    }

    /// What one worker writes to.
    private struct Memory {
        let turned: SharedRegion<Scalar>
        let padded: SharedRegion<Scalar>
        let results: SharedRegion<Scalar>

        init(_ layout: ChannelStencilLayout, _ scratch: SharedRegion<UInt8>, _ worker: Int) {
            turned = scratch.region(layout.turned, of: Scalar.self).slice(worker, count: layout.turnedCount)
            padded = scratch.region(layout.padded, of: Scalar.self).slice(worker, count: layout.paddedCount)
            results = scratch.region(layout.results, of: Scalar.self).slice(worker, count: layout.resultCount)
        }
    }

    /// Computes one band: sums over layers of taps, and over a plane of them.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func compute(
        _ band: ChannelStencilLayout.Band, _ part: DirectGeometry.Part, _ source: Elements<Scalar>,
        _ filters: Elements<Scalar>, _ bias: Elements<Scalar>, _ result: SharedRegion<Scalar>, _ memory: Memory,
        _ scaling: DirectScaling
    ) {
        let (filter, width) = (geometry.filter, layout.width)
        let channels = layout.channels(band.line)
        let count = band.rows.count * geometry.result.columns
        let results = memory.results[0..<count * width]
        var isFirst = true
        if bias.count > 0, scaling.isNone {
            if channels.count < width { results.fill(0) }
            for position in 0..<count {
                for channel in channels { results[position * width + channel - channels.lowerBound] = bias[channel] }
            }
            isFirst = false
        }
        let columns = part.column.inside(geometry.source.columns)
        let rows = part.row.inside(geometry.source.rows)
        let height = band.rows.count + filter.rows - 1
        let first = min(max(rows.lowerBound - band.rows.lowerBound, 0), height)
        let there = first..<max(min(rows.upperBound - band.rows.lowerBound, height), first)
        func stencil(_ rows: Range<Int>) -> ChannelStencil {
            ChannelStencil(
                rows: band.rows.count, columns: geometry.result.columns, tapRows: rows.count, taps: filter.columns,
                sourceRows: there.lowerBound - rows.lowerBound..<there.upperBound - rows.lowerBound,
                sourceColumns: columns, weightPitch: part.row.taps.step * filter.columns,
                weightStep: part.column.taps.step)
        }
        let whole = stencil(0..<filter.rows)
        let blocks = layout.tapBlocks
        for layer in 0..<filter.depth {
            let depth = part.depth.start + band.depth + layer
            guard depth >= 0, depth < geometry.source.depth, !there.isEmpty, !whole.sourceColumns.isEmpty else {
                continue
            }
            turn(
                source,
                at: geometry.sourceOffset(band.n, channels.lowerBound, 0) + depth * geometry.source.rows
                    * geometry.source.columns, part, whole, firstRow: band.rows.lowerBound, channels.count, memory,
                scaling)
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

    /// Turns the rows that a band reads of one layer into lines of channels, between zeros.
    private func turn(
        _ source: Elements<Scalar>, at layer: Int, _ part: DirectGeometry.Part, _ stencil: ChannelStencil,
        firstRow: Int, _ channels: Int, _ memory: Memory, _ scaling: DirectScaling
    ) {
        let (width, columns) = (layout.width, geometry.source.columns)
        let rows = stencil.sourceRows
        let top = part.row.start + firstRow + rows.lowerBound
        if channels < width { memory.turned[0..<rows.count * columns * width].fill(0) }
        transpose(
            source, at: layer + top * columns, pitch: geometry.sourcePlane, into: memory.turned, at: 0, pitch: width,
            rows: channels, columns: rows.count * columns)
        let there = stencil.sourceColumns
        let pitch = stencil.sourcePitch * width
        PaddedRows(
            rows: rows.count, before: there.lowerBound * width, count: there.count * width,
            after: pitch - there.upperBound * width, sourcePitch: columns * width, sourceStep: 1, pitch: pitch
        ).copy(
            Elements(memory.turned), at: (part.column.start + there.lowerBound) * width, into: memory.padded,
            at: rows.lowerBound * pitch)
        if scaling.first != 0 {
            scale(memory.padded[rows.lowerBound * pitch..<rows.upperBound * pitch], byPowerOfTwo: scaling.first)
        }
    }
}
