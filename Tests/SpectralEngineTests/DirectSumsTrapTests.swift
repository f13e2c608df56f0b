import SpectralEngine
import Testing

/// Places are checked once a call, and what lies outside its memory stops the process before anything is touched.
@Suite struct DirectSumsTrapTests {
    @Test func matricesOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { multiply() }
        await #expect(processExitsWith: trap) { multiply(first: 1) }
        await #expect(processExitsWith: trap) { multiply(first: -1) }
        await #expect(processExitsWith: trap) { multiply(second: 1) }
        await #expect(processExitsWith: trap) { multiply(second: -1) }
        await #expect(processExitsWith: trap) { multiply(result: 1) }
        await #expect(processExitsWith: trap) { multiply(result: -1) }
        await #expect(processExitsWith: trap) { multiply(result: .max) }
    }

    @Test func depthsWithoutOffsetsTrap() async {
        await #expect(processExitsWith: trap) { multiply(depth: 1..<4) }
        await #expect(processExitsWith: trap) { multiply(depth: -1..<2) }
        await #expect(processExitsWith: trap) { _ = DepthOffsets([0, -1]) }
        await #expect(processExitsWith: trap) { _ = DepthOffsets([1 << 31]) }
    }

    @Test func brokenVectorsAndOverlappingRowsTrap() async {
        await #expect(processExitsWith: trap) { multiply(columns: 24) }
        await #expect(processExitsWith: trap) {
            _ = ShiftedProduct(rows: 1, columns: 12, secondPitch: 12, resultPitch: 12)
        }
        await #expect(processExitsWith: trap) {
            _ = ShiftedProduct(rows: 1, columns: 16, secondPitch: 15, resultPitch: 16)
        }
        await #expect(processExitsWith: trap) {
            _ = ShiftedProduct(rows: 1, columns: 16, secondPitch: 16, resultPitch: 15)
        }
        await #expect(processExitsWith: trap) {
            _ = ShiftedProduct(rows: -1, columns: 16, secondPitch: 16, resultPitch: 16)
        }
    }

    @Test func planesOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { apply() }
        await #expect(processExitsWith: .success) { apply(turned: true) }
        await #expect(processExitsWith: trap) { apply(source: 1) }
        await #expect(processExitsWith: trap) { apply(source: -1) }
        await #expect(processExitsWith: trap) { apply(weights: 1) }
        await #expect(processExitsWith: trap) { apply(weights: -1) }
        await #expect(processExitsWith: trap) { apply(weights: 1, turned: true) }
        await #expect(processExitsWith: trap) { apply(weights: -1, turned: true) }
        await #expect(processExitsWith: trap) { apply(result: 1) }
        await #expect(processExitsWith: trap) { apply(result: -1) }
        // One row more than there is memory for, above and below.
        await #expect(processExitsWith: trap) { apply(sourceRows: 0..<4) }
        await #expect(processExitsWith: trap) { apply(sourceRows: 1..<5) }
        // A layer more.
        await #expect(processExitsWith: .success) { apply(layers: 2) }
        await #expect(processExitsWith: trap) { apply(layers: 2, sourceLayer: 1) }
        await #expect(processExitsWith: trap) { apply(layers: 2, weightLayer: 1) }
        await #expect(processExitsWith: trap) { apply(layers: 2, weightLayer: -1) }
    }

    @Test func gradientsOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { addGradient() }
        await #expect(processExitsWith: trap) { addGradient(source: 1) }
        await #expect(processExitsWith: trap) { addGradient(source: -1) }
        await #expect(processExitsWith: trap) { addGradient(gradient: 1) }
        await #expect(processExitsWith: trap) { addGradient(gradient: -1) }
        await #expect(processExitsWith: trap) { addGradient(taps: 1) }
        await #expect(processExitsWith: trap) { addGradient(taps: -1) }
        await #expect(processExitsWith: trap) { addGradient(step: -1) }
    }

    @Test func negativeExtentsOfPlanesTrap() async {
        await #expect(processExitsWith: trap) { _ = stencil(rows: -1) }
        await #expect(processExitsWith: trap) { _ = stencil(sourcePitch: -6) }
        await #expect(processExitsWith: trap) { _ = stencil(layers: -1) }
        await #expect(processExitsWith: trap) { _ = stencil(layers: 2, sourceLayer: -1) }
        await #expect(processExitsWith: trap) {
            _ = Stencil(
                rows: 1, columns: 1, tapRows: 1, taps: -1, sourceRows: 0..<1, sourcePitch: 1, resultPitch: 1,
                weightPitch: 1, weightStep: 1)
        }
    }

    @Test func movesOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { turn() }
        await #expect(processExitsWith: trap) { turn(source: 1) }
        await #expect(processExitsWith: trap) { turn(source: -1) }
        await #expect(processExitsWith: trap) { turn(target: 2) }
        await #expect(processExitsWith: trap) { turn(target: -1) }
        // Rows that overlap, and rows before the first one: also where each has one element.
        await #expect(processExitsWith: trap) { turn(targetPitch: 2) }
        await #expect(processExitsWith: .success) { turn(targetPitch: 2, columns: 1) }
        await #expect(processExitsWith: trap) { turn(pitch: -1, columns: 1) }
        await #expect(processExitsWith: trap) { turn(pitch: -4) }
        await #expect(processExitsWith: .success) { move { pad($0, at: 0, step: 2, into: $1, at: 0, (1, 5, 4)) } }
        await #expect(processExitsWith: trap) { move { pad($0, at: 1, step: 2, into: $1, at: 0, (1, 5, 3)) } }
        await #expect(processExitsWith: trap) { move { pad($0, at: -1, step: 2, into: $1, at: 0, (1, 5, 3)) } }
        await #expect(processExitsWith: trap) { move { pad($0, at: 0, step: 2, into: $1, at: 1, (1, 5, 4)) } }
        await #expect(processExitsWith: trap) { move { pad($0, at: 0, step: 2, into: $1, at: -1, (1, 5, 4)) } }
        await #expect(processExitsWith: trap) { move { pad($0, at: 8, step: -1, into: $1, at: 0, (1, 5, 4)) } }
        await #expect(processExitsWith: trap) { move { pad($0, at: 0, step: 1, into: $1, at: 0, (-1, 5, 4)) } }
    }

    @Test func spreadsAndLooksOutsideTheirMemoryTrap() async {
        await #expect(processExitsWith: .success) { move { spread(row: $0, at: 5, into: $1, at: 0, step: 3) } }
        await #expect(processExitsWith: trap) { move { spread(row: $0, at: 6, into: $1, at: 0, step: 3) } }
        await #expect(processExitsWith: trap) { move { spread(row: $0, at: -1, into: $1, at: 0, step: 3) } }
        await #expect(processExitsWith: trap) { move { spread(row: $0, at: 5, into: $1, at: 1, step: 3) } }
        await #expect(processExitsWith: trap) { move { spread(row: $0, at: 5, into: $1, at: -1, step: 3) } }
        await #expect(processExitsWith: trap) { move { spread(row: $0, at: 5, into: $1, at: 9, step: -3) } }
        await #expect(processExitsWith: .success) { move { spreadTwo($0, pitch: 5, into: $1, pitch: 6) } }
        await #expect(processExitsWith: trap) { move { spreadTwo($0, pitch: 6, into: $1, pitch: 6) } }
        await #expect(processExitsWith: trap) { move { spreadTwo($0, pitch: 5, into: $1, pitch: 7) } }
        await #expect(processExitsWith: trap) { move { spreadTwo($0, pitch: -1, into: $1, pitch: 6) } }
        await #expect(processExitsWith: trap) { move { spreadTwo($0, pitch: 5, into: $1, pitch: -1) } }
        await #expect(processExitsWith: .success) { move { elements, _ in look(elements, at: 4, count: 5) } }
        await #expect(processExitsWith: trap) { move { elements, _ in look(elements, at: 5, count: 5) } }
        await #expect(processExitsWith: trap) { move { elements, _ in look(elements, at: -1, count: 5) } }
        await #expect(processExitsWith: trap) { move { elements, _ in look(elements, at: 4, count: -1) } }
    }
}

