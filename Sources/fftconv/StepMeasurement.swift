import FFTConvolution
import Foundation

/// A training step of one problem, timed in turn with the separate passes.
struct StepMeasurement {
    let text: ProblemText
    let options: PlanOptions
    /// Seconds.
    let minimumTime: Double

    func run() throws -> StepResult {
        text.precision == .float64 ? try run(Double.self) : try run(Float.self)
    }

    /// The precise calls, on memory made before: in every round a forward pass, a step with its gradients, and the three passes
    /// one after the other.
    private func run<Scalar: ConvolutionScalar>(_ type: Scalar.Type) throws -> StepResult {
        let problem = text.problem
        let clock = ContinuousClock()
        let start = clock.now
        let plan = try Planner(machine: .current).plan(for: problem, scalar: type, options: options)
        // What runs the passes together is made when it is first asked for.
        let workspaceByteCount = try plan.trainingStepWorkspaceByteCount()
        let planning = clock.now - start
        var random = RandomData(seed: 1)
        let x = try random.uniform(problem.inputShape, of: type).elements
        let w = try random.uniform(problem.filterShape, of: type).elements
        let dy = try random.uniform(problem.outputShape, of: type).elements
        var (y, dx, dw) = (dy, x, w)
        let workspace = try Workspace(byteCount: workspaceByteCount)
        let spectra = try plan.makeTrainingSpectra()
        let control = Interrupts.control
        var times = (forward: [Double](), step: [Double](), separate: [Double]())
        var total = 0.0
        var isWarm = false
        while !isWarm || times.step.count < 3 || total < minimumTime {
            try Interrupts.check()
            var ySpan = y.mutableSpan
            var dxSpan = dx.mutableSpan
            var dwSpan = dw.mutableSpan
            let forward = try clock.measure {
                try plan.forward(x.span, w.span, bias: Span(), into: &ySpan, workspace: workspace, control: control)
            }.seconds
            let step = try clock.measure {
                try plan.forward(
                    x.span, w.span, bias: Span(), into: &ySpan, keeping: spectra, workspace: workspace,
                    control: control)
                try plan.gradients(
                    x.span, w.span, dy.span, into: &dxSpan, &dwSpan, reusing: spectra, workspace: workspace,
                    control: control)
            }.seconds
            let separate = try clock.measure {
                try plan.forward(x.span, w.span, bias: Span(), into: &ySpan, workspace: workspace, control: control)
                try plan.inputGradient(dy.span, w.span, into: &dxSpan, workspace: workspace, control: control)
                try plan.filterGradient(x.span, dy.span, into: &dwSpan, workspace: workspace, control: control)
            }.seconds
            if isWarm {
                times.forward.append(forward)
                times.step.append(step)
                times.separate.append(separate)
                total += forward + step + separate
            }
            isWarm = true
        }
        var algorithms: [String] = []
        for pass in Pass.allCases { algorithms.append("\(pass.rawValue): \(try plan.algorithm(for: pass))") }
        return StepResult(
            text: text, method: options.method, algorithm: algorithms.joined(separator: "; "),
            threads: options.threads.count,
            forward: times.forward.min() ?? 0, step: times.step.min() ?? 0,
            medianStep: Measurement.median(of: times.step.sorted()), separate: times.separate.min() ?? 0,
            runs: times.step.count, planning: planning.seconds, workspaceByteCount: workspaceByteCount,
            keptByteCount: try plan.trainingStepByteCount())
    }
}

/// Times are in seconds here and in milliseconds outside.
struct StepResult {
    let text: ProblemText
    let method: Method
    /// Of the three passes, each where it runs alone.
    let algorithm: String
    let threads: Int
    let forward: Double
    let step: Double
    let medianStep: Double
    let separate: Double
    let runs: Int
    let planning: Double
    let workspaceByteCount: Int
    /// What the gradients reuse.
    let keptByteCount: Int

    static let header = [
        "problem", "threads", "forward ms", "step ms", "separate ms", "runs", "step/forward", "separate/forward",
        "kept bytes",
    ]

    var row: [String] {
        [
            problem, "\(threads)", milliseconds(forward), milliseconds(step), milliseconds(separate), "\(runs)",
            String(format: "%.2f", step / forward), String(format: "%.2f", separate / forward), "\(keptByteCount)",
        ]
    }

    /// One line: the keys of ``BenchResult/json``, and what only a step has.
    var json: String {
        JSONLine.object([
            ("problem", JSONLine.text(problem)), ("pass", JSONLine.text("training-step")),
            ("method", JSONLine.text(method.rawValue)), ("algorithm", JSONLine.text(algorithm)),
            ("threads", "\(threads)"), ("minimum_ms", milliseconds(step)), ("median_ms", milliseconds(medianStep)),
            ("runs", "\(runs)"), ("planning_ms", milliseconds(planning)), ("workspace_bytes", "\(workspaceByteCount)"),
            ("forward_ms", milliseconds(forward)), ("separate_ms", milliseconds(separate)),
            ("kept_bytes", "\(keptByteCount)"),
        ])
    }

    private var problem: String { "\(ProblemText(text.problem, precision: text.precision))" }

    private func milliseconds(_ seconds: Double) -> String { JSONLine.number(seconds * 1000) }
}
