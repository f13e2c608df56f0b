#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// The few things every file operation here needs from the system.
enum System {
    /// One call moves at most this much: Linux stops at 2 147 479 552 bytes, macOS refuses 2 GiB.
    static let largestTransfer = 1 << 30

    /// The system's words for an error number: "No such file or directory".
    static func text(of code: CInt) -> String {
        // strerror returns a NUL-terminated text that stays valid until this thread asks again.
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// The calls below end a path at its first NUL, so "a\0b" would name another file than the one asked for.
    static func hasNUL(_ path: String) -> Bool { path.utf8.contains(0) }

    /// `open(2)`: a descriptor, or -1 with `errno` set. `mode` is for files that are created.
    static func openFile(_ path: String, _ flags: CInt, mode: mode_t = 0) -> CInt {
        // The path is NUL-terminated by the bridge and lives for the call.
        unsafe open(path, flags, mode)
    }

    /// `read(2)` of one piece.
    static func readBytes(_ descriptor: CInt, _ address: UnsafeMutableRawPointer, _ count: Int) -> Int {
        // The caller owns `count` bytes at `address`.
        unsafe read(descriptor, address, min(count, largestTransfer))
    }

    /// `write(2)` of one piece.
    static func writeBytes(_ descriptor: CInt, _ address: UnsafeRawPointer, _ count: Int) -> Int {
        // The caller owns `count` bytes at `address`.
        unsafe write(descriptor, address, min(count, largestTransfer))
    }

    /// What stands at a path, links followed; nil with `errno` set where nothing does.
    static func status(of path: String) -> stat? {
        var status = stat()
        // Both pointers live for the call; the path is NUL-terminated by the bridge.
        return unsafe stat(path, &status) == 0 ? status : nil
    }

    static func status(of descriptor: CInt) -> stat? {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? status : nil
    }

    /// Whether this many bytes can be had now. Swift arrays end the process where this says no.
    ///
    /// The probe maps memory instead of calling `malloc`: the optimiser removes a `malloc` that is only compared
    /// with nil and freed, and answers yes to everything.
    static func canAllocate(byteCount: Int) -> Bool {
        // Small requests are served from the heap, and failing there means failing everywhere.
        guard byteCount > 1 << 20 else { return byteCount >= 0 }
        // A fresh anonymous mapping, never touched, unmapped with the same length.
        guard
            let probe = unsafe mmap(
                nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0),
            unsafe probe != MAP_FAILED
        else { return false }
        return unsafe munmap(probe, byteCount) == 0
    }
}

extension stat {
    private var type: mode_t { st_mode & S_IFMT }
    var isRegularFile: Bool { type == S_IFREG }
    var isDirectory: Bool { type == S_IFDIR }

    /// What a path leads to that is neither a regular file nor a directory.
    var specialFileName: String {
        switch type {
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "a special file"
        }
    }
}
