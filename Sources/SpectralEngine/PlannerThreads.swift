#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// FFTW's own threads, which another library of this process may have switched on: its planner is one for all, and would plan with
/// them for us too. Transforms would start threads for each panel then, and bits would follow their number.
///
/// The library of threads is not linked, so its functions are looked for, as often as there is something to plan: it may be loaded
/// at any time. One before 3.3.9 does not tell the number, so that it could not be set back, and is left alone.
package enum PlannerThreads {
    private typealias Get = @convention(c) () -> CInt
    private typealias Set = @convention(c) (CInt) -> Void

    /// Plans with one thread in `body`, and with as many as before afterwards. Called with the planner's lock held.
    ///
    /// - Parameter library: `fftw` or `fftwf`.
    package static func alone<Result>(_ library: String, _ body: () -> Result) -> Result {
        guard let get = unsafe function("\(library)_planner_nthreads", library),
            let set = unsafe function("\(library)_plan_with_nthreads", library)
        else { return body() }
        // Their signatures, by FFTW's manual.
        let planWith = unsafe unsafeBitCast(set, to: Set.self)
        let count = unsafe unsafeBitCast(get, to: Get.self)()
        guard count > 1 else { return body() }
        planWith(1)
        defer { planWith(count) }
        return body()
    }

    /// Where a function lies, if its library is loaded: for all to see, or for those who asked for it.
    private static func function(_ name: String, _ library: String) -> UnsafeMutableRawPointer? {
        #if canImport(Darwin)
            let everywhere = unsafe UnsafeMutableRawPointer(bitPattern: -2)
            let suffixes = ["threads.3.dylib", "omp.3.dylib"]
        #else
            let everywhere: UnsafeMutableRawPointer? = nil
            let suffixes = ["threads.so.3", "omp.so.3"]
        #endif
        if let found = unsafe dlsym(everywhere, name) { return unsafe found }
        for suffix in suffixes {
            let file = "lib" + library.replacing("fftw", with: "fftw3") + "_" + suffix
            guard let handle = unsafe dlopen(file, RTLD_LAZY | RTLD_NOLOAD) else { continue }
            // Whoever loaded it keeps it.
            defer { unsafe dlclose(handle) }
            if let found = unsafe dlsym(handle, name) { return unsafe found }
        }
        return nil
    }
}
