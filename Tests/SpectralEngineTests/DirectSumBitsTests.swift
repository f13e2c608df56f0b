import SpectralEngine
import Testing

/// Elements as bits.
private func isSame<T: BinaryFloatingPoint>(_ a: some Collection<T>, _ b: some Collection<T>) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 && $0.sign == $1.sign }
}

/// Values with all their bits in use, so that sums are rounded in both precisions.
private func thirds<T: KernelScalar>(_ count: Int, _ generator: inout SeededGenerator) -> [T] {
    generator.values(count).map { T($0) / 3 }
}

/// What sums are added to: nothing, or a value.
private func onto<T: KernelScalar>(_ generator: inout SeededGenerator) -> [T?] {
    let values: [T] = thirds(1, &generator)
    return [nil] + values
}

/// Some neighbours out of `count`, `multiple` at a time.
private func part(of count: Int, multiple: Int = 1, _ generator: inout SeededGenerator) -> Range<Int> {
    let first = generator.integer(in: 0...count / multiple - 1)
    return first * multiple..<generator.integer(in: first + 1...count / multiple) * multiple
}

/// The elements of some rows and columns.
private func elements<T>(_ whole: [T], _ rows: Range<Int>, _ columns: Range<Int>, of width: Int) -> [T] {
    rows.flatMap { whole[$0 * width + columns.lowerBound..<$0 * width + columns.upperBound] }
}

// MARK: - Cuts

private func shiftedPartsEqualTheWhole<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
    var generator = SeededGenerator(seed: 3)
    let multiple = ShiftedProduct.columnMultiple(scalarByteCount: MemoryLayout<T>.size)
    let (rows, width) = (30, 7 * multiple)
    let offsets = (0..<21).map { _ in Int32(generator.integer(in: 0...40)) }
    let (a, b): ([T], [T]) = (thirds(rows + 40, &generator), thirds(21 * width, &generator))
    return (onto(&generator) as [T?]).allSatisfy { before in
        let whole = kernels.shifted(a, offsets, b, rows: 0..<rows, columns: 0..<width, of: width, onto: before)
        return (0..<40).allSatisfy { _ in
            let (someRows, columns) = (part(of: rows, &generator), part(of: width, multiple: multiple, &generator))
            return isSame(
                kernels.shifted(a, offsets, b, rows: someRows, columns: columns, of: width, onto: before),
                elements(whole, someRows, columns, of: width))
        }
    }
}

/// - Parameter isCut: Whether a row above and one below are missing.
private func stencilPartsEqualTheWhole<T: KernelScalar>(
    _ kernels: Kernels<T>, layers: Int, _ tapRows: Int, taps: Int, isCut: Bool
) -> Bool {
    var generator = SeededGenerator(seed: UInt64(tapRows))
    var plane = StencilPlane<T>(rows: 30, columns: 70, layers: layers, tapRows: tapRows, taps: taps)
    plane.source = thirds(plane.source.count, &generator)
    plane.weights = thirds(plane.weights.count, &generator)
    if isCut { plane.presentRows = 1..<plane.presentRows.upperBound - 1 }
    let start: T = thirds(1, &generator)[0]
    return (onto(&generator) as [T?]).allSatisfy { before in
        let whole = kernels.apply(plane, rows: 0..<30, columns: 0..<70, start: start, onto: before)
        return (0..<30).allSatisfy { _ in
            let (rows, columns) = (part(of: 30, &generator), part(of: 70, &generator))
            return isSame(
                kernels.apply(plane, rows: rows, columns: columns, start: start, onto: before),
                elements(whole, rows, columns, of: 70))
        }
    }
}

// MARK: - Order

/// Powers of two of either sign: their products with anything are exact, so that only the order of sums makes bits.
private func powers<T: KernelScalar>(_ count: Int, _ generator: inout SeededGenerator) -> [T] {
    (0..<count).map { _ in T([-4, -2, -0.5, 0.25, 1, 8][generator.integer(in: 0...5)]) }
}

