internal import SpectralEngine

/// Filter gradient of depthwise planes: neighbouring channels in vectors, a few taps of each at a time in registers.
struct ChannelStencilGradientExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: ChannelStencilGradientLayout

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    /// Chunks first, then lines: the order of memory where a chunk is of whole batch items.
    var looksOnTheWay: Bool { true }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        let (chunks, lines) = (layout.chunks, layout.lines)
        let sums = scratch.region(layout.sums, of: Scalar.self)
        let count = chunks.pieces * lines
        control?.begin(blocks: count)
        try Workers.run(count: workers, blocks: count) { block, worker in
            if scaling.isNone { facts.look(part: block, of: count, first, second, scratch) }
            let (chunk, line) = block.quotientAndRemainder(dividingBy: lines)
            let memory = ChannelRows<Scalar>(
                geometry, width: layout.width, scratch, worker: worker, turned: (layout.turned, layout.turnedCount),
                padded: (layout.padded, layout.paddedCount))
            let gradients = scratch.region(layout.gradients, of: Scalar.self).slice(
                worker, count: layout.gradientCount)
            let target = sums.slice(block, count: layout.sumCount)
            target.fill(0)
            for band in chunks[chunk] {
                add(layout.band(band), line, first, second, into: target, memory, gradients, scaling)
            }
            if chunks.pieces == 1 { finish(line, sums, result, scaling) }
            try control?.completeBlock()
        }
        if chunks.pieces > 1 {
            try Workers.run(count: workers, blocks: lines) { line, _ in finish(line, sums, result, scaling) }
        }
    }

    /// Adds the terms of a band to the sums of one line.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func add(
        _ band: ChannelStencilGradientLayout.Band, _ line: Int, _ input: Elements<Scalar>,
        _ gradient: Elements<Scalar>, into sums: SharedRegion<Scalar>, _ memory: ChannelRows<Scalar>,
        _ all: SharedRegion<Scalar>, _ scaling: DirectScaling
    ) {
        guard let part = geometry.sets.first?.parts.first else { return }
        let (filter, result, source) = (geometry.filter, geometry.result, geometry.source)
        let (channels, width) = (layout.channels(line), layout.width)
        let reach = ChannelReach(band.rows, part, geometry)
        let stencil = ChannelStencil(
            rows: band.rows.count, columns: result.columns, tapRows: filter.rows, taps: filter.columns,
            sourceRows: reach.there, sourceColumns: reach.columns, weightPitch: filter.columns, weightStep: 1)
        let depths = part.depth.met(by: band.depth..<band.depth + 1, in: source.depth)
        guard !depths.isEmpty, !reach.there.isEmpty, !stencil.sourceColumns.isEmpty else { return }
        let count = band.rows.count * result.columns
        let gradients = all[0..<count * width]
        if channels.count < width { gradients.fill(0) }
        transpose(
            gradient,
            at: geometry.resultOffset(band.n, channels.lowerBound, 0)
                + (band.depth * result.rows + band.rows.lowerBound) * result.columns, pitch: geometry.resultPlane,
            into: gradients, at: 0, pitch: width, rows: channels.count, columns: count)
        if scaling.second != 0 { scale(gradients, byPowerOfTwo: scaling.second) }
        for depth in depths {
            memory.turn(
                input,
                at: geometry.sourceOffset(band.n, channels.lowerBound, 0) + (part.depth.start + depth) * source.rows
                    * source.columns,
                part, reach, stencil, channels: channels.count, exponent: scaling.first)
            stencil.addGradient(
                Elements(memory.padded), at: 0, Elements(gradients), into: sums,
                at: (depth - band.depth) * filter.rows * filter.columns * width)
        }
    }

    /// Adds up the chunks of one line, and turns it into filter planes.
    private func finish(
        _ line: Int, _ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>, _ scaling: DirectScaling
    ) {
        let (taps, channels) = (geometry.taps, layout.channels(line))
        let total = sums.slice(line, count: layout.sumCount)
        for chunk in 1..<max(layout.chunks.pieces, 1) {
            SpectralEngine.add(sums.slice(chunk * layout.lines + line, count: layout.sumCount), to: total)
        }
        transpose(
            Elements(total), at: 0, pitch: layout.width, into: result, at: channels.lowerBound * taps, pitch: taps,
            rows: taps, columns: channels.count)
        if !scaling.isNone {
            scale(
                result[channels.lowerBound * taps..<channels.upperBound * taps], byPowerOfTwo: scaling.result)
        }
    }
}
