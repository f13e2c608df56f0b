import ArrayFiles

/// The files a command line makes. Each appears whole or not at all.
enum ArrayOutput {
    /// Refuses outputs that cannot be written, before anything is read or computed.
    static func check(_ paths: [String]) throws {
        var taken: [OutputPlace: String] = [:]
        for path in paths {
            if let other = taken.updateValue(path, forKey: try AtomicFile.checkWritable(path: path)) {
                throw Failure(
                    .commandLine, argument: "output",
                    value: other == path ? "'\(path)' twice" : "'\(other)' and '\(path)', one file",
                    rule: "two results need two outputs")
            }
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
