// One filter, many pictures: its transforms are done once.
import FFTConvolution

// snippet.start
let problem = try Problem(input: [1, 1, 256, 256], filter: [1, 1, 31, 31], padding: .same)
let plan = try Planner.shared.plan(
    for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(filterUse: .prepared))
let blur = try Tensor<Float>(shape: [1, 1, 31, 31], elements: Array(repeating: 1 / 961, count: 961))
let fixed = try plan.prepare(filter: blur)

for brightness in 1...3 {
    let picture = try Tensor<Float>(
        shape: [1, 1, 256, 256], elements: Array(repeating: Float(brightness), count: 65536))
    let blurred = try fixed.forward(picture)
    print(blurred.elements[128 * 256 + 128])
}
// snippet.end
