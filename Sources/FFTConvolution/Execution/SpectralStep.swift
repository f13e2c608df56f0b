internal import SpectralEngine
internal import Synchronization

// A training step, product by product: the forward pass keeps the spectra of x and w; then one pass over the output gradient
// transforms each of its fields once, and while a panel of its spectrum is in the first-level cache multiplies it with the
// spectrum of w for dX and with that of x for dW. Four sets of transforms in place of six.
//
//   forward:    x ─► x̂ (kept) ─► x̂·conj(ŵ) ─► y
//   gradients:  dy ─► ĝ ─┬─► ĝ·ŵ ─► dX          (tiles overlap and add up: PassTable)
//                        └─► Σ x̂·conj(ĝ) ─► dW
//
// Where the sums of all pairs of channels and filters are many, the spectra of the output gradient are kept like those of x, and dW is
// made of both when dX is done: going through all sums for every block takes longer than keeping what they are made of
// (KeptSpectra.swift).
//
// The three pipelines are those of the separate passes, with one tiling. Operands out of the ordinary keep nothing; then, and
// where partners need scaling of their own (but for odd rows, which two groups share), dW is that of its own pipeline, which sums in the same order: so that every bit
// but the exponent is the same for operands times a power of two.

/// A ``TiledFFT`` recipe's training step, made ready to run.
struct SpectralStep<Scalar: ConvolutionScalar>: StepExecutor {
    private let forward: SpectralPipeline<Scalar>
    private let inputGradient: SpectralPipeline<Scalar>
    private let filterGradient: SpectralPipeline<Scalar>
    /// Scratch of the two gradients, which may run together, and a mark for each worker: whether a block gave up.
    private let scratch: (marks: Booking, inputGradient: Booking, filterGradient: Booking, filters: Booking)
    /// The spectra of the output gradient, and what is known of its fields, where they are kept: for every pair of rows of every group.
    private let gradientSpectra: KeptPlaces
    let workspaceByteCount: Int
    let arithmetic: Arithmetic

    /// All that is known of the filters, as in the forward pass; then for every pair of rows of every group its spectra, and what
    /// is known of its fields.
    private let kept: (filters: Booking, fields: KeptPlaces)
    let keptByteCount: Int
    /// The order of the pairs of rows.
    private let order: PairOrder

    /// - Returns: `nil` where nothing would be shared: if tiles reach beyond their neighbours, or memory is short: so short already that
    ///   a pass comes in sections (Sections.swift), whose spectra are never all there.
    init?(_ recipe: TiledFFT) throws {
        let table = recipe.table
        let problem = table.problem
        guard recipe.canShareStep, let filterGradient = recipe.sibling(.filterGradient, addsOverlaps: true),
            let inputGradient = recipe.sibling(.inputGradient, addsOverlaps: true)
        else { return nil }
        arithmetic = recipe.arithmetic
        guard
            [recipe, inputGradient, filterGradient].allSatisfy({ $0.layout.sectioning == Sectioning(problem) }),
            filterGradient.layout.keepsSpectra
                ? KeptPlaces.byteCount(table, fields: problem.filters, recipe.request.precision)
                    <= KeptPlaces.scratchLimit
                : filterGradient.layout.sumsAreLocal
                    || filterGradient.layout.setCount == filterGradient.layout.chunkCount
        else { return nil }

        let precision = recipe.request.precision
        let slots = max(recipe.layout.blockCrew.blocks, inputGradient.layout.blockCrew.blocks)
        var layout = WorkspaceLayout()
        scratch = (
            layout.book(slots, bytesEach: 1), layout.book(inputGradient.layout.byteCount, bytesEach: 1),
            layout.book(filterGradient.layout.byteCount, bytesEach: 1),
            // All filters at once, where the pass by itself takes two at a time.
            layout.book(inputGradient.layout.pairsFilters ? inputGradient.layout.filterByteCount : 0, bytesEach: 1)
        )
        gradientSpectra = KeptPlaces(
            &layout, table, groups: filterGradient.layout.keepsSpectra ? problem.groups : 0,
            fields: problem.filtersPerGroup, precision)
        // The forward pass takes the place of the gradients.
        workspaceByteCount = max(layout.byteCount, scratch.inputGradient.offset + recipe.layout.byteCount)
        // The passes share their tables.
        guard workspaceByteCount + recipe.tableByteCount <= recipe.request.memoryLimit else { return nil }

        var memory = WorkspaceLayout()
        kept = (
            memory.book(recipe.layout.filterByteCount, bytesEach: 1),
            KeptPlaces(
                &memory, table, groups: problem.groups, fields: problem.channelsPerGroup, precision)
        )
        keptByteCount = memory.byteCount

        order = PairOrder(inputGradient.table)
        let threads = recipe.request.threads
        forward = try SpectralPipeline(table: table, layout: recipe.layout, threads: threads)
        self.inputGradient = try SpectralPipeline(
            table: inputGradient.table, layout: inputGradient.layout, threads: threads)
        self.filterGradient = try SpectralPipeline(
            table: filterGradient.table, layout: filterGradient.layout, threads: threads,
            pairOrder: filterGradient.layout.keepsSpectra ? nil : order)
    }

