#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// What an output is written to. Two paths of one file may look different: `y.npy`, `./y.npy`, and through a link.
public enum OutputPlace: Hashable, Sendable {
    case standardOutput
    /// A name in a folder, which the system knows by these two numbers.
    case file(device: UInt64, folder: UInt64, name: String)
}

/// Where an output goes: the file that a path means once links are followed, checked as far as it can be beforehand.
struct OutputTarget {
    /// The path as it was given, for messages.
    let name: String
    /// The folder the file is in, and its name there.
    let folder: String
    let fileName: String
    /// Permissions of the file that will be replaced; nil where there is none.
    let existingMode: mode_t?
    let place: OutputPlace

    var path: String { folder == "/" ? "/\(fileName)" : "\(folder)/\(fileName)" }

    init(path: String) throws(ArrayFileError) {
        guard !path.isEmpty else {
            throw Self.refusal("path", "an empty text", System.text(of: ENOENT))
        }
        guard !System.hasNUL(path) else {
            throw Self.refusal(path, "a NUL character in the path", System.text(of: EINVAL))
        }
        name = path
        let resolved = try Self.resolvingLinks(path)
        (folder, fileName) = Self.split(resolved)

        if let status = System.status(of: resolved) {
            guard !status.isDirectory else {
                throw Self.refusal(path, System.text(of: EISDIR), "must be a file")
            }
            guard status.isRegularFile else {
                throw Self.refusal(
                    path, status.specialFileName, "not a regular file", hint: "give - for standard output")
            }
            // A rename would replace a write-protected file as well; cp would not, and its owner meant it.
            guard Self.isAllowed(resolved, W_OK) else {
                throw Self.refusal(path, System.text(of: errno), "must be a writable file")
            }
            existingMode = status.st_mode & 0o777
        } else {
            guard errno == ENOENT, !fileName.isEmpty else {
                throw Self.refusal(path, System.text(of: errno), "must be a writable file")
            }
            existingMode = nil
        }

        guard let folderStatus = System.status(of: folder) else {
            throw Self.refusal(path, System.text(of: errno), "the folder '\(folder)' must exist and be writable")
        }
        guard folderStatus.isDirectory else {
            throw Self.refusal(path, System.text(of: ENOTDIR), "the folder '\(folder)' must exist and be writable")
        }
        guard Self.isAllowed(folder, W_OK | X_OK) else {
            throw Self.refusal(path, System.text(of: errno), "the folder '\(folder)' must exist and be writable")
        }
        // Only identity counts, and macOS has a signed device.
        place = .file(
            device: UInt64(truncatingIfNeeded: folderStatus.st_dev),
            folder: UInt64(truncatingIfNeeded: folderStatus.st_ino), name: fileName)
    }

    /// The path itself, or what it leads to where it is a symbolic link.
    private static func resolvingLinks(_ path: String) throws(ArrayFileError) -> String {
        var status = stat()
        // The path is NUL-terminated by the bridge and lives for the call, as does the status.
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
        // With no buffer given, realpath allocates one of the right length, which is ours to free.
        guard let resolved = unsafe realpath(path, nil) else {
            throw refusal(
                path, "a symbolic link: \(System.text(of: errno))", "a link must lead to an existing file",
                hint: "remove the link, or name the file it should lead to")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    private static func isAllowed(_ path: String, _ mode: CInt) -> Bool {
        // The path is NUL-terminated by the bridge and lives for the call.
        unsafe access(path, mode) == 0
    }

    private static func split(_ path: String) -> (folder: String, fileName: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.utf8.index(after: slash)...]))
    }

    private static func refusal(
        _ name: String, _ value: String, _ rule: String, hint: String? = nil
    ) -> ArrayFileError {
        ArrayFileError(.unwritable, argument: name, value: value, rule: rule, hint: hint)
    }
}
