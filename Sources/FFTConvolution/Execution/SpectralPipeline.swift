internal import SpectralEngine
internal import Synchronization

// gather A ─► transform ─┐
//                        ├─► product ─► inverse ─► scatter the kept part
// gather B ─► transform ─┘
//
// The one pipeline of all three passes; `PassTable` says which windows, `SpectralLayout` where everything lies.
// Forward and input gradient: FilterSpectra.swift, then ProductBlocks.swift. Filter gradient: GradientBlocks.swift.
// What no transform can give is computed directly at the end: outputs that NaN and Inf reach (Containment.swift), and
// planes whose operands are so extreme that products in the spectrum would underflow, or rounding overflow.

/// A ``TiledFFT`` recipe made ready to run.
struct SpectralPipeline<Scalar: ConvolutionScalar>: PassExecutor {
    let table: PassTable
    let layout: SpectralLayout
    let threads: Int
    let transform: PackedTransform<Scalar>
    let structuralZeros: StructuralZeros?
    let comfortable = ComfortableRange.of(.of(Scalar.self))

    var problem: Problem { table.problem }
    var shape: TileShape { table.shape }
    var Cg: Int { problem.channelsPerGroup }
    var Kg: Int { problem.filtersPerGroup }

    init(table: PassTable, layout: SpectralLayout, threads: Int) throws {
        self.table = table
        self.layout = layout
        self.threads = threads
        structuralZeros = try StructuralZeros(table.problem, table.pass)
        do {
            transform = try TransformCache.shared.transform(table.shape)
        } catch is AllocationFailure {
            throw ConvolutionError(
                .resourceLimit, argument: "memory", value: "\(table.shape.complexCount) complex elements",
                rule: "could not be allocated to plan the transforms of \(table.problem)")
        } catch {
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
        let memory = PipelineMemory<Scalar>(scratch, layout)
        for index in 0..<memory.redo.count { memory.redo[index] = 0 }
        let isTouched = Atomic(false)
        switch table.pass {
        case .forward, .inputGradient:
            control?.begin(blocks: filterBlockCount + productBlockCount)
            let hasNonFinite = try transformFilters(second, memory, control)
            isTouched.store(hasNonFinite, ordering: .relaxed)
            let careful = !hasComfortableFilters(memory)
            try Workers.run(count: layout.workers, blocks: productBlockCount) { block, worker in
                let group = block / table.pairCount
                let pair = block % table.pairCount
                let partner = 2 * pair + 1 < table.rowCount ? 2 * pair + 1 : nil
                let found = runProductBlock(
                    group, rows: (2 * pair, partner), first, bias, result, memory, worker: worker, careful: careful)
                if found { isTouched.store(true, ordering: .relaxed) }
                try control?.completeBlock()
            }
        case .filterGradient:
            control?.begin(blocks: gradientBlockCount + filterBlockCount)
            var operands = GradientOperands.ordinary
            if try !accumulate(first, second, memory, operands, control) {
                // Something tiny, huge or not finite was met: once more, with a look at both operands first.
                operands = GradientOperands(
                    input: measure(first, 0..<first.count), outputGradient: measure(second, 0..<second.count),
                    comfortable)
                isTouched.store(operands.hasNonFinite, ordering: .relaxed)
                control?.begin(blocks: gradientBlockCount + filterBlockCount)
                _ = try accumulate(first, second, memory, operands, control)
            }
            let scales = operands
            try Workers.run(count: layout.workers, blocks: filterBlockCount) { pair, worker in
                finishGradients(pair, result, memory, scales, worker: worker)
                try control?.completeBlock()
            }
        }
        structuralZeros?.apply(to: result, bias: bias)
        let redo = memory.planesForDirectSums(workers: layout.workers)
        if isTouched.load(ordering: .relaxed) {
            try Containment(problem, table.pass).apply(
                first, second, into: result, redo: redo, threads: threads, control)
        }
        try redoPlanes(redo, first, second, bias, result, control)
    }

    /// Sums all chunks of a filter gradient.
    ///
    /// - Returns: Whether the operands were as ordinary as assumed; if not, the sums are of no use.
    private func accumulate(
        _ first: Span<Scalar>, _ second: Span<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands, _ control: ExecutionControl?
    ) throws -> Bool {
        let isOrdinary = Atomic(true)
        try Workers.run(count: layout.workers, blocks: gradientBlockCount) { block, worker in
            guard isOrdinary.load(ordering: .relaxed) else { return }
            let isFine = accumulateChunk(
                group: block / layout.chunkCount, chunk: block % layout.chunkCount, first, second, memory, operands,
                worker: worker)
            if !isFine { isOrdinary.store(false, ordering: .relaxed) }
            try control?.completeBlock()
        }
        return isOrdinary.load(ordering: .relaxed)
    }

    /// Blocks that handle two filter planes at a time.
    var filterBlockCount: Int { (problem.filters * Cg + 1) / 2 }
    var productBlockCount: Int { problem.groups * table.pairCount }
    var gradientBlockCount: Int { problem.groups * layout.chunkCount }

    /// Computes by direct sums the planes that were marked for it.
    private func redoPlanes(
        _ redo: SharedRegion<UInt8>, _ first: Span<Scalar>, _ second: Span<Scalar>, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ control: ExecutionControl?
    ) throws {
        let loops = ReferenceLoops(problem)
        let rows = problem.resultShape(table.pass).dropFirst(2).dropLast().reduce(1, *)
        for plane in 0..<redo.count where redo[plane] != 0 {
            try Workers.run(count: threads, blocks: rows) { row, _ in
                switch table.pass {
                case .forward: loops.forward(first, second, bias, row: plane * rows + row, into: result)
                case .inputGradient: loops.inputGradient(first, second, row: plane * rows + row, into: result)
                case .filterGradient: loops.filterGradient(first, second, row: plane * rows + row, into: result)
                }
                try control?.checkCancellation()
            }
        }
    }
}

/// The workspace of one execution, by the names of ``SpectralLayout``.
struct PipelineMemory<Scalar: ConvolutionScalar>: Sendable {
    let halfSpectra: SharedRegion<Scalar>
    let fieldFacts: SharedRegion<Double>
    let norms: SharedRegion<Double>
    let planeFacts: SharedRegion<Double>
    let redo: SharedRegion<UInt8>
    let tiles: SharedRegion<Scalar>
    let panels: SharedRegion<Scalar>
    /// Planes of the result.
    private let planeCount: Int

