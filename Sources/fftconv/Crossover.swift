import ArgumentParser
import ArrayFiles
import FFTConvolution

/// `fftconv crossover`
struct Crossover: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crossover",
        abstract: "Direct sums against the FFT over filter sizes, and the size from which the FFT is faster, per pass.",
        discussion: """
            Times are of whole calls on ready arrays, as those of 'bench'. Direct, fft and auto are measured in turn, in \
            3 to 7 rounds over all passes and sizes, as many as fit --time; the table has the best and the median of \
            the rounds. Once direct sums are over 10 times slower at two sizes, and falling behind, they are left out at \
            larger ones.

            direct/fft is the median of the ratios of single rounds. The crossover is the filter size at which it is 1, \
            interpolated between the last size at which direct sums are not slower and the next one, linearly in the \
            logarithms of ratio and size. In brackets: the smallest and the largest crossover of a single round.

            A layer's channels and batch are part of the input, --filter-count is its number of filters, as many as \
            channels by default. A filter is as long on all axes. Without --filters: odd sizes that fit the input, 3 to \
            47 for pictures, 7 to 511 for signals, 3 to 15 for volumes.

            Example: fftconv crossover --input n4c128i56x56 --groups 128 --padding same --plot crossover.svg
            """)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Extents, or batch, channels and extents as in a problem text: n4c128i56x56.", valueName: "extents"))
    var input = "1024x1024"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Filter sizes, the same on all axes: 3,5,7,9.", valueName: "n[,n…]"))
    var filters: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("all, or some of forward,input-gradient,filter-gradient.", valueName: "pass[,pass…]"))
    var passes = "all"

    @Option(parsing: .unconditional, help: "f32 or f64.")
    var precision = "f32"

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Filters, and so output channels.", valueName: "n"))
    var filterCount: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Divides the channels and the filters.", valueName: "n"))
    var groups = "1"

    @Option(parsing: .unconditional, help: ArgumentHelp("As 'forward' takes it.", valueName: "n[,n…]"))
    var stride = "1"

    @Option(parsing: .unconditional, help: ArgumentHelp("As 'forward' takes it.", valueName: "padding"))
    var padding = "valid"

    @Option(parsing: .unconditional, help: ArgumentHelp("As 'forward' takes it.", valueName: "n[,n…]"))
    var dilation = "1"

    @Option(parsing: .unconditional, help: "all, or 1…1024.")
    var threads = "all"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Seconds that it may take, about; three rounds are made at least.", valueName: "seconds"))
    var time = "45"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Draw the times with gnuplot, a panel a pass.", valueName: "F.svg|F.png"))
    var plot: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "One JSON object a line for each row and each crossover; '-' in place of the table.", valueName: "file"))
    var json: String?

    @Flag(help: "Show progress also where standard error is not a terminal.")
    var progress = false

    func run() throws {
        var subject = try CrossoverSubject(input: input)
        subject.precision = try StrictWord.value(precision, of: Precision.self, argument: "--precision")
        subject.groups = try StrictNumber.integer(groups, in: 1...Int.max, argument: "--groups")
        if let filterCount {
            subject.filters = try StrictNumber.integer(filterCount, in: 1...Int.max, argument: "--filter-count")
        }
        subject.stride = try ArrayOptions.perAxis(stride, argument: "--stride")
        subject.padding = try ArrayOptions.padding(padding)
        subject.dilation = try ArrayOptions.perAxis(dilation, argument: "--dilation")
        subject.typed = ArrayOptions.typed(stride: stride, padding: padding, dilation: dilation, groups: groups)
        let sweep = CrossoverSweep(
            subject: subject, passes: try passList(), sizes: try sizes(of: subject),
            threads: try ExecutionOptions.threadCount(threads),
            time: try StrictNumber.decimal(time, in: 0...86400, argument: "--time"))
        for size in sweep.sizes {
            let problem = try subject.problem(filter: size)
            // Operands and result of a measurement. Where all methods are left out for their time, nobody else would ask.
            for count in [problem.inputCount, problem.filterCount, problem.outputCount] {
                try requireMemory(byteCount: count * subject.precision.byteCount)
            }
        }

        // Minutes of measurement must not be lost to what could be known before.
        let terminal = try plot.map { try Gnuplot.Terminal(path: $0, argument: "--plot") }
        try ArrayOutput.check([plot, json].compactMap { $0 })
        var gnuplot: Gnuplot?
        if let plot, let terminal { gnuplot = try Gnuplot(for: plot, terminal: terminal, argument: "--plot") }

        let done = WorkDone()
        let display = ProgressDisplay(isForced: progress) { done.fraction }
        defer { display.finish() }
        let result = try sweep.run(progress: done)
        display.finish()
        try Interrupts.check()
        guard result.roundCount > 0 else {
            // `auto` would take whatever is fastest, and the first size mostly takes the least.
            let reason = result.curves.first?.rows.first?.leftOut[.auto] ?? "all methods are left out"
            throw Failure(
                .resourceLimit, argument: "--time", value: time, rule: "nothing could be measured: \(reason)",
                hint: "give more --time, or a smaller --input")
        }

        if json != "-" { try StandardStreams.print(CrossoverTable(result: result).description) }
        if let json {
            let text = CrossoverJSON(result: result).lines.map { $0 + "\n" }.joined()
            try AtomicFile.write(Array(text.utf8), path: json)
        }
        if let plot, let gnuplot, let terminal {
            try AtomicFile.write(
                try gnuplot.draw(CrossoverPlot(result: result).script(terminal: terminal)), path: plot)
        }
    }

    private func passList() throws -> [Pass] {
        if passes == "all" { return Pass.allCases }
        var chosen: Set<Pass> = []
        for word in passes.split(separator: ",", omittingEmptySubsequences: false) {
            guard let pass = Pass(rawValue: String(word)) else {
                throw Failure(
                    .commandLine, argument: "--passes", value: "'\(word)'",
                    rule: "must be one of \(Pass.allCases.map(\.rawValue).joined(separator: ", ")), or all of them: all"
                )
            }
            chosen.insert(pass)
        }
        return Pass.allCases.filter { chosen.contains($0) }
    }

    /// Ascending, whatever the order they were given in.
    private func sizes(of subject: CrossoverSubject) throws -> [Int] {
        guard let filters else { return try subject.defaultSizes() }
        let sizes = try StrictNumber.list(filters, in: 1...Int.max, argument: "--filters").sorted()
        for (size, next) in zip(sizes, sizes.dropFirst()) where size == next {
            throw Failure(.commandLine, argument: "--filters", value: "\(size) twice", rule: "may be given once")
        }
        return sizes
    }
}
