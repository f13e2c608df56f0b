/// What FFTW takes for one pass over eight lines, or over one, as ``PackedTransform`` uses it: the measure that transform lengths of
/// single products are chosen by.
public final class PassSpeed {
    private let source: AlignedBuffer
    private let target: AlignedBuffer
    private let plans: PlanList<Float>
    private let plan: OpaquePointer
    private let points: Int

    /// - Parameters:
    ///   - columns: Whether neighbouring columns of a tile are read, instead of contiguous lines.
    ///   - count: Lines: eight, or one.
    ///   - known: Plans that FFTW need not estimate.
    /// - Returns: `nil` if FFTW makes no plan or memory is short.
    public init?(length: Int, columns: Bool, count: Int = 8, known: MeasuredPlans = .builtIn) {
        guard length > 0, length < 1 << 20 else { return nil }
        let lines = ContiguousLines(length: length, count: count, isInverse: false)
        let byteCount = 2 * lines.elementCount * MemoryLayout<Float>.stride
        guard let source = try? AlignedBuffer(byteCount: byteCount),
            let target = try? AlignedBuffer(byteCount: byteCount)
        else { return nil }
        let plans = PlanList<Float>()
        source.fill(with: 0)
        target.fill(with: 0)
        // As in PackedTransform; eight columns fit where eight lines do.
        let plan = source.withSharedRegion(of: Float.self) { source in
            target.withSharedRegion(of: Float.self) { target in
                LinePlanner<Float>.withPlanner(known, source, target) { planner in
                    plans.keep(
                        unsafe columns
                            ? planner.plan(
                                columns: length, stride: 8, to: TileShape.pitch(length), isInverse: false)
                            : planner.plan(lines))
                }
            }
        }
        guard let plan else { return nil }
        unsafe self.plan = plan
        (self.source, self.target, self.plans, points) = (source, target, plans, count * length)
    }

    /// Seconds for each complex f32 point, once: in some 50 µs, by the thread's own clock.
    public func secondsPerPoint() -> Double {
        let repetitions = max(50_000 / points, 1)
        let time = source.withSharedRegion(of: Float.self) { source in
            target.withSharedRegion(of: Float.self) { target in
                let start = Processor.threadTime
                for _ in 0..<repetitions { unsafe Float.execute(plan, source.base, target.base) }
                return Processor.threadTime - start
            }
        }
        return time / Double(repetitions * points)
    }
}