private func shiftedSumsAreInOrder<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
    var generator = SeededGenerator(seed: 5)
    let (rows, width) = (30, 7 * ShiftedProduct.columnMultiple(scalarByteCount: MemoryLayout<T>.size))
    let offsets = (0..<33).map { _ in Int32(generator.integer(in: 0...40)) }
    let a: [T] = thirds(rows + 40, &generator)
    let b: [T] = powers(33 * width, &generator)
    let sums = (0..<rows * width).map { index in
        offsets.indices.reduce(T(0)) { $0 + a[index / width + Int(offsets[$1])] * b[$1 * width + index % width] }
    }
    return (onto(&generator) as [T?]).allSatisfy { before in
        isSame(
            kernels.shifted(a, offsets, b, rows: 0..<rows, columns: 0..<width, of: width, onto: before),
            sums.map { sum in before.map { $0 + sum } ?? sum })
    }
}

private func stencilSumsAreInOrder<T: KernelScalar>(
    _ kernels: Kernels<T>, layers: Int, _ tapRows: Int, taps: Int
) -> Bool {
    var generator = SeededGenerator(seed: 6)
    var plane = StencilPlane<T>(rows: 18, columns: 70, layers: layers, tapRows: tapRows, taps: taps)
    plane.source = thirds(plane.source.count, &generator)
    plane.weights = powers(plane.weights.count, &generator)
    let start: T = thirds(1, &generator)[0]
    return (onto(&generator) as [T?]).allSatisfy { before in
        let expected = (0..<18 * 70).map { index in
            let sum = plane.weights.indices.reduce(before == nil ? start : 0) { sum, tap in
                let (layer, place) = tap.quotientAndRemainder(dividingBy: tapRows * taps)
                let (row, column) = (index / 70 + place / taps, index % 70 + place % taps)
                return sum + plane.weights[tap]
                    * plane.source[(layer * plane.sourceRows + row) * plane.sourceColumns + column]
            }
            return before.map { $0 + sum } ?? sum
        }
        return isSame(
            kernels.apply(plane, rows: 0..<18, columns: 0..<70, start: start, onto: before), expected)
    }
}

@Suite struct DirectSumBitsTests {
    @Test(arguments: instructionSets) func bitsOfProductsDoNotDependOnHowTheyAreCut(_ instructionSet: Int32) {
        #expect(shiftedPartsEqualTheWhole(Float.kernels(instructionSet)))
        #expect(shiftedPartsEqualTheWhole(Double.kernels(instructionSet)))
    }

    @Test(arguments: instructionSets) func bitsOfStencilsDoNotDependOnHowTheyAreCut(_ instructionSet: Int32) {
        for tapRows in [1, 2, 3, 4, 5, 7, 11] {
            for (taps, isCut) in [(tapRows, false), (tapRows, true), (1 + tapRows * 5 % 8, false), (6, true)]
            where tapRows > 1 || !isCut {
                for layers in [1, 3] {
                    func isWhole<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
                        stencilPartsEqualTheWhole(kernels, layers: layers, tapRows, taps: taps, isCut: isCut)
                    }
                    #expect(isWhole(Float.kernels(instructionSet)), "\(layers)x\(tapRows)x\(taps)")
                    #expect(isWhole(Double.kernels(instructionSet)), "\(layers)x\(tapRows)x\(taps)")
                }
            }
        }
    }

    @Test(arguments: instructionSets) func sumsAreMadeInOrder(_ instructionSet: Int32) {
        #expect(shiftedSumsAreInOrder(Float.kernels(instructionSet)))
        #expect(shiftedSumsAreInOrder(Double.kernels(instructionSet)))
        for (tapRows, taps) in [(1, 9), (2, 4), (3, 3), (3, 4), (4, 4), (5, 5), (5, 4), (7, 7), (7, 4), (8, 3)] {
            for layers in [1, 2, 6] {
                func isInOrder<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
                    stencilSumsAreInOrder(kernels, layers: layers, tapRows, taps: taps)
                }
                #expect(isInOrder(Float.kernels(instructionSet)), "\(layers)x\(tapRows)x\(taps)")
                #expect(isInOrder(Double.kernels(instructionSet)), "\(layers)x\(tapRows)x\(taps)")
            }
        }
    }
}
