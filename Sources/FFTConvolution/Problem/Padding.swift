/// One number for every spatial axis, or one per axis.
public enum PerAxis: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    case uniform(Int)
    case each([Int])

    public init(integerLiteral value: Int) { self = .uniform(value) }
    public init(arrayLiteral elements: Int...) { self = .each(elements) }

    /// The values for `count` axes; every one must be at least `minimum`.
    func resolved(count: Int, minimum: Int, argument: String) throws(ConvolutionError) -> [Int] {
        let values: [Int]
        switch self {
        case .uniform(let value): values = Array(repeating: value, count: count)
        case .each(let given):
            guard given.count == count else {
                throw ConvolutionError(
                    .invalidArgument, argument: argument, value: given,
                    rule: "needs one value or \(count), one per axis")
            }
            values = given
        }
        for value in values where value < minimum {
            throw ConvolutionError(.invalidArgument, argument: argument, value: value, rule: "must be ≥ \(minimum)")
        }
        return values
    }
}

/// Zeros added around the input along each spatial axis. It may exceed the filter.
public enum Padding: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// Zeros before the first and after the last sample of one axis.
    public struct Sides: Hashable, Sendable {
        public var before: Int
        public var after: Int

        public init(before: Int, after: Int) {
            self.before = before
            self.after = after
        }
    }

    /// No padding.
    case valid
    /// Output extent = ⌈input / stride⌉; an odd rest goes to the end.
    case same
    /// dilation·(F−1) on both sides: every overlap of filter and input gives an output.
    case full
    /// The same number on both sides; one for all axes, or one per axis.
    case symmetric(PerAxis)
    /// Before and after; one pair for all axes, or one per axis.
    case sides([Sides])

    public init(integerLiteral value: Int) { self = .symmetric(.uniform(value)) }
    public init(arrayLiteral elements: Int...) { self = .symmetric(.each(elements)) }

    /// Zeros before and after each axis.
    func resolved(
        input: [Int], filter: [Int], stride: [Int], dilation: [Int]
    ) throws(ConvolutionError) -> [Sides] {
        let count = input.count
        switch self {
        case .valid:
            return Array(repeating: Sides(before: 0, after: 0), count: count)
        case .symmetric(let numbers):
            return try numbers.resolved(count: count, minimum: 0, argument: "padding")
                .map { Sides(before: $0, after: $0) }
        case .sides(let sides):
            guard sides.count == count || sides.count == 1 else {
                throw ConvolutionError(
                    .invalidArgument, argument: "padding", value: sides.map { "\($0.before):\($0.after)" },
                    rule: "needs one pair or \(count), one per axis")
            }
            for side in sides where side.before < 0 || side.after < 0 {
                throw ConvolutionError(
                    .invalidArgument, argument: "padding", value: "\(side.before):\(side.after)", rule: "must be ≥ 0")
            }
            return sides.count == count ? sides : Array(repeating: sides[0], count: count)
        case .full:
            var result: [Sides] = []
            for axis in 0..<count {
                let reach = try checkedProduct([dilation[axis], filter[axis] - 1], quantity: "padding")
                result.append(Sides(before: reach, after: reach))
            }
            return result
        case .same:
            var result: [Sides] = []
            for axis in 0..<count {
                let reach = try checkedProduct([dilation[axis], filter[axis] - 1], quantity: "padding")
                let outputs = (input[axis] - 1) / stride[axis] + 1
                let needed = try checkedSum(
                    [(outputs - 1) * stride[axis] + 1 - input[axis], reach], quantity: "padding")
                let total = max(needed, 0)
                result.append(Sides(before: total / 2, after: total - total / 2))
            }
            return result
        }
    }
}
