import ArrayFiles
import Foundation
import Testing

// Small arrays whose results can be followed by hand. All are integers, so that rounding makes them exact whatever
// algorithm runs.

@Suite struct PassTests {
    /// Runs a command that must succeed.
    private func run(_ line: String, in folder: Folder) throws -> Tool.Outcome {
        let outcome = try Tool.run(line.split(separator: " ").map(String.init), in: folder)
        #expect(outcome.status == 0, "\(line): \(outcome.errors)")
        return outcome
    }

    /// x = [[0 1 2] [3 4 5] [6 7 8]], w = [[1 2] [3 4]].
    private func plainOperands() throws -> Folder {
        let folder = try Folder()
        try folder.write([3, 3], counting(9), "x.npy")
        try folder.write([2, 2], counting(4, from: 1), "w.npy")
        try folder.write([2, 2], [1, 0, 0, 2] as [Float], "dy.npy")
        return folder
    }

    @Test func forwardDoesNotFlip() throws {
        let folder = try plainOperands()
        let outcome = try run("forward x.npy w.npy -o y.npy", in: folder)
        let y = try folder.array("y.npy")
        #expect(y.shape == [2, 2])
        #expect(y.rounded == [27, 37, 57, 67])
        #expect(outcome.errors.isEmpty && outcome.output.isEmpty)
    }

    @Test func oneOperandInDoubleMakesTheResultDouble() throws {
        let folder = try plainOperands()
        try folder.write([1, 1], [0.1] as [Double], "w.npy")
        _ = try run("forward x.npy w.npy -o y.npy", in: folder)
        let y = try folder.array("y.npy").doubles
        #expect(y.count == 9)
        #expect(zip(y, 0..<9).allSatisfy { abs($0 - Double($1) * 0.1) < 1e-14 })
    }

    @Test func anInputShapeOfOtherRankIsNamedAsItWasTyped() throws {
        let folder = try plainOperands()
        let line = "input-gradient dy.npy w.npy --input-shape 1,3,3 -o dx.npy"
        let outcome = try Tool.run(line.split(separator: " ").map(String.init), in: folder)
        #expect(outcome.status == 4)
        let rule = "must have as many axes as the output gradient's shape [2, 2]"
        #expect(outcome.errors == "error: --input-shape: got 1,3,3: \(rule)\n")
    }

    @Test func inputGradientScattersTheFilter() throws {
        let folder = try plainOperands()
        _ = try run("input-gradient dy.npy w.npy --input-shape 3,3 -o dx.npy", in: folder)
        let dx = try folder.array("dx.npy")
        #expect(dx.shape == [3, 3])
        #expect(dx.rounded == [1, 2, 0, 3, 6, 4, 0, 6, 8])
    }

    @Test func filterGradientCorrelatesInputAndOutputGradient() throws {
        let folder = try plainOperands()
        _ = try run("filter-gradient x.npy dy.npy --filter-shape 2,2 -o dw.npy", in: folder)
        let dw = try folder.array("dw.npy")
        #expect(dw.shape == [2, 2])
        // x[0,0] + 2·x[1,1], and so on.
        #expect(dw.rounded == [8, 11, 17, 20])
    }

