package import SpectralEngine

/// One way to compute one pass of one problem, as a plain value: the recipe.
///
/// A recipe owns no memory and no plan, so choosing can be tested without running. It says in words what it does, what
/// it will cost and what it promises; `makeExecutor` turns it into something that runs.
package protocol Algorithm: Sendable, CustomStringConvertible {
    /// The name in tables and on the guide page `Docs/Algorithms/<name>.md`.
    static var name: String { get }
    /// The family a caller can ask for.
    static var method: Method { get }

    /// The recipes worth considering for a request, most promising first; or why there is none.
    static func recipes(for request: PlanRequest) throws(Inapplicable) -> [Self]

    /// Seconds for one execution on the request's threads, by the cost model.
    var predictedTime: Double { get }
    /// The same on all cores of the machine. Choices are ranked by it, so that the choice, and with it every bit of the
    /// result, does not depend on the number of threads asked for.
    var rankingTime: Double { get }
    /// What ``predictedTime`` would be by other rates, with the same workers. Calibration fits rates with it; an
    /// algorithm that has none of its own needs not answer.
    func predictedTime(on machine: Machine) -> Double
    /// Bytes of scratch that one execution uses.
    var workspaceByteCount: Int { get }
    /// Bytes of tables, such as twiddle factors, that a plan keeps; the plans of one shape share them.
    var tableByteCount: Int { get }
    /// The bound of |error| / S that is promised, S being the scale of the numerical contract (`Docs/Mathematics.md`, "The error bound"):
    /// tested with a margin, not proved for transforms. The final rounding u·|y| is in that of sums, and not in that of transforms; τ is
    /// in none.
    var relativeErrorBound: Double { get }
    /// What the numerical contract says of its results follows from this.
    var arithmetic: Arithmetic { get }
    /// The transforms of one execution on ordinary operands, equal ones together.
    var transforms: [TransformRun] { get }

    func makeExecutor<Scalar: ConvolutionScalar>(for type: Scalar.Type) throws -> any PassExecutor<Scalar>

    /// What runs all three passes of a training step together, this being the recipe of the forward pass; `nil` if nothing is
    /// gained by it.
    func makeStepExecutor<Scalar: ConvolutionScalar>(
        for type: Scalar.Type, inputGradient: any Algorithm, filterGradient: any Algorithm, tolerance: Double?
    ) throws -> (any StepExecutor<Scalar>)?
}

extension Algorithm {
    package func predictedTime(on machine: Machine) -> Double { predictedTime }
    package var tableByteCount: Int { 0 }
    /// What a memory limit is compared with.
    package var memoryByteCount: Int { workspaceByteCount + tableByteCount }
    package var transforms: [TransformRun] { [] }

    package func makeStepExecutor<Scalar: ConvolutionScalar>(
        for type: Scalar.Type, inputGradient: any Algorithm, filterGradient: any Algorithm, tolerance: Double?
    ) throws -> (any StepExecutor<Scalar>)? { nil }
}

/// How results come about, as far as their errors are concerned (`Docs/Mathematics.md`, "The error bound").
package enum Arithmetic: Hashable, Sendable {
    /// By transforms of windows: one tiling for each axis of the problem. S is made of the norms of these windows.
    case transforms([AxisTiling])
    /// By sums in the operands' precision, in which no term meets more roundings than these.
    case sums(roundings: Int)
    /// By sums in twice the operands' precision, rounded once.
    case wideSums
}

/// How one spatial axis is cut into windows.
package struct AxisTiling: Hashable, Sendable {
    /// T: outputs kept per window, on the dense, stride-1 grid of the pass's result; for the filter gradient,
    /// output-gradient samples per window.
    package var step: Int
    /// L: the transform length.
    package var length: Int
    /// Whether one window covers the whole axis.
    package var coversAxis: Bool
    /// Whether windows follow each other along this axis and share the transforms of what they have in common: then they are as
    /// long as the transform.
    package var rolls: Bool
    /// Whether the second half of a window travels as the imaginary part of the first one, so that L/2 complex points are transformed:
    /// see `FoldedTiles.swift`.
    package var folds: Bool

    package init(step: Int, length: Int, coversAxis: Bool, rolls: Bool = false, folds: Bool = false) {
        self.step = step
        self.length = length
        self.coversAxis = coversAxis
        self.rolls = rolls
        self.folds = folds
    }

    /// Points of the transform along this axis.
    package var points: Int { folds ? length / 2 : length }

    /// Positions that a window takes of an operand that meets a filter of `filter` positions.
    package func window(_ filter: Int) -> Int { rolls ? length : min(length, step + filter - 1) }
}

