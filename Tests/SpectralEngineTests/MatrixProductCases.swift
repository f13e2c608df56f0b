import CKernels
import SpectralEngine

/// Two matrices of complex elements in [-1, 1) and where they lie.
struct MatrixProductCase {
    let extents: ck_product
    /// Complex elements of a by rows, of b by its rows.
    private(set) var a: [Complex]
    private(set) var b: [Complex]
    let before: [Complex]
    private(set) var conjugate: Int32
    private(set) var accumulate: Bool

    /// - Parameter transposed: Whether a lies transposed, its rows apart by little and the elements of a row by more.
    init(
        rows: Int, depth: Int, columns: Int, conjugate: Int32, accumulate: Bool, transposed: Bool,
        _ generator: inout SeededGenerator
    ) {
        func padding() -> Int { generator.integer(in: 0...3) }
        let step = 1 + padding() / 3
        let stride = step * (transposed ? rows : depth) + padding()
        extents = ck_product(
            rows: rows, depth: depth, columns: columns, a_row_stride: transposed ? step : stride,
            a_depth_stride: transposed ? stride : step, b_pitch: columns + padding(),
            b_next: generator.integer(in: 0...99),
            result_pitch: columns + padding())
        a = randomLine(rows * depth, &generator)
        b = randomLine(depth * columns, &generator)
        before = randomLine(rows * columns, &generator)
        self.conjugate = conjugate
        self.accumulate = accumulate
    }

    /// Other matrices that lie likewise: a · conj(b).
    func opposite(_ generator: inout SeededGenerator) -> MatrixProductCase {
        var other = self
        (other.a, other.b) = (randomLine(a.count, &generator), randomLine(b.count, &generator))
        (other.conjugate, other.accumulate) = (Int32(CK_SECOND), false)
        return other
    }

    /// The elements of a matrix in memory, `between` where it has none.
    private func placed(_ matrix: [Complex], _ columns: Int, _ strides: (Int, Int), between: Double) -> [Double] {
        guard !matrix.isEmpty else { return [] }
        let rows = matrix.count / columns
        var values = [Double](
            repeating: between, count: 2 * ((rows - 1) * strides.0 + (columns - 1) * strides.1 + 1))
        for (index, element) in matrix.enumerated() {
            let place = index / columns * strides.0 + index % columns * strides.1
            values[2 * place] = element.real
            values[2 * place + 1] = element.imaginary
        }
        return values
    }

    var placedA: [Double] {
        placed(a, extents.depth, (extents.a_row_stride, extents.a_depth_stride), between: .nan)
    }
    var placedB: [Double] { placed(b, extents.columns, (extents.b_pitch, 1), between: .nan) }

    func placedResult(_ matrix: [Complex]) -> [Double] {
        placed(matrix, extents.columns, (extents.result_pitch, 1), between: untouched)
    }

    /// The product by its definition.
    var expected: [Complex] {
        (0..<extents.rows * extents.columns).map { index in
            let (row, column) = (index / extents.columns, index % extents.columns)
            let sum = (0..<extents.depth).reduce(Complex.zero) { sum, d in
                let (x, y) = (a[row * extents.depth + d], b[d * extents.columns + column])
                return sum + (conjugate == CK_FIRST ? x.conjugate : x) * (conjugate == CK_SECOND ? y.conjugate : y)
            }
            return accumulate ? before[index] + sum : sum
        }
    }

    /// Each part is two sums of products of magnitude 1 at most: γₙ·Σ|a|·|b| (Higham, "Accuracy and Stability of
    /// Numerical Algorithms", section 3.1), and a few roundings more.
    func tolerance<T: KernelScalar>(_: T.Type) -> Double {
        Double(extents.depth * (extents.depth + 2) + 8) * Double(T.ulpOfOne)
    }
}

