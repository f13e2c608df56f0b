import FFTConvolution
import Foundation
import Testing

@testable import fftconv

/// Tables, objects and plots of times that are known.
@Suite struct CrossoverResultTests {
    /// Two rounds of seconds; nil is a method that was left out.
    private func row(
        _ subject: CrossoverSubject, _ size: Int, direct: [Double]?, fft: [Double], auto: String = "Direct: stencils"
    ) throws -> CrossoverRow {
        var row = CrossoverRow(size: size, problem: try subject.problem(filter: size))
        for (method, times, algorithm) in [
            (FFTConvolution.Method.direct, direct, "Direct: stencils"), (.fft, fft, "TiledFFT: one tile"),
            (.auto, fft, auto),
        ] {
            guard let times else {
                row.leftOut[method] = "too slow"
                continue
            }
            var series = CrossoverSeries(algorithm: algorithm)
            for time in times {
                series.append(
                    BenchResult(
                        text: ProblemText(row.problem), method: method, algorithm: algorithm, threads: 2, minimum: time,
                        median: time, runs: 4, planning: 0, workspaceByteCount: 64))
            }
            row.series[method] = series
        }
        return row
    }

    private func result() throws -> CrossoverResult {
        let subject = try CrossoverSubject(input: "n2c3i99x99")
        let rows = [
            try row(subject, 4, direct: [1, 1], fft: [4, 4]),
            try row(subject, 16, direct: [8, 8], fft: [2, 2], auto: "TiledFFT: one tile"),
            try row(subject, 31, direct: nil, fft: [2, 3], auto: "TiledFFT: one tile"),
            try row(subject, 47, direct: nil, fft: [2, 4], auto: "TiledFFT: one tile"),
        ]
        return CrossoverResult(
            subject: subject, threads: 2, curves: [CrossoverCurve(pass: .inputGradient, rows: rows)])
    }

    @Test func subjectsAreReadFromTheirField() throws {
        let layer = try CrossoverSubject(input: "n2c3i9x8")
        #expect([layer.batch, layer.channels, layer.filters] == [2, 3, 3] && layer.extents == [9, 8])
        var signal = try CrossoverSubject(input: "1000")
        #expect([signal.batch, signal.channels, signal.filters] == [1, 1, 1] && signal.extents == [1000])
        (signal.padding, signal.precision) = (.same, .float64)
        #expect(signal.name(of: try signal.problem(filter: 31)) == "i1000_fN_psame_f64")
        #expect(try signal.defaultSizes().last == 511)
    }

    @Test func theCrossoverStandsBetweenItsNeighbours() throws {
        let lines = CrossoverTable(result: try result()).description.split(separator: "\n").map(String.init)
        #expect(lines[0] == "n2c3i99x99_k3fNxN, 2 threads, 2 rounds")
        #expect(lines[2].hasPrefix("input-gradient  4x4     1000.0000  1000.0000  4000.0000"))
        #expect(lines[3] == "input-gradient  -- crossover 8.00 (8.00…8.00): fft is faster from here on")
        #expect(lines[4].hasPrefix("input-gradient  16x16 "))
        #expect(lines[5].split(separator: " ")[2...5] == ["-", "-", "2000.0000", "2500.0000"])
        #expect(lines[7] == "note: input-gradient, direct left out from 31x31 on: too slow")
        #expect(lines[8] == "auto: input-gradient, takes fft from 16x16 on")
    }

    @Test func whatAutoTakesIsSaidOfSizesAtWhichItWasMeasured() throws {
        var curve = try result().curves[0]
        let subject = try result().subject
        func lastLine() -> String? {
            let result = CrossoverResult(subject: subject, threads: 2, curves: [curve])
            return CrossoverTable(result: result).description.split(separator: "\n").last.map(String.init)
        }
        curve.rows[3].series[.auto] = nil
        #expect(lastLine() == "auto: input-gradient, takes fft from 16x16 on")
        for index in curve.rows.indices { curve.rows[index].series[.auto] = nil }
        #expect(lastLine() == "auto: input-gradient, not measured")
    }

    @Test func objectsSayWhereTheCrossoverIs() throws {
        let lines = CrossoverJSON(result: try result()).lines
        #expect(lines.count == 5)
        #expect(lines[2].contains(#""direct": {"left_out": "too slow"}"#))
        #expect(lines[2].contains(#""minimum_ms": 2000.000000, "median_ms": 2500.000000, "runs": 8"#))
        let crossover = #""place": "within", "filter": 8.000000, "low": 8.000000, "high": 8.000000, "rounds": 2"#
        #expect(lines[4].contains(crossover) && lines[4].hasSuffix(#""changes": 1, "auto_filter": 16}"#))
    }

    @Test func plotsMarkTheCrossoverAndLeaveGaps() throws {
        let script = CrossoverPlot(result: try result()).script(terminal: .svg)
        #expect(script.contains("31 NaN 2500.0 2500.0\n"))
        #expect(script.contains("set title 'input-gradient: crossover 8.00'"))
        #expect(script.contains("set arrow 1 from first 8.0"))
    }

    @Test func onlyDirectSumsThatStayBehindAreHopeless() throws {
        let subject = try CrossoverSubject(input: "99x99")
        // Neither one slow size, nor two of which the second is less slow.
        let rows = try [2.0, 30, 12, 11, 12, 15].enumerated().map {
            try row(subject, $0.offset + 1, direct: [$0.element], fft: [1])
        }
        let curve = CrossoverCurve(pass: .forward, rows: rows)
        #expect((0...6).map { curve.hopelessFactor(before: $0) } == [nil, nil, nil, nil, nil, 12, 15])
    }
}
