import Foundation
import SpectralEngine
import Testing
import TestSupport

@testable import FFTConvolution

struct CalibrationFileTests {
    /// Every rate another one, within the range.
    private static func other() -> Machine {
        var machine = Machine()
        var generator = SeededGenerator(seed: 15)
        for rate in Machine.rates + Machine.passRates {
            machine[keyPath: rate.path] *= 0.5 + Double(generator.index(1000)) / 500
        }
        return machine
    }

    /// Of a build of FFTW that is nowhere.
    private static func plans() throws -> MeasuredPlans {
        let digest = String(repeating: "0123456789abcdef", count: 2)
        return try MeasuredPlans(
            text: "fftw fftw-3.3.10 \(digest) 11cec\nfftw 1x48 back codelet_t2bv_4:0:\(digest)\n"
                + "fftwf fftw-3.3.10 \(digest) 11cec\nfftwf 8x96 forward a:0:\(digest) b:1:\(digest)\n")
    }

    private func fault(_ bytes: [UInt8], _ identity: MachineIdentity = MachineIdentity()) -> String? {
        do throws(CalibrationFile.Fault) {
            _ = try CalibrationFile.contents(of: bytes, identity: identity)
            return nil
        } catch { return error.description }
    }

    @Test func everyRateComesBackAsItWas() throws {
        var machine = Self.other()
        // Of no size that is built in anywhere.
        var identity = MachineIdentity()
        identity.cacheByteCount = 768 << 10
        machine.cacheByteCount = identity.cacheByteCount
        let text = CalibrationFile.text(machine)
        #expect(text.utf8.count < 8192)
        var read = try CalibrationFile.contents(of: Array(text.utf8), identity: identity).machine
        for rate in Machine.rates + Machine.passRates {
            #expect(read[keyPath: rate.path] == machine[keyPath: rate.path], "\(rate.name)")
        }
        #expect(CalibrationFile.text(read) == text)
        // So is all that is no rate: the caches that the rates were fitted with, and what an instruction set decides. A dictionary has no order.
        read.referenceRate = machine.referenceRate
        #expect(String(describing: read) == String(describing: machine))
    }

    @Test func plansComeBackAsTheyWere() throws {
        let plans = try Self.plans()
        let text = CalibrationFile.text(Self.other(), plans)
        let read = try CalibrationFile.contents(of: Array(text.utf8))
        #expect(read.plans == plans && CalibrationFile.text(read.machine, read.plans) == text)
        #expect(try CalibrationFile.contents(of: Array(CalibrationFile.text(Self.other()).utf8)).plans.isEmpty)
        // With a checksum that is right.
        let plan = String(try #require(text.firstMatch(of: /fftwf 8x96 forward .*\n/)).0)
        func fault(_ line: String) -> String? {
            let damaged = text.replacing(plan, with: line).replacing(/checksum .*\n/, with: "")
            return self.fault(Array((damaged + CalibrationFile.checksumLine(damaged)).utf8))
        }
        for line in ["fftwf 8x96 forward codelet)\n", "plan\n", "\n", "\(plan)\n"] {
            #expect(fault(line)?.hasPrefix("it is damaged: no plan is '") == true, "\(line)")
        }
        #expect(fault(plan) == nil)
        #expect(fault(plan.replacing("8x96", with: "08x96")) == "it is damaged: its plans are in disorder")
    }

    @Test func namesAreOneWordEachAndDiffer() {
        let names = (Machine.rates + Machine.passRates).map(\.name)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { !$0.contains(" ") && !$0.isEmpty })
    }