    /// A limit that leaves only direct sums is announced where they take long; what is waited for shortly is not.
    @Test func aLimitThatMakesAComputationLongIsNoted() throws {
        let folder = try Folder()
        try folder.write([600, 600], [Double](repeating: 1, count: 600 * 600), "x.npy")
        try folder.write([200, 200], [Double](repeating: 1, count: 200 * 200), "w.npy")
        try folder.write([2, 2], [Double](repeating: 1, count: 4), "small.npy")
        // 401²·200² products at 10⁸ a second, or 3.05·10⁸ on a Zen 5, are 64 or 21 s.
        for (option, value) in [("--memory-limit", "1000"), ("--tolerance", "2e-16")] {
            let line = ["forward", "x.npy", "w.npy", "-o", "y.npy", "--threads", "1", option, value]
            let running = try Tool.start(line, in: folder)
            for _ in 0..<600 where try running.streams.read("errors").isEmpty { usleep(50_000) }
            running.process.terminate()
            let outcome = try running.wait()
            let first = outcome.errors.split(separator: "\n").first ?? ""
            let isNote = first.contains(#/^note: method direct, predicted (64|21) s: by FFT, /#)
            #expect(isNote, "\(option): \(outcome.errors)")
            #expect(first.contains(option == "--tolerance" ? "tolerance" : "limit 1000"), "\(outcome.errors)")
        }
        let short = try run("forward x.npy small.npy -o y.npy --threads 1 --memory-limit 1000", in: folder)
        #expect(short.errors.isEmpty)
    }

    @Test func backwardWritesWhatIsAskedFor() throws {
        let folder = try plainOperands()
        _ = try run("backward x.npy w.npy dy.npy --input-gradient dx.npy --bias-gradient db.npy", in: folder)
        #expect(try folder.array("dx.npy").rounded == [1, 2, 0, 3, 6, 4, 0, 6, 8])
        #expect(try folder.array("db.npy").rounded == [3])
        #expect(try folder.snapshot().count == 5)
        _ = try run("backward x.npy w.npy dy.npy --filter-gradient dw.npy", in: folder)
        #expect(try folder.array("dw.npy").rounded == [8, 11, 17, 20])
        _ = try run("backward x.npy w.npy dy.npy --bias-gradient only.npy", in: folder)
        #expect(try folder.array("only.npy").rounded == [3])
    }

    @Test func channelsGroupsBiasAndBatchFollowTheRankOfTheFilter() throws {
        let folder = try Folder()
        try folder.write([1, 2, 3], [1, 2, 3, 10, 20, 30] as [Float], "x.npy")
        try folder.write([2, 3], [1, 2, 3, 10, 20, 30] as [Float], "unbatched.npy")
        try folder.write([2, 1, 1], [1, 5] as [Float], "w.npy")
        try folder.write([2], [100, 200] as [Float], "b.npy")
        for (input, shape) in [("x", [1, 2, 3]), ("unbatched", [2, 3])] {
            _ = try run("forward \(input).npy w.npy -o y.npy --groups 2 --bias b.npy", in: folder)
            let y = try folder.array("y.npy")
            #expect(y.shape == shape)
            #expect(y.rounded == [101, 102, 103, 250, 300, 350])
        }
        _ = try run("input-gradient unbatched.npy w.npy --groups 2 --input-shape 2,3 -o dx.npy", in: folder)
        #expect(try folder.array("dx.npy").shape == [2, 3])
        _ = try run("filter-gradient unbatched.npy unbatched.npy --groups 2 --filter-shape 2,1,1 -o dw.npy", in: folder)
        #expect(try folder.array("dw.npy").rounded == [14, 1400])
    }

    @Test func plainMakesAVolumeOfThreeAxes() throws {
        let folder = try Folder()
        try folder.write([2, 2, 2], counting(8), "x.npy")
        try folder.write([1, 1, 2], [1, 1] as [Float], "w.npy")
        _ = try run("forward x.npy w.npy -o y.npy --plain", in: folder)
        let y = try folder.array("y.npy")
        #expect(y.shape == [2, 2, 1])
        #expect(y.rounded == [1, 5, 9, 13])
    }

    @Test func paddingStrideAndDilationArePerAxis() throws {
        let folder = try plainOperands()
        _ = try run("forward x.npy w.npy -o y.npy --stride 2,1 --padding 1:0,0:1 --dilation 1,2", in: folder)
        let y = try folder.array("y.npy")
        #expect(y.shape == [2, 2])
        // Rows −1|0 and 1|2; columns 0|2 and 1|padding.
        #expect(y.rounded == [8, 3, 63, 25])
    }

    struct TransposedRow: Sendable {
        let options: String
        let filter: [Float]
        let expected: [Float]
    }

    /// Scattered by hand: y[i·stride + f·dilation − padding] += x[i]·w[f], x = 1, 2, 3.
    @Test(arguments: [
        TransposedRow(options: "--stride 2", filter: [1, 10, 100], expected: [1, 10, 102, 20, 203, 30, 300]),
        TransposedRow(
            options: "--stride 2 --padding 1 --output-padding 1", filter: [1, 10, 100],
            expected: [10, 102, 20, 203, 30, 300]),
        TransposedRow(options: "--dilation 2 --output-padding 1", filter: [1, 10], expected: [1, 2, 13, 20, 30, 0]),
        TransposedRow(
            options: "--dilation 2 --padding 1 --output-padding 1", filter: [1, 10], expected: [2, 13, 20, 30]),
        TransposedRow(options: "--stride 2 --padding same", filter: [1, 10], expected: [1, 10, 2, 20, 3, 30]),
        TransposedRow(options: "--padding full", filter: [1, 10], expected: [12, 23]),
        TransposedRow(options: "--padding 0:1", filter: [1, 10], expected: [1, 12, 23]),
    ])
    func transposedScatters(row: TransposedRow) throws {
        let folder = try Folder()
        try folder.write([3], [1, 2, 3] as [Float], "x.npy")
        try folder.write([row.filter.count], row.filter, "w.npy")
        _ = try run("transposed x.npy w.npy -o y.npy \(row.options)", in: folder)
        #expect(try folder.array("y.npy").rounded == row.expected)
    }

    @Test func transposedTurnsFiltersIntoChannels() throws {
        let folder = try Folder()
        try folder.write([2, 1, 1], [1, 10] as [Float], "x.npy")
        // [K = 2, C = 3, 1, 2]
        try folder.write([2, 3, 1, 2], counting(12), "w.npy")
        _ = try run("transposed x.npy w.npy -o y.npy", in: folder)
        let y = try folder.array("y.npy")
        #expect(y.shape == [3, 1, 2])
        #expect(y.rounded == [60, 71, 82, 93, 104, 115])
    }

    @Test func reportTellsWhatRan() throws {
        let folder = try plainOperands()
        let outcome = try run(
            "backward x.npy w.npy dy.npy --input-gradient a.npy --filter-gradient b.npy --bias-gradient c.npy --report",
            in: folder)
        let keys = outcome.errors.split(separator: "\n").map { $0.prefix { $0 != ":" } }
        let perPass: [Substring] = ["problem", "algorithm", "threads", "workspace", "error bound"]
        #expect(keys == perPass + perPass + ["bias gradient", "planning", "execution"])
        #expect(outcome.errors.contains("problem: i3x3_f2x2_dw\n"))
        let alone = try run("backward x.npy w.npy dy.npy --bias-gradient c.npy --report", in: folder)
        #expect(alone.errors.hasPrefix("bias gradient: sums in twice the precision"), "\(alone.errors)")
    }

    @Test func reportTellsTheMemoryThatExplainAnnounces() throws {
        let folder = try Folder()
        try folder.write([1, 8, 16, 16], counting(2048), "x.npy")
        try folder.write([8, 8, 5, 5], counting(1600), "w.npy")
        let options = "--method fft --threads 1"
        let report = try run("forward x.npy w.npy -o y.npy --report \(options)", in: folder).errors
        let lines = try run("explain c8i16x16_k8f5x5_fwd \(options)", in: folder).lines
        let chosen = try #require(lines.first(where: { $0.hasPrefix("* ") }))
        let memory = try #require(chosen.components(separatedBy: ", workspace ").last)
        #expect(report.contains("\nworkspace: \(memory)\n"), "\(chosen)\n\(report)")
    }

    @Test func nonFiniteValuesStayWhereTheyBelong() throws {
        let folder = try Folder()
        try folder.write([4], [1, .nan, 2, 3] as [Float], "x.npy")
        try folder.write([2], [1, 1] as [Float], "w.npy")
        _ = try run("forward x.npy w.npy -o y.npy", in: folder)
        let y = try folder.array("y.npy").floats
        #expect(y.map(\.isNaN) == [true, true, false])
        #expect(y.last?.rounded() == 5)
    }

    @Test func progressShowsNothingForShortWork() throws {
        let folder = try plainOperands()
        let outcome = try run("forward x.npy w.npy -o y.npy --progress", in: folder)
        #expect(outcome.errors.isEmpty)
    }
}
