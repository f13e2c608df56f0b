internal import SpectralEngine

/// Filter gradient as products of matrices: filters in vectors, a few channels at a time.
struct MatrixGradientExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: MatrixGradientLayout
    /// The distance from a slab's first input position to the one each output reads with its first tap: for slabs with all
    /// layers and rows, and with one fewer of either.
    private let offsets: [DepthOffsets]

    var problem: Problem { layout.problem }
    var pass: Pass { .filterGradient }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    private var axes: [MatrixGradientLayout.Extents] { layout.axes }
    private var width: Int { axes[2].reach(axes[2].output) }
    private var taps: Int { axes[0].filter * axes[1].filter * axes[2].filter }

    init(layout: MatrixGradientLayout) {
        self.layout = layout
        let (axes, pitch) = (layout.axes, layout.channelPitch)
        offsets = (0..<4).map { missing in
            let (depths, rows) = (layout.slabDepths - missing / 2, layout.slabRows - missing % 2)
            let (height, width) = (axes[1].reach(rows), axes[2].reach(axes[2].output))
            return DepthOffsets(
                (0..<depths).flatMap { p in
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
            try sum(group, first, second, scratch, control, scaling)
            finish(group, scratch.region(layout.sums, of: Scalar.self), result)
        }
        if !scaling.isNone { scale(result, byPowerOfTwo: scaling.result) }
    }

    /// Sums the gradient of one group's filters, slab after slab.
    private func sum(
        _ group: Int, _ input: Elements<Scalar>, _ gradient: Elements<Scalar>, _ scratch: SharedRegion<UInt8>,
        _ control: ExecutionControl?, _ scaling: DirectScaling
    ) throws {
        let inputs = scratch.region(layout.inputs, of: Scalar.self)
        let gradients = scratch.region(layout.gradients, of: Scalar.self)
        let sums = scratch.region(layout.sums, of: Scalar.self)
        let slabs = problem.batch * layout.slabCount
        if slabs == 0 { sums.fill(0) }
        let rows = rowCut
        let products = taps / layout.tapsTogether
        for first in stride(from: 0, to: slabs, by: layout.together) {
            let count = min(layout.together, slabs - first)
            let inputRows = axes[0].reach(layout.slabDepths) * axes[1].reach(layout.slabRows)
            let jobs = inputRows + layout.panelCount
            try Workers.run(count: layout.workers, blocks: count * jobs) { job, _ in
                let (slab, part) = (job / jobs, job % jobs)
                if part < inputRows {
                    turnInput(part, slab: first + slab, group, input, inputs.slice(slab, count: layout.inputCount))
                } else {
                    turnGradient(
                        part - inputRows, slab: first + slab, group, gradient,
                        gradients.slice(slab, count: layout.gradientCount))
                }
            }
            if scaling.first != 0 { scale(inputs, byPowerOfTwo: scaling.first) }
            if scaling.second != 0 { scale(gradients, byPowerOfTwo: scaling.second) }
            try Workers.run(count: layout.workers, blocks: products * layout.panelCount * rows.pieces) { job, _ in
                for slab in 0..<count {
                    multiply(
                        tap: job / rows.pieces % products * layout.tapsTogether,
                        panel: job / (rows.pieces * products), rows[job % rows.pieces], slab: first + slab,
                        inputs.slice(slab, count: layout.inputCount),
                        gradients.slice(slab, count: layout.gradientCount), sums, isFirst: first + slab == 0)
                }
            }
            for _ in 0..<count { try control?.completeBlock() }
        }
    }

    /// Rows of one block: enough blocks for all workers.
    private var rowCut: EvenCut {
        let blocks = max(taps / layout.tapsTogether * layout.panelCount, 1)
        let pieces = (4 * layout.workers + blocks - 1) / blocks
        return EvenCut(layout.rowCount, most: max((layout.rowCount + pieces - 1) / pieces, 8))
    }

    /// Turns one row of a slab's input into `[position][channel]`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func turnInput(
        _ row: Int, slab number: Int, _ group: Int, _ input: Elements<Scalar>, _ target: SharedRegion<Scalar>
    ) {
        let (n, slab) = (number / layout.slabCount, layout.slab(number % layout.slabCount))
        let height = axes[1].reach(slab.rows.count)
        guard row < axes[0].reach(slab.depths.count) * height else { return }
        let d = slab.depths.lowerBound * axes[0].stride - axes[0].before + row / height
        let h = slab.rows.lowerBound * axes[1].stride - axes[1].before + row % height
        let pitch = layout.channelPitch
        let target = target.slice(row, count: width * pitch)
        let before = min(axes[2].before, width)
        let count = max(min(axes[2].input + axes[2].before, width) - before, 0)
        guard d >= 0, d < axes[0].input, h >= 0, h < axes[1].input, count > 0 else { return target.fill(0) }
        target[0..<before * pitch].fill(0)
        target[(before + count) * pitch..<width * pitch].fill(0)
        let plane = axes[0].input * axes[1].input * axes[2].input
        let first = (n * problem.channels + group * problem.channelsPerGroup) * plane
        transpose(
            input, at: first + (d * axes[1].input + h) * axes[2].input, pitch: plane, into: target, at: before * pitch,
            pitch: pitch, rows: problem.channelsPerGroup, columns: count)
    }

    /// Turns one panel of a slab's output gradient into `[position][filter]`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func turnGradient(
        _ panel: Int, slab number: Int, _ group: Int, _ gradient: Elements<Scalar>, _ target: SharedRegion<Scalar>
    ) {
        let (n, slab) = (number / layout.slabCount, layout.slab(number % layout.slabCount))
        let panelWidth = layout.panelWidth
        let layer = slab.rows.count * axes[2].output
        let positions = slab.depths.count * layer
        let target = target[panel * positions * panelWidth..<(panel + 1) * positions * panelWidth]
        let first = panel * panelWidth
        let count = min(panelWidth, problem.filtersPerGroup - first)
        if count < panelWidth { target.fill(0) }
        let plane = axes[0].output * axes[1].output * axes[2].output
        for depth in 0..<slab.depths.count {
            let place =
                (n * problem.filters + group * problem.filtersPerGroup + first) * plane
                + ((slab.depths.lowerBound + depth) * axes[1].output + slab.rows.lowerBound) * axes[2].output
            transpose(
                gradient, at: place, pitch: plane, into: target, at: depth * layer * panelWidth, pitch: panelWidth,
                rows: count, columns: layer)
        }
    }

    /// Adds the terms of one slab to some rows of the sums that begin with a tap.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func multiply(
        tap: Int, panel: Int, _ rows: Range<Int>, slab number: Int, _ input: SharedRegion<Scalar>,
        _ gradient: SharedRegion<Scalar>, _ sums: SharedRegion<Scalar>, isFirst: Bool
    ) {
        let slab = layout.slab(number % layout.slabCount)
        let offsets = self.offsets[
            2 * (layout.slabDepths - slab.depths.count) + layout.slabRows - slab.rows.count]
        let positions = slab.depths.count * slab.rows.count * axes[2].output
        let runs = EvenCut(positions, most: MatrixLayout.mostTerms)
        let (d, h) = (tap / (axes[1].filter * axes[2].filter), tap / axes[2].filter % axes[1].filter)
        let shift =
            (d * axes[0].dilation * axes[1].reach(slab.rows.count) + h * axes[1].dilation) * width
            + tap % axes[2].filter * axes[2].dilation
        let (panelWidth, pitch) = (layout.panelWidth, layout.panelWidth * layout.panelCount)
        let product = ShiftedProduct(
            rows: rows.count, columns: panelWidth, secondPitch: panelWidth, resultPitch: pitch)
        for run in 0..<runs.pieces {
            product.multiply(
                Elements(input), at: shift * layout.channelPitch + rows.lowerBound, offsets, runs[run],
                Elements(gradient), at: (panel * positions + runs[run].lowerBound) * panelWidth, into: sums,
                at: (tap * problem.channelsPerGroup + rows.lowerBound) * pitch + panel * panelWidth,
                accumulate: !isFirst || run > 0)
        }
    }

    /// Turns the sums of one group into its filters' gradient.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func finish(_ group: Int, _ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>) {
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let pitch = layout.panelWidth * layout.panelCount
        for c in 0..<Cg {
            transpose(
                Elements(sums), at: c * pitch, pitch: Cg * pitch, into: result,
                at: (group * Kg * Cg + c) * taps, pitch: Cg * taps, rows: taps, columns: Kg)
        }
    }
}
