import Benchmark
import CKernels
import Foundation
import Pace
import SpectralEngine

// Each kernel alone, on panels of eight rows or lines, as the pipelines call it, f32, one thread. `MB/s` counts every byte
// the kernel must read or write once; the row "copy" is `memcpy` of a panel of the same size: what the machine can do.
//
// FFTCONV_ISA=scalar, avx2, … measures the kernels of another instruction set.

/// Eight rows of `length` complex elements a little apart, as often as a kernel needs them, and two fields of samples.
struct KernelMemory {
    static let lines = 8
    static let panelCount = 6

    let length: Int
    let pitch: Int
    let array: UnsafeMutablePointer<Float>
    let panels: [UnsafeMutablePointer<Float>]
    var rows: ck_rows
    /// The windows of both fields that cover the rows.
    var windows: (ck_window, ck_window)

    var panelByteCount: Int { 2 * Self.lines * pitch * MemoryLayout<Float>.stride }

    /// All lines, and those that they meet in the same order or backwards.
    func lines(_ mirror: Int) -> ck_lines {
        ck_lines(
            count: Self.lines, length: length, pitch: pitch, spectrum_pitch: mirror == CK_STRAIGHT ? pitch : -pitch,
            mirror: Int32(mirror))
    }

    /// Where lines start that are met in that order.
    func spectrum(_ panel: Int, _ mirror: Int) -> UnsafeMutablePointer<Float> {
        panels[panel] + (mirror == CK_STRAIGHT ? 0 : 2 * (Self.lines - 1) * pitch)
    }

    func line(_ panel: Int, _ line: Int) -> UnsafeMutablePointer<Float> { panels[panel] + 2 * line * pitch }

    /// Factors that keep what is multiplied in place.
    var ones: UnsafeMutablePointer<Float> { panels[Self.panelCount - 1] }

    /// Lends memory of its own, filled with small numbers.
    static func lend(_ length: Int, _ body: (inout KernelMemory) -> Void) {
        let pitch = (length + 7) / 8 * 8 + 8
        let panel = 2 * lines * pitch
        let field = lines * length
        let count = panelCount * panel + 2 * field
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Float>.stride, alignment: AlignedBuffer.alignment)
        defer { memory.deallocate() }
        let values = memory.bindMemory(to: Float.self, capacity: count)
        for index in 0..<count { (values + index).initialize(to: Float(index % 15 - 7) / 8) }
        let ones = values + (panelCount - 1) * panel
        for index in 0..<panel { ones[index] = Float(1 - index % 2) }
        func window(_ field: Int) -> ck_window {
            ck_window(
                count: (1, lines, length), start: (0, 0, 0), step: (1, 1, 1), array_offset: field,
                array_stride: (lines * length, length), next: 0)
        }
        var kernels = KernelMemory(
            length: length, pitch: pitch, array: values + panelCount * panel,
            panels: (0..<panelCount).map { values + $0 * panel },
            rows: ck_rows(plane: 0, row: 0, count: lines, length: length, pitch: pitch),
            windows: (window(0), window(field)))
        body(&kernels)
    }
}

struct Kernel {
    let name: String
    /// Bytes read and written for each complex element of a panel.
    let bytesPerPoint: Int
    /// Of a line; longer ones the kernel does not take.
    var longest = Int.max
    let run: @Sendable (inout KernelMemory) -> Void

