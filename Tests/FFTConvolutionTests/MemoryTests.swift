import FFTConvolution
import Foundation
import Testing
import TestSupport

#if os(Linux) && compiler(>=6.3)
    /// What `explain` announces is what an execution takes, and a memory limit is kept. Each problem in a process of its own: as
    /// the kernel counts them, pages in use at the peak, less operands and result.
    @Suite(.enabled(if: ResidentMemory.canResetPeak)) struct MemoryTests {
        /// Pictures, signals, depthwise, grouped and dense layers, volumes; scratch of 14 to 85 MB in blocks of every kind.
        private static let fitting = [
            "i3000x3000_f513x513_fwd", "i3000x3000_f513x513_dx", "i1800x1500_f301x501_f64_dx",
            "c512i56x56_k1024f31x31_psame_g512_fwd",
            "c512i56x56_k1024f31x31_psame_g512_dx", "c256i128x128_k256f31x31_g8_dw",
            "c8i300x300_k8f61x61_g8_f64_dw", "n4c128i56x56_k128f3x3_psame_fwd",
            "n4c128i56x56_k128f3x3_psame_dx", "n4c128i56x56_k128f3x3_psame_dw", "n4c128i28x28_k128f5x5_p2_f64_dw",
            "n2c256i28x28_k256f5x5_p2_g2_dx", "c8i512x512_k8f101x101_fwd", "c8i512x512_k8f101x101_dw",
            "n2c24i32x32x32_k24f5x5x5_p2_fwd", "n2c8i48x48x48_k16f5x5x5_p2_dw", "i128x128x128_f31x31x31_f64_fwd",
            "n2i96x96x96_f40x40x40_f64_dw", "n4c64i8000_k64f65_s2_fwd", "n4c64i8000_k64f65_s2_dw",
        ]
        /// No tile as long as the filter fits a quarter of the memory: twice to three times the filter was best, or a single folded tile
        /// that takes little itself.
        private static let tooLong = [
            "i96x96x96_f40x40x40_f64_dw",
            "i3000000_f150001_f64_dx", "i4000000_f200001_fwd", "i3000000_f300001_dw", "i2000x2000_f700x700_dw",
        ]

        /// Process, planner and FFTW's own plans: what does not grow with a problem.
        private static let overhead = 1 << 20

        @Test(arguments: fitting + tooLong)
        func thePeakIsWhatIsAnnouncedAndAQuarterOfItIsEnough(_ text: String) async throws {
            let result = await #expect(
                processExitsWith: .success, observing: [\.standardOutputContent]
            ) { [text] in
                do {
                    let mayBeRefused = Self.tooLong.contains(text)
                    let text = try ProblemText(text)
                    if text.precision == .float32 {
                        try Trial<Float>(text).run(mayBeRefused: mayBeRefused, overhead: Self.overhead)
                    } else {
                        try Trial<Double>(text).run(mayBeRefused: mayBeRefused, overhead: Self.overhead)
                    }
                } catch {
                    // What a process says is given only if it succeeds.
                    print("\(error)")
                }
            }
            if let output = result?.standardOutputContent, !output.isEmpty {
                Issue.record("\(text): \(String(decoding: output, as: UTF8.self))")
            }
        }
    }

    /// One pass of one problem, with and without a memory limit.
    private struct Trial<Scalar: ConvolutionScalar> {
        struct Fault: Error, CustomStringConvertible { let description: String }

        let text: ProblemText
        let pass: Pass
        let first: Tensor<Scalar>
        let second: Tensor<Scalar>

        init(_ text: ProblemText) throws {
            self.text = text
            pass = text.pass ?? .forward
            let problem = text.problem
            (first, second) = (
                try Self.noise(pass == .inputGradient ? problem.outputShape : problem.inputShape, seed: 1),
                try Self.noise(pass == .filterGradient ? problem.outputShape : problem.filterShape, seed: 2)
            )
        }

        /// Executes small problems of every form first: code counts as memory when it is first met.
        private static func meetAllCode() throws {
            for text in [
                "i100_f5", "i5000_f900", "i20x20_f5x5", "i90x90_f40x40", "i48x40x40_f20x12x9", "n2c8i16x16_k8f3x3",
                "c9i9x9x9_k8f3x3x3",
            ] {
                let problem = try ProblemText(text).problem
                let operands = (
                    x: try noise(problem.inputShape, seed: 1), w: try noise(problem.filterShape, seed: 2),
                    dy: try noise(problem.outputShape, seed: 3)
                )
                for limit in [nil, 40_000] {
                    let options = PlanOptions(method: .fft, threads: 1, memoryLimit: limit)
                    let planner = Planner()
                    guard let plan = try? planner.plan(for: problem, scalar: Scalar.self, options: options) else {
                        continue
                    }
                    _ = try plan.forward(operands.x, operands.w)
                    _ = try plan.inputGradient(operands.dy, operands.w)
                    _ = try plan.filterGradient(operands.x, operands.dy)
                }
            }
        }

        private static func noise(_ shape: [Int], seed: UInt32) throws -> Tensor<Scalar> {
            var elements = [Scalar](repeating: 0, count: shape.reduce(1, *))
            var state = seed
            var span = elements.mutableSpan
            for index in span.indices {
                state = state &* 1_664_525 &+ 1_013_904_223
                span[index] = Scalar(Int32(bitPattern: state)) * 0x1p-31
            }
            return try Tensor(shape: shape, elements: elements)
        }

        func run(mayBeRefused: Bool, overhead: Int) throws {
            ResidentMemory.refuseHugePages()
            try Self.meetAllCode()
            let free = try measure(limit: nil)
            try require(
                Double(abs(free.peak - free.announced)) <= 0.1 * Double(free.announced),
                "took \(free.peak) bytes, \(free.announced) were announced")
            let limit = free.announced / 4
            let limited: (result: [Scalar], bound: Tensor<Double>, announced: Int, peak: Int)
            do {
                limited = try measure(limit: limit)
            } catch let error as ConvolutionError {
                try require(mayBeRefused && error.kind == .resourceLimit, "limit \(limit): \(error)")
                return
            }
            try require(!mayBeRefused, "limit \(limit): a tile fits after all")
            try require(limited.announced <= limit, "limit \(limit): \(limited.announced) bytes announced")
            try require(limited.peak <= limit + overhead, "limit \(limit): took \(limited.peak) bytes")
            let plane = free.result.count / free.bound.elements.count
            for (number, (one, two)) in zip(free.bound.elements, limited.bound.elements).enumerated() {
                let allowed = one + two
                for index in number * plane..<(number + 1) * plane {
                    let difference = Double(limited.result[index]) - Double(free.result[index])
                    if abs(difference) <= allowed { continue }
                    throw Fault(
                        description: "limit \(limit): element \(index) is off by \(difference), above \(allowed)")
                }
            }
        }

        /// Plans and executes once, in memory of its own.
        private func measure(
            limit: Int?
        ) throws -> (result: [Scalar], bound: Tensor<Double>, announced: Int, peak: Int) {
            let problem = text.problem
            let options = PlanOptions(method: .fft, threads: 1, memoryLimit: limit)
            var result = [Scalar](repeating: 1, count: problem.resultShape(pass).reduce(1, *))
            let before = try ResidentMemory.resetPeak()
            let planner = Planner()
            let plan = try planner.plan(for: problem, scalar: Scalar.self, passes: [pass], options: options)
            let workspace = try plan.makeWorkspace()
            let (a, b) = (first.elements, second.elements)
            var span = result.mutableSpan
            switch pass {
            case .forward: try plan.forward(a.span, b.span, bias: Span(), into: &span, workspace: workspace)
            case .inputGradient: try plan.inputGradient(a.span, b.span, into: &span, workspace: workspace)
            case .filterGradient: try plan.filterGradient(a.span, b.span, into: &span, workspace: workspace)
            }
            let peak = ResidentMemory.peak - before
            let explanation = try planner.explain(problem, pass: pass, precision: text.precision, options: options)
            guard let chosen = explanation.chosen, let scratch = chosen.workspaceByteCount,
                let tables = chosen.tableByteCount
            else { throw Fault(description: "nothing announced") }
            return (result, try plan.errorBound(first, second, for: pass), scratch + tables, peak)
        }

        private func require(_ condition: Bool, _ fault: @autoclosure () -> String) throws {
            if !condition { throw Fault(description: fault()) }
        }
    }
#endif
