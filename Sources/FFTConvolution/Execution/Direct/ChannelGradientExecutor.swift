internal import SpectralEngine

/// Filter gradient as products of matrices: channels in vectors, a few filters at a time.
struct ChannelGradientExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: ChannelGradientLayout
    /// Where a slab's output gradient has each output, and its input the position that the output reads with its first
    /// tap: for slabs with all layers and rows, and with one fewer of either.
    private let places: [DepthPlaces]

    var problem: Problem { layout.problem }
    var pass: Pass { .filterGradient }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    private var axes: [ChannelGradientLayout.Extents] { layout.axes }
    private var width: Int { axes[2].reach(axes[2].output) }
    private var taps: Int { axes[0].filter * axes[1].filter * axes[2].filter }

    init(layout: ChannelGradientLayout) {
        self.layout = layout
        let (axes, pitch) = (layout.axes, layout.channelPitch)
        places = (0..<4).map { missing in
            let (depths, rows) = (layout.slabDepths - missing / 2, layout.slabRows - missing % 2)
            let (height, width) = (axes[1].reach(rows), axes[2].reach(axes[2].output))
            // A slab is whole layers, or rows of one: its outputs lie one after the other.
            return DepthPlaces(
                first: Array(0..<depths * rows * axes[2].output),
                second: (0..<depths).flatMap { p in
                    (0..<rows).flatMap { q in
                        (0..<axes[2].output).map { r in
                            ((p * axes[0].stride * height + q * axes[1].stride) * width + r * axes[2].stride) * pitch
                        }
                    }
                })
        }
    }

    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        control?.begin(blocks: problem.groups * problem.batch * layout.slabCount)
        for group in 0..<problem.groups {
            let filters = problem.filtersPerGroup * problem.channelsPerGroup * taps
            let gradient = result.slice(group, count: filters)
            guard layout.sumCount > 0 else {
                try sum(group, first, second, into: gradient, scratch, control, scaling)
                continue
            }
            let sums = scratch.region(layout.sums, of: Scalar.self)
            try sum(group, first, second, into: sums, scratch, control, scaling)
            try finish(sums, gradient)
        }
        if !scaling.isNone { scale(result, byPowerOfTwo: scaling.result) }
    }

    /// Sums the gradient of one group's filters, slab after slab.
    private func sum(
        _ group: Int, _ input: Elements<Scalar>, _ gradient: Elements<Scalar>, into sums: SharedRegion<Scalar>,
        _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?, _ scaling: DirectScaling
    ) throws {
        let inputs = scratch.region(layout.inputs, of: Scalar.self)
        let gradients = scratch.region(layout.gradients, of: Scalar.self)
        let slabs = problem.batch * layout.slabCount
        if slabs == 0 { sums.fill(0) }
        let (rows, columns) = (rowCut, columnCut)
        let channels = EvenCut(problem.channelsPerGroup, most: Self.turnedChannels)
        let taps = tapCut
        for first in stride(from: 0, to: slabs, by: layout.together) {
            let count = min(layout.together, slabs - first)
            let inputRows = axes[0].reach(layout.slabDepths) * axes[1].reach(layout.slabRows)
            try Workers.run(count: layout.workers, blocks: count * channels.pieces * inputRows) { job, _ in
                let (slab, part) = (job / (channels.pieces * inputRows), job % (channels.pieces * inputRows))
                turnInput(
                    part / channels.pieces, channels[part % channels.pieces], slab: first + slab, group, input,
                    inputs.slice(slab, count: layout.inputCount))
            }
            if scaling.first != 0 { scale(inputs, byPowerOfTwo: scaling.first) }
            if scaling.second != 0 {
                for slab in 0..<count {
                    copyGradient(
                        slab: first + slab, group, gradient, gradients.slice(slab, count: layout.gradientCount), scaling
                    )
                }
            }
            try Workers.run(count: layout.workers, blocks: taps.pieces * columns.pieces * rows.pieces) { job, _ in
                // Columns last: threads that write neighbouring columns of one row take its lines from each other.
                let part = Part(
                    taps: taps[job / rows.pieces % taps.pieces], filters: rows[job % rows.pieces],
                    columns: columns[job / (rows.pieces * taps.pieces)])
                for slab in 0..<count {
                    let (n, cut) = position(first + slab)
                    let isCopied = scaling.second != 0
                    let outputs =
                        isCopied
                        ? Gradients(
                            elements: Elements(gradients), offset: slab * layout.gradientCount,
                            pitch: positions(of: cut))
                        : Gradients(elements: gradient, offset: gradientOffset(n, group, cut), pitch: outputPlane)
                    multiply(
                        part, cut, inputs.slice(slab, count: layout.inputCount), outputs, sums,
                        isFirst: first + slab == 0)
                }
            }
            for _ in 0..<count { try control?.completeBlock() }
        }
    }

    /// Channels of one job of turning.
    private static var turnedChannels: Int { 64 }

    /// Columns of one block: as many as the kernel takes at once.
    private var columnCut: EvenCut {
        EvenCut(
            problem.channelsPerGroup,
            most: PlacedProduct.columnMultiple(scalarByteCount: MemoryLayout<Scalar>.size))
    }

    /// Rows of one block, whose output gradients stay in the second-level cache while the taps pass; fewer if that makes
    /// blocks enough for all workers, but as many as pay for reading the columns again.
    private var rowCut: EvenCut {
        let filters = problem.filtersPerGroup
        let pieces = (Self.blocksOfWorker * layout.workers + columnCut.pieces - 1) / columnCut.pieces
        return EvenCut(filters, most: min(max((filters + pieces - 1) / pieces, 28), 64))
    }

    /// Taps of one block: all of them, or enough blocks for all workers.
    private var tapCut: EvenCut {
        let blocks = columnCut.pieces * rowCut.pieces
        let pieces = (Self.blocksOfWorker * layout.workers + blocks - 1) / blocks
        return EvenCut(taps, most: max((taps + pieces - 1) / pieces, 1))
    }

    /// Blocks are of one size, so that few do: each reads its operands anew.
    private static var blocksOfWorker: Int { 2 }

    // MARK: Slabs

    private func position(_ slab: Int) -> (n: Int, slab: ChannelGradientLayout.Slab) {
        (slab / layout.slabCount, layout.slab(slab % layout.slabCount))
    }

    private func positions(of slab: ChannelGradientLayout.Slab) -> Int {
        slab.depths.count * slab.rows.count * axes[2].output
    }

    private var outputPlane: Int { axes[0].output * axes[1].output * axes[2].output }

    /// Where a slab's output gradient begins with the group's first filter.
    private func gradientOffset(_ n: Int, _ group: Int, _ slab: ChannelGradientLayout.Slab) -> Int {
        (n * problem.filters + group * problem.filtersPerGroup) * outputPlane
            + (slab.depths.lowerBound * axes[1].output + slab.rows.lowerBound) * axes[2].output
    }

    /// Turns some channels of one row of a slab's input into `[position][channel]`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func turnInput(
        _ row: Int, _ channels: Range<Int>, slab number: Int, _ group: Int, _ input: Elements<Scalar>,
        _ target: SharedRegion<Scalar>
    ) {
        let (n, slab) = position(number)
        let height = axes[1].reach(slab.rows.count)
        guard row < axes[0].reach(slab.depths.count) * height else { return }
        let d = slab.depths.lowerBound * axes[0].stride - axes[0].before + row / height
        let h = slab.rows.lowerBound * axes[1].stride - axes[1].before + row % height
        let pitch = layout.channelPitch
        let target = target.slice(row, count: width * pitch)
        let before = min(axes[2].before, width)
        let count = max(min(axes[2].input + axes[2].before, width) - before, 0)
        func fillZeros(_ positions: Range<Int>) {
            for position in positions {
                target[position * pitch + channels.lowerBound..<position * pitch + channels.upperBound].fill(0)
            }
        }
        guard d >= 0, d < axes[0].input, h >= 0, h < axes[1].input, count > 0 else { return fillZeros(0..<width) }
        fillZeros(0..<before)
        fillZeros(before + count..<width)
        let plane = axes[0].input * axes[1].input * axes[2].input
        let first = n * problem.channels + group * problem.channelsPerGroup + channels.lowerBound
        transpose(
            input, at: first * plane + (d * axes[1].input + h) * axes[2].input, pitch: plane, into: target,
            at: before * pitch + channels.lowerBound, pitch: pitch, rows: channels.count, columns: count)
    }

    /// Copies a slab's output gradient, scaled.
    private func copyGradient(
        slab number: Int, _ group: Int, _ gradient: Elements<Scalar>, _ target: SharedRegion<Scalar>,
        _ scaling: DirectScaling
    ) {
        let (n, slab) = position(number)
        let count = positions(of: slab)
        PaddedRows(
            rows: problem.filtersPerGroup, before: 0, count: count, after: 0, sourcePitch: outputPlane, sourceStep: 1,
            pitch: count
        ).copy(gradient, at: gradientOffset(n, group, slab), into: target, at: 0)
        scale(target[0..<problem.filtersPerGroup * count], byPowerOfTwo: scaling.second)
    }

    // MARK: Products

    /// What a block computes: some taps of some columns of some filters.
    private struct Part {
        let taps: Range<Int>, filters: Range<Int>, columns: Range<Int>
    }

    /// A slab's output gradient, where it lies or copied.
    private struct Gradients {
        let elements: Elements<Scalar>
        let offset: Int
        let pitch: Int
    }

    /// Adds the terms of one slab.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func multiply(
        _ part: Part, _ slab: ChannelGradientLayout.Slab, _ input: SharedRegion<Scalar>, _ gradients: Gradients,
        _ sums: SharedRegion<Scalar>, isFirst: Bool
    ) {
        let places = self.places[
            2 * (layout.slabDepths - slab.depths.count) + layout.slabRows - slab.rows.count]
        let runs = EvenCut(positions(of: slab), most: ChannelGradientLayout.mostTerms)
        let pitch = taps * problem.channelsPerGroup
        let product = PlacedProduct(
            rows: part.filters.count, columns: part.columns.count, firstPitch: gradients.pitch, resultPitch: pitch)
        // Tap after tap of a run, whose operands stay in the cache.
        for run in 0..<runs.pieces {
            for tap in part.taps {
                let (d, h) = (tap / (axes[1].filter * axes[2].filter), tap / axes[2].filter % axes[1].filter)
                let shift =
                    (d * axes[0].dilation * axes[1].reach(slab.rows.count) + h * axes[1].dilation) * width
                    + tap % axes[2].filter * axes[2].dilation
                product.multiply(
                    gradients.elements, at: gradients.offset + part.filters.lowerBound * gradients.pitch,
                    Elements(input), at: shift * layout.channelPitch + part.columns.lowerBound, places, runs[run],
                    into: sums,
                    at: part.filters.lowerBound * pitch + tap * problem.channelsPerGroup + part.columns.lowerBound,
                    accumulate: !isFirst || run > 0)
            }
        }
    }

    /// Turns the sums of one group, `[filter][tap][channel]`, into its filters' gradient.
    private func finish(_ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>) throws {
        let filters = EvenCut(problem.filtersPerGroup, most: max(problem.filtersPerGroup / (8 * layout.workers), 1))
        try Workers.run(count: layout.workers, blocks: filters.pieces) { piece, _ in
            for filter in filters[piece] { turn(filter, sums, result) }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func turn(_ filter: Int, _ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>) {
        let channels = problem.channelsPerGroup
        transpose(
            Elements(sums), at: filter * taps * channels, pitch: channels, into: result, at: filter * taps * channels,
            pitch: taps, rows: taps, columns: channels)
    }
}
