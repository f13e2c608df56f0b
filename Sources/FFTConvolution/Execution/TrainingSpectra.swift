public import SpectralEngine
internal import Synchronization

/// Memory for the spectra that a forward pass keeps for its gradients: the precise form of ``TrainingStep``.
///
/// Made by ``Plan/makeTrainingSpectra(memoryBudget:)``; use it again for the next step of the same plan.
public final class TrainingSpectra<Scalar: ConvolutionScalar>: Sendable {
    /// The plan that made it, and alone can read it: others cut tiles otherwise.
    fileprivate let plan: Plan<Scalar>
    /// What runs the passes together; `nil` where they run separately.
    fileprivate let executor: (any StepExecutor<Scalar>)?
    fileprivate let memory: Workspace?
    /// Whether the last forward pass kept anything: not if an operand was out of the ordinary.
    fileprivate let isKept = Atomic(false)

    fileprivate init(_ plan: Plan<Scalar>, _ executor: (any StepExecutor<Scalar>)?, _ memory: Workspace?) {
        (self.plan, self.executor, self.memory) = (plan, executor, memory)
    }

    /// Bytes it holds; 0 if the gradients transform again what they need.
    public var byteCount: Int { memory == nil ? 0 : executor?.keptByteCount ?? 0 }

    /// Hands the memory to the next step: mostly of the same problem, and fresh memory costs a page fault every 4 KiB.
    func recycle() { if let memory { WorkspacePool.shared.giveBack(memory) } }
}

extension Plan {
    /// Makes memory for the spectra of training steps.
    ///
    /// - Parameter memoryBudget: Bytes that may be kept; `nil` for as many as the plan's memory limit, if it has one. Where they are
    ///   too few, or cannot be had, nothing is kept and the passes run separately.
    /// - Throws: ``ConvolutionError`` if one of the three passes was not planned.
    public func makeTrainingSpectra(memoryBudget: Int? = nil) throws -> TrainingSpectra<Scalar> {
        let budget = memoryBudget ?? options.memoryLimit ?? .max
        guard let executor = try stepExecutor(), executor.keptByteCount <= budget,
            let memory = try? WorkspacePool.shared.take(byteCount: executor.keptByteCount)
        else { return TrainingSpectra(self, nil, nil) }
        return TrainingSpectra(self, executor, memory)
    }

    /// Bytes that a training step keeps; 0 if it runs the separate passes.
    ///
    /// - Throws: ``ConvolutionError`` if one of the three passes was not planned.
    public func trainingStepByteCount() throws -> Int { try stepExecutor()?.keptByteCount ?? 0 }

    /// Bytes of scratch that each half of a training step uses.
    ///
    /// - Throws: ``ConvolutionError`` if one of the three passes was not planned.
    public func trainingStepWorkspaceByteCount() throws -> Int {
        let separate = try Pass.allCases.map { try workspaceByteCount(for: $0) }.max() ?? 0
        return max(try stepExecutor()?.workspaceByteCount ?? 0, separate)
    }

    /// The forward pass of a training step, into memory the caller owns. Allocates nothing that grows with the problem, unless
    /// operands hold NaN or Inf: then a count for each of their planes.
    ///
    /// - Parameters:
    ///   - bias: `[K]`, or empty for none.
    ///   - y: Overwritten; never read. Undefined if an error is thrown.
    ///   - spectra: Of this plan. Overwritten; serves one execution at a time.
    ///   - workspace: At least ``trainingStepWorkspaceByteCount()`` bytes.
    public func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, bias: Span<Scalar>, into y: inout MutableSpan<Scalar>,
        keeping spectra: TrainingSpectra<Scalar>, workspace: Workspace, control: ExecutionControl? = nil
    ) throws {
        try require(spectra)
        spectra.isKept.store(false, ordering: .relaxed)
        guard let executor = spectra.executor, let memory = spectra.memory else {
            return try forward(x, w, bias: bias, into: &y, workspace: workspace, control: control)
        }
        try check(x, "input", problem.inputCount, of: problem.inputShape)
        try check(w, "filter", problem.filterCount, of: problem.filterShape)
        if !bias.isEmpty { try check(bias, "bias", problem.filters, of: problem.biasShape) }
        try require(y.count, "output", problem.outputCount)
        try workspace.withExclusiveRegion(requiring: executor.workspaceByteCount) { scratch in
            try memory.withExclusiveRegion(requiring: executor.keptByteCount) { kept in
                try y.withSharedRegion { y in
                    try withDefaultFloatingPoint {
                        let isKept = try executor.forward(
                            x, w, bias: bias, into: y, kept: kept, scratch: scratch, control: control)
                        spectra.isKept.store(isKept, ordering: .releasing)
                    }
                }
            }
        }
    }

    /// Both gradients of a training step, into memory the caller owns. Allocates nothing that grows with the problem, unless
    /// operands hold NaN or Inf: then a count for each of their planes.
    ///
    /// - Parameters:
    ///   - x: The input of the forward pass that filled `spectra`, unchanged; and its filter.
    ///   - dy: Output gradient, `[N, K, spatial…]`.
    ///   - dx: Input gradient; overwritten, never read. Undefined if an error is thrown.
    ///   - dw: Filter gradient, likewise.
    ///   - spectra: Of this plan. Only read, by as many executions as there are, but not while a forward pass fills them.
    ///   - workspace: At least ``trainingStepWorkspaceByteCount()`` bytes.
    public func gradients(
        _ x: Span<Scalar>, _ w: Span<Scalar>, _ dy: Span<Scalar>, into dx: inout MutableSpan<Scalar>,
        _ dw: inout MutableSpan<Scalar>, reusing spectra: TrainingSpectra<Scalar>, workspace: Workspace,
        control: ExecutionControl? = nil
    ) throws {
        try require(spectra)
        guard let executor = spectra.executor, let memory = spectra.memory else {
            try inputGradient(dy, w, into: &dx, workspace: workspace, control: control)
            return try filterGradient(x, dy, into: &dw, workspace: workspace, control: control)
        }
        // Those of the forward pass were looked at then.
        try require(x.count, "input", problem.inputCount)
        try require(w.count, "filter", problem.filterCount)
        try check(dy, "output gradient", problem.outputCount, of: problem.outputShape)
        try require(dx.count, "input gradient", problem.inputCount)
        try require(dw.count, "filter gradient", problem.filterCount)
        let isKept = spectra.isKept.load(ordering: .acquiring)
        try workspace.withExclusiveRegion(requiring: executor.workspaceByteCount) { scratch in
            try memory.withReadRegion { kept in
                try dx.withSharedRegion { dx in
                    try dw.withSharedRegion { dw in
                        try withDefaultFloatingPoint {
                            try executor.gradients(
                                x, w, dy, kept: isKept ? kept : nil, into: dx, dw, scratch: scratch, control: control)
                        }
                    }
                }
            }
        }
    }

    private func require(_ spectra: TrainingSpectra<Scalar>) throws(ConvolutionError) {
        guard spectra.plan === self else {
            throw ConvolutionError(
                .mismatch, argument: "training spectra", value: "those of another plan for \(spectra.plan.problem)",
                rule: "must be made by the plan that runs the step, for \(problem)")
        }
    }

    private func require(_ count: Int, _ name: String, _ expected: Int) throws(ConvolutionError) {
        guard count == expected else { throw .elementCount(tensor: name, expected: expected, actual: count) }
    }
}
