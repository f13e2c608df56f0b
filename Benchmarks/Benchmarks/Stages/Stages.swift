import Benchmark
import FFTConvolution
import SpectralEngine

let benchmarks: @Sendable () -> Void = {
    Benchmark("nothing") { b in
        for _ in b.scaledIterations { blackHole(TileShape(planes: 1, rows: 16, length: 16).pitch) }
    }
}
