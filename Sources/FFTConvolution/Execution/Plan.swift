public import SpectralEngine
internal import Synchronization

/// One problem made ready to compute, in one precision. Immutable; execute it from as many threads as you like.
///
/// The convenient calls take and give ``Tensor``; each is a thin layer over one that reads and writes memory the caller
/// owns and, with ordinary operands, allocates nothing that grows with the problem. Printing a plan tells what each pass runs.
public final class Plan<Scalar: ConvolutionScalar>: Sendable {
    public let problem: Problem
    public let options: PlanOptions

    private struct PlannedPass {
        let recipe: any Algorithm
        let name: String
        let executor: any PassExecutor<Scalar>
    }

    private let passes: [Pass: PlannedPass]
    /// What runs training steps, once one was asked for; inside `nil` where the passes run separately.
    private let step = Mutex<(any StepExecutor<Scalar>)??>(nil)

    init(problem: Problem, options: PlanOptions, recipes: [Pass: any Algorithm]) throws {
        self.problem = problem
        self.options = options
        passes = try recipes.mapValues { recipe in
            PlannedPass(
                recipe: recipe, name: type(of: recipe).name, executor: try recipe.makeExecutor(for: Scalar.self))
        }
    }

    /// What every other plan is checked against: sums in twice the precision, by the plain definition.
    package static func reference(for problem: Problem, threads: ThreadCount) throws -> Plan {
        let workers = try threads.resolved()
        var recipes: [Pass: any Algorithm] = [:]
        for pass in Pass.allCases {
            let request = PlanRequest(problem: problem, pass: pass, precision: .of(Scalar.self), threads: workers)
            recipes[pass] = Reference(request: request)
        }
        return try Plan(problem: problem, options: PlanOptions(method: .direct, threads: threads), recipes: recipes)
    }

    /// Bytes of all passes' tables; some may share them.
    var tableByteCount: Int { passes.values.reduce(0) { min($0 + $1.recipe.tableByteCount, .max / 2) } }

    /// What runs the passes of a training step together; `nil` where that gains nothing.
    func stepExecutor() throws -> (any StepExecutor<Scalar>)? {
        if let made = step.withLock({ $0 }) { return made }
        let made = try withDefaultFloatingPoint {
            try recipe(for: .forward).makeStepExecutor(
                for: Scalar.self, inputGradient: recipe(for: .inputGradient),
                filterGradient: recipe(for: .filterGradient), tolerance: options.tolerance)
        }
        step.withLock { $0 = .some(made) }
        return made
    }

    /// What a pass runs.
    package func recipe(for pass: Pass) throws(ConvolutionError) -> any Algorithm { try planned(pass).recipe }

    private func planned(_ pass: Pass) throws(ConvolutionError) -> PlannedPass {
        guard let planned = passes[pass] else {
            throw ConvolutionError(
                .invalidArgument, argument: "pass", value: pass.rawValue, rule: "is not among the plan's passes")
        }
        return planned
    }
}

// MARK: - Convenient calls

extension Plan {
    /// Computes the convolution.
    ///
    /// - Parameters:
    ///   - x: Input, `[N, C, spatial…]`.
    ///   - w: Filter, `[K, C/G, spatial…]`; not flipped (cross-correlation).
    ///   - bias: `[K]`, added to every output of its filter.
    ///   - control: Lets another thread watch or stop the execution.
    /// - Returns: Output, `[N, K, spatial…]`.
    /// - Throws: ``ConvolutionError`` if a shape is not the problem's, memory is short, or a numeric policy refuses.
    public func forward(
        _ x: Tensor<Scalar>, _ w: Tensor<Scalar>, bias: Tensor<Scalar>? = nil, control: ExecutionControl? = nil
    ) throws -> Tensor<Scalar> {
        try forward(x, w, prepared: nil, bias: bias, control: control)
    }

