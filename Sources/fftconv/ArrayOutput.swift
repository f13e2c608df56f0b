import ArrayFiles

/// The files a command line makes. Each appears whole or not at all.
enum ArrayOutput {
    /// Refuses outputs that cannot be written, before anything is read or computed.
    static func check(_ paths: [String]) throws {
        for path in paths {
            guard paths.filter({ $0 == path }).count == 1 else {
                throw Failure(
                    .commandLine, argument: "output", value: "'\(path)' twice", rule: "two results need two outputs")
            }
            try AtomicFile.checkWritable(path: path)
        }
    }

    /// Writes results that are all computed; if one fails, the hint names those that are already there.
    static func write(_ results: [(path: String, array: NumPyArray)]) throws {
        var written: [String] = []
        for (path, array) in results {
            try Interrupts.check()
            do {
                try NumPyFile.write(array, path: path)
            } catch {
                let failure = Failure(error)
                throw written.isEmpty
                    ? failure : failure.hinting("already written: \(written.joined(separator: ", "))")
            }
            written.append(path)
        }
    }
}
