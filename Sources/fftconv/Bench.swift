import ArgumentParser
import FFTConvolution

/// `fftconv bench`
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Times of whole calls on ready arrays: filter transform included, planning excluded.",
        discussion: """
            After one warm-up call each measurement repeats for --min-time seconds, and three times at least. With \
            --on-request others can be measured in turn with one process, as Benchmarks/peers does.

            With --prepared-filter the filter's transforms are done before, once for all calls.

            With --training-step a forward pass, a training step with both its gradients, and the three passes one by one \
            are measured in turn, on memory made before. What counts is step/forward.

            Example: fftconv bench i1024x1024_f31x31 n2c16i32x32_k16f5x5_psame --pass all --method all --json
            """)

    @Argument(help: "Problems, as in i1024x1024_f31x31.")
    var problems: [String]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "forward, input-gradient, filter-gradient or all. Without it: the pass of the text, or all.",
            valueName: "pass"))
    var pass: String?

    @Option(parsing: .unconditional, help: "auto, direct, fft or all (direct and fft).")
    var method = "auto"

    @Option(parsing: .unconditional, help: "all, or 1…1024.")
    var threads = "all"

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Scratch memory, as 'forward' takes it.", valueName: "bytes"))
    var memoryLimit: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Seconds each measurement lasts at least.", valueName: "seconds"))
    var minTime = "0.3"

    @Flag(help: "Transform the filter once, before measuring. Forward pass only.")
    var preparedFilter = false

    @Flag(help: "A whole training step, in turn with the passes one by one.")
    var trainingStep = false

    @Flag(help: "One JSON object a line.")
    var json = false

    @Flag(help: "Plan once; measure again, and print JSON, at every line of standard input until it ends.")
    var onRequest = false

    private enum PassChoice: String, CaseIterable {
        case forward
        case inputGradient = "input-gradient"
        case filterGradient = "filter-gradient"
        case all
    }

    private enum MethodChoice: String, CaseIterable { case auto, direct, fft, all }

    func run() throws {
        var choice = try pass.map { try StrictWord.value($0, of: PassChoice.self, argument: "--pass") }
        if preparedFilter {
            choice = choice ?? .forward
            guard choice == .forward else {
                throw ConvolutionError(
                    .invalidArgument, argument: "--prepared-filter", value: "--pass \(pass ?? "")",
                    rule: "is for the forward pass")
            }
        }
        let methods = try StrictWord.value(method, of: MethodChoice.self, argument: "--method")
        let minimumTime = try StrictNumber.decimal(minTime, in: 0...86400, argument: "--min-time")
        let options = PlanOptions(
            threads: try ExecutionOptions.threadCount(threads),
            memoryLimit: try ExecutionOptions.byteCount(memoryLimit),
            filterUse: preparedFilter ? .prepared : .given)
        if trainingStep { return try measureSteps(methods, options, minimumTime) }
        var texts: [ProblemText] = []
        for problem in problems {
            let text = try ProblemText(problem)
            if preparedFilter, let pass = text.pass, pass != .forward {
                throw ConvolutionError(
                    .invalidArgument, argument: "--prepared-filter", value: problem, rule: "is for the forward pass")
            }
            for pass in passes(choice, of: text) {
                texts.append(ProblemText(text.problem, precision: text.precision, pass: pass))
            }
        }

        if onRequest, texts.count * (methods == .all ? 2 : 1) != 1 {
            throw ConvolutionError(
                .invalidArgument, argument: "--on-request", value: "\(texts.count) passes, method \(method)",
                rule: "must be asked of one problem, one pass and one method")
        }

        var table = TextTable(header: BenchResult.header)
        for text in texts {
            for method in Method(rawValue: methods.rawValue).map({ [$0] }) ?? [.direct, .fft] {
                var options = options
                options.method = method
                let measurement = Measurement(
                    text: text, options: options, minimumTime: minimumTime, preparesFilter: preparedFilter)
                var isMeasured = false
                do {
                    try measurement.run(while: { onRequest ? readLine() != nil : !isMeasured }) { result in
                        isMeasured = true
                        if json || onRequest { try StandardStreams.print(result.json) }
                        table.append(result.row)
                    }
                } catch let error as ConvolutionError where methods == .all && error.kind != .cancelled {
                    // Of several methods, one that does not apply is a line of the table and no error.
                    if json {
                        StandardStreams.printError("note: \(text), method \(method.rawValue): \(error.rule)")
                    }
                    table.append(["\(text.problem)", "", method.rawValue, "refused: \(error.rule)"])
                }
            }
        }
        if !json, !onRequest { try StandardStreams.print(table.description) }
    }

    private func measureSteps(_ method: MethodChoice, _ options: PlanOptions, _ minimumTime: Double) throws {
        for (name, isGiven) in [
            ("--pass", pass != nil), ("--prepared-filter", preparedFilter), ("--on-request", onRequest),
            ("--method all", method == .all),
        ] where isGiven {
            throw ConvolutionError(
                .invalidArgument, argument: "--training-step", value: name, rule: "measures all passes by one method")
        }
        var options = options
        options.method = Method(rawValue: method.rawValue) ?? .auto
        var table = TextTable(header: StepResult.header)
        for problem in try problems.map({ try ProblemText($0) }) {
            let result = try StepMeasurement(text: problem, options: options, minimumTime: minimumTime).run()
            if json { try StandardStreams.print(result.json) }
            table.append(result.row)
        }
        if !json { try StandardStreams.print(table.description) }
    }

    private func passes(_ choice: PassChoice?, of text: ProblemText) -> [Pass] {
        if let choice { return Pass(rawValue: choice.rawValue).map { [$0] } ?? Pass.allCases }
        return text.pass.map { [$0] } ?? Pass.allCases
    }
}
