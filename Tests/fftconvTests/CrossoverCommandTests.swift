import Foundation
import Testing

@Suite struct CrossoverCommandTests {
    private static let short = ["--time", "0.1", "--threads", "1"]

    private struct Series: Decodable {
        let algorithm: String?, left_out: String?
        let minimum_ms: Double?, median_ms: Double?
        let runs: Int?, workspace_bytes: Int?
        let rounds_ms: [Double]?
    }

    private struct Line: Decodable {
        let kind: String, problem: String, pass: String
        let threads: Int
        let filter: Double?
        let direct: Series?, fft: Series?, auto: Series?
        let place: String?
        let low: Double?, high: Double?
        let rounds: Int?, rounds_below: Int?, rounds_above: Int?, changes: Int?
        let auto_filter: Int?
    }

    private func lines(_ data: Data) throws -> [Line] {
        try String(decoding: data, as: UTF8.self).split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    @Test func tableHasARowForEverySizeAndACrossoverForEveryPass() throws {
        let outcome = try Tool.run(
            ["crossover", "--input", "40x24", "--filters", "9,3,5"] + Self.short, in: try Folder())
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.lines[0].hasPrefix("i40x24_fNxN, 1 thread, "))
        #expect(outcome.lines[1].hasPrefix("pass             filter  direct ms  median"))
        for pass in ["forward", "input-gradient", "filter-gradient"] {
            let rows = outcome.lines.filter { $0.hasPrefix("\(pass) ") }
            #expect(rows.count == 4)
            let words = rows.map { $0.split(separator: " ").map(String.init) }
            #expect(words.filter { $0[1] != "--" }.map { $0[1] } == ["3x3", "5x5", "9x9"])
            #expect(words.count { $0[1] == "--" && $0[2] == "crossover" } == 1)
            #expect(outcome.lines.count { $0.hasPrefix("auto: \(pass), takes fft ") } == 1)
        }
    }

