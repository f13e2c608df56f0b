internal import CFFTW

/// Lines that lie one after the other, and are transformed to others that do: what FFTW plans for most passes.
public struct ContiguousLines: Hashable, Sendable {
    public let length: Int
    /// Eight, or one.
    public let count: Int
    public let isInverse: Bool

    public init(length: Int, count: Int = 8, isInverse: Bool) {
        (self.length, self.count, self.isInverse) = (length, count, isInverse)
    }

    /// Complex elements of all of them.
    var elementCount: Int { count * TileShape.pitch(length) }

    func plan<Scalar: ConvolutionScalar>(
        _ source: SharedRegion<Scalar>, _ target: SharedRegion<Scalar>, flags: Int32
    ) -> OpaquePointer? {
        precondition(source.count >= 2 * elementCount && target.count >= 2 * elementCount, "buffers too small")
        let pitch = Int32(TileShape.pitch(length))
        return unsafe Scalar.makePlan(
            length: Int32(length), count: Int32(count), inputStride: 1, inputDistance: pitch, outputStride: 1,
            outputDistance: pitch, sign: isInverse ? FFTW_BACKWARD : FFTW_FORWARD, flags: UInt32(flags), source.base,
            target.base)
    }
}
