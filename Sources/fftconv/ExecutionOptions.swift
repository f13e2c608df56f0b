import ArgumentParser
import FFTConvolution

/// How a computation is run: the options that every computing subcommand takes.
///
/// All options are read as text and resolved by us, so that an error names the option, the value and the rule.
struct ExecutionOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "auto, direct or fft.")
    var method = "auto"

    @Option(parsing: .unconditional, help: "all, or 1…1024. Results do not depend on it.")
    var threads = "all"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Scratch memory the computation may use: bytes, or with K, M, G, T (KiB, … too) powers of 1024.",
            valueName: "bytes"))
    var memoryLimit: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "contain (NaN and Inf reach just the outputs direct convolution gives them) or reject.",
            valueName: "policy"))
    var nonfinite = "contain"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Largest error bound accepted, relative to the output's scale S (Σ‖x‖·‖w‖; Docs/Mathematics.md), that of "
                + "transforms without the final rounding u·|y|; 0: the most accurate sums.",
            valueName: "bound"))
    var tolerance: String?

    @Option(parsing: .unconditional, help: "estimate, or measure (the best three algorithms are tried first).")
    var effort = "estimate"

    @Flag(help: "Show progress also where standard error is not a terminal.")
    var progress = false

    @Flag(help: "Tell on standard error what ran: problem, algorithm, memory, error bound, times.")
    var report = false

    func resolved() throws(ConvolutionError) -> ExecutionSettings {
        ExecutionSettings(
            plan: PlanOptions(
                method: try StrictWord.value(method, of: Method.self, argument: "--method"),
                threads: try Self.threadCount(threads), memoryLimit: try Self.byteCount(memoryLimit),
                nonFinite: try StrictWord.value(nonfinite, of: NonFinitePolicy.self, argument: "--nonfinite"),
                tolerance: try Self.bound(tolerance),
                effort: try StrictWord.value(effort, of: PlanOptions.Effort.self, argument: "--effort")),
            typed: try TypedOptions.limits(memoryLimit: memoryLimit, tolerance: tolerance),
            showsProgress: progress, reports: report)
    }

    /// `all`, or a number of threads.
    static func threadCount(_ text: String) throws(ConvolutionError) -> ThreadCount {
        if text == "all" { return .all }
        return .count(try StrictNumber.integer(text, in: 1...ThreadCount.maximum, argument: "--threads"))
    }

    static func byteCount(_ text: String?) throws(ConvolutionError) -> Int? {
        guard let text else { return nil }
        return try StrictNumber.byteCount(text, argument: "--memory-limit")
    }

    static func bound(_ text: String?) throws(ConvolutionError) -> Double? {
        guard let text else { return nil }
        return try StrictNumber.decimal(text, in: 0...Double.greatestFiniteMagnitude, argument: "--tolerance")
    }
}

/// ``ExecutionOptions``, read.
struct ExecutionSettings {
    var plan: PlanOptions
    var typed: TypedOptions
    var showsProgress: Bool
    var reports: Bool
}
