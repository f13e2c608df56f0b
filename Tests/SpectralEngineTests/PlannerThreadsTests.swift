#if os(Linux)
    import Glibc
    import SpectralEngine
    import Synchronization
    import Testing

    private let threadsLibrary = "libfftw3f_threads.so.3"
    private let threadedLoops = Atomic(0)

    /// Another library of the process plans with FFTW's own threads. In processes of their own: the planner is one for all.
    @Suite(.enabled(if: dlopen(threadsLibrary, RTLD_LAZY | RTLD_LOCAL) != nil)) struct PlannerThreadsTests {
        @Test func theNumberIsOneWhilePlanningAndSetBack() async {
            await #expect(processExitsWith: .success) {
                let host = Host()
                #expect(host.initialise() != 0)
                host.planWith(4)
                #expect(PlannerThreads.alone("fftwf") { host.threadCount() } == 1)
                #expect(host.threadCount() == 4)
                // The other precision's library is not loaded.
                #expect(PlannerThreads.alone("fftw") { host.threadCount() } == 4)
            }
        }

        @Test func noTransformOfOursStartsAny() async {
            await #expect(processExitsWith: .success) {
                let host = Host()
                #expect(host.initialise() != 0)
                host.planWith(4)
                host.setCallback(
                    { work, data, size, count, _ in
                        threadedLoops.wrappingAdd(1, ordering: .relaxed)
                        for job in 0..<Int(count) { _ = work?(data.map { $0 + job * size }) }
                    }, nil)
                // One line, as it is: neither split nor a matrix.
                let shape = TileShape(planes: 1, rows: 1, length: 16_200)
                let transform = try PackedTransform<Float>(shape: shape, known: .none)
                let buffers = try [shape.tileCount, shape.spectrumCount, shape.scratchCount(fields: 1, workers: 1)].map
                {
                    try AlignedBuffer(byteCount: 8 * $0)
                }
                buffers[0].withSharedRegion(of: Float.self) { tile in
                    buffers[1].withSharedRegion(of: Float.self) { spectrum in
                        buffers[2].withSharedRegion(of: Float.self) { scratch in
                            for index in 0..<tile.count { tile[index] = 1 }
                            transform.transformLines(
                                tile, TileBox(planes: 0..<1, rows: 0..<1, columns: 0..<16_200), into: spectrum,
                                TransformTeam(scratch, shape, fields: 1))
                        }
                    }
                }
                #expect(threadedLoops.load(ordering: .relaxed) == 0)
            }
        }
    }

    /// What a host does that has FFTW's threads.
    private struct Host {
        typealias Loop =
            @convention(c) (
                (@convention(c) (UnsafeMutablePointer<CChar>?) -> UnsafeMutableRawPointer?)?,
                UnsafeMutablePointer<CChar>?, Int,
                CInt, UnsafeMutableRawPointer?
            ) -> Void
        let initialise: @convention(c) () -> CInt
        let planWith: @convention(c) (CInt) -> Void
        let threadCount: @convention(c) () -> CInt
        let setCallback: @convention(c) (Loop, UnsafeMutableRawPointer?) -> Void

        init() {
            let library = dlopen(threadsLibrary, RTLD_LAZY | RTLD_LOCAL)
            func function<Function>(_ name: String, as type: Function.Type) -> Function {
                unsafeBitCast(dlsym(library, name), to: type)
            }
            initialise = function("fftwf_init_threads", as: (@convention(c) () -> CInt).self)
            planWith = function("fftwf_plan_with_nthreads", as: (@convention(c) (CInt) -> Void).self)
            threadCount = function("fftwf_planner_nthreads", as: (@convention(c) () -> CInt).self)
            setCallback = function(
                "fftwf_threads_set_callback", as: (@convention(c) (Loop, UnsafeMutableRawPointer?) -> Void).self)
        }
    }
#endif
