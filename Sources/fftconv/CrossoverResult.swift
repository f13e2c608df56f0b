import FFTConvolution

/// What a sweep found.
struct CrossoverResult {
    let subject: CrossoverSubject
    let threads: ThreadCount
    let curves: [CrossoverCurve]

    var threadCount: Int { threads.count }
    var roundCount: Int { curves.flatMap(\.rows).flatMap(\.series.values).map(\.times.count).max() ?? 0 }
    /// "1 thread", "2 threads".
    var threadText: String { threadCount == 1 ? "1 thread" : "\(threadCount) threads" }
    /// With N for the filter's extents.
    var name: String { curves.first?.rows.first.map { subject.name(of: $0.problem) } ?? "" }
}

/// The times of one pass over filter sizes.
struct CrossoverCurve {
    let pass: Pass
    var rows: [CrossoverRow]

    /// Of the sizes at which both methods were measured; nil if there are none.
    var estimate: CrossoverEstimate? {
        let pairs = rows.compactMap { row in row.ratios.map { (row.size, $0) } }
        return CrossoverEstimate(sizes: pairs.map(\.0), ratios: pairs.map(\.1))
    }

    /// How many times slower direct sums are than the FFT in the row before this one, if they need not be measured any
    /// more: more than 10 times in two rows, and more in the second. One row would not do: in a short slice, all calls of
    /// one method may fall into a moment in which the machine does something else.
    func hopelessFactor(before row: Int) -> Double? {
        guard row >= 2, let factor = rows[row - 1].directFactor, let previous = rows[row - 2].directFactor,
            previous > 10, factor > previous
        else { return nil }
        return factor
    }

    /// Whether there is a size at which `auto` was measured.
    var hasAutomatic: Bool { rows.contains { $0.series[.auto] != nil } }

    /// The smallest size from which `auto` takes the FFT, at this one and all larger ones at which it was measured; nil if there
    /// is none.
    var automaticSize: Int? {
        rows.filter { $0.series[.auto] != nil }.reversed().prefix { $0.series[.auto]?.isFFT == true }.last?.size
    }
}

/// One filter size in one pass.
struct CrossoverRow {
    let size: Int
    let problem: Problem
    var series: [Method: CrossoverSeries] = [:]
    /// Why a method was not measured.
    var leftOut: [Method: String] = [:]

    /// The time of direct sums over that of the FFT, in each round; nil if one of them was not measured.
    var ratios: [Double]? {
        series[.direct].flatMap { direct in series[.fft].map { zip(direct.times, $0.times).map { $0 / $1 } } }
    }

    /// How many times slower direct sums are than the FFT, by their best times; nil if one was not measured.
    var directFactor: Double? { series[.direct].flatMap { direct in series[.fft].map { direct.best / $0.best } } }
}

/// The rounds of one method at one filter size. Times are in seconds.
struct CrossoverSeries {
    /// What ran, in words.
    let algorithm: String
    /// The best time of each round.
    private(set) var times: [Double] = []
    /// Calls that were timed, in all rounds.
    private(set) var runCount = 0
    private(set) var workspaceByteCount = 0

    init(algorithm: String) { self.algorithm = algorithm }

    mutating func append(_ result: BenchResult) {
        // A clock that stands still must not make a time of 0, which has no logarithm.
        times.append(max(result.minimum, 1e-9))
        runCount += result.runs
        workspaceByteCount = result.workspaceByteCount
    }

    var best: Double { times.min() ?? .infinity }
    var median: Double { times.isEmpty ? .infinity : Measurement.median(of: times.sorted()) }

    /// Whether what ran belongs to the method `fft`.
    var isFFT: Bool { Registry.all.contains { $0.method == .fft && algorithm.hasPrefix("\($0.name): ") } }
}
