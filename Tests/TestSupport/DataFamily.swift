package import FFTConvolution

/// The kinds of operands that results are checked on; the adversarial ones are those of the numerical contract.
///
/// All data travel as `Double`. Under `float32` every value is one that a `Float` holds, so nothing is lost on the way.
package enum DataFamily: String, CaseIterable, Sendable {
    /// Independent, uniform in −1 ..< 1.
    case uniform
    /// Uniform in 0 ..< 1: the mean dominates the spectrum, and nothing cancels.
    case positive
    /// Integers in −4 … 4: where the certificate holds, results are exact after rounding.
    case integers
    /// One value everywhere.
    case constant
    /// +1, −1, +1 …: all energy in the highest bin.
    case alternating
    /// Uniform with one huge value in the first corner of each plane: 10¹⁵ in f32, 10¹⁵⁰ in f64.
    case hugeCorner
    /// A single 1 in the last corner of each plane.
    case delta
    case zeros
    /// Uniform with a box of 10³⁰ in the middle of each plane, a third of every extent wide.
    case hugeTile
    /// Uniform, with planes of magnitude 2⁻²⁰, 1 and 2²⁰ in turn.
    case unevenChannels

    /// Makes one operand.
    ///
    /// - Parameter shape: Two plane axes (batch and channel, or filter and channel), then 1 to 3 spatial ones.
    package func values(_ shape: [Int], _ precision: Precision, _ generator: inout SeededGenerator) -> [Double] {
        let plane = shape.dropFirst(2).reduce(1, *)
        let count = shape.reduce(1, *)
        var values: [Double] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            let value: Double =
                switch self {
                case .uniform, .hugeCorner, .hugeTile: generator.uniform()
                case .positive: abs(generator.uniform())
                case .integers: Double(generator.index(9) - 4)
                case .constant: 1.1
                case .alternating: index % 2 == 0 ? 1 : -1
                case .delta: (index + 1) % plane == 0 ? 1 : 0
                case .zeros: 0
                case .unevenChannels: generator.uniform() * [0x1p-20, 1, 0x1p20][index / plane % 3]
                }
            values.append(precision == .float32 ? Double(Float(value)) : value)
        }
        if self == .hugeCorner {
            for start in stride(from: 0, to: count, by: plane) {
                values[start] = precision == .float32 ? Double(Float(1e15)) : 1e150
            }
        }
        if self == .hugeTile {
            let huge = precision == .float32 ? Double(Float(1e30)) : 1e30
            for index in 0..<count where Self.isInMiddle(index % plane, of: shape.dropFirst(2)) { values[index] = huge }
        }
        return values
    }

    private static func isInMiddle(_ index: Int, of extents: ArraySlice<Int>) -> Bool {
        var rest = index
        for extent in extents.reversed() {
            let position = rest % extent
            if position < extent / 3 || position > extent * 2 / 3 { return false }
            rest /= extent
        }
        return true
    }
}

/// The three tensors of one problem: X, W and G, the gradient of the output.
package struct Operands: Sendable {
    package var x: [Double]
    package var w: [Double]
    package var g: [Double]

    package init(
        _ problem: Problem, _ family: DataFamily, _ precision: Precision, _ generator: inout SeededGenerator
    ) {
        x = family.values(problem.inputShape, precision, &generator)
        w = family.values(problem.filterShape, precision, &generator)
        g = family.values(problem.outputShape, precision, &generator)
    }

    /// The first operand of a pass, in the order of `PassExecutor.execute`.
    package func first(_ pass: Pass) -> [Double] { pass == .inputGradient ? g : x }

    /// The second operand of a pass.
    package func second(_ pass: Pass) -> [Double] { pass == .filterGradient ? g : w }
}

extension Problem {
    /// The shapes of the operands of a pass, in the order of `PassExecutor.execute`.
    package func operandShapes(_ pass: Pass) -> (first: [Int], second: [Int]) {
        switch pass {
        case .forward: (inputShape, filterShape)
        case .inputGradient: (outputShape, filterShape)
        case .filterGradient: (inputShape, outputShape)
        }
    }
}
