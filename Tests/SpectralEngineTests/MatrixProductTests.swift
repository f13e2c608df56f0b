import CKernels
import SpectralEngine
import Testing

/// Elements as bits, NaN and all.
private func isSame<T: BinaryFloatingPoint>(_ a: [T], _ b: [T]) -> Bool {
    zip(a, b).allSatisfy { $0 == $1 && $0.sign == $1.sign } && a.count == b.count
}

/// A product of dense matrices, by the kernels of one instruction set.
private func product<T: KernelScalar>(
    _ kernels: Kernels<T>, _ a: [T], _ b: [T], rows: Range<Int>, depth: Int, columns: Range<Int>, of width: Int
) -> [T] {
    var result = [T](repeating: .zero, count: 2 * rows.count * columns.count)
    var extents = ck_product(
        rows: rows.count, depth: depth, columns: columns.count, a_row_stride: depth, a_depth_stride: 1, b_pitch: width,
        b_next: 0,
        result_pitch: columns.count)
    a.withUnsafeBufferPointer { a in
        b.withUnsafeBufferPointer { b in
            guard let a = a.baseAddress, let b = b.baseAddress else { preconditionFailure("matrices without elements") }
            kernels.multiplyMatrices(
                a + 2 * rows.lowerBound * depth, b + 2 * columns.lowerBound, &result, Int32(CK_NEITHER), 0, &extents)
        }
    }
    return result
}

/// Whether all parts of a product, cut anywhere, are bit for bit those of the whole.
private func partsEqualTheWhole<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
    let (rows, depth, columns) = (13, 19, 41)
    var generator = SeededGenerator(seed: 1)
    let a = generator.values(2 * rows * depth).map { T($0) }
    let b = generator.values(2 * depth * columns).map { T($0) }
    let whole = product(kernels, a, b, rows: 0..<rows, depth: depth, columns: 0..<columns, of: columns)
    return (0..<60).allSatisfy { _ in
        let (row, column) = (generator.integer(in: 0...rows - 1), generator.integer(in: 0...columns - 1))
        let (someRows, someColumns) = (
            row..<generator.integer(in: row + 1...rows), column..<generator.integer(in: column + 1...columns)
        )
        let part = product(kernels, a, b, rows: someRows, depth: depth, columns: someColumns, of: columns)
        let expected = someRows.flatMap { row in
            whole[2 * (row * columns + someColumns.lowerBound)..<2 * (row * columns + someColumns.upperBound)]
        }
        return isSame(part, expected)
    }
}

/// Whether a NaN in one row of a and one column of b reaches these alone.
private func containsNaN<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
    let (rows, depth, columns) = (8, 3, 37)
    return (0..<columns).allSatisfy { column in
        var a = [T](repeating: 1, count: 2 * rows * depth)
        var b = [T](repeating: 1, count: 2 * depth * columns)
        let row = column % rows
        a[2 * row * depth + column % 2] = .nan
        b[2 * (columns + column) + column / 2 % 2] = .nan
        let result = product(kernels, a, b, rows: 0..<rows, depth: depth, columns: 0..<columns, of: columns)
        return result.indices.allSatisfy { index in
            let element = index / 2
            return result[index].isNaN == (element / columns == row || element % columns == column)
        }
    }
}

/// Touches memory outside the matrices if the kernel does, which ends the process.
private func staysInside<T: KernelScalar>(_ kernels: Kernels<T>) {
    for (rows, depth) in [(1, 1), (2, 3), (3, 2), (5, 1), (7, 4)] {
        for columns in 1...40 {
            let a = [T](repeating: 1, count: 2 * rows * depth)
            let b = [T](repeating: 1, count: 2 * depth * columns)
            let result = [T](repeating: 0, count: 2 * rows * columns)
            var extents = ck_product(
                rows: rows, depth: depth, columns: columns, a_row_stride: depth, a_depth_stride: 1, b_pitch: columns,
                b_next: 0,
                result_pitch: columns)
            for atEnd in [false, true] {
                withEdge(a, atEnd: atEnd) { a in
                    withEdge(b, atEnd: atEnd) { b in
                        withEdge(result, atEnd: atEnd) { result in
                            kernels.multiplyMatrices(a, b, result, 0, 1, &extents)
                        }
                    }
                }
            }
        }
    }
}

