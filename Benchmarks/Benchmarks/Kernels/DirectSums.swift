import Benchmark
import CKernels
import Pace
import Peak
import SpectralEngine

// Direct sums and products of matrices, f32, one thread, on what stays in the cache. Each iteration times as many independent
// multiply-adds in registers, too: what the machine can do. "of peak" is the ratio, in percent; between iterations the
// clock may drift, within one hardly.

private enum SumMetric {
    static let sums = BenchmarkMetric.custom("sums (Mflop/s)", polarity: .prefersLarger, useScalingFactor: false)
    static let peak = BenchmarkMetric.custom("peak (Mflop/s)", polarity: .prefersLarger, useScalingFactor: false)
    static let ratio = BenchmarkMetric.custom("of peak (%)", polarity: .prefersLarger, useScalingFactor: false)
    static let all = [sums, peak, ratio]
}

/// A call on three pieces of memory: two that are read, one that is written.
private struct DirectSum: Sendable {
    typealias Region = SharedRegion<Float>

    let name: String
    let counts: (first: Int, second: Int, result: Int)
    /// 2 for each multiply-add.
    let operations: Double
    let run: @Sendable (Region, Region, Region) -> Void

    /// Some ten milliseconds.
    private static let operationsAtOnce = 4e8
    private static let instructionSet = ck_best()
    private static let lanes = instructionSet == CK_AVX512 ? 16 : instructionSet == CK_AVX2 ? 8 : 4

