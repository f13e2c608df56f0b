import FFTConvolution
import Foundation

/// One timed pass of one problem.
struct Measurement {
    /// With its pass.
    let text: ProblemText
    let options: PlanOptions
    /// Seconds.
    let minimumTime: Double
    /// Whether the filter is made ready before, for the forward pass.
    var preparesFilter = false
    /// Calls that are timed at least, however long they last.
    var fewestRuns = 3
    /// Where plans come from; without one they are made anew, so that planning is timed.
    var planner: Planner?

    /// As many as the options say, or as there are cores.
    var threadCount: Int { options.threads.count }

    /// Plans once, then measures as long as `isWanted` says, which is asked before every measurement.
    func run(while isWanted: () throws -> Bool, report: (BenchResult) throws -> Void) throws {
        if text.precision == .float64 {
            try run(Double.self, while: isWanted, report)
        } else {
            try run(Float.self, while: isWanted, report)
        }
    }

    /// The precise calls, on arrays, result and workspace made before: nothing but the work is timed.
    private func run<Scalar: ConvolutionScalar>(
        _ type: Scalar.Type, while isWanted: () throws -> Bool, _ report: (BenchResult) throws -> Void
    ) throws {
        let (problem, pass) = (text.problem, text.pass ?? .forward)
        let clock = ContinuousClock()
        let start = clock.now
        // By default a planner of its own, so that no earlier plan is found.
        let plan = try (planner ?? Planner(machine: .current))
            .plan(for: problem, scalar: type, passes: [pass], options: options)
        let planning = clock.now - start

        var random = RandomData(seed: 1)
        let first = try random.uniform(
            pass == .inputGradient ? problem.outputShape : problem.inputShape, of: type
        ).elements
        let second = try random.uniform(
            pass == .filterGradient ? problem.outputShape : problem.filterShape, of: type
        ).elements
        var result = try Tensor<Scalar>(zeros: problem.resultShape(pass)).elements
        let workspace = try plan.makeWorkspace(for: [pass])
        let prepared =
            preparesFilter ? try plan.prepare(filter: Tensor(shape: problem.filterShape, elements: second)) : nil

        while try isWanted() {
            let times = try measure {
                var span = result.mutableSpan
                if let prepared {
                    return try prepared.forward(
                        first.span, bias: Span(), into: &span, workspace: workspace, control: Interrupts.control)
                }
                switch pass {
                case .forward:
                    try plan.forward(
                        first.span, second.span, bias: Span(), into: &span, workspace: workspace,
                        control: Interrupts.control)
                case .inputGradient:
                    try plan.inputGradient(
                        first.span, second.span, into: &span, workspace: workspace, control: Interrupts.control)
                case .filterGradient:
                    try plan.filterGradient(
                        first.span, second.span, into: &span, workspace: workspace, control: Interrupts.control)
                }
            }
            try report(
                BenchResult(
                    text: text, method: options.method, algorithm: try plan.algorithm(for: pass), threads: threadCount,
                    minimum: times[0], median: Self.median(of: times), runs: times.count, planning: planning.seconds,
                    workspaceByteCount: try plan.workspaceByteCount(for: pass)))
        }
    }

    /// Seconds of each call, ascending: one call to warm up, then the fewest asked for, and for the minimum time.
    private func measure(_ call: () throws -> Void) throws -> [Double] {
        let clock = ContinuousClock()
        var times: [Double] = []
        var total = 0.0
        var isWarm = false
        while !isWarm || times.count < fewestRuns || total < minimumTime {
            try Interrupts.check()
            let time = try clock.measure(call).seconds
            if isWarm {
                times.append(time)
                total += time
            }
            isWarm = true
        }
        return times.sorted()
    }

    /// The median of numbers in ascending order, of which there is at least one.
    static func median(of times: [Double]) -> Double {
        let middle = times.count / 2
        return times.count % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2
    }
}

/// What a measurement found. Times are in seconds here and in milliseconds outside.
struct BenchResult {
    let text: ProblemText
    let method: Method
    let algorithm: String
    let threads: Int
    let minimum: Double
    let median: Double
    let runs: Int
    let planning: Double
    let workspaceByteCount: Int

    static let header = ["problem", "pass", "method", "threads", "min ms", "median ms", "runs", "algorithm"]

    var row: [String] {
        [
            problem, pass, method.rawValue, "\(threads)", Self.milliseconds(minimum), Self.milliseconds(median),
            "\(runs)", algorithm,
        ]
    }

    /// The row of a method that does not apply, in the same columns.
    static func refusedRow(_ measurement: Measurement, _ rule: String) -> [String] {
        let (text, options) = (measurement.text, measurement.options)
        return [
            "\(ProblemText(text.problem, precision: text.precision))", text.pass?.rawValue ?? "",
            options.method.rawValue, "\(measurement.threadCount)", "-", "-", "-", "refused: \(rule)",
        ]
    }

    /// One line; the keys are part of the tool's contract.
    var json: String {
        JSONLine.object([
            ("problem", JSONLine.text(problem)), ("pass", JSONLine.text(pass)),
            ("method", JSONLine.text(method.rawValue)), ("algorithm", JSONLine.text(algorithm)),
            ("threads", "\(threads)"), ("minimum_ms", Self.milliseconds(minimum)),
            ("median_ms", Self.milliseconds(median)), ("runs", "\(runs)"),
            ("planning_ms", Self.milliseconds(planning)), ("workspace_bytes", "\(workspaceByteCount)"),
        ])
    }

    private var problem: String { "\(ProblemText(text.problem, precision: text.precision))" }
    private var pass: String { text.pass?.rawValue ?? "" }

    private static func milliseconds(_ seconds: Double) -> String { JSONLine.number(seconds * 1000) }
}
