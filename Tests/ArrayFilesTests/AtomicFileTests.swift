import ArrayFiles
import Testing

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

struct AtomicFileTests {
    /// Both the early check and the write have to refuse.
    private func check(_ path: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for error in [
            refusal { () throws(ArrayFileError) in try AtomicFile.checkWritable(path: path) },
            refusal { () throws(ArrayFileError) in try AtomicFile.write([1, 2, 3], path: path) },
        ] {
            #expect(error?.kind == .unwritable, sourceLocation: sourceLocation)
            let text = error?.description ?? ""
            #expect(text.contains(message), "said: \(text)", sourceLocation: sourceLocation)
        }
    }

    @Test func aNewFileGetsItsBytesAndTheUsualPermissions() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.checkWritable(path: folder["out"])
        #expect(folder.names.isEmpty)
        try AtomicFile.write([1, 2, 3], path: folder["out"])
        #expect(try folder.bytes("out") == [1, 2, 3])
        let created = open(folder["reference"], O_CREAT | O_WRONLY, 0o666)
        try #require(created >= 0)
        close(created)
        #expect(try folder.mode("out") == folder.mode("reference"))
        #expect(folder.names == ["out", "reference"])
    }

    @Test func anExistingFileIsReplacedAndKeepsItsPermissions() throws {  // F9
        let folder = try TemporaryFolder()
        let path = try folder.put([9, 9, 9, 9], "out")
        try #require(chmod(path, 0o640) == 0)
        try AtomicFile.checkWritable(path: path)
        #expect(try folder.bytes("out") == [9, 9, 9, 9])
        try AtomicFile.write([], path: path)
        #expect(try folder.bytes("out") == [])
        #expect(try folder.mode("out") == 0o640)
        #expect(folder.names == ["out"])
    }

    @Test func aReaderOfTheOldFileKeepsTheOldBytes() throws {  // F7
        let folder = try TemporaryFolder()
        let path = try folder.put([1, 2, 3], "both")
        try #require(link(path, folder["hard"]) == 0)
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        try AtomicFile.write([4], path: path)
        var buffer: [UInt8] = [0, 0, 0]
        #expect(read(descriptor, &buffer, 3) == 3)
        #expect(buffer == [1, 2, 3])
        #expect(try folder.bytes("hard") == [1, 2, 3])
        #expect(try folder.bytes("both") == [4])
    }

    @Test func aLinkStaysAndTheFileItLeadsToIsReplaced() throws {  // F15
        let folder = try TemporaryFolder()
        let other = try TemporaryFolder()
        let target = try other.put([1], "target")
        try #require(symlink(target, folder["link"]) == 0)
        try AtomicFile.checkWritable(path: folder["link"])
        try AtomicFile.write([2, 2], path: folder["link"])
        #expect(try other.bytes("target") == [2, 2])
        #expect(try folder.bytes("link") == [2, 2])
        var status = stat()
        try #require(lstat(folder["link"], &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
        #expect(folder.names == ["link"] && other.names == ["target"])
    }

    @Test func aLinkToNothingIsRefused() throws {
        let folder = try TemporaryFolder()
        try #require(symlink(folder["missing"], folder["link"]) == 0)
        check(folder["link"], "got a symbolic link: No such file or directory")
        try #require(symlink("loop", folder["loop"]) == 0)
        check(folder["loop"], "got a symbolic link: Too many levels")
        #expect(folder.names == ["link", "loop"])
    }

    @Test func pathsThatCannotBeWrittenAreRefusedBeforehand() throws {  // F1, F8, F10
        let folder = try TemporaryFolder()
        let file = try folder.put([], "file")
        check("", "got an empty text: No such file or directory")
        check("a\0b", "got a NUL character in the path")
        check(folder[String(repeating: "x", count: 300)], "got File name too long")
        check(folder["no/out"], "got No such file or directory: the folder '\(folder.path)/no' must exist")
        check("\(file)/out", "got Not a directory")
        check(folder["new/"], "got No such file or directory")
        check(folder.path, "got Is a directory: must be a file")
        check(".", "got Is a directory")
        check("/", "got Is a directory")
        check("/dev/null", "got a device: not a regular file")
        try #require(mkfifo(folder["fifo"], 0o600) == 0)
        check(folder["fifo"], "got a FIFO: not a regular file")
        #expect(folder.names == ["fifo", "file"])
    }

    @Test func protectedFilesAndFoldersAreRefused() throws {  // F8
        // The superuser may write everywhere.
        guard geteuid() != 0 else { return }
        let folder = try TemporaryFolder()
        let path = try folder.put([1], "out")
        try #require(chmod(path, 0o444) == 0)
        check(path, "got Permission denied: must be a writable file")
        try #require(chmod(folder.path, 0o555) == 0)
        check(folder["new"], "got Permission denied: the folder")
        try #require(chmod(folder.path, 0o755) == 0)
        #expect(try folder.bytes("out") == [1])
    }

    #if os(Linux)
        @Test func aPseudoFileSystemRefuses() {
            let error = refusal { () throws(ArrayFileError) in try AtomicFile.write([1], path: "/proc/fft-out") }
            #expect(error?.kind == .unwritable)
        }

        @Test func aFullDeviceIsAnErrorOfTheStream() throws {  // F11
            let descriptor = open("/dev/full", O_WRONLY)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            let error = refusal { () throws(ArrayFileError) in
                let bytes: [UInt8] = [1, 2, 3]
                try bytes.withUnsafeBufferPointer { bytes throws(ArrayFileError) in
                    try AtomicFile.write(
                        pieces: [UnsafeRawBufferPointer(bytes)], descriptor: descriptor, name: "standard output")
                }
            }
            #expect(error?.kind == .unwritable)
            #expect(error?.description.contains("got No space left on device: must take 3 more bytes") == true)
            check("/dev/full", "got a device: not a regular file")
        }

        @Test func aFileBeyondTheLimitLeavesTheOldOne() throws {  // F12
            let folder = try TemporaryFolder()
            let path = try folder.put([7], "out")
            // The signal is the process's to ignore: the tool does it, and so does this test.
            let handler = signal(SIGXFSZ, SIG_IGN)
            defer { signal(SIGXFSZ, handler) }
            var old = rlimit()
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
            try #require(getrlimit(resource, &old) == 0)
            // Far above what any other test writes, since the limit holds for all of them.
            var limit = rlimit(rlim_cur: 64 << 20, rlim_max: old.rlim_max)
            try #require(setrlimit(resource, &limit) == 0)
            defer { setrlimit(resource, &old) }
            let error = refusal { () throws(ArrayFileError) in
                try AtomicFile.write([UInt8](repeating: 1, count: (64 << 20) + 1), path: path)
            }
            #expect(error?.kind == .unwritable)
            #expect(error?.description.contains("got File too large") == true)
            #expect(try folder.bytes("out") == [7])
            #expect(folder.names == ["out"])
        }
    #endif

    @Test func aClosedPipeIsAnError() throws {  // F13
        let handler = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, handler) }
        let pipe = try Pipe()
        pipe.closeReader()
        let error = refusal { () throws(ArrayFileError) in
            let bytes: [UInt8] = [1, 2, 3]
            try bytes.withUnsafeBufferPointer { bytes throws(ArrayFileError) in
                try AtomicFile.write(
                    pieces: [UnsafeRawBufferPointer(bytes)], descriptor: pipe.writer, name: "standard output")
            }
        }
        #expect(error?.kind == .unwritable)
        #expect(error?.description.contains("standard output: got Broken pipe") == true)
    }

    @Test func standardOutputIsWritable() throws {
        try AtomicFile.checkWritable(path: "-")
    }

    @Test func aTemporaryNameThatIsTakenIsLeftAlone() throws {  // F16
        let folder = try TemporaryFolder()
        for counter in 1...3 { _ = try folder.put([5], ".out.\(getpid()).\(counter).tmp") }
        let temporaries = TemporaryFiles()
        let made = try temporaries.create(folder: folder.path, name: "out", mode: 0o600)
        close(made.descriptor)
        #expect(made.path == folder[".out.\(getpid()).4.tmp"])
        #expect(folder.names.count == 4)
        temporaries.removeAll()
        #expect(folder.names.count == 3)
        #expect(try folder.bytes(".out.\(getpid()).1.tmp") == [5])
    }

    @Test func theLongestNameAFolderTakesIsWritten() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "é", count: 127) + "x"  // 255 bytes
        try AtomicFile.write([1], path: folder[name])
        #expect(folder.names == [name])
    }

    @Test func anInterruptRemovesTheTemporaryAndFailsTheWrite() throws {
        let folder = try TemporaryFolder()
        let path = try folder.put([7], "out")
        let temporaries = TemporaryFiles()
        let error = refusal { () throws(ArrayFileError) in
            try AtomicFile.replace(path: path, with: [], temporaries: temporaries) {
                #expect(folder.names.count == 2)
                temporaries.removeAll()
            }
        }
        #expect(error?.kind == .unwritable)
        #expect(folder.names == ["out"])
        #expect(try folder.bytes("out") == [7])
    }

    @Test func manyWritersOfOneFileLeaveOneWholeFile() async throws {
        let folder = try TemporaryFolder()
        let path = folder["out"]
        await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<8 as Range<UInt8> {
                group.addTask {
                    let bytes = [UInt8](repeating: writer, count: 10_000)
                    return (0..<10).allSatisfy { _ in (try? AtomicFile.write(bytes, path: path)) != nil }
                }
            }
            for await succeeded in group { #expect(succeeded) }
        }
        let bytes = try folder.bytes("out")
        #expect(bytes.count == 10_000)
        #expect(Set(bytes).count == 1)
        #expect(folder.names == ["out"])
    }
}
