internal import CKernels

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// What the operating system lets this process use. Every figure is at least 1, whatever the system says.
public enum ProcessLimits {
    /// Cores in the affinity mask, cut to the container's quota, rounded up. Read once.
    public static let availableCores: Int = {
        var cores = Int(ck_affinity_count())
        #if !canImport(Darwin)
            cores = min(cores, container.cores(text) ?? .max)
        #endif
        return max(cores, 1)
    }()

    /// Cores of the machine that are online. Read once.
    public static let onlineCores = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)

    /// Bytes of memory of the machine. Read once.
    public static let physicalMemory: Int = {
        let (bytes, overflow) = Int(sysconf(Int32(_SC_PHYS_PAGES))).multipliedReportingOverflow(
            by: Int(sysconf(Int32(_SC_PAGESIZE))))
        return overflow ? .max : max(bytes, 1)
    }()

    /// Bytes of a core's second-level cache, as far as the system tells, cut to a range that today's cores lie in; 1 MiB where it tells
    /// nothing. Only predictions depend on it. Read once.
    public static let secondLevelCache: Int = {
        #if canImport(Darwin)
            var (bytes, size) = (Int64(0), MemoryLayout<Int64>.size)
            // At most `size` bytes are written. Several cores share it; that four do is a guess, measured on no such machine.
            let isKnown = unsafe sysctlbyname("hw.l2cachesize", &bytes, &size, nil, 0) == 0 && bytes > 0
            let told = isKnown ? Int(bytes) / 4 : 0
        #else
            let told = Int(sysconf(Int32(_SC_LEVEL2_CACHE_SIZE)))
        #endif
        return told > 0 ? min(max(told, 256 << 10), 4 << 20) : 1 << 20
    }()

    /// Bytes of memory that are free now, cut to the container's limit.
    public static var availableMemory: Int {
        #if canImport(Darwin)
            let free = sysconf(_SC_PHYS_PAGES).multipliedReportingOverflow(by: sysconf(_SC_PAGESIZE)).partialValue
            return max(free, 1)
        #else
            let info = text("/proc/meminfo")?.split { $0 == " " || $0 == "\n" } ?? []
            var free = Int.max
            if let label = info.firstIndex(of: "MemAvailable:"), label + 1 < info.count, let kib = Int(info[label + 1])
            {
                free = kib.multipliedReportingOverflow(by: 1024).partialValue
            }
            return max(min(free, container.availableMemory(physical: physicalMemory, text) ?? .max), 1)
        #endif
    }

    /// The groups this process was in when it was first asked for.
    private static let container = ContainerLimits(groups: text("/proc/self/cgroup") ?? "")

    /// A small text file; `nil` if it cannot be read.
    private static func text(_ path: String) -> String? {
        guard let bytes = try? SmallFile.read(path, atMost: 4096, prefix: true) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
