#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// Writes a file so that it appears whole or not at all.
///
/// The bytes go to a hidden temporary file in the same folder, whose space is reserved first; it is synced, closed,
/// and renamed over the output, and the folder is synced. An existing file is replaced and lends its permissions; a
/// symbolic link stays, and the file it leads to is replaced; other hard links to the file keep the old content, and
/// the new file belongs to whoever writes it. No failure leaves a temporary file or touches the old output, except that
/// a folder that cannot be synced is reported when the new file is in place already.
///
/// No signal is handled here: a tool that wants an error in place of SIGPIPE or SIGXFSZ ignores those signals.
public enum AtomicFile {
    private static let temporaries = TemporaryFiles()

    /// Checks, before anything is computed, that a file can be written at `path`; `-` is standard output.
    ///
    /// - Throws: `unwritable` where the folder is missing or write-protected, or where the path is that of a
    ///   directory, a device, a FIFO or a write-protected file.
    /// - Returns: Where the output goes, equal for all paths of one file.
    @discardableResult
    public static func checkWritable(path: String) throws(ArrayFileError) -> OutputPlace {
        guard path == "-" else { return try OutputTarget(path: path).place }
        guard fcntl(STDOUT_FILENO, F_GETFD) >= 0 else {
            throw refusal("standard output", errno, "must be open for writing")
        }
        return .standardOutput
    }

    /// Writes the file at `path`; `-` is standard output, to which the bytes go as they are.
    ///
    /// - Throws: `unwritable` with the system's reason.
    public static func write(_ bytes: [UInt8], path: String) throws(ArrayFileError) {
        // The array outlives the call.
        try unsafe bytes.withUnsafeBufferPointer { bytes throws(ArrayFileError) in
            try unsafe write(pieces: [UnsafeRawBufferPointer(bytes)], path: path)
        }
    }

    /// Removes the temporary files of all writes in progress, which then fail. Not for use inside a signal handler:
    /// call it from the thread that waits for the signal.
    public static func removeTemporaries() {
        temporaries.removeAll()
    }

    /// Removes the temporary files of all writes in progress and ends the process before another can begin.
    public static func removeTemporaries(andExit status: Int32) -> Never {
        temporaries.removeAll(andExit: status)
    }

    // MARK: Implementation

    /// Writes the pieces one after the other. Their owners keep them alive during the call.
    package static func write(pieces: [UnsafeRawBufferPointer], path: String) throws(ArrayFileError) {
        if path == "-" {
            try unsafe write(pieces: pieces, descriptor: STDOUT_FILENO, name: "standard output")
        } else {
            try unsafe replace(path: path, with: pieces, temporaries: temporaries)
        }
    }

    /// Writes the pieces to an open file or stream.
    package static func write(
        pieces: [UnsafeRawBufferPointer], descriptor: CInt, name: String
    ) throws(ArrayFileError) {
        for index in unsafe pieces.indices {
            let piece = unsafe pieces[index]
            guard let base = piece.baseAddress else { continue }
            var written = 0
            while written < piece.count {
                // written < piece.count, so the address and the length stay inside the piece.
                let count = unsafe System.writeBytes(descriptor, base + written, piece.count - written)
                if count > 0 {
                    written += count
                } else if count < 0, errno == EAGAIN || errno == EWOULDBLOCK {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = unsafe poll(&wait, 1, -1)
                } else if count == 0 || errno != EINTR {
                    // A write of nothing would otherwise be repeated for ever.
                    throw refusal(name, count == 0 ? ENOSPC : errno, "must take \(piece.count - written) more bytes")
                }
            }
        }
    }

    /// Writes the pieces in place of the file at `path`; `beforeRename` is where tests step in.
    package static func replace(
        path: String, with pieces: [UnsafeRawBufferPointer], temporaries: TemporaryFiles,
        beforeRename: () -> Void = {}
    ) throws(ArrayFileError) {
        let target = try OutputTarget(path: path)
        // A new file gets 0666 less the umask. One that replaces another stays private until it has its permissions.
        let mode: UInt32 = target.existingMode == nil ? 0o666 : 0o600
        let temporary: TemporaryFiles.Open
        do throws(SystemFailure) {
            temporary = try temporaries.create(folder: target.folder, name: target.fileName, mode: mode)
        } catch {
            throw refusal(target.name, error.code, "the folder '\(target.folder)' must take a temporary file")
        }
        do throws(ArrayFileError) {
            try unsafe fill(temporary.descriptor, with: pieces, mode: target.existingMode, name: target.name)
            beforeRename()
            // Both paths are NUL-terminated by the bridge and live for the call.
            guard unsafe rename(temporary.path, target.path) == 0 else {
                throw refusal(target.name, errno, "the finished file must get its name")
            }
        } catch {
            temporaries.remove(temporary.path)
            throw error
        }
        temporaries.forget(temporary.path)
        try syncFolder(of: target)
    }

    /// Reserves, writes, syncs and closes; the descriptor is closed whatever happens.
    private static func fill(
        _ descriptor: CInt, with pieces: [UnsafeRawBufferPointer], mode: mode_t?, name: String
    ) throws(ArrayFileError) {
        do throws(ArrayFileError) {
            if let mode, fchmod(descriptor, mode) != 0 { throw refusal(name, errno, "must keep its permissions") }
            try reserve(unsafe pieces.reduce(0) { $0 + $1.count }, descriptor, name)
            try unsafe write(pieces: pieces, descriptor: descriptor, name: name)
            try sync(descriptor, name)
        } catch {
            _ = close(descriptor)
            throw error
        }
        // After EINTR the descriptor is closed on Linux, and its content has been synced.
        guard close(descriptor) == 0 || errno == EINTR else {
            throw refusal(name, errno, "the file must close without an error")
        }
    }

    /// Takes the space before the first byte is written: a full disk is found at once.
    private static func reserve(_ byteCount: Int, _ descriptor: CInt, _ name: String) throws(ArrayFileError) {
        #if os(Linux)
            guard byteCount > 0 else { return }
            var code: CInt
            repeat { code = posix_fallocate(descriptor, 0, byteCount) } while code == EINTR
            // The last three: the file system cannot reserve, and the write will find out.
            guard code == 0 || code == EOPNOTSUPP || code == EINVAL || code == ENOSYS else {
                throw refusal(name, code, "must have room for \(byteCount) bytes")
            }
        #endif
    }

    private static func sync(_ descriptor: CInt, _ name: String) throws(ArrayFileError) {
        while fsync(descriptor) != 0 {
            if errno == EINTR { continue }
            // The file system has no such thing as syncing.
            if errno == EINVAL || errno == EOPNOTSUPP { return }
            throw refusal(name, errno, "must reach the disk")
        }
    }

    /// Makes the new name last. A folder that may be written but not read cannot be synced; the system does it later.
    private static func syncFolder(of target: OutputTarget) throws(ArrayFileError) {
        let descriptor = System.openFile(target.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { _ = close(descriptor) }
        try sync(descriptor, target.name)
    }

    private static func refusal(_ name: String, _ code: CInt, _ rule: String) -> ArrayFileError {
        ArrayFileError(.unwritable, argument: name, value: System.text(of: code), rule: rule)
    }
}
