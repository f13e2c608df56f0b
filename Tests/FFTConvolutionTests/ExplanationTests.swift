import FFTConvolution
import Testing

struct ExplanationTests {
    @Test func printsALineForEachCandidateAndMarksTheChosenOne() throws {
        let problem = try ProblemText("c2i9x9_k3f3x3_p1").problem
        let explanation = try Planner().explain(
            problem, pass: .filterGradient, precision: .float64, options: PlanOptions(threads: 1))
        let lines = explanation.description.split(separator: "\n")
        #expect(lines.first == "c2i9x9_k3f3x3_p1_f64_dw on 1 thread")
        #expect(lines.count == 1 + explanation.candidates.count)
        let chosen = try #require(explanation.chosen)
        #expect(lines[1].hasPrefix("* \(chosen.algorithm): \(chosen.recipe): predicted "))
        #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix("  ") })
    }

    @Test func printsTheReasonOfARefusal() throws {
        let problem = try ProblemText("i9_f3").problem
        let explanation = try Planner().explain(
            problem, pass: .forward, precision: .float32, options: PlanOptions(threads: 2, tolerance: 1e-30))
        #expect(explanation.chosen == nil)
        let lines = explanation.description.split(separator: "\n")
        #expect(lines.first == "i9_f3_fwd on 2 threads")
        #expect(lines.count > 1 && lines.dropFirst().allSatisfy { $0.hasPrefix("  ") && $0.contains("refused: ") })
    }
}
