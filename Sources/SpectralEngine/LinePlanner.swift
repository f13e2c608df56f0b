internal import CFFTW

/// FFTW's planner while its lock is held.
///
/// Every plan starts with an empty memory, since the planner plans differently for what it planned before, also by estimate. So a
/// plan, and with it every bit of a result, depends on nothing but what is asked for, and what is known from the start.
struct LinePlanner<Scalar: ConvolutionScalar> {
    /// Plans that need not be estimated.
    let known: MeasuredPlans
    let source: SharedRegion<Scalar>
    let target: SharedRegion<Scalar>

    /// Hands a planner to `body`, and the planner's memory back to whoever had put something there.
    static func withPlanner<Result>(
        _ known: MeasuredPlans, _ source: SharedRegion<Scalar>, _ target: SharedRegion<Scalar>,
        _ body: (LinePlanner) -> Result
    ) -> Result {
        PlannerLock.withLock {
            let wisdom = unsafe Scalar.takeWisdom()
            defer { unsafe Scalar.restoreWisdom(wisdom) }
            return PlannerThreads.alone(Scalar.libraryName) {
                body(LinePlanner(known: known, source: source, target: target))
            }
        }
    }

    /// The plan that was once measured to be the best, or FFTW's estimate if none is known to this FFTW.
    func plan(_ lines: ContiguousLines) -> OpaquePointer? { unsafe measured(lines) ?? estimated(lines) }

    func estimated(_ lines: ContiguousLines) -> OpaquePointer? {
        Scalar.forgetWisdom()
        return lines.plan(source, target, flags: Int32(FFTW_ESTIMATE))
    }

    /// Eight neighbouring columns, `stride` elements from point to point, to lines `pitch` apart: FFTW's estimate, at its best
    /// for the lengths that are read so.
    func plan(columns length: Int, stride: Int, to pitch: Int, isInverse: Bool) -> OpaquePointer? {
        unsafe plan(columns: length, from: stride, to: (stride: 1, distance: pitch), isInverse)
    }

    /// Eight channels side by side, `step` elements from point to point.
    func plan(channels length: Int, from step: Int, to targetStep: Int, isInverse: Bool) -> OpaquePointer? {
        unsafe plan(columns: length, from: step, to: (stride: targetStep, distance: 1), isInverse)
    }

    private func plan(
        columns length: Int, from stride: Int, to target: (stride: Int, distance: Int), _ isInverse: Bool
    ) -> OpaquePointer? {
        Scalar.forgetWisdom()
        return unsafe Scalar.makePlan(
            length: Int32(length), count: 8, inputStride: Int32(stride), inputDistance: 1,
            outputStride: Int32(target.stride), outputDistance: Int32(target.distance),
            sign: isInverse ? FFTW_BACKWARD : FFTW_FORWARD, flags: UInt32(FFTW_ESTIMATE), source.base,
            self.target.base)
    }

    func measured(_ lines: ContiguousLines) -> OpaquePointer? {
        guard let wisdom = known.wisdom(of: lines, Scalar.self) else { return nil }
        Scalar.forgetWisdom()
        // Another build of FFTW refuses it.
        guard Scalar.importWisdom(wisdom) else { return nil }
        return lines.plan(source, target, flags: MeasuredPlans.flags | Int32(FFTW_WISDOM_ONLY))
    }

    /// Lets FFTW measure. Overwrites source and target.
    ///
    /// - Returns: The plan, and all that FFTW learnt.
    func search(_ lines: ContiguousLines) -> (plan: OpaquePointer, wisdom: String)? {
        Scalar.forgetWisdom()
        guard let plan = lines.plan(source, target, flags: MeasuredPlans.flags) else { return nil }
        return unsafe (plan, Scalar.exportWisdom())
    }
}
