public import SpectralEngine

/// A filter whose transforms are done, for many forward passes.
///
/// Made by ``Plan/prepare(filter:)``. The results are those of the plan's own calls, bit for bit; only the time of the filter's
/// transforms is saved. Plans made with ``PlanOptions/filterUse`` are chosen for that. It may be used from many threads at once.
public final class PreparedFilter<Scalar: ConvolutionScalar>: Sendable {
    public let plan: Plan<Scalar>

    private let filter: Tensor<Scalar>
    /// `nil` where there is nothing to make ready, or the filter is out of the ordinary: then calls take it as it is.
    private let memory: AlignedBuffer?

    /// Bytes it holds beside the filter itself.
    public var byteCount: Int { memory?.byteCount ?? 0 }

    init(_ plan: Plan<Scalar>, _ filter: Tensor<Scalar>, _ memory: AlignedBuffer?) {
        self.plan = plan
        self.filter = filter
        self.memory = memory
    }

    /// Computes the convolution with this filter.
    ///
    /// - Parameters:
    ///   - x: Input, `[N, C, spatial…]`.
    ///   - bias: `[K]`, added to every output of its filter.
    ///   - control: Lets another thread watch or stop the execution.
    /// - Returns: Output, `[N, K, spatial…]`.
    /// - Throws: ``ConvolutionError``, as ``Plan/forward(_:_:bias:control:)``.
    public func forward(
        _ x: Tensor<Scalar>, bias: Tensor<Scalar>? = nil, control: ExecutionControl? = nil
    ) throws -> Tensor<Scalar> {
        try plan.forward(x, filter, prepared: memory, bias: bias, control: control)
    }

    /// ``forward(_:bias:control:)`` into memory the caller owns. Allocates nothing that grows with the problem, unless
    /// operands hold NaN or Inf: then a count for each of their planes.
    ///
    /// - Parameters:
    ///   - bias: `[K]`, or empty for none.
    ///   - y: Overwritten; never read. Undefined if an error is thrown.
    ///   - workspace: At least ``Plan/workspaceByteCount(for:)`` bytes.
    public func forward(
        _ x: Span<Scalar>, bias: Span<Scalar>, into y: inout MutableSpan<Scalar>, workspace: Workspace,
        control: ExecutionControl? = nil
    ) throws {
        let elements = filter.elements
        try plan.forward(
            x, elements.span, prepared: memory, bias: bias, into: &y, workspace: workspace, control: control)
    }
}
