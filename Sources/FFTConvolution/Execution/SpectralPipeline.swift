internal import SpectralEngine
internal import Synchronization

// load A ─┐
//         ├─► line by line: transform, product, inverse ─► store the kept part
// load B ─┘
//
// The one pipeline of all three passes; `PassTable` says which windows, `SpectralLayout` where everything lies.
// Forward and input gradient: FilterSpectra.swift, then ProductBlocks.swift. Filter gradient: GradientBlocks.swift.
// What no transform can give is computed directly at the end: outputs that NaN and Inf reach (Containment.swift), and
// planes whose operands are so extreme that products in the spectrum would underflow, or rounding overflow.

/// A ``TiledFFT`` recipe made ready to run.
struct SpectralPipeline<Scalar: ConvolutionScalar>: PassExecutor {
    /// Of the whole problem, or of the section at work.
    private(set) var table: PassTable
    private let parts: Shared<Parts>

    private struct Parts: Sendable {
        let sections: [PassTable]
        let layout: SpectralLayout
        let threads: Int
        let transform: PackedTransform<Scalar>
        let structuralZeros: StructuralZeros?
        let windows: RowWindowTable
        let pairOrder: PairOrder
        let oddChunk: Int
        let comfortable = ComfortableRange.of(.of(Scalar.self))
    }

    private var sections: [PassTable] { parts.value.sections }
    var layout: SpectralLayout { parts.value.layout }
    var threads: Int { parts.value.threads }
    var transform: PackedTransform<Scalar> { parts.value.transform }
    var structuralZeros: StructuralZeros? { parts.value.structuralZeros }
    /// The windows of two rows, or of one.
    ///
    /// - Parameter isShared: Whether the second row is that of the next group.
    func windows(_ first: Int, _ second: Int?, isShared: Bool = false) -> RowWindows {
        parts.value.windows.windows(first, second, isShared: isShared, in: table)
    }

    /// The order in which a filter gradient is summed, and the chunk that odd rows are added to.
    var pairOrder: PairOrder { parts.value.pairOrder }
    var oddChunk: Int { parts.value.oddChunk }
    var comfortable: ComfortableRange { parts.value.comfortable }

    var problem: Problem { table.problem }
    var shape: TileShape { table.shape }
    var Cg: Int { problem.channelsPerGroup }
    var Kg: Int { problem.filtersPerGroup }

