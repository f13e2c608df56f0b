internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A call that the system refused, by its error number.
package struct SystemFailure: Error {
    let code: CInt
}

/// The temporary files of outputs that are being written, so that an interrupted process can take them away.
package final class TemporaryFiles: Sendable {
    /// A file that was created; its descriptor belongs to whoever asked for it.
    package struct Open {
        package let descriptor: CInt
        package let path: String
    }

    private struct State {
        var paths: Set<String> = []
        var counter = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Creates a file that did not exist: `.<name>.<pid>.<counter>.tmp`, hidden, next to the file it will become.
    ///
    /// A name that is taken, by a process in another container or by one that was killed, is left alone, and the
    /// next one is tried.
    package func create(folder: String, name: String, mode: UInt32) throws(SystemFailure) -> Open {
        // Names are at most 255 bytes long; the longest affixes take 47.
        var stem = Substring(name)
        while stem.utf8.count > 200 { stem.removeLast() }
        // Created and entered under one lock: at every instant a file that exists is known.
        return try state.withLock { (state) throws(SystemFailure) in
            for _ in 0..<1000 {
                state.counter &+= 1
                let path = "\(folder)/.\(stem).\(getpid()).\(state.counter).tmp"
                let descriptor = System.openFile(
                    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode: mode_t(truncatingIfNeeded: mode))
                if descriptor >= 0 {
                    state.paths.insert(path)
                    return Open(descriptor: descriptor, path: path)
                }
                let code = errno
                guard code == EEXIST || code == EINTR else { throw SystemFailure(code: code) }
            }
            throw SystemFailure(code: EEXIST)
        }
    }

    /// The file has got its real name, or has been removed.
    func forget(_ path: String) {
        state.withLock { state in _ = state.paths.remove(path) }
    }

    func remove(_ path: String) {
        state.withLock { state in
            _ = unsafe unlink(path)
            state.paths.remove(path)
        }
    }

    /// Removes all of them; whoever is writing one gets an error when it comes to renaming.
    package func removeAll() {
        state.withLock { state in
            // A failure to remove has nobody left to be told to.
            for path in state.paths { _ = unsafe unlink(path) }
            state.paths.removeAll()
        }
    }

    /// Removes all of them and ends the process, so that none can be created in between.
    func removeAll(andExit status: CInt) -> Never {
        state.withLock { state in
            for path in state.paths { _ = unsafe unlink(path) }
            exit(status)
        }
    }
}
