import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv backward`
struct Backward: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backward",
        abstract: "All gradients of 'forward' that are asked for, from one reading of the operands.",
        discussion: """
            All are computed before the first is written.

            Example: fftconv backward x.npy w.npy dy.npy --input-gradient dx.npy --filter-gradient dw.npy
            """)

    @Argument(help: "The input [N, C, spatial…], a .npy file, or '-'.")
    var input: String

    @Argument(help: "The filter [K, C/G, spatial…], a .npy file, or '-'.")
    var filter: String

    @Argument(help: "The output gradient [N, K, spatial…], a .npy file, or '-'.")
    var outputGradient: String

    @Option(parsing: .unconditional, help: ArgumentHelp("The .npy file to write dX to, or '-'.", valueName: "file"))
    var inputGradient: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("The .npy file to write dW to, or '-'.", valueName: "file"))
    var filterGradient: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The .npy file to write the bias gradient [K] to, or '-'.", valueName: "file"))
    var biasGradient: String?

    @OptionGroup var options: ArrayOptions

    func run() throws {
        let settings = try options.resolved()
        let outputs = [inputGradient, filterGradient, biasGradient].compactMap { $0 }
        guard !outputs.isEmpty else {
            throw Failure(
                .commandLine, argument: "backward", value: "no output",
                rule: "needs --input-gradient, --filter-gradient or --bias-gradient")
        }
        try ArrayOutput.check(outputs)
        let operands = try ArrayInput(
            [("input", input), ("filter", filter), ("output gradient", outputGradient)],
            settings.execution.plan.nonFinite)
        try ArrayOutput.write(operands.withScalar { try compute(operands.arrays, settings, $0) })
    }

    private func compute<Scalar: ConvolutionScalar>(
        _ arrays: [NumPyArray], _ settings: ArraySettings, _ type: Scalar.Type
    ) throws -> [(path: String, array: NumPyArray)] {
        let (x, w, dy) = (arrays[0], arrays[1], arrays[2])
        let layout = try Layout(filter: w.shape, image: x.shape, isPlain: settings.isPlain)
        let problem = try settings.problem(layout, image: x.shape, filter: w.shape)
        try layout.require(dy.shape, of: "output gradient", toBe: layout.userShape(image: problem.outputShape))
        let tensors = (
            x: try x.tensor(of: type, shape: problem.inputShape),
            w: try w.tensor(of: type, shape: problem.filterShape),
            dy: try dy.tensor(of: type, shape: problem.outputShape)
        )
        let passes =
            (inputGradient == nil ? [] : [Pass.inputGradient])
            + (filterGradient == nil ? [] : [Pass.filterGradient])
        let computation = Computation(
            problem, passes, as: type, settings.execution, sumsBias: biasGradient != nil)
        return try computation.run { plan, control in
            var results: [(path: String, array: NumPyArray)] = []
            if let path = inputGradient {
                let dx = try plan.inputGradient(tensors.dy, tensors.w, control: control)
                results.append((path, try NumPyArray(dx, shape: x.shape)))
            }
            if let path = filterGradient {
                let dw = try plan.filterGradient(tensors.x, tensors.dy, control: control)
                results.append((path, try NumPyArray(dw, shape: w.shape)))
            }
            if let path = biasGradient {
                let db = try plan.biasGradient(tensors.dy)
                results.append((path, try NumPyArray(db, shape: problem.biasShape)))
            }
            return results
        }
    }
}
