import ArgumentParser
import FFTConvolution

/// `fftconv validate`
struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract:
            "Checks every algorithm against the direct reference, exactly on integers, and by the adjoint identities.",
        discussion: """
            A problem text without a pass means all three passes; without problems, a built-in list is checked. Of each \
            algorithm the recipe that is predicted to be the fastest is checked. The figure is the worst error over the \
            bound that the algorithm promises, with norms of whole planes, and for the filter gradient of d axes √(2^d) \
            times that, as tiles overlap: above 1 is a miss, and the exit status is 1, as it is where nothing could be \
            checked. A '-' under integers: the bound is too wide to promise anything of them.

            Example: fftconv validate n2c4i20x20_k6f5x5_s2_psame i1000_f31_f64_dw
            """)

    @Argument(help: "Problems, as in i64x64_f9x9.")
    var problems: [String] = []

    @Option(parsing: .unconditional, help: "all, or 1…1024.")
    var threads = "all"

    @Flag(help: "Show progress also where standard error is not a terminal.")
    var progress = false

    /// Above this many multiplications the direct reference takes too long to wait for.
    private static let largestWork = 2e9

    func run() throws {
        let threads = try ExecutionOptions.threadCount(threads)
        var texts: [ProblemText] = []
        for problem in problems.isEmpty ? ValidationList.problems : problems { texts.append(try ProblemText(problem)) }

        var table = TextTable(header: ValidationRow.header)
        var rows: [ValidationRow] = []
        var skippedCount = 0
        // The reference is what the others are compared with.
        let algorithms = Registry.all.filter { $0.name != Reference.name }
        let done = WorkDone()
        let display = ProgressDisplay(isForced: progress) { done.fraction }
        defer { display.finish() }
        for (index, text) in texts.enumerated() {
            guard text.problem.multiplicationCount <= Self.largestWork else {
                skippedCount += 1
                table.append(["\(text)", "skipped: more than 2e9 multiplications for the direct reference"])
                continue
            }
            for (turn, algorithm) in algorithms.enumerated() {
                try Interrupts.check()
                let checks = index * algorithms.count + turn
                done.report(Double(checks) / Double(texts.count * algorithms.count))
                do {
                    let found = try Validation(text: text, algorithm: algorithm, threads: threads).run()
                    rows += found
                    for row in found { table.append(row.cells) }
                } catch let error as ConvolutionError where error.kind == .mismatch || error.kind == .resourceLimit {
                    table.append(["\(text)", text.pass?.rawValue ?? "all", "\(algorithm.name) refused: \(error.rule)"])
                }
            }
        }
        display.finish()
        try StandardStreams.print(table.description)

        let misses = rows.count { !$0.isPassed }
        var summary = "\(rows.count) checks, \(misses) missed"
        if skippedCount > 0 { summary += ", \(skippedCount) of \(texts.count) problems skipped" }
        if let worst = rows.max(by: { $0.ratio < $1.ratio }) {
            summary += "; worst error over its bound \(worst.ratioText) (\(worst.text))"
        }
        try StandardStreams.print(summary)
        guard !rows.isEmpty else {
            throw Failure(
                .checkFailed, argument: "validate",
                value: "\(skippedCount) skipped, \(texts.count - skippedCount) refused",
                rule: "at least one problem must be checked",
                hint: skippedCount > 0 ? "the direct reference is given up to 2e9 multiplications" : nil)
        }
        if misses > 0 { throw ExitCode(ExitStatus.checkFailed.rawValue) }
    }
}

/// What was found for one pass of one problem by one algorithm.
struct ValidationRow {
    static let header = ["problem", "pass", "error/bound", "integers", "adjoint", "method and algorithm"]

    let text: ProblemText
    let pass: Pass
    /// The worst error of an element over its bound; infinite where a result is not a number.
    let ratio: Double
    /// Exact after rounding; `nil` where the bound is no certificate, and so nothing is promised.
    let integers: Bool?
    let adjoint: Bool
    let algorithm: String

    var isPassed: Bool { ratio <= 1 && integers != false && adjoint }

    var ratioText: String { "\((ratio * 1000).rounded() / 1000)" }

    var cells: [String] {
        [
            "\(ProblemText(text.problem, precision: text.precision))", pass.rawValue,
            ratio <= 1 ? ratioText : "\(ratioText) MISS", integers.map { $0 ? "exact" : "WRONG" } ?? "-",
            adjoint ? "ok" : "WRONG", algorithm,
        ]
    }
}
