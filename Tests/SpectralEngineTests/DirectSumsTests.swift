import SpectralEngine
import Testing

// Direct sums on regions and offsets against plain loops; what they are made of is exact, so they are equal.

/// Elements at an offset, between others that stay or that nobody reads.
private func shifted<T: KernelScalar>(_ values: [Double], by offset: Int, outside: Double) -> [T] {
    let margin = [T](repeating: T(outside), count: offset)
    return margin + values.map { T($0) } + margin
}

/// Whether a result lies at an offset, between elements that stayed.
private func isExact<T: KernelScalar>(_ actual: [T], _ expected: [Double], at offset: Int) -> Bool {
    actual.map { Double($0) } == shifted(expected, by: offset, outside: untouched)
}

private func productMatches<T: KernelScalar>(_ test: ShiftedProductCase, _: T.Type) -> Bool {
    let extents = test.extents
    let product = ShiftedProduct(
        rows: extents.rows, columns: extents.columns, secondPitch: extents.b_pitch, resultPitch: extents.result_pitch)
    let offsets = DepthOffsets(test.offsets.map { Int($0) })
    let (a, b): ([T], [T]) = (
        shifted(test.a, by: 3, outside: .nan), shifted(test.placedB, by: 5, outside: .nan)
    )
    var result: [T] = shifted(test.placedResult(test.before), by: 7, outside: untouched)
    // The depth in two parts, the second of which is added.
    let cut = offsets.count / 3
    withElements(a.span) { a in
        withElements(b.span) { b in
            withRegion(&result) { result in
                for depth in [0..<cut, cut..<offsets.count] {
                    product.multiply(
                        a, at: 3, offsets, depth, b, at: 5 + depth.lowerBound * extents.b_pitch, into: result, at: 7,
                        accumulate: test.accumulate || depth.lowerBound > 0)
                }
            }
        }
    }
    return isExact(result, test.placedResult(test.expected), at: 7)
}

private func makeStencil(_ test: StencilCase) -> Stencil {
    let extents = test.extents
    let first = extents.first_row
    return Stencil(
        rows: extents.rows, columns: extents.columns, layers: extents.layers, tapRows: extents.tap_rows,
        taps: extents.taps, sourceRows: first..<max(first, extents.last_row), sourcePitch: extents.source_pitch,
        resultPitch: extents.result_pitch, weightPitch: extents.weight_pitch, weightStep: extents.weight_step,
        sourceLayer: extents.source_layer, weightLayer: extents.weight_layer)
}

/// From the first row that is there to the last layer's last, at an offset; and the offset of row 0.
private func source<T: KernelScalar>(_ test: StencilCase, by offset: Int) -> (values: [T], origin: Int) {
    let pitch = test.extents.source_pitch
    let last = (test.extents.layers - 1) * test.extents.source_layer
    let (first, end) = (test.presentRows.lowerBound * pitch, last + test.presentRows.upperBound * pitch)
    let present = test.presentRows.isEmpty ? [] : Array(test.source[first..<min(end, test.source.count)])
    return (shifted(present, by: offset, outside: .nan), offset - first)
}

private func stencilMatches<T: KernelScalar>(_ test: StencilCase, _: T.Type) -> Bool {
    let stencil = makeStencil(test)
    let source: (values: [T], origin: Int) = source(test, by: 3)
    let taps = test.placedTaps(test.weights, between: .nan)
    let weights: [T] = shifted(taps.values, by: 5, outside: .nan)
    return [false, true].allSatisfy { accumulate in
        var result: [T] = shifted(test.placedField(test.field, between: untouched), by: 7, outside: untouched)
        withElements(source.values.span) { elements in
            withElements(weights.span) { weights in
                withRegion(&result) { result in
                    stencil.apply(
                        elements, at: source.origin, weights, at: 5 + taps.origin, into: result, at: 7,
                        accumulate: accumulate, start: T(test.start))
                }
            }
        }
        return isExact(result, test.placedField(test.expected(accumulate: accumulate), between: untouched), at: 7)
    }
}

private func gradientMatches<T: KernelScalar>(_ test: StencilCase, _: T.Type) -> Bool {
    let stencil = makeStencil(test)
    let source: (values: [T], origin: Int) = source(test, by: 3)
    let gradient: [T] = shifted(test.placedField(test.field, between: .nan), by: 5, outside: .nan)
    let before = test.placedTaps(test.weights, between: untouched)
    var taps: [T] = shifted(before.values, by: 7, outside: untouched)
    withElements(source.values.span) { elements in
        withElements(gradient.span) { gradient in
            withRegion(&taps) { taps in
                stencil.addGradient(
                    elements, at: source.origin, gradient, at: 5, into: taps, at: 7 + before.origin)
            }
        }
    }
    return isExact(taps, test.placedTaps(test.expectedGradient, between: untouched).values, at: 7)
}

