import Foundation
import Testing

#if os(Linux)
    /// Q14: another library answers to FFTW's symbols.
    @Suite(.enabled(if: ForeignLibrary.canBeMade)) struct UnusableFFTWTests {
        private let folder: Folder
        private let environment: [String: String]

        init() throws {
            folder = try Folder()
            environment = try ForeignLibrary.environment(
                """
                const char fftwf_version[] = "Intel(R) MKL FFTW clone";
                const char fftw_version[] = "Intel(R) MKL FFTW clone";
                """, in: folder)
            try folder.write([4, 4], counting(16), "a.npy")
            try folder.write([2, 2], counting(4), "k.npy")
        }

        private func run(_ line: String) throws -> Tool.Outcome {
            try Tool.run(line.split(separator: " ").map(String.init), in: folder, environment: environment)
        }

        @Test(arguments: [
            "forward a.npy k.npy -o y.npy", "forward a.npy k.npy -o y.npy --method fft", "validate i8_f3",
            "explain i8_f3", "bench i8_f3", "bench i8_f3 --method all --min-time 0",
        ])
        func isRefusedWithItsVersion(line: String) throws {
            let before = try folder.snapshot()
            let outcome = try run(line)
            #expect(outcome.status == 4 && !outcome.wasKilled)
            #expect(
                outcome.errors == """
                    error: FFTW: got Intel(R) MKL FFTW clone is not FFTW: cannot be used
                    hint: method direct does without

                    """)
            #expect(outcome.output.isEmpty)
            #expect(try folder.snapshot() == before)
        }

        @Test func directSumsDoWithout() throws {
            let outcome = try run("forward a.npy k.npy -o y.npy --method direct")
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
            #expect(try folder.array("y.npy").shape == [3, 3])
            #expect(try run("explain i8_f3 --method direct").status == 0)
        }
    }
#endif
