import Foundation

#if os(Linux)
    /// A few functions of C that a process meets in place of the system's, for states of a machine that no test can put it in.
    enum ForeignLibrary {
        /// Tests that need a compiler of C are left out where there is none.
        static let canBeMade = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")

        /// Compiles a text of C into a folder and gives the environment of a process that meets it first.
        static func environment(_ source: String, in folder: Folder) throws -> [String: String] {
            try folder.write(Data(source.utf8), "foreign.c")
            let compiler = Process()
            compiler.executableURL = URL(fileURLWithPath: "/usr/bin/cc")
            compiler.arguments = ["-shared", "-fPIC", "-o", folder.path("foreign.so"), folder.path("foreign.c")]
            try compiler.run()
            compiler.waitUntilExit()
            guard compiler.terminationStatus == 0 else { throw Tool.NotFound(description: "cc failed") }
            return ProcessInfo.processInfo.environment.merging(["LD_PRELOAD": folder.path("foreign.so")]) { $1 }
        }
    }
#endif