extension KernelCase {
    /// All columns up to 40 and all rows up to 13, which hold every block and every rest of every instruction set.
    static func matrixProducts(_ generator: inout SeededGenerator) -> [KernelCase] {
        var cases: [KernelCase] = []
        for columns in 0...40 {
            for index in 0..<6 {
                cases.append(
                    matrixProduct(
                        MatrixProductCase(
                            rows: (6 * columns + index + columns / 13) % 14, depth: generator.integer(in: 0...20),
                            columns: columns, conjugate: Int32(index % 3),
                            accumulate: generator.integer(in: 0...1) == 0,
                            transposed: generator.integer(in: 0...1) == 0, &generator)))
            }
            cases.append(opposites(rows: (columns + columns / 13) % 14, columns: columns, &generator))
            cases.append(correlation(rows: (columns + columns / 13) % 14, columns: columns, &generator))
            cases.append(realProduct(rows: (columns + columns / 13) % 14, columns: columns, &generator))
            cases.append(realCorrelation(rows: (columns + columns / 13) % 14, columns: columns, &generator))
            cases.append(foldedOpposites(columns, &generator))
        }
        return cases
    }

    /// a · b and conj(a) · b.
    private static func opposites(rows: Int, columns: Int, _ generator: inout SeededGenerator) -> KernelCase {
        let test = MatrixProductCase(
            rows: rows, depth: generator.integer(in: 0...20), columns: columns, conjugate: Int32(CK_NEITHER),
            accumulate: false, transposed: false, &generator)
        let (a, b) = (Operand<T>(test.placedA), Operand<T>(test.placedB))
        let extents = test.extents
        let conjugated = (0..<rows * columns).map { index in
            (0..<extents.depth).reduce(Complex.zero) { sum, d in
                sum + test.a[index / columns * extents.depth + d].conjugate * test.b[d * columns + index % columns]
            }
        }
        return KernelCase(
            kernel: "multiply_opposites", parameters: "\(extents)",
            expected: guarded(test.placedResult(test.expected)) + guarded(test.placedResult(conjugated)),
            tolerance: test.tolerance(T.self)
        ) { kernels in
            var extents = test.extents
            var second: [T] = []
            let first = written(test.placedResult(test.before)) { result in
                second = written(test.placedResult(test.before)) { opposite in
                    a.lend { a in b.lend { b in kernels.multiplyOpposites(a, b, result, opposite, &extents) } }
                }
            }
            return first + second
        }
    }

    /// conj(a) · b + a' · conj(b'), added to what was there or not.
    private static func correlation(rows: Int, columns: Int, _ generator: inout SeededGenerator) -> KernelCase {
        let test = MatrixProductCase(
            rows: rows, depth: generator.integer(in: 0...20), columns: columns, conjugate: Int32(CK_FIRST),
            accumulate: generator.integer(in: 0...1) == 0, transposed: generator.integer(in: 0...1) == 0, &generator)
        let opposite = test.opposite(&generator)
        let (a, b) = (Operand<T>(test.placedA), Operand<T>(test.placedB))
        let (other, otherB) = (Operand<T>(opposite.placedA), Operand<T>(opposite.placedB))
        let expected = zip(test.expected, opposite.expected).map { $0 + $1 }
        return KernelCase(
            kernel: "correlate_opposites", parameters: "\(test.extents) \(test.accumulate)",
            expected: guarded(test.placedResult(expected)), tolerance: 4 * test.tolerance(T.self)
        ) { kernels in
            var extents = test.extents
            return written(test.placedResult(test.before)) { result in
                a.lend { a in
                    b.lend { b in
                        other.lend { other in
                            otherB.lend { otherB in
                                kernels.correlateOpposites(
                                    a, b, other, otherB, result, test.accumulate ? 1 : 0, &extents)
                            }
                        }
                    }
                }
            }
        }
    }