    /// Does the transforms of a filter once, for many forward passes.
    ///
    /// A plan that is made for it, by ``PlanOptions/filterUse``, transforms smaller filters than others do; one that takes direct sums
    /// has nothing to make ready.
    ///
    /// - Parameter w: Filter, `[K, C/G, spatial…]`.
    /// - Throws: ``ConvolutionError`` if the shape is not the problem's, memory is short, or a numeric policy refuses.
    public func prepare(filter w: Tensor<Scalar>) throws -> PreparedFilter<Scalar> {
        try require(w, "filter", problem.filterShape)
        let elements = w.elements
        try check(elements.span, "filter", problem.filterCount, of: problem.filterShape)
        let planned = try planned(.forward)
        let byteCount = planned.executor.preparedByteCount
        guard byteCount > 0 else { return PreparedFilter(self, w, nil) }
        let memory = try Workspace(byteCount: byteCount).buffer
        let workspace = try WorkspacePool.shared.take(byteCount: planned.recipe.workspaceByteCount)
        defer { WorkspacePool.shared.giveBack(workspace) }
        var isOrdinary = false
        try workspace.withExclusiveRegion(requiring: planned.recipe.workspaceByteCount) { scratch in
            isOrdinary = try memory.withSharedRegion(of: UInt8.self) { memory in
                try withDefaultFloatingPoint {
                    try planned.executor.prepare(elements.span, into: memory, scratch: scratch)
                }
            }
        }
        return PreparedFilter(self, w, isOrdinary ? memory : nil)
    }

    func forward(
        _ x: Tensor<Scalar>, _ w: Tensor<Scalar>, prepared: AlignedBuffer?, bias: Tensor<Scalar>?,
        control: ExecutionControl?
    ) throws -> Tensor<Scalar> {
        try require(x, "input", problem.inputShape)
        try require(w, "filter", problem.filterShape)
        if let bias { try require(bias, "bias", problem.biasShape) }
        let (input, filter, added) = (x.elements, w.elements, bias?.elements ?? [])
        return try makeResult(.forward) { y, workspace in
            try forward(
                input.span, filter.span, prepared: prepared, bias: added.span, into: &y, workspace: workspace,
                control: control)
        }
    }

    /// Computes the gradient with respect to the input: the adjoint of the forward pass in X.
    ///
    /// - Parameters:
    ///   - dy: Output gradient, `[N, K, spatial…]`.
    ///   - w: Filter, `[K, C/G, spatial…]`.
    /// - Returns: Input gradient, `[N, C, spatial…]`.
    /// - Throws: ``ConvolutionError``, as ``forward(_:_:bias:control:)``.
    public func inputGradient(
        _ dy: Tensor<Scalar>, _ w: Tensor<Scalar>, control: ExecutionControl? = nil
    ) throws -> Tensor<Scalar> {
        try require(dy, "output gradient", problem.outputShape)
        try require(w, "filter", problem.filterShape)
        let (outputGradient, filter) = (dy.elements, w.elements)
        return try makeResult(.inputGradient) { dx, workspace in
            try inputGradient(outputGradient.span, filter.span, into: &dx, workspace: workspace, control: control)
        }
    }

    /// Computes the gradient with respect to the filter: the adjoint of the forward pass in W.
    ///
    /// - Parameters:
    ///   - x: Input, `[N, C, spatial…]`.
    ///   - dy: Output gradient, `[N, K, spatial…]`.
    /// - Returns: Filter gradient, `[K, C/G, spatial…]`, summed over the batch.
    /// - Throws: ``ConvolutionError``, as ``forward(_:_:bias:control:)``.
    public func filterGradient(
        _ x: Tensor<Scalar>, _ dy: Tensor<Scalar>, control: ExecutionControl? = nil
    ) throws -> Tensor<Scalar> {
        try require(x, "input", problem.inputShape)
        try require(dy, "output gradient", problem.outputShape)
        let (input, outputGradient) = (x.elements, dy.elements)
        return try makeResult(.filterGradient) { dw, workspace in
            try filterGradient(input.span, outputGradient.span, into: &dw, workspace: workspace, control: control)
        }
    }

