import Foundation
import Testing

// Rows F and Q11 of the catalogue of bad inputs: what files and streams may be that cannot be read or written.

@Suite struct BadStreamTests {
    static let rows: [BadInput] = [
        BadInput("F1", "forward missing.npy k.npy -o out.npy", 3, "No such file"),
        BadInput("F1b", "forward ∅ k.npy -o out.npy", 3, "got"),
        BadInput("F1c", "forward \(String(repeating: "x", count: 5000)) k.npy -o out.npy", 3, "too long"),
        BadInput("F1d", "image missing.png box:3 -o out.png", 3, "No such file"),
        BadInput("F1e", "forward a.npy k.npy -o out.npy --bias missing.npy", 3, "missing.npy"),
        BadInput("F2", "forward . k.npy -o out.npy", 3, "directory"),
        BadInput("F4", "forward /dev/zero k.npy -o out.npy", 3, "not a regular file"),
        BadInput("F4b", "forward pipe k.npy -o out.npy", 3, "not a regular file") {
            guard mkfifo($0.path("pipe"), 0o600) == 0 else { throw Tool.NotFound(description: "mkfifo failed") }
        },
        BadInput("F5", "forward - k.npy -o out.npy", 3, "at least 10 bytes"),
        BadInput("F5b", "forward - - -o out.npy", 2, "standard input can be read once"),
        BadInput("F8", "forward a.npy k.npy -o missing/out.npy", 7, "must exist"),
        BadInput("F8b", "forward missing.npy k.npy -o missing/out.npy", 7, "must exist"),
        BadInput("F8c", "image p.png box:3 -o missing/out.png", 7, "must exist"),
        BadInput(
            "F8d", "backward x.npy w.npy dy.npy --input-gradient out.npy --bias-gradient missing/b.npy", 7, "must exist"
        ),
        BadInput(
            "F9", "backward x.npy w.npy dy.npy --input-gradient dd.npy --filter-gradient ./dd.npy", 2,
            "got 'dd.npy' and './dd.npy', one file: two results need two outputs"),
        BadInput(
            "F9b", "backward x.npy w.npy dy.npy --input-gradient dd.npy --bias-gradient here/dd.npy", 2, "one file"
        ) { try FileManager.default.createSymbolicLink(atPath: $0.path("here"), withDestinationPath: ".") },
        BadInput(
            "F9c", "backward x.npy w.npy dy.npy --input-gradient out.npy --filter-gradient link.npy", 2, "one file"
        ) {
            try $0.write(Data("old".utf8), "out.npy")
            try FileManager.default.createSymbolicLink(atPath: $0.path("link.npy"), withDestinationPath: "out.npy")
        },
        BadInput("F9d", "backward x.npy w.npy dy.npy --input-gradient - --filter-gradient -", 2, "'-' twice"),
        BadInput("F10", "forward a.npy k.npy -o .", 7, "directory"),
        BadInput("F10b", "forward a.npy k.npy -o /dev/full", 7, "not a regular file"),
        BadInput("F10c", "forward a.npy k.npy -o ∅", 7, "got"),
        BadInput("F18", "image a.npy box:3 -o out.png", 3, "a.npy"),
        BadInput("F19", "forward p.png k.npy -o out.npy", 3, "not an .npy file"),
    ]

    @Test(arguments: rows)
    func isRefused(row: BadInput) throws { try row.check() }

