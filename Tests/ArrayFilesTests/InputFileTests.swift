import ArrayFiles
import Testing

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

struct InputFileTests {
    private func check(
        _ path: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for error in [
            refusal { () throws(ArrayFileError) in try NumPyFile.read(path: path) },
            refusal { () throws(ArrayFileError) in try ImageFile.read(path: path) },
        ] {
            #expect(error?.kind == .unreadable, sourceLocation: sourceLocation)
            let text = error?.description ?? ""
            #expect(text.contains(message), "said: \(text)", sourceLocation: sourceLocation)
        }
    }

    @Test func pathsThatLeadNowhereAreRefusedInTheSystemsWords() throws {  // F1
        let folder = try TemporaryFolder()
        check(folder["missing.npy"], "missing.npy: got No such file or directory: must be a readable file")
        check(folder["no/folder.npy"], "got No such file or directory")
        check("", "got an empty text: No such file or directory")
        check(String(repeating: "x", count: 5000), "got File name too long")
        check("a\0b.npy", "a\\u{0}b.npy: got a NUL character in the path: Invalid argument")
        let file = try folder.put([], "file")
        check("\(file)/x", "got Not a directory")
    }

    @Test func aFolderIsRefused() throws {  // F2
        let folder = try TemporaryFolder()
        check(folder.path, "got Is a directory: must be a regular file")
        check("\(folder.path)/", "got Is a directory")
    }

    @Test func aFileWithoutPermissionIsRefused() throws {  // F3
        // The superuser may read everything.
        guard geteuid() != 0 else { return }
        let folder = try TemporaryFolder()
        let path = try folder.put(HandMadeFile().bytes, "secret.npy")
        try #require(chmod(path, 0) == 0)
        check(path, "got Permission denied")
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNoRegularFileIsRefusedWithoutWaiting() throws {  // F4
        let folder = try TemporaryFolder()
        try #require(mkfifo(folder["fifo"], 0o600) == 0)
        check(folder["fifo"], "got a FIFO: not a regular file")
        check(folder["fifo"], "hint: give - to read standard input")
        check("/dev/zero", "got a device: not a regular file")
        check("/dev/null", "got a device: not a regular file")

        #if canImport(Darwin)
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        #endif
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: folder["socket"].utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        check(folder["socket"], "got a socket: not a regular file")
    }

    @Test func theSameFileMayBeReadTwice() throws {  // F6
        let folder = try TemporaryFolder()
        let path = try folder.put(HandMadeFile().bytes, "x.npy")
        #expect(try NumPyFile.read(path: path) == NumPyFile.read(path: path))
    }

    @Test func aSparseFileOfTerabytesIsALimitAndNotACrash() throws {
        let folder = try TemporaryFolder()
        let file = HandMadeFile(descr: "'<f8'", shape: "(1000000000000,)", data: [])
        let path = try folder.put(file.bytes, "large.npy")
        // Where the file system has no sparse files of this length there is nothing to test.
        guard truncate(path, off_t(file.bytes.count + 8_000_000_000_000)) == 0 else { return }
        let error = refusal { () throws(ArrayFileError) in try NumPyFile.read(path: path) }
        #expect(error?.kind == .resourceLimit)
        #expect(error?.rule.contains("must fit into memory") == true)
        let picture = refusal { () throws(ArrayFileError) in try ImageFile.read(path: path) }
        #expect(picture?.kind == .resourceLimit)
    }

    @Test func aFailedReadIsAnError() throws {
        // A directory opens, and refuses to be read: the nearest thing to a disk that fails.
        let descriptor = open("/", O_RDONLY)
        defer { close(descriptor) }
        let error = refusal { () throws(ArrayFileError) in
            var source = InputFile.stream(descriptor: descriptor, name: "standard input")
            return try NumPyFile.read(&source)
        }
        #expect(error?.kind == .unreadable)
        #expect(error?.description == "standard input: got Is a directory: must be readable to its end")
    }

    @Test func messagesAreOneShortLineWhateverAPathHolds() {
        let path = "/tmp/\n\u{1B}[31m" + String(repeating: "é", count: 5000)
        let text = ArrayFileError(.unreadable, argument: path, value: "a\tb", rule: "r", hint: "h").description
        #expect(text.hasPrefix("/tmp/\\u{a}\\u{1b}[31mé"))
        #expect(text.hasSuffix(": got a\\u{9}b: r\nhint: h"))
        #expect(text.count < 300)
    }
}
