package import FFTConvolution

/// The one source of tolerances: T1 of the numerical contract, for every element of every result.
///
/// Where a recipe transforms, |ŷ − y| ≤ [4·(l + 1) + A(M)]·u·S + u·|y| + τ, with l = log₂ of the product of the
/// transform lengths, S the sum over M terms (channels of the group; filters of the group; batch items × tiles) of the
/// product of the Euclidean norms of what enters the two transforms, A(M) the rounding of the two-level sum of M terms,
/// and τ the smallest subnormal. Where it sums in the operands' precision, with n roundings of a term at most, the first two
/// terms are n·u/(1 − n·u)·S (Higham 2002, lemma 3.1). Where it does neither, y is summed in twice the precision and rounded once: u·|y| + τ,
/// and what the sum itself and the oracle's lose, which is n·2⁻⁵³·S for f32 and (n·2⁻⁵³)²·S for f64 with n terms each
/// (Ogita, Rump, Oishi 2005, proposition 5.5; Σ|x||w| ≤ S by Cauchy and Schwarz).
///
/// Windows and norms are computed here from the definition, with no help from the library.
package struct Contract: Sendable {
    private let problem: Problem
    private let pass: Pass
    private let precision: Precision
    private let arithmetic: Arithmetic
    private let windows: [AxisWindows]

    package init(_ problem: Problem, _ pass: Pass, _ precision: Precision, _ arithmetic: Arithmetic) {
        var tiling: [AxisTiling]?
        if case .transforms(let tilings) = arithmetic { tiling = tilings }
        precondition(tiling.map { $0.count == problem.axes.count } ?? true, "a tiling has one entry per axis")
        self.problem = problem
        self.pass = pass
        self.precision = precision
        self.arithmetic = arithmetic
        windows = problem.axes.indices.map { AxisWindows(problem.axes[$0], pass, tiling?[$0]) }
    }

    /// The right side of the inequality for every element of the result.
    ///
    /// - Parameter exact: y. Elements that are not finite have no meaningful bound.
    package func bounds(_ first: [Double], _ second: [Double], exact: [Double]) -> [Double] {
        // Norms of values near the largest Double overflow where the bound, u times as large, does not.
        let (one, two) = (Contract.moderated(first), Contract.moderated(second))
        let scales = scales(one.values, two.values)
        let factor = scaleFactor
        let roundoff = precision.unitRoundoff
        let subnormal = precision == .float32 ? 0x1p-149 : 0x1p-1074
        precondition(scales.count == exact.count, "a bound for every element")
        return exact.indices.map {
            factor * scales[$0] * one.unit * two.unit + roundoff * abs(exact[$0]) + subnormal
        }
    }

    /// The values in a unit, a power of two, in which none exceeds 2⁵⁰⁰.
    private static func moderated(_ values: [Double]) -> (values: [Double], unit: Double) {
        guard let largest = values.lazy.map({ abs($0) }).max(), largest.isFinite, largest.exponent > 500 else {
            return (values, 1)
        }
        let unit = Double(sign: .plus, exponent: Int(largest.exponent) - 500, significand: 1)
        return (values.map { $0 / unit }, unit)
    }

    /// What S is multiplied with.
    package var scaleFactor: Double {
        let tiling: [AxisTiling]
        switch arithmetic {
        case .transforms(let tilings): tiling = tilings
        case .sums(let roundings):
            // No order of n terms takes more than n roundings of products and n of sums.
            let lost = Double(min(roundings, 2 * directTermCount + 1)) * precision.unitRoundoff
            return lost / (1 - lost)
        case .wideSums:
            let lost = Double(directTermCount) * 0x1p-53
            return 2 * (precision == .float32 ? lost : lost * lost)
        }
        let logarithm = tiling.reduce(0) { $0 + log2($1.length) }
        return (4 * (logarithm + 1) + Contract.additions(summedTerms)) * precision.unitRoundoff
    }

    /// A(M): roundings that one term meets when M terms are added in runs of 16, and then the runs.
    package static func additions(_ terms: Int) -> Double {
        terms <= 16 ? Double(max(terms, 1) - 1) : Double(15 + (terms + 15) / 16 - 1)
    }

    /// M.
    private var summedTerms: Int {
        switch pass {
        case .forward: problem.channels / problem.groups
        case .inputGradient: problem.filters / problem.groups
        case .filterGradient: problem.batch * windows.reduce(1) { $0 * $1.count }
        }
    }

    /// Products in one result of a direct sum.
    private var directTermCount: Int {
        switch pass {
        case .forward: problem.axes.reduce(problem.channels / problem.groups) { $0 * $1.filter }
        case .inputGradient: problem.axes.reduce(problem.filters / problem.groups) { $0 * $1.filter }
        case .filterGradient: problem.axes.reduce(problem.batch) { $0 * $1.output }
        }
    }

    private func log2(_ length: Int) -> Double {
        // Exact for powers of two, and far more exact than the bound needs elsewhere: bisection on x² ≥ 2.
        var mantissa = Double(length)
        var result = 0.0
        while mantissa >= 2 {
            mantissa /= 2
            result += 1
        }
        var bit = 0.5
        for _ in 0..<40 {
            mantissa *= mantissa
            if mantissa >= 2 {
                mantissa /= 2
                result += bit
            }
            bit /= 2
        }
        return result
    }
}

// MARK: - The scale

