import Benchmark
import Foundation
import Pace
import SpectralEngine

// The transforms of one tile, whole and with a row pass limited to a quarter of the rows, f32, one thread, on zeros:
// they stay zeros however often they are transformed, and take the time of any other finite numbers.
//
// Mflop/s always counts a whole transform, so a limited one shows what skipping is worth.

let shapes =
    [16, 32, 48, 64, 72, 96, 128, 160, 256, 512].map { TileShape(planes: 1, rows: $0, length: $0) }
    + [1024, 4096, 65536].map { TileShape(planes: 1, rows: 1, length: $0) }
    + [16, 32, 64].map { TileShape(planes: $0, rows: $0, length: $0) }

/// Times one direction of one shape.
@Sendable func time(_ benchmark: Benchmark, _ shape: TileShape, rows: Range<Int>, isInverse: Bool) throws {
    let transform = try PackedTransform<Float>(shape: shape)
    let buffer = try AlignedBuffer(byteCount: 2 * shape.workCount * MemoryLayout<Float>.stride)
    let box = TileBox(planes: 0..<shape.planes, rows: rows, columns: 0..<shape.length)
    buffer.withSharedRegion(of: Float.self) { region in
        clear(region)
        let (tile, scratch) = shape.split(region)
        func run() {
            if isInverse {
                _ = transform.inverse(tile, box: box, scratch)
            } else {
                transform.forward(tile, box: box, scratch)
            }
        }
        run()
        let points = Double(shape.pointCount)
        Pace.measure(benchmark, points: shape.pointCount, operations: 5 * points * log2(points), run)
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [Pace.timePerPoint, Pace.arithmetic], units: Pace.units, warmupIterations: 1,
        maxDuration: .milliseconds(200))
    for shape in shapes {
        let extents = [shape.planes, shape.rows, shape.length].drop { $0 == 1 }.map(String.init)
        for isInverse in [false, true] {
            for quarter in shape.rows > 1 ? [false, true] : [false] {
                let rows = 0..<(quarter ? shape.rows / 4 : shape.rows)
                let name =
                    "\(isInverse ? "inverse" : "forward") \(extents.joined(separator: "x"))"
                    + (quarter ? ", a quarter of the rows" : "")
                Benchmark(name) { try time($0, shape, rows: rows, isInverse: isInverse) }
            }
        }
    }
}
