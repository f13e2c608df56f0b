// A depthwise layer with a 31×31 filter: forward pass and both gradients.
import FFTConvolution

// snippet.start
let problem = try Problem(input: [4, 32, 56, 56], filter: [32, 1, 31, 31], padding: .same, groups: 32)
let plan = try Planner.shared.plan(for: problem, scalar: Float.self)
let x = try Tensor<Float>(shape: problem.inputShape, elements: (0..<problem.inputCount).map { Float($0 % 17) })
let w = try Tensor<Float>(shape: problem.filterShape, elements: (0..<problem.filterCount).map { Float($0 % 5) })
let y = try plan.forward(x, w)
let dx = try plan.inputGradient(y, w)
let dw = try plan.filterGradient(x, y)
print(y.shape, dx.shape, dw.shape)
print(plan)
// snippet.end
