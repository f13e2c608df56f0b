import Benchmark
import CKernels
import Pace
import Peak
import SpectralEngine

// Direct sums, f32, one thread, on planes of 56² that stay in the cache. Each iteration times as many independent
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

    static let all = [product(channels: 64, taps: 3, side: 56, filters: 32)] + stencils(taps: 7, side: 56)

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