    private var problem: Problem { forward.problem }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, bias: Span<Scalar>, into y: SharedRegion<Scalar>,
        kept: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws -> Bool {
        let marks = scratch.part(self.scratch.marks)
        for index in 0..<marks.count { marks[index] = 0 }
        let own = scratch[self.scratch.inputGradient.offset..<scratch.count]
        let memory = PipelineMemory<Scalar>(own, forward.layout, filters: kept)
        forward.begin(memory)
        control?.begin(blocks: forward.filterBlockCount + forward.table.productBlockCount)
        let hasNonFinite = try forward.transformFilters(w, memory, control)
        let isTouched = try forward.runProductBlocks(x, bias, y, memory, control) { partner, worker in
            StepBlock(self.kept.fields.block(partner.group, partner.row / 2, kept), marks[worker..<worker + 1], nil)
        }
        try forward.finish(
            x, w, bias, y, memory, isTouched: hasNonFinite || isTouched, control: control)
        return !hasNonFinite && !isMarked(marks)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func gradients(
        _ x: Span<Scalar>, _ w: Span<Scalar>, _ dy: Span<Scalar>, kept: SharedRegion<UInt8>?,
        into dx: SharedRegion<Scalar>, _ dw: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>,
        control: ExecutionControl?
    ) throws {
        let none = Span<Scalar>()
        let gradientScratch = scratch.part(self.scratch.filterGradient)
        let marks = scratch.part(self.scratch.marks)
        for index in 0..<marks.count { marks[index] = 0 }
        let own = scratch.part(self.scratch.inputGradient)
        let memory = PipelineMemory<Scalar>(
            own, inputGradient.layout,
            filters: inputGradient.layout.pairsFilters ? scratch.part(self.scratch.filters) : nil,
            spectra: kept.map { $0.part(self.kept.filters).region(forward.layout.spectra, of: Scalar.self) })
        let sums = PipelineMemory<Scalar>(gradientScratch, filterGradient.layout)
        inputGradient.begin(memory)
        filterGradient.begin(sums)
        let hasNonFinite =
            try kept == nil
            ? inputGradient.transformFilters(w, memory, nil) : inputGradient.measureFilters(w, memory)
        let careful = !inputGradient.hasComfortableFilters(memory)
        let isTouched = Atomic(hasNonFinite)
        if inputGradient.table.addsOverlaps { clear(dx) }
        if filterGradient.layout.keepsSpectra {
            try keepGradients(dy, dx, memory, kept, scratch, marks, isTouched, careful: careful, control)
        } else {
            try addProducts(dy, dx, dw, memory, sums, kept, marks, isTouched, careful: careful, control)
        }
        try inputGradient.finish(
            dy, w, none, dx, memory, isTouched: isTouched.load(ordering: .relaxed), control: control)

        guard let kept, !isMarked(marks), try sumKept(kept, scratch, sums, control) else {
            return try filterGradient.execute(
                x, dy, bias: none, into: dw, scratch: gradientScratch, control: control)
        }
        if !sumsAreLocal { try filterGradient.finishSums(dw, sums, .ordinary, nil) }
        try filterGradient.finish(x, dy, none, dw, sums, isTouched: false, control: control)
    }

    /// Runs the input gradient, and sums products for the filter gradient beside it.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func addProducts(
        _ dy: Span<Scalar>, _ dx: SharedRegion<Scalar>, _ dw: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ sums: PipelineMemory<Scalar>, _ kept: SharedRegion<UInt8>?, _ marks: SharedRegion<UInt8>,
        _ isTouched: borrowing Atomic<Bool>, careful: Bool, _ control: ExecutionControl?
    ) throws {
        let (chunkCount, waveCount) = (filterGradient.layout.chunkCount, order.waveCount)
        @Sendable func note(_ found: Bool) { if found { isTouched.store(true, ordering: .relaxed) } }
        guard !sumsAreLocal else {
            control?.begin(blocks: filterGradient.groupPairCount)
            return try Workers.run(count: workers, blocks: filterGradient.groupPairCount) { index, worker in
                let mark = marks[worker..<worker + 1]
                let sums = filterGradient.localSums(ofGroup: 2 * index, worker: worker, sums)
                // One group's chunks and waves follow each other, as one worker runs them.
                for chunk in 0..<chunkCount {
                    for group in filterGradient.groups(ofPair: index) {
                        for wave in 0..<waveCount {
                            note(
                                runPairs(
                                    group, chunk, wave: wave, dy, dx, memory, sums, kept, mark, worker: worker,
                                    careful: careful))
                        }
                    }
                    if chunk == filterGradient.oddChunk, inputGradient.table.sharedPair(2 * index) != nil {
                        note(runOddRow(2 * index, dy, dx, memory, sums, kept, mark, worker: worker, careful: careful))
                    }
                    filterGradient.addChunk(chunk, ofPair: index, sums)
                }
                if kept != nil, mark[0] == 0 {
                    filterGradient.finishGroups(ofPair: index, dw, sums, .ordinary, worker: worker)
                }
                try control?.completeBlock()
            }
        }
        let blocks = problem.groups * chunkCount
        let sharesOddRows = inputGradient.table.sharesOddRows
        control?.begin(blocks: blocks * waveCount + (sharesOddRows ? problem.groups / 2 : 0))
        for wave in 0..<waveCount {
            try Workers.run(count: workers, blocks: blocks) { block, worker in
                note(
                    runPairs(
                        block / chunkCount, block % chunkCount, wave: wave, dy, dx, memory, sums, kept,
                        marks[worker..<worker + 1], worker: worker, careful: careful))
                try control?.completeBlock()
            }
        }
        guard sharesOddRows else { return }
        try Workers.run(count: workers, blocks: problem.groups / 2) { index, worker in
            note(
                runOddRow(
                    2 * index, dy, dx, memory, sums, kept, marks[worker..<worker + 1], worker: worker,
                    careful: careful))
            try control?.completeBlock()
        }
    }

