import FFTConvolution

/// Seeded numbers for checks and measurements: the same on every machine. The generator is SplitMix64
/// (Steele, Lea, Flood 2014).
struct RandomData {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// Uniform in −1 ..< 1.
    mutating func uniform<Scalar: ConvolutionScalar>(
        _ shape: [Int], of type: Scalar.Type
    ) throws(ConvolutionError) -> Tensor<Scalar> {
        try fill(shape) { Scalar(Double(Int64(bitPattern: $0) >> 11) * 0x1p-52) }
    }

    /// Integers in −magnitude … magnitude.
    mutating func integers<Scalar: ConvolutionScalar>(
        _ shape: [Int], magnitude: Int, of type: Scalar.Type
    ) throws(ConvolutionError) -> Tensor<Scalar> {
        try fill(shape) { Scalar(Int($0 % UInt64(2 * magnitude + 1)) - magnitude) }
    }

    private mutating func fill<Scalar: ConvolutionScalar>(
        _ shape: [Int], _ value: (UInt64) -> Scalar
    ) throws(ConvolutionError) -> Tensor<Scalar> {
        var elements = try Tensor<Scalar>(zeros: shape).elements
        for index in elements.indices { elements[index] = value(next()) }
        return try Tensor(shape: shape, elements: elements)
    }
}
