import FFTConvolution

/// How the axes of the user's arrays become those of a problem, `[N, C, spatial…]` and `[K, C/G, spatial…]`.
///
/// The rank of the filter tells: 1 or 2 is all spatial, 3 to 5 has two axes of channels. An input of one rank less is
/// one example without a batch axis, and so are the results.
enum Layout: Equatable {
    /// All axes are spatial.
    case plain(rank: Int)
    /// Channels on axis 1 of the filter; `rank` is the filter's.
    case channels(rank: Int, isBatched: Bool)

    /// Where the shape of the input comes from.
    enum ImageSource {
        case array, option

        fileprivate var argument: String {
            switch self {
            case .array: "input shape"
            case .option: "--input-shape"
            }
        }
    }

    /// - Parameters:
    ///   - image: The shape of the input.
    ///   - isPlain: `--plain` was given.
    init(
        filter: [Int], image: [Int], from source: ImageSource = .array, isPlain: Bool
    ) throws(ConvolutionError) {
        if isPlain || (1...2).contains(filter.count) {
            guard (1...3).contains(filter.count) else {
                throw ConvolutionError(
                    .mismatch, argument: "filter shape", value: filter, rule: "must have 1 to 3 axes with --plain")
            }
            guard image.count == filter.count else {
                throw ConvolutionError(
                    .mismatch, argument: source.argument, value: image,
                    rule: "must have as many axes as the filter shape \(filter)",
                    // A shape that was typed is what is wrong, and not the filter.
                    hint: isPlain || source == .option ? nil : "a filter with channels has the axes [K, C/G, spatial…]")
            }
            try Self.requireExtents(image, source.argument, filter)
            self = .plain(rank: filter.count)
            return
        }
        guard (3...5).contains(filter.count) else {
            throw ConvolutionError(
                .mismatch, argument: "filter shape", value: filter,
                rule: "must have 1 to 5 axes: up to 3 spatial ones after [K, C/G]")
        }
        guard image.count == filter.count || image.count == filter.count - 1 else {
            throw ConvolutionError(
                .mismatch, argument: source.argument, value: image,
                rule: "must have as many axes as the filter shape \(filter), or one less without a batch",
                hint: filter.count == 3 ? "--plain says that all axes are spatial" : nil)
        }
        try Self.requireExtents(image, source.argument, filter, isBatched: image.count == filter.count)
        self = .channels(rank: filter.count, isBatched: image.count == filter.count)
    }

    /// Refuses extents of 0 but for an empty batch, in the user's words: a problem's shape may have more axes.
    private static func requireExtents(
        _ image: [Int], _ argument: String, _ filter: [Int], isBatched: Bool = false
    ) throws(ConvolutionError) {
        guard image.dropFirst(isBatched ? 1 : 0).allSatisfy({ $0 >= 1 }) else {
            throw ConvolutionError(
                .mismatch, argument: argument, value: image,
                rule: isBatched ? "every extent but N must be ≥ 1" : "every extent must be ≥ 1")
        }
        guard filter.allSatisfy({ $0 >= 1 }) else {
            throw ConvolutionError(.mismatch, argument: "filter shape", value: filter, rule: "every extent must be ≥ 1")
        }
    }

    /// The shape a problem gives to an input, an output or one of their gradients.
    func problemShape(image shape: [Int]) -> [Int] {
        switch self {
        case .plain: [1, 1] + shape
        case .channels(_, let isBatched): isBatched ? shape : [1] + shape
        }
    }

    /// The shape a problem gives to a filter.
    func problemShape(filter shape: [Int]) -> [Int] {
        switch self {
        case .plain: [1, 1] + shape
        case .channels: shape
        }
    }

    /// The inverse of ``problemShape(image:)``.
    func userShape(image shape: [Int]) -> [Int] {
        switch self {
        case .plain: Array(shape.dropFirst(2))
        case .channels(_, let isBatched): isBatched ? shape : Array(shape.dropFirst())
        }
    }

    /// Refuses an array whose shape, as the user sees it, is not what the problem implies.
    func require(_ shape: [Int], of name: String, toBe expected: [Int]) throws(ConvolutionError) {
        guard shape == expected else {
            throw ConvolutionError(
                .mismatch, argument: "\(name) shape", value: shape,
                rule: "must be \(expected) for these shapes and options")
        }
    }
}
