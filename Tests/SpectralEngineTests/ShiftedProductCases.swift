import CKernels

extension SeededGenerator {
    /// Multiples of 1/16 in [-1, 1): sums of up to 2¹⁶ products of two of them are exact in both precisions, in any order.
    mutating func sixteenths(_ count: Int) -> [Double] { (0..<count).map { _ in Double(integer(in: -16...15)) / 16 } }
}

/// The rows of a matrix in memory, `pitch` apart, and `between` between them.
func placed(_ matrix: [Double], columns: Int, pitch: Int, between: Double) -> [Double] {
    guard !matrix.isEmpty else { return [] }
    let rows = matrix.count / columns
    var values = [Double](repeating: between, count: (rows - 1) * pitch + columns)
    for row in 0..<rows {
        for column in 0..<columns { values[row * pitch + column] = matrix[row * columns + column] }
    }
    return values
}

/// Two matrices, the first one read in place, and where they lie. Sums of their elements are exact.
struct ShiftedProductCase {
    let extents: ck_shifted
    let offsets: [Int32]
    /// Elements of a; NaN where none of them is one of the matrix.
    let a: [Double]
    /// Elements of b by its rows.
    let b: [Double]
    let before: [Double]
    let accumulate: Bool

    /// Offsets are those of `depth` taps in any order, some of them the same.
    init(rows: Int, depth: Int, columns: Int, accumulate: Bool, _ generator: inout SeededGenerator) {
        extents = ck_shifted(
            rows: rows, depth: depth, columns: columns, b_pitch: columns + generator.integer(in: 0...3),
            result_pitch: columns + generator.integer(in: 0...3))
        let offsets = (0..<depth).map { _ in generator.integer(in: 0...60) }
        var a = [Double](repeating: .nan, count: rows + (offsets.max() ?? 0))
        for offset in offsets {
            for row in 0..<rows where a[row + offset].isNaN { a[row + offset] = generator.sixteenths(1)[0] }
        }
        self.a = a
        self.offsets = offsets.map { Int32($0) }
        b = generator.sixteenths(depth * columns)
        before = generator.sixteenths(rows * columns)
        self.accumulate = accumulate
    }

    var placedB: [Double] { placed(b, columns: extents.columns, pitch: extents.b_pitch, between: .nan) }

    func placedResult(_ matrix: [Double]) -> [Double] {
        placed(matrix, columns: extents.columns, pitch: extents.result_pitch, between: untouched)
    }

    /// The product by its definition.
    var expected: [Double] {
        var sums = accumulate ? before : [Double](repeating: 0, count: before.count)
        for row in 0..<extents.rows {
            for (d, offset) in offsets.enumerated() {
                let factor = a[row + Int(offset)]
                for column in 0..<extents.columns {
                    sums[row * extents.columns + column] += factor * b[d * extents.columns + column]
                }
            }
        }
        return sums
    }
}

extension KernelCase {
    /// All rows up to 30, of one to seven times the 64 bytes that columns come in: every block of every instruction set.
    static func shiftedProducts(_ generator: inout SeededGenerator) -> [KernelCase] {
        let multiple = 64 / MemoryLayout<T>.size
        return (1...30).flatMap { rows in
            (1...7).map { multiples in
                shiftedProduct(
                    ShiftedProductCase(
                        rows: rows, depth: generator.integer(in: 0...12), columns: multiples * multiple,
                        accumulate: (rows + multiples).isMultiple(of: 2), &generator))
            }
        }
    }

    private static func shiftedProduct(_ test: ShiftedProductCase) -> KernelCase {
        let (a, b) = (Operand<T>(test.a), Operand<T>(test.placedB))
        return KernelCase(
            kernel: "multiply_shifted", parameters: "\(test.extents) \(test.offsets) \(test.accumulate)",
            expected: guarded(test.placedResult(test.expected)), tolerance: 0
        ) { kernels in
            var extents = test.extents
            return written(test.placedResult(test.before)) { result in
                a.lend { a in
                    b.lend { b in
                        kernels.multiplyShifted(a, test.offsets, b, result, test.accumulate ? 1 : 0, &extents)
                    }
                }
            }
        }
    }
}
