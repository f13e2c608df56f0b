import CKernels
import SpectralEngine
import Testing

@Suite struct ProcessLimitsTests {
    @Test func everyFigureIsAtLeastOneAndNoMoreThanTheSystems() {
        #expect(ck_affinity_count() >= 1)
        #expect((1...Int(ck_affinity_count())).contains(ProcessLimits.availableCores))
        #expect(ProcessLimits.availableMemory >= 1)
        #expect((256 << 10...4 << 20).contains(ProcessLimits.secondLevelCache))
    }
}
