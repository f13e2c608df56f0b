import SpectralEngine
import Testing

@Suite struct FFTWLibraryTests {
    @Test func theLibraryOfThisMachineIsSound() {
        #expect(FFTWLibrary.fault == nil)
    }

    @Test func bothPrecisionsNameTheirVersion() {
        #expect(FFTWLibrary.versions.float.hasPrefix("fftw-3.3"))
        #expect(FFTWLibrary.versions.double.hasPrefix("fftw-3.3"))
    }
}
