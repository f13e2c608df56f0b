import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv forward`
struct Forward: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward",
        abstract: "The convolution of deep learning: cross-correlation with channels, groups and batch.",
        discussion: """
            INPUT is [N, C, spatial…], or [C, spatial…] without a batch; FILTER is [K, C/G, spatial…] and is not \
            flipped. A filter of rank 1 or 2 means that all axes of both are spatial.

            Example: fftconv forward x.npy w.npy -o y.npy --padding same --stride 2,1
            """)

    @Argument(help: "The input, a .npy file, or '-'.")
    var input: String

    @Argument(help: "The filter, a .npy file, or '-'.")
    var filter: String

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The .npy file to write, or '-'.")
    var output: String

    @Option(parsing: .unconditional, help: "Added to every output of its filter: a .npy file of shape [K].")
    var bias: String?

    @OptionGroup var options: ArrayOptions

    func run() throws {
        let settings = try options.resolved()
        try ArrayOutput.check([output])
        let operands = try ArrayInput(
            [("input", input), ("filter", filter)] + (bias.map { [("bias", $0)] } ?? []),
            settings.execution.plan.nonFinite)
        let result = try operands.withScalar { try compute(operands.arrays, settings, $0) }
        try ArrayOutput.write([(output, result)])
    }

    private func compute<Scalar: ConvolutionScalar>(
        _ arrays: [NumPyArray], _ settings: ArraySettings, _ type: Scalar.Type
    ) throws -> NumPyArray {
        let (x, w) = (arrays[0], arrays[1])
        let layout = try Layout(filter: w.shape, image: x.shape, isPlain: settings.isPlain)
        let problem = try settings.problem(layout, image: x.shape, filter: w.shape)
        let added = arrays.dropFirst(2).first
        if let added { try layout.require(added.shape, of: "bias", toBe: problem.biasShape) }
        let input = try x.tensor(of: type, shape: problem.inputShape)
        let filter = try w.tensor(of: type, shape: problem.filterShape)
        let bias = try added?.tensor(of: type, shape: problem.biasShape)
        let y = try Computation(problem, [.forward], as: type, settings.execution).run { plan, control in
            try plan.forward(input, filter, bias: bias, control: control)
        }
        return try NumPyArray(y, shape: layout.userShape(image: y.shape))
    }
}
