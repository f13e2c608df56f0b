import FFTConvolution
import Foundation

/// A sweep as a script for gnuplot: a panel a pass, time over filter size, both logarithmic, the crossover as a line.
struct CrossoverPlot {
    let result: CrossoverResult

    /// Colours that the colour-blind can tell apart (Okabe and Ito), in the order of ``CrossoverSweep/methods``.
    private static let styles = [
        "pointtype 7 linecolor rgb '#0072B2'", "pointtype 5 linecolor rgb '#D55E00'",
        "pointtype 6 dashtype 2 linecolor rgb '#000000'",
    ]

    /// - Parameter terminal: The drawing's kind.
    func script(terminal: Gnuplot.Terminal) -> String {
        let panels = result.curves.enumerated().map { panel($0.offset, $0.element) }
        return """
            set terminal \(terminal.rawValue) size \(80 + 400 * result.curves.count),460 noenhanced background '#ffffff'
            set datafile missing 'NaN'
            \(result.curves.enumerated().map { data($0.offset, $0.element) }.joined(separator: "\n"))
            set logscale xy
            \(ranges)
            set grid linecolor rgb '#dddddd'
            set key top left
            set xlabel 'filter size'
            set ylabel 'milliseconds'
            set multiplot layout 1,\(result.curves.count) title '\(result.name), \(result.threadText)'
            \(panels.joined(separator: "\n"))
            unset multiplot

            """
    }

    /// The same axes for all panels, with a label for 1, 2 and 5 of each decade, and for sizes that lie apart.
    private var ranges: String {
        let times = result.curves.flatMap(\.rows).flatMap(\.series.values).map { $0.median * 1000 }
        let sizes = result.curves.first?.rows.map(\.size) ?? []
        let (least, most) = (times.min() ?? 1, times.max() ?? 1)
        let (first, last) = (Double(sizes.first ?? 1), Double(sizes.last ?? 1))
        var labels: [Int] = []
        for size in sizes where Double(size) > 1.14 * Double(labels.last ?? 0) { labels.append(size) }
        let decades = (-6...9).flatMap { decade in [1, 2, 5].map { "\($0)e\(decade)" } }
        return """
            set xrange [\(first / 1.15):\(last * 1.15)]
            set yrange [\(least / 1.3):\(most * 1.6)]
            set xtics (\(labels.map { "'\($0)' \($0)" }.joined(separator: ", ")))
            set format y '%g'
            set ytics (\(decades.joined(separator: ", ")))
            """
    }

    /// Sizes and medians, a column a method.
    private func data(_ index: Int, _ curve: CrossoverCurve) -> String {
        let lines = curve.rows.map { row in
            let times = CrossoverSweep.methods.map { row.series[$0].map { "\($0.median * 1000)" } ?? "NaN" }
            return "\(row.size) \(times.joined(separator: " "))"
        }
        return "$pass\(index) << END\n\(lines.joined(separator: "\n"))\nEND"
    }

    private func panel(_ index: Int, _ curve: CrossoverCurve) -> String {
        let curves = zip(CrossoverSweep.methods, Self.styles).enumerated().map { column, style in
            "$pass\(index) using 1:\(column + 2) with linespoints \(style.1) title '\(style.0.rawValue)'"
        }
        return """
            set title '\(curve.pass.rawValue): crossover \(curve.estimate?.point.description ?? "unknown")'
            \(mark(curve))
            plot \(curves.joined(separator: ", "))
            unset arrow
            unset object
            """
    }

    /// The crossover as a line, and behind it the range of the rounds as far as it lies within the panel.
    private func mark(_ curve: CrossoverCurve) -> String {
        guard let estimate = curve.estimate, let size = estimate.point.size else { return "" }
        let low = estimate.low.size.map { "first \($0)" } ?? "graph 0"
        let high = estimate.high.size.map { "first \($0)" } ?? "graph 1"
        return """
            set object 1 rectangle from \(low), graph 0 to \(high), graph 1 behind \
            fillcolor rgb '#cccccc' fillstyle solid 0.5 noborder
            set arrow 1 from first \(size), graph 0 to first \(size), graph 1 nohead linecolor rgb '#555555' linewidth 1.5
            """
    }
}
