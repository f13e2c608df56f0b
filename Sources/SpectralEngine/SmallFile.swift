#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// Why a file could not be read.
public struct SmallFileFailure: Error, Hashable, Sendable {
    /// There is none.
    public let isAbsent: Bool
    public let reason: String
}

/// A file of a few kilobytes, read at once.
public enum SmallFile {
    /// The bytes of a regular file. Nothing waits: a FIFO, a device and a folder are refused.
    ///
    /// - Parameters:
    ///   - limit: A longer file is refused, and not read.
    ///   - prefix: Whether the first bytes of a longer file are enough; for files whose size the system does not know.
    public static func read(
        _ path: String, atMost limit: Int, prefix: Bool = false
    ) throws(SmallFileFailure) -> [UInt8] {
        // Strings are passed on up to a NUL: another file would be read.
        guard !path.utf8.contains(0) else { throw SmallFileFailure(isAbsent: false, reason: "a NUL in its path") }
        // O_NONBLOCK keeps a FIFO from waiting for a writer, O_NOCTTY a terminal from becoming ours.
        let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw SmallFileFailure(isAbsent: errno == ENOENT || errno == ENOTDIR, reason: text(errno))
        }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw SmallFileFailure(isAbsent: false, reason: text(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SmallFileFailure(isAbsent: false, reason: "not a regular file")
        }
        guard prefix || status.st_size <= limit else {
            throw SmallFileFailure(isAbsent: false, reason: "\(status.st_size) bytes, more than \(limit)")
        }
        // One more, so that a file that has grown since is found too long.
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                unsafe readBytes(descriptor, UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SmallFileFailure(isAbsent: false, reason: text(errno)) }
            if count == 0 { break }
            filled += count
        }
        guard prefix || filled <= limit else {
            throw SmallFileFailure(isAbsent: false, reason: "more than \(limit) bytes")
        }
        return Array(bytes[..<min(filled, limit)])
    }

    private static func text(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

/// A function of this file's own, as `read` is a name of it.
private func readBytes(_ descriptor: Int32, _ target: UnsafeMutableRawBufferPointer) -> Int {
    // At most `count` bytes are written from the buffer's start on.
    unsafe read(descriptor, target.baseAddress, target.count)
}
