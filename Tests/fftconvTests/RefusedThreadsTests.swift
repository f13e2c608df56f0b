import Foundation
import Testing

#if os(Linux)
    /// Q4, Q11: the system starts no thread at all.
    @Suite(.enabled(if: ForeignLibrary.canBeMade)) struct RefusedThreadsTests {
        private let folder: Folder
        private let environment: [String: String]

        init() throws {
            folder = try Folder()
            environment = try ForeignLibrary.environment(
                "int pthread_create(void) { return 11; /* EAGAIN */ }", in: folder)
            try folder.write([600, 600], [Float](repeating: 1, count: 360_000), "a.npy")
            try folder.write([300, 300], [Float](repeating: 1, count: 90_000), "k.npy")
        }

        private func start(_ line: String) throws -> Tool.Running {
            try Tool.start(line.split(separator: " ").map(String.init), in: folder, environment: environment)
        }

        @Test func theWorkIsDoneAndOneWarningTellsOfIt() throws {
            let outcome = try start("forward a.npy k.npy -o y.npy --threads 2").wait()
            #expect(outcome.status == 0)
            #expect(
                outcome.errors == "warning: threads: the system refused to start more than 1: "
                    + "results are the same, and take longer\n")
            let alone = try start("forward a.npy k.npy -o one.npy --threads 1").wait()
            #expect(alone.status == 0 && alone.errors.isEmpty, "\(alone.errors)")
            #expect(try folder.read("y.npy") == folder.read("one.npy"))
        }

        /// The thread that waits for signals is refused as well: they must end the process all the same.
        @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
        func signalsStillEndTheProcess(signal: Int32) throws {
            try folder.write(Data("old".utf8), "out.npy")
            let before = try folder.snapshot()
            let running = try start("forward a.npy k.npy -o out.npy --method direct --tolerance 0")
            Thread.sleep(forTimeInterval: 0.5)
            kill(running.process.processIdentifier, signal)
            let outcome = try running.wait()
            #expect(outcome.wasKilled && outcome.status == signal)
            #expect(try folder.snapshot() == before)
        }
    }
#endif
