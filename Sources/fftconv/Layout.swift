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

    /// A shape that is that of an array, or was typed.
    enum Operand {
        case input, filter

        fileprivate var shapeName: String { self == .input ? "input shape" : "filter shape" }
        fileprivate var option: String { self == .input ? "--input-shape" : "--filter-shape" }
    }

    /// - Parameters:
    ///   - image: The shape of the input.
    ///   - typed: Whose shape was typed; where two do not agree it is the one that is wrong.
    ///   - isPlain: `--plain` was given.
    init(filter: [Int], image: [Int], typed: Operand? = nil, isPlain: Bool) throws(ConvolutionError) {
        func refusal(_ operand: Operand, _ rule: String, hint: String? = nil) -> ConvolutionError {
            let shape = operand == .input ? image : filter
            guard operand == typed else {
                return ConvolutionError(.mismatch, argument: operand.shapeName, value: shape, rule: rule, hint: hint)
            }
            let text = shape.map(String.init).joined(separator: ",")
            return ConvolutionError(.mismatch, argument: operand.option, value: text, rule: rule, hint: hint)
        }

        let isSpatial = isPlain || (1...2).contains(filter.count)
        let isBatched = !isSpatial && image.count == filter.count
        guard filter.count <= (isSpatial ? 3 : 5) else {
            let all = "must have 1 to 5 axes: up to 3 spatial ones after [K, C/G]"
            throw refusal(.filter, isPlain ? "must have 1 to 3 axes with --plain" : all)
        }
        guard image.count == filter.count || (!isSpatial && image.count == filter.count - 1) else {
            if typed == .filter {
                let other = isPlain ? "" : ", or one more where that has no batch"
                throw refusal(.filter, "must have as many axes as the input shape \(image)\(other)")
            }
            let other = isSpatial ? "" : ", or one less without a batch"
            throw refusal(
                .input, "must have as many axes as the filter shape \(filter)\(other)",
                hint: isSpatial && !isPlain ? "a filter with channels has the axes [K, C/G, spatial…]" : nil)
        }
        // In the user's words: a problem's shape may have more axes. An empty batch is a batch.
        guard image.dropFirst(isBatched ? 1 : 0).allSatisfy({ $0 >= 1 }) else {
            throw refusal(.input, isBatched ? "every extent but N must be ≥ 1" : "every extent must be ≥ 1")
        }
        guard filter.allSatisfy({ $0 >= 1 }) else { throw refusal(.filter, "every extent must be ≥ 1") }
        self = isSpatial ? .plain(rank: filter.count) : .channels(rank: filter.count, isBatched: isBatched)
    }

    /// The error of a problem with these axes. Three axes each are also those of volumes.
    ///
    /// - Parameter isPlainPossible: Whether the same arrays make a problem if all their axes are spatial.
    func hinting(_ error: ConvolutionError, isPlainPossible: Bool) -> ConvolutionError {
        guard isPlainPossible, error.hint == nil, self == .channels(rank: 3, isBatched: true) else { return error }
        return ConvolutionError(
            error.kind, argument: error.argument, value: error.value, rule: error.rule,
            hint: "--plain says that all axes are spatial")
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
