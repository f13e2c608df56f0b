import CKernels
import SpectralEngine
import Testing

// What is asked of every kernel of direct sums, of those that read their operands in place.

private func thirds<T: KernelScalar>(_ count: Int, _ generator: inout SeededGenerator) -> [T] {
    generator.values(count).map { T($0) / 3 }
}

private func partsEqualTheWhole<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
    var generator = SeededGenerator(seed: 21)
    let places = (0..<23).map { _ in
        ck_place(a: Int32(generator.integer(in: 0...40)), b: Int32(generator.integer(in: 0...50)))
    }
    // So many rows that columns are copied for all of them, and for parts of them not.
    let (a, b): ([T], [T]) = (thirds(129 * 3 + 41, &generator), thirds(150, &generator))
    let whole = kernels.placed(a, b, places, pitch: 3, rows: 0..<130, columns: 0..<100)
    return (0..<60).allSatisfy { _ in
        let (row, column) = (generator.integer(in: 0...129), generator.integer(in: 0...99))
        let (rows, columns) = (
            row..<generator.integer(in: row + 1...130), column..<generator.integer(in: column + 1...100)
        )
        return kernels.placed(a, b, places, pitch: 3, rows: rows, columns: columns)
            == rows.flatMap { whole[$0 * 100 + columns.lowerBound..<$0 * 100 + columns.upperBound] }
    }
}

private func staysInside<T: KernelScalar>(_ kernels: Kernels<T>, atEnd: Bool) {
    let places = [ck_place(a: 0, b: 5), ck_place(a: 4, b: 0), ck_place(a: 2, b: 3)]
    for rows in 1...30 {
        for columns in [1, 7, 16, 17, 31, 33, 47, 64, 70] {
            var extents = ck_placed(rows: rows, depth: 3, columns: columns, a_pitch: 5, result_pitch: columns)
            withEdge([T](repeating: 1, count: (rows - 1) * 5 + 5), atEnd: atEnd) { a in
                withEdge([T](repeating: 1, count: columns + 5), atEnd: atEnd) { b in
                    withEdge([T](repeating: 0, count: rows * columns), atEnd: atEnd) { result in
                        kernels.multiplyPlaced(a, b, places, result, 1, &extents)
                    }
                }
            }
        }
    }
    let channels = 64 / MemoryLayout<T>.size
    for (rows, columns, tapRows, taps) in [(1, 1, 1, 1), (5, 7, 3, 3), (4, 17, 5, 9), (7, 7, 13, 13)] {
        var extents = ck_channel_stencil(
            rows: rows, columns: columns, tap_rows: tapRows, taps: taps, first_row: 0, last_row: rows + tapRows - 1,
            first_column: 0, last_column: columns + taps - 1, source_pitch: columns + taps - 1, result_pitch: columns,
            weight_pitch: taps, weight_step: 1)
        let count = (rows + tapRows - 1) * (columns + taps - 1)
        withEdge([T](repeating: 1, count: count * channels), atEnd: atEnd) { source in
            withEdge([T](repeating: 1, count: tapRows * taps * channels), atEnd: atEnd) { weights in
                withEdge([T](repeating: 1, count: rows * columns * channels), atEnd: atEnd) {
                    kernels.channelStencil(source, weights, $0, 1, &extents)
                    kernels.channelGradient(source, $0, weights, &extents)
                }
            }
        }
    }
}

