import ArgumentParser
import ArrayFiles
import FFTConvolution

/// What the process ends with. The numbers are part of the tool's contract.
enum ExitStatus: Int32 {
    case done = 0
    /// A check (`validate`) found a difference.
    case checkFailed = 1
    case commandLine = 2
    case unreadableInput = 3
    /// Inputs that do not fit together, or an unusable FFTW.
    case mismatch = 4
    case resourceLimit = 5
    case numericPolicy = 6
    case unwritableOutput = 7
    /// Always a bug.
    case internalFailure = 70
    case interrupted = 130
}

extension ExitStatus {
    init(_ kind: ConvolutionError.Kind) {
        switch kind {
        case .invalidArgument: self = .commandLine
        case .mismatch, .unusableFFTW: self = .mismatch
        case .resourceLimit: self = .resourceLimit
        case .numericPolicy: self = .numericPolicy
        case .cancelled: self = .interrupted
        case .internalFailure: self = .internalFailure
        }
    }

    init(_ kind: ArrayFileError.Kind) {
        switch kind {
        case .unreadable: self = .unreadableInput
        case .unwritable: self = .unwritableOutput
        case .resourceLimit: self = .resourceLimit
        }
    }
}

/// Any failure, as the tool prints it: `error: <argument>: got <value>: <rule>`, and a hint where one is known.
struct Failure: Error {
    let status: ExitStatus
    let argument: String
    let value: String
    let rule: String
    let hint: String?

    init(_ status: ExitStatus, argument: String, value: String, rule: String, hint: String? = nil) {
        self.status = status
        self.argument = argument
        self.value = value
        self.rule = rule
        self.hint = hint
    }

    init(_ error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as ConvolutionError:
            self.init(
                ExitStatus(error.kind), argument: error.argument, value: error.value, rule: error.rule,
                hint: error.hint)
        case let error as ArrayFileError:
            self.init(
                ExitStatus(error.kind), argument: error.argument, value: error.value, rule: error.rule,
                hint: error.hint)
        default:
            self.init(
                .internalFailure, argument: "fftconv", value: "\(error)",
                rule: "is an error nobody expected", hint: "this is a bug: please report it with the command line")
        }
    }

    /// The same failure with another hint.
    func hinting(_ hint: String) -> Failure {
        Failure(status, argument: argument, value: value, rule: rule, hint: hint)
    }
}

extension Failure: CustomStringConvertible {
    var description: String {
        let line = "error: \(Self.oneLine(argument)): got \(Self.oneLine(value)): \(Self.oneLine(rule))"
        return hint.map { "\(line)\nhint: \(Self.oneLine($0))" } ?? line
    }

    /// Paths and values come from outside: control characters must not break the line or drive the terminal, and a
    /// value of 100 kB must not hide the rule behind it.
    static func oneLine(_ text: String) -> String {
        let longest = 240
        var line = ""
        for scalar in text.unicodeScalars.prefix(longest) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > longest ? line + "…" : line
    }
}
