import ArgumentParser
import FFTConvolution
import Foundation

/// The command line: parses, runs one subcommand, and turns whatever comes out of it into an exit status.
struct FFTConv: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fftconv",
        abstract: "Convolution, its gradients, and pictures through large filters, by FFT where that is faster.",
        discussion: """
            Arrays are NumPy .npy files in f32 or f64; f2, bool and integers of 8, 16 or 32 bits are read too. Results \
            are f64 if an operand is f64, bool or integers, else f32. '-' is standard input or output. An output \
            appears whole or not at all, and replaces an existing file.

            Example: fftconv forward x.npy w.npy -o y.npy --padding same

            Exit status: 0 done, 1 a check failed, 2 bad command line, 3 unreadable input, 4 inputs that do not fit \
            together, 5 resource limit, 6 numeric policy, 7 output not written, 70 a bug, 128 + n stopped by signal n.
            """,
        version: FFTConvolutionLibrary.version,
        subcommands: [
            Forward.self, InputGradient.self, FilterGradient.self, Backward.self, Transposed.self, Convolve.self,
            Correlate.self, Picture.self, Validate.self, Explain.self, Bench.self, Crossover.self, Calibrate.self,
        ])
}

@main
enum Main {
    static func main() {
        StandardStreams.occupyClosedDescriptors()
        Interrupts.install()
        exit(status(of: Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs a command line; an error has been printed when this returns.
    private static func status(of arguments: [String]) -> Int32 {
        do {
            try CommandLineCheck.checkEncoding()
            try CommandLineCheck.check(arguments)
            var command = try parse(arguments)
            if !(command is Calibrate) { CalibrationWarning.printIfNeeded() }
            try command.run()
            ThreadsWarning.printIfNeeded()
            return ExitStatus.done.rawValue
        } catch let code as ExitCode {
            return code.rawValue
        } catch let failure as Failure where failure.status == .interrupted {
            endInterrupted()
        } catch let error where FFTConv.exitCode(for: error) == .success {
            return printed(FFTConv.fullMessage(for: error))
        } catch {
            let failure = Failure(error)
            if failure.status == .interrupted { endInterrupted() }
            StandardStreams.printError("\(failure)")
            return failure.status.rawValue
        }
    }

    /// Parses, with ArgumentParser's complaints in the tool's own form.
    private static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        do {
            return try FFTConv.parseAsRoot(arguments)
        } catch  where FFTConv.exitCode(for: error) != .success {
            throw CommandLineCheck.failure(for: arguments, message: FFTConv.message(for: error))
        }
    }

    private static func endInterrupted() -> Never {
        StandardStreams.printError("\(Interrupts.failure)")
        Interrupts.end()
    }

    /// Help and version, on standard output.
    private static func printed(_ text: String) -> Int32 {
        do {
            try StandardStreams.print(text)
            return ExitStatus.done.rawValue
        } catch {
            StandardStreams.printError("\(error)")
            return error.status.rawValue
        }
    }
}
