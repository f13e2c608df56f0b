import CKernels
import SpectralEngine
import Testing

// Memory that ends, or begins, where the process may touch nothing: what a kernel touches outside ends the process.

private func staysInsideMatrices<T: KernelScalar>(_ kernels: Kernels<T>, atEnd: Bool) {
    let multiple = ShiftedProduct.columnMultiple(scalarByteCount: MemoryLayout<T>.size)
    let offsets: [Int32] = [0, 5, 2]
    for rows in 1...30 {
        for columns in [multiple, 2 * multiple, 3 * multiple, 7 * multiple] {
            var extents = ck_shifted(rows: rows, depth: 3, columns: columns, b_pitch: columns, result_pitch: columns)
            withEdge([T](repeating: 1, count: rows + 5), atEnd: atEnd) { a in
                withEdge([T](repeating: 1, count: 3 * columns), atEnd: atEnd) { b in
                    withEdge([T](repeating: 0, count: rows * columns), atEnd: atEnd) { result in
                        kernels.multiplyShifted(a, offsets, b, result, 1, &extents)
                    }
                }
            }
        }
    }
}

/// The source has no memory for rows that are not there.
private func staysInsidePlanes<T: KernelScalar>(_ kernels: Kernels<T>, atEnd: Bool) {
    for (rows, tapRows, taps) in [(1, 1, 1), (8, 3, 3), (9, 5, 2), (12, 7, 7), (5, 4, 9)] {
        for columns in 1...70 {
            for missing in [0, 1, 2] where rows + tapRows - 1 > 2 * missing {
                var plane = StencilPlane<T>(rows: rows, columns: columns, tapRows: tapRows, taps: taps)
                plane.presentRows = missing..<rows + tapRows - 1 - missing
                let count = plane.presentRows.count * plane.sourceColumns
                var extents = plane.extents(rows: 0..<rows, columns: 0..<columns)
                withEdge([T](repeating: 1, count: count), atEnd: atEnd) { present in
                    withEdge(plane.weights, atEnd: atEnd) { weights in
                        withEdge([T](repeating: 1, count: rows * columns), atEnd: atEnd) { field in
                            let source = present - missing * plane.sourceColumns
                            kernels.stencil(source, weights, field, 1, 0, &extents)
                            kernels.stencilGradient(source, field, weights, &extents)
                        }
                    }
                }
            }
        }
    }
}

private func staysInsideRows<T: KernelScalar>(_ kernels: Kernels<T>, atEnd: Bool) {
    for (rows, columns) in (1...40).flatMap({ rows in [1, 7, 16, 33, 40].map { (rows, $0) } }) {
        let count = rows * columns
        withEdge([T](repeating: 1, count: count), atEnd: atEnd) { source in
            withEdge([T](repeating: 0, count: count), atEnd: atEnd) { target in
                kernels.transpose(source, columns, target, rows, rows, columns)
                var padding = ck_padding(
                    rows: rows, count: columns, before: 0, after: 0, source_pitch: columns, source_step: 1,
                    target_pitch: columns)
                kernels.pad(source, target, &padding)
                _ = kernels.magnitudes(source, count)
            }
        }
    }
    // Every second element, the last of them the last there is.
    for count in 1...70 {
        withEdge([T](repeating: 1, count: 2 * count - 1), atEnd: atEnd) { source in
            withEdge([T](repeating: 0, count: count), atEnd: atEnd) { target in
                var padding = ck_padding(
                    rows: 1, count: count, before: 0, after: 0, source_pitch: 0, source_step: 2, target_pitch: count)
                kernels.pad(source, target, &padding)
            }
        }
    }
}

@Suite struct DirectSumEdgeTests {
    @Test(arguments: instructionSets, [false, true])
    func nothingOutsideMatricesIsTouched(_ instructionSet: Int32, atEnd: Bool) {
        staysInsideMatrices(Float.kernels(instructionSet), atEnd: atEnd)
        staysInsideMatrices(Double.kernels(instructionSet), atEnd: atEnd)
    }

    @Test(arguments: instructionSets, [false, true])
    func nothingOutsidePlanesIsTouched(_ instructionSet: Int32, atEnd: Bool) {
        staysInsidePlanes(Float.kernels(instructionSet), atEnd: atEnd)
        staysInsidePlanes(Double.kernels(instructionSet), atEnd: atEnd)
    }

    @Test(arguments: instructionSets, [false, true])
    func nothingOutsideRowsIsTouched(_ instructionSet: Int32, atEnd: Bool) {
        staysInsideRows(Float.kernels(instructionSet), atEnd: atEnd)
        staysInsideRows(Double.kernels(instructionSet), atEnd: atEnd)
    }
}
