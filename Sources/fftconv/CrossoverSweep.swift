import FFTConvolution
import Foundation

/// Measures direct sums, FFT and `auto` over passes and filter sizes, in rounds.
///
/// A round goes through all passes, sizes and methods once, and gives each a time: the best of the calls of a slice. What
/// disturbs the machine for a while disturbs neighbours on the curve alike, and one round of several. Methods take turns
/// to be the first.
struct CrossoverSweep {
    let subject: CrossoverSubject
    let passes: [Pass]
    /// Ascending.
    let sizes: [Int]
    let threads: ThreadCount
    /// Seconds that all rounds together may last, about.
    let time: Double

    static let methods: [Method] = [.direct, .fft, .auto]
    static let roundCounts = 3...7
    /// Seconds that one call is granted however short the time.
    private static let patience = 1.0

    /// - Parameter progress: Is told the share of the work that is done.
    func run(progress: WorkDone) throws -> CrossoverResult {
        var curves: [CrossoverCurve] = []
        for pass in passes {
            var rows: [CrossoverRow] = []
            for size in sizes { rows.append(CrossoverRow(size: size, problem: try subject.problem(filter: size))) }
            curves.append(CrossoverCurve(pass: pass, rows: rows))
        }
        let visitCount = passes.count * sizes.count * Self.methods.count
        let slice = min(time / Double(visitCount * Self.roundCounts.upperBound), 0.25)
        let planner = Planner(machine: .current, capacity: visitCount)
        let begin = ContinuousClock.now
        var roundCount = Self.roundCounts.upperBound
        var round = 0
        while round < roundCount {
            let start = ContinuousClock.now
            for index in curves.indices {
                for row in sizes.indices {
                    if round == 0 { leaveOutHopeless(of: &curves[index], row) }
                    for turn in Self.methods.indices {
                        let method = Self.methods[(turn + round) % Self.methods.count]
                        try measure(method, &curves[index].rows[row], curves[index].pass, slice, planner, round)
                        let visits =
                            ((round * curves.count + index) * sizes.count + row) * Self.methods.count + turn + 1
                        progress.report(Double(visits) / Double(visitCount * roundCount))
                    }
                }
            }
            let now = ContinuousClock.now
            // As many more rounds of this length as there is time for; the first one has planned as well.
            let more = min((time - (now - begin).seconds) / max((now - start).seconds, 1e-3), 1e6)
            roundCount = min(
                max(round + 1 + Int(max(more, 0)), Self.roundCounts.lowerBound), Self.roundCounts.upperBound)
            round += 1
        }
        return CrossoverResult(subject: subject, threads: threads, curves: curves)
    }

    /// Adds a round to a row's series of one method; in the first round finds out whether the method can be measured.
    private func measure(
        _ method: Method, _ row: inout CrossoverRow, _ pass: Pass, _ slice: Double, _ planner: Planner, _ round: Int
    ) throws {
        guard row.leftOut[method] == nil else { return }
        try Interrupts.check()
        let options = PlanOptions(method: method, threads: threads)
        if round == 0 {
            let explanation = try planner.explain(
                row.problem, pass: pass, precision: subject.precision, options: options)
            if let predicted = explanation.chosen?.predictedTime, predicted > max(time, Self.patience) {
                row.leftOut[method] = "one call is predicted to take \(Int(min(predicted, 1e15).rounded())) s"
                return
            }
        }
        let text = ProblemText(row.problem, precision: subject.precision, pass: pass)
        let measurement = Measurement(
            text: text, options: options, minimumTime: slice, fewestRuns: 1, planner: planner)
        var result: BenchResult?
        do {
            try measurement.run(while: { result == nil }, report: { result = $0 })
        } catch let error as ConvolutionError
            where round == 0 && method != .auto && (error.kind == .mismatch || error.kind == .resourceLimit)
        {
            row.leftOut[method] = "refused: \(error.rule)"
        }
        if let result { row.series[method, default: CrossoverSeries(algorithm: result.algorithm)].append(result) }
    }

    /// In the first round, before a row is measured: leaves direct sums out of it and of all larger ones.
    private func leaveOutHopeless(of curve: inout CrossoverCurve, _ row: Int) {
        guard let factor = curve.hopelessFactor(before: row) else { return }
        let reason = String(
            format: "%.0f times slower than fft at %@, and falling behind", factor,
            subject.name(filter: curve.rows[row - 1].size))
        for later in row..<curve.rows.count { curve.rows[later].leftOut[.direct] = reason }
    }
}
