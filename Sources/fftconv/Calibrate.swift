import ArgumentParser
import ArrayFiles
import FFTConvolution
import Foundation

/// `fftconv calibrate`
struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract:
            "Measures this machine's rates, in less than a minute, and stores them where choices are made with them.",
        discussion: """
            Choices between algorithms and tiles are predictions from rates: what a transform costs for each point, a \
            direct sum for each multiplication, and so on. Without this they are built in for the instruction set. \
            Results are right either way; the choice decides their last bits. Let the machine do nothing else meanwhile.

            Plans of FFTW that were measured once are built in for one build of it (3.3.10 of Debian 12 on x86-64); any other \
            estimates its plans, which are slower. --plans has it search plans on this machine, for a few minutes, before \
            the rates are measured. They are stored with the rates, used in place of those built in, and kept by later calibrations.

            The file is swift-fft-convolution/machine.rates in the user's folder of caches, or machine.rates in the folder \
            FFTCONV_CACHE. Remove it to go back to what is built in.

            Example: fftconv calibrate --progress
            """)

    @Flag(help: "Show progress also where standard error is not a terminal.")
    var progress = false

    @Flag(help: "Have FFTW search plans first, for a few minutes, and store them too.")
    var plans = false

    @Flag(help: "Measure and print, but store nothing.")
    var dryRun = false

    @Flag(help: "Print every call that the rates were fitted to, too.")
    var calls = false

    func run() throws {
        let path = try dryRun ? nil : preparedPath()
        let before = Machine.current
        let display = ProgressDisplay(of: Interrupts.control, isForced: progress)
        defer { display.finish() }
        let calibration = try Calibration.measure(searchesPlans: plans, control: Interrupts.control)
        display.finish()
        try Interrupts.check()

        if calls {
            var table = TextTable(header: ["measured ms", "built-in", "now", "call"])
            for call in calibration.calls {
                table.append(
                    [call.time, call.builtInTime, call.predictedTime].map { Self.text($0 * 1000) } + [call.name])
            }
            try StandardStreams.print(table.description + "\n")
        }
        var table = TextTable(header: ["rate", "before", "now", "now / before"])
        for rate in Machine.rates + Machine.passRates {
            let (old, new) = (before[keyPath: rate.path], calibration.machine[keyPath: rate.path])
            table.append([rate.name, Self.text(old), Self.text(new), String(format: "%.2f", new / old)])
        }
        try StandardStreams.print(table.description)
        try StandardStreams.print(
            String(
                format: "%d calls measured; predictions were off by a factor of %.2f with built-in rates, are by %.2f",
                calibration.calls.count, calibration.builtInError, calibration.error))
        try StandardStreams.print("transforms by \(calibration.planSource)")
        if let path {
            try AtomicFile.write(Array(calibration.fileText.utf8), path: path)
            try StandardStreams.print("stored in \(path)")
        }
    }

    /// Where the file goes; its folder is there when this returns.
    private func preparedPath() throws -> String {
        guard let path = StoredCalibration.path else {
            throw Failure(
                .unwritableOutput, argument: "FFTCONV_CACHE", value: "no folder", rule: "must name one, or HOME must",
                hint: "--dry-run stores nothing")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        } catch {
            throw Failure(
                .unwritableOutput, argument: path, value: error.localizedDescription,
                rule: "its folder must be there, or be made")
        }
        try AtomicFile.checkWritable(path: path)
        return path
    }

    /// With three digits: rates are seconds, or plain numbers.
    private static func text(_ rate: Double) -> String { String(format: "%.3g", rate) }
}