/// A NaN reaches the results that read it, and no others.
private func containsNaN<T: KernelScalar>(_ kernels: Kernels<T>) -> Bool {
    let channels = 64 / MemoryLayout<T>.size
    let (rows, columns, tapRows, taps) = (5, 9, 3, 4)
    let extents = ck_channel_stencil(
        rows: rows, columns: columns, tap_rows: tapRows, taps: taps, first_row: 1, last_row: rows + 1, first_column: 2,
        last_column: columns + 1, source_pitch: columns + taps - 1, result_pitch: columns, weight_pitch: taps,
        weight_step: 1)
    let width = columns + taps - 1
    let weights = [T](repeating: 1, count: tapRows * taps * channels)
    return (0..<rows * (columns - 1)).allSatisfy { index in
        let (row, column, channel) = (1 + index / (columns - 1), 2 + index % (columns - 1), index % channels)
        var source = [T](repeating: 0, count: (rows + tapRows - 1) * width * channels)
        source[(row * width + column) * channels + channel] = .nan
        let gradient = kernels.gradient(
            extents, source, [T](repeating: 1, count: rows * columns * channels), count: weights.count)
        let isGradientRight = gradient.indices.allSatisfy { place in
            let (r, s) = (place / channels / taps, place / channels % taps)
            let isReached =
                place % channels == channel && (0..<rows).contains(row - r) && (0..<columns).contains(column - s)
            return gradient[place].isNaN == isReached
        }
        guard isGradientRight else { return false }
        let result = kernels.apply(extents, source, weights, count: rows * columns * channels)
        return result.indices.allSatisfy { place in
            let (q, j) = (place / channels / columns, place / channels % columns)
            let isReached =
                place % channels == channel && (0..<tapRows).contains(row - q) && (0..<taps).contains(column - j)
            return result[place].isNaN == isReached
        }
    }
}

@Suite struct DirectPlacesTests {
    @Test(arguments: instructionSets) func bitsDoNotDependOnHowProductsAreCut(_ instructionSet: Int32) {
        #expect(partsEqualTheWhole(Float.kernels(instructionSet)))
        #expect(partsEqualTheWhole(Double.kernels(instructionSet)))
    }

    @Test(arguments: instructionSets, [false, true])
    func nothingOutsideIsTouched(_ instructionSet: Int32, atEnd: Bool) {
        staysInside(Float.kernels(instructionSet), atEnd: atEnd)
        staysInside(Double.kernels(instructionSet), atEnd: atEnd)
    }

    @Test(arguments: instructionSets) func channelStencilsContainNaN(_ instructionSet: Int32) {
        #expect(containsNaN(Float.kernels(instructionSet)))
        #expect(containsNaN(Double.kernels(instructionSet)))
    }

    @Test func productsInPartsOfTheirDepthMatchTheirDefinition() {
        var generator = SeededGenerator(seed: 22)
        for index in 0..<24 {
            let test = PlacedProductCase(
                rows: 1 + index * 5 % 16, depth: index % 8, columns: 1 + index * 11 % 50,
                accumulate: index.isMultiple(of: 2), &generator)
            #expect(multiply(test, Float.self) == test.placedResult(test.expected), "\(test.extents)")
            #expect(multiply(test, Double.self) == test.placedResult(test.expected), "\(test.extents)")
        }
    }

    private func multiply<T: KernelScalar>(_ test: PlacedProductCase, _: T.Type) -> [Double] {
        let product = PlacedProduct(
            rows: test.extents.rows, columns: test.extents.columns, firstPitch: test.extents.a_pitch,
            resultPitch: test.extents.result_pitch)
        let places = DepthPlaces(first: test.places.map { Int($0.a) }, second: test.places.map { Int($0.b) })
        let (first, second) = (test.a.map { T($0) }, test.b.map { T($0) })
        var result = test.placedResult(test.before).map { T($0) }
        let cut = places.count / 3
        withElements(first.span) { a in
            withElements(second.span) { b in
                withRegion(&result) { result in
                    for depth in [0..<cut, cut..<places.count] {
                        product.multiply(
                            a, at: 0, b, at: 0, places, depth, into: result, at: 0,
                            accumulate: test.accumulate || depth.lowerBound > 0)
                    }
                }
            }
        }
        return result.map { Double($0) }
    }
}

