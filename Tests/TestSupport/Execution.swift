package import FFTConvolution
internal import SpectralEngine

/// What an execution finds in its scratch memory.
package enum ScratchContent: CaseIterable, Sendable {
    /// Bytes 0xA5: small negative numbers.
    case pattern
    /// Signalling NaNs of the precision.
    case signallingNaN
    /// Subnormal numbers of the precision, such as half an address is.
    case subnormal

    func word(_ precision: Precision) -> UInt64 {
        switch (self, precision) {
        case (.pattern, _): 0xa5a5_a5a5_a5a5_a5a5
        case (.subnormal, _): 0x0000_7f00_0000_7f00
        case (.signallingNaN, .float32): 0x7fa0_0000_7fa0_0000
        case (.signallingNaN, .float64): 0x7ff4_0000_0000_0000
        }
    }
}

/// One recipe made ready to run on data that travel as `Double`, in scratch of exactly the booked size.
package struct Execution: Sendable {
    package let recipe: any Algorithm
    private let precision: Precision
    private let resultCount: Int
    private let scratch: AlignedBuffer
    private let single: (any PassExecutor<Float>)?
    private let double: (any PassExecutor<Double>)?

    package init(_ recipe: any Algorithm, for request: PlanRequest) throws {
        self.recipe = recipe
        precision = request.precision
        resultCount = request.problem.resultShape(request.pass).reduce(1, *)
        scratch = try AlignedBuffer(byteCount: recipe.workspaceByteCount)
        single = precision == .float32 ? try recipe.makeExecutor(for: Float.self) : nil
        double = precision == .float64 ? try recipe.makeExecutor(for: Double.self) : nil
    }

    /// Executes with dirty scratch and a result full of NaN.
    package func run(
        _ first: [Double], _ second: [Double], bias: [Double] = [], scratch content: ScratchContent = .pattern
    ) throws -> [Double] {
        scratch.fill(with: content.word(precision))
        if let single {
            let result = try run(single, first.map { Float($0) }, second.map { Float($0) }, bias.map { Float($0) })
            return result.map { Double($0) }
        }
        if let double { return try run(double, first, second, bias) }
        return []
    }

    private func run<Scalar: ConvolutionScalar>(
        _ executor: any PassExecutor<Scalar>, _ first: [Scalar], _ second: [Scalar], _ bias: [Scalar]
    ) throws -> [Scalar] {
        var result = [Scalar](repeating: .nan, count: resultCount)
        var span = result.mutableSpan
        try span.withSharedRegion { region in
            try scratch.withSharedRegion { bytes in
                try executor.execute(
                    first.span, second.span, bias: bias.span, into: region, scratch: bytes, control: nil)
            }
        }
        return result
    }
}

extension Algorithm {
    /// The first recipes for a request, as values of any algorithm; none if it refuses. Where channels are summed by FFT, the
    /// first tiling comes with and without matrix products, whatever the cost model prefers.
    package static func firstRecipes(_ count: Int, for request: PlanRequest) -> [any Algorithm] {
        guard let recipes = try? recipes(for: request) else { return [] }
        let first: [any Algorithm] = Array(recipes.prefix(count))
        let problem = request.problem
        guard method == .fft, problem.channelsPerGroup * problem.filtersPerGroup > 1,
            case .transforms(let tiling) = first.first?.arithmetic
        else { return first }
        let known = Set(first.map { "\($0)" })
        // Tiles of matrix products do not roll.
        var still = tiling
        for index in still.indices { still[index].rolls = false }
        let twins = [true, false].compactMap { try? TiledFFT(request, tilings: $0 ? still : tiling, isDense: $0) }
        return first + twins.filter { !known.contains("\($0)") }
    }
}
