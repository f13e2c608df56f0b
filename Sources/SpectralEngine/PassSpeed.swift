internal import CFFTW

/// What FFTW takes for one pass over eight lines, as ``PackedTransform`` uses it: the measure that transform lengths of
/// single products are chosen by.
public final class PassSpeed {
    private let source: AlignedBuffer
    private let target: AlignedBuffer
    private let plans: PlanList<Float>
    private let plan: OpaquePointer
    private let points: Int

    /// - Parameter columns: Whether neighbouring columns of a tile are read, instead of contiguous lines.
    /// - Returns: `nil` if FFTW makes no plan or memory is short.
    public init?(length: Int, columns: Bool) {
        // As in a tile: rows are a multiple of 8 apart, and no power of two.
        let pitch = (length + 7) / 8 * 8 + 8
        let count = 2 * max(8 * pitch, 8 * length)
        guard length > 0, length < 1 << 20, let source = try? AlignedBuffer(byteCount: count * 4),
            let target = try? AlignedBuffer(byteCount: count * 4)
        else { return nil }
        let plans = PlanList<Float>()
        source.fill(with: 0)
        target.fill(with: 0)
        // As in PackedTransform; 8 columns of `length` elements fit, and so do 8 lines of `pitch`.
        let plan = source.withSharedRegion(of: Float.self) { source in
            target.withSharedRegion(of: Float.self) { target in
                PlannerLock.withLock {
                    let wisdom = unsafe Float.takeWisdom()
                    defer { unsafe Float.restoreWisdom(wisdom) }
                    return plans.keep(
                        unsafe Float.makePlan(
                            length: Int32(length), count: 8, inputStride: columns ? 8 : 1,
                            inputDistance: columns ? 1 : Int32(pitch), outputStride: 1, outputDistance: Int32(pitch),
                            sign: FFTW_FORWARD, flags: UInt32(FFTW_ESTIMATE), source.base, target.base))
                }
            }
        }
        guard let plan else { return nil }
        unsafe self.plan = plan
        (self.source, self.target, self.plans, points) = (source, target, plans, 8 * length)
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