/// What lies outside its memory stops the process before anything is touched.
@Suite struct DirectPlacesTrapTests {
    @Test func matricesOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { multiply() }
        await #expect(processExitsWith: trap) { multiply(first: 1) }
        await #expect(processExitsWith: trap) { multiply(first: -1) }
        await #expect(processExitsWith: trap) { multiply(second: 1) }
        await #expect(processExitsWith: trap) { multiply(second: -1) }
        await #expect(processExitsWith: trap) { multiply(result: 1) }
        await #expect(processExitsWith: trap) { multiply(result: -1) }
        await #expect(processExitsWith: trap) { multiply(depth: 0..<4) }
        await #expect(processExitsWith: trap) { multiply(depth: -1..<2) }
    }

    @Test func placesThatAreNoneTrap() async {
        await #expect(processExitsWith: trap) { _ = DepthPlaces(first: [-1], second: [0]) }
        await #expect(processExitsWith: trap) { _ = DepthPlaces(first: [0], second: [1 << 31]) }
        await #expect(processExitsWith: trap) { _ = DepthPlaces(first: [0], second: []) }
        await #expect(processExitsWith: trap) {
            _ = PlacedProduct(rows: 1, columns: 2, firstPitch: 1, resultPitch: 1)
        }
        await #expect(processExitsWith: trap) {
            _ = PlacedProduct(rows: -1, columns: 2, firstPitch: 1, resultPitch: 2)
        }
    }

    @Test func channelsOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { apply() }
        await #expect(processExitsWith: .success) { apply(origin: 5, step: -1) }
        await #expect(processExitsWith: trap) { apply(source: -1) }
        await #expect(processExitsWith: trap) { apply(result: -1) }
        await #expect(processExitsWith: trap) { apply(origin: 1) }
        await #expect(processExitsWith: trap) { apply(origin: -1) }
        await #expect(processExitsWith: trap) { apply(origin: 4, step: -1) }
        await #expect(processExitsWith: trap) { apply(taps: 0) }
        await #expect(processExitsWith: .success) { apply(isGradient: true) }
        await #expect(processExitsWith: .success) { apply(origin: 5, step: -1, isGradient: true) }
        await #expect(processExitsWith: trap) { apply(source: -1, isGradient: true) }
        await #expect(processExitsWith: trap) { apply(result: -1, isGradient: true) }
        await #expect(processExitsWith: trap) { apply(origin: 1, isGradient: true) }
        await #expect(processExitsWith: trap) { apply(origin: -1, isGradient: true) }
    }
}

/// Two rows of five columns, a depth of three.
private func multiply(first: Int = 0, second: Int = 0, result: Int = 0, depth: Range<Int> = 0..<3) {
    let product = PlacedProduct(rows: 2, columns: 5, firstPitch: 3, resultPitch: 5)
    var (a, b, c) = (
        [Float](repeating: 1, count: 6), [Float](repeating: 1, count: 9), [Float](repeating: 1, count: 10)
    )
    withRegion(&a) { a in
        withRegion(&b) { b in
            withRegion(&c) { c in
                product.multiply(
                    Elements(a), at: first, Elements(b), at: second,
                    DepthPlaces(first: [0, 2, 1], second: [4, 0, 1]), depth, into: c, at: result, accumulate: false)
            }
        }
    }
}

/// Three rows of five columns, three by two taps, in memory that just holds them, or has some lines more or fewer.
private func apply(
    source: Int = 0, origin: Int = 0, result: Int = 0, step: Int = 1, taps: Int = 2, isGradient: Bool = false
) {
    let stencil = ChannelStencil(
        rows: 3, columns: 5, tapRows: 3, taps: taps, sourceRows: 0..<5, sourceColumns: 0..<6, weightPitch: 2 * step,
        weightStep: step)
    var (x, w, y) = (
        [Double](repeating: 1, count: (30 + source) * 8), [Double](repeating: 1, count: 48),
        [Double](repeating: 1, count: (15 + result) * 8)
    )
    withRegion(&x) { x in
        withRegion(&w) { w in
            withRegion(&y) { y in
                if isGradient {
                    stencil.addGradient(Elements(x), at: 0, Elements(y), into: w, at: origin * 8)
                } else {
                    stencil.apply(Elements(x), at: 0, Elements(w), at: origin * 8, into: y, accumulate: false)
                }
            }
        }
    }
}
