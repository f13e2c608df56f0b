/// One convolution, as a value: all extents, strides, dilations, padding and groups, checked when it is made.
///
/// Letters are the field's: batch N, channels C, filters K, groups G. Tensors are row-major:
/// input `[N, C, spatial…]`, filter `[K, C/G, spatial…]`, output `[N, K, spatial…]`, with 1, 2 or 3 spatial axes.
/// "Convolution" is cross-correlation, as in all of deep learning: Y(o) = Σ X(o·stride − before + f·dilation)·W(f).
///
/// ```swift
/// let problem = try Problem(input: [4, 128, 56, 56], filter: [128, 1, 31, 31], padding: .same, groups: 128)
/// print(problem)  // n4c128i56x56_k128f31x31_psame_g128
/// ```
public struct Problem: Hashable, Sendable {
    /// N. Zero is a valid, empty batch.
    public let batch: Int
    /// C, of all groups together.
    public let channels: Int
    /// K, of all groups together.
    public let filters: Int
    /// G; divides C and K.
    public let groups: Int
    /// The spatial axes, outermost first: 1 to 3.
    public let axes: [Axis]
    /// The padding as it was asked for; ``axes`` hold what it comes to.
    public let padding: Padding

    /// Checks and makes a problem.
    ///
    /// - Parameters:
    ///   - input: `[N, C, spatial…]`.
    ///   - filter: `[K, C/G, spatial…]`; not flipped.
    ///   - stride: Samples between neighbouring outputs.
    ///   - padding: Zeros around the input.
    ///   - dilation: Samples between neighbouring taps.
    ///   - groups: G.
    /// - Throws: ``ConvolutionError`` of kind `invalidArgument` or `mismatch`, naming argument, value and rule.
    public init(
        input: [Int], filter: [Int], stride: PerAxis = 1, padding: Padding = .valid, dilation: PerAxis = 1,
        groups: Int = 1
    ) throws(ConvolutionError) {
        guard (3...5).contains(input.count) else {
            throw ConvolutionError(
                .mismatch, argument: "input shape", value: input,
                rule: "must be [N, C, spatial…] with 1 to 3 spatial axes")
        }
        guard filter.count == input.count else {
            throw ConvolutionError(
                .mismatch, argument: "filter shape", value: filter,
                rule: "must have as many axes as the input shape \(input)")
        }
        for (name, shape, smallest) in [("input shape", input, 0), ("filter shape", filter, 1)] {
            guard shape[0] >= smallest, shape.dropFirst().allSatisfy({ $0 >= 1 }) else {
                throw ConvolutionError(
                    .mismatch, argument: name, value: shape,
                    rule: smallest == 0 ? "every extent but N must be ≥ 1" : "every extent must be ≥ 1")
            }
        }
        guard groups >= 1 else {
            throw ConvolutionError(.invalidArgument, argument: "groups", value: groups, rule: "must be ≥ 1")
        }
        let (channels, filters) = (input[1], filter[0])
        for (letter, count) in [("C", channels), ("K", filters)] where count % groups != 0 {
            throw ConvolutionError(
                .mismatch, argument: "groups", value: groups, rule: "must divide \(letter) = \(count)")
        }
        guard filter[1] == channels / groups else {
            throw ConvolutionError(
                .mismatch, argument: "filter shape", value: filter,
                rule: "its second extent must be C/G = \(channels)/\(groups) = \(channels / groups) "
                    + "for the input shape \(input)")
        }

        let spatial = Array(input.dropFirst(2))
        let taps = Array(filter.dropFirst(2))
        let strides = try stride.resolved(count: spatial.count, minimum: 1, argument: "stride")
        let dilations = try dilation.resolved(count: spatial.count, minimum: 1, argument: "dilation")
        let sides = try padding.resolved(input: spatial, filter: taps, stride: strides, dilation: dilations)
        var axes: [Axis] = []
        for index in spatial.indices {
            axes.append(
                try Axis(
                    index: index, input: spatial[index], filter: taps[index], stride: strides[index],
                    dilation: dilations[index], padding: sides[index]))
        }

        self.batch = input[0]
        self.channels = channels
        self.filters = filters
        self.groups = groups
        self.axes = axes
        self.padding = Problem.canonical(padding, sides)
        // Every tensor must be addressable in bytes at the larger precision, also for an empty batch.
        for (name, shape) in [("input shape", input), ("filter shape", filter), ("output shape", outputShape)] {
            _ = try checkedProduct([max(shape[0], 1)] + shape.dropFirst() + [8], quantity: "\(name) in bytes")
        }
    }

    /// The same convolution of fewer channels and filters, in so many groups.
    func part(channels: Int, filters: Int, groups: Int) -> Problem {
        Problem(self, channels: channels, filters: filters, groups: groups)
    }

    private init(_ whole: Problem, channels: Int, filters: Int, groups: Int) {
        precondition(channels % groups == 0 && filters % groups == 0, "groups divide channels and filters")
        (batch, axes, padding) = (whole.batch, whole.axes, whole.padding)
        (self.channels, self.filters, self.groups) = (channels, filters, groups)
    }

    /// Explicit padding in its shortest form; named padding stays named.
    private static func canonical(_ padding: Padding, _ sides: [Padding.Sides]) -> Padding {
        switch padding {
        case .valid, .same, .full: return padding
        case .symmetric, .sides: break
        }
        guard sides.allSatisfy({ $0.before == $0.after }) else { return .sides(sides) }
        let numbers = sides.map(\.before)
        guard Set(numbers).count == 1 else { return .symmetric(.each(numbers)) }
        return numbers[0] == 0 ? .valid : .symmetric(.uniform(numbers[0]))
    }
}

// MARK: - What follows

extension Problem {
    /// `[N, C, spatial…]`.
    public var inputShape: [Int] { [batch, channels] + axes.map(\.input) }
    /// `[K, C/G, spatial…]`.
    public var filterShape: [Int] { [filters, channelsPerGroup] + axes.map(\.filter) }
    /// `[N, K, spatial…]`.
    public var outputShape: [Int] { [batch, filters] + axes.map(\.output) }
    /// `[K]`.
    public var biasShape: [Int] { [filters] }

    public var inputCount: Int { inputShape.reduce(1, *) }
    public var filterCount: Int { filterShape.reduce(1, *) }
    public var outputCount: Int { outputShape.reduce(1, *) }

    /// C/G.
    public var channelsPerGroup: Int { channels / groups }
    /// K/G.
    public var filtersPerGroup: Int { filters / groups }

    /// The shape of the tensor that a pass makes.
    public func resultShape(_ pass: Pass) -> [Int] {
        switch pass {
        case .forward: outputShape
        case .inputGradient: inputShape
        case .filterGradient: filterShape
        }
    }

    /// Multiplications of a direct evaluation of any one pass, padding included; saturates at `Double` range.
    public var multiplicationCount: Double {
        axes.reduce(Double(batch) * Double(filters) * Double(channelsPerGroup)) {
            $0 * Double($1.output) * Double($1.filter)
        }
    }
}
