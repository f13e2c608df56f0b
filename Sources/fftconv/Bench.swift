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
            are measured in turn, on memory made before. What counts is step/forward. In JSON, pass is training-step, algorithm \
            lists what each pass runs where it runs alone, and minimum_ms and median_ms are of the step; forward_ms, separate_ms \
            and kept_bytes, the spectra that the gradients reuse, are added.

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

    @Flag(help: "Show progress also where standard error is not a terminal, and beside lines of JSON.")
    var progress = false

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
        let typed = try TypedOptions.limits(memoryLimit: memoryLimit)
        do {
            try measure()
        } catch let error as ConvolutionError {
            throw typed.named(error)
        }
    }

    private func measure() throws {
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

        let list = Method(rawValue: methods.rawValue).map { [$0] } ?? [.direct, .fft]
        let done = WorkDone()
        let display = progressDisplay(of: done)
        defer { display?.finish() }
        var count = 0
        var table = TextTable(header: BenchResult.header)
        var failure: ConvolutionError?
        for text in texts {
            var refusal: ConvolutionError?
            var hasResult = false
            for method in list {
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
                } catch let error as ConvolutionError where methods == .all && Self.isOfOneMethod(error) {
                    // Of several methods, one that does not apply is a line of the table and no error.
                    if json {
                        StandardStreams.printError("note: \(text), method \(method.rawValue): \(error.rule)")
                    }
                    table.append(BenchResult.refusedRow(measurement, error.rule))
                    refusal = error
                }
                hasResult = hasResult || isMeasured
                count += 1
                done.report(Double(count) / Double(texts.count * list.count))
            }
            // A pass that no method has computed is an error, which is told when the others are measured.
            if !hasResult { failure = refusal }
        }
        display?.finish()
        if !json, !onRequest { try StandardStreams.print(table.description) }
        if let failure { throw failure }
    }

    /// Lines of JSON tell how far it is, and on a terminal a figure would stand in them.
    private func progressDisplay(of done: WorkDone) -> ProgressDisplay? {
        guard progress || !(json || onRequest) else { return nil }
        return ProgressDisplay(isForced: progress) { done.fraction }
    }

    /// Whether an error leaves other methods to try: this one does not apply, or would need more memory than it may use. An FFTW
    /// that cannot be used, and operands that find no memory, are errors of the machine.
    private static func isOfOneMethod(_ error: ConvolutionError) -> Bool {
        error.kind == .mismatch || (error.kind == .resourceLimit && error.argument == "memory limit")
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
        var texts: [ProblemText] = []
        for problem in problems {
            let text = try ProblemText(problem)
            guard text.pass == nil else {
                throw ConvolutionError(
                    .invalidArgument, argument: "--training-step", value: problem,
                    rule: "measures all passes by one method", hint: "leave the pass out of the problem")
            }
            texts.append(text)
        }
        let done = WorkDone()
        let display = progressDisplay(of: done)
        defer { display?.finish() }
        var table = TextTable(header: StepResult.header)
        for (index, text) in texts.enumerated() {
            done.report(Double(index) / Double(texts.count))
            let result = try StepMeasurement(text: text, options: options, minimumTime: minimumTime).run()
            if json { try StandardStreams.print(result.json) }
            table.append(result.row)
        }
        display?.finish()
        if !json { try StandardStreams.print(table.description) }
    }

    private func passes(_ choice: PassChoice?, of text: ProblemText) -> [Pass] {
        if let choice { return Pass(rawValue: choice.rawValue).map { [$0] } ?? Pass.allCases }
        return text.pass.map { [$0] } ?? Pass.allCases
    }
}
