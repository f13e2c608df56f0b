/// Rearranges an array whose first axis varies fastest into one whose last axis does.
///
/// - Parameters:
///   - values: as many elements as the product of `shape`; not empty.
///   - shape: at least one extent, all of them 1 or more.
/// - Complexity: O(elements), in square blocks of the first and the last axis, so that neither reading nor writing
///   leaves a cache line after one element.
func cOrder<Element: BitwiseCopyable>(fortranOrder values: [Element], shape: [Int]) -> [Element] {
    guard let rows = shape.first, let columns = shape.last, let filler = values.first, shape.count > 1 else {
        return values
    }
    // Element (i, middle…, j) stands at i + middle + j·lastStride in Fortran order, at i·firstStride + middle′ + j in
    // C order. The products are at most the element count, which is that of an array in memory.
    let firstStride = values.count / rows
    let lastStride = values.count / columns
    let middle = shape[1..<shape.count - 1]
    let blockLength = 32

    var result = [Element](repeating: filler, count: values.count)
    var index = [Int](repeating: 0, count: middle.count)
    for _ in 0..<middle.reduce(1, *) {
        var (source, target, sourceStride, targetStride) = (0, 0, rows, columns)
        for axis in middle.indices {
            source += index[axis - 1] * sourceStride
            sourceStride *= shape[axis]
        }
        for axis in middle.indices.reversed() {
            target += index[axis - 1] * targetStride
            targetStride *= shape[axis]
        }
        for rowBlock in stride(from: 0, to: rows, by: blockLength) {
            for columnBlock in stride(from: 0, to: columns, by: blockLength) {
                for row in rowBlock..<min(rowBlock + blockLength, rows) {
                    for column in columnBlock..<min(columnBlock + blockLength, columns) {
                        result[target + row * firstStride + column] = values[source + row + column * lastStride]
                    }
                }
            }
        }
        for axis in index.indices.reversed() {
            index[axis] += 1
            if index[axis] < middle[axis + 1] { break }
            index[axis] = 0
        }
    }
    return result
}
