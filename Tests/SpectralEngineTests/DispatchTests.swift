import CKernels
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@Suite struct DispatchTests {
    @Test func instructionSetsHaveTheirNames() {
        let names = (0..<Int32(CK_INSTRUCTION_SETS)).map { String(cString: ck_name($0)) }
        #expect(names == ["scalar", "baseline", "avx2", "avx512"])
    }

    @Test func theScalarKernelsRunEverywhere() {
        #expect(ck_is_supported(Int32(CK_SCALAR)) == 1)
        #expect(ck_is_supported(Int32(CK_INSTRUCTION_SETS)) == 0)
        #expect(ck_is_supported(-1) == 0)
    }

    @Test func eachSetIncludesTheOnesBeforeIt() {
        #expect(instructionSets == Array(0..<Int32(instructionSets.count)))
    }

    @Test func theBestIsSupported() {
        #expect(instructionSets.contains(ck_best()))
    }

    /// In a process of its own: the environment belongs to all threads.
    @Test func theEnvironmentCapsTheInstructionSet() async {
        await #expect(processExitsWith: .success) {
            unsetenv("FFTCONV_ISA")
            let best = ck_best()
            precondition(best == instructionSets.last)
            for cap in 0..<Int32(CK_INSTRUCTION_SETS) {
                setenv("FFTCONV_ISA", String(cString: ck_name(cap)), 1)
                precondition(ck_best() == min(cap, best))
            }
            for nonsense in ["", "AVX2", "avx", "neon"] {
                setenv("FFTCONV_ISA", nonsense, 1)
                precondition(ck_best() == best)
            }
        }
    }
}