    /// Computes the gradient with respect to the bias: the sum of the output gradient over N and space.
    ///
    /// - Parameter dy: Output gradient, `[N, K, spatial…]`.
    /// - Returns: `[K]`, summed in twice the precision and rounded once.
    /// - Throws: ``ConvolutionError`` if the shape is not the problem's, or a numeric policy refuses.
    public func biasGradient(_ dy: Tensor<Scalar>) throws -> Tensor<Scalar> {
        try require(dy, "output gradient", problem.outputShape)
        let elements = dy.elements
        var db = try Tensor<Scalar>(zeros: problem.biasShape).elements
        var span = db.mutableSpan
        try biasGradient(elements.span, into: &span)
        return try Tensor(shape: problem.biasShape, elements: db)
    }

    func require(_ tensor: Tensor<Scalar>, _ name: String, _ shape: [Int]) throws(ConvolutionError) {
        guard tensor.shape == shape else { throw .shape(tensor: name, expected: shape, actual: tensor.shape) }
    }

    private func makeResult(
        _ pass: Pass, _ body: (inout MutableSpan<Scalar>, Workspace) throws -> Void
    ) throws -> Tensor<Scalar> {
        let planned = try planned(pass)
        let shape = problem.resultShape(pass)
        var elements = try Tensor<Scalar>(zeros: shape).elements
        let workspace = try WorkspacePool.shared.take(byteCount: planned.recipe.workspaceByteCount)
        defer { WorkspacePool.shared.giveBack(workspace) }
        var span = elements.mutableSpan
        try body(&span, workspace)
        return try Tensor(shape: shape, elements: elements)
    }
}

// MARK: - Precise calls

extension Plan {
    /// Makes scratch large enough for these passes; for all that were planned, if none are named.
    ///
    /// - Throws: ``ConvolutionError`` if a pass was not planned, or (`resourceLimit`) if the memory cannot be had.
    public func makeWorkspace(for passes: [Pass]? = nil) throws(ConvolutionError) -> Workspace {
        var byteCount = 0
        for pass in passes ?? Array(self.passes.keys) { byteCount = max(byteCount, try workspaceByteCount(for: pass)) }
        return try Workspace(byteCount: byteCount)
    }

    /// Bytes of scratch that one execution of a pass uses.
    ///
    /// - Throws: ``ConvolutionError`` if the pass was not planned.
    public func workspaceByteCount(for pass: Pass) throws(ConvolutionError) -> Int {
        try planned(pass).recipe.workspaceByteCount
    }

    /// What a pass runs, in words: the algorithm's name and its recipe.
    ///
    /// - Throws: ``ConvolutionError`` if the pass was not planned.
    public func algorithm(for pass: Pass) throws(ConvolutionError) -> String {
        let planned = try planned(pass)
        return "\(planned.name): \(planned.recipe)"
    }

    /// The bound of |error| / S of a pass that is promised, S being the scale of the numerical contract (`Docs/Mathematics.md`, "The error
    /// bound"): tested with a margin, not proved for transforms, whose final rounding, u·|y|, comes on top.
    ///
    /// - Throws: ``ConvolutionError`` if the pass was not planned.
    public func relativeErrorBound(for pass: Pass) throws(ConvolutionError) -> Double {
        let recipe = try planned(pass).recipe
        return withDefaultFloatingPoint { recipe.relativeErrorBound }
    }