    init(_ scratch: SharedRegion<UInt8>, _ layout: SpectralLayout) {
        halfSpectra = scratch.region(layout.halfSpectra, of: Scalar.self)
        fieldFacts = scratch.region(layout.fieldFacts, of: Double.self)
        norms = scratch.region(layout.norms, of: Double.self)
        planeFacts = scratch.region(layout.planeFacts, of: Double.self)
        redo = scratch.region(layout.redo, of: UInt8.self)
        tiles = scratch.region(layout.tiles, of: Scalar.self)
        panels = scratch.region(layout.panels, of: Scalar.self)
        planeCount = layout.redo.byteCount / layout.workers
    }

    /// Marks a plane of the result as one that transforms cannot give. Every worker has marks of its own.
    func markForDirectSums(_ plane: Int, worker: Int) { redo[worker * planeCount + plane] = 1 }

    /// The marks of all workers, one byte for each plane; call it when no worker runs.
    func planesForDirectSums(workers: Int) -> SharedRegion<UInt8> {
        for index in planeCount..<max(workers * planeCount, planeCount) where redo[index] != 0 {
            redo[index % planeCount] = 1
        }
        return redo[0..<planeCount]
    }
}

extension SpectralPipeline {
    /// Tile `index` of a worker: first its field tiles, then two more.
    func tile(_ index: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        memory.tiles.slice(worker * (layout.fieldTiles + 3) + index, count: 2 * shape.bufferCount)
    }

    /// The scratch of a worker's transforms.
    func scratch(worker: Int, _ memory: PipelineMemory<Scalar>) -> TransformScratch<Scalar> {
        scratch(layout.fieldTiles + 2, worker: worker, memory)
    }

    /// The scratch of the transform of field tile `index`. Where samples lie in the scratch, every field needs its own:
    /// it is the next field's tile, which is free again by the time that is filled.
    func fieldScratch(_ index: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> TransformScratch<Scalar> {
        scratch(transform.isSourceInScratch ? index + 1 : layout.fieldTiles + 2, worker: worker, memory)
    }

    private func scratch(_ tile: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> TransformScratch<Scalar> {
        TransformScratch(
            buffer: self.tile(tile, worker: worker, memory),
            panel: memory.panels.slice(worker, count: 2 * shape.panelCount))
    }

    /// Where the samples of field tile `index` are gathered.
    func fieldSource(_ index: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        transform.source(
            of: tile(index, worker: worker, memory), fieldScratch(index, worker: worker, memory))
    }

    func halfSpectrum(_ index: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        memory.halfSpectra.slice(index, count: 2 * shape.halfCount)
    }

    func facts(worker: Int, _ memory: PipelineMemory<Scalar>) -> FieldFacts {
        FieldFacts(memory.fieldFacts.slice(worker, count: layout.fieldTiles * 2 * FieldFacts.stride))
    }

    /// Gathers two partners of one field into a tile and notes their norms.
    ///
    /// - Returns: Whether each partner holds a negative sample, and whether one of them holds a non-finite one; those
    ///   are replaced by 0.
    func gather(
        _ array: Span<Scalar>, _ windows: (Window, Window?), field: Int, _ facts: FieldFacts,
        into tile: SharedRegion<Scalar>
    ) -> (negative: (Bool, Bool), hasNonFinite: Bool) {
        let summary = shape.gather(array, windows.0, windows.1, into: tile)
        var hasNonFinite = note(summary.0, tile, part: 0, field, facts)
        if windows.1 == nil {
            facts.store(.zero, field: field, part: 1)
        } else if note(summary.1, tile, part: 1, field, facts) {
            hasNonFinite = true
        }
        return ((summary.0.hasNegative, summary.1.hasNegative), hasNonFinite)
    }

    /// Notes the norm of one partner; returns whether it holds a non-finite sample.
    private func note(
        _ summary: FieldSummary, _ tile: SharedRegion<Scalar>, part: Int, _ field: Int, _ facts: FieldFacts
    ) -> Bool {
        if comfortable.energy.contains(summary.energy) {
            facts.store(FieldNorm(energy: summary.energy), field: field, part: part)
            return false
        }
        // Zero, tiny, huge or non-finite: look again, with care.
        let norm = shape.measure(tile, part: part)
        facts.store(norm, field: field, part: part)
        return norm.nonFiniteCount > 0
    }
}
