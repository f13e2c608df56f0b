// The pair of functions the project started from: one image, one filter, no padding, stride 1.
import FFTConvolution

// snippet.start
let image = try Tensor<Double>(shape: [3, 3], elements: [1, 2, 3, 4, 5, 6, 7, 8, 9])
let filter = try Tensor<Double>(shape: [2, 2], elements: [1, 2, 3, 4])
let (output, cache) = try convForward(image, filter)
print(output.elements.map { $0.rounded() })  // [37, 47, 67, 77]
let gradient = try Tensor<Double>(shape: [2, 2], elements: [1, 0, -1, 2])
let (dx, dw) = try convBackward(gradient, cache)
print(dx.elements.map { $0.rounded() }, dw.elements.map { $0.rounded() })
// snippet.end
