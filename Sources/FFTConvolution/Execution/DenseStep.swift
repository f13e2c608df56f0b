internal import SpectralEngine

// A training step by matrix products: the forward pass loads its fields into memory that stays, and the filter gradient takes
// their spectra from there. The input gradient is the pass of its own: its windows of the output gradient overlap, those of the
// filter gradient do not, and here transforms are the smaller part of the work.

/// A ``TiledFFT`` recipe's training step with a matrix product for each bin, made ready to run.
struct DenseStep<Scalar: ConvolutionScalar>: StepExecutor {
    private let forward: DensePipeline<Scalar>
    private let inputGradient: any PassExecutor<Scalar>
    private let filterGradient: DensePipeline<Scalar>
    let workspaceByteCount: Int
    let arithmetic: Arithmetic
    let keptByteCount: Int

    /// - Returns: `nil` where the fields are more than one block of row pairs, or memory is so short that the filter gradient comes
    ///   in sections (Sections.swift). Spectra that are many because filters are few come in blocks too, and are not kept: such
    ///   steps were measured at 0.88 to 1.08 of the time (`Docs/Measurements/2026-11-26-rests.md`).
    init?(_ recipe: TiledFFT, inputGradient: TiledFFT) throws {
        let problem = recipe.request.problem
        arithmetic = recipe.arithmetic
        guard let filterGradient = recipe.sibling(.filterGradient), let layout = recipe.dense,
            let gradientLayout = filterGradient.dense, layout.rowBlock >= recipe.table.pairCount,
            gradientLayout.sectioning == Sectioning(problem),
            max(recipe.memoryByteCount, filterGradient.memoryByteCount) <= recipe.request.memoryLimit
        else { return nil }
        workspaceByteCount = max(
            recipe.workspaceByteCount, inputGradient.workspaceByteCount, filterGradient.workspaceByteCount)
        var memory = WorkspaceLayout()
        _ = memory.book(problem.groups, layout.keptGroup, bytesEach: 1)
        keptByteCount = memory.byteCount
        let threads = recipe.request.threads
        forward = try DensePipeline(
            table: recipe.table, layout: layout,
            careful: SpectralPipeline(table: recipe.table, layout: recipe.layout, threads: threads))
        self.inputGradient = try inputGradient.makeExecutor(for: Scalar.self)
        self.filterGradient = try DensePipeline(
            table: filterGradient.table, layout: gradientLayout,
            careful: SpectralPipeline(table: filterGradient.table, layout: filterGradient.layout, threads: threads))
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, bias: Span<Scalar>, into y: SharedRegion<Scalar>,
        kept: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws -> Bool {
        let memory = DenseMemory<Scalar>(scratch, forward.layout)
        let isOrdinary = try forward.products(x, w, prepared: nil, kept: kept, bias, y, memory, control)
        try forward.finish(x, w, bias, y, isOrdinary, scratch, control)
        return isOrdinary
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func gradients(
        _ x: Span<Scalar>, _ w: Span<Scalar>, _ dy: Span<Scalar>, kept: SharedRegion<UInt8>?,
        into dx: SharedRegion<Scalar>, _ dw: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>,
        control: ExecutionControl?
    ) throws {
        let none = Span<Scalar>()
        try inputGradient.execute(dy, w, bias: none, into: dx, scratch: scratch, control: control)
        if let kept {
            let memory = DenseMemory<Scalar>(scratch, filterGradient.layout)
            let fields = KeptFields(kept, forward.layout, memory)
            control?.begin(blocks: filterGradient.gradientBlockCount)
            if try filterGradient.gradients(x, dy, kept: fields, dw, memory, control) {
                return try filterGradient.finish(x, dy, none, dw, true, scratch, control)
            }
        }
        try filterGradient.execute(x, dy, bias: none, into: dw, scratch: scratch, control: control)
    }
}

/// The fields that the forward pass of a training step kept, spectra and all that is known of them.
struct KeptFields<Scalar: ConvolutionScalar>: Sendable {
    let layout: DenseLayout
    private let region: SharedRegion<UInt8>
    private let scratch: DenseMemory<Scalar>

    /// - Parameter layout: That of the forward pass.
    init(_ region: SharedRegion<UInt8>, _ layout: DenseLayout, _ scratch: DenseMemory<Scalar>) {
        (self.region, self.layout, self.scratch) = (region, layout, scratch)
    }

    func memory(_ group: Int) -> DenseMemory<Scalar> {
        scratch.keeping(region.slice(group, count: layout.keptGroup), layout)
    }

    /// What is known of one row pair; `nil` if it was scaled.
    func row(_ pair: Int, _ group: Int) -> (facts: FieldFacts, negatives: SharedRegion<UInt8>)? {
        let memory = memory(group)
        let count = layout.fieldCount * 2 * FieldFacts.stride
        let start = layout.rowBlock * count + pair * RowFacts.stride
        guard RowFacts(memory.facts[start..<start + RowFacts.stride]).exponents == (0, 0) else { return nil }
        return (
            FieldFacts(memory.facts.slice(pair, count: count)),
            memory.negatives.slice(pair, count: 2 * layout.fieldCount)
        )
    }
}
