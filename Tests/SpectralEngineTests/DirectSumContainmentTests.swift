import CKernels
import SpectralEngine
import Testing

/// NaN and Inf among ones: a result is finite if and only if it reads none of them.
private func isContained<T: KernelScalar>(_ results: [T], _ isReached: (Int) -> Bool) -> Bool {
    results.indices.allSatisfy { results[$0].isFinite != isReached($0) }
}

private func shiftedContains<T: KernelScalar>(_ kernels: Kernels<T>, _ value: T) -> Bool {
    let (rows, width) = (17, 3 * ShiftedProduct.columnMultiple(scalarByteCount: MemoryLayout<T>.size))
    let offsets: [Int32] = [4, 0, 9]
    func product(_ a: [T], _ b: [T]) -> [T] {
        kernels.shifted(a, offsets, b, rows: 0..<rows, columns: 0..<width, of: width, onto: nil)
    }
    let (a, b) = ([T](repeating: 1, count: rows + 9), [T](repeating: 1, count: 3 * width))
    return a.indices.allSatisfy { place in
        var infected = a
        infected[place] = value
        return isContained(product(infected, b)) { offsets.contains(Int32(place - $0 / width)) }
    }
        && b.indices.allSatisfy { place in
            var infected = b
            infected[place] = value
            return isContained(product(a, infected)) { $0 % width == place % width }
        }
}

/// Places spread over a plane of `count` elements, and its ends.
private func places(_ count: Int) -> [Int] { Array(stride(from: 0, to: count, by: 1 + count / 61)) + [count - 1] }

private func stencilContains<T: KernelScalar>(_ kernels: Kernels<T>, _ value: T, tapRows: Int, columns: Int) -> Bool {
    var plane = StencilPlane<T>(rows: 9, columns: columns, tapRows: tapRows, taps: 4)
    // The first row and the last are not there.
    plane.presentRows = 1..<plane.presentRows.upperBound - 1
    func result(_ plane: StencilPlane<T>) -> [T] {
        kernels.apply(plane, rows: 0..<plane.rows, columns: 0..<columns, start: 1, onto: nil)
    }
    return places(plane.source.count).allSatisfy { place in
        var infected = plane
        infected.source[place] = value
        let (row, column) = (place / plane.sourceColumns, place % plane.sourceColumns)
        return isContained(result(infected)) { index in
            plane.presentRows.contains(row) && (0..<tapRows).contains(row - index / columns)
                && (0..<4).contains(column - index % columns)
        }
    }
        && plane.weights.indices.allSatisfy { tap in
            var infected = plane
            infected.weights[tap] = value
            return isContained(result(infected)) { plane.presentRows.contains($0 / columns + tap / 4) }
        }
}

private func gradientContains<T: KernelScalar>(_ kernels: Kernels<T>, _ value: T, tapRows: Int, columns: Int) -> Bool {
    var plane = StencilPlane<T>(rows: 6, columns: columns, tapRows: tapRows, taps: 5)
    plane.presentRows = 1..<plane.presentRows.upperBound - 1
    let gradient = [T](repeating: 1, count: plane.rows * columns)
    return places(plane.source.count).allSatisfy { place in
        var infected = plane
        infected.source[place] = value
        let (row, column) = (place / plane.sourceColumns, place % plane.sourceColumns)
        return isContained(kernels.gradient(infected, gradient)) { tap in
            plane.presentRows.contains(row) && (0..<plane.rows).contains(row - tap / 5)
                && (0..<columns).contains(column - tap % 5)
        }
    }
        && places(gradient.count).allSatisfy { place in
            var infected = gradient
            infected[place] = value
            return isContained(kernels.gradient(plane, infected)) {
                plane.presentRows.contains(place / columns + $0 / 5)
            }
        }
}

@Suite struct DirectSumContainmentTests {
    @Test(arguments: instructionSets) func productsContainWhatIsNotFinite(_ instructionSet: Int32) {
        for value in [Float.nan, .infinity] { #expect(shiftedContains(Float.kernels(instructionSet), value)) }
        for value in [Double.nan, .infinity] { #expect(shiftedContains(Double.kernels(instructionSet), value)) }
    }

    @Test(arguments: instructionSets) func stencilsContainWhatIsNotFinite(_ instructionSet: Int32) {
        for (tapRows, columns) in [(2, 11), (3, 21), (5, 1), (7, 37)] {
            for value in [Double.nan, .infinity] {
                #expect(
                    stencilContains(Float.kernels(instructionSet), Float(value), tapRows: tapRows, columns: columns))
                #expect(stencilContains(Double.kernels(instructionSet), value, tapRows: tapRows, columns: columns))
            }
        }
    }

    @Test(arguments: instructionSets) func gradientsContainWhatIsNotFinite(_ instructionSet: Int32) {
        for (tapRows, columns) in [(2, 11), (3, 21), (5, 1), (7, 19)] {
            for value in [Double.nan, .infinity] {
                #expect(
                    gradientContains(Float.kernels(instructionSet), Float(value), tapRows: tapRows, columns: columns))
                #expect(gradientContains(Double.kernels(instructionSet), value, tapRows: tapRows, columns: columns))
            }
        }
    }

    @Test(arguments: instructionSets) func movesAndLargestSeeEveryKindOfNumber(_ instructionSet: Int32) {
        expectKinds(Float.kernels(instructionSet))
        expectKinds(Double.kernels(instructionSet))
    }

    private func expectKinds<T: KernelScalar>(_ kernels: Kernels<T>) {
        let kinds: [T] = [
            .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, -.greatestFiniteMagnitude,
            .infinity,
            -.infinity, .nan, -0.0,
        ]
        // Each value alone at each place, long enough for whole vectors and a rest.
        for value in kinds {
            for place in 0..<37 {
                var values = [T](repeating: 0, count: 37)
                values[place] = value
                let found = kernels.magnitudes(values, 37)
                let magnitude = abs(Double(value))
                #expect(found.largest == (value.isFinite ? magnitude : 0), "\(value) at \(place)")
                #expect(found.least == (value.isFinite && value != 0 ? magnitude : .infinity), "\(value) at \(place)")
                #expect(found.non_finite == (value.isFinite ? 0 : 1), "\(value) at \(place)")
            }
        }
        let values = (0..<39).map { kinds[$0 % kinds.count] }
        var (column, padded) = ([T](repeating: 1, count: 39), [T](repeating: 1, count: 41))
        kernels.transpose(values, 39, &column, 1, 1, 39)
        var padding = ck_padding(
            rows: 1, count: 39, before: 1, after: 1, source_pitch: 0, source_step: 1, target_pitch: 0)
        kernels.pad(values, &padded, &padding)
        #expect(zip(values, column).allSatisfy { isSame($0, $1) })
        #expect(zip([0] + values + [0], padded).allSatisfy { isSame($0, $1) })
    }

    private func isSame<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> Bool {
        a.isNaN ? b.isNaN : a == b && a.sign == b.sign
    }
}