@Suite struct DirectSumsTests {
    @Test func productsInPartsOfTheirDepthMatchTheirDefinition() {
        var generator = SeededGenerator(seed: 11)
        for index in 0..<24 {
            let test = ShiftedProductCase(
                rows: 1 + index * 5 % 16, depth: index % 8, columns: 16 * (1 + index % 3),
                accumulate: index.isMultiple(of: 2), &generator)
            #expect(productMatches(test, Float.self), "\(test.extents)")
            #expect(productMatches(test, Double.self), "\(test.extents)")
        }
    }

    @Test func columnsComeInWholeVectors() {
        #expect(ShiftedProduct.columnMultiple(scalarByteCount: 4) == 16)
        #expect(ShiftedProduct.columnMultiple(scalarByteCount: 8) == 8)
    }

    @Test func stencilsMatchTheirDefinition() {
        var generator = SeededGenerator(seed: 12)
        for index in 0..<60 {
            let (rows, tapRows) = (1 + index % 12, 1 + index * 3 % 8)
            let test = StencilCase(
                rows: rows, columns: 1 + index * 7 % 40, tapRows: tapRows, taps: 1 + index % 5,
                sourceRows: StencilCase.someRows(of: rows + tapRows - 1, index, &generator),
                step: [1, -1, 3][index / 3 % 3], &generator)
            #expect(stencilMatches(test, Float.self), "\(test.extents)")
            #expect(stencilMatches(test, Double.self), "\(test.extents)")
        }
    }

    @Test func gradientsMatchTheirDefinition() {
        var generator = SeededGenerator(seed: 13)
        for index in 0..<60 {
            let (rows, tapRows) = (1 + index % 12, 1 + index * 3 % 8)
            let test = StencilCase(
                rows: rows, columns: 1 + index * 7 % 40, tapRows: tapRows, taps: 1 + index % 7,
                sourceRows: StencilCase.someRows(of: rows + tapRows - 1, index, &generator), step: 1, &generator)
            #expect(gradientMatches(test, Float.self), "\(test.extents)")
            #expect(gradientMatches(test, Double.self), "\(test.extents)")
        }
    }

    // MARK: Nothing to sum

    @Test func aProductWithoutDepthIsZero() {
        let product = ShiftedProduct(rows: 2, columns: 8, secondPitch: 8, resultPitch: 8)
        var result = [Double](repeating: 1, count: 16)
        for (accumulate, expected) in [(true, 1.0), (false, 0)] {
            withElements([Double](repeating: .nan, count: 2).span) { a in
                withRegion(&result) {
                    product.multiply(
                        a, at: 0, DepthOffsets([]), 0..<0, a, at: 0, into: $0, at: 0, accumulate: accumulate)
                }
            }
            #expect(result == [Double](repeating: expected, count: 16))
        }
    }

    @Test func aStencilWithoutTapsOrRowsIsItsStart() {
        let empty = [Float]()
        for (layers, tapRows, taps, sourceRows) in [
            (1, 0, 0, 0..<4), (1, 3, 0, 0..<4), (1, 3, 2, 2..<2), (2, 3, 2, 9..<12), (0, 3, 2, 0..<4), (0, 1, 2, 0..<4),
        ] {
            let stencil = Stencil(
                rows: 3, columns: 5, layers: layers, tapRows: tapRows, taps: taps, sourceRows: sourceRows,
                sourcePitch: 6,
                resultPitch: 5, weightPitch: 2, weightStep: 1, sourceLayer: 0, weightLayer: 0)
            var (result, weights) = ([Float](repeating: 1, count: 15), [Float](repeating: 1, count: 6))
            withElements(empty.span) { source in
                withRegion(&weights) { weights in
                    withRegion(&result) { result in
                        stencil.apply(
                            source, at: 0, Elements(weights), at: 0, into: result, at: 0, accumulate: true, start: 4)
                        #expect((0..<15).allSatisfy { result[$0] == 1 })
                        stencil.addGradient(source, at: 0, Elements(result), at: 0, into: weights, at: 0)
                        stencil.apply(
                            source, at: 0, Elements(weights), at: 0, into: result, at: 0, accumulate: false, start: 4)
                    }
                }
            }
            #expect(result == [Float](repeating: 4, count: 15))
            #expect(weights == [Float](repeating: 1, count: 6))
        }
    }
}
