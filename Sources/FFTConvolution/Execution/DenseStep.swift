internal import SpectralEngine

// A training step by matrix products: the forward pass loads its fields into memory that stays, and so does the input gradient, whose
// tiles overlap and add up as in SpectralStep.swift; the filter gradient takes the spectra of both from there. Those of the filters
// are made anew: reading them from where they would fit takes as long (`Docs/Measurements/2026-11-27-steps.md`).

/// A ``TiledFFT`` recipe's training step with a matrix product for each bin, made ready to run.
struct DenseStep<Scalar: ConvolutionScalar>: StepExecutor {
    private let forward: DensePipeline<Scalar>
    /// The input gradient whose fields are kept, where there is one; and the pass of its own, which takes operands that are out of the
    /// ordinary too.
    private let inputGradient: DensePipeline<Scalar>?
    private let inputGradientAlone: DensePipeline<Scalar>
    private let filterGradient: DensePipeline<Scalar>
    /// What is kept of the output gradient, and the scratch of the passes.
    private let gradientFields: Booking
    private let scratch: Booking
    let workspaceByteCount: Int
    let arithmetic: Arithmetic
    let keptByteCount: Int
    /// Blocks that the results of a dX whose tiles overlap are stored in: enough for some workers to share.
    private static var leastOutputBlocks: Int { 8 }

    /// - Parameters:
    ///   - inputGradient: The pass of its own.
    ///   - keepsGradients: Whether the spectra of the output gradient are kept.
    /// - Returns: `nil` where the fields are more than one block of row pairs, or memory is so short that the filter gradient comes
    ///   in sections (Sections.swift). Spectra that are many because filters are few come in blocks too, and are not kept: such
    ///   steps were measured at 0.88 to 1.08 of the time (`Docs/Measurements/2026-11-26-rests.md`).
    init?(_ recipe: TiledFFT, inputGradient alone: TiledFFT, keepsGradients: Bool) throws {
        let problem = recipe.request.problem
        arithmetic = recipe.arithmetic
        let adjoint = keepsGradients ? recipe.sibling(.inputGradient, addsOverlaps: true) : nil
        func fits(_ recipe: TiledFFT?) -> Bool { recipe?.dense?.rowBlock ?? 0 >= recipe?.table.pairCount ?? .max }
        guard let filterGradient = recipe.sibling(.filterGradient), let layout = recipe.dense,
            let aloneLayout = alone.dense, let gradientLayout = filterGradient.dense, fits(recipe),
            !keepsGradients || recipe.canShareStep && fits(adjoint),
            gradientLayout.sectioning == Sectioning(problem)
        else { return nil }
        var places = WorkspaceLayout()
        gradientFields = places.book(problem.groups, adjoint?.dense?.keptGroup ?? 0, bytesEach: 1)
        // Else workers would be given up for it, or those who store results that overlap would be few.
        let isWorthIt =
            gradientFields.byteCount <= min(KeptPlaces.scratchLimit, recipe.request.memoryLimit / 4)
            && adjoint.map { $0.table.outputBlockCount >= Self.leastOutputBlocks } ?? true
        guard isWorthIt else { return nil }
        let passes = [recipe, alone, filterGradient] + (adjoint.map { [$0] } ?? [])
        scratch = places.book(passes.map(\.workspaceByteCount).max() ?? 0, bytesEach: 1)
        workspaceByteCount = places.byteCount
        // One pass has its tables at a time.
        let memoryByteCount = workspaceByteCount.addingReportingOverflow(passes.map(\.tableByteCount).max() ?? 0)
        guard !memoryByteCount.overflow, memoryByteCount.partialValue <= recipe.request.memoryLimit else { return nil }
        var memory = WorkspaceLayout()
        _ = memory.book(problem.groups, layout.keptGroup, bytesEach: 1)
        keptByteCount = memory.byteCount
        // A step goes round more memory than its passes, and all of them gain by asking (`Docs/Measurements/2026-11-28-ahead.md`).
        let spectra = [keptByteCount, gradientFields.byteCount, layout.outputs.byteCount].reduce(0.0) {
            $0 + Double($1)
        }
        let isFar = spectra > Double(KeptPlaces.nearLimit)
        func pipeline(_ recipe: TiledFFT, _ layout: DenseLayout) throws -> DensePipeline<Scalar> {
            var pipeline = try DensePipeline<Scalar>(
                table: recipe.table, layout: layout,
                careful: SpectralPipeline(table: recipe.table, layout: recipe.layout, threads: recipe.request.threads))
            pipeline.fetchesAhead = pipeline.fetchesAhead || isFar
            return pipeline
        }
        forward = try pipeline(recipe, layout)
        inputGradientAlone = try pipeline(alone, aloneLayout)
        inputGradient = try adjoint.flatMap { adjoint in try adjoint.dense.map { try pipeline(adjoint, $0) } }
        self.filterGradient = try pipeline(filterGradient, gradientLayout)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, bias: Span<Scalar>, into y: SharedRegion<Scalar>,
        kept: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws -> Bool {
        let own = scratch.part(self.scratch)
        let memory = DenseMemory<Scalar>(own, forward.layout, control)
        let isOrdinary = try forward.products(x, w, prepared: nil, kept: kept, bias, y, memory, control)
        try forward.finish(x, w, bias, y, isOrdinary, own, control)
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
        let own = scratch.part(self.scratch)
        let g = try keepGradients(w, dy, dx, scratch, control)
        if g == nil {
            try inputGradientAlone.execute(dy, w, bias: none, into: dx, scratch: own, control: control)
        }
        if let kept {
            let memory = DenseMemory<Scalar>(own, filterGradient.layout, control)
            let operands = KeptOperands(x: KeptFields(kept, forward.layout, memory), g: g)
            control?.begin(blocks: filterGradient.gradientBlockCount)
            if try filterGradient.gradients(x, dy, kept: operands, dw, memory, control) {
                return try filterGradient.finish(x, dy, none, dw, true, own, control)
            }
        }
        try filterGradient.execute(x, dy, bias: none, into: dw, scratch: own, control: control)
    }

    /// The input gradient, keeping the fields of the output gradient.
    ///
    /// - Returns: `nil` if they are not kept, or the operands were not ordinary; then the result is of no use.
    private func keepGradients(
        _ w: Span<Scalar>, _ dy: Span<Scalar>, _ dx: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>,
        _ control: ExecutionControl?
    ) throws -> KeptFields<Scalar>? {
        guard let inputGradient else { return nil }
        let own = scratch.part(self.scratch)
        let memory = DenseMemory<Scalar>(own, inputGradient.layout, control)
        let kept = scratch.part(gradientFields)
        if inputGradient.table.addsOverlaps { clear(dx) }
        guard try inputGradient.products(dy, w, prepared: nil, kept: kept, Span(), dx, memory, control) else {
            return nil
        }
        try inputGradient.finish(dy, w, Span(), dx, true, own, control)
        return KeptFields(kept, inputGradient.layout, memory)
    }
}

/// What is kept of both operands of a filter gradient.
struct KeptOperands<Scalar: ConvolutionScalar>: Sendable {
    var x: KeptFields<Scalar>?
    var g: KeptFields<Scalar>?
}

/// The fields that a pass of a training step kept, spectra and all that is known of them.
struct KeptFields<Scalar: ConvolutionScalar>: Sendable {
    let layout: DenseLayout
    private let region: SharedRegion<UInt8>
    private let scratch: DenseMemory<Scalar>

    /// - Parameter layout: That of the pass.
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
