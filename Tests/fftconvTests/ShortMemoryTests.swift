import ArrayFiles
import Foundation
import Testing

#if os(Linux)
    /// Q7: memory ends at each of the large arrays in turn.
    @Suite(.enabled(if: ForeignLibrary.canBeMade)) struct ShortMemoryTests {
        /// Gives memory of more than 1 MiB as often as the environment says, and never again; asking does not count.
        private static let source = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <stdlib.h>
            #include <sys/mman.h>

            static int taken;
            static int refused(size_t size) { return size > 1 << 20 && taken >= atoi(getenv("LARGE_ALLOCATIONS")); }
            static void *counted(void *memory, size_t size) {
                taken += memory && size > 1 << 20;
                return memory;
            }

            void *__libc_malloc(size_t);
            void *__libc_memalign(size_t, size_t);
            void *malloc(size_t size) { return refused(size) ? NULL : counted(__libc_malloc(size), size); }
            int posix_memalign(void **memory, size_t alignment, size_t size) {
                *memory = refused(size) ? NULL : counted(__libc_memalign(alignment, size), size);
                return *memory ? 0 : ENOMEM;
            }
            void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
                void *(*next)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
                return refused(size) ? MAP_FAILED : next(place, size, protection, flags, file, offset);
            }
            """

        @Test(arguments: ["small.png box:520", "small.png kernel.npy", "small.png large.png", "large.png box:1"])
        func aPictureIsFilteredOrRefused(line: String) throws {
            let folder = try Folder()
            var environment = try ForeignLibrary.environment(Self.source, in: folder)
            for (name, extent) in [("small.png", 4), ("large.png", 750)] {
                let samples = [UInt16](repeating: 9, count: extent * extent)
                try folder.write(
                    Image(width: extent, height: extent, colorModel: .grey, bitDepth: 8, samples: samples), name)
            }
            try folder.write([520, 520], [Double](repeating: 1, count: 520 * 520), "kernel.npy")
            let before = try folder.snapshot()
            let arguments = ["image"] + line.split(separator: " ").map(String.init) + ["-o", "out.png"]
            var outcome: Tool.Outcome
            var count = 0
            repeat {
                environment["LARGE_ALLOCATIONS"] = "\(count)"
                outcome = try Tool.run(arguments, in: folder, environment: environment)
                if outcome.status != 0 {
                    #expect(outcome.status == 5 && !outcome.wasKilled, "\(count) large allocations: \(outcome.errors)")
                    #expect(try folder.snapshot() == before)
                }
                count += 1
            } while outcome.status != 0 && count < 30
            #expect(outcome.status == 0 && count > 3)
        }
    }
#endif
