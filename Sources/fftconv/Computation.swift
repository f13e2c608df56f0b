import FFTConvolution
import Foundation

/// Plans and executes one problem, with progress, interruption and report.
struct Computation<Scalar: ConvolutionScalar> {
    let problem: Problem
    let passes: [Pass]
    let settings: ExecutionSettings
    /// Whether a bias gradient is computed as well, which is no pass and needs no plan.
    let sumsBias: Bool

    init(
        _ problem: Problem, _ passes: [Pass], as type: Scalar.Type = Scalar.self, _ settings: ExecutionSettings,
        sumsBias: Bool = false
    ) {
        self.problem = problem
        self.passes = passes
        self.settings = settings
        self.sumsBias = sumsBias
    }

    /// Calls `body` with the plan and the control its executions must take.
    func run<Result>(_ body: (Plan<Scalar>, ExecutionControl) throws -> Result) throws -> Result {
        try Interrupts.check()
        let clock = ContinuousClock()
        let start = clock.now
        let plan = try plan()
        let planned = clock.now
        try Interrupts.check()
        for note in try SlownessNote.notes(problem, passes, .of(Scalar.self), settings.plan) {
            StandardStreams.printError(note)
        }
        let display = ProgressDisplay(of: Interrupts.control, isForced: settings.showsProgress)
        defer { display.finish() }
        let result = try body(plan, Interrupts.control)
        try Interrupts.check()
        display.finish()
        if settings.reports {
            try report(plan, planning: planned - start, execution: clock.now - planned)
        }
        return result
    }

    private func plan() throws -> Plan<Scalar> {
        do {
            return try Planner.shared.plan(
                for: problem, scalar: Scalar.self, passes: passes, options: settings.plan)
        } catch let error as ConvolutionError {
            throw settings.typed.named(error)
        }
    }

    private func report(_ plan: Plan<Scalar>, planning: Duration, execution: Duration) throws {
        let threads = settings.plan.threads.count
        var lines: [String] = []
        for pass in passes {
            let workspace = try plan.workspaceByteCount(for: pass)
            let tables = try plan.recipe(for: pass).tableByteCount
            lines += [
                "problem: \(ProblemText(problem, precision: .of(Scalar.self), pass: pass))",
                "algorithm: \(try plan.algorithm(for: pass))",
                "threads: \(threads)",
                "workspace: \(workspace) bytes\(tables > 0 ? ", tables \(tables) bytes" : "")",
                "error bound: \(try plan.relativeErrorBound(for: pass)) of the output's scale",
            ]
        }
        if sumsBias { lines.append("bias gradient: sums in twice the precision, on 1 thread") }
        lines += ["planning: \(planning.milliseconds) ms", "execution: \(execution.milliseconds) ms"]
        StandardStreams.printError(lines.joined(separator: "\n"))
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// With three decimals.
    var milliseconds: String { String(format: "%.3f", seconds * 1000) }
}