    /// F6, F7: one file as both operands and as the output.
    @Test func outputMayBeAnInput() throws {
        let folder = try Folder()
        try folder.write([2, 2], [1, 2, 3, 4] as [Float], "a.npy")
        let outcome = try Tool.run(["forward", "a.npy", "a.npy", "-o", "a.npy"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.array("a.npy").rounded == [30])
        #expect(try folder.snapshot().count == 1)
    }

    @Test func standardStreamsCarryArrays() throws {
        let folder = try Folder()
        try folder.write([3], [1, 2, 3] as [Float], "a.npy")
        try folder.write([1], [2] as [Float], "k.npy")
        let outcome = try Tool.run(["forward", "-", "k.npy", "-o", "-"], in: folder, input: try folder.read("a.npy"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        try folder.write(outcome.output, "y.npy")
        #expect(try folder.array("y.npy").rounded == [2, 4, 6])
    }

    /// F13 and F10: a shell makes the streams, as `Process` cannot.
    @Test(arguments: [
        (line: "explain i8_f3 > /dev/full", status: Int32(7)), (line: "explain i8_f3 >&-", status: 7),
        (line: "forward a.npy a.npy -o - > /dev/full", status: 7), (line: "forward a.npy a.npy -o - >&-", status: 7),
        (line: "--help > /dev/full", status: 7), (line: "forward - a.npy -o out.npy <&-", status: 3),
        (line: "forward a.npy missing.npy -o out.npy 2>&-", status: 3),
        (line: "forward a.npy a.npy -o out.npy --report 2>&-", status: 0),
    ])
    func lostStreamsHaveTheirStatus(row: (line: String, status: Int32)) throws {
        let folder = try Folder()
        try folder.write([3], [1, 2, 3] as [Float], "a.npy")
        let before = try folder.snapshot()
        #expect(try shell("\"$TOOL\" \(row.line)", in: folder) == row.status)
        if row.status != 0 { #expect(try folder.snapshot() == before) }
    }

    /// P26: a name that Swift would repair, and one that is as the repaired one.
    @Test func namesOfFilesAreUTF8() throws {
        let folder = try Folder()
        try folder.write([3], [1, 2, 3] as [Float], "\u{FFFD}.npy")
        let line = "\"$TOOL\" forward \"$(printf '\\377').npy\" \"$(printf '\\377').npy\" -o out.npy"
        #expect(try shell(line, in: folder) == 2)
        let outcome = try Tool.run(["forward", "\u{FFFD}.npy", "\u{FFFD}.npy", "-o", "out.npy"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    /// F12: the limit is one block of the shell, the output is larger.
    @Test func fileSizeLimitIsAnOutputError() throws {
        let folder = try Folder()
        try folder.write([64, 64], counting(4096), "a.npy")
        try folder.write([1, 1], [1] as [Float], "k.npy")
        let before = try folder.snapshot()
        #expect(try shell("ulimit -f 1; \"$TOOL\" forward a.npy k.npy -o out.npy", in: folder) == 7)
        #expect(try folder.snapshot() == before)
    }

    /// F13: the reader of a pipe is gone.
    @Test func closedPipeIsAnOutputError() throws {
        let folder = try Folder()
        let line = "{ sleep 0.3; \"$TOOL\" explain i8_f3; echo $? > status; } | true; sleep 1"
        #expect(try shell(line, in: folder) == 0)
        #expect(String(decoding: try folder.read("status"), as: UTF8.self) == "7\n")
    }

    /// Q11: work of minutes, stopped by each signal; the old output stays.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func signalStopsTheWork(signal: Int32) throws {
        let folder = try Folder()
        try folder.write([600, 600], [Float](repeating: 1, count: 360_000), "a.npy")
        try folder.write([300, 300], [Float](repeating: 1, count: 90_000), "k.npy")
        try folder.write(Data("old".utf8), "out.npy")
        let before = try folder.snapshot()
        let running = try Tool.start(
            ["forward", "a.npy", "k.npy", "-o", "out.npy", "--method", "direct"], in: folder)
        Thread.sleep(forTimeInterval: 0.5)
        kill(running.process.processIdentifier, signal)
        let outcome = try running.wait()
        #expect(!outcome.wasKilled)
        #expect(outcome.status == 128 + signal, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("error: fftconv: got SIG"))
        #expect(try folder.snapshot() == before)
    }

    private func shell(_ line: String, in folder: Folder) throws -> Int32 {
        guard let executable = Tool.executable else { throw Tool.NotFound(description: "fftconv not found") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = folder.url
        process.environment = ["TOOL": executable.path, "PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
