// One step of training: the spectra of the forward pass serve both gradients.
import FFTConvolution

// snippet.start
let problem = try Problem(input: [4, 16, 56, 56], filter: [16, 1, 31, 31], padding: .same, groups: 16)
let plan = try Planner.shared.plan(for: problem, scalar: Float.self)
let x = try Tensor<Float>(shape: problem.inputShape, elements: (0..<problem.inputCount).map { Float($0 % 7) })
let w = try Tensor<Float>(shape: problem.filterShape, elements: (0..<problem.filterCount).map { Float($0 % 5) })
let bias = try Tensor<Float>(zeros: problem.biasShape)

let step = try plan.trainingStep(x, w, bias: bias)
let y = step.output
let gradients = try step.gradients(y)  // that of a loss of Σ y²/2
print(gradients.input.shape, gradients.filter.shape, gradients.bias?.shape ?? [])
print("kept for the gradients: \(step.byteCount) bytes")
// snippet.end
