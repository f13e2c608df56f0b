/// One spatial axis of a problem: what is given and what follows from it.
///
/// Output o reads the samples o·stride − before + f·dilation, f = 0 ..< filter.
public struct Axis: Hashable, Sendable {
    /// Input extent.
    public let input: Int
    /// Filter extent, in taps.
    public let filter: Int
    /// Output extent: ⌊(input + before + after − dilation·(filter − 1) − 1) / stride⌋ + 1.
    public let output: Int
    public let stride: Int
    public let dilation: Int
    /// Zeros before the first sample.
    public let before: Int
    /// Zeros after the last sample.
    public let after: Int

    /// Samples from the first tap to the last, both included: dilation·(filter − 1) + 1.
    public let dilatedFilter: Int
    /// Outputs at stride 1 up to the last one kept: stride·(output − 1) + 1.
    public let denseOutput: Int

    init(
        index: Int, input: Int, filter: Int, stride: Int, dilation: Int, padding: Padding.Sides
    ) throws(ConvolutionError) {
        self.input = input
        self.filter = filter
        self.stride = stride
        self.dilation = dilation
        self.before = padding.before
        self.after = padding.after
        // No array is that long; keeps every sum and product of extents and positions below far inside Int.
        let longest = 1 << 48
        guard input <= longest else {
            throw ConvolutionError(
                .mismatch, argument: "input extent", value: input,
                rule: "must not exceed 2^48 samples (axis \(index))")
        }
        let reach = try checkedProduct([dilation, filter - 1], quantity: "dilated filter extent")
        let dilated = try checkedSum([reach, 1], quantity: "dilated filter extent")
        let padded = try checkedSum([input, before, after], quantity: "padded input extent")
        guard dilated <= padded else {
            throw ConvolutionError(
                .mismatch, argument: "filter extent", value: filter,
                rule: "dilated filter \(dilated) must not exceed padded input \(padded) (axis \(index))",
                hint: "use a smaller filter, a smaller dilation, or padding")
        }
        guard padded <= longest else {
            throw ConvolutionError(
                .mismatch, argument: "padding", value: "\(padding.before):\(padding.after)",
                rule: "the padded input must not exceed 2^48 samples (axis \(index))")
        }
        dilatedFilter = dilated
        output = (padded - dilated) / stride + 1
        denseOutput = (output - 1) * stride + 1
    }
}
