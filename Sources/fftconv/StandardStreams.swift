import Foundation

/// Text to standard output and standard error, with every failure seen.
///
/// `print` ignores a closed pipe and a full disk; a table that got lost must end with the status of lost output.
enum StandardStreams {
    /// Writes a text and a newline to standard output.
    static func print(_ text: String) throws(Failure) {
        guard write(text + "\n", to: STDOUT_FILENO) else {
            throw Failure(
                .unwritableOutput, argument: "standard output", value: String(cString: strerror(errno)),
                rule: "must take what is written")
        }
    }

    /// Writes a text and a newline to standard error. Nobody could be told if that failed.
    static func printError(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

    /// Writes a text to standard error as it is.
    static func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    /// Opens what a caller has closed of 0, 1 and 2, so that no file of ours gets a number that others write to.
    /// Each is opened against its direction: reading standard input and writing standard output still fail.
    static func occupyClosedDescriptors() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest free number is given: it is `descriptor`, as the lower ones are open by now.
            _ = open("/dev/null", mode)
        }
    }

    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
