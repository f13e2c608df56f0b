/// A scalar the engine computes in: `Float` or `Double`, each in its own precision from end to end.
///
/// The protocol is all that differs between the two. Conform no other types.
public protocol ConvolutionScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable, LosslessStringConvertible {
    /// What the direct reference sums this type's products in.
    associatedtype Wide: WideAccumulator where Wide.Term == Self
}

extension Float: ConvolutionScalar {
    public typealias Wide = DoubleAccumulator
}

extension Double: ConvolutionScalar {
    public typealias Wide = DoubleDoubleAccumulator
}
