import Benchmark
import FFTConvolution
import SpectralEngine

// Whole calls on ready arrays, f32: filter transform included, planning excluded. Each iteration times, in turn, a call
// on one thread, a call on two, and FFTW's share of the call, alone on one thread and on panels that stay in the cache.
// "call / transforms" is what everything else (gather, copies, products, scatter, memory) adds, in percent.

enum CallMetric {
    static let one = BenchmarkMetric.custom("1 thread (us)", useScalingFactor: false)
    static let two = BenchmarkMetric.custom("2 threads (us)", useScalingFactor: false)
    static let speedup = BenchmarkMetric.custom("1 / 2 threads (%)", polarity: .prefersLarger, useScalingFactor: false)
    static let transforms = BenchmarkMetric.custom("transforms (us)", useScalingFactor: false)
    static let ratio = BenchmarkMetric.custom("call / transforms (%)", useScalingFactor: false)
    static let all = [one, two, speedup, transforms, ratio]
}

/// One pass of one problem, ready to run on one thread and on two.
final class Call {
    let pass: Pass
    let plans: [Plan<Float>]
    let workspaces: [Workspace]
    let first: [Float]
    let second: [Float]
    var result: [Float]
    let transforms: TransformsAlone

    init(_ text: String, _ pass: Pass) throws {
        let problem = try ProblemText(text).problem
        self.pass = pass
        plans = try [1, 2].map { threads in
            try Planner.shared.plan(
                for: problem, passes: [pass], options: PlanOptions(method: .fft, threads: .count(threads)))
        }
        workspaces = try plans.map { try $0.makeWorkspace(for: [pass]) }
        first = noise(pass == .inputGradient ? problem.outputCount : problem.inputCount)
        second = noise(pass == .filterGradient ? problem.outputCount : problem.filterCount)
        result = noise(problem.resultShape(pass).reduce(1, *))
        transforms = try TransformsAlone(try plans[0].transforms(for: pass))
    }

    /// Seconds of one call.
    func time(_ index: Int) throws -> Double {
        let (plan, workspace, first, second) = (plans[index], workspaces[index], first, second)
        // Taken out of the object, so that a span of it can be lent.
        var result: [Float] = []
        swap(&result, &self.result)
        defer { swap(&result, &self.result) }
        var span = result.mutableSpan
        let start = ContinuousClock.now
        switch pass {
        case .forward: try plan.forward(first.span, second.span, bias: Span(), into: &span, workspace: workspace)
        case .inputGradient: try plan.inputGradient(first.span, second.span, into: &span, workspace: workspace)
        case .filterGradient: try plan.filterGradient(first.span, second.span, into: &span, workspace: workspace)
        }
        return start.duration(to: .now).seconds
    }
}

/// The transforms of one call, without the call.
struct TransformsAlone: Sendable {
    let runs: [TransformRun]
    let transforms: [TileShape: PackedTransform<Float>]
    let channels: [ChannelLayout: ChannelTransform<Float>]
    let buffer: AlignedBuffer

    init(_ runs: [TransformRun]) throws {
        self.runs = runs
        var transforms: [TileShape: PackedTransform<Float>] = [:]
        var channels: [ChannelLayout: ChannelTransform<Float>] = [:]
        for run in runs {
            if case .channels(let layout) = run.kind {
                channels[layout] = try channels[layout] ?? ChannelTransform(layout)
            } else {
                transforms[run.shape] = try transforms[run.shape] ?? PackedTransform(shape: run.shape)
            }
        }
        (self.transforms, self.channels) = (transforms, channels)
        let count = runs.map { max(Self.count($0.shape), Self.count($0.kind)) }.max() ?? 0
        buffer = try AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride)
    }

    /// Scalars of a tile and of the scratch of its transforms.
    private static func count(_ shape: TileShape) -> Int {
        2 * (shape.tileCount + shape.scratchCount(fields: 1, workers: 1))
    }

    /// Scalars of the scratch of eight channels, and of a row of their spectra.
    private static func count(_ kind: TransformRun.Kind) -> Int {
        guard case .channels(let layout) = kind else { return 0 }
        return 2 * (layout.panelCount + layout.extents.length * max(layout.forwardStride, layout.inverseStride))
    }

    /// Seconds of all of them. Of many equal ones some are timed.
    func time() -> Double {
        buffer.withSharedRegion(of: Float.self) { region in
            clear(region)
            var seconds = 0.0
            for run in runs {
                let timed = min(run.count, Self.timedAtMost)
                execute(run, region)
                let time = ContinuousClock().measure { for _ in 0..<timed { execute(run, region) } }
                seconds += time.seconds * Double(run.count) / Double(timed)
            }
            return seconds
        }
    }

    private static let timedAtMost = 64

    private func execute(_ run: TransformRun, _ region: SharedRegion<Float>) {
        if case .channels(let layout) = run.kind {
            let panels = 2 * layout.panelCount
            channels[layout]?.runTransformsAlone(
                isInverse: run.direction == .inverse, region[panels..<region.count], region[0..<panels])
            return
        }
        let tileCount = 2 * run.shape.tileCount
        let team = TransformTeam(region[tileCount..<Self.count(run.shape)], run.shape, fields: 1)
        transforms[run.shape]?.runTransformsAlone(
            isInverse: run.direction == .inverse, isHalf: run.kind == .half, run.box, region[0..<tileCount], team)
    }
}

/// Numbers in −1 ..< 1 without structure: a linear congruential generator (Knuth, MMIX).
func noise(_ count: Int) -> [Float] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

let problems = [
    "i256x256_f15x15", "i256x256_f31x31", "i1024x1024_f15x15", "i1024x1024_f31x31", "i1024x1024_f127x127",
    "i2048x2048_f255x255", "i4096x4096_f63x63", "n4c128i56x56_k128f31x31_psame_g128",
    "n4c256i28x28_k256f29x29_psame_g256", "n4c512i14x14_k512f27x27_psame_g512", "n1c64i112x112_k64f51x51_psame_g64",
    "n4c128i56x56_k128f13x13_psame_g128", "i1000000_f1001", "i1000000_f10000", "i10000000_f100000",
    "i64x64x64_f9x9x9", "i128x128x128_f15x15x15",
]

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: CallMetric.all, units: Dictionary(uniqueKeysWithValues: CallMetric.all.map { ($0, .count) }),
        warmupIterations: 1, maxDuration: .milliseconds(500), maxIterations: 1000)
    for problem in problems {
        for pass in Pass.allCases {
            Benchmark("\(problem)_\(pass.suffix)") { benchmark, call in
                let times = (one: try call.time(0), two: try call.time(1))
                let transforms = call.transforms.time()
                benchmark.measurement(CallMetric.one, Int(times.one * 1e6))
                benchmark.measurement(CallMetric.two, Int(times.two * 1e6))
                benchmark.measurement(CallMetric.speedup, Int(times.one / times.two * 100))
                benchmark.measurement(CallMetric.transforms, Int(transforms * 1e6))
                benchmark.measurement(CallMetric.ratio, Int(times.one / transforms * 100))
            } setup: {
                try Call(problem, pass)
            }
        }
    }
}
