package import FFTConvolution
internal import SpectralEngine

/// The results of one training step, as `Double`.
package struct StepResults: Sendable {
    package var y: [Double]
    package var dx: [Double]
    package var dw: [Double]
    /// Whether the forward pass kept its spectra.
    package var isKept: Bool
}

/// The training step of one forward recipe on data that travel as `Double`, in dirty memory of exactly the booked sizes.
package struct StepExecution: Sendable {
    private let problem: Problem
    private let single: (any StepExecutor<Float>)?
    private let double: (any StepExecutor<Double>)?

    /// - Returns: `nil` if the recipe shares nothing.
    package init?(_ recipe: any Algorithm, for request: PlanRequest) throws {
        problem = request.problem
        func others(_ pass: Pass) -> (any Algorithm)? {
            var request = request
            request.pass = pass
            return recipe.twin(for: request)
        }
        guard let dx = others(.inputGradient), let dw = others(.filterGradient) else { return nil }
        let isSingle = request.precision == .float32
        single =
            isSingle
            ? try recipe.makeStepExecutor(for: Float.self, inputGradient: dx, filterGradient: dw, tolerance: nil) : nil
        double =
            isSingle
            ? nil : try recipe.makeStepExecutor(for: Double.self, inputGradient: dx, filterGradient: dw, tolerance: nil)
        if single == nil, double == nil { return nil }
    }

    /// That of the forward pass: its tiles may be others than the recipe's.
    package var arithmetic: Arithmetic? { single?.arithmetic ?? double?.arithmetic }

    /// - Parameter dropping: Whether what the forward pass kept is lost.
    package func run(
        _ operands: Operands, bias: [Double] = [], scratch content: ScratchContent = .pattern, dropping: Bool = false
    ) throws -> StepResults {
        if let single { return try run(single, operands, bias, content, dropping) }
        if let double { return try run(double, operands, bias, content, dropping) }
        return StepResults(y: [], dx: [], dw: [], isKept: false)
    }

    private func run<Scalar: ConvolutionScalar>(
        _ executor: any StepExecutor<Scalar>, _ operands: Operands, _ bias: [Double], _ content: ScratchContent,
        _ dropping: Bool
    ) throws -> StepResults {
        let (x, w, g) = (operands.x.map { Scalar($0) }, operands.w.map { Scalar($0) }, operands.g.map { Scalar($0) })
        let added = bias.map { Scalar($0) }
        func dirty(_ count: Int) -> [Scalar] { [Scalar](repeating: .nan, count: count) }
        var (y, dx, dw) = (dirty(problem.outputCount), dirty(problem.inputCount), dirty(problem.filterCount))
        let kept = try AlignedBuffer(byteCount: executor.keptByteCount)
        let scratch = try AlignedBuffer(byteCount: executor.workspaceByteCount)
        let precision = Precision.of(Scalar.self)
        kept.fill(with: content.word(precision))
        scratch.fill(with: content.word(precision))
        var isKept = false
        var ySpan = y.mutableSpan
        try ySpan.withSharedRegion { region in
            try kept.withSharedRegion(of: UInt8.self) { kept in
                try scratch.withSharedRegion(of: UInt8.self) { scratch in
                    isKept = try executor.forward(
                        x.span, w.span, bias: added.span, into: region, kept: kept, scratch: scratch, control: nil)
                }
            }
        }
        scratch.fill(with: content.word(precision))
        var dxSpan = dx.mutableSpan
        var dwSpan = dw.mutableSpan
        try dxSpan.withSharedRegion { dx in
            try dwSpan.withSharedRegion { dw in
                try kept.withSharedRegion(of: UInt8.self) { kept in
                    try scratch.withSharedRegion(of: UInt8.self) { scratch in
                        try executor.gradients(
                            x.span, w.span, g.span, kept: isKept && !dropping ? kept : nil, into: dx, dw,
                            scratch: scratch, control: nil)
                    }
                }
            }
        }
        return StepResults(
            y: y.map { Double($0) }, dx: dx.map { Double($0) }, dw: dw.map { Double($0) }, isKept: isKept)
    }
}

extension Algorithm {
    /// The same recipe for another pass; `nil` if that pass cannot have it.
    fileprivate func twin(for request: PlanRequest) -> (any Algorithm)? {
        guard let recipe = self as? TiledFFT, case .transforms(var tiling) = arithmetic else { return nil }
        for (index, axis) in request.problem.axes.enumerated() where tiling[index].coversAxis {
            tiling[index].step = request.pass == .inputGradient ? axis.input : axis.denseOutput
        }
        return try? TiledFFT(request, tilings: tiling, isDense: recipe.isDense)
    }
}
