import Foundation

#if os(Linux)
    /// The peak of a process's memory, as the kernel counts it: also what was given back before anyone could look.
    enum ResidentMemory {
        private static let peakControl = "/proc/self/clear_refs"

        static var canResetPeak: Bool { access(peakControl, W_OK) == 0 && status("VmHWM") > 0 && mallocTrim != nil }

        /// glibc's `malloc_trim`; its header is in no module, and other C libraries do not have it.
        private nonisolated(unsafe) static let mallocTrim = dlsym(nil, "malloc_trim")

        private static func releaseFreeMemory() {
            guard let mallocTrim else { return }
            // The signature is that of malloc_trim(3).
            _ = unsafeBitCast(mallocTrim, to: (@convention(c) (Int) -> CInt).self)(0)
        }

        /// Has memory counted in the pages of the processor. A huge page is 2 MB in use as soon as one byte is, and whether a few free
        /// bytes lie in one depends on where the process was loaded.
        static func refuseHugePages() {
            guard let control = dlsym(nil, "prctl") else { return }
            // PR_SET_THP_DISABLE; variadic in C, all arguments in registers.
            typealias Control =
                @convention(c) (CInt, CUnsignedLong, CUnsignedLong, CUnsignedLong, CUnsignedLong) -> CInt
            _ = unsafeBitCast(control, to: Control.self)(41, 1, 0, 0, 0)
        }

        /// Bytes that the peak during `body` exceeds what was in use before it.
        static func peakGrowth(of body: () throws -> Void) throws -> Int {
            let before = try resetPeak()
            try body()
            return peak - before
        }

        /// Makes the peak what is in use now, and returns it.
        static func resetPeak() throws -> Int {
            // Free memory that the allocator keeps would hide an allocation.
            releaseFreeMemory()
            try "5".write(toFile: peakControl, atomically: false, encoding: .utf8)
            return peak
        }

        static var peak: Int { status("VmHWM") }

        private static func status(_ key: String) -> Int {
            let lines = ((try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? "").split(
                separator: "\n")
            let words = lines.first { $0.hasPrefix(key + ":") }?.split(whereSeparator: { $0 == " " || $0 == "\t" })
            return (words.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0) << 10
        }
    }
#endif
