import FFTConvolution

/// What to tell before a long computation that a limit has sent to the direct method: nobody asked for direct sums.
enum SlownessNote {
    /// Seconds that are waited for without a word.
    private static let patience = 10.0

    /// One line for each pass that `auto` computes directly because of the memory limit or the tolerance.
    static func notes(
        _ problem: Problem, _ passes: [Pass], _ precision: Precision, _ options: PlanOptions
    ) throws(ConvolutionError) -> [String] {
        guard options.method == .auto, options.memoryLimit != nil || options.tolerance != nil else { return [] }
        var unlimited = options
        (unlimited.memoryLimit, unlimited.tolerance) = (nil, nil)
        var notes: [String] = []
        for pass in passes {
            let explanation = try Planner.shared.explain(problem, pass: pass, precision: precision, options: options)
            guard let chosen = explanation.chosen, chosen.algorithm != TiledFFT.name,
                let time = chosen.predictedTime, time > patience,
                let refusal = explanation.candidates.first(where: { $0.algorithm == TiledFFT.name })?.refusal,
                let other = try Planner.shared.explain(problem, pass: pass, precision: precision, options: unlimited)
                    .chosen, other.algorithm == TiledFFT.name
            else { continue }
            notes.append("note: method direct, predicted \(Int(min(time.rounded(), 1e15))) s: by FFT, \(refusal)")
        }
        return notes
    }
}
