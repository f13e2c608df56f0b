internal import SpectralEngine

/// Filter gradient as products of matrices: channels in vectors, a few filters at a time.
struct ChannelGradientExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: ChannelGradientLayout
    /// For slabs of each shape where the output gradient has each output, and what it reads with its first tap.
    private let places: [DepthPlaces]
    /// Likewise how far every other tap reads from there.
    private let shifts: [[Int]]

    var problem: Problem { layout.problem }
    var pass: Pass { .filterGradient }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    private var slabs: GradientSlabs { layout.slabs }
    private var taps: Int { slabs.taps }

    init(layout: ChannelGradientLayout) {
        self.layout = layout
        // A slab is whole layers, or rows of one: its outputs lie one after the other.
        places = layout.slabs.inputOffsets.map { DepthPlaces(first: Array($0.indices), second: $0) }
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
            let filters = problem.filtersPerGroup * problem.channelsPerGroup * taps
            let gradient = result.slice(group, count: filters)
            let sums = layout.sumCount > 0 ? scratch.region(layout.sums, of: Scalar.self) : gradient
            if slabs.isApart {
                try sumApart(group, first, second, into: sums, scratch, control, scaling)
            } else {
                try sum(group, first, second, into: sums, scratch, control, scaling)
            }
            if layout.sumCount > 0 { try finish(sums, gradient) }
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
        let slabCount = problem.batch * slabs.count
        if slabCount == 0 { sums.fill(0) }
        let (rows, taps) = (rowCut, tapCut)
        let panels = slabs.panelCount
        let inputRows = slabs.inputRows
        for first in stride(from: 0, to: slabCount, by: slabs.together) {
            let count = min(slabs.together, slabCount - first)
            try Workers.run(count: layout.workers, blocks: count * panels * inputRows) { job, _ in
                let (slab, part) = (job / (panels * inputRows), job % (panels * inputRows))
                slabs.turnInput(
                    part / panels, panel: part % panels, slab: first + slab, group, input,
                    inputs.slice(slab, count: slabs.inputCount))
            }
            if scaling.first != 0 { scale(inputs, byPowerOfTwo: scaling.first) }
            if scaling.second != 0 {
                for slab in 0..<count {
                    let copy = gradients.slice(slab, count: slabs.gradientCount)
                    copyGradient(slab: first + slab, group, gradient, copy, scaling)
                }
            }
            try Workers.run(count: layout.workers, blocks: taps.pieces * panels * rows.pieces) { job, _ in
                // Panels last: threads that write neighbouring columns of one row take its lines from each other.
                let part = Part(
                    taps: taps[job / rows.pieces % taps.pieces], filters: rows[job % rows.pieces],
                    panel: job / (rows.pieces * taps.pieces))
                for slab in 0..<count {
                    multiply(
                        part, slab: first + slab, inputs.slice(slab, count: slabs.inputCount),
                        outputs(slab: first + slab, group, gradient, gradients, at: slab, scaling), sums,
                        isFirst: first + slab == 0)
                }
            }
            for _ in 0..<count { try control?.completeBlock() }
        }
    }

    /// The same with sums for every slab, which are added up in order at the end.
    private func sumApart(
        _ group: Int, _ input: Elements<Scalar>, _ gradient: Elements<Scalar>, into sums: SharedRegion<Scalar>,
        _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?, _ scaling: DirectScaling
    ) throws {
        let inputs = scratch.region(layout.inputs, of: Scalar.self)
        let gradients = scratch.region(layout.gradients, of: Scalar.self)
        let apart = scratch.region(layout.apart, of: Scalar.self)
        let rows = EvenCut(problem.filtersPerGroup, most: 64)
        try Workers.run(count: layout.workers, blocks: problem.batch * slabs.count) { slab, worker in
            let turned = inputs.slice(worker, count: slabs.inputCount)
            for row in 0..<slabs.inputRows {
                for panel in 0..<slabs.panelCount {
                    slabs.turnInput(row, panel: panel, slab: slab, group, input, turned)
                }
            }
            if scaling.first != 0 { scale(turned, byPowerOfTwo: scaling.first) }
            if scaling.second != 0 {
                copyGradient(
                    slab: slab, group, gradient, gradients.slice(worker, count: slabs.gradientCount), scaling)
            }
            let outputs = outputs(slab: slab, group, gradient, gradients, at: worker, scaling)
            for filters in 0..<rows.pieces {
                for panel in 0..<slabs.panelCount {
                    multiply(
                        Part(taps: 0..<taps, filters: rows[filters], panel: panel), slab: slab, turned,
                        outputs, slabs.sums(slab, sums, apart), isFirst: true)
                }
            }
            try control?.completeBlock()
        }
        try slabs.addUp(apart, to: sums, workers: layout.workers)
    }

    /// Rows of one block, whose output gradients stay in the second-level cache while the taps pass; fewer if that makes
    /// blocks enough for all workers, but as many as pay for reading the columns again.
    private var rowCut: EvenCut {
        let filters = problem.filtersPerGroup
        let pieces = (Self.blocksOfWorker * layout.workers + slabs.panelCount - 1) / slabs.panelCount
        return EvenCut(filters, most: min(max((filters + pieces - 1) / pieces, 28), 64))
    }

    /// Taps of one block: all of them, or enough blocks for all workers.
    private var tapCut: EvenCut {
        let blocks = slabs.panelCount * rowCut.pieces
        let pieces = (Self.blocksOfWorker * layout.workers + blocks - 1) / blocks
        return EvenCut(taps, most: max((taps + pieces - 1) / pieces, 1))
    }

    /// Blocks are of one size, so that few do: each reads its operands anew.
    private static var blocksOfWorker: Int { 2 }

    // MARK: Slabs

    /// A slab's output gradient: where it lies, or its scaled copy, number `copy` of those in memory.
    private func outputs(
        slab number: Int, _ group: Int, _ gradient: Elements<Scalar>, _ copies: SharedRegion<Scalar>, at copy: Int,
        _ scaling: DirectScaling
    ) -> Gradients {
        scaling.second == 0
            ? Gradients(
                elements: gradient, offset: slabs.gradientOffset(number, group), pitch: slabs.outputPlane)
            : Gradients(
                elements: Elements(copies), offset: copy * slabs.gradientCount,
                pitch: slabs.outputs(slabs.slab(number).slab))
    }

    /// Copies a slab's output gradient, scaled.
    private func copyGradient(
        slab number: Int, _ group: Int, _ gradient: Elements<Scalar>, _ target: SharedRegion<Scalar>,
        _ scaling: DirectScaling
    ) {
        let count = slabs.outputs(slabs.slab(number).slab)
        PaddedRows(
            rows: problem.filtersPerGroup, before: 0, count: count, after: 0, sourcePitch: slabs.outputPlane,
            sourceStep: 1,
            pitch: count
        ).copy(gradient, at: slabs.gradientOffset(number, group), into: target, at: 0)
        scale(target[0..<problem.filtersPerGroup * count], byPowerOfTwo: scaling.second)
    }

    // MARK: Products

    /// What a block computes: some taps of some filters, of the channels of one panel.
    private struct Part {
        let taps: Range<Int>, filters: Range<Int>, panel: Int
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
        _ part: Part, slab number: Int, _ input: SharedRegion<Scalar>, _ gradients: Gradients,
        _ sums: SharedRegion<Scalar>, isFirst: Bool
    ) {
        let (_, slab) = slabs.slab(number)
        let shape = slabs.shape(slab)
        let (places, shifts) = (self.places[shape], self.shifts[shape])
        let runs = EvenCut(slabs.outputs(slab), most: MatrixLayout.mostTerms)
        let channels = slabs.channels(of: part.panel)
        let pitch = layout.sumCount > 0 ? taps * channels.count : problem.channelsPerGroup * taps
        let first = sumOffset(part.panel) + part.filters.lowerBound * pitch
        let panel = part.panel * slabs.panelSize
        let product = PlacedProduct(
            rows: part.filters.count, columns: channels.count, firstPitch: gradients.pitch, resultPitch: pitch)
        // Tap after tap of a run, whose operands stay in the cache.
        for run in 0..<runs.pieces {
            for tap in part.taps {
                product.multiply(
                    gradients.elements, at: gradients.offset + part.filters.lowerBound * gradients.pitch,
                    Elements(input), at: panel + shifts[tap], places, runs[run], into: sums,
                    at: first + tap * channels.count, accumulate: !isFirst || run > 0)
            }
        }
    }

    /// Where the sums of a panel's first filter begin.
    private func sumOffset(_ panel: Int) -> Int {
        let first = slabs.channels(of: panel).lowerBound
        return layout.sumCount > 0 ? problem.filtersPerGroup * taps * first : first
    }

    /// Turns the sums of one group into its filters' gradient.
    private func finish(_ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>) throws {
        let filters = EvenCut(problem.filtersPerGroup, most: max(problem.filtersPerGroup / (8 * layout.workers), 1))
        try Workers.run(count: layout.workers, blocks: filters.pieces) { piece, _ in
            for filter in filters[piece] { turn(filter, sums, result) }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func turn(_ filter: Int, _ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>) {
        for panel in 0..<slabs.panelCount {
            let channels = slabs.channels(of: panel)
            transpose(
                Elements(sums), at: sumOffset(panel) + filter * taps * channels.count, pitch: channels.count,
                into: result, at: (filter * problem.channelsPerGroup + channels.lowerBound) * taps, pitch: taps,
                rows: taps, columns: channels.count)
        }
    }
}
