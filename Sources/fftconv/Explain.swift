import ArgumentParser
import FFTConvolution

/// `fftconv explain`
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "The algorithms considered for a problem, their predicted times and memory, and the one taken.",
        discussion: """
            A problem text without a pass means all three passes. The algorithm marked * is the one that runs: the \
            fastest by predicted time on all cores of the machine, so that bits do not follow --threads. The times \
            printed are those on --threads, and with fewer another one may be faster. With \
            --measure the candidates are run as well, but for those beyond the best three that would take more than a second.

            Example: fftconv explain n4c128i56x56_k128f31x31_psame_g128_dw
            """)

    @Argument(help: "A problem, as in i1024x1024_f31x31.")
    var problem: String

    @Option(parsing: .unconditional, help: "auto, direct or fft.")
    var method = "auto"

    @Option(parsing: .unconditional, help: "all, or 1…1024.")
    var threads = "all"

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Scratch memory, as 'forward' takes it.", valueName: "bytes"))
    var memoryLimit: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Largest error bound accepted, relative to the output's scale S (Σ‖x‖·‖w‖; Docs/Mathematics.md), that of "
                + "transforms without the final rounding u·|y|; 0: the most accurate sums.",
            valueName: "bound"))
    var tolerance: String?

    @Flag(help: "For calls whose filter's transforms are done before.")
    var preparedFilter = false

    @Flag(help: "Run the candidates, and print measured times beside the predicted ones.")
    var measure = false

    func run() throws {
        let options = PlanOptions(
            method: try StrictWord.value(method, of: Method.self, argument: "--method"),
            threads: try ExecutionOptions.threadCount(threads),
            memoryLimit: try ExecutionOptions.byteCount(memoryLimit),
            tolerance: try ExecutionOptions.bound(tolerance), filterUse: preparedFilter ? .prepared : .given)
        let text = try ProblemText(problem)
        for pass in text.pass.map({ [$0] }) ?? Pass.allCases {
            let explanation =
                measure
                ? try Planner.shared.explain(
                    text.problem, pass: pass, precision: text.precision, options: options,
                    measuring: Interrupts.control)
                : try Planner.shared.explain(text.problem, pass: pass, precision: text.precision, options: options)
            try StandardStreams.print("\(explanation)")
        }
    }
}