// MARK: - Calls in memory that just holds them

/// Two rows of 16 columns, a depth of three with offsets up to 4.
private func multiply(first: Int = 0, second: Int = 0, result: Int = 0, depth: Range<Int> = 0..<3, columns: Int = 16) {
    let product = ShiftedProduct(rows: 2, columns: columns, secondPitch: columns, resultPitch: columns)
    var (a, b, c) = (
        [Float](repeating: 1, count: 6), [Float](repeating: 1, count: 3 * columns),
        [Float](repeating: 1, count: 2 * columns)
    )
    withRegion(&a) { a in
        withRegion(&b) { b in
            withRegion(&c) { c in
                product.multiply(
                    Elements(a), at: first, DepthOffsets([4, 0, 1]), depth, Elements(b), at: second, into: c,
                    at: result, accumulate: false)
            }
        }
    }
}

/// Three rows of five columns, three by two taps; of five source rows of six columns, those from 1 to 3 by default.
private func stencil(
    rows: Int = 3, sourceRows: Range<Int> = 1..<4, sourcePitch: Int = 6, weightPitch: Int = 2, weightStep: Int = 1,
    layers: Int = 1, sourceLayer: Int = 0, weightLayer: Int = 0
) -> Stencil {
    Stencil(
        rows: rows, columns: 5, layers: layers, tapRows: 3, taps: 2, sourceRows: sourceRows, sourcePitch: sourcePitch,
        resultPitch: 5, weightPitch: weightPitch, weightStep: weightStep, sourceLayer: sourceLayer,
        weightLayer: weightLayer)
}

