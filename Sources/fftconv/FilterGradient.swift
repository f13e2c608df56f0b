import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv filter-gradient`
struct FilterGradient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter-gradient",
        abstract: "The gradient of 'forward' with respect to its filter, summed over the batch.",
        discussion: """
            The shape of the filter must be said: with a stride, several filters have the same output shape.

            Example: fftconv filter-gradient x.npy dy.npy --filter-shape 8,3,5,5 -o dw.npy
            """)

    @Argument(help: "The input [N, C, spatial…], a .npy file, or '-'.")
    var input: String

    @Argument(help: "The output gradient [N, K, spatial…], a .npy file, or '-'.")
    var outputGradient: String

    @Option(parsing: .unconditional, help: ArgumentHelp("The shape of the filter.", valueName: "n,n…"))
    var filterShape: String

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The .npy file to write, or '-'.")
    var output: String

    @OptionGroup var options: ArrayOptions

    func run() throws {
        var settings = try options.resolved()
        let shape = try StrictNumber.list(filterShape, in: 1...Int.max, argument: "--filter-shape")
        for name in ["filter shape", "filter extent"] {
            settings.typed.options[name] = TypedOptions.Option(name: "--filter-shape", text: filterShape)
        }
        try ArrayOutput.check([output])
        let operands = try ArrayInput(
            [("input", input), ("output gradient", outputGradient)], settings.execution.plan.nonFinite)
        let result = try operands.withScalar { try compute(operands.arrays, shape, settings, $0) }
        try ArrayOutput.write([(output, result)])
    }

    private func compute<Scalar: ConvolutionScalar>(
        _ arrays: [NumPyArray], _ shape: [Int], _ settings: ArraySettings, _ type: Scalar.Type
    ) throws -> NumPyArray {
        let (x, dy) = (arrays[0], arrays[1])
        let layout = try Layout(filter: shape, image: x.shape, typed: .filter, isPlain: settings.isPlain)
        let problem = try settings.problem(layout, image: x.shape, filter: shape)
        try layout.require(dy.shape, of: "output gradient", toBe: layout.userShape(image: problem.outputShape))
        let input = try x.tensor(of: type, shape: problem.inputShape)
        let outputGradient = try dy.tensor(of: type, shape: problem.outputShape)
        let dw = try Computation(problem, [.filterGradient], as: type, settings.execution).run { plan, control in
            try plan.filterGradient(input, outputGradient, control: control)
        }
        return try NumPyArray(dw, shape: shape)
    }
}
