internal import SpectralEngine

// NaN and Inf take no part in a transform: there they count as 0. Afterwards the products they are a factor of are added
// where direct convolution would add them. Each such product is itself not finite (∞·0 is NaN), so an output it reaches
// ends as it would have by direct summation, and no other output is touched.

/// Adds the products of non-finite operands to a result that was computed without them.
struct Containment: Sendable {
    private let problem: Problem
    private let pass: Pass
    /// Depth, height, width.
    private let axes: [Axis]

    init(_ problem: Problem, _ pass: Pass) {
        self.problem = problem
        self.pass = pass
        axes = problem.axes
    }

    /// A sparse product costs about as much as this many of a direct sum: the index arithmetic of each is done alone.
    /// (Measured 2026-11-22: a 1024² image of NaN with a 31² filter took 8 times as long this way as by direct sums.)
    private static let sparseCost = 8.0

    /// - Parameter redo: Planes of the result that will be computed directly: they are left alone, and those that hold so
    ///   many non-finite products that direct sums are faster are added to them.
    func apply<Scalar: ConvolutionScalar>(
        _ first: Span<Scalar>, _ second: Span<Scalar>, into result: SharedRegion<Scalar>, redo: SharedRegion<UInt8>,
        threads: Int, _ control: ExecutionControl?
    ) throws {
        let sizes = (first: count(roles.first), second: count(roles.second))
        let found = (first: nonFiniteCounts(first, sizes.first), second: nonFiniteCounts(second, sizes.second))
        try Workers.run(count: threads, blocks: redo.count) { plane, _ in
            guard redo[plane] == 0 else { return }
            let pairs = problem.pairs(ofResultPlane: plane, pass).filter {
                found.first[$0.first] + found.second[$0.second] > 0
            }
            var sparse = 0.0
            for pair in pairs {
                sparse += Double(found.first[pair.first]) * Double(sizes.second)
                sparse += Double(found.second[pair.second]) * Double(sizes.first)
            }
            if sparse * Self.sparseCost > Double(problem.pairCount(pass)) * Double(count(.filter))
                * Double(count(.output))
            {
                redo[plane] = 1
                return
            }
            for pair in pairs {
                add(first, pair.first, second, pair.second, result, plane)
                try control?.checkCancellation()
            }
        }
    }

    /// What the indices of both operands and of the result count.
    private var roles: (first: Role, second: Role, result: Role) {
        switch pass {
        case .forward: (.input, .filter, .output)
        case .inputGradient: (.output, .filter, .input)
        case .filterGradient: (.input, .output, .filter)
        }
    }

    /// How many elements of each plane are not finite. Allocates: what is not finite is rare.
    private func nonFiniteCounts<Scalar: ConvolutionScalar>(_ operand: Span<Scalar>, _ size: Int) -> [Int] {
        (0..<operand.count / max(size, 1)).map { measure(operand, $0 * size..<($0 + 1) * size).nonFiniteCount }
    }

    /// Adds the non-finite products of one plane of each operand to one plane of the result.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func add<Scalar: ConvolutionScalar>(
        _ first: Span<Scalar>, _ firstPlane: Int, _ second: Span<Scalar>, _ secondPlane: Int,
        _ result: SharedRegion<Scalar>, _ resultPlane: Int
    ) {
        let (a, b, r) = roles
        let (firstStart, secondStart, resultStart) = (
            firstPlane * count(a), secondPlane * count(b), resultPlane * count(r)
        )
        for index in 0..<count(a) where !first[firstStart + index].isFinite {
            visit(a, index, b, r) { partner, target in
                result[resultStart + target] += first[firstStart + index] * second[secondStart + partner]
            }
        }
        for index in 0..<count(b) where !second[secondStart + index].isFinite {
            visit(b, index, a, r) { partner, target in
                // Where both are non-finite, the loop above has added the product.
                guard first[firstStart + partner].isFinite else { return }
                result[resultStart + target] += first[firstStart + partner] * second[secondStart + index]
            }
        }
    }
}

// MARK: - The relation i = o·stride − before + f·dilation, solved for any of its three indices

extension Containment {
    /// What an index counts.
    private enum Role { case input, filter, output }

    private func extent(_ role: Role, _ axis: Axis) -> Int {
        switch role {
        case .input: axis.input
        case .filter: axis.filter
        case .output: axis.output
        }
    }

    private func count(_ role: Role) -> Int { axes.reduce(1) { $0 * extent(role, $1) } }

    /// Calls `body` with every plane index of `partner` that meets index `given`, and the index of `target` they meet in.
    private func visit(_ given: Role, _ index: Int, _ partner: Role, _ target: Role, _ body: (Int, Int) -> Void) {
        // Axis by axis, outermost first; `rest` is the part of the given index that the inner axes hold.
        func descend(_ level: Int, _ rest: Int, _ inner: Int, _ partnerIndex: Int, _ targetIndex: Int) {
            guard level < axes.count else { return body(partnerIndex, targetIndex) }
            let axis = axes[level]
            let below = inner / extent(given, axis)
            for position in 0..<extent(partner, axis) {
                guard let met = solve(axis, given, rest / below, partner, position) else { continue }
                descend(
                    level + 1, rest % below, below, partnerIndex * extent(partner, axis) + position,
                    targetIndex * extent(target, axis) + met)
            }
        }
        descend(0, index, count(given), 0, 0)
    }

    /// The third index of the relation on one axis, if there is one.
    private func solve(_ axis: Axis, _ given: Role, _ a: Int, _ partner: Role, _ b: Int) -> Int? {
        switch (given, partner) {
        case (.output, .filter), (.filter, .output):
            let (o, f) = given == .output ? (a, b) : (b, a)
            let i = o * axis.stride - axis.before + f * axis.dilation
            return i >= 0 && i < axis.input ? i : nil
        case (.input, .filter), (.filter, .input):
            let (i, f) = given == .input ? (a, b) : (b, a)
            let scaled = i + axis.before - f * axis.dilation
            return quotient(scaled, axis.stride, below: axis.output)
        case (.input, .output), (.output, .input):
            let (i, o) = given == .input ? (a, b) : (b, a)
            return quotient(i + axis.before - o * axis.stride, axis.dilation, below: axis.filter)
        default:
            return nil
        }
    }

    private func quotient(_ value: Int, _ divisor: Int, below limit: Int) -> Int? {
        guard value >= 0, value % divisor == 0, value / divisor < limit else { return nil }
        return value / divisor
    }
}
