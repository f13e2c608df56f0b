import Foundation
import SpectralEngine
import TestSupport
import Testing

@testable import FFTConvolution

@Suite struct CalibrationCommandTests {
    private static let line = ["forward", "x.npy", "w.npy", "-o", "y.npy", "--report"]

    private func run(_ file: Data?, named name: String = "machine.rates") throws -> (Tool.Outcome, Data) {
        let folder = try Folder()
        try folder.write([40, 40], (0..<1600).map { Float($0 % 17) / 3 }, "x.npy")
        try folder.write([7, 7], (0..<49).map { Float($0 % 5) / 7 }, "w.npy")
        let rates = try Folder()
        if let file { try rates.write(file, name) }
        let outcome = try Tool.run(Self.line, in: folder, calibration: rates.url.path)
        return (outcome, outcome.status == 0 ? try folder.read("y.npy") : Data())
    }

    private func warnings(_ outcome: Tool.Outcome) -> [Substring] {
        outcome.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
    }

    @Test func ratesThatAreStoredDecideWithoutAWord() throws {
        var machine = Machine()
        let usual = try run(nil).0
        let isDirect = usual.errors.contains("algorithm: Direct")
        if isDirect {
            (machine.stencilTime, machine.stencilLoadTime) = (machine.stencilTime * 90, machine.stencilLoadTime * 90)
        } else {
            (machine.copyTime, machine.callTime) = (machine.copyTime * 90, machine.callTime * 90)
        }
        let outcome = try run(Data(CalibrationFile.text(machine).utf8)).0
        #expect(outcome.status == 0 && warnings(outcome).isEmpty, "\(outcome.errors)")
        #expect(outcome.errors.contains("algorithm: Direct") != isDirect, "\(outcome.errors)")
    }

    @Test func aFileOfNoUseIsOneWarningAndChangesNothing() throws {
        let (plain, expected) = try run(nil)
        #expect(plain.status == 0 && warnings(plain).isEmpty, "\(plain.errors)")
        let text = CalibrationFile.text(Machine())
        var foreign = MachineIdentity()
        foreign.processor = "Another 9000"
        var stale = MachineIdentity()
        stale.library = "0.0.1"
        let files: [(String, String)] = [
            ("", "it is damaged"), (String(text.dropLast(30)), "it is damaged"),
            (text.replacing("copy ", with: "copy 1"), "checksum is another one"),
            (CalibrationFile.text(Machine(), identity: foreign), "it is foreign: processor 'Another 9000'"),
            (CalibrationFile.text(Machine(), identity: stale), "it is stale: library '0.0.1'"),
            (String(repeating: "x", count: 300_000), "it cannot be read: 300000 bytes"),
            ("\u{1B}[2J\n", "it is damaged"),
        ]
        for (content, reason) in files {
            let (outcome, bytes) = try run(Data(content.utf8))
            #expect(outcome.status == 0 && bytes == expected, "\(outcome.errors)")
            let warnings = warnings(outcome)
            #expect(warnings.count == 1 && warnings.first?.contains(reason) == true, "\(outcome.errors)")
        }
    }

    @Test func aFolderInPlaceOfTheFileIsOneWarning() throws {
        let rates = try Folder()
        try FileManager.default.createDirectory(atPath: rates.path("machine.rates"), withIntermediateDirectories: true)
        let outcome = try Tool.run(["explain", "i8_f3_fwd"], in: try Folder(), calibration: rates.url.path)
        #expect(outcome.status == 0 && warnings(outcome).count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("it cannot be read: not a regular file"))
        let refused = try Tool.run(["calibrate"], in: try Folder(), calibration: rates.url.path)
        #expect(refused.status == 7 && refused.errors.hasPrefix("error: "), "\(refused.errors)")
    }

    @Test func mutatedFilesEndNoProcess() throws {
        let folder = try Folder()
        let rates = try Folder()
        let bytes = Array(CalibrationFile.text(Machine()).utf8)
        let expected = try Tool.run(["explain", "i40x40_f7x7_fwd"], in: folder).text
        var random = SeededGenerator(seed: 14)
        for _ in 0..<200 {
            var changed = bytes
            let place = random.index(changed.count)
            let byte = changed[place] ^ UInt8(1 + random.index(255))
            switch random.index(3) {
            case 0: changed[place] = byte
            case 1: changed.removeLast(changed.count - place)
            default: changed.insert(byte, at: place)
            }
            if changed == bytes { continue }
            try rates.write(Data(changed), "machine.rates")
            let outcome = try Tool.run(["explain", "i40x40_f7x7_fwd"], in: folder, calibration: rates.url.path)
            #expect(outcome.status == 0 && outcome.text == expected, "\(changed)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }

    @Test func calibrateNeedsAPlaceForItsFile() throws {
        let outcome = try Tool.run(["calibrate"], in: try Folder())
        #expect(outcome.status == 7 && outcome.errors.hasPrefix("error: FFTCONV_CACHE: got no folder: "))
    }
}
