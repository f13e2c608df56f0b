import FFTConvolution
import Testing

struct TensorTests {
    @Test func shapeAndElementsAreKept() throws {
        var tensor = try Tensor<Float>(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6])
        #expect(tensor.shape == [2, 3] && tensor.elements == [1, 2, 3, 4, 5, 6])
        tensor[4] = 50
        #expect(tensor == (try Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 50, 6])))
        #expect(tensor != (try Tensor(shape: [3, 2], elements: [1, 2, 3, 4, 50, 6])))
    }

    @Test func emptyAndScalarShapesAreShapes() throws {
        #expect(try Tensor<Double>(shape: [0, 3], elements: []).elements.isEmpty)
        #expect(try Tensor<Double>(shape: [], elements: [7]).elements == [7])
        #expect(try Tensor<Double>(zeros: [2, 0]).elements.isEmpty)
    }

    @Test func zerosAreZeros() throws {
        #expect(try Tensor<Double>(zeros: [2, 3]).elements == [0, 0, 0, 0, 0, 0])
    }

    @Test func reshapingKeepsTheElements() throws {
        let tensor = try Tensor<Float>(shape: [6], elements: [1, 2, 3, 4, 5, 6])
        #expect(try tensor.reshaped([2, 3]).shape == [2, 3])
        #expect(try tensor.reshaped([2, 3]).elements == tensor.elements)
        #expect(throws: ConvolutionError.self) { try tensor.reshaped([7]) }
    }

    @Test(arguments: [
        ([2, 3], 5, ConvolutionError.Kind.mismatch, "tensor element count", "5"),
        ([2, -3], 0, .invalidArgument, "tensor shape", "[2, -3]"),
        ([1 << 32, 1 << 32], 0, .mismatch, "tensor shape", "[\(1 << 32), \(1 << 32)]"),
    ])
    func wrongShapesAreRefused(
        _ shape: [Int], _ count: Int, _ kind: ConvolutionError.Kind, _ argument: String, _ value: String
    ) throws {
        let error = try #require(throws: ConvolutionError.self) {
            try Tensor<Float>(shape: shape, elements: Array(repeating: 0, count: count))
        }
        #expect(error.kind == kind && error.argument == argument && error.value == value)
    }

    @Test func zerosThatNoMachineHoldsAreRefusedWithoutBeingAllocated() throws {
        let tooLarge = try #require(throws: ConvolutionError.self) { try Tensor<Float>(zeros: [1 << 50]) }
        #expect(tooLarge.kind == .resourceLimit && tooLarge.argument == "memory")
        let unaddressable = try #require(throws: ConvolutionError.self) { try Tensor<Double>(zeros: [1 << 61]) }
        #expect(unaddressable.kind == .mismatch && unaddressable.argument == "tensor bytes")
    }
}
