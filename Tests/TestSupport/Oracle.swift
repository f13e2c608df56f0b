package import FFTConvolution

// Goals, in this order: 1. independent of the library, 2. exact enough to check the reference, 3. fast in debug builds.
//
// The reference gathers: for each result it looks for the samples it needs. The oracle scatters: it writes down, once,
// every triple (input sample, filter tap, output) that the definition pairs, from an explicit list of the padded axis,
// and then adds each product where it belongs. The two share no index arithmetic and no order of summation.

/// A second, independent direct evaluation of all three passes.
package struct Oracle: Sendable {
    /// The three places of each tap within one plane of X, W and Y.
    private let input: [Int]
    private let filter: [Int]
    private let output: [Int]
    private let problem: Problem

    package init(_ problem: Problem) {
        self.problem = problem
        var input = [0]
        var filter = [0]
        var output = [0]
        for axis in problem.axes {
            let taps = Oracle.taps(of: axis)
            var next: (input: [Int], filter: [Int], output: [Int]) = ([], [], [])
            for outer in input.indices {
                for tap in taps {
                    next.input.append(input[outer] * axis.input + tap.input)
                    next.filter.append(filter[outer] * axis.filter + tap.filter)
                    next.output.append(output[outer] * axis.output + tap.output)
                }
            }
            (input, filter, output) = next
        }
        self.input = input
        self.filter = filter
        self.output = output
    }

    /// Every (input, filter, output) of one axis, by sliding the dilated filter over a written-out padded axis.
    private static func taps(of axis: Axis) -> [(input: Int, filter: Int, output: Int)] {
        let padded: [Int?] =
            Array(repeating: nil, count: axis.before) + (0..<axis.input).map { $0 }
            + Array(repeating: nil, count: axis.after)
        var taps: [(input: Int, filter: Int, output: Int)] = []
        var start = 0
        var output = 0
        while start + axis.dilation * (axis.filter - 1) < padded.count {
            for tap in 0..<axis.filter {
                if let sample = padded[start + axis.dilation * tap] { taps.append((sample, tap, output)) }
            }
            start += axis.stride
            output += 1
        }
        precondition(output == axis.output, "the problem and the oracle disagree on an output extent")
        return taps
    }

    /// The result of one pass, in more precision than that of the operands.
    package func evaluate(_ pass: Pass, _ first: [Double], _ second: [Double], _ precision: Precision) -> ExactValues {
        let places: (first: [Int], second: [Int], result: [Int]) =
            switch pass {
            case .forward: (input, filter, output)
            case .inputGradient: (output, filter, input)
            case .filterGradient: (input, output, filter)
            }
        let count = problem.resultShape(pass).reduce(1, *)
        var high = [Double](repeating: 0, count: count)
        var low = precision == .float64 ? high : []
        let planes = (
            x: problem.axes.reduce(1) { $0 * $1.input }, w: problem.axes.reduce(1) { $0 * $1.filter },
            y: problem.axes.reduce(1) { $0 * $1.output }
        )
        for n in 0..<problem.batch {
            for k in 0..<problem.filters {
                for channel in 0..<problem.channelsPerGroup {
                    let c = k / problem.filtersPerGroup * problem.channelsPerGroup + channel
                    let x = (n * problem.channels + c) * planes.x
                    let w = (k * problem.channelsPerGroup + channel) * planes.w
                    let y = (n * problem.filters + k) * planes.y
                    let starts =
                        switch pass {
                        case .forward: (x, w, y)
                        case .inputGradient: (y, w, x)
                        case .filterGradient: (x, y, w)
                        }
                    if precision == .float32 {
                        Oracle.scatter(places, starts, first, second, &high)
                    } else {
                        Oracle.scatter(places, starts, first, second, &high, &low)
                    }
                }
            }
        }
        return ExactValues(high: high, low: low)
    }

    /// Adds one plane's products in Double: each product of two Floats is exact.
    private static func scatter(
        _ places: (first: [Int], second: [Int], result: [Int]), _ starts: (first: Int, second: Int, result: Int),
        _ first: [Double], _ second: [Double], _ high: inout [Double]
    ) {
        var tap = 0
        let count = places.result.count
        while tap < count {
            let product = first[starts.first + places.first[tap]] * second[starts.second + places.second[tap]]
            high[starts.result + places.result[tap]] += product
            tap += 1
        }
    }

    /// Adds one plane's products in normalised double-double arithmetic.
    private static func scatter(
        _ places: (first: [Int], second: [Int], result: [Int]), _ starts: (first: Int, second: Int, result: Int),
        _ first: [Double], _ second: [Double], _ high: inout [Double], _ low: inout [Double]
    ) {
        var tap = 0
        let count = places.result.count
        while tap < count {
            let place = starts.result + places.result[tap]
            var sum = WideSum(high: high[place], low: low[place])
            sum.add(first[starts.first + places.first[tap]], times: second[starts.second + places.second[tap]])
            high[place] = sum.high
            low[place] = sum.low
            tap += 1
        }
    }
}

/// Values known to twice the precision of Double, or to Double where that is enough (`low` is empty then).
package struct ExactValues: Sendable {
    package let high: [Double]
    package let low: [Double]

    package var count: Int { high.count }

    /// These values with `bias[k]` added to every element of the planes of filter k.
    package func adding(_ bias: [Double], planeCount: Int) -> ExactValues {
        var high = high
        var low = low
        for index in high.indices {
            let term = bias[index / planeCount % bias.count]
            if low.isEmpty {
                high[index] += term
            } else {
                var sum = WideSum(high: high[index], low: low[index])
                sum.add(term, times: 1)
                high[index] = sum.high
                low[index] = sum.low
            }
        }
        return ExactValues(high: high, low: low)
    }

    /// |value − exact|, with the low part taken into account.
    package func distance(_ value: Double, at index: Int) -> Double {
        let difference = value - high[index]
        return abs(low.isEmpty ? difference : difference - low[index])
    }
}

/// A sum in double-double arithmetic, normalised after each step: |low| ≤ ulp(high)/2.
///
/// Knuth's TwoSum and Dekker's FastTwoSum; products split without error by a fused multiply-add. Once a sum is not
/// finite, it goes on as plain summation does.
package struct WideSum: Sendable {
    package private(set) var high: Double
    package private(set) var low: Double

    package init(high: Double = 0, low: Double = 0) {
        self.high = high
        self.low = low
    }

    package mutating func add(_ a: Double, times b: Double) {
        let product = a * b
        let sum = high + product
        guard sum.isFinite else {
            high = sum
            low = 0
            return
        }
        let productError = (-product).addingProduct(a, b)
        let other = sum - high
        let tail = (high - (sum - other)) + (product - other) + productError + low
        high = sum + tail
        low = tail - (high - sum)
    }

    /// This sum less another, rounded once.
    package func distance(to other: WideSum) -> Double { abs((high - other.high) + (low - other.low)) }

    /// Σ first·second.
    package static func dot(_ first: [Double], _ second: [Double]) -> WideSum {
        precondition(first.count == second.count, "a dot product needs equal counts")
        var sum = WideSum()
        var index = 0
        while index < first.count {
            sum.add(first[index], times: second[index])
            index += 1
        }
        return sum
    }
}
