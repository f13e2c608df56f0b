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

    /// Filters that are ready, sections of unequal size, products of matrices and training steps: what is begun is what is done.
    @Test(
        arguments: [
            ("n2c2i40x40_k3f5x5", nil), ("n1c9i20x20_k9f7x7_g9", 40_000), ("n1c18i20x20_k18f7x7_g9", 60_000),
            ("n2c16i24x24_k16f3x3", nil), ("n2c16i24x24_k16f3x3", 120_000), ("i400_f31", nil),
        ] as [(String, Int?)])
    func progressOfEveryFormEndsAtOne(text: String, memoryLimit: Int?) throws {
        let problem = try ProblemText(text).problem
        var options = PlanOptions(method: .fft, threads: 2)
        options.memoryLimit = memoryLimit
        let plan = try Planner().plan(for: problem, scalar: Float.self, options: options)
        var generator = SeededGenerator(seed: 9)
        let data = Operands(problem, .integers, .float32, &generator)
        let x = try Tensor<Float>(shape: problem.inputShape, elements: data.x.map { Float($0) })
        let w = try Tensor<Float>(shape: problem.filterShape, elements: data.w.map { Float($0) })
        let dy = try Tensor<Float>(shape: problem.outputShape, elements: data.g.map { Float($0) })
        func expectComplete(_ call: (ExecutionControl) throws -> Void) rethrows {
            let control = ExecutionControl()
            try call(control)
            #expect(control.fractionCompleted == 1)
        }
        try expectComplete { _ = try plan.forward(x, w, control: $0) }
        try expectComplete { _ = try plan.inputGradient(dy, w, control: $0) }
        try expectComplete { _ = try plan.filterGradient(x, dy, control: $0) }
        let filter = try plan.prepare(filter: w)
        try expectComplete { _ = try filter.forward(x, control: $0) }
    }

    /// All row pairs of a layer may be one block of its products.
    @Test func productsOfMatricesCanBeCancelledInsideABlock() throws {
        let problem = try ProblemText("c64i200x200_k64f5x5").problem
        let plan = try Planner().plan(
            for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(method: .fft, threads: 1))
        #expect(plan.description.contains("matrix products"))
        let x = try Tensor<Float>(shape: problem.inputShape, elements: Array(repeating: 1, count: problem.inputCount))
        let control = ExecutionControl()
        Thread.detachNewThread {
            while control.fractionCompleted == 0 { usleep(200) }
            control.cancel()
        }
        let error = try #require(throws: ConvolutionError.self) {
            _ = try plan.forward(x, Tensor(zeros: problem.filterShape), control: control)
        }
        #expect(error.kind == .cancelled && control.fractionCompleted < 1)
    }
}
