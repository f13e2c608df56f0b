internal import CKernels

/// The transforms over one axis of a panel, or between a panel and the spectra: lines of eight channels side by side.
///
/// Short lines are transformed without FFTW, see ``ShortLines``, in place if they like.
struct ChannelPass<Scalar: ConvolutionScalar> {
    private let length: Int
    private let isInverse: Bool
    /// Complex elements from point to point.
    private let sourceStep: Int
    private let targetStep: Int
    /// Where the table of a short line begins among the ``Exponentials``.
    private let table: Int
    /// Of eight lines; `nil` for short ones.
    private let plan: OpaquePointer?

    var isShort: Bool { plan == nil }

    /// - Parameters:
    ///   - table: Where a short line's cosines and sines are.
    ///   - planner: Its buffers have room for eight lines.
    init(
        _ length: Int, isInverse: Bool, from sourceStep: Int, to targetStep: Int, table: Int, _ plans: PlanList<Scalar>,
        _ planner: LinePlanner<Scalar>
    ) {
        self.length = length
        self.isInverse = isInverse
        (self.sourceStep, self.targetStep) = (sourceStep, targetStep)
        self.table = table
        plan =
            length <= ShortLines.longest
            ? nil
            : plans.keep(
                unsafe planner.plan(channels: length, from: sourceStep, to: targetStep, isInverse: isInverse))
    }

    /// Transforms the lines of some neighbouring points, in every one of some rows that are so many complex elements apart.
    func run(
        _ source: UnsafeMutablePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>, points: Int, rows: Int,
        sourcePitch: Int, targetPitch: Int, _ exponentials: Elements<Scalar>
    ) {
        guard let plan else {
            var extents = ck_transform(
                length: length, radix: Int32(ShortLines.radix(length)), columns: 8 * points, rows: rows,
                source_step: sourceStep, target_step: targetStep,
                source_pitch: sourcePitch, target_pitch: targetPitch,
                fetched: sourceStep > targetStep
                    ? Int32(CK_FIRST) : sourceStep < targetStep ? Int32(CK_SECOND) : Int32(CK_NEITHER))
            return unsafe Scalar.transformLines(source, target, exponentials.base + table, isInverse, &extents)
        }
        for row in 0..<rows {
            for point in 0..<points {
                unsafe Scalar.execute(
                    plan, source + 2 * (row * sourcePitch + 8 * point), target + 2 * (row * targetPitch + 8 * point))
            }
        }
    }
}
