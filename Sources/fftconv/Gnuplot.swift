import Foundation

/// The program that draws plots, found before anything is measured.
struct Gnuplot {
    /// What it draws.
    enum Terminal: String {
        case svg
        case png = "pngcairo"

        /// By the extension of the output.
        init(path: String, argument: String) throws(Failure) {
            switch (path as NSString).pathExtension.lowercased() {
            case "svg": self = .svg
            case "png": self = .png
            default:
                throw Failure(.commandLine, argument: argument, value: "'\(path)'", rule: "must end in .svg or .png")
            }
        }
    }

    private let executable: URL
    private let path: String
    private static let hint = "apt-get install gnuplot-nox, or brew install gnuplot"

    /// Finds the program, and sees whether it can draw at all.
    ///
    /// - Parameters:
    ///   - path: The output, for messages.
    ///   - argument: The option that asked for it.
    init(for path: String, terminal: Terminal, argument: String) throws(Failure) {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard
            let found = folders.map({ "\($0)/gnuplot" }).first(where: {
                var isFolder: ObjCBool = false
                return FileManager.default.isExecutableFile(atPath: $0)
                    && FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) && !isFolder.boolValue
            })
        else {
            throw Failure(
                .unwritableOutput, argument: argument, value: "'\(path)'", rule: "needs gnuplot, which is not in PATH",
                hint: Self.hint)
        }
        executable = URL(fileURLWithPath: found)
        self.path = path
        _ = try draw("set terminal \(terminal.rawValue)\nplot x\n")
    }

    /// Runs a script, and returns what it draws on standard output.
    func draw(_ script: String) throws(Failure) -> [UInt8] {
        let process = Process()
        process.executableURL = executable
        // Without the user's settings.
        process.arguments = ["-d"]
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
        // `waitUntilExit` looks only every tenth of a second.
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        let drawing: Data
        let complaint = Complaint()
        do {
            try process.run()
            // All three streams at once, so that neither side waits for a full pipe. A program that ends early closes
            // its input, and its status tells.
            Thread.detachNewThread {
                try? input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
                try? input.fileHandleForWriting.close()
            }
            Thread.detachNewThread {
                complaint.finish((try? errors.fileHandleForReading.readToEnd()) ?? nil)
            }
            drawing = try output.fileHandleForReading.readToEnd() ?? Data()
        } catch {
            throw failure("\(error)")
        }
        ended.wait()
        let text = complaint.wait()
        guard process.terminationStatus == 0, process.terminationReason == .exit, !drawing.isEmpty else {
            let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            throw failure(lines.last { !$0.isEmpty } ?? "status \(process.terminationStatus)")
        }
        return [UInt8](drawing)
    }

    private func failure(_ reason: String) -> Failure {
        Failure(
            .unwritableOutput, argument: path, value: reason, rule: "\(executable.path) must draw the plot",
            hint: Self.hint)
    }

    /// What a program says on standard error, from the thread that reads it.
    private final class Complaint: @unchecked Sendable {
        // `text` is written before the semaphore is signalled and read after it.
        private var text = ""
        private let isFinished = DispatchSemaphore(value: 0)

        func finish(_ data: Data?) {
            text = String(decoding: data ?? Data(), as: UTF8.self)
            isFinished.signal()
        }

        func wait() -> String {
            isFinished.wait()
            return text
        }
    }
}
