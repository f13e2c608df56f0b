/// Has FFTW measure plans for lines, and keeps those that are faster than its estimates.
public struct PlanSearch {
    public private(set) var plans = MeasuredPlans.none

    public init() {}

    /// How often FFTW searches: what it finds differs, since it measures each step but once.
    private static let searches = 3
    /// Turns of each plan in the comparison, and about how many points each transforms.
    private static let turns = 24
    private static let pointsOfTurn = 50_000
    /// What part of the estimate's time a plan may take to be kept: nearer to it, the comparison's noise decides.
    private static let largestShare = 0.97

    /// Takes 0.1 to 2 s for each of `lines`, for the longest up to 10 s.
    ///
    /// - Returns: What part of the time of FFTW's estimate the plan takes that is kept; 1 if that is the estimate.
    /// - Throws: ``AllocationFailure``.
    @discardableResult
    public mutating func search<Scalar: ConvolutionScalar>(_ lines: ContiguousLines, _: Scalar.Type) throws -> Double {
        let byteCount = 2 * lines.elementCount * MemoryLayout<Scalar>.stride
        let (source, target) = (try AlignedBuffer(byteCount: byteCount), try AlignedBuffer(byteCount: byteCount))
        let kept = PlanList<Scalar>()
        return source.withSharedRegion(of: Scalar.self) { source in
            target.withSharedRegion(of: Scalar.self) { target in
                // Others may plan between the searches.
                func planned<Result>(_ body: (LinePlanner<Scalar>) -> Result) -> Result {
                    LinePlanner.withPlanner(.none, source, target, body)
                }
                let estimated = kept.keep(unsafe planned { unsafe $0.estimated(lines) })
                let found = (0..<Self.searches).compactMap { _ in unsafe planned { unsafe $0.search(lines) } }
                for (plan, _) in unsafe found { _ = kept.keep(plan) }
                guard let estimated else { return 1 }
                // Whatever measuring left there: numbers of ordinary size from here on.
                clear(source)
                let times = unsafe Self.times([estimated] + found.map(\.plan), lines, source, target)
                for candidate in Self.worthKeeping(times) {
                    if unsafe plans.add(lines, wisdom: found[candidate - 1].wisdom, Scalar.self) {
                        return times[candidate] / times[0]
                    }
                }
                return 1
            }
        }
    }

    /// Which of these times, the first of which is the estimate's, are enough less than that; the least first.
    static func worthKeeping(_ times: [Double]) -> [Int] {
        times.indices.dropFirst().filter { times[$0] < largestShare * times[0] }.sorted { times[$0] < times[$1] }
    }

    /// Seconds of each plan, the lower quartile of its turns: a thread's clock on a virtual machine may stand still for a while.
    private static func times<Scalar: ConvolutionScalar>(
        _ plans: [OpaquePointer], _ lines: ContiguousLines, _ source: SharedRegion<Scalar>,
        _ target: SharedRegion<Scalar>
    ) -> [Double] {
        let repetitions = max(pointsOfTurn / (lines.count * lines.length), 1)
        var times = unsafe plans.map { _ in [Double]() }
        for _ in 0..<turns {
            for index in times.indices {
                let start = Processor.threadTime
                for _ in 0..<repetitions { unsafe Scalar.execute(plans[index], source.base, target.base) }
                times[index].append(Processor.threadTime - start)
            }
        }
        return times.map { $0.sorted()[turns / 4] }
    }
}
