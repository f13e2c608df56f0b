// A plane is what one batch item has of one channel, or a filter of one channel: all spatial axes of a tensor. Each plane of a
// result is a sum over pairs of planes, one of each operand.

/// Numbers of planes, of the first and the second operand of a pass.
struct PlanePair: Hashable, Sendable {
    let first: Int
    let second: Int
}

extension Problem {
    /// The pairs of planes that plane `plane` of the result of a pass is a sum of.
    func pairs(ofResultPlane plane: Int, _ pass: Pass) -> [PlanePair] {
        let (C, K) = (channels, filters)
        let (Cg, Kg) = (channelsPerGroup, filtersPerGroup)
        switch pass {
        case .forward:
            let (n, k) = (plane / K, plane % K)
            return (0..<Cg).map { PlanePair(first: n * C + k / Kg * Cg + $0, second: k * Cg + $0) }
        case .inputGradient:
            let (n, c) = (plane / C, plane % C)
            return (c / Cg * Kg..<(c / Cg + 1) * Kg).map { PlanePair(first: n * K + $0, second: $0 * Cg + c % Cg) }
        case .filterGradient:
            let (k, c) = (plane / Cg, plane / Cg / Kg * Cg + plane % Cg)
            return (0..<batch).map { PlanePair(first: $0 * C + c, second: $0 * K + k) }
        }
    }

    /// How many pairs of planes a plane of the result is a sum of.
    func pairCount(_ pass: Pass) -> Int {
        switch pass {
        case .forward: channelsPerGroup
        case .inputGradient: filtersPerGroup
        case .filterGradient: batch
        }
    }

    /// The most products that an element of the result is a sum of.
    func termCount(_ pass: Pass) -> Double {
        axes.reduce(Double(pairCount(pass))) { $0 * Double(pass == .filterGradient ? $1.output : $1.filter) }
    }

    /// Elements of a plane of the input, of a filter and of the output.
    var planeSizes: (input: Int, filter: Int, output: Int) {
        axes.reduce((1, 1, 1)) { ($0.0 * $1.input, $0.1 * $1.filter, $0.2 * $1.output) }
    }
}
