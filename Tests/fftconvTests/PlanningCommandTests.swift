import FFTConvolution
import Foundation
import Testing

@Suite struct PlanningCommandTests {
    @Test func explainMarksWhatRuns() throws {
        let folder = try Folder()
        let all = try Tool.run(["explain", "i8x8_f3x3"], in: folder)
        #expect(all.status == 0, "\(all.errors)")
        #expect(all.lines.filter { $0.hasPrefix("i8x8_f3x3_") }.count == 3)
        #expect(all.lines.filter { $0.hasPrefix("* ") }.count == 3)
        let one = try Tool.run(["explain", "i8x8_f3x3_f64_dw", "--threads", "1"], in: folder)
        #expect(one.lines.first == "i8x8_f3x3_f64_dw on 1 thread")
        #expect(one.lines.filter { $0.hasPrefix("* ") }.count == 1)
    }

    @Test func explainMeasures() throws {
        let outcome = try Tool.run(["explain", "c2i8x8_k2f3x3_dw", "--measure", "--threads", "1"], in: try Folder())
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.lines.filter { $0.hasPrefix("* ") }.count == 1)
        let accepted = outcome.lines.filter { $0.contains(": predicted ") }
        #expect(accepted.count >= 3 && accepted.allSatisfy { $0.contains(" ms, measured ") })
    }

    @Test func effortIsAnOptionOfComputations() throws {
        let folder = try Folder()
        try folder.write([8, 8], counting(64), "x.npy")
        try folder.write([3, 3], counting(9), "w.npy")
        let line = ["forward", "x.npy", "w.npy", "-o", "y.npy", "--effort"]
        #expect(try Tool.run(line + ["measure"], in: folder).status == 0)
        #expect(try folder.array("y.npy").shape == [6, 6])
        let wrong = try Tool.run(line + ["patient"], in: folder)
        #expect(wrong.status == 2 && wrong.errors.hasPrefix("error: --effort: got 'patient': must be one of "))
    }

    @Test func explainTakesTheTolerance() throws {
        let folder = try Folder()
        let line = ["explain", "i512_f200_fwd", "--threads", "1"]
        let any = try Tool.run(line, in: folder)
        #expect(any.status == 0 && !any.text.contains("exceeds the tolerance"), "\(any.errors)")
        let strict = try Tool.run(line + ["--tolerance", "1e-7"], in: folder)
        #expect(strict.status == 0, "\(strict.errors)")
        #expect(strict.text.contains("TiledFFT: ") && strict.text.contains(" exceeds the tolerance 1e-07"))
        #expect(strict.lines.contains { $0.hasPrefix("* Reference: ") })
        let wrong = try Tool.run(line + ["--tolerance", "-1"], in: folder)
        #expect(wrong.status == 2 && wrong.errors.hasPrefix("error: --tolerance: got "), "\(wrong.errors)")
    }

    private struct Line: Decodable {
        let problem: String, pass: String, method: String, algorithm: String
        let threads: Int, runs: Int, workspace_bytes: Int
        let minimum_ms: Double, median_ms: Double, planning_ms: Double
    }

    @Test func benchWritesOneObjectALine() throws {
        let outcome = try Tool.run(
            ["bench", "i8_f3", "i4x4_f2x2_f64_dx", "--json", "--min-time", "0", "--threads", "1"], in: try Folder())
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = try outcome.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(lines.map(\.problem) == ["i8_f3", "i8_f3", "i8_f3", "i4x4_f2x2_f64"])
        #expect(lines.map(\.pass) == ["forward", "input-gradient", "filter-gradient", "input-gradient"])
        for line in lines {
            #expect(line.method == "auto" && line.threads == 1 && line.runs == 3)
            #expect(line.minimum_ms > 0 && line.minimum_ms <= line.median_ms && line.planning_ms > 0)
            #expect(!line.algorithm.isEmpty && line.workspace_bytes >= 0)
        }
    }

    @Test func benchTablesEveryMethod() throws {
        let outcome = try Tool.run(
            ["bench", "i8_f3", "--pass", "forward", "--method", "all", "--min-time", "0"], in: try Folder())
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.lines.count == 3)
        #expect(outcome.lines[0].hasPrefix("problem  pass     method  threads"))
        #expect(outcome.lines[1].contains("direct") && outcome.lines[2].contains("fft"))
    }

    @Test func benchTellsOfAMethodThatDoesNotApplyInItsColumns() throws {
        let line = ["bench", "i32x32_f9x9_f64_dx", "--method", "all", "--memory-limit", "0", "--min-time", "0"]
        let table = try Tool.run(line + ["--threads", "1"], in: try Folder())
        #expect(table.status == 0 && table.errors.isEmpty, "\(table.errors)")
        let rows = table.lines.map { $0.split(separator: " ").map(String.init) }
        try #require(rows.count == 3)
        #expect(rows[1].prefix(3) == ["i32x32_f9x9_f64", "input-gradient", "direct"])
        #expect(
            rows[2].prefix(8) == ["i32x32_f9x9_f64", "input-gradient", "fft", "1", "-", "-", "-", "refused:"],
            "\(table.text)")
        let objects = try Tool.run(line + ["--json"], in: try Folder())
        #expect(objects.status == 0 && objects.lines.count == 1, "\(objects.text)")
        #expect(objects.errors.hasPrefix("note: i32x32_f9x9_f64_dx, method fft: "), "\(objects.errors)")
    }

    @Test func progressIsShownWhenAskedFor() throws {
        let line = ["bench", "i8_f3_fwd", "i9_f3_fwd", "--min-time", "2", "--threads", "1", "--progress"]
        let outcome = try Tool.run(line, in: try Folder())
        #expect(outcome.status == 0 && !outcome.errors.isEmpty)
        #expect(outcome.errors.split(separator: "\n").allSatisfy { $0.hasSuffix(" %") }, "\(outcome.errors)")
        // Too short for a figure: that it takes the option is all that is said.
        #expect(try Tool.run(["validate", "i5_f2", "--progress"], in: try Folder()).status == 0)
    }

    @Test func benchPreparesFilters() throws {
        let line = ["bench", "i9_f3", "n2c3i9x8_k4f3x3", "--prepared-filter", "--json", "--min-time", "0"]
        let outcome = try Tool.run(line, in: try Folder())
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = try outcome.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(lines.map(\.pass) == ["forward", "forward"])
        for wrong in [line + ["--pass", "all"], ["bench", "i9_f3_dx", "--prepared-filter"]] {
            let refused = try Tool.run(wrong, in: try Folder())
            #expect(refused.status == 2 && refused.errors.hasPrefix("error: --prepared-filter: got "))
        }
    }

    @Test func trainingStepsHaveTheKeysOfPasses() throws {
        let line = ["bench", "i9x8_f3x3", "--training-step", "--min-time", "0", "--threads", "1"]
        let outcome = try Tool.run(line + ["--json"], in: try Folder())
        #expect(outcome.status == 0 && outcome.lines.count == 1, "\(outcome.errors)")
        let step = try JSONDecoder().decode(Line.self, from: Data(try #require(outcome.lines.first).utf8))
        #expect(step.problem == "i9x8_f3x3" && step.pass == "training-step" && step.method == "auto")
        #expect(step.threads == 1 && step.runs == 3 && step.workspace_bytes >= 0)
        #expect(step.minimum_ms > 0 && step.minimum_ms <= step.median_ms && step.planning_ms > 0)
        for pass in Pass.allCases { #expect(step.algorithm.contains("\(pass.rawValue): "), "\(step.algorithm)") }
        let table = try Tool.run(line, in: try Folder())
        #expect(table.status == 0 && table.lines.first?.hasPrefix("problem    threads  forward ms  step ms") == true)
    }

    @Test func explainKnowsPreparedFilters() throws {
        let line = ["explain", "i256x256_f31x31_fwd", "--method", "fft"]
        let (given, prepared) = try (
            Tool.run(line, in: Folder()), Tool.run(line + ["--prepared-filter"], in: Folder())
        )
        #expect(given.status == 0 && prepared.status == 0, "\(given.errors)\(prepared.errors)")
        #expect(given.text != prepared.text)
    }

    @Test func benchMeasuresOnRequest() throws {
        let arguments = ["bench", "i8_f3", "--pass", "forward", "--on-request", "--min-time", "0"]
        let outcome = try Tool.run(arguments, in: try Folder(), input: Data("\n\n".utf8))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = try outcome.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(lines.map(\.runs) == [3, 3])
        #expect(try Tool.run(arguments, in: try Folder()).text.isEmpty)
    }

    @Test func validatePassesOnItsOwnAlgorithms() throws {
        let outcome = try Tool.run(
            ["validate", "n2c2i9_k4f3_s2_psame_g2", "i5x6_f3x2_f64", "i3x4x5_f2x2x2_p1_dw"], in: try Folder())
        #expect(outcome.status == 0, "\(outcome.text)\(outcome.errors)")
        #expect(outcome.lines.first?.hasPrefix("problem ") == true)
        // Seven passes by every algorithm but the reference itself.
        for algorithm in Registry.all {
            let lines = outcome.lines.filter { $0.contains(" \(algorithm.method.rawValue): \(algorithm.name): ") }
            #expect(lines.count == (algorithm.name == Reference.name ? 0 : 7))
        }
        #expect(outcome.lines.last?.contains(", 0 missed; worst error over its bound ") == true)
    }

    @Test func validateSkipsWhatTheReferenceCannotDo() throws {
        let outcome = try Tool.run(["validate", "n64c512i256x256_k512f31x31"], in: try Folder())
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.text.contains("skipped: more than 2e9 multiplications"))
        #expect(outcome.lines.last == "0 checks, 0 missed, 1 of 1 problems skipped")
        #expect(outcome.errors.hasPrefix("error: validate: got 1 skipped, 0 refused: at least one problem must be"))
        let some = try Tool.run(["validate", "n64c512i256x256_k512f31x31", "i5_f2"], in: try Folder())
        #expect(some.status == 0 && some.errors.isEmpty, "\(some.errors)")
        #expect(some.lines.last?.hasPrefix("6 checks, 0 missed, 1 of 2 problems skipped; worst error") == true)
    }
}
