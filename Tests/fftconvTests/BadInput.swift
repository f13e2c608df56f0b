import Foundation
import Testing

/// One row of the catalogue of bad inputs: what is typed, and how the tool must refuse it.
struct BadInput: Sendable, CustomTestStringConvertible {
    let id: String
    /// Words of the command line, split at spaces; `␣` stands for a space inside a word, `∅` for an empty word.
    let line: String
    let status: Int32
    /// A part of the message that no other refusal has.
    let message: String
    /// Makes the files that the row needs beyond those that every row has.
    let prepare: @Sendable (Folder) throws -> Void

    init(
        _ id: String, _ line: String, _ status: Int32, _ message: String,
        prepare: @escaping @Sendable (Folder) throws -> Void = { _ in }
    ) {
        self.id = id
        self.line = line
        self.status = status
        self.message = message
        self.prepare = prepare
    }

    /// A row whose input `bad.npy` has these bytes.
    static func file(_ id: String, _ bytes: Data, _ message: String, status: Int32 = 3) -> BadInput {
        BadInput(id, "forward bad.npy k.npy -o out.npy", status, message) { try $0.write(bytes, "bad.npy") }
    }

    var testDescription: String { "\(id): \(line.prefix(120))" }

    var arguments: [String] {
        line.split(separator: " ").map {
            $0 == "∅" ? "" : $0.replacingOccurrences(of: "␣", with: " ")
        }
    }

    /// Runs the row without and with an older output in place: status, message, and nothing else changed.
    func check() throws {
        // A command line that is refused before any file is looked at cannot treat the two differently.
        for hasOldOutput in status == 2 ? [true] : [false, true] {
            let folder = try Folder()
            try Self.writeOperands(folder)
            if hasOldOutput { for name in ["out.npy", "out.png"] { try folder.write(Data("old".utf8), name) } }
            try prepare(folder)
            let before = try folder.snapshot()
            let outcome = try Tool.run(arguments, in: folder)
            #expect(!outcome.wasKilled, "\(self.testDescription)")
            #expect(outcome.status == status, "\(self.testDescription): \(outcome.errors)")
            let lines = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first?.hasPrefix("error: ") == true, "\(outcome.errors)")
            #expect(lines.first?.contains(": got ") == true, "\(outcome.errors)")
            #expect(outcome.errors.contains(message), "\(self.testDescription): \(outcome.errors)")
            // One line, at most one hint, and the end of the text after the last newline.
            #expect(lines.count <= 3 && lines.last == "", "\(outcome.errors)")
            #expect(lines.count < 3 || lines[1].hasPrefix("hint: "), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
            #expect(try folder.snapshot() == before, "\(self.testDescription)")
        }
    }

    private static func writeOperands(_ folder: Folder) throws {
        for (name, bytes) in try operands.get() { try folder.write(bytes, name) }
    }

    /// x: [1, 2, 4, 4], w: [2, 2, 2, 2], dy: [1, 2, 3, 3]; a: [4, 4] and k: [2, 2], all spatial; a picture. Made once:
    /// each atomic write waits for the disk.
    private static let operands = Result<[String: Data], any Error> {
        let folder = try Folder()
        try folder.write([1, 2, 4, 4], counting(32), "x.npy")
        try folder.write([2, 2, 2, 2], counting(16), "w.npy")
        try folder.write([1, 2, 3, 3], counting(18), "dy.npy")
        try folder.write([4, 4], counting(16), "a.npy")
        try folder.write([2, 2], counting(4), "k.npy")
        let samples = [UInt16](repeating: 9, count: 16)
        try folder.write(.init(width: 4, height: 4, colorModel: .grey, bitDepth: 8, samples: samples), "p.png")
        return try folder.snapshot().compactMapValues { $0 }
    }
}
