package import SpectralEngine

/// What rates were measured on, and with: on another machine, or with other code, they mean nothing.
package struct MachineIdentity: Hashable, Sendable {
    /// Of this package: other versions have other kernels, and may read a rate in another way.
    package var library = FFTConvolutionLibrary.version
    package var processor = Processor.model
    package var instructionSet = InstructionSet.inUse
    package var coreCount = ProcessLimits.onlineCores
    /// Of the core that asked: no line of a file, as cores may differ.
    package var cacheByteCount = ProcessLimits.secondLevelCache
    package var fftw = "\(FFTWLibrary.versions.float) \(FFTWLibrary.versions.double)"

    package init() {}

    /// As lines of a file: a name and a value each.
    var lines: [(name: String, value: String)] {
        [
            ("library", library), ("fftw", fftw), ("processor", processor),
            ("instruction-set", instructionSet.rawValue), ("cores", "\(coreCount)"),
        ]
    }
}
