// Repeated calls on memory the caller owns: none allocates anything that grows with the problem, unless operands
// hold NaN, Inf or magnitudes out of the ordinary.
import FFTConvolution

// snippet.start
let problem = try Problem(input: [1, 1, 480, 640], filter: [1, 1, 41, 41], padding: .same)
let plan = try Planner.shared.plan(for: problem, scalar: Float.self, passes: [.forward])
let workspace = try plan.makeWorkspace(for: [.forward])
let filter = [Float](repeating: 1 / 1681, count: problem.filterCount)
var frame = [Float](repeating: 1, count: problem.inputCount)
var blurred = [Float](repeating: 0, count: problem.outputCount)
for index in 0..<3 {
    frame[index] = 2  // the next frame arrives
    var result = blurred.mutableSpan
    try plan.forward(frame.span, filter.span, bias: Span(), into: &result, workspace: workspace)
}
print(blurred[240 * 640 + 320])
// snippet.end
