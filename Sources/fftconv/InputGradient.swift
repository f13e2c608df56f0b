import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv input-gradient`
struct InputGradient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "input-gradient",
        abstract: "The gradient of 'forward' with respect to its input.",
        discussion: """
            The shape of the input must be said: with a stride, several inputs have the same output shape.

            Example: fftconv input-gradient dy.npy w.npy --input-shape 4,3,32,32 -o dx.npy
            """)

    @Argument(help: "The output gradient [N, K, spatial…], a .npy file, or '-'.")
    var outputGradient: String

    @Argument(help: "The filter [K, C/G, spatial…], a .npy file, or '-'.")
    var filter: String

    @Option(parsing: .unconditional, help: ArgumentHelp("The shape of the input.", valueName: "n,n…"))
    var inputShape: String

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The .npy file to write, or '-'.")
    var output: String

    @OptionGroup var options: ArrayOptions

    func run() throws {
        var settings = try options.resolved()
        let shape = try StrictNumber.list(inputShape, in: 0...Int.max, argument: "--input-shape")
        for name in ["input shape", "input extent"] {
            settings.typed.options[name] = TypedOptions.Option(name: "--input-shape", text: inputShape)
        }
        try ArrayOutput.check([output])
        let operands = try ArrayInput(
            [("output gradient", outputGradient), ("filter", filter)], settings.execution.plan.nonFinite)
        let result = try operands.withScalar { try compute(operands.arrays, shape, settings, $0) }
        try ArrayOutput.write([(output, result)])
    }

    private func compute<Scalar: ConvolutionScalar>(
        _ arrays: [NumPyArray], _ shape: [Int], _ settings: ArraySettings, _ type: Scalar.Type
    ) throws -> NumPyArray {
        let (dy, w) = (arrays[0], arrays[1])
        // Without this, a batch that was forgotten is a disagreement of filters and channels.
        guard shape.count == dy.shape.count else {
            throw ConvolutionError(
                .mismatch, argument: "--input-shape", value: inputShape,
                rule: "must have as many axes as the output gradient's shape \(dy.shape)")
        }
        let layout = try Layout(filter: w.shape, image: shape, typed: .input, isPlain: settings.isPlain)
        let channels = layout.problemShape(image: shape)[1]
        let filterChannels = layout.problemShape(filter: w.shape)[1]
        if case .channels = layout,
            channels != filterChannels.multipliedReportingOverflow(by: settings.groups).partialValue
        {
            throw ConvolutionError(
                .mismatch, argument: "--input-shape", value: inputShape,
                rule:
                    "must have C = C/G · G = \(filterChannels) · \(settings.groups) channels for the filter shape \(w.shape)"
            )
        }
        let problem = try settings.problem(layout, image: shape, filter: w.shape)
        try layout.require(dy.shape, of: "output gradient", toBe: layout.userShape(image: problem.outputShape))
        let outputGradient = try dy.tensor(of: type, shape: problem.outputShape)
        let filter = try w.tensor(of: type, shape: problem.filterShape)
        let dx = try Computation(problem, [.inputGradient], as: type, settings.execution).run { plan, control in
            try plan.inputGradient(outputGradient, filter, control: control)
        }
        return try NumPyArray(dx, shape: shape)
    }
}
