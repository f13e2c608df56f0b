internal import SpectralEngine

/// Filter gradient as products of matrices: filters in vectors, a few channels at a time.
struct MatrixGradientExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: MatrixGradientLayout
    /// For slabs of each shape what the outputs read with their first tap.
    private let offsets: [DepthOffsets]
    /// Likewise how far every other tap reads from there.
    private let shifts: [[Int]]

    var problem: Problem { layout.problem }
    var pass: Pass { .filterGradient }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    private var slabs: GradientSlabs { layout.slabs }
    private var taps: Int { slabs.taps }

    init(layout: MatrixGradientLayout) {
        self.layout = layout
        offsets = layout.slabs.inputOffsets.map { DepthOffsets($0) }
        shifts = layout.slabs.tapOffsets
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        control?.begin(blocks: problem.groups * problem.batch * slabs.count)
        for group in 0..<problem.groups {
            if slabs.isApart {
                try sumApart(group, first, second, scratch, control, scaling)
            } else {
                try sum(group, first, second, scratch, control, scaling)
            }
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
        let slabCount = problem.batch * slabs.count
        if slabCount == 0 { sums.fill(0) }
        let rows = rowCut
        let products = taps / layout.tapsTogether
        let inputRows = slabs.inputRows
        for first in stride(from: 0, to: slabCount, by: slabs.together) {
            let count = min(slabs.together, slabCount - first)
            let jobs = inputRows + layout.panelCount
            try Workers.run(count: layout.workers, blocks: count * jobs) { job, _ in
                let (slab, part) = (job / jobs, job % jobs)
                if part < inputRows {
                    slabs.turnInput(
                        part, panel: 0, slab: first + slab, group, input, inputs.slice(slab, count: slabs.inputCount))
                } else {
                    turnGradient(
                        part - inputRows, slab: first + slab, group, gradient,
                        gradients.slice(slab, count: slabs.gradientCount))
                }
            }
            if scaling.first != 0 { scale(inputs, byPowerOfTwo: scaling.first) }
            if scaling.second != 0 { scale(gradients, byPowerOfTwo: scaling.second) }
            try Workers.run(count: layout.workers, blocks: products * layout.panelCount * rows.pieces) { job, _ in
                for slab in 0..<count {
                    multiply(
                        tap: job / rows.pieces % products * layout.tapsTogether,
                        panel: job / (rows.pieces * products), rows[job % rows.pieces], slab: first + slab,
                        inputs.slice(slab, count: slabs.inputCount),
                        gradients.slice(slab, count: slabs.gradientCount), sums, isFirst: first + slab == 0)
                }
            }
            for _ in 0..<count { try control?.completeBlock() }
        }
    }

    /// The same with sums for every slab, which are added up in order at the end.
    private func sumApart(
        _ group: Int, _ input: Elements<Scalar>, _ gradient: Elements<Scalar>, _ scratch: SharedRegion<UInt8>,
        _ control: ExecutionControl?, _ scaling: DirectScaling
    ) throws {
        let inputs = scratch.region(layout.inputs, of: Scalar.self)
        let gradients = scratch.region(layout.gradients, of: Scalar.self)
        let (sums, apart) = (
            scratch.region(layout.sums, of: Scalar.self), scratch.region(layout.apart, of: Scalar.self)
        )
        try Workers.run(count: layout.workers, blocks: problem.batch * slabs.count) { slab, worker in
            let turned = inputs.slice(worker, count: slabs.inputCount)
            let turnedGradient = gradients.slice(worker, count: slabs.gradientCount)
            for row in 0..<slabs.inputRows {
                slabs.turnInput(row, panel: 0, slab: slab, group, input, turned)
            }
            for panel in 0..<layout.panelCount { turnGradient(panel, slab: slab, group, gradient, turnedGradient) }
            if scaling.first != 0 { scale(turned, byPowerOfTwo: scaling.first) }
            if scaling.second != 0 { scale(turnedGradient, byPowerOfTwo: scaling.second) }
            for panel in 0..<layout.panelCount {
                for tap in stride(from: 0, to: taps, by: layout.tapsTogether) {
                    multiply(
                        tap: tap, panel: panel, 0..<layout.rowCount, slab: slab, turned, turnedGradient,
                        slabs.sums(slab, sums, apart), isFirst: true)
                }
            }
            try control?.completeBlock()
        }
        try slabs.addUp(apart, to: sums, workers: layout.workers)
    }

    /// Rows of one block: enough blocks for all workers.
    private var rowCut: EvenCut {
        let blocks = max(taps / layout.tapsTogether * layout.panelCount, 1)
        let pieces = (4 * layout.workers + blocks - 1) / blocks
        return EvenCut(layout.rowCount, most: max((layout.rowCount + pieces - 1) / pieces, 8))
    }

    /// Turns one panel of a slab's output gradient into `[position][filter]`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func turnGradient(
        _ panel: Int, slab number: Int, _ group: Int, _ gradient: Elements<Scalar>, _ target: SharedRegion<Scalar>
    ) {
        let (_, slab) = slabs.slab(number)
        let panelWidth = layout.panelWidth
        let positions = slabs.outputs(slab)
        let target = target[panel * positions * panelWidth..<(panel + 1) * positions * panelWidth]
        let first = panel * panelWidth
        let count = min(panelWidth, problem.filtersPerGroup - first)
        if count < panelWidth { target.fill(0) }
        let plane = slabs.outputPlane
        let layer = slab.rows.count * slabs.axes.column.output
        for depth in 0..<slab.depths.count {
            transpose(
                gradient, at: slabs.gradientOffset(number, group, layer: depth) + first * plane, pitch: plane,
                into: target, at: depth * layer * panelWidth, pitch: panelWidth, rows: count, columns: layer)
        }
    }

    /// Adds the terms of one slab to some rows of the sums that begin with a tap.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func multiply(
        tap: Int, panel: Int, _ rows: Range<Int>, slab number: Int, _ input: SharedRegion<Scalar>,
        _ gradient: SharedRegion<Scalar>, _ sums: SharedRegion<Scalar>, isFirst: Bool
    ) {
        let (_, slab) = slabs.slab(number)
        let shape = slabs.shape(slab)
        let (offsets, shift) = (self.offsets[shape], shifts[shape][tap])
        let positions = slabs.outputs(slab)
        let runs = EvenCut(positions, most: MatrixLayout.mostTerms)
        let (panelWidth, pitch) = (layout.panelWidth, layout.panelWidth * layout.panelCount)
        let product = ShiftedProduct(
            rows: rows.count, columns: panelWidth, secondPitch: panelWidth, resultPitch: pitch)
        for run in 0..<runs.pieces {
            product.multiply(
                Elements(input), at: shift + rows.lowerBound, offsets, runs[run],
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
