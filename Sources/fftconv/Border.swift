import FFTConvolution

/// Where the samples of one axis of an extended picture come from.
struct Border {
    /// The source index of each sample; `nil` is zero.
    let sources: [Int?]

    var extendedExtent: Int { sources.count }

    /// Extends an axis so that a `valid` convolution with a flipped kernel keeps the extent, the kernel's middle tap
    /// (of an even number: the one before the middle) lying on the output. A border may exceed the picture.
    ///
    /// - Throws: ``ConvolutionError`` if the memory cannot be had.
    init(extent: Int, kernel: Int, _ mode: PaddingMode) throws(ConvolutionError) {
        try requireMemory(byteCount: (extent + kernel - 1) * MemoryLayout<Int?>.stride)
        let after = (kernel - 1) / 2
        let before = kernel - 1 - after
        sources = (-before..<extent + after).map { Self.source(of: $0, extent: extent, mode) }
    }

    private static func source(of position: Int, extent: Int, _ mode: PaddingMode) -> Int? {
        if (0..<extent).contains(position) { return position }
        switch mode {
        case .zeros: return nil
        case .replicate: return min(max(position, 0), extent - 1)
        case .circular: return remainder(position, extent)
        case .reflect:
            // The edge sample is not repeated: … 2 1 | 0 1 2 3 | 2 1 …, which has the period 2·extent − 2.
            let period = max(2 * extent - 2, 1)
            let place = remainder(position, period)
            return place < extent ? place : period - place
        }
    }

    /// The remainder that is never negative.
    private static func remainder(_ value: Int, _ divisor: Int) -> Int {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
