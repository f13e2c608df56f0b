import FFTConvolution
import Foundation
import SpectralEngine
import Testing
import TestSupport

/// Watching an execution, and stopping it.
struct ExecutionControlTests {
    private let plan: Plan<Float>
    private let x: Tensor<Float>
    private let w: Tensor<Float>
    private let dy: Tensor<Float>

    init() throws {
        let problem = try ProblemText("n2c2i5x4_k3f2x3_p1").problem
        plan = try Planner.shared.plan(for: problem)
        var generator = SeededGenerator(seed: 7)
        let data = Operands(problem, .integers, .float32, &generator)
        x = try Tensor(shape: problem.inputShape, elements: data.x.map { Float($0) })
        w = try Tensor(shape: problem.filterShape, elements: data.w.map { Float($0) })
        dy = try Tensor(shape: problem.outputShape, elements: data.g.map { Float($0) })
    }

    @Test func aCancelledControlStopsEveryPass() throws {
        let control = ExecutionControl()
        #expect(!control.isCancelled)
        control.cancel()
        #expect(control.isCancelled)
        let calls: [() throws -> Void] = [
            { _ = try plan.forward(x, w, control: control) }, { _ = try plan.inputGradient(dy, w, control: control) },
            { _ = try plan.filterGradient(x, dy, control: control) },
        ]
        for call in calls { #expect(try #require(throws: ConvolutionError.self, performing: call).kind == .cancelled) }
        // The workspace is free again, and the next call is not disturbed.
        #expect(try plan.forward(x, w) == (try plan.forward(x, w, control: ExecutionControl())))
    }

    @Test func aWatchedExecutionIsCompleteAtItsEnd() throws {
        let control = ExecutionControl()
        #expect(control.fractionCompleted == 0)
        _ = try plan.forward(x, w, control: control)
        #expect(control.fractionCompleted == 1)
        _ = try plan.filterGradient(x, dy, control: control)
        #expect(control.fractionCompleted == 1)
    }

    /// The blocks are done, and what remains is to compute directly what NaN has reached: it can be stopped as well.
    @Test func directSumsAfterTheBlocksCanBeCancelled() throws {
        let problem = try ProblemText("i400x400_f41x41").problem
        let plan = try Planner().plan(
            for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(method: .fft, threads: 1))
        let x = try Tensor<Float>(shape: problem.inputShape, elements: Array(repeating: .nan, count: 160_000))
        let control = ExecutionControl()
        Thread.detachNewThread {
            while control.fractionCompleted < 1 { usleep(200) }
            control.cancel()
        }
        let error = try #require(throws: ConvolutionError.self) {
            _ = try plan.forward(x, Tensor(zeros: problem.filterShape), control: control)
        }
        #expect(error.kind == .cancelled && control.fractionCompleted == 1)
    }
}
