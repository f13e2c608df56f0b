import Foundation

/// The filter size from which the FFT is the faster one: where its curve and that of direct sums cross.
///
/// Ordered from small to large, so that the points of several rounds have a range.
enum CrossingPoint: Hashable, Comparable {
    /// The FFT is faster at every size; the smallest of them.
    case below(Int)
    /// Between two sizes, or at one.
    case at(Double)
    /// Direct sums are faster at the largest size, this one.
    case above(Int)

    /// How both methods compare at one filter size.
    struct Sample: Hashable {
        let size: Int
        /// The time of direct sums over that of the FFT; positive.
        let ratio: Double

        /// Negative where direct sums are faster.
        fileprivate var difference: Double { log(ratio) }
    }

    /// Interpolates log(direct / fft) linearly over log(size), between the last size at which direct sums are not
    /// slower and the next one: from there on the FFT is faster at every size that was measured.
    ///
    /// - Parameter samples: By ascending size.
    /// - Returns: `nil` without samples.
    init?(_ samples: [Sample]) {
        guard let first = samples.first, let largest = samples.last else { return nil }
        guard let index = samples.lastIndex(where: { $0.difference <= 0 }) else {
            self = .below(first.size)
            return
        }
        let before = samples[index]
        guard index + 1 < samples.count else {
            self = before.difference == 0 ? .at(Double(before.size)) : .above(largest.size)
            return
        }
        let after = samples[index + 1]
        let share = before.difference / (before.difference - after.difference)
        self = .at(Double(before.size) * pow(Double(after.size) / Double(before.size), share))
    }

    /// How often the faster of the two changes from size to size: once, if there is one crossover.
    static func changeCount(_ samples: [Sample]) -> Int {
        let signs = samples.map(\.difference).filter { $0 != 0 }.map { $0 < 0 }
        return zip(signs, signs.dropFirst()).count { $0 != $1 }
    }

    /// The size; nil where there is none among the measured ones.
    var size: Double? { if case .at(let size) = self { size } else { nil } }

    /// As it stands in tables: with one decimal, two where sizes are small.
    var description: String {
        switch self {
        case .below(let size): "below \(size)"
        case .at(let size): String(format: size < 10 ? "%.2f" : "%.1f", size)
        case .above(let size): "above \(size)"
        }
    }
}

/// The crossover of one pass, with what repeated rounds make of it.
struct CrossoverEstimate: Hashable {
    /// Of the medians of the rounds' ratios.
    let point: CrossingPoint
    /// The points of single rounds, ascending.
    let rounds: [CrossingPoint]
    /// How often the faster method changes from size to size, in these medians.
    let changeCount: Int

    /// The smallest and the largest point of a round; with the point itself, which may lie beside them.
    var low: CrossingPoint { min(point, rounds.first ?? point) }
    var high: CrossingPoint { max(point, rounds.last ?? point) }

    /// - Parameters:
    ///   - sizes: Ascending.
    ///   - ratios: Of each size, those of all rounds, in order. Both methods of a round are measured one after the other,
    ///     so that a machine that changes its speed changes both times and not the ratio.
    init?(sizes: [Int], ratios: [[Double]]) {
        let samples = zip(sizes, ratios).filter { !$1.isEmpty }.map {
            CrossingPoint.Sample(size: $0, ratio: Measurement.median(of: $1.sorted()))
        }
        guard let point = CrossingPoint(samples) else { return nil }
        self.point = point
        rounds = (0..<(ratios.map(\.count).min() ?? 0)).compactMap { round in
            CrossingPoint(zip(sizes, ratios).map { CrossingPoint.Sample(size: $0, ratio: $1[round]) })
        }.sorted()
        changeCount = CrossingPoint.changeCount(samples)
    }
}
