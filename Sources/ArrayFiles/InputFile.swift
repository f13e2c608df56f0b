#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A regular file, or standard input, opened for reading once.
///
/// Opening never waits: a FIFO, a device, a socket and a directory are refused by name. Streams come in through
/// `-` only, where their user asked for one.
package final class InputFile: ByteSource {
    package let name: String
    package let byteCount: Int?
    private let descriptor: CInt
    private let ownership: Ownership

    private enum Ownership { case owned, borrowed }

    private init(name: String, byteCount: Int?, descriptor: CInt, ownership: Ownership) {
        self.name = name
        self.byteCount = byteCount
        self.descriptor = descriptor
        self.ownership = ownership
    }

    // Nothing was written, so close has nothing to report.
    deinit { if ownership == .owned { _ = close(descriptor) } }

    /// Opens the regular file at `path`; `-` is standard input.
    package static func open(path: String) throws(ArrayFileError) -> InputFile {
        if path == "-" {
            guard isatty(STDIN_FILENO) == 0 else {
                throw refusal("standard input", "a terminal", "must be a file or a pipe")
            }
            return stream(descriptor: STDIN_FILENO, name: "standard input")
        }
        guard !path.isEmpty else { throw refusal("path", "an empty text", System.text(of: ENOENT)) }
        guard !System.hasNUL(path) else {
            throw refusal(path, "a NUL character in the path", System.text(of: EINVAL))
        }
        // O_NONBLOCK keeps a FIFO from waiting for a writer; on a regular file it means nothing. O_NOCTTY keeps a
        // terminal from becoming this process's own.
        let descriptor = System.openFile(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            // ENXIO is what opening a socket gives, and its text ("No such device") would mislead.
            let code = errno
            guard code == ENXIO, let status = System.status(of: path) else {
                throw refusal(path, System.text(of: code), "must be a readable file")
            }
            throw refusal(path, status.specialFileName, "not a regular file")
        }
        guard let status = System.status(of: descriptor) else {
            let code = errno
            _ = close(descriptor)
            throw refusal(path, System.text(of: code), "must be a readable file")
        }
        guard status.isRegularFile else {
            _ = close(descriptor)
            guard !status.isDirectory else {
                throw refusal(path, System.text(of: EISDIR), "must be a regular file")
            }
            throw refusal(
                path, status.specialFileName, "not a regular file", hint: "give - to read standard input")
        }
        return InputFile(name: path, byteCount: Int(status.st_size), descriptor: descriptor, ownership: .owned)
    }

    /// A stream that somebody else opened and will close.
    package static func stream(descriptor: CInt, name: String) -> InputFile {
        InputFile(name: name, byteCount: nil, descriptor: descriptor, ownership: .borrowed)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArrayFileError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var filled = 0
        while filled < buffer.count {
            // filled < buffer.count, so the address and the length stay inside the buffer.
            let count = unsafe System.readBytes(descriptor, base + filled, buffer.count - filled)
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                // Somebody set the stream to non-blocking; wait for it instead of spinning.
                var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&wait, 1, -1)
            } else if errno != EINTR {
                throw Self.refusal(name, System.text(of: errno), "must be readable to its end")
            }
        }
        return filled
    }

    private static func refusal(
        _ name: String, _ value: String, _ rule: String, hint: String? = nil
    ) -> ArrayFileError {
        ArrayFileError(.unreadable, argument: name, value: value, rule: rule, hint: hint)
    }
}
