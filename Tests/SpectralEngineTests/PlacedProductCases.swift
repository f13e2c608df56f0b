import CKernels

/// Two matrices that are both read in place, and where they lie. Sums of their elements are exact.
struct PlacedProductCase {
    let extents: ck_placed
    let places: [ck_place]
    /// Elements of both; NaN where none of them is one of the matrix.
    let a: [Double]
    let b: [Double]
    let before: [Double]
    let accumulate: Bool

    /// Places are any, some of them the same.
    init(rows: Int, depth: Int, columns: Int, accumulate: Bool, _ generator: inout SeededGenerator) {
        extents = ck_placed(
            rows: rows, depth: depth, columns: columns, a_pitch: generator.integer(in: 0...9),
            result_pitch: columns + generator.integer(in: 0...3))
        places = (0..<depth).map { _ in
            ck_place(a: Int32(generator.integer(in: 0...60)), b: Int32(generator.integer(in: 0...90)))
        }
        let largest = (places.map(\.a).max() ?? 0, places.map(\.b).max() ?? 0)
        var a = [Double](repeating: .nan, count: (rows - 1) * extents.a_pitch + Int(largest.0) + 1)
        var b = [Double](repeating: .nan, count: Int(largest.1) + columns)
        for place in places {
            for row in 0..<rows where a[row * extents.a_pitch + Int(place.a)].isNaN {
                a[row * extents.a_pitch + Int(place.a)] = generator.sixteenths(1)[0]
            }
            for column in 0..<columns where b[Int(place.b) + column].isNaN {
                b[Int(place.b) + column] = generator.sixteenths(1)[0]
            }
        }
        (self.a, self.b) = (a, b)
        before = generator.sixteenths(rows * columns)
        self.accumulate = accumulate
    }

    func placedResult(_ matrix: [Double]) -> [Double] {
        placed(matrix, columns: extents.columns, pitch: extents.result_pitch, between: untouched)
    }

    /// The product by its definition.
    var expected: [Double] {
        (0..<extents.rows * extents.columns).map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: extents.columns)
            return places.reduce(accumulate ? before[index] : 0) {
                $0 + a[row * extents.a_pitch + Int($1.a)] * b[Int($1.b) + column]
            }
        }
    }
}

extension KernelCase {
    /// All rows up to 30 and all columns up to 120: every block of every instruction set, and every rest of a vector. Then so
    /// many rows that columns are copied, and depths that are copied and that are too deep for it.
    static func placedProducts(_ generator: inout SeededGenerator) -> [KernelCase] {
        (0..<450).map { index in
            let isTall = index >= 360
            let test = PlacedProductCase(
                rows: isTall ? 40 + index % 90 : 1 + index % 30,
                depth: index % 15 == 14 ? generator.integer(in: 250...260) : generator.integer(in: 0...12),
                columns: 1 + index * 7 % 120, accumulate: generator.integer(in: 0...1) == 0, &generator)
            let (a, b) = (Operand<T>(test.a), Operand<T>(test.b))
            return KernelCase(
                kernel: "multiply_placed", parameters: "\(test.extents) \(test.places) \(test.accumulate)",
                expected: guarded(test.placedResult(test.expected)), tolerance: 0
            ) { kernels in
                var extents = test.extents
                return written(test.placedResult(test.before)) { result in
                    a.lend { a in
                        b.lend { b in
                            kernels.multiplyPlaced(a, b, test.places, result, test.accumulate ? 1 : 0, &extents)
                        }
                    }
                }
            }
        }
    }
}
