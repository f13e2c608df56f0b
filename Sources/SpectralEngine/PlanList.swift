/// Owns the FFTW plans of one object; they are destroyed when it is dropped.
final class PlanList<Scalar: ConvolutionScalar> {
    private var all: [OpaquePointer] = []
    private(set) var hasFailed = false

    /// Keeps a plan; one that FFTW refused marks the list as failed and is never executed.
    func keep(_ plan: OpaquePointer?) -> OpaquePointer? {
        if let plan { all.append(plan) } else { hasFailed = true }
        return plan
    }

    deinit { PlannerLock.withLock { for plan in all { unsafe Scalar.destroy(plan) } } }
}