    /// Runs the input gradient, and keeps the spectra of the output gradient.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func keepGradients(
        _ dy: Span<Scalar>, _ dx: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ kept: SharedRegion<UInt8>?, _ scratch: SharedRegion<UInt8>, _ marks: SharedRegion<UInt8>,
        _ isTouched: borrowing Atomic<Bool>, careful: Bool, _ control: ExecutionControl?
    ) throws {
        control?.begin(
            blocks: problem.groups * inputGradient.table.pairCount + filterGradient.keptProductCount)
        for wave in 0..<order.waveCount {
            let count = order.count(wave: wave)
            try Workers.run(count: inputGradient.layout.blockCrew.blocks, blocks: problem.groups * count) {
                block, worker in
                let (group, index) = block.quotientAndRemainder(dividingBy: count)
                let pair = order.pair(index, wave: wave)
                let mark = marks[worker..<worker + 1]
                let step = kept.map { _ in StepBlock<Scalar>(gradientSpectra.block(group, pair, scratch), mark, nil) }
                let outcome = inputGradient.runProductBlock(
                    partners(group, pair), dy, Span(), dx, memory, worker: worker, careful: careful, step: step)
                if outcome.isTouched { isTouched.store(true, ordering: .relaxed) }
                try control?.completeBlock()
            }
        }
    }

    /// Sums the products of the spectra of both operands, where all are kept; else that is done.
    ///
    /// - Returns: Whether the sums are of use.
    private func sumKept(
        _ kept: SharedRegion<UInt8>, _ scratch: SharedRegion<UInt8>, _ sums: PipelineMemory<Scalar>,
        _ control: ExecutionControl?
    ) throws -> Bool {
        guard filterGradient.layout.keepsSpectra else { return true }
        return try filterGradient.accumulateKept(sums, control) { group, pair in
            self.kept.fields.block(group, pair, kept)
        } g: { group, pair in
            gradientSpectra.block(group, pair, scratch)
        }
    }

    private func partners(_ group: Int, _ pair: Int) -> (Partner, Partner?) {
        let second = Partner(group: group, row: 2 * pair + 1)
        return (Partner(group: group, row: 2 * pair), second.row < inputGradient.table.rowCount ? second : nil)
    }

    /// Whether each block has sums of its own, which are transformed back at once, while they are near.
    private var sumsAreLocal: Bool { filterGradient.layout.sumsAreLocal }

    private var workers: Int {
        let count = inputGradient.layout.blockCrew.blocks
        return sumsAreLocal ? min(count, filterGradient.layout.blockCrew.blocks) : count
    }

    /// Runs the input gradient of one chunk's pairs in one wave, and sums their products for the filter gradient.
    ///
    /// - Returns: Whether a sample was not finite.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func runPairs(
        _ group: Int, _ chunk: Int, wave: Int, _ dy: Span<Scalar>, _ dx: SharedRegion<Scalar>,
        _ memory: PipelineMemory<Scalar>, _ sums: PipelineMemory<Scalar>, _ kept: SharedRegion<UInt8>?,
        _ mark: SharedRegion<UInt8>, worker: Int, careful: Bool
    ) -> Bool {
        var isTouched = false
        if wave == 0 { filterGradient.forgetSums(group, chunk, sums) }
        order.forEachPair(wave: wave, chunk: chunk, of: filterGradient.layout.chunkCount) { pair in
            guard pair != inputGradient.table.sharedPair(group) else { return true }
            // Once a worker gave up, its sums are of no use.
            let step = (mark[0] == 0 ? kept : nil).map {
                StepBlock(
                    self.kept.fields.block(group, pair, $0), mark,
                    SumsBeside(
                        pipeline: filterGradient, memory: sums, group: group, isGroupPair: false, chunk: chunk,
                        accumulate: !filterGradient.isEmpty(group, chunk, sums)))
            }
            let outcome = inputGradient.runProductBlock(
                partners(group, pair), dy, Span(), dx, memory, worker: worker, careful: careful, step: step)
            isTouched = isTouched || outcome.isTouched
            return true
        }
        let isLast =
            wave == order.waveCount - 1
            && (chunk != filterGradient.oddChunk || inputGradient.table.sharedPair(group) == nil)
        if isLast { filterGradient.clearIfEmpty(group, chunk, sums) }
        return isTouched
    }

    /// The same of the odd rows of two groups, which share transforms.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func runOddRow(
        _ first: Int, _ dy: Span<Scalar>, _ dx: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ sums: PipelineMemory<Scalar>, _ kept: SharedRegion<UInt8>?, _ mark: SharedRegion<UInt8>, worker: Int,
        careful: Bool
    ) -> Bool {
        let row = inputGradient.table.rowCount - 1
        let chunk = filterGradient.oddChunk
        let step = (mark[0] == 0 ? kept : nil).map {
            StepBlock(
                self.kept.fields.block(first, row / 2, $0), mark,
                SumsBeside(
                    pipeline: filterGradient, memory: sums, group: first, isGroupPair: true, chunk: chunk,
                    accumulate: filterGradient.fillsOddSums(first, chunk, sums)))
        }
        let outcome = inputGradient.runProductBlock(
            (Partner(group: first, row: row), Partner(group: first + 1, row: row)), dy, Span(), dx, memory,
            worker: worker, careful: careful, step: step)
        for group in first...first + 1 { filterGradient.clearIfEmpty(group, chunk, sums) }
        return outcome.isTouched
    }

    private func isMarked(_ marks: SharedRegion<UInt8>) -> Bool { (0..<marks.count).contains { marks[$0] != 0 } }
}
