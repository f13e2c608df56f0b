import FFTConvolution

/// Which convolution a transposed convolution is the input gradient of.
///
/// Its input has the extent (I − 1)·stride − before − after + dilation·(F − 1) + output padding + 1 along each axis,
/// I being the extent of what the transposed convolution takes.
struct TransposedShape {
    /// `[N, K, spatial…]`, the shape of what is given.
    let input: [Int]
    /// `[K, C/G, spatial…]`.
    let filter: [Int]
    /// One number, or one per axis.
    let outputPadding: [Int]
    let settings: ArraySettings

    func problem() throws(ConvolutionError) -> Problem {
        guard input[1] == filter[0] else {
            throw ConvolutionError(
                .mismatch, argument: "filter shape", value: filter,
                rule: "its first extent must be the input's channels, \(input[1]), for the input shape \(input)")
        }
        let axes = input.count - 2
        let stride = try each(settings.stride, axes, argument: "--stride")
        let dilation = try each(settings.dilation, axes, argument: "--dilation")
        let added = try each(
            outputPadding.count == 1 ? .uniform(outputPadding[0]) : .each(outputPadding), axes,
            argument: "--output-padding")
        for axis in 0..<axes where added[axis] >= max(stride[axis], dilation[axis]) {
            throw ConvolutionError(
                .invalidArgument, argument: "--output-padding", value: added[axis],
                rule: "must be smaller than the stride \(stride[axis]) or the dilation \(dilation[axis])")
        }
        if settings.padding == .same, added.contains(where: { $0 != 0 }) {
            throw ConvolutionError(
                .invalidArgument, argument: "--output-padding", value: added,
                rule: "must be 0 with --padding same, which makes the output extent input·stride")
        }

        var extents: [Int] = []
        for axis in 0..<axes {
            let sides = try sides(axis, of: axes, dilation[axis])
            let extent = try extent(
                input: input[axis + 2], stride: stride[axis], sides: sides,
                filter: filter[axis + 2], dilation: dilation[axis], added: added[axis])
            guard extent >= 1 else {
                let padding = "\(sides?.before ?? 0):\(sides?.after ?? 0)"
                throw settings.typed.named(
                    ConvolutionError(
                        .mismatch, argument: "padding", value: padding,
                        rule: "leaves an output extent of \(extent) on axis \(axis), must be ≥ 1"))
            }
            extents.append(extent)
        }
        let (channels, overflow) = filter[1].multipliedReportingOverflow(by: settings.groups)
        guard !overflow else {
            throw ConvolutionError(
                .mismatch, argument: "--groups", value: settings.groups, rule: "must not overflow 64-bit sizes")
        }
        return try settings.problem(input: [input[0], channels] + extents, filter: filter)
    }

    /// The padding of one axis; `nil` for `same`.
    private func sides(_ axis: Int, of axes: Int, _ dilation: Int) throws(ConvolutionError) -> Padding.Sides? {
        switch settings.padding {
        case .same: return nil
        case .valid: return .init(before: 0, after: 0)
        case .full:
            let (reach, overflow) = dilation.multipliedReportingOverflow(by: max(filter[axis + 2] - 1, 0))
            guard !overflow else { throw Self.overflow(dilation) }
            return .init(before: reach, after: reach)
        case .symmetric(let numbers):
            let number = try each(numbers, axes, argument: "--padding")[axis]
            return .init(before: number, after: number)
        case .sides(let sides):
            guard sides.count == axes || sides.count == 1 else {
                throw ConvolutionError(
                    .invalidArgument, argument: "--padding",
                    value: sides.map { "\($0.before):\($0.after)" }.joined(separator: ","),
                    rule: "needs one pair or \(axes), one per axis")
            }
            return sides.count == axes ? sides[axis] : sides[0]
        }
    }

    private func extent(
        input: Int, stride: Int, sides: Padding.Sides?, filter: Int, dilation: Int, added: Int
    ) throws(ConvolutionError) -> Int {
        guard let sides else {
            let (extent, overflow) = input.multipliedReportingOverflow(by: stride)
            guard !overflow else { throw Self.overflow(stride) }
            return extent
        }
        let (steps, overflow) = (input - 1).multipliedReportingOverflow(by: stride)
        let (reach, reachOverflow) = dilation.multipliedReportingOverflow(by: filter - 1)
        guard !overflow, !reachOverflow else { throw Self.overflow(overflow ? stride : dilation) }
        var extent = steps
        for term in [reach, added, 1, -sides.before, -sides.after] {
            let (sum, overflow) = extent.addingReportingOverflow(term)
            guard !overflow else { throw Self.overflow(term) }
            extent = sum
        }
        return extent
    }

    private static func overflow(_ value: Int) -> ConvolutionError {
        ConvolutionError(.mismatch, argument: "output extent", value: value, rule: "must not overflow 64-bit sizes")
    }

    private func each(_ values: PerAxis, _ count: Int, argument: String) throws(ConvolutionError) -> [Int] {
        switch values {
        case .uniform(let value): return Array(repeating: value, count: count)
        case .each(let given):
            guard given.count == count else {
                throw ConvolutionError(
                    .invalidArgument, argument: argument, value: given.map(String.init).joined(separator: ","),
                    rule: "needs one value or \(count), one per axis")
            }
            return given
        }
    }
}