    init(table: PassTable, layout: SpectralLayout, threads: Int, pairOrder: PairOrder? = nil) throws {
        self.table = table
        let order = pairOrder ?? PairOrder(count: table.pairCount)
        do {
            parts = Shared(
                Parts(
                    sections: table.sections(layout.sectioning), layout: layout, threads: threads,
                    transform: try TransformCache.current.transform(table.shape),
                    structuralZeros: try StructuralZeros(table.problem, table.pass),
                    windows: RowWindowTable(table), pairOrder: order,
                    oddChunk: order.chunk(ofPair: table.pairCount - 1, of: layout.chunkCount)))
        } catch is AllocationFailure {
            throw ConvolutionError(
                .resourceLimit, argument: "memory", value: "\(table.shape.tileCount) complex elements",
                rule: "could not be allocated to plan the transforms of \(table.problem)")
        } catch is PlanFailure {
            throw ConvolutionError(
                .unusableFFTW, argument: "FFTW", value: FFTWLibrary.versions.double,
                rule: "made no plan for \(table.problem)")
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, bias: Span<Scalar>, into result: SharedRegion<Scalar>,
        scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        try execute(first, second, prepared: nil, bias: bias, into: result, scratch: scratch, control: control)
    }

    var preparedByteCount: Int { table.pass == .filterGradient ? 0 : sections.count * layout.filterByteCount }

    func prepare(
        _ filter: Span<Scalar>, into memory: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>
    ) throws -> Bool {
        begin(PipelineMemory(scratch, layout))
        for (index, section) in sections.enumerated() {
            let filters = memory.slice(index, count: layout.filterByteCount)
            let isOrdinary = try !at(section).transformFilters(
                filter, PipelineMemory<Scalar>(scratch, layout, filters: filters), nil)
            guard isOrdinary else { return false }
        }
        return true
    }

    /// The pipeline at work on one section.
    private func at(_ section: PassTable) -> SpectralPipeline {
        var pipeline = self
        pipeline.table = section
        return pipeline
    }

    func execute(
        _ first: Span<Scalar>, _ filter: Span<Scalar>, prepared: SharedRegion<UInt8>, bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        let prepared: SharedRegion<UInt8>? = prepared
        try execute(first, filter, prepared: prepared, bias: bias, into: result, scratch: scratch, control: control)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, prepared: SharedRegion<UInt8>?, bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        let marks = PipelineMemory<Scalar>(scratch, layout)
        begin(marks)
        var isTouched = false
        var operands = GradientOperands.ordinary
        control?.begin(blocks: sections.reduce(0) { $0 + at($1).blockCount(isPrepared: prepared != nil) })
        for (index, section) in sections.enumerated() {
            let filters = prepared?.slice(index, count: layout.filterByteCount)
            let (part, memory) = (at(section), PipelineMemory<Scalar>(scratch, layout, filters: filters))
            if table.pass == .filterGradient {
                try part.sumGradients(first, second, result, memory, &operands, control)
                isTouched = isTouched || operands.hasNonFinite
            } else {
                let found = try part.sumProducts(
                    first, second, isPrepared: prepared != nil, bias, result, memory, control)
                isTouched = isTouched || found
            }
        }
        try finish(
            first, second, bias, result, marks, isTouched: isTouched, control: control)
    }

    /// Runs all blocks of a forward pass or an input gradient.
    ///
    /// - Parameter step: What a block does for other passes of a training step.
    /// - Returns: Whether a sample was not finite.
    func runProductBlocks(
        _ array: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ control: ExecutionControl?, step: @Sendable (_ first: Partner, _ worker: Int) -> StepBlock<Scalar>?
    ) throws -> Bool {
        try runProductBlocks(array, bias, result, memory, control, step: step) { _ in memory }
    }

    /// - Parameter own: The memory as one worker sees it.
    private func runProductBlocks(
        _ array: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ control: ExecutionControl?, step: @Sendable (_ first: Partner, _ worker: Int) -> StepBlock<Scalar>?,
        own: @Sendable (_ worker: Int) -> PipelineMemory<Scalar>
    ) throws -> Bool {
        let isTouched = Atomic(false)
        let careful = !hasComfortableFilters(memory)
        let (blocks, workers) = (table.productBlockCount, layout.blockCrew.blocks)
        try Workers.run(count: workers, blocks: table.runCount(blocks, workers: workers)) { run, worker in
            let memory = own(worker)
            var leavesRows = false
            for block in table.run(run, of: blocks, workers: workers) {
                let partners = table.partners(block: block)
                let outcome = runProductBlock(
                    partners, array, bias, result, memory, worker: worker,
                    isCarried: leavesRows && table.continues(block: block), careful: careful,
                    step: step(partners.0, worker))
                leavesRows = outcome.leavesRows
                if outcome.isTouched { isTouched.store(true, ordering: .relaxed) }
                try control?.completeBlock()
            }
        }
        return isTouched.load(ordering: .relaxed)
    }

    /// Runs all blocks of a depthwise forward pass or input gradient, their filters transformed on the way.
    ///
    /// - Returns: Whether a sample was not finite.
    private func runGroupPairs(
        _ array: Span<Scalar>, _ filters: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>,
        _ memory: PipelineMemory<Scalar>, sanitising: Bool, _ control: ExecutionControl?
    ) throws -> Bool {
        let isTouched = Atomic(false)
        let careful = !hasComfortableFilters(memory)
        try Workers.run(count: layout.blockCrew.blocks, blocks: filterBlockCount) { index, worker in
            // Every worker writes its spectra to one place, which stays near.
            let memory = memory.withSpectra(fromPlane: 2 * index, slot: worker, count: 4 * shape.halfCount)
            transformFilterPair(2 * index, filters, memory, worker: worker, sanitising: sanitising)
            try control?.completeBlock()
            func run(_ blocks: Range<Int>) throws {
                var leavesRows = false
                for block in blocks {
                    let outcome = runProductBlock(
                        table.partners(block: block), array, bias, result, memory, worker: worker,
                        isCarried: leavesRows && table.continues(block: block), careful: careful)
                    leavesRows = outcome.leavesRows
                    if outcome.isTouched { isTouched.store(true, ordering: .relaxed) }
                    try control?.completeBlock()
                }
            }
            let blocks = table.blocks(ofGroupPair: index)
            try run(blocks.pairs)
            try run(blocks.odd)
        }
        return isTouched.load(ordering: .relaxed)
    }

    /// What is left when all blocks are done: all that no transform gives.
    ///
    /// - Parameter isTouched: Whether a sample is not finite.
    func finish(
        _ first: Span<Scalar>, _ second: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>,
        _ memory: PipelineMemory<Scalar>, isTouched: Bool, control: ExecutionControl?
    ) throws {
        structuralZeros?.apply(to: result, bias: bias)
        let redo = memory.planesForDirectSums()
        if isTouched {
            try Containment(problem, table.pass).apply(
                first, second, into: result, redo: redo, threads: threads, control)
        }
        try redoPlanes(redo, first, second, bias, result, control)
        try problem.correctLargeBiases(first, second, bias, result, threads: threads, control)
    }

    /// Forward or input gradient of one section.
    ///
    /// - Returns: Whether a sample is not finite.
    private func sumProducts(
        _ first: Span<Scalar>, _ filter: Span<Scalar>, isPrepared: Bool, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        // A filter made ready has finite taps only.
        if !isPrepared, layout.pairsFilters {
            let hasNonFinite = try measureFilters(filter, memory)
            let found = try runGroupPairs(first, filter, bias, result, memory, sanitising: hasNonFinite, control)
            return hasNonFinite || found
        }
        if !isPrepared, layout.copiesFilters {
            // Each section has filters of its own.
            memory.forgetEntries()
            let hasNonFinite = try measureFilters(filter, memory)
            try control?.completeBlock()
            let found = try runProductBlocks(first, bias, result, memory, control) { _, _ in
                nil
            } own: { worker in
                withOwnFilters(filter, memory, worker: worker, sanitising: hasNonFinite)
            }
            return hasNonFinite || found
        }
        let hasNonFinite = try !isPrepared && transformFilters(filter, memory, control)
        let found = try runProductBlocks(first, bias, result, memory, control) { _, _ in nil }
        return hasNonFinite || found
    }

    /// Filter gradient of one section.
    private func sumGradients(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: inout GradientOperands, _ control: ExecutionControl?
    ) throws {
        if try !accumulate(x, dy, result, memory, operands, control) {
            // Something tiny, huge or not finite was met, or partners that must be scaled beside spectra that are kept: once more, with a look
            // at both operands first.
            operands = GradientOperands(
                input: measure(x, 0..<x.count), outputGradient: measure(dy, 0..<dy.count), comfortable)
            _ = try accumulate(x, dy, result, memory, operands, control)
        }
        if !layout.sumsAreLocal { try finishSums(result, memory, operands, control) }
    }

    /// Transforms the sums of a filter gradient back.
    func finishSums(
        _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>, _ operands: GradientOperands,
        _ control: ExecutionControl?
    ) throws {
        try Workers.run(count: layout.filterCrew.blocks, blocks: filterBlockCount) { pair, worker in
            finishGradients(pair, result, memory, operands, worker: worker)
            try control?.completeBlock()
        }
    }

    /// Sums all chunks of a filter gradient.
    ///
    /// - Returns: Whether the operands were as ordinary as assumed; if not, the sums are of no use.
    private func accumulate(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands, _ control: ExecutionControl?
    ) throws -> Bool {
        if layout.keepsSpectra, !operands.areMeasured { return try accumulateKept(x, dy, memory, control) }
        let isOrdinary = Atomic(true)
        guard !layout.sumsAreLocal else {
            try Workers.run(count: layout.blockCrew.blocks, blocks: groupPairCount) { index, worker in
                guard isOrdinary.load(ordering: .relaxed) else { return }
                let memory = localSums(ofGroup: 2 * index, worker: worker, memory)
                if accumulateGroups(ofPair: index, x, dy, memory, operands, worker: worker) {
                    finishGroups(ofPair: index, result, memory, operands, worker: worker)
                } else {
                    isOrdinary.store(false, ordering: .relaxed)
                }
                try control?.completeBlock()
            }
            return isOrdinary.load(ordering: .relaxed)
        }
        // All chunks at once, or one after the other, each added to the sum of those before it.
        let together = layout.setCount == layout.chunkCount ? layout.chunkCount : 1
        for first in stride(from: 0, to: layout.chunkCount, by: max(together, 1)) {
            try Workers.run(count: layout.blockCrew.blocks, blocks: problem.groups * together) { block, worker in
                guard isOrdinary.load(ordering: .relaxed) else { return }
                let isFine = accumulateChunk(
                    group: block / together, chunk: first + block % together, x, dy, memory, operands, worker: worker)
                if !isFine { isOrdinary.store(false, ordering: .relaxed) }
                try control?.completeBlock()
            }
            if table.sharesOddRows, first..<first + together ~= oddChunk {
                try Workers.run(count: layout.blockCrew.blocks, blocks: problem.groups / 2) { pair, worker in
                    guard isOrdinary.load(ordering: .relaxed) else { return }
                    let isFine = accumulateOddRow(
                        2 * pair, chunk: oddChunk, x, dy, memory, operands, worker: worker)
                    if !isFine { isOrdinary.store(false, ordering: .relaxed) }
                    try control?.checkCancellation()
                }
            }
            guard first > 0, isOrdinary.load(ordering: .relaxed) else { continue }
            try Workers.run(count: layout.blockCrew.blocks, blocks: problem.filters * Cg) { plane, _ in
                addChunk(first, plane, memory)
            }
        }
        return isOrdinary.load(ordering: .relaxed)
    }

    /// Blocks that handle two filter planes at a time.
    var filterBlockCount: Int { (problem.filters * Cg + 1) / 2 }
    var gradientBlockCount: Int { layout.keepsSpectra ? keptBlockCount : problem.groups * layout.chunkCount }
    private func blockCount(isPrepared: Bool) -> Int {
        guard !layout.sumsAreLocal else { return groupPairCount }
        return (isPrepared ? 0 : filterBlockCount)
            + (table.pass == .filterGradient ? gradientBlockCount : table.productBlockCount)
    }

    /// Computes by direct sums the planes that were marked for it.
    private func redoPlanes(
        _ redo: SharedRegion<UInt8>, _ first: Span<Scalar>, _ second: Span<Scalar>, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ control: ExecutionControl?
    ) throws {
        for plane in 0..<redo.count where redo[plane] != 0 {
            try ReferenceExecutor<Scalar>(problem: problem, pass: table.pass, threads: threads)
                .sum(plane: plane, first, second, bias, into: result, control)
        }
    }
}
