import Foundation

/// Runs the tool as its users do: as a process, with files.
struct Tool {
    struct Outcome {
        let status: Int32
        /// Ended by a signal instead of an exit status.
        let wasKilled: Bool
        let output: Data
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    struct NotFound: Error, CustomStringConvertible {
        let description: String
    }

    /// The executable lies beside the test bundle, in whichever configuration is tested.
    static let executable: URL? = {
        var places = Bundle.allBundles.map(\.bundleURL)
        places += [Bundle.main.executableURL, CommandLine.arguments.first.map { URL(fileURLWithPath: $0) }]
            .compactMap { $0 }
        places += CommandLine.arguments.filter { $0.hasSuffix(".xctest") }.map { URL(fileURLWithPath: $0) }
        for place in places {
            for folder in [place, place.deletingLastPathComponent()] {
                let candidate = folder.appendingPathComponent("fftconv")
                var isDirectory: ObjCBool = false
                if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isDirectory),
                    !isDirectory.boolValue
                {
                    return candidate
                }
            }
        }
        return nil
    }()

    /// Starts the tool, in this process's environment or another one. Streams go to files, so that nothing waits for a
    /// full pipe.
    ///
    /// - Parameter calibration: The folder in which rates are looked for; without it the built-in ones are used, whatever the
    ///   machine that runs the tests has stored.
    static func start(
        _ arguments: [String], in folder: Folder, input: Data? = nil, environment: [String: String]? = nil,
        calibration: String = ""
    ) throws -> Running {
        guard let executable else { throw NotFound(description: "fftconv is not beside \(Bundle.main.bundlePath)") }
        let streams = try Folder()
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.environment = (environment ?? ProcessInfo.processInfo.environment)
            .merging(["FFTCONV_CACHE": calibration]) { $1 }
        for name in ["output", "errors"] { try streams.write(Data(), name) }
        var handles = try ["output", "errors"].map { try FileHandle(forWritingTo: streams.url($0)) }
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        if let input {
            try streams.write(input, "input")
            handles.append(try FileHandle(forReadingFrom: streams.url("input")))
            process.standardInput = handles[2]
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        // `waitUntilExit` looks only every tenth of a second.
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        // Foundation keeps the process, and with it its handles. It also looks through all open files to start the next one,
        // and reads beyond the list of them once there are some 1360 (Swift 6.3).
        for handle in handles { try handle.close() }
        return Running(process: process, ended: ended, streams: streams)
    }

    static func run(
        _ arguments: [String], in folder: Folder, input: Data? = nil, environment: [String: String]? = nil,
        calibration: String = ""
    ) throws -> Outcome {
        try start(arguments, in: folder, input: input, environment: environment, calibration: calibration).wait()
    }

    struct Running {
        let process: Process
        let ended: DispatchSemaphore
        let streams: Folder

        func wait() throws -> Outcome {
            // A tool that hangs is a failure of its test and not of the whole suite.
            if ended.wait(timeout: .now() + 60) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                ended.wait()
            }
            return Outcome(
                status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
                output: try streams.read("output"), errors: String(decoding: try streams.read("errors"), as: UTF8.self))
        }
    }
}