/// Everything a recipe may depend on.
package struct PlanRequest: Sendable {
    package var problem: Problem
    package var pass: Pass
    package var precision: Precision
    /// Workers of one execution.
    package var threads: Int
    package var memoryLimit: Int
    package var machine: Machine
    /// Whether the filter's transforms are done before, and no part of the time.
    package var isFilterPrepared: Bool

    package init(
        problem: Problem, pass: Pass, precision: Precision, threads: Int = 1, memoryLimit: Int = .max,
        machine: Machine = Machine(), isFilterPrepared: Bool = false
    ) {
        self.problem = problem
        self.pass = pass
        self.precision = precision
        self.threads = threads
        self.memoryLimit = memoryLimit
        self.machine = machine
        self.isFilterPrepared = isFilterPrepared
    }
}

/// Why an algorithm, or one recipe of it, is not considered.
package struct Inapplicable: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ reason: String) { description = reason }
}

/// A recipe made ready to run. Immutable and shared by threads.
package protocol PassExecutor<Scalar>: Sendable {
    associatedtype Scalar: ConvolutionScalar

    /// Computes one pass.
    ///
    /// - Parameters:
    ///   - first: X (forward, filter gradient) or dY (input gradient).
    ///   - second: W (forward, input gradient) or dY (filter gradient).
    ///   - bias: `[K]`, added to the output of the forward pass; `nil` or empty for none.
    ///   - result: Overwritten; never read.
    ///   - scratch: At least the recipe's `workspaceByteCount` bytes with any content, 64-byte aligned.
    func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, bias: Span<Scalar>, into result: SharedRegion<Scalar>,
        scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws

    /// Bytes of a filter made ready, whose transforms need not be done again; 0 if there is nothing to make ready.
    var preparedByteCount: Int { get }

    /// Makes a filter ready.
    ///
    /// - Returns: Whether it can be used; if not, the filter is out of the ordinary and calls take it as it is.
    func prepare(_ filter: Span<Scalar>, into memory: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>) throws -> Bool

    /// Computes one pass with a filter made ready by ``prepare(_:into:scratch:)``, which is also given as it is.
    func execute(
        _ first: Span<Scalar>, _ filter: Span<Scalar>, prepared: SharedRegion<UInt8>, bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws
}

/// A forward pass that keeps spectra for the gradients, and those gradients.
package protocol StepExecutor<Scalar>: Sendable {
    associatedtype Scalar: ConvolutionScalar

    /// Bytes that are kept from the forward pass to the gradients, and bytes of scratch that each uses.
    var keptByteCount: Int { get }
    var workspaceByteCount: Int { get }
    /// That of the forward pass, whose tiles may be others than those of the pass by itself.
    var arithmetic: Arithmetic { get }

    /// Computes the forward pass.
    ///
    /// - Parameter kept: Where spectra are kept.
    /// - Returns: Whether they were; not if an operand is out of the ordinary.
    func forward(
        _ x: Span<Scalar>, _ w: Span<Scalar>, bias: Span<Scalar>, into y: SharedRegion<Scalar>,
        kept: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws -> Bool

    /// Computes both gradients.
    ///
    /// - Parameter kept: What the forward pass of the same x and w kept; `nil` if it could not.
    func gradients(
        _ x: Span<Scalar>, _ w: Span<Scalar>, _ dy: Span<Scalar>, kept: SharedRegion<UInt8>?,
        into dx: SharedRegion<Scalar>, _ dw: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>,
        control: ExecutionControl?
    ) throws
}

extension PassExecutor {
    package var preparedByteCount: Int { 0 }

    package func prepare(
        _ filter: Span<Scalar>, into memory: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>
    ) throws -> Bool { false }

    package func execute(
        _ first: Span<Scalar>, _ filter: Span<Scalar>, prepared: SharedRegion<UInt8>, bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        try execute(first, filter, bias: bias, into: result, scratch: scratch, control: control)
    }
}
