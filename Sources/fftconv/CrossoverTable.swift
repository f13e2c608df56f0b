import FFTConvolution
import Foundation

/// A sweep as a table for people: a line for each pass and size, with the crossover between its neighbours.
struct CrossoverTable {
    let result: CrossoverResult

    private static let header = [
        "pass", "filter", "direct ms", "median", "fft ms", "median", "auto ms", "median", "direct/fft", "auto runs",
    ]

    var description: String {
        var table = TextTable(header: Self.header)
        for curve in result.curves {
            let estimate = curve.estimate
            var isMarked = false
            for row in curve.rows {
                if let estimate, !isMarked, Self.isBefore(estimate.point, row.size) {
                    table.append(marker(curve, estimate))
                    isMarked = true
                }
                table.append(cells(curve.pass, row))
            }
            if !isMarked { table.append(marker(curve, estimate)) }
        }
        let title = "\(result.name), \(result.threadText), \(result.roundCount) rounds"
        return ([title, table.description] + notes).joined(separator: "\n")
    }

    private func cells(_ pass: Pass, _ row: CrossoverRow) -> [String] {
        var cells = [pass.rawValue, result.subject.name(filter: row.size)]
        for method in CrossoverSweep.methods {
            let series = row.series[method]
            cells += [series?.best, series?.median].map { $0.map { String(format: "%.4f", $0 * 1000) } ?? "-" }
        }
        cells.append(row.ratios.map { String(format: "%.2f", Measurement.median(of: $0.sorted())) } ?? "-")
        cells.append(row.series[.auto]?.algorithm ?? "-")
        return cells
    }

    private func marker(_ curve: CrossoverCurve, _ estimate: CrossoverEstimate?) -> [String] {
        guard let estimate else { return [curve.pass.rawValue, "-- crossover: no size was measured by both methods"] }
        var text = "-- crossover \(estimate.point.description)"
        if estimate.low != estimate.high || estimate.point.size != nil {
            text += " (\(estimate.low.description)…\(estimate.high.description))"
        }
        switch estimate.point {
        case .below: text += ": fft is always faster"
        case .at: text += ": fft is faster from here on"
        case .above: text += ": direct is faster at the largest size"
        }
        if estimate.changeCount > 1 { text += "; the faster one changes \(estimate.changeCount) times" }
        return [curve.pass.rawValue, text]
    }

    /// Whether a crossover stands above the line of a size.
    private static func isBefore(_ point: CrossingPoint, _ size: Int) -> Bool {
        switch point {
        case .below: true
        case .at(let crossing): crossing < Double(size)
        case .above: false
        }
    }

    /// What was left out, and where; and how `auto` chose.
    private var notes: [String] {
        result.curves.flatMap { curve in
            CrossoverSweep.methods.flatMap { leftOut(curve, $0) } + ["auto: \(curve.pass.rawValue), \(choice(curve))"]
        }
    }

    private func choice(_ curve: CrossoverCurve) -> String {
        guard curve.hasAutomatic else { return "not measured" }
        return "takes fft \(curve.automaticSize.map { "from \(result.subject.name(filter: $0)) on" } ?? "at no size")"
    }

    /// One line for each reason.
    private func leftOut(_ curve: CrossoverCurve, _ method: Method) -> [String] {
        var notes: [String] = []
        for (index, row) in curve.rows.enumerated() {
            guard let reason = row.leftOut[method], index == 0 || curve.rows[index - 1].leftOut[method] != reason
            else { continue }
            let isLasting = curve.rows[index...].allSatisfy { $0.leftOut[method] == reason }
            let size = result.subject.name(filter: row.size)
            let place = isLasting && index + 1 < curve.rows.count ? "from \(size) on" : "at \(size)"
            notes.append("note: \(curve.pass.rawValue), \(method.rawValue) left out \(place): \(reason)")
        }
        return notes
    }
}
