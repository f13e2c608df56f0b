import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv convolve`
struct Convolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convolve",
        abstract: "Convolution of two plain arrays with the second one flipped, as SciPy defines it.",
        discussion: """
            A and B have the same rank, 1 to 3. Modes: full, every overlap; same, the middle of full with the shape of \
            A; valid, complete overlaps, where one array must be at least as large as the other along every axis.

            Example: fftconv convolve signal.npy response.npy -o out.npy --mode same
            """)

    @OptionGroup var pair: PlainPair

    func run() throws { try pair.run(.convolution) }
}

/// `fftconv correlate`
struct Correlate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "correlate",
        abstract: "Correlation of two plain arrays, as SciPy defines it.",
        discussion: """
            A and B have the same rank, 1 to 3. Modes: full, every overlap; same, the middle of full with the shape of \
            A; valid, complete overlaps, where one array must be at least as large as the other along every axis.

            Example: fftconv correlate picture.npy template.npy -o out.npy --mode valid
            """)

    @OptionGroup var pair: PlainPair

    func run() throws { try pair.run(.correlation) }
}

/// What `convolve` and `correlate` share: all but the direction of B.
struct PlainPair: ParsableArguments {
    enum Operation { case convolution, correlation }
    enum Mode: String, CaseIterable { case full, same, valid }

    @Argument(help: "A .npy file, or '-'.")
    var a: String

    @Argument(help: "A .npy file, or '-'.")
    var b: String

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The .npy file to write, or '-'.")
    var output: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "full, same or valid. same starts at sample ⌊(F − 1)/2⌋ of full, F being the extent of B: where F is even, "
                + "its odd zero is in front of A (that of 'forward --padding same' is at the end)."))
    var mode = "full"

    @OptionGroup var execution: ExecutionOptions

    func run(_ operation: Operation) throws {
        let settings = try execution.resolved()
        let mode = try StrictWord.value(mode, of: Mode.self, argument: "--mode")
        try ArrayOutput.check([output])
        let operands = try ArrayInput([("A", a), ("B", b)], settings.plan.nonFinite)
        let (a, b) = (operands.arrays[0], operands.arrays[1])
        let problem = try PlainProblem(a: a.shape, b: b.shape, operation, mode)
        let result = try operands.withScalar { try compute(a, b, problem, settings, $0) }
        try ArrayOutput.write([(output, result)])
    }

    private func compute<Scalar: ConvolutionScalar>(
        _ a: NumPyArray, _ b: NumPyArray, _ plain: PlainProblem, _ settings: ExecutionSettings, _ type: Scalar.Type
    ) throws -> NumPyArray {
        let (first, second) = plain.isSwapped ? (b, a) : (a, b)
        let problem = plain.problem
        let input = try first.tensor(of: type, shape: problem.inputShape)
        let operand = try second.tensor(of: type, shape: problem.filterShape)
        let filter = plain.flipsFilter ? try operand.flipped() : operand
        let y = try Computation(problem, [.forward], as: type, settings).run { plan, control in
            try plan.forward(input, filter, control: control)
        }
        return try NumPyArray(plain.flipsResult ? y.flipped() : y, shape: Array(y.shape.dropFirst(2)))
    }
}

extension Tensor {
    /// Reversed along every axis, which for a row-major tensor is a reversal of its elements.
    func flipped() throws(ConvolutionError) -> Tensor {
        var flipped = try Tensor(zeros: shape).elements
        for index in elements.indices { flipped[flipped.count - 1 - index] = elements[index] }
        return try Tensor(shape: shape, elements: flipped)
    }
}

/// SciPy's convolution or correlation of two shapes as a problem of this library, whose forward pass does not flip.
struct PlainProblem {
    let problem: Problem
    /// B is larger in mode valid, and takes the place of the input.
    let isSwapped: Bool
    let flipsFilter: Bool
    /// Correlation is not symmetric: correlate(a, b) is correlate(b, a) reversed.
    let flipsResult: Bool

    init(
        a: [Int], b: [Int], _ operation: PlainPair.Operation, _ mode: PlainPair.Mode
    ) throws(ConvolutionError) {
        guard (1...3).contains(a.count) else {
            throw ConvolutionError(.mismatch, argument: "A shape", value: a, rule: "must have 1 to 3 axes")
        }
        guard a.count == b.count else {
            throw ConvolutionError(
                .mismatch, argument: "B shape", value: b, rule: "must have as many axes as the shape of A, \(a)")
        }
        // Said of the user's shapes: a problem has two axes more, and mode valid may swap the two.
        for (name, shape) in [("A shape", a), ("B shape", b)] {
            guard shape.allSatisfy({ $0 >= 1 }) else {
                throw ConvolutionError(.mismatch, argument: name, value: shape, rule: "every extent must be ≥ 1")
            }
        }
        let isLarger = zip(a, b).allSatisfy { $0 >= $1 }
        guard mode != .valid || isLarger || zip(a, b).allSatisfy({ $0 <= $1 }) else {
            throw ConvolutionError(
                .mismatch, argument: "B shape", value: b,
                rule: "mode valid needs one array at least as large as the other along every axis, A is \(a)")
        }
        isSwapped = mode == .valid && !isLarger
        flipsFilter = operation == .convolution
        flipsResult = operation == .correlation && isSwapped

        let padding: Padding
        switch mode {
        case .full: padding = .full
        case .valid: padding = .valid
        case .same:
            // The part of full that starts at ⌊(F − 1)/2⌋ and has A's extents; full itself starts F − 1 before A.
            padding = .sides(b.map { .init(before: $0 - 1 - ($0 - 1) / 2, after: ($0 - 1) / 2) })
        }
        let (input, filter) = isSwapped ? (b, a) : (a, b)
        problem = try Problem(input: [1, 1] + input, filter: [1, 1] + filter, padding: padding)
    }
}
