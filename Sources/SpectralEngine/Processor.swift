#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// What the operating system says of the processor and of this process's surroundings.
public enum Processor {
    /// The processor's name as the system tells it, one line of printable ASCII; "unknown" where it tells none. Read once.
    public static let model: String = {
        let text = printable(systemModel)
        return text.isEmpty ? "unknown" : text
    }()

    #if canImport(Darwin)
        private static var systemModel: String {
            var bytes = [UInt8](repeating: 0, count: 256)
            var count = bytes.count
            // At most `count` bytes are written.
            guard unsafe sysctlbyname("machdep.cpu.brand_string", &bytes, &count, nil, 0) == 0 else { return "" }
            return String(decoding: bytes.prefix(count).prefix { $0 != 0 }, as: UTF8.self)
        }
    #else
        /// The first processor's lines: a name on x86-64, and numbers, as clouds give different processors one name; on arm64 numbers alone.
        private static var systemModel: String {
            guard let bytes = try? SmallFile.read("/proc/cpuinfo", atMost: 4096, prefix: true) else { return "" }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            func words(_ text: Substring) -> String {
                text.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
            }
            var values: [String: String] = [:]
            for line in lines.prefix(while: { !$0.isEmpty }) {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { values[words(parts[0])] = words(parts[1]) }
            }
            let labels = [
                ("model name", ""), ("cpu family", "family "), ("model", "model "), ("CPU implementer", ""),
                ("CPU architecture", ""), ("CPU variant", ""), ("CPU part", ""), ("CPU revision", ""),
            ]
            return labels.compactMap { name, label in values[name].map { label + $0 } }.joined(separator: " ")
        }
    #endif

    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { (0x20..<0x7F).contains($0.value) }.prefix(128)))
    }

    /// Seconds that the calling thread has run; nothing else that the machine does is in it.
    public static var threadTime: Double {
        var time = timespec()
        // It fails for no clock of one's own thread.
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// A variable of the environment.
    public static func environment(_ name: String) -> String? {
        // The text is copied before anyone could change the environment; the library never does.
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
