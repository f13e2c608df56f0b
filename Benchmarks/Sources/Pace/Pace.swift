public import Benchmark

/// What one iteration of a benchmark is worth. The framework's own metrics are whole numbers of operations; ours say
/// how far from a limit of the machine a loop runs.
public enum Pace {
    /// Picoseconds per complex element of a tile: a core that handles one in each of 3·10⁹ cycles a second shows 333.
    public static let timePerPoint = BenchmarkMetric.custom("ps per point", useScalingFactor: false)
    /// Millions of bytes read and written a second.
    public static let traffic = BenchmarkMetric.custom("MB/s", polarity: .prefersLarger, useScalingFactor: false)
    /// Millions of floating-point operations a second, 5·n·log₂ n for a transform of n points.
    public static let arithmetic = BenchmarkMetric.custom(
        "Mflop/s", polarity: .prefersLarger, useScalingFactor: false)

    /// Printed as they are: the framework would show 18 300 as "18 K".
    public static var units: [BenchmarkMetric: BenchmarkUnits] {
        [timePerPoint: .count, traffic: .count, arithmetic: .count]
    }

    /// About a millisecond of work: the clock is read twice an iteration, and a tile stays in the cache between.
    public static func repetitions(points: Int) -> Int { max(1, (1 << 20) / points) }

    /// Times `repetitions` calls of `work`, each on `points` complex elements.
    public static func measure(
        _ benchmark: Benchmark, points: Int, bytes: Int? = nil, operations: Double? = nil, _ work: () -> Void
    ) {
        let repetitions = repetitions(points: points)
        let time = ContinuousClock().measure { for _ in 0..<repetitions { work() } }
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
        let perCall = seconds / Double(repetitions)
        benchmark.measurement(timePerPoint, Int(perCall / Double(points) * 1e12))
        if let bytes { benchmark.measurement(traffic, Int(Double(bytes) / perCall * 1e-6)) }
        if let operations { benchmark.measurement(arithmetic, Int(operations / perCall * 1e-6)) }
    }
}
