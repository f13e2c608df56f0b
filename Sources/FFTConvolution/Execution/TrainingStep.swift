public import SpectralEngine

/// One step of training: a forward pass whose spectra serve the gradients.
///
/// Made by ``Plan/trainingStep(_:_:bias:memoryBudget:control:)``. The forward pass keeps the transforms of input and filter, the
/// gradients reuse them and transform the output gradient once for both: four sets of transforms in place of six. Layers that sum over
/// channels by products of matrices keep those of the input alone, make the filter's anew, and share those of the output gradient where
/// there is room. When that is, and when nothing is shared: `Docs/Algorithms/TiledFFT.md`, "A training step". A step holds its tensors
/// and, until it is released, ``byteCount`` bytes of spectra. It is immutable; gradients may be asked for more than once, and from many
/// threads.
public final class TrainingStep<Scalar: ConvolutionScalar>: Sendable {
    public let plan: Plan<Scalar>
    /// The result of the forward pass, `[N, K, spatial…]`.
    public let output: Tensor<Scalar>

    private let input: Tensor<Scalar>
    private let filter: Tensor<Scalar>
    private let hasBias: Bool
    private let spectra: TrainingSpectra<Scalar>

    /// Bytes kept for the gradients beside the tensors; 0 if they transform again what they need.
    public var byteCount: Int { spectra.byteCount }

    init(
        _ plan: Plan<Scalar>, _ input: Tensor<Scalar>, _ filter: Tensor<Scalar>, bias: Tensor<Scalar>?,
        _ spectra: TrainingSpectra<Scalar>, _ control: ExecutionControl?
    ) throws {
        let (x, w, b) = (input.elements, filter.elements, bias?.elements ?? [])
        var y = try Tensor<Scalar>(zeros: plan.problem.outputShape).elements
        let workspace = try WorkspacePool.shared.take(byteCount: plan.trainingStepWorkspaceByteCount())
        defer { WorkspacePool.shared.giveBack(workspace) }
        var span = y.mutableSpan
        try plan.forward(
            x.span, w.span, bias: b.span, into: &span, keeping: spectra, workspace: workspace, control: control)
        output = try Tensor(shape: plan.problem.outputShape, elements: y)
        (self.plan, self.input, self.filter, self.spectra, hasBias) = (plan, input, filter, spectra, bias != nil)
    }

    deinit { spectra.recycle() }

    /// Computes the gradients of all operands.
    ///
    /// - Parameters:
    ///   - dy: Output gradient, `[N, K, spatial…]`.
    ///   - control: Lets another thread watch or stop the execution.
    /// - Returns: Each gradient has the shape of its tensor; that of the bias is there if the step has one.
    /// - Throws: ``ConvolutionError`` if the shape is not the output's, memory is short, or a numeric policy refuses.
    public func gradients(_ dy: Tensor<Scalar>, control: ExecutionControl? = nil) throws -> Gradients<Scalar> {
        let problem = plan.problem
        try plan.require(dy, "output gradient", problem.outputShape)
        let (x, w, g) = (input.elements, filter.elements, dy.elements)
        var dx = try Tensor<Scalar>(zeros: problem.inputShape).elements
        var dw = try Tensor<Scalar>(zeros: problem.filterShape).elements
        let workspace = try WorkspacePool.shared.take(byteCount: plan.trainingStepWorkspaceByteCount())
        defer { WorkspacePool.shared.giveBack(workspace) }
        var dxSpan = dx.mutableSpan
        var dwSpan = dw.mutableSpan
        try plan.gradients(
            x.span, w.span, g.span, into: &dxSpan, &dwSpan, reusing: spectra, workspace: workspace, control: control)
        return Gradients(
            input: try Tensor(shape: problem.inputShape, elements: dx),
            filter: try Tensor(shape: problem.filterShape, elements: dw),
            bias: hasBias ? try plan.biasGradient(dy) : nil)
    }
}

/// What ``TrainingStep/gradients(_:control:)`` gives.
public struct Gradients<Scalar: ConvolutionScalar>: Sendable {
    /// With respect to the input, `[N, C, spatial…]`.
    public let input: Tensor<Scalar>
    /// With respect to the filter, `[K, C/G, spatial…]`.
    public let filter: Tensor<Scalar>
    /// With respect to the bias, `[K]`; `nil` if the step has none.
    public let bias: Tensor<Scalar>?
}

extension Plan {
    /// Computes the forward pass of a training step and keeps its spectra for the gradients.
    ///
    /// Kept are about 2·(L/T)ᵈ times the bytes of the input, d axes being cut into tiles of T results by transforms of length L,
    /// and for every filter plane half a spectrum, but for layers that sum over channels by products of matrices, which keep nothing of
    /// the filter; ``trainingStepByteCount()`` says it exactly.
    ///
    /// The step runs the separate passes, and keeps nothing, where one of them takes direct sums (small filters mostly do),
    /// where a memory limit has no room for the spectra of all filters at once, and in some other cases
    /// (`Docs/Algorithms/TiledFFT.md`, "A training step").
    ///
    /// Results obey the contract of the separate passes. Where each pass has one tile, the same for all, they are those passes'
    /// bit for bit; where tiles are many, those of the input gradient overlap and add up, and its scale S is the sum over the
    /// tiles that reach an element (`Docs/Mathematics.md`, "Tiles of a training step").
    /// ``errorBound(_:_:for:)`` speaks of the separate passes.
    ///
    /// - Parameters:
    ///   - x: Input, `[N, C, spatial…]`.
    ///   - w: Filter, `[K, C/G, spatial…]`; not flipped (cross-correlation).
    ///   - bias: `[K]`, added to every output of its filter.
    ///   - memoryBudget: Bytes that may be kept; `nil` for as many as the plan's memory limit, if it has one. If they are too few
    ///     nothing is kept, and the step runs the separate passes.
    ///   - control: Lets another thread watch or stop the execution.
    /// - Throws: ``ConvolutionError``, as ``forward(_:_:bias:control:)``; also if a pass was not planned.
    public func trainingStep(
        _ x: Tensor<Scalar>, _ w: Tensor<Scalar>, bias: Tensor<Scalar>? = nil, memoryBudget: Int? = nil,
        control: ExecutionControl? = nil
    ) throws -> TrainingStep<Scalar> {
        try require(x, "input", problem.inputShape)
        try require(w, "filter", problem.filterShape)
        if let bias { try require(bias, "bias", problem.biasShape) }
        let spectra = try makeTrainingSpectra(memoryBudget: memoryBudget)
        return try TrainingStep(self, x, w, bias: bias, spectra, control)
    }
}