/// Whether the function on regions computes what the case expects, between elements that stay.
private func matches<Scalar: KernelScalar>(_ test: MatrixProductCase, _: Scalar.Type) -> Bool {
    let extents = test.extents
    let product = MatrixProduct(
        rows: extents.rows, depth: extents.depth, columns: extents.columns, rowStride: extents.a_row_stride,
        depthStride: extents.a_depth_stride, secondPitch: extents.b_pitch, secondDistance: 0,
        resultPitch: extents.result_pitch)
    func shifted(_ values: [Double], by offset: Int) -> [Scalar] {
        [Scalar](repeating: Scalar(untouched), count: 2 * offset) + values.map { Scalar($0) }
    }
    var (a, b) = (shifted(test.placedA, by: 3), shifted(test.placedB, by: 1))
    var result = shifted(test.placedResult(test.before), by: 5)
    withRegion(&a) { a in
        withRegion(&b) { b in
            withRegion(&result) { result in
                product.multiply(
                    a, at: 3, b, at: 1,
                    conjugate: test.conjugate == CK_FIRST ? .first : test.conjugate == CK_SECOND ? .second : .neither,
                    into: result, at: 5, accumulate: test.accumulate)
            }
        }
    }
    let expected = [Double](repeating: untouched, count: 10) + test.placedResult(test.expected)
    return result.count == expected.count
        && zip(result, expected).allSatisfy { value, expected in
            abs(Double(value) - expected) <= (expected == untouched ? 0 : test.tolerance(Scalar.self))
        }
}

@Suite struct MatrixProductTests {
    @Test(arguments: instructionSets) func bitsDoNotDependOnHowAProductIsCut(_ instructionSet: Int32) {
        #expect(partsEqualTheWhole(Float.kernels(instructionSet)))
        #expect(partsEqualTheWhole(Double.kernels(instructionSet)))
    }

    @Test(arguments: instructionSets) func rowsAndColumnsKeepTheirNaN(_ instructionSet: Int32) {
        #expect(containsNaN(Float.kernels(instructionSet)))
        #expect(containsNaN(Double.kernels(instructionSet)))
    }

    @Test(arguments: instructionSets) func nothingOutsideIsTouched(_ instructionSet: Int32) {
        staysInside(Float.kernels(instructionSet))
        staysInside(Double.kernels(instructionSet))
    }

    @Test func regionsAndOffsetsReachTheKernel() {
        var generator = SeededGenerator(seed: 7)
        for index in 0..<24 {
            let test = MatrixProductCase(
                rows: 1 + index % 9, depth: index % 5 * 4, columns: 1 + index * 7 % 23, conjugate: Int32(index % 3),
                accumulate: index.isMultiple(of: 2), transposed: index % 4 < 2, &generator)
            #expect(matches(test, Float.self), "\(test.extents)")
            #expect(matches(test, Double.self), "\(test.extents)")
        }
    }

    @Test func anEmptyDepthIsZero() {
        let product = MatrixProduct(
            rows: 2, depth: 0, columns: 3, rowStride: 0, depthStride: 1, secondPitch: 3, secondDistance: 0,
            resultPitch: 3)
        var (empty, result) = ([Double](), [Double](repeating: 1, count: 12))
        for (accumulate, expected) in [(true, 1.0), (false, 0)] {
            withRegion(&empty) { empty in
                withRegion(&result) { result in
                    product.multiply(
                        empty, at: 0, empty, at: 0, conjugate: .neither, into: result, at: 0, accumulate: accumulate)
                }
            }
            #expect(result == [Double](repeating: expected, count: 12))
        }
    }

    // MARK: Traps

    @Test func matricesOutsideTheirRegionsTrap() async {
        await #expect(processExitsWith: trap) { multiply(first: 1) }
        await #expect(processExitsWith: trap) { multiply(second: 1) }
        await #expect(processExitsWith: trap) { multiply(result: 1) }
        await #expect(processExitsWith: trap) { multiply(first: -1) }
        await #expect(processExitsWith: trap) { multiply(first: .max) }
        await #expect(processExitsWith: .success) { multiply() }
    }

    @Test func overlappingRowsAndNegativeExtentsTrap() async {
        await #expect(processExitsWith: trap) {
            _ = MatrixProduct(
                rows: 2, depth: 1, columns: 4, rowStride: 1, depthStride: 1, secondPitch: 4, secondDistance: 0,
                resultPitch: 3)
        }
        await #expect(processExitsWith: trap) {
            _ = MatrixProduct(
                rows: 2, depth: -1, columns: 4, rowStride: 1, depthStride: 1, secondPitch: 4, secondDistance: 0,
                resultPitch: 4)
        }
        await #expect(processExitsWith: trap) {
            _ = MatrixProduct(
                rows: 2, depth: 2, columns: 4, rowStride: -2, depthStride: 1, secondPitch: 4, secondDistance: 0,
                resultPitch: 4)
        }
    }
}

/// A product of 2×3 and 3×4 elements in regions that just hold them.
private func multiply(first: Int = 0, second: Int = 0, result: Int = 0) {
    let product = MatrixProduct(
        rows: 2, depth: 3, columns: 4, rowStride: 3, depthStride: 1, secondPitch: 4, secondDistance: 0, resultPitch: 4)
    var (a, b, c) = (
        [Float](repeating: 1, count: 12), [Float](repeating: 1, count: 24), [Float](repeating: 1, count: 16)
    )
    withRegion(&a) { a in
        withRegion(&b) { b in
            withRegion(&c) { c in
                product.multiply(
                    a, at: first, b, at: second, conjugate: .neither, into: c, at: result, accumulate: false)
            }
        }
    }
}