    func measure(_ benchmark: Benchmark) {
        let count = counts.first + counts.second + counts.result
        guard let buffer = try? AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride) else {
            fatalError("no memory for \(count) elements")
        }
        buffer.withSharedRegion(of: Float.self) { region in
            for index in 0..<count { region[index] = Float(index % 15 - 7) / 8 }
            let second = counts.first + counts.second
            let repetitions = max(1, Int(Self.operationsAtOnce / operations))
            // 12 chains of two operations each.
            let rounds = Int(Self.operationsAtOnce) / (24 * Self.lanes)
            let peak = rate(Double(24 * Self.lanes * rounds)) { blackHole(peak_run(Self.instructionSet, rounds)) }
            let sums = rate(operations * Double(repetitions)) {
                for _ in 0..<repetitions {
                    run(region[0..<counts.first], region[counts.first..<second], region[second..<count])
                }
            }
            benchmark.measurement(SumMetric.sums, Int(sums * 1e-6))
            benchmark.measurement(SumMetric.peak, Int(peak * 1e-6))
            benchmark.measurement(SumMetric.ratio, Int((sums / peak * 100).rounded()))
        }
    }

    private func rate(_ operations: Double, _ work: () -> Void) -> Double {
        let time = ContinuousClock().measure(work)
        return operations / (Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
    }

    // MARK: - What is measured

    static let all =
        [
            product(channels: 64, taps: 3, side: 56, filters: 32),
            pointwise(channels: 64, positions: 56 * 56, filters: 64), channelStencil(taps: 13, side: 7),
            channelGradient(taps: 13, side: 7), channelGradient(taps: 7, side: 56),
            complexProduct(rows: 6, depth: 64, columns: 64), complexProduct(rows: 32, depth: 64, columns: 64),
            correlation(rows: 64, depth: 8, columns: 64),
        ] + stencils(taps: 7, side: 56)

    /// A layer of 1×1 filters, all operands in place.
    private static func pointwise(channels: Int, positions: Int, filters: Int) -> DirectSum {
        let product = PlacedProduct(
            rows: filters, columns: positions, firstPitch: channels, resultPitch: positions)
        let places = DepthPlaces(first: Array(0..<channels), second: (0..<channels).map { $0 * positions })
        return DirectSum(
            name: "multiplyPlaced \(channels) channels, \(positions) positions, \(filters) filters",
            counts: (filters * channels, channels * positions, filters * positions),
            operations: 2 * Double(filters * channels * positions)
        ) { weights, source, result in
            product.multiply(
                Elements(weights), at: 0, Elements(source), at: 0, places, 0..<channels, into: result, at: 0,
                accumulate: false)
        }
    }

    /// One line of channels of a depthwise layer, padded to its own size, and its multiply-adds: taps that only meet padding are none.
    private static func line(taps: Int, side: Int) -> (stencil: ChannelStencil, operations: Double) {
        let (lanes, before) = (ChannelStencil.channels(scalarByteCount: 4), taps / 2)
        let there = before..<before + side
        let stencil = ChannelStencil(
            rows: side, columns: side, tapRows: taps, taps: taps, sourceRows: there, sourceColumns: there,
            weightPitch: taps, weightStep: 1)
        let met = (0..<side).reduce(0) { sum, result in sum + (0..<taps).count { there.contains(result + $0) } }
        return (stencil, 2 * Double(met * met * lanes))
    }

    /// Elements of what a line of channels reads, of its taps and of its results.
    private static func lineCounts(taps: Int, side: Int) -> (source: Int, taps: Int, results: Int) {
        let (lanes, width) = (ChannelStencil.channels(scalarByteCount: 4), side + taps - 1)
        return (width * width * lanes, taps * taps * lanes, side * side * lanes)
    }

    private static func channelStencil(taps: Int, side: Int) -> DirectSum {
        let (stencil, operations) = line(taps: taps, side: side)
        let counts = lineCounts(taps: taps, side: side)
        return DirectSum(
            name: "channelStencil \(taps)x\(taps), \(side)x\(side)",
            counts: (counts.source, counts.taps, counts.results),
            operations: operations
        ) { source, weights, result in
            stencil.apply(Elements(source), at: 0, Elements(weights), at: 0, into: result, accumulate: false)
        }
    }

    private static func channelGradient(taps: Int, side: Int) -> DirectSum {
        let (stencil, operations) = line(taps: taps, side: side)
        let counts = lineCounts(taps: taps, side: side)
        return DirectSum(
            name: "channelGradient \(taps)x\(taps), \(side)x\(side)",
            counts: (counts.source, counts.results, counts.taps),
            operations: operations
        ) { source, gradient, result in
            stencil.addGradient(Elements(source), at: 0, Elements(gradient), into: result, at: 0)
        }
    }

    /// The product of one bin of a layer that sums over channels, complex.
    private static func complexProduct(rows: Int, depth: Int, columns: Int) -> DirectSum {
        let product = MatrixProduct(
            rows: rows, depth: depth, columns: columns, rowStride: depth, depthStride: 1, secondPitch: columns,
            secondDistance: 0, resultPitch: columns)
        return DirectSum(
            name: "multiplyMatrices \(rows) rows, depth \(depth), \(columns) columns",
            counts: (2 * rows * depth, 2 * depth * columns, 2 * rows * columns),
            operations: 8 * Double(rows * depth * columns)
        ) { first, second, result in
            product.multiply(first, at: 0, second, at: 0, conjugate: .second, into: result, at: 0, accumulate: false)
        }
    }

    /// The sum over row pairs of one bin and its opposite in a filter gradient, complex.
    private static func correlation(rows: Int, depth: Int, columns: Int) -> DirectSum {
        let product = MatrixProduct(
            rows: rows, depth: depth, columns: columns, rowStride: 1, depthStride: rows, secondPitch: columns,
            secondDistance: 0, resultPitch: columns)
        return DirectSum(
            name: "correlateOpposites \(rows) rows, depth \(depth), \(columns) columns",
            counts: (4 * rows * depth, 4 * depth * columns, 2 * rows * columns),
            operations: 16 * Double(rows * depth * columns)
        ) { first, second, result in
            product.correlateOpposites(
                first, at: 0, opposite: rows * depth, second, at: 0, opposite: depth * columns, into: result, at: 0,
                accumulate: false)
        }
    }

    /// All rows of a layer's outputs, one product each.
    private static func product(channels: Int, taps: Int, side: Int, filters: Int) -> DirectSum {
        let width = side + taps - 1
        let product = ShiftedProduct(rows: side, columns: filters, secondPitch: filters, resultPitch: filters)
        let offsets = DepthOffsets(
            (0..<channels * taps * taps).map {
                $0 / (taps * taps) * width * width + $0 / taps % taps * width + $0 % taps
            })
        return DirectSum(
            name: "multiplyShifted \(channels) channels \(taps)x\(taps), \(side) columns, \(filters) filters",
            counts: (channels * width * width, offsets.count * filters, side * side * filters),
            operations: 2 * Double(offsets.count * filters * side * side)
        ) { source, weights, result in
            for row in 0..<side {
                product.multiply(
                    Elements(source), at: row * width, offsets, 0..<offsets.count, Elements(weights), at: 0,
                    into: result, at: row * side * filters, accumulate: false)
            }
        }
    }

    private static func stencils(taps: Int, side: Int) -> [DirectSum] {
        let width = side + taps - 1
        let stencil = Stencil(
            rows: side, columns: side, tapRows: taps, taps: taps, sourceRows: 0..<width, sourcePitch: width,
            resultPitch: side, weightPitch: taps, weightStep: 1)
        let operations = 2 * Double(taps * taps * side * side)
        return [
            DirectSum(
                name: "stencil \(taps)x\(taps), \(side)x\(side)",
                counts: (width * width, taps * taps, side * side), operations: operations
            ) { source, weights, result in
                stencil.apply(
                    Elements(source), at: 0, Elements(weights), at: 0, into: result, at: 0, accumulate: false, start: 0)
            },
            DirectSum(
                name: "stencilGradient \(taps)x\(taps), \(side)x\(side)",
                counts: (width * width, side * side, taps * taps), operations: operations
            ) { source, gradient, result in
                stencil.addGradient(Elements(source), at: 0, Elements(gradient), at: 0, into: result, at: 0)
            },
        ]
    }
}

func registerDirectSums() {
    let configuration = Benchmark.Configuration(
        metrics: SumMetric.all, units: Dictionary(uniqueKeysWithValues: SumMetric.all.map { ($0, .count) }),
        warmupIterations: 3, maxDuration: .milliseconds(200))
    for sum in DirectSum.all {
        Benchmark(sum.name, configuration: configuration) { sum.measure($0) }
    }
}
