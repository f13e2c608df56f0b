import FFTConvolution

/// A sweep for machines: a JSON object a line, one for each row of the table and one for each crossover.
///
/// `"kind"` tells them apart. Keys that `bench --json` has too mean the same here.
struct CrossoverJSON {
    let result: CrossoverResult

    var lines: [String] {
        result.curves.flatMap { curve in curve.rows.map { line(curve.pass, $0) } + [line(curve)] }
    }

    private func line(_ pass: Pass, _ row: CrossoverRow) -> String {
        var fields = [
            ("kind", JSONLine.text("row")),
            ("problem", JSONLine.text("\(ProblemText(row.problem, precision: result.subject.precision))")),
            ("pass", JSONLine.text(pass.rawValue)), ("filter", "\(row.size)"), ("threads", "\(result.threadCount)"),
        ]
        for method in CrossoverSweep.methods {
            if let series = row.series[method] {
                fields.append((method.rawValue, object(series)))
            } else {
                let reason = row.leftOut[method] ?? "not measured"
                fields.append((method.rawValue, JSONLine.object([("left_out", JSONLine.text(reason))])))
            }
        }
        let ratio = row.ratios.map { JSONLine.number(Measurement.median(of: $0.sorted())) }
        fields.append(("direct_over_fft", ratio ?? "null"))
        return JSONLine.object(fields)
    }

    private func object(_ series: CrossoverSeries) -> String {
        JSONLine.object([
            ("algorithm", JSONLine.text(series.algorithm)), ("minimum_ms", JSONLine.number(series.best * 1000)),
            ("median_ms", JSONLine.number(series.median * 1000)), ("runs", "\(series.runCount)"),
            ("rounds_ms", JSONLine.array(series.times.map { JSONLine.number($0 * 1000) })),
            ("workspace_bytes", "\(series.workspaceByteCount)"),
        ])
    }

    /// Where a point is not within the sizes measured, its number is null and `place` says on which side it is. The ends
    /// of the range are then the smallest or the largest size.
    private func line(_ curve: CrossoverCurve) -> String {
        let estimate = curve.estimate
        let rounds = estimate?.rounds ?? []
        return JSONLine.object([
            ("kind", JSONLine.text("crossover")), ("problem", JSONLine.text(result.name)),
            ("pass", JSONLine.text(curve.pass.rawValue)), ("threads", "\(result.threadCount)"),
            ("place", JSONLine.text(place(estimate?.point))),
            ("filter", estimate?.point.size.map(JSONLine.number) ?? "null"),
            ("low", estimate.map { JSONLine.number(end($0.low)) } ?? "null"),
            ("high", estimate.map { JSONLine.number(end($0.high)) } ?? "null"),
            ("rounds", "\(rounds.count)"), ("rounds_below", "\(rounds.count { place($0) == "below" })"),
            ("rounds_above", "\(rounds.count { place($0) == "above" })"),
            ("changes", "\(estimate?.changeCount ?? 0)"),
            ("auto_filter", curve.automaticSize.map { "\($0)" } ?? "null"),
        ])
    }

    private func place(_ point: CrossingPoint?) -> String {
        switch point {
        case .below: "below"
        case .at: "within"
        case .above: "above"
        case nil: "unknown"
        }
    }

    private func end(_ point: CrossingPoint) -> Double {
        switch point {
        case .below(let size), .above(let size): Double(size)
        case .at(let size): size
        }
    }
}
