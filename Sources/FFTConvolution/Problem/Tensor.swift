public import SpectralEngine

/// A scalar that convolutions are computed in: `Float` or `Double`.
public typealias ConvolutionScalar = SpectralEngine.ConvolutionScalar

/// A row-major array with a shape: what the convenient calls take and give.
public struct Tensor<Scalar: ConvolutionScalar>: Sendable {
    /// Extents, outermost first.
    public let shape: [Int]
    /// The elements, row-major; their number is the product of the extents.
    public private(set) var elements: [Scalar]

    /// One element, by its row-major index.
    public subscript(index: Int) -> Scalar {
        get { elements[index] }
        set { elements[index] = newValue }
    }

    /// Makes a tensor of given elements.
    ///
    /// - Throws: ``ConvolutionError`` if an extent is negative or the element count is not the product of the extents.
    public init(shape: [Int], elements: [Scalar]) throws(ConvolutionError) {
        let count = try Self.elementCount(of: shape)
        guard elements.count == count else {
            throw .elementCount(tensor: "tensor", expected: count, actual: elements.count)
        }
        self.shape = shape
        self.elements = elements
    }

    /// Makes a tensor of zeros.
    ///
    /// - Throws: ``ConvolutionError`` if an extent is negative, or the memory cannot be had.
    public init(zeros shape: [Int]) throws(ConvolutionError) {
        let count = try Self.elementCount(of: shape)
        try requireMemory(byteCount: checkedProduct([count, MemoryLayout<Scalar>.stride], quantity: "tensor bytes"))
        self.shape = shape
        elements = Array(repeating: 0, count: count)
    }

    private static func elementCount(of shape: [Int]) throws(ConvolutionError) -> Int {
        for extent in shape where extent < 0 {
            throw ConvolutionError(
                .invalidArgument, argument: "tensor shape", value: shape, rule: "every extent must be ≥ 0")
        }
        return try checkedProduct(shape, quantity: "tensor shape")
    }
}

extension Tensor: Equatable {}

/// Bytes that are asked for without a look at the machine, which takes longer than a small convolution.
private let smallAllocation = 64 << 10

/// Refuses an allocation that the machine would not grant; Swift's arrays abort instead of failing.
package func requireMemory(byteCount: Int) throws(ConvolutionError) {
    guard byteCount > smallAllocation else { return }
    let available = Machine.availableMemory
    guard byteCount <= available else {
        throw ConvolutionError(
            .resourceLimit, argument: "memory", value: "\(byteCount) bytes needed",
            rule: "at most \(available) bytes are available")
    }
    guard AlignedBuffer.canAllocate(byteCount: byteCount) else {
        throw ConvolutionError(
            .resourceLimit, argument: "memory", value: "\(byteCount) bytes needed",
            rule: "the system must grant them to this process", hint: "raise the process's memory limit")
    }
}