    @Test func jsonHasEveryRowAndCrossover() throws {
        let folder = try Folder()
        let command = ["crossover", "--input", "n2c4i12x10", "--groups", "2", "--filter-count", "6"]
        let options = ["--padding", "same", "--precision", "f64", "--filters", "1,3", "--json", "out.json"]
        let outcome = try Tool.run(command + options + Self.short, in: folder)
        #expect(outcome.status == 0 && !outcome.lines.isEmpty, "\(outcome.errors)")
        let lines = try lines(try folder.read("out.json"))
        #expect(lines.map(\.kind) == Array(repeating: ["row", "row", "crossover"], count: 3).flatMap { $0 })
        #expect(lines[0].problem == "n2c4i12x10_k6f1x1_psame_g2_f64" && lines[0].filter == 1)
        for line in lines where line.kind == "row" {
            for series in [line.direct, line.fft, line.auto].compactMap({ $0 }) {
                let rounds = try #require(series.rounds_ms).sorted()
                #expect((3...7).contains(rounds.count) && rounds[0] == series.minimum_ms)
                #expect(try #require(series.median_ms) >= rounds[0] && rounds[0] > 0)
                #expect(try #require(series.runs) >= rounds.count && series.left_out == nil)
                #expect(series.algorithm?.isEmpty == false && series.workspace_bytes.map { $0 >= 0 } == true)
            }
        }
        for line in lines where line.kind == "crossover" {
            #expect(line.problem == "n2c4i12x10_k6fNxN_psame_g2_f64" && line.threads == 1)
            let place = try #require(line.place)
            #expect(["below", "within", "above"].contains(place) && (line.filter != nil) == (place == "within"))
            let (low, high) = (try #require(line.low), try #require(line.high))
            #expect(1 <= low && low <= (line.filter ?? high) && (line.filter ?? low) <= high && high <= 3)
            #expect(try #require(line.rounds) >= 3)
        }
    }

    @Test func jsonOnStandardOutputStandsAlone() throws {
        let outcome = try Tool.run(
            ["crossover", "--input", "300", "--passes", "filter-gradient,forward", "--filters", "5", "--json", "-"]
                + Self.short, in: try Folder())
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let lines = try lines(outcome.output)
        #expect(lines.map(\.pass) == ["forward", "forward", "filter-gradient", "filter-gradient"])
    }

    @Test(arguments: [
        (input: "40", sizes: ["7", "15", "31"]), (input: "8x9", sizes: ["3x3", "5x5", "7x7"]),
        (input: "6x5x7", sizes: ["3x3x3", "5x5x5"]),
    ])
    func defaultSizesFitTheInput(row: (input: String, sizes: [String])) throws {
        let outcome = try Tool.run(
            ["crossover", "--input", row.input, "--passes", "forward"] + Self.short, in: try Folder())
        #expect(outcome.status == 0, "\(outcome.errors)")
        let words = outcome.lines.filter { $0.hasPrefix("forward ") }.map { $0.split(separator: " ").map(String.init) }
        #expect(words.map { $0[1] }.filter { $0 != "--" } == row.sizes)
    }

    @Test func progressIsShownWhenAskedFor() throws {
        let line = ["crossover", "--input", "64x64", "--filters", "3,5", "--threads", "1", "--time", "2", "--progress"]
        let outcome = try Tool.run(line, in: try Folder())
        #expect(outcome.status == 0)
        let figures = outcome.errors.split(separator: "\n").map(String.init)
        #expect(!figures.isEmpty && figures.allSatisfy { $0.hasSuffix(" %") }, "\(outcome.errors)")
    }

    // MARK: - Plots

    private static let plot = ["crossover", "--input", "16x16", "--filters", "3,5", "--plot"]

    @Test(arguments: ["", "/nowhere"])
    func missingGnuplotIsToldBeforeMeasuring(path: String) throws {
        let folder = try Folder()
        // Measuring would print a table and write the lines first.
        let outcome = try Tool.run(
            Self.plot + ["out.svg", "--json", "out.json", "--time", "3600"], in: folder, environment: ["PATH": path])
        #expect(outcome.status == 7 && outcome.output.isEmpty)
        #expect(
            outcome.errors == """
                error: --plot: got 'out.svg': needs gnuplot, which is not in PATH
                hint: apt-get install gnuplot-nox, or brew install gnuplot

                """)
        #expect(try folder.snapshot().isEmpty)
    }

    @Test func gnuplotThatCannotDrawIsToldBeforeMeasuring() throws {
        let folder = try Folder()
        try folder.write(Data("#!/bin/sh\necho unknown terminal >&2\nexit 1\n".utf8), "gnuplot")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path("gnuplot"))
        let outcome = try Tool.run(
            Self.plot + ["out.png", "--time", "3600"], in: folder, environment: ["PATH": folder.url.path])
        #expect(outcome.status == 7 && outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("error: out.png: got unknown terminal: "), "\(outcome.errors)")
        #expect(Set(try folder.snapshot().keys) == ["gnuplot"])
    }

    static let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is not installed"))
    func plotsHaveAPanelForEveryPass() throws {
        let folder = try Folder()
        let vector = try Tool.run(Self.plot + ["out.svg"] + Self.short, in: folder)
        #expect(vector.status == 0, "\(vector.errors)")
        let text = String(decoding: try folder.read("out.svg"), as: UTF8.self)
        #expect(text.hasPrefix("<?xml") && text.contains("</svg>"))
        for word in ["forward: crossover ", "input-gradient: ", "filter-gradient: ", ">direct<", ">fft<", ">auto<"] {
            #expect(text.contains(word), "\(word)")
        }
        let bitmap = try Tool.run(Self.plot + ["out.png", "--passes", "forward"] + Self.short, in: folder)
        #expect(bitmap.status == 0, "\(bitmap.errors)")
        #expect(try folder.image("out.png").width > 400)
        #expect(Set(try folder.snapshot().keys) == ["out.svg", "out.png"])
    }
}
