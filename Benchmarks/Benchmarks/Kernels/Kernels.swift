import Benchmark
import Foundation
import Pace
import SpectralEngine

// Each kernel alone, on tiles that stay in the cache, f32, one thread. `MB/s` counts every byte the kernel must read or
// write once; the row "copy" is `memcpy` of a tile at the same size: what the machine can do.
//
// FFTCONV_ISA=scalar, avx2, … measures the kernels of another instruction set.

/// Everything a kernel may touch, for one shape.
struct KernelMemory {
    let shape: TileShape
    /// Two fields of the tile's extents, one after the other.
    let array: [Float]
    let tiles: [SharedRegion<Float>]
    let halves: [SharedRegion<Float>]
    let result: SharedRegion<Float>
    /// As large as a tile.
    let copySource: UnsafeMutableRawPointer
    let copyTarget: UnsafeMutableRawPointer

    /// The window that covers the tile with one of the two fields.
    func window(_ field: Int) -> Window {
        func whole(_ extent: Int) -> AxisSegment {
            AxisSegment(origin: 0, positions: 0..<extent, extent: extent, step: 1)
        }
        return Window(
            whole(1), whole(shape.rows), whole(shape.length), planeOffset: field * shape.pointCount,
            extents: (shape.rows, shape.length))
    }
}

struct Kernel {
    let name: String
    /// Bytes read and written for each point of the tile; a half spectrum has half a complex element for each.
    let bytesPerPoint: Int
    let run: @Sendable (KernelMemory) -> Void

    static let all = [
        Kernel(name: "copy", bytesPerPoint: 16) { memory in
            memory.copyTarget.copyMemory(
                from: memory.copySource, byteCount: memory.tiles[0].count * MemoryLayout<Float>.stride)
        },
        Kernel(name: "gather", bytesPerPoint: 16) { memory in
            blackHole(
                memory.shape.gather(memory.array.span, memory.window(0), memory.window(1), into: memory.tiles[0]))
        },
        Kernel(name: "scatter", bytesPerPoint: 12) { memory in
            memory.shape.scatter(
                memory.tiles[0], part: 0, into: memory.result, memory.window(0), factors: (0.5, 1),
                floor: -.infinity, bias: 0)
        },
        Kernel(name: "untangle", bytesPerPoint: 16) { memory in
            memory.shape.untangle(memory.tiles[0], into: memory.halves[0], memory.halves[1], exponents: (0, 0))
        },
        Kernel(name: "tangle", bytesPerPoint: 16) { memory in
            memory.shape.tangle(memory.halves[0], memory.halves[1], exponents: (0, 0), into: memory.tiles[0])
        },
        Kernel(name: "multiply", bytesPerPoint: 20) { memory in
            memory.shape.multiply(
                memory.tiles[0], memory.halves[0], conjugate: false, into: memory.tiles[1], accumulate: false)
        },
        Kernel(name: "multiplyConjugate", bytesPerPoint: 20) { memory in
            memory.shape.multiply(
                memory.tiles[0], memory.halves[0], conjugate: true, into: memory.tiles[1], accumulate: false)
        },
        Kernel(name: "multiplyConjugate accumulating", bytesPerPoint: 28) { memory in
            memory.shape.multiply(
                memory.tiles[0], memory.halves[0], conjugate: true, into: memory.tiles[1], accumulate: true)
        },
        Kernel(name: "correlate accumulating", bytesPerPoint: 24) { memory in
            memory.shape.correlate(memory.tiles[0], memory.tiles[1], into: memory.halves[0], accumulate: true)
        },
    ]
}

extension KernelMemory {
    /// Lends memory of its own for one shape, filled with small numbers.
    static func lend(_ shape: TileShape, _ body: (KernelMemory) -> Void) {
        let (tile, half, field) = (2 * shape.complexCount, 2 * shape.halfCount, shape.pointCount)
        let count = 2 * tile + 2 * half + field
        guard let buffer = try? AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride) else {
            fatalError("no memory for a tile of \(shape)")
        }
        let copies = UnsafeMutableRawPointer.allocate(byteCount: 8 * tile, alignment: AlignedBuffer.alignment)
        defer { copies.deallocate() }
        copies.initializeMemory(as: Float.self, repeating: 0.5, count: 2 * tile)
        buffer.withSharedRegion(of: Float.self) { region in
            for index in 0..<count { region[index] = Float(index % 15 - 7) / 8 }
            func part(_ start: Int, _ count: Int) -> SharedRegion<Float> { region[start..<start + count] }
            body(
                KernelMemory(
                    shape: shape, array: (0..<2 * field).map { Float($0 % 15 - 7) / 8 },
                    tiles: [part(0, tile), part(tile, tile)],
                    halves: [part(2 * tile, half), part(2 * tile + half, half)],
                    result: part(2 * tile + 2 * half, field), copySource: copies, copyTarget: copies + 4 * tile))
        }
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [Pace.timePerPoint, Pace.traffic], units: Pace.units, warmupIterations: 3,
        maxDuration: .milliseconds(200))
    for length in [16, 64, 128, 256] {
        let shape = TileShape(planes: 1, rows: length, length: length)
        for kernel in Kernel.all {
            Benchmark("\(kernel.name) \(length)x\(length)") { benchmark in
                KernelMemory.lend(shape) { memory in
                    kernel.run(memory)
                    Pace.measure(
                        benchmark, points: shape.pointCount, bytes: kernel.bytesPerPoint * shape.pointCount
                    ) { kernel.run(memory) }
                }
            }
        }
    }
}
