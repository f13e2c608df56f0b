import FFTConvolution
import Foundation
import Testing
import TestSupport

/// What a training step keeps: where, of what, and how much.
struct TrainingMemoryTests {
    @Test func preciseCallsUseMemoryOfTheCaller() throws {
        let problem = try ProblemText("n2c4i24x20_k4f5x5_p2_g4").problem
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: PlanOptions(method: .fft))
        let data = try StepOperands<Float>(problem)
        let spectra = try plan.makeTrainingSpectra()
        #expect(try spectra.byteCount >= plan.trainingStepByteCount())
        let workspace = try Workspace(byteCount: plan.trainingStepWorkspaceByteCount())
        let (x, w, dy) = (data.x.elements, data.w.elements, data.dy.elements)
        var (y, dx, dw) = (dy, x, w)
        for _ in 0..<2 {
            var span = y.mutableSpan
            try plan.forward(x.span, w.span, bias: Span(), into: &span, keeping: spectra, workspace: workspace)
            var dxSpan = dx.mutableSpan
            var dwSpan = dw.mutableSpan
            try plan.gradients(
                x.span, w.span, dy.span, into: &dxSpan, &dwSpan, reusing: spectra, workspace: workspace)
        }
        let step = try plan.trainingStep(data.x, data.w)
        let gradients = try step.gradients(data.dy)
        #expect(y == step.output.elements && dx == gradients.input.elements && dw == gradients.filter.elements)
    }

    /// dW is made of what was kept: of another x as well, which only operands out of the ordinary would need.
    @Test(arguments: [
        "n2c4i24x20_k4f5x5_p2_g4", "n1c7i20x21_k7f9x9_p4_g7", "n1c34i9x8_k34f7x7_p3_g34", "n3c33i9x8_k33f7x7_p3_g33",
        "n2c40i14x14_k24f5x5_p2", "n2c24i40x36_k24f7x7", "n4i40x40_k16f7x7_psame", "n4c2i40x40_k4f11x11_psame",
        "n41c32i4x4_k32f2x2_g32",
    ])
    func filterGradientsAreMadeOfWhatWasKept(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plan = try Planner().plan(for: problem, scalar: Double.self, options: PlanOptions(method: .fft))
        let data = try StepOperands<Double>(problem)
        let spectra = try plan.makeTrainingSpectra()
        #expect(try plan.trainingStepByteCount() > 0)
        let workspace = try Workspace(byteCount: plan.trainingStepWorkspaceByteCount())
        let (x, w, dy) = (data.x.elements, data.w.elements, data.dy.elements)
        let nothing = [Double](repeating: 0, count: x.count)
        var (y, dx, dw) = (dy, x, w)
        var span = y.mutableSpan
        try plan.forward(x.span, w.span, bias: Span(), into: &span, keeping: spectra, workspace: workspace)
        // More than once: what is kept is only read.
        for _ in 0..<2 {
            var dxSpan = dx.mutableSpan
            var dwSpan = dw.mutableSpan
            try plan.gradients(
                nothing.span, w.span, dy.span, into: &dxSpan, &dwSpan, reusing: spectra, workspace: workspace)
            let step = try plan.trainingStep(data.x, data.w).gradients(data.dy)
            #expect(dw == step.filter.elements && dx == step.input.elements)
        }
    }

    /// Turned by a quarter, a problem has the same numbers of elements, and nothing else in common.
    @Test(arguments: [Method.fft, .direct]) func spectraOfAnotherPlanAreRefused(_ method: Method) throws {
        func planned(_ text: String) throws -> Plan<Float> {
            try Planner().plan(for: ProblemText(text).problem, options: PlanOptions(method: method))
        }
        let plan = try planned("i20x14_f9x5")
        let data = try StepOperands<Float>(plan.problem)
        let (x, w, dy) = (data.x.elements, data.w.elements, data.dy.elements)
        for text in ["i14x20_f5x9", "i20x14_f9x5"] {
            let other = try planned(text)
            let foreign = try other.makeTrainingSpectra()
            let workspace = try Workspace(
                byteCount: max(plan.trainingStepWorkspaceByteCount(), other.trainingStepWorkspaceByteCount()))
            var (y, dx, dw) = (dy, x, w)
            let forward = try #require(throws: ConvolutionError.self) {
                var span = y.mutableSpan
                try plan.forward(x.span, w.span, bias: Span(), into: &span, keeping: foreign, workspace: workspace)
            }
            let gradients = try #require(throws: ConvolutionError.self) {
                var dxSpan = dx.mutableSpan
                var dwSpan = dw.mutableSpan
                try plan.gradients(
                    x.span, w.span, dy.span, into: &dxSpan, &dwSpan, reusing: foreign, workspace: workspace)
            }
            for error in [forward, gradients] {
                #expect(error.kind == .mismatch && error.argument == "training spectra")
                #expect(error.value.hasSuffix("another plan for \(other.problem)"))
            }
            #expect(y == dy && dx == x && dw == w, "nothing is written")
        }
    }

    /// Down to limits at which the passes come in sections. What is shared, and so every bit, does not depend on threads.
    @Test(arguments: ["n2c4i24x20_k4f5x5_p2_g4", "n2c40i20x20_k40f5x5_p2_g40", "n2c24i13x12_k20f3x5_p1", "i70x90_f9x9"])
    func aMemoryLimitIsObeyedOnAnyNumberOfThreads(_ text: String) throws {
        let problem = try ProblemText(text).problem
        func plan(_ limit: Int?, _ threads: Int) throws -> Plan<Float> {
            try Planner().plan(
                for: problem, scalar: Float.self,
                options: PlanOptions(method: .fft, threads: .count(threads), memoryLimit: limit))
        }
        let free = try plan(nil, 1)
        let data = try StepOperands<Float>(problem)
        let most = try 4 * free.trainingStepWorkspaceByteCount() + free.trainingStepByteCount()
        var shared: Set<Bool> = []
        for limit in (0..<25).map({ Int(Double(most) * pow(0.87, Double($0))) }) {
            var results: [[[Float]]] = []
            for threads in [1, 2, 8] {
                let limited: Plan<Float>
                do {
                    limited = try plan(limit, threads)
                } catch let error as ConvolutionError where error.kind == .resourceLimit {
                    continue
                }
                #expect(try limited.trainingStepWorkspaceByteCount() <= limit)
                let step = try limited.trainingStep(data.x, data.w)
                #expect(step.byteCount <= limit)
                shared.insert(step.byteCount > 0)
                let gradients = try step.gradients(data.dy)
                results.append([step.output.elements, gradients.input.elements, gradients.filter.elements])
            }
            #expect(results.isEmpty || results.count == 3)
            for result in results { #expect(result == results[0], "limit \(limit)") }
        }
        #expect(shared == [true, false])
    }
}