    /// ``forward(_:_:bias:control:)`` into memory the caller owns. Allocates nothing that grows with the problem, unless
    /// operands hold NaN or Inf, or direct sums meet magnitudes out of the ordinary: then a few numbers for each of their planes.
    ///
    /// - Parameters:
    ///   - bias: `[K]`, or empty for none.
    ///   - y: Overwritten; never read. Undefined if an error is thrown.
    ///   - workspace: At least ``workspaceByteCount(for:)`` bytes.
    public func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, bias: Span<Scalar>, into y: inout MutableSpan<Scalar>,
        workspace: Workspace, control: ExecutionControl? = nil
    ) throws {
        try forward(x, w, prepared: nil, bias: bias, into: &y, workspace: workspace, control: control)
    }

    func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, prepared: AlignedBuffer?, bias: Span<Scalar>,
        into y: inout MutableSpan<Scalar>, workspace: Workspace, control: ExecutionControl?
    ) throws {
        try check(x, "input", problem.inputCount, of: problem.inputShape)
        // A filter made ready was looked at then.
        if prepared == nil { try check(w, "filter", problem.filterCount, of: problem.filterShape) }
        if !bias.isEmpty { try check(bias, "bias", problem.filters, of: problem.biasShape) }
        try execute(
            .forward, x, w, prepared: prepared, bias: bias, into: &y, "output", problem.outputCount, workspace, control)
    }

    /// ``inputGradient(_:_:control:)`` into memory the caller owns; see ``forward(_:_:bias:into:workspace:control:)``.
    public func inputGradient(
        _ dy: Span<Scalar>, _ w: Span<Scalar>, into dx: inout MutableSpan<Scalar>, workspace: Workspace,
        control: ExecutionControl? = nil
    ) throws {
        try check(dy, "output gradient", problem.outputCount, of: problem.outputShape)
        try check(w, "filter", problem.filterCount, of: problem.filterShape)
        let none = Span<Scalar>()
        try execute(
            .inputGradient, dy, w, bias: none, into: &dx, "input gradient", problem.inputCount, workspace, control)
    }

    /// ``filterGradient(_:_:control:)`` into memory the caller owns; see ``forward(_:_:bias:into:workspace:control:)``.
    public func filterGradient(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, into dw: inout MutableSpan<Scalar>, workspace: Workspace,
        control: ExecutionControl? = nil
    ) throws {
        try check(x, "input", problem.inputCount, of: problem.inputShape)
        try check(dy, "output gradient", problem.outputCount, of: problem.outputShape)
        let none = Span<Scalar>()
        try execute(
            .filterGradient, x, dy, bias: none, into: &dw, "filter gradient", problem.filterCount, workspace, control)
    }

    /// ``biasGradient(_:)`` into memory the caller owns.
    public func biasGradient(_ dy: Span<Scalar>, into db: inout MutableSpan<Scalar>) throws {
        try check(dy, "output gradient", problem.outputCount, of: problem.outputShape)
        guard db.count == problem.filters else {
            throw ConvolutionError.elementCount(tensor: "bias gradient", expected: problem.filters, actual: db.count)
        }
        let threads = try options.threads.resolved()
        try db.withSharedRegion { db in
            try withDefaultFloatingPoint { try sumBiasGradient(dy, problem, into: db, threads: threads) }
        }
    }

    func check(
        _ span: Span<Scalar>, _ name: String, _ expected: Int, of shape: @autoclosure () -> [Int]
    ) throws {
        guard span.count == expected else {
            throw ConvolutionError.elementCount(tensor: name, expected: expected, actual: span.count)
        }
        guard options.nonFinite == .reject else { return }
        let threads = try options.threads.resolved()
        if let index = try withDefaultFloatingPoint({ try firstNonFinite(span, threads: threads) }) {
            throw ConvolutionError.nonFinite(tensor: name, shape: shape(), index: index, value: span[index])
        }
    }

    private func execute(
        _ pass: Pass, _ first: Span<Scalar>, _ second: Span<Scalar>, prepared: AlignedBuffer? = nil,
        bias: Span<Scalar>, into result: inout MutableSpan<Scalar>, _ name: String, _ count: Int,
        _ workspace: Workspace,
        _ control: ExecutionControl?
    ) throws {
        guard result.count == count else {
            throw ConvolutionError.elementCount(tensor: name, expected: count, actual: result.count)
        }
        let planned = try planned(pass)
        try workspace.withExclusiveRegion(requiring: planned.recipe.workspaceByteCount) { scratch in
            try result.withSharedRegion { region in
                try withDefaultFloatingPoint {
                    guard let prepared else {
                        return try planned.executor.execute(
                            first, second, bias: bias, into: region, scratch: scratch, control: control)
                    }
                    try prepared.withSharedRegion(of: UInt8.self) { filter in
                        try planned.executor.execute(
                            first, second, prepared: filter, bias: bias, into: region, scratch: scratch,
                            control: control)
                    }
                }
            }
        }
    }
}

extension Plan: CustomStringConvertible {
    public var description: String {
        let precision = Precision.of(Scalar.self)
        return Pass.allCases.compactMap { pass in
            passes[pass].map { "\(ProblemText(problem, precision: precision, pass: pass)): \($0.name): \($0.recipe)" }
        }.joined(separator: "\n")
    }
}
