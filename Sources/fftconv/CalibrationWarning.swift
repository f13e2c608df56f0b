import FFTConvolution

/// What to tell before a computation whose choices are not made with the rates that were stored for this machine.
enum CalibrationWarning {
    /// One line on standard error if there is a calibration file that is ignored. Nothing else depends on it.
    static func printIfNeeded() {
        guard let fault = StoredCalibration.fault, let path = StoredCalibration.path else { return }
        let text = Failure.oneLine("'\(path)' is ignored: \(fault)")
        StandardStreams.printError("warning: calibration file \(text); 'fftconv calibrate' makes a new one")
    }
}