    /// a · b with a real b, whose pitch counts scalars.
    private static func realProduct(rows: Int, columns: Int, _ generator: inout SeededGenerator) -> KernelCase {
        let test = MatrixProductCase(
            rows: rows, depth: generator.integer(in: 0...20), columns: columns, conjugate: Int32(CK_NEITHER),
            accumulate: false, transposed: true, &generator)
        let extents = test.extents
        let count = extents.depth == 0 || columns == 0 ? 0 : (extents.depth - 1) * extents.b_pitch + columns
        var values = [Double](repeating: .nan, count: count)
        for (index, element) in test.b.enumerated() {
            values[index / columns * extents.b_pitch + index % columns] = element.real
        }
        let (a, b) = (Operand<T>(test.placedA), Operand<T>(values))
        let expected = (0..<rows * columns).map { index in
            (0..<extents.depth).reduce(Complex.zero) { sum, d in
                let factor = Complex(real: test.b[d * columns + index % columns].real, imaginary: 0)
                return sum + test.a[index / columns * extents.depth + d] * factor
            }
        }
        return KernelCase(
            kernel: "multiply_real", parameters: "\(extents)", expected: guarded(test.placedResult(expected)),
            tolerance: test.tolerance(T.self)
        ) { kernels in
            var extents = test.extents
            return written(test.placedResult(test.before)) { result in
                a.lend { a in b.lend { b in kernels.multiplyReal(a, b, result, &extents) } }
            }
        }
    }

    /// The real part of conj(a) · b, in rows of reals.
    private static func realCorrelation(rows: Int, columns: Int, _ generator: inout SeededGenerator) -> KernelCase {
        let test = MatrixProductCase(
            rows: rows, depth: generator.integer(in: 0...20), columns: columns, conjugate: Int32(CK_FIRST),
            accumulate: false, transposed: true, &generator)
        let (a, b) = (Operand<T>(test.placedA), Operand<T>(test.placedB))
        @Sendable func placed(_ matrix: [Complex]) -> [Double] {
            let pitch = test.extents.result_pitch
            let count = rows == 0 || columns == 0 ? 0 : (rows - 1) * pitch + columns
            var values = [Double](repeating: untouched, count: count)
            for (index, element) in matrix.enumerated() where columns > 0 {
                values[index / columns * pitch + index % columns] = element.real
            }
            return values
        }
        return KernelCase(
            kernel: "correlate_real", parameters: "\(test.extents)", expected: guarded(placed(test.expected)),
            tolerance: test.tolerance(T.self)
        ) { kernels in
            var extents = test.extents
            return written(placed(test.before)) { result in
                a.lend { a in b.lend { b in kernels.correlateReal(a, b, result, &extents) } }
            }
        }
    }

    private static func foldedOpposites(_ count: Int, _ generator: inout SeededGenerator) -> KernelCase {
        let (first, second) = (randomLine(count, &generator), randomLine(count, &generator))
        let i = Complex(real: 0, imaginary: 1)
        return KernelCase(
            kernel: "fold_opposites", parameters: "\(count)",
            expected: guarded(elements(zip(first, second).map { $0 + $1 }))
                + guarded(elements(zip(first, second).map { i * ($0 - $1) })),
            tolerance: fewRoundings
        ) { kernels in
            var folded: [T] = []
            let sum = written(elements(first)) { first in
                folded = written(elements(second)) { second in kernels.foldOpposites(first, second, count) }
            }
            return sum + folded
        }
    }

    private static func matrixProduct(_ test: MatrixProductCase) -> KernelCase {
        let (a, b) = (Operand<T>(test.placedA), Operand<T>(test.placedB))
        return KernelCase(
            kernel: "multiply_matrices", parameters: "\(test.extents) \(test.conjugate) \(test.accumulate)",
            expected: guarded(test.placedResult(test.expected)), tolerance: test.tolerance(T.self)
        ) { kernels in
            var extents = test.extents
            return written(test.placedResult(test.before)) { result in
                a.lend { a in
                    b.lend { b in
                        kernels.multiplyMatrices(a, b, result, test.conjugate, test.accumulate ? 1 : 0, &extents)
                    }
                }
            }
        }
    }
}