    @Test func whatIsChangedAnywhereIsIgnored() throws {
        let bytes = Array(CalibrationFile.text(Self.other(), try Self.plans()).utf8)
        var generator = SeededGenerator(seed: 14)
        for round in 0..<2000 {
            var changed = bytes
            switch round % 5 {
            case 0: changed[generator.index(changed.count)] ^= UInt8(1 << generator.index(8))
            case 1: changed.remove(at: generator.index(changed.count))
            case 2: changed.insert(UInt8(generator.index(256)), at: generator.index(changed.count + 1))
            case 3: changed.removeLast(1 + generator.index(changed.count))
            default:
                let first = generator.index(changed.count)
                changed += changed[first...]
            }
            if changed != bytes { #expect(fault(changed) != nil, "round \(round)") }
        }
        for worthless in [[], [0x0A], Array("\n\n".utf8), Array(repeating: 0, count: 100), [0xFF, 0x0A]] {
            #expect(fault(worthless) != nil)
        }
        #expect(fault([UInt8](repeating: 0x61, count: 1 << 20))?.hasPrefix("it is longer than ") == true)
    }

    @Test func whatWasMeasuredElsewhereIsForeignAndWhatIsOldIsStale() {
        let here = MachineIdentity()
        let changes: [(String, (inout MachineIdentity) -> Void)] = [
            ("foreign: processor", { $0.processor = "Another 9000" }),
            ("foreign: instruction-set", { $0.instructionSet = $0.instructionSet == .scalar ? .baseline : .scalar }),
            ("foreign: cores", { $0.coreCount += 1 }),
            ("stale: library", { $0.library = "0.0.1" }),
            ("stale: fftw", { $0.fftw = "fftw-3.3.8 fftw-3.3.8" }),
        ]
        for (reason, change) in changes {
            var identity = here
            change(&identity)
            let text = CalibrationFile.text(Machine(), identity: identity)
            #expect(fault(Array(text.utf8), identity) == nil, "\(reason)")
            #expect(fault(Array(text.utf8))?.hasPrefix("it is \(reason) '") == true, "\(reason)")
        }
        let older = CalibrationFile.text(Machine()).replacing(/calibration \d+\n/, with: "calibration 0\n")
        #expect(fault(Array(older.utf8))?.hasPrefix("it is stale: of format 0") == true)
    }

    @Test(arguments: [0, -1e-9, 1, Double.nan, .infinity, 0x1p-1060])
    func ratesThatAreNoneAreRefused(_ value: Double) {
        var machine = Machine()
        machine.copyTime = value
        // With a checksum that is right.
        #expect(fault(Array(CalibrationFile.text(machine).utf8))?.hasPrefix("it is damaged: copy is '") == true)
    }

    @Test func theFolderFollowsTheEnvironment() {
        func path(_ variables: [String: String]) -> String? { StoredCalibration.path(in: { variables[$0] }) }
        #expect(path(["FFTCONV_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"]) == "/a/machine.rates")
        #expect(path(["FFTCONV_CACHE": "", "XDG_CACHE_HOME": "/b", "HOME": "/c"]) == nil)
        #expect(path(["XDG_CACHE_HOME": "/b", "HOME": "/c"]) == "/b/swift-fft-convolution/machine.rates")
        let atHome = path(["XDG_CACHE_HOME": "b", "HOME": "/c"])
        #expect(atHome?.hasPrefix("/c/") == true && atHome?.hasSuffix("/swift-fft-convolution/machine.rates") == true)
        #expect(path(["HOME": "c"]) == nil && path([:]) == nil)
    }

    @Test func aFileIsReadOrItsFaultTold() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("machine.rates").path
        #expect(StoredCalibration.read(nil).fault == nil)
        #expect(StoredCalibration.read(path).fault == nil, "none is no fault")
        #expect(StoredCalibration.read(path + "/below").fault == nil)
        let machine = Self.other()
        try Data(CalibrationFile.text(machine).utf8).write(to: URL(fileURLWithPath: path))
        let read = StoredCalibration.read(path)
        #expect(read.fault == nil && read.machine?.copyTime == machine.copyTime)
        #expect(StoredCalibration.read(folder.path).fault == "it cannot be read: not a regular file")
        // A gigabyte without a block on the disk: it must not be read.
        try FileManager.default.removeItem(atPath: path)
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: 1 << 30)
        #expect(StoredCalibration.read(path).fault == "it cannot be read: 1073741824 bytes, more than 262144")
        #expect(StoredCalibration.read(path).machine == nil)
        #expect(mkfifo(path + ".fifo", 0o600) == 0)
        #expect(StoredCalibration.read(path + ".fifo").fault == "it cannot be read: not a regular file")
    }
}
