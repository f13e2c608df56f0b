import Testing
import TestSupport

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

@testable import FFTConvolution

/// Whatever state the caller's thread is in, planning and computing give the same bits.
struct FloatingPointStateTests {
    /// Calls `body` with the calling thread rounding upwards.
    private func roundingUpwards<Result>(_ body: () throws -> Result) rethrows -> Result {
        let before = fegetround()
        #expect(fesetround(FE_UPWARD) == 0)
        defer {
            #expect(fegetround() == FE_UPWARD, "the caller's own state must be there again")
            #expect(fesetround(before) == 0)
        }
        return try body()
    }

    /// Plans from nothing, computes, and gives every bit there is: results, bounds and predictions.
    private func bits(
        _ problem: Problem, _ method: Method, _ operands: [Tensor<Float>]
    ) throws -> (results: [[UInt32]], bounds: [[UInt64]], explanation: Explanation) {
        // Transforms that another test has planned have the bits of its state.
        try TransformCache.$current.withValue(TransformCache(.builtIn)) {
            let (x, w, dy) = (operands[0], operands[1], operands[2])
            let options = PlanOptions(method: method, threads: 2)
            let planner = Planner(machine: Machine())
            let plan = try planner.plan(for: problem, scalar: Float.self, options: options)
            let step = try plan.trainingStep(x, w)
            let gradients = try step.gradients(dy)
            let results = [
                try plan.forward(x, w), try plan.inputGradient(dy, w), try plan.filterGradient(x, dy),
                try plan.biasGradient(dy), try plan.prepare(filter: w).forward(x), step.output, gradients.input,
                gradients.filter,
            ]
            let bounds = [try plan.errorBound(x, w), try plan.errorBound(x, dy, for: .filterGradient)]
            return (
                results.map { $0.elements.map(\.bitPattern) },
                bounds.map { $0.elements.map(\.bitPattern) }
                    + [try Pass.allCases.map { try plan.relativeErrorBound(for: $0).bitPattern }],
                try planner.explain(problem, pass: .forward, precision: .float32, options: options)
            )
        }
    }

    /// A long line that is split, planes of one tile and many, sums over channels by matrices, direct sums.
    @Test(arguments: [
        ("i9000_f2500", Method.fft), ("n2c2i37x50_k2f11x9_g2", .fft), ("i150x140_f13x11", .fft),
        ("n2c9i17x13_k10f3x5_p1", .fft), ("n2c2i23x31_k3f5x4", .direct),
    ])
    func aCallerThatRoundsUpwardsGetsTheSameBits(_ text: String, _ method: Method) throws {
        let problem = try ProblemText(text).problem
        var generator = SeededGenerator(seed: 25)
        let data = Operands(problem, .uniform, .float32, &generator)
        let operands = [
            try Tensor(shape: problem.inputShape, elements: data.x.map { Float($0) }),
            try Tensor(shape: problem.filterShape, elements: data.w.map { Float($0) }),
            try Tensor(shape: problem.outputShape, elements: data.g.map { Float($0) }),
        ]
        // First, so that FFTW keeps no twiddle factors of the other's.
        let upwards = try roundingUpwards { try bits(problem, method, operands) }
        let nearest = try bits(problem, method, operands)
        // Thousands of numbers, which nobody wants printed.
        for (number, (one, two)) in zip(upwards.results, nearest.results).enumerated() {
            let differences = zip(one, two).count { $0 != $1 }
            #expect(differences == 0, "result \(number)")
        }
        #expect(upwards.bounds == nearest.bounds)
        #expect(upwards.explanation == nearest.explanation)
    }
}