/// Memory for three source rows, six taps and 15 results.
private func withPlanes(_ body: (SharedRegion<Double>, SharedRegion<Double>, SharedRegion<Double>) -> Void) {
    var (source, taps, field) = (
        [Double](repeating: 1, count: 18), [Double](repeating: 1, count: 6), [Double](repeating: 1, count: 15)
    )
    withRegion(&source) { source in
        withRegion(&taps) { taps in
            withRegion(&field) { field in body(source, taps, field) }
        }
    }
}

private func apply(
    source: Int = 0, weights: Int = 0, result: Int = 0, sourceRows: Range<Int> = 1..<4, turned: Bool = false,
    layers: Int = 1, sourceLayer: Int = 0, weightLayer: Int = 0
) {
    let stencil = stencil(
        sourceRows: sourceRows, weightPitch: turned ? -2 : 2, weightStep: turned ? -1 : 1, layers: layers,
        sourceLayer: sourceLayer, weightLayer: weightLayer)
    withPlanes { plane, taps, field in
        stencil.apply(
            Elements(plane), at: -6 + source, Elements(taps), at: (turned ? 5 : 0) + weights, into: field, at: result,
            accumulate: false, start: 0)
    }
}

private func addGradient(source: Int = 0, gradient: Int = 0, taps tapOffset: Int = 0, step: Int = 1) {
    withPlanes { plane, taps, field in
        stencil(weightStep: step).addGradient(
            Elements(plane), at: -6 + source, Elements(field), at: gradient, into: taps, at: tapOffset)
    }
}

/// Nine elements that are read, ten that are written.
private func move(_ body: (Elements<Float>, SharedRegion<Float>) -> Void) {
    var (source, target) = ([Float](repeating: 1, count: 9), [Float](repeating: 1, count: 10))
    withRegion(&source) { source in
        withRegion(&target) { target in body(Elements(source), target) }
    }
}

/// Three rows of three columns, or of fewer.
private func turn(source: Int = 0, target: Int = 0, pitch: Int = 3, targetPitch: Int = 3, columns: Int = 3) {
    move {
        transpose(
            $0, at: source, pitch: pitch, into: $1, at: target, pitch: targetPitch, rows: 3,
            columns: columns)
    }
}

private func pad(
    _ source: Elements<Float>, at offset: Int, step: Int, into target: SharedRegion<Float>, at targetOffset: Int,
    _ extents: (before: Int, count: Int, after: Int)
) {
    PaddedRows(
        rows: 1, before: extents.before, count: extents.count, after: extents.after, sourcePitch: 0, sourceStep: step,
        pitch: 0
    ).copy(source, at: offset, into: target, at: targetOffset)
}

private func look(_ elements: Elements<Float>, at offset: Int, count: Int) {
    _ = Magnitudes(of: elements, at: offset, count: count)
}

private func spread(
    row source: Elements<Float>, at offset: Int, into target: SharedRegion<Float>, at place: Int, step: Int
) {
    spread(source, at: offset, pitch: 0, into: target, at: place, pitch: 0, step: step, rows: 1, count: 4)
}

private func spreadTwo(_ source: Elements<Float>, pitch: Int, into target: SharedRegion<Float>, pitch targetPitch: Int)
{
    spread(source, at: 0, pitch: pitch, into: target, at: 0, pitch: targetPitch, step: 1, rows: 2, count: 4)
}
