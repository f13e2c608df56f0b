import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv transposed`
struct Transposed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transposed",
        abstract: "Transposed convolution: the adjoint of 'forward', as conv_transpose of other frameworks.",
        discussion: """
            INPUT is [N, K, spatial…], FILTER is [K, C/G, spatial…], the output [N, C, spatial…] with the extent \
            (I − 1)·stride − before − after + dilation·(F − 1) + output padding + 1 along each axis. With \
            --padding same the output extent is I·stride.

            Example: fftconv transposed x.npy w.npy -o y.npy --stride 2 --padding 1 --output-padding 1
            """)

    @Argument(help: "The input [N, K, spatial…], a .npy file, or '-'.")
    var input: String

    @Argument(help: "The filter [K, C/G, spatial…], a .npy file, or '-'.")
    var filter: String

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The .npy file to write, or '-'.")
    var output: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Added to the output extent at its end; smaller than stride or dilation.", valueName: "n[,n…]"))
    var outputPadding = "0"

    @OptionGroup var options: ArrayOptions

    func run() throws {
        let settings = try options.resolved()
        let added = try StrictNumber.list(outputPadding, in: 0...Int.max, argument: "--output-padding")
        try ArrayOutput.check([output])
        let operands = try ArrayInput([("input", input), ("filter", filter)], settings.execution.plan.nonFinite)
        let result = try operands.withScalar { try compute(operands.arrays, added, settings, $0) }
        try ArrayOutput.write([(output, result)])
    }

    private func compute<Scalar: ConvolutionScalar>(
        _ arrays: [NumPyArray], _ outputPadding: [Int], _ settings: ArraySettings, _ type: Scalar.Type
    ) throws -> NumPyArray {
        let (x, w) = (arrays[0], arrays[1])
        let layout = try Layout(filter: w.shape, image: x.shape, isPlain: settings.isPlain)
        let shape = layout.problemShape(image: x.shape)
        let filterShape = layout.problemShape(filter: w.shape)
        let problem: Problem
        do throws(ConvolutionError) {
            problem = try Self.problem(shape, filterShape, outputPadding, settings)
        } catch {
            let plain = try? Self.problem([1, 1] + x.shape, [1, 1] + w.shape, outputPadding, settings)
            throw layout.hinting(error, isPlainPossible: plain != nil)
        }
        // With an output padding of the stride or more (a dilation allows it) the problem has outputs beyond the
        // given input; the transposed convolution has nothing there, which is a gradient of zero.
        let given = try x.tensor(of: type, shape: shape)
        let outputGradient = try given.zeroExtended(to: problem.outputShape)
        let filter = try w.tensor(of: type, shape: problem.filterShape)
        let y = try Computation(problem, [.inputGradient], as: type, settings.execution).run { plan, control in
            try plan.inputGradient(outputGradient, filter, control: control)
        }
        return try NumPyArray(y, shape: layout.userShape(image: y.shape))
    }

    private static func problem(
        _ input: [Int], _ filter: [Int], _ outputPadding: [Int], _ settings: ArraySettings
    ) throws(ConvolutionError) -> Problem {
        try TransposedShape(input: input, filter: filter, outputPadding: outputPadding, settings: settings).problem()
    }
}

extension Tensor {
    /// The elements at the beginning of a larger shape of the same rank, zeros after them along each axis.
    func zeroExtended(to larger: [Int]) throws(ConvolutionError) -> Tensor {
        if larger == shape { return self }
        var extended = try Tensor(zeros: larger).elements
        let length = shape.last ?? 0
        let rows = length == 0 ? 0 : elements.count / length
        for row in 0..<rows {
            // The row's place in the larger tensor: its index digits in mixed radix, innermost axis last.
            var (rest, position, step) = (row, 0, larger.last ?? 0)
            for axis in shape.indices.dropLast().reversed() {
                position += rest % shape[axis] * step
                rest /= shape[axis]
                step *= larger[axis]
            }
            for index in 0..<length { extended[position + index] = elements[row * length + index] }
        }
        return try Tensor(shape: larger, elements: extended)
    }
}
