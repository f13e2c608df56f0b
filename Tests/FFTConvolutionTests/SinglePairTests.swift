import FFTConvolution
import SpectralEngine
import Testing
import TestSupport

/// The pair of functions the project started from, against numbers worked out by hand and the loops it started from.
struct SinglePairTests {
    private func checkSeedExample<Scalar: ConvolutionScalar>(_ type: Scalar.Type) throws {
        let x = try Tensor<Scalar>(shape: [3, 3], elements: [1, 2, 3, 4, 5, 6, 7, 8, 9])
        let w = try Tensor<Scalar>(shape: [2, 2], elements: [1, -2, 3, 5])
        let (output, cache) = try convForward(x, w)
        #expect(output.shape == [2, 2])
        // 1·1 − 2·2 + 3·4 + 5·5, then one step right, down, and both.
        #expect(rounded(output) == [34, 41, 55, 62])

        let dh = try Tensor<Scalar>(shape: [2, 2], elements: [2, -1, 1, 3])
        let (dx, dw) = try convBackward(dh, cache)
        #expect(dx.shape == [3, 3])
        // Each dh lays its multiple of W onto dX: 2·W at (0, 0), −W at (0, 1), W at (1, 0), 3·W at (1, 1).
        #expect(rounded(dx) == [2, -5, 2, 7, 8, -11, 3, 14, 15])
        #expect(dw.shape == [2, 2])
        // 2·1 − 1·2 + 1·4 + 3·5 = 19; a step right adds Σdh = 5, a step down three times that.
        #expect(rounded(dw) == [19, 24, 34, 39])
    }

    /// Integers this small are certified: any algorithm is within ½ of them (4·(l + 1)·u·S < 10⁻³ up to l = 10).
    private func rounded<Scalar: ConvolutionScalar>(_ tensor: Tensor<Scalar>) -> [Double] {
        tensor.elements.map { Double($0).rounded() }
    }

    @Test func theSeedExampleIsRightInFloat() throws { try checkSeedExample(Float.self) }

    @Test func theSeedExampleIsRightInDouble() throws { try checkSeedExample(Double.self) }

    /// conv_forward and conv_backward of the seed, loop for loop.
    private struct SeedLoops {
        let h: [Int]
        let dX: [Int]
        let dW: [Int]

        init(_ X: [Int], _ n_H_prev: Int, _ n_W_prev: Int, _ W: [Int], _ f: (Int, Int), _ dH: [Int]) {
            let n_H = n_H_prev - f.0 + 1
            let n_W = n_W_prev - f.1 + 1
            var H = [Int](repeating: 0, count: n_H * n_W)
            var dX = [Int](repeating: 0, count: X.count)
            var dW = [Int](repeating: 0, count: W.count)
            for h in 0..<n_H {
                for w in 0..<n_W {
                    for r in 0..<f.0 {
                        for s in 0..<f.1 {
                            H[h * n_W + w] += X[(h + r) * n_W_prev + w + s] * W[r * f.1 + s]
                            dW[r * f.1 + s] += X[(h + r) * n_W_prev + w + s] * dH[h * n_W + w]
                            dX[(h + r) * n_W_prev + w + s] += W[r * f.1 + s] * dH[h * n_W + w]
                        }
                    }
                }
            }
            self.h = H
            self.dX = dX
            self.dW = dW
        }
    }

    private func compareWithSeed<Scalar: ConvolutionScalar>(
        _ type: Scalar.Type, _ height: Int, _ width: Int, _ f: (Int, Int)
    ) throws {
        let problem = try Problem(input: [1, 1, height, width], filter: [1, 1, f.0, f.1])
        var generator = SeededGenerator(name: problem.description)
        let data = Operands(problem, .integers, .of(type), &generator)
        let loops = SeedLoops(
            data.x.map { Int($0) }, height, width, data.w.map { Int($0) }, f, data.g.map { Int($0) })
        let x = try Tensor(shape: [height, width], elements: data.x.map { Scalar($0) })
        let w = try Tensor(shape: [f.0, f.1], elements: data.w.map { Scalar($0) })
        let (output, cache) = try convForward(x, w)
        let dh = try Tensor(shape: output.shape, elements: data.g.map { Scalar($0) })
        let (dx, dw) = try convBackward(dh, cache)
        #expect(rounded(output).map { Int($0) } == loops.h, "\(problem)")
        #expect(rounded(dx).map { Int($0) } == loops.dX, "\(problem)")
        #expect(rounded(dw).map { Int($0) } == loops.dW, "\(problem)")
    }

    @Test(arguments: [
        (1, 1, 1, 1), (5, 5, 3, 3), (8, 6, 2, 3), (6, 8, 6, 8), (17, 13, 4, 4), (32, 32, 5, 5), (9, 40, 1, 7),
        (24, 25, 9, 2),
    ])
    func integersAgreeWithTheSeedsLoops(_ height: Int, _ width: Int, _ r: Int, _ s: Int) throws {
        try compareWithSeed(Float.self, height, width, (r, s))
        try compareWithSeed(Double.self, height, width, (r, s))
    }

    @Test func operandsOfOtherShapesAreRefusedByName() throws {
        let image = try Tensor<Float>(zeros: [3, 3])
        let flat = try Tensor<Float>(zeros: [9])
        let first = try #require(throws: ConvolutionError.self) { try convForward(flat, image) }
        #expect(first.kind == .mismatch && first.argument == "x shape" && first.value == "[9]")
        let second = try #require(throws: ConvolutionError.self) { try convForward(image, flat) }
        #expect(second.kind == .mismatch && second.argument == "w shape")
        let larger = try #require(throws: ConvolutionError.self) {
            try convForward(image, Tensor<Float>(zeros: [4, 1]))
        }
        #expect(larger.kind == .mismatch && larger.argument == "filter extent")
        let (_, cache) = try convForward(image, Tensor<Float>(zeros: [2, 2]))
        for shape in [[3, 3], [4], [1, 2, 2]] {
            let error = try #require(throws: ConvolutionError.self) {
                try convBackward(Tensor<Float>(zeros: shape), cache)
            }
            #expect(error.kind == .mismatch && error.argument == "dh shape" && error.rule == "must be [2, 2]")
        }
    }
}
