internal import CFFTW

/// What FFTW takes for one pass over eight lines, as ``PackedTransform`` uses it: the measure that transform lengths of
/// single products are chosen by.
public enum PassSpeed {
    /// Seconds for each complex f32 point, the best of `rounds`.
    ///
    /// - Parameters:
    ///   - columns: Whether neighbouring columns of a tile are read, instead of contiguous lines.
    ///   - rounds: Each takes about 50 µs.
    /// - Returns: `nil` if FFTW makes no plan or memory is short.
    public static func secondsPerPoint(length: Int, columns: Bool, rounds: Int) -> Double? {
        // As in a tile: rows are a multiple of 8 apart, and no power of two.
        let pitch = (length + 7) / 8 * 8 + 8
        let count = 2 * max(8 * pitch, 8 * length)
        guard length > 0, length < 1 << 20, let source = try? AlignedBuffer(byteCount: count * 4),
            let target = try? AlignedBuffer(byteCount: count * 4)
        else { return nil }
        source.fill(with: 0)
        target.fill(with: 0)
        return source.withSharedRegion(of: Float.self) { source in
            target.withSharedRegion(of: Float.self) { target in
                let plans = PlanList<Float>()
                // As in PackedTransform; 8 columns of `length` elements fit, and so do 8 lines of `pitch`.
                let plan = PlannerLock.withLock {
                    let wisdom = unsafe Float.takeWisdom()
                    defer { unsafe Float.restoreWisdom(wisdom) }
                    return plans.keep(
                        unsafe Float.makePlan(
                            length: Int32(length), count: 8, inputStride: columns ? 8 : 1,
                            inputDistance: columns ? 1 : Int32(pitch), outputStride: 1, outputDistance: Int32(pitch),
                            sign: FFTW_FORWARD, flags: UInt32(FFTW_ESTIMATE), source.base, target.base))
                }
                guard let plan else { return nil }
                return withExtendedLifetime(plans) { best(plan, source, target, points: 8 * length, rounds: rounds) }
            }
        }
    }

    private static func best(
        _ plan: OpaquePointer, _ source: SharedRegion<Float>, _ target: SharedRegion<Float>, points: Int, rounds: Int
    ) -> Double {
        let repetitions = max(50_000 / points, 1)
        var least = Double.infinity
        for _ in 0..<max(rounds, 1) {
            let start = Processor.threadTime
            for _ in 0..<repetitions { unsafe Float.execute(plan, source.base, target.base) }
            least = min(least, Processor.threadTime - start)
        }
        return least / Double(repetitions * points)
    }
}