extension Contract {
    /// S for every element of the result.
    package func scales(_ first: [Double], _ second: [Double]) -> [Double] {
        let (batch, channels, filters) = (problem.batch, problem.channels, problem.filters)
        let (perGroup, filtersPerGroup) = (channels / problem.groups, filters / problem.groups)
        let tiles = windows.reduce(1) { $0 * $1.count }
        let firstExtents = problem.axes.map { pass == .inputGradient ? $0.output : $0.input }
        let secondExtents = problem.axes.map { pass == .filterGradient ? $0.output : $0.filter }
        let secondWindows = pass == .filterGradient ? windows.map(\.second) : secondExtents.map { [0..<$0] }
        let firstNorms = norms(first, firstExtents, windows.map(\.first))
        let secondNorms = norms(second, secondExtents, secondWindows)
        let places = tileOfElement

        // One sum per plane and tile of the result; the filter gradient has one per plane.
        let planes = pass == .inputGradient ? batch * channels : batch * filters
        var sums = [Double](repeating: 0, count: pass == .filterGradient ? filters * perGroup : planes * tiles)
        for n in 0..<batch {
            for k in 0..<filters {
                for channel in 0..<perGroup {
                    let x = n * channels + k / filtersPerGroup * perGroup + channel
                    let w = k * perGroup + channel
                    let y = n * filters + k
                    for tile in 0..<tiles {
                        switch pass {
                        case .forward: sums[y * tiles + tile] += firstNorms[x * tiles + tile] * secondNorms[w]
                        case .inputGradient: sums[x * tiles + tile] += firstNorms[y * tiles + tile] * secondNorms[w]
                        case .filterGradient: sums[w] += firstNorms[x * tiles + tile] * secondNorms[y * tiles + tile]
                        }
                    }
                }
            }
        }

        if pass == .filterGradient {
            let taps = problem.axes.reduce(1) { $0 * $1.filter }
            return sums.flatMap { Array(repeating: $0, count: taps) }
        }
        var scales: [Double] = []
        for plane in 0..<planes {
            for tile in places { scales.append(sums[plane * tiles + tile]) }
        }
        return scales
    }

    /// The tile that keeps each element of one result plane.
    private var tileOfElement: [Int] {
        windows.reduce([0]) { outer, axis in
            outer.flatMap { tile in axis.tileOfResult.map { tile * axis.count + $0 } }
        }
    }

    /// The norm of every window of every plane, in the order [plane, tile].
    private func norms(_ values: [Double], _ extents: [Int], _ windows: [[Range<Int>]]) -> [Double] {
        let plane = extents.reduce(1, *)
        // The samples of each tile within a plane, written out once for all planes.
        var samples: [[Int]] = [[0]]
        for (extent, ranges) in zip(extents, windows) {
            samples = samples.flatMap { outer in
                ranges.map { range in outer.flatMap { index in range.map { index * extent + $0 } } }
            }
        }
        var norms: [Double] = []
        for start in stride(from: 0, to: values.count, by: plane) {
            for window in samples { norms.append(Contract.norm(values, window, from: start)) }
        }
        return norms
    }

    /// ‖values‖₂ of some samples, scaled by the largest so that no square overflows or vanishes.
    private static func norm(_ values: [Double], _ samples: [Int], from start: Int) -> Double {
        var largest = 0.0
        for sample in samples {
            let magnitude = abs(values[start + sample])
            if magnitude > largest { largest = magnitude }
        }
        guard largest > 0 else { return 0 }
        var sum = 0.0
        for sample in samples {
            let ratio = values[start + sample] / largest
            sum += ratio * ratio
        }
        return largest * sum.squareRoot()
    }
}

/// The windows of one axis: which samples of the operands enter each, and which results each keeps.
private struct AxisWindows: Sendable {
    let count: Int
    /// Samples of the first operand in each window.
    let first: [Range<Int>]
    /// Samples of the second operand in each window; used by the filter gradient only.
    let second: [Range<Int>]
    /// The window of each result along the axis; unused by the filter gradient, whose windows are summed.
    let tileOfResult: [Int]

    init(_ axis: Axis, _ pass: Pass, _ tiling: AxisTiling?) {
        let resultCount = pass == .forward ? axis.output : axis.input
        guard let tiling, !tiling.coversAxis else {
            count = 1
            first = [0..<(pass == .inputGradient ? axis.output : axis.input)]
            second = [0..<axis.output]
            tileOfResult = Array(repeating: 0, count: resultCount)
            return
        }
        let step = tiling.step
        // Windows that roll are as long as the transform.
        let reach = tiling.rolls ? tiling.length - step : axis.dilation * (axis.filter - 1)
        let denseOutputs = axis.stride * (axis.output - 1) + 1
        let starts = Array(stride(from: 0, to: pass == .inputGradient ? axis.input : denseOutputs, by: step))
        count = starts.count
        switch pass {
        case .forward, .filterGradient:
            first = starts.map { start in
                Self.samples(start - axis.before, start - axis.before + step + reach, spacing: 1, of: axis.input)
            }
        case .inputGradient:
            first = starts.map { start in
                Self.samples(
                    start + axis.before - reach, start + axis.before + step, spacing: axis.stride, of: axis.output)
            }
        }
        second = starts.map { Self.samples($0, $0 + step, spacing: axis.stride, of: axis.output) }
        tileOfResult = (0..<resultCount).map { (pass == .forward ? $0 * axis.stride : $0) / step }
    }

    /// The samples among `0 ..< count`, `spacing` apart on the dense grid, that lie in `lower ..< upper` of it.
    private static func samples(_ lower: Int, _ upper: Int, spacing: Int, of count: Int) -> Range<Int> {
        // The least sample at or beyond a position: rounded up, and 0 for what lies before the first.
        func sample(atOrAfter position: Int) -> Int { position <= 0 ? 0 : (position - 1) / spacing + 1 }
        let first = min(sample(atOrAfter: lower), count)
        return first..<max(first, min(sample(atOrAfter: upper), count))
    }
}
