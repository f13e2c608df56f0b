package import SpectralEngine

/// The rates that `fftconv calibrate` has measured on this machine and stored, and plans of FFTW that it searched.
///
/// The file is read once, when rates are first asked for. One that is damaged, of another machine or of another version is
/// ignored, and ``fault`` says why: choices are then made with built-in rates. No result is ever wrong for it; which of
/// several right ones comes out, to the last bit, follows from the choice.
public enum StoredCalibration {
    /// Where the file is: `machine.rates` in `FFTCONV_CACHE`, or else in the folder `swift-fft-convolution` of the user's caches:
    /// `XDG_CACHE_HOME`, `~/.cache`, on macOS `~/Library/Caches`. `nil` if the environment names none, or `FFTCONV_CACHE` is
    /// empty: then nothing is read.
    public static let path: String? = path(in: Processor.environment)

    /// The machine with the stored rates; `nil` if there are none of use.
    public static var machine: Machine? { stored.machine }

    /// The plans of FFTW that were searched on this machine; `nil` if there are none that this FFTW takes.
    package static let plans: MeasuredPlans? = {
        guard let plans = stored.plans, !plans.isEmpty, FFTWLibrary.fault == nil else { return nil }
        let accepted = plans.accepted()
        return accepted.isEmpty ? nil : accepted
    }()

    /// Why the file is ignored; `nil` if it is not, or if there is none.
    public static var fault: String? { stored.fault }

    private static let stored = withDefaultFloatingPoint { read(path) }

    static func path(in environment: (String) -> String?) -> String? {
        let name = "machine.rates"
        if let folder = environment("FFTCONV_CACHE") { return folder.isEmpty ? nil : "\(folder)/\(name)" }
        // The XDG base directory specification has relative paths ignored.
        if let caches = environment("XDG_CACHE_HOME"), caches.hasPrefix("/") {
            return "\(caches)/swift-fft-convolution/\(name)"
        }
        guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
        #if canImport(Darwin)
            return "\(home)/Library/Caches/swift-fft-convolution/\(name)"
        #else
            return "\(home)/.cache/swift-fft-convolution/\(name)"
        #endif
    }

    package static func read(_ path: String?) -> (machine: Machine?, plans: MeasuredPlans?, fault: String?) {
        guard let path else { return (nil, nil, nil) }
        do {
            let bytes = try SmallFile.read(path, atMost: CalibrationFile.largestByteCount)
            let (machine, plans) = try CalibrationFile.contents(of: bytes)
            return (machine, plans, nil)
        } catch let failure as SmallFileFailure {
            return (nil, nil, failure.isAbsent ? nil : "it cannot be read: \(failure.reason)")
        } catch {
            return (nil, nil, "\(error)")
        }
    }
}

extension Machine {
    /// This machine: with stored rates if there are any, else with those built in for its instruction set.
    public static var current: Machine { StoredCalibration.machine ?? Machine() }
}
