internal import SpectralEngine

/// Which transform lengths are worth using.
package enum TransformLength {
    /// What a pass over lines of a length costs on one core, in nanoseconds for each complex f32 point, from
    /// `Docs/Measurements/2026-11-22-panels.md`: on contiguous lines in the first-level cache, and, where the engine does so,
    /// on neighbouring columns of a tile; and both on a machine with AVX2 alone (`2026-11-26-rolling.md` beside it); contiguous ones from 48 points on with FFTW's
    /// measured plans (`2026-11-26-plans.md`). Lengths that
    /// FFTW does badly at (24, 36, 40, 72, 100, 120, …) are left out: the next one is better (sums over channels
    /// transform up to 64 points otherwise, see ``denseTiles``). What is predicted with is ``PassTimes``, which start with these.
    static let passTimes:
        [(length: Int, contiguous: Double, columns: Double?, avx2: (contiguous: Double, columns: Double?))] = [
            (6, 0.51, 0.26, (0.54, 0.33)), (8, 0.49, 0.25, (0.55, 0.30)), (10, 0.58, 0.32, (0.59, 0.39)),
            (12, 0.60, 0.30, (0.55, 0.33)), (14, 0.78, 0.46, (0.61, 0.44)), (16, 0.57, 0.29, (0.57, 0.38)),
            (20, 0.61, 0.34, (0.59, 0.43)), (32, 0.56, 0.38, (0.64, 0.43)), (48, 0.61, nil, (0.74, nil)),
            (64, 0.60, 0.40, (0.66, 0.48)), (80, 0.68, nil, (0.71, nil)), (96, 0.57, nil, (0.69, nil)),
            (128, 0.74, nil, (0.69, nil)), (144, 0.66, nil, (0.79, nil)), (160, 0.68, nil, (0.71, nil)),
            (192, 0.60, nil, (0.71, nil)), (240, 0.64, nil, (0.67, nil)), (256, 0.66, nil, (0.75, nil)),
            (320, 0.76, nil, (0.79, nil)), (384, 0.71, nil, (0.73, nil)), (400, 0.87, nil, (0.84, nil)),
            (512, 0.91, nil, (0.94, nil)), (640, 0.93, nil, (0.92, nil)), (768, 0.99, nil, (1.05, nil)),
            (960, 1.10, nil, (1.17, nil)), (1024, 0.93, nil, (0.89, nil)), (1280, 0.99, nil, (1.01, nil)),
            (2048, 0.98, nil, (1.02, nil)), (2560, 1.05, nil, (1.15, nil)), (4096, 1.15, nil, (1.40, nil)),
        ]

    /// What FFTW transforms of them: lines of single products, eight at a time or one, from where it has no codelet that is at its best.
    static var plannedLines: [ContiguousLines] {
        let lengths = passTimes.map(\.length).filter { $0 >= 32 }
        return [8, 1].flatMap { count in
            // Longer lines than that are matrices.
            lengths.filter { count == 8 || $0 < 2048 }.flatMap { length in
                [false, true].map { ContiguousLines(length: length, count: count, isInverse: $0) }
            }
        }
    }

    /// Lengths good for one pass, smallest first: those above, and 1, 2, 4 for axes of a few samples.
    private static let short: [Int] = [1, 2, 4] + passTimes.map(\.length)

    /// The smallest length worth using of at least `minimum` points.
    ///
    /// - Parameter isDense: Whether short ones are transformed by ``ShortLines``, for which any even length is good.
    /// - Returns: `nil` if it would not fit FFTW's 32-bit sizes.
    package static func good(atLeast minimum: Int, isDense: Bool = false) -> Int? {
        if isDense, minimum > 4, minimum <= ShortLines.longest { return minimum + minimum % 2 }
        if let length = short.first(where: { $0 >= minimum }) { return length }
        // Longer ones are left to lines that are seen as matrices.
        return [4, 5, 6].compactMap { odd in
            var length = odd * 1024
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

    /// Multiply-adds of a line that take as long as all else that is done with one of its points, products included, in a layer of some
    /// 64 channels: of the order of the rates of `Docs/Measurements/2026-11-23-dense.md`, and only to leave lengths out.
    private static let termsOfPoint = 60.0

    /// The same for tiles that are transformed by ``ShortLines``: of the even lengths those that no shorter one beats in points of
    /// all tiles together, counted by what they cost; then longer ones.
    package static func denseTiles(count: Int, above minimum: Int, extent: Int, filter: Int) -> [Int] {
        var lengths: [Int] = []
        var least = Double.infinity
        for length in stride(from: max(minimum + 1 + (minimum + 1) % 2, 6), through: ShortLines.longest, by: 2) {
            let tiles = (extent + length - filter) / (length - filter + 1)
            let terms = Double(ShortLines.multiplications(length)) / Double(length)
            let cost = Double(tiles * length) * (1 + terms / termsOfPoint)
            guard cost < least else { continue }
            least = cost
            lengths.append(length)
        }
        // The shortest have most of the overlap.
        lengths = lengths.suffix(count)
        return lengths + tiles(count: count - lengths.count, above: max(minimum, ShortLines.longest))
    }
}
