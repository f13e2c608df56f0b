import Benchmark
import Foundation
import Pace
import SpectralEngine

// The stages of one tile, whole and with a quarter of the rows, f32, one thread, on zeros: they stay zeros however often
// they are transformed, and take the time of any other ordinary numbers.
//
// load        two fields of samples to a tile, transformed over all axes but the lines'
// lines       from the tile to its spectrum
// lines back  from a spectrum to the tile
// store       over the other axes, and to two fields of results
// tile        load, lines, product with a filter and lines back at once, store
//
// Mflop/s counts the transforms of whole tiles, so that a quarter shows what skipping is worth. A small tile, of two
// short axes, goes back all at once in `store`: its lines back are a copy.

let shapes =
    [16, 32, 48, 64, 96, 128, 160, 256, 512].map { TileShape(planes: 1, rows: $0, length: $0) }
    + [1024, 4096, 65536].map { TileShape(planes: 1, rows: 1, length: $0) }
    + [16, 32, 64].map { TileShape(planes: $0, rows: $0, length: $0) }

enum Stage: String, CaseIterable {
    case load, lines
    case linesBack = "lines back"
    case store, tile
}

/// One tile and everything its stages need.
final class Tile {
    let shape: TileShape
    private let transform: PackedTransform<Float>
    /// Two fields.
    private let samples: [Float]
    private let windows: (Window, Window)
    private let memory: AlignedBuffer
    /// Scalars of the tiles of a field and an output, of a spectrum, a half one, scratch and results.
    private let counts: [Int]

    init(_ shape: TileShape, rows: Range<Int>) throws {
        self.shape = shape
        transform = try PackedTransform(shape: shape)
        samples = [Float](repeating: 0, count: 2 * shape.pointCount)
        func segment(_ positions: Range<Int>, _ extent: Int) -> AxisSegment {
            AxisSegment(origin: 0, positions: positions, extent: extent, step: 1)
        }
        func window(_ field: Int) -> Window {
            Window(
                segment(0..<shape.planes, shape.planes), segment(rows, shape.rows),
                segment(0..<shape.length, shape.length), planeOffset: field * shape.pointCount,
                extents: (shape.rows, shape.length))
        }
        windows = (window(0), window(1))
        counts = [
            (shape.isSmall ? 2 : 1) * shape.tileCount, shape.spectrumCount, shape.halfCount,
            shape.scratchCount(fields: 1, workers: 1), shape.pointCount,
        ].map { 2 * $0 }
        memory = try AlignedBuffer(byteCount: counts.reduce(0, +) * MemoryLayout<Float>.stride)
        memory.withSharedRegion(of: Float.self) { clear($0) }
    }

    /// Whether the output has a tile of its own, which holds a spectrum until it is stored.
    private var isSmall: Bool { shape.isSmall }

    /// Operations of the transforms of a stage: 5·n·log₂ of the extents it runs over.
    func operations(_ stage: Stage) -> Double {
        let all = 5 * Double(shape.pointCount) * log2(Double(shape.pointCount))
        let lines = 5 * Double(shape.pointCount) * log2(Double(shape.lineLength))
        switch stage {
        case .load: return all - lines
        case .lines: return lines
        case .linesBack: return isSmall ? 0 : lines
        case .store: return isSmall ? all : all - lines
        case .tile: return 2 * all
        }
    }

    /// Lends a function that runs a stage once.
    func lend(_ stage: Stage, _ body: (() -> Void) -> Void) {
        let (windows, samples) = (WindowPair(windows.0, windows.1), samples)
        let box = windows.box
        memory.withSharedRegion(of: Float.self) { region in
            func part(_ index: Int) -> SharedRegion<Float> {
                let start = counts[..<index].reduce(0, +)
                return region[start..<start + counts[index]]
            }
            let (tiles, spectrum, half, results) = (part(0), part(1), part(2), part(4))
            let team = TransformTeam(part(3), shape, fields: 1)
            let tileCount = 2 * shape.tileCount
            let output = isSmall ? tileCount : 0
            func load() {
                let found = transform.load(
                    samples.span, windows, into: tiles, exponents: (0, 0), sanitising: false, team)
                blackHole(found)
            }
            let result = PartResult(factors: (1, 1 / Double(shape.pointCount)), floor: -.infinity, bias: 0)
            func store() {
                transform.store(
                    tiles[output..<output + tileCount], windows, result, result, into: results, team)
            }
            body {
                switch stage {
                case .load: load()
                case .lines: transform.transformLines(tiles, box, into: spectrum, team)
                case .linesBack: transform.restoreLines(spectrum, into: tiles, box, team)
                case .store: store()
                case .tile:
                    load()
                    transform.convolve(
                        tiles[0..<tileCount], into: tiles[output..<output + tileCount], boxes: (box, box),
                        conjugate: true, half, team)
                    store()
                }
            }
        }
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [Pace.timePerPoint, Pace.arithmetic], units: Pace.units, warmupIterations: 1,
        maxDuration: .milliseconds(200))
    for shape in shapes {
        let extents = [shape.planes, shape.rows, shape.length].drop { $0 == 1 }.map(String.init)
        for stage in Stage.allCases {
            for quarter in shape.rows > 1 ? [false, true] : [false] {
                let rows = 0..<(quarter ? shape.rows / 4 : shape.rows)
                let name =
                    "\(stage.rawValue) \(extents.joined(separator: "x"))" + (quarter ? ", a quarter of the rows" : "")
                Benchmark(name) { benchmark in
                    let tile = try Tile(shape, rows: rows)
                    tile.lend(stage) { run in
                        run()
                        Pace.measure(
                            benchmark, points: shape.pointCount, operations: tile.operations(stage), run)
                    }
                }
            }
        }
    }
}
