import SpectralEngine
import Testing

@testable import FFTConvolution

/// Windows that are made once for all groups are those of each group's fields, some elements further on.
struct RowWindowsTests {
    /// Up to 64 pairs of rows are kept, more are made each time; odd rows by themselves, and of two groups; tiles; sections.
    static let texts = [
        "n4c6i9x8_k6f3x3_p1_g6", "n128c3i6x5_k3f3x2_g3", "n130c3i6x5_k3f3x2_g3", "n131c4i6x5_k4f3x2_g4",
        "n3c5i9x8_k5f3x3_p1_g5", "n3c6i9x8_k9f3x3_p1_g3", "n2c2i31x40_k3f3x3_s2x1_p1", "n3c2i9x8x7_k2f3x3x3_g2",
    ]

    @Test(arguments: texts, Pass.allCases) func theyAreThoseOfEachGroup(_ text: String, _ pass: Pass) throws {
        let problem = try ProblemText(text).problem
        let tilings = problem.axes.map { _ in AxisTiling(step: 6, length: 12, coversAxis: false) }
        let whole = try PassTable(problem, pass: pass, tilings: tilings)
        let kept = RowWindowTable(whole)
        let half = problem.groups / 2
        var tables = [whole]
        if half > 0 {
            let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
            tables.append(
                whole.section(
                    channels: half * Cg..<problem.channels, filters: half * Kg..<problem.filters))
        }
        for table in tables {
            for block in 0..<table.productBlockCount {
                let (first, second) = table.partners(block: block)
                let isShared = second.map { $0.group != first.group } ?? false
                let windows = kept.windows(first.row, second?.row, isShared: isShared, in: table)
                expect(windows, first, second, table)
                // A partner that travels alone.
                if let second { expect(kept.windows(second.row, nil, in: table), second, nil, table) }
            }
        }
    }

    private func expect(_ windows: RowWindows, _ first: Partner, _ second: Partner?, _ table: PassTable) {
        for (pair, offset, window) in [
            (windows.fields, table.fieldOffset(first.group, 0), field),
            (windows.results, table.resultOffset(first.group, 0), result),
        ] {
            #expect(pair.first.moved(by: offset) == window(first, table), "\(first) in \(table.problem)")
            #expect(
                pair.second?.moved(by: offset) == second.map { window($0, table) },
                "\(first), \(String(describing: second))")
        }
    }

    private func field(_ partner: Partner, _ table: PassTable) -> Window {
        let (c, k) = (partner.group * table.problem.channelsPerGroup, partner.group * table.problem.filtersPerGroup)
        return table.pass == .inputGradient
            ? table.outputGradientWindow(row: partner.row, filter: k) : table.inputWindow(row: partner.row, channel: c)
    }

    private func result(_ partner: Partner, _ table: PassTable) -> Window {
        let (c, k) = (partner.group * table.problem.channelsPerGroup, partner.group * table.problem.filtersPerGroup)
        return switch table.pass {
        case .forward: table.outputWindow(row: partner.row, filter: k)
        case .inputGradient: table.inputGradientWindow(row: partner.row, channel: c)
        case .filterGradient: table.outputGradientWindow(row: partner.row, filter: k)
        }
    }
}