    static let all =
        [
            Kernel(name: "copy", bytesPerPoint: 16) { memory in
                UnsafeMutableRawPointer(memory.panels[1]).copyMemory(
                    from: memory.panels[0], byteCount: memory.panelByteCount)
            },
            Kernel(name: "gather", bytesPerPoint: 16) { memory in
                var summary = [ck_summary(), ck_summary()]
                Float.gather(
                    memory.array, &memory.windows.0, &memory.windows.1, memory.panels[0], &memory.rows, &summary)
                blackHole(summary)
            },
            Kernel(name: "scatter", bytesPerPoint: 12) { memory in
                Float.scatter(
                    memory.panels[0], 0, memory.array, &memory.windows.0, &memory.rows, (0.5, 1), -.infinity, 0)
            },
            Kernel(name: "packPanel", bytesPerPoint: 16) { memory in
                // Columns of a narrow tile: what they cost is the transposition.
                Float.packPanel(memory.panels[0], KernelMemory.lines, memory.panels[1], memory.pitch, memory.length)
            },
            Kernel(name: "unpackPanel", bytesPerPoint: 16) { memory in
                Float.unpackPanel(memory.panels[0], memory.pitch, memory.panels[1], KernelMemory.lines, memory.length)
            },
            Kernel(name: "transpose", bytesPerPoint: 16) { memory in
                // Sixteen rows of real elements to columns: whole vectors of every instruction set.
                let rows = 2 * KernelMemory.lines
                Float.transpose(memory.panels[0], memory.pitch, memory.panels[1], rows, rows, memory.length)
            },
            Kernel(name: "spreadRows", bytesPerPoint: 12) { memory in
                // One real element for each point, to every second place.
                let pitch = 2 * memory.pitch
                Float.spreadRows(
                    memory.panels[0], pitch, memory.panels[1], pitch, 2, KernelMemory.lines, memory.length)
            },
            Kernel(name: "pad", bytesPerPoint: 16) { memory in
                var padding = ck_padding(
                    rows: KernelMemory.lines, count: 2 * memory.length - 6, before: 3, after: 3,
                    source_pitch: 2 * memory.pitch, source_step: 1, target_pitch: 2 * memory.pitch)
                Float.pad(memory.panels[0], memory.panels[1], &padding)
            },
            Kernel(name: "magnitudes", bytesPerPoint: 8) { memory in
                blackHole(Float.magnitudes(memory.panels[0], 2 * KernelMemory.lines * memory.length))
            },
            Kernel(name: "transformLines", bytesPerPoint: 16, longest: ShortLines.longest) { memory in
                // Whatever the numbers of the table are.
                var lines = ck_transform(
                    length: memory.length, radix: Int32(ShortLines.radix(memory.length)), columns: KernelMemory.lines,
                    rows: 1, source_step: KernelMemory.lines,
                    target_step: KernelMemory.lines, source_pitch: 0, target_pitch: 0, fetched: 0)
                Float.transformLines(memory.panels[0], memory.panels[1], memory.ones, false, &lines)
            },
            Kernel(name: "foldOpposites", bytesPerPoint: 32) { memory in
                Float.foldOpposites(memory.panels[0], memory.panels[1], KernelMemory.lines * memory.length)
            },
            Kernel(name: "rotate", bytesPerPoint: 24) { memory in
                Float.rotate(memory.panels[0], memory.ones, false, KernelMemory.lines * memory.length)
            },
            Kernel(name: "untangle", bytesPerPoint: 32) { memory in
                for line in 0..<KernelMemory.lines {
                    Float.untangle(
                        memory.line(0, line), memory.line(1, line), memory.line(2, line), memory.line(3, line), (1, 1),
                        memory.length, Int32(CK_MIRRORED))
                }
            },
            Kernel(name: "tangle", bytesPerPoint: 40) { memory in
                for line in 0..<KernelMemory.lines {
                    Float.tangle(
                        (UnsafePointer(memory.line(0, line)), UnsafePointer(memory.line(1, line))),
                        (UnsafePointer(memory.line(2, line)), UnsafePointer(memory.line(3, line))),
                        memory.line(4, line), (1, 1), memory.length, Int32(CK_MIRRORED))
                }
            },
            Kernel(name: "multiplyPair", bytesPerPoint: 48) { memory in
                for line in 0..<KernelMemory.lines {
                    Float.multiplyPair(
                        memory.line(0, line), memory.line(1, line), memory.ones, memory.ones, memory.length,
                        Int32(CK_MIRRORED), true)
                }
            },
        ]
        + [false, true].flatMap { accumulate in
            let suffix = accumulate ? " accumulating" : ""
            return [(CK_STRAIGHT, ""), (CK_MIRRORED, " mirrored"), (CK_REVERSED, " reversed")].map { mirror, name in
                Kernel(name: "multiply\(name)\(suffix)", bytesPerPoint: accumulate ? 32 : 24) { memory in
                    var (lines, terms) = (memory.lines(mirror), ck_terms(count: 1, x_step: 0, w_step: 0))
                    Float.multiply(
                        memory.panels[0], memory.spectrum(1, mirror), memory.panels[2], &lines, &terms, true, accumulate
                    )
                }
            } + [
                Kernel(name: "correlate\(suffix)", bytesPerPoint: accumulate ? 32 : 24) { memory in
                    var lines = memory.lines(CK_STRAIGHT)
                    Float.correlate(memory.panels[0], memory.panels[1], memory.panels[2], &lines, accumulate)
                }
            ]
        }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [Pace.timePerPoint, Pace.traffic], units: Pace.units, warmupIterations: 3,
        maxDuration: .milliseconds(200))
    for length in [16, 64, 256, 1024] {
        for kernel in Kernel.all where length <= kernel.longest {
            Benchmark("\(kernel.name) \(KernelMemory.lines)x\(length)") { benchmark in
                KernelMemory.lend(length) { memory in
                    kernel.run(&memory)
                    let points = KernelMemory.lines * length
                    Pace.measure(benchmark, points: points, bytes: kernel.bytesPerPoint * points) {
                        kernel.run(&memory)
                    }
                }
            }
        }
    }
    registerDirectSums()
}
