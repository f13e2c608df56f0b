/// Which transform lengths are worth using.
package enum TransformLength {
    /// What one pass over lines of a length costs on one core: nanoseconds for each complex f32 point, in the form that
    /// the engine uses (strided or copied to contiguous lines), from `Docs/Measurements/2026-11-22-turning-passes.md`.
    /// Lengths that FFTW's estimated plans do badly at (24, 36, 40, 72, 108, 180, …: 13 to 20 Gflop/s, where these run at
    /// 26 to 70) are left out: the next one is better.
    static let passTimes: [(length: Int, nanoseconds: Double)] = [
        (8, 0.24), (12, 0.28), (16, 0.29), (20, 0.36), (32, 0.39), (48, 0.89), (64, 0.50), (80, 0.91), (96, 0.92),
        (128, 0.84), (144, 0.99), (160, 1.07), (192, 1.02), (240, 1.10), (256, 1.07), (320, 1.08), (384, 1.09),
        (400, 1.18), (512, 1.27), (640, 1.22), (768, 1.81), (960, 1.82), (1024, 1.27),
    ]

    /// Lengths good for one pass, smallest first: those above, and 1, 2, 4 for axes of a few samples.
    private static let short: [Int] = [1, 2, 4] + passTimes.map(\.length)

    /// The smallest length worth using of at least `minimum` points.
    ///
    /// - Returns: `nil` if it would not fit FFTW's 32-bit sizes.
    package static func good(atLeast minimum: Int) -> Int? {
        if let length = short.first(where: { $0 >= minimum }) { return length }
        return [4, 5, 6].compactMap { odd in
            var length = odd * 256
            while length < minimum {
                guard length <= Int(Int32.max) / 2 else { return nil }
                length *= 2
            }
            return length
        }.min()
    }

    /// Lengths to cut tiles to, smallest first, from the smallest above `minimum`.
    package static func tiles(count: Int, above minimum: Int) -> [Int] {
        var lengths: [Int] = []
        var next = minimum + 1
        while lengths.count < count, next < 1 << 24, let length = good(atLeast: next) {
            if length >= 8 { lengths.append(length) }
            next = length + 1
        }
        return lengths
    }
}
