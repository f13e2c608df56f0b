internal import SpectralEngine

/// Which transform lengths are worth using.
package enum TransformLength {
    /// What a pass over lines of a length costs: on contiguous lines in the first-level cache, and, where the engine does so, on
    /// neighbouring columns of a tile; and both on a machine with AVX2 alone.
    typealias PassTime = (
        length: Int, contiguous: Double, columns: Double?, avx2: (contiguous: Double, columns: Double?)
    )

    /// In nanoseconds on one core for each complex f32 point. Lengths that FFTW does badly at (24, 36, 40, 72, 100, 120, …) are left
    /// out: the next one is better (sums over channels transform up to 80 points otherwise, see ``denseTiles``). What is predicted
    /// with is ``PassTimes``, which start with these.
    static let passTimes: [PassTime] = estimatedTimes.map { time in
        guard !MeasuredPlans.builtIn.isEmpty, let measured = measuredTimes[time.length] else { return time }
        return (time.length, measured.contiguous, time.columns, (measured.avx2, time.avx2.columns))
    }

    /// With FFTW's estimated plans, from `Docs/Measurements/2026-11-22-panels.md` and, with AVX2, `2026-11-26-rolling.md` beside it.
    private static let estimatedTimes: [PassTime] = [
        (6, 0.51, 0.26, (0.54, 0.33)), (8, 0.49, 0.25, (0.55, 0.30)), (10, 0.58, 0.32, (0.59, 0.39)),
        (12, 0.60, 0.30, (0.55, 0.33)), (14, 0.78, 0.46, (0.61, 0.44)), (16, 0.57, 0.29, (0.57, 0.38)),
        (20, 0.61, 0.34, (0.59, 0.43)), (32, 0.56, 0.38, (0.64, 0.43)), (48, 0.68, nil, (0.83, nil)),
        (64, 0.60, 0.40, (0.82, 0.48)), (80, 0.79, nil, (0.83, nil)), (96, 0.70, nil, (0.85, nil)),
        (128, 0.74, nil, (1.00, nil)), (144, 0.70, nil, (0.84, nil)), (160, 0.78, nil, (0.82, nil)),
        (192, 0.73, nil, (0.86, nil)), (240, 0.83, nil, (0.87, nil)), (256, 0.79, nil, (0.90, nil)),
        (320, 0.90, nil, (0.93, nil)), (384, 0.87, nil, (0.90, nil)), (400, 0.99, nil, (0.96, nil)),
        (512, 0.95, nil, (0.98, nil)), (640, 1.01, nil, (1.00, nil)), (768, 1.57, nil, (1.66, nil)),
        (960, 1.61, nil, (1.71, nil)), (1024, 1.10, nil, (1.05, nil)), (1280, 1.05, nil, (1.07, nil)),
        (2048, 1.09, nil, (1.13, nil)), (2560, 1.42, nil, (1.56, nil)), (4096, 1.45, nil, (1.77, nil)),
    ]

    /// Of contiguous lines with the plans that are built in, if this FFTW takes them (`2026-11-26-plans.md`).
    private static let measuredTimes: [Int: (contiguous: Double, avx2: Double)] = [
        48: (0.61, 0.74), 64: (0.60, 0.66), 80: (0.68, 0.71), 96: (0.57, 0.69), 128: (0.74, 0.69),
        144: (0.66, 0.79), 160: (0.68, 0.71), 192: (0.60, 0.71), 240: (0.64, 0.67), 256: (0.66, 0.75),
        320: (0.76, 0.79), 384: (0.71, 0.73), 400: (0.87, 0.84), 512: (0.91, 0.94), 640: (0.93, 0.92),
        768: (0.99, 1.05), 960: (1.10, 1.17), 1024: (0.93, 0.89), 1280: (0.99, 1.01), 2048: (0.98, 1.02),
        2560: (1.05, 1.15), 4096: (1.15, 1.40),
    ]

    /// How many times as long passes take with AVX-512 on a Zen 4, contiguous ones and columns: proportions of three calibrations, which
    /// agree within 2 per cent in the median (`Docs/Measurements/2026-11-27-volumes.md`).
    static let zen4Passes: [Int: Double] = [
        6: 0.56, 8: 0.60, 10: 0.52, 12: 0.49, 14: 0.44, 16: 0.56, 20: 0.54, 32: 0.62, 48: 0.57, 64: 0.58, 80: 0.52,
        96: 0.64, 128: 0.49, 144: 0.64, 160: 0.56, 192: 0.65, 240: 0.63, 256: 0.62, 320: 0.60, 384: 0.61, 400: 0.53,
        512: 0.48, 640: 0.52, 768: 0.48, 960: 0.52, 1024: 0.52, 1280: 0.54, 2048: 0.56, 2560: 0.61, 4096: 0.69,
    ]
    static let zen4Columns: [Int: Double] = [
        6: 0.62, 8: 0.62, 10: 0.65, 12: 0.59, 14: 0.52, 16: 0.68, 20: 0.65, 32: 0.63, 64: 0.64,
    ]

    /// What FFTW transforms of them: lines of single products, eight at a time or one, from where it has no codelet that is at its best.
    static var plannedLines: [ContiguousLines] {
        let lengths = passTimes.map(\.length).filter { $0 >= 32 }
        let single = lengths.filter { $0 < TileShape.leastLong }
        return [(8, lengths), (1, single)].flatMap { count, lengths in
            lengths.flatMap { length in
                [false, true].map { ContiguousLines(length: length, count: count, isInverse: $0) }
            }
        }
    }

    /// Lengths good for one pass, smallest first: those above, 1, 2, 4 for axes of a few samples, and those of long lines that are split
    /// into lines of one of these lengths.
    private static let short: [Int] = Set([1, 2, 4] + passTimes.map(\.length) + splitLengths).sorted()

    /// Of long lines that are split.
    private static let splitLengths = passTimes.compactMap { TileShape.splitLength(lines: $0.length) }

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
            let cost = Double(tiles * length) * (1 + ShortLines.multiplications(length) / termsOfPoint)
            guard cost < least else { continue }
            least = cost
            lengths.append(length)
        }
        // The shortest have most of the overlap.
        lengths = lengths.suffix(count)
        return lengths + tiles(count: count - lengths.count, above: max(minimum, ShortLines.longest))
    }
}
