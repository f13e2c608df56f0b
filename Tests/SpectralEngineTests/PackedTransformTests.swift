import SpectralEngine
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Every length up to 40, lengths of each kind the pipelines use, and boxes whose axes take every path: no pass at all,
/// one contiguous line, panels of strided lines and of packed ones, with and without a rest.
private let shapes: [TileShape] =
    ((1...40) + [96, 100, 128, 160, 256]).map { TileShape(planes: 1, rows: 1, length: $0) }
    + [
        (1, 2, 2), (1, 3, 5), (1, 4, 8), (1, 7, 2), (1, 8, 8), (1, 9, 16), (1, 12, 10), (1, 16, 9), (1, 19, 6),
        (1, 32, 24), (1, 33, 7), (1, 64, 3), (1, 100, 12), (1, 128, 4), (1, 160, 8), (1, 256, 4), (1, 16, 64),
        (2, 1, 2), (5, 1, 3), (2, 2, 2), (2, 3, 4), (3, 5, 7), (4, 4, 4), (4, 8, 16), (5, 9, 11), (8, 8, 8), (9, 1, 5),
        (9, 16, 5), (16, 8, 6), (17, 3, 2), (130, 2, 3),
    ].map { TileShape(planes: $0.0, rows: $0.1, length: $0.2) }

private let boxes = shapes.filter { $0.rows > 1 || $0.planes > 1 }

private func randomField(_ shape: TileShape, seed: UInt64) -> [Complex] {
    var generator = SeededGenerator(seed: seed)
    return (0..<shape.pointCount).map { _ in Complex(real: generator.value(), imaginary: generator.value()) }
}

/// Keeps the samples in a box, the others are 0.
private func pruned(
    _ field: [Complex], _ shape: TileShape, planes: Range<Int>, rows: Range<Int>, columns: Range<Int>
) -> [Complex] {
    field.indices.map { point in
        let (row, column) = (point / shape.length, point % shape.length)
        let isKept = planes.contains(row / shape.rows) && rows.contains(row % shape.rows) && columns.contains(column)
        return isKept ? field[point] : .zero
    }
}

/// Some ranges of 0 ..< extent: empty, first, last, all but one at either end, all.
private func ranges(_ extent: Int) -> [Range<Int>] {
    Array(
        Set([0..<0, 0..<1, extent - 1..<extent, 1..<extent, 0..<extent - 1, 0..<extent, extent / 3..<extent * 2 / 3])
    )
    .sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
}

private func relativeError(_ actual: [Complex], _ expected: [Complex]) -> Double {
    let scale = norm(expected)
    let error = norm(zip(actual, expected).map { $0 - $1 })
    return scale > 0 ? error / scale : error
}

private func forwardError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let field = randomField(shape, seed: 1)
    let tile = try ScratchTile<Scalar>(shape, field)
    tile.forward(try PackedTransform<Scalar>(shape: shape))
    return relativeError(tile.field, naiveTransform(field, shape)) / transformTolerance(shape, Scalar.self)
}

private func roundTripError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let field = randomField(shape, seed: 2)
    let tile = try ScratchTile<Scalar>(shape, field)
    let transform = try PackedTransform<Scalar>(shape: shape)
    tile.forward(transform)
    tile.inverse(transform)
    let expected = field.map { $0 * Double(shape.pointCount) }
    return relativeError(tile.field, expected) / (2 * transformTolerance(shape, Scalar.self))
}

private func impulseError<Scalar: ConvolutionScalar>(_ length: Int, _: Scalar.Type) throws -> Double {
    let shape = TileShape(planes: 1, rows: 1, length: length)
    let impulses: [(position: Int, value: Complex)] = [
        (1, Complex(real: 1, imaginary: 0.5)), (length / 3, Complex(real: -0.25, imaginary: 1)),
        (length - 1, Complex(real: 0.5, imaginary: -1)),
    ]
    var field = [Complex](repeating: .zero, count: length)
    for impulse in impulses { field[impulse.position] = impulse.value }
    let expected = (0..<length).map { bin in
        impulses.reduce(Complex.zero) { sum, impulse in
            let angle = -2 * Double.pi * Double(bin * impulse.position % length) / Double(length)
            return sum + impulse.value * Complex(real: cos(angle), imaginary: sin(angle))
        }
    }
    let tile = try ScratchTile<Scalar>(shape, field)
    tile.forward(try PackedTransform<Scalar>(shape: shape))
    return relativeError(tile.field, expected) / transformTolerance(shape, Scalar.self)
}

/// The largest error over all pruned ranges, forward and inverse, relative to its tolerance.
private func pruningError<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws -> Double {
    let field = randomField(shape, seed: 3)
    let transform = try PackedTransform<Scalar>(shape: shape)
    let whole = try ScratchTile<Scalar>(shape, field)
    whole.inverse(transform)
    var largest = 0.0
    for planes in ranges(shape.planes) {
        for rows in ranges(shape.rows) {
            for columns in ranges(shape.length) {
                let some = pruned(field, shape, planes: planes, rows: rows, columns: columns)
                let unpruned = try ScratchTile<Scalar>(shape, some)
                unpruned.forward(transform)
                let tile = try ScratchTile<Scalar>(shape, some)
                tile.forward(transform, planes: planes, rows: rows, columns: columns)
                largest = max(largest, relativeError(tile.field, unpruned.field))
            }
            let tile = try ScratchTile<Scalar>(shape, field)
            tile.inverse(transform, planes: planes, rows: rows)
            let all = 0..<shape.length
            let kept = pruned(tile.field, shape, planes: planes, rows: rows, columns: all)
            let expected = pruned(whole.field, shape, planes: planes, rows: rows, columns: all)
            // Dropped rows hold anything, so the error is relative to the whole field.
            largest = max(largest, norm(zip(kept, expected).map { $0 - $1 }) / norm(whole.field))
        }
    }
    return largest / (2 * transformTolerance(shape, Scalar.self))
}

@Suite struct PackedTransformTests {
    @Test(arguments: shapes) func forwardMatchesTheDefinition(_ shape: TileShape) throws {
        #expect(try forwardError(shape, Float.self) <= 1)
        #expect(try forwardError(shape, Double.self) <= 1)
    }

    @Test(arguments: shapes) func inverseOfForwardIsThePointCountTimesTheField(_ shape: TileShape) throws {
        #expect(try roundTripError(shape, Float.self) <= 1)
        #expect(try roundTripError(shape, Double.self) <= 1)
    }

    /// Long lines are transformed as matrices; a few impulses have a spectrum that needs no slow definition.
    @Test(arguments: [8192, 10240, 12288, 16384, 20480, 65536, 98304])
    func longLinesMatchTheDefinition(_ length: Int) throws {
        #expect(try impulseError(length, Float.self) <= 1)
        #expect(try impulseError(length, Double.self) <= 1)
        let shape = TileShape(planes: 1, rows: 1, length: length)
        #expect(try roundTripError(shape, Float.self) <= 1)
        #expect(try roundTripError(shape, Double.self) <= 1)
    }

    @Test(arguments: boxes.filter { $0.pointCount <= 300 })
    func prunedBoxesChangeNothing(_ shape: TileShape) throws {
        #expect(try pruningError(shape, Float.self) <= 1)
        #expect(try pruningError(shape, Double.self) <= 1)
    }

    @Test func twoThreadsGetEqualBitsFromOneTransform() throws {
        for shape in [TileShape(planes: 1, rows: 24, length: 40), TileShape(planes: 4, rows: 9, length: 16)] {
            let transform = try PackedTransform<Float>(shape: shape)
            let field = randomField(shape, seed: 4)
            let reference = try ScratchTile<Float>(shape, field)
            reference.forward(transform)
            let expected = reference.field
            let different = Mutex(0)
            try Workers.run(count: 2, blocks: 40) { _, _ in
                let tile = try ScratchTile<Float>(shape, field)
                tile.forward(transform)
                if tile.field != expected { different.withLock { $0 += 1 } }
            }
            #expect(different.withLock { $0 } == 0)
        }
    }

    @Test func plansAreMadeUsedAndDestroyedByFourThreadsAtOnce() throws {
        let end = ContinuousClock.now + .seconds(1)
        let wrong = Mutex(0)
        try Workers.run(count: 4, blocks: 4) { block, _ in
            func storm<Scalar: ConvolutionScalar>(_: Scalar.Type) throws {
                var generator = SeededGenerator(seed: UInt64(block))
                while ContinuousClock.now < end {
                    let shape = TileShape(
                        planes: generator.integer(in: 1...4), rows: generator.integer(in: 1...20),
                        length: generator.integer(in: 2...48))
                    let transform = try PackedTransform<Scalar>(shape: shape)
                    // The transform of an impulse at 0 is 1 everywhere.
                    let impulse = (0..<shape.pointCount).map { Complex(real: $0 == 0 ? 1 : 0, imaginary: 0) }
                    let tile = try ScratchTile<Scalar>(shape, impulse)
                    tile.forward(transform)
                    if tile.field.contains(where: { ($0 - Complex(real: 1, imaginary: 0)).squaredMagnitude > 1e-8 }) {
                        wrong.withLock { $0 += 1 }
                    }
                }
            }
            if block.isMultiple(of: 2) { try storm(Float.self) } else { try storm(Double.self) }
        }
        #expect(wrong.withLock { $0 } == 0)
    }

    @Test func aShapeBeyondTheLibrarysSizesIsRefused() {
        let shape = TileShape(planes: 1, rows: 1, length: 1 << 31)
        let refused = #expect(throws: PlanFailure.self) { try PackedTransform<Float>(shape: shape) }
        #expect(refused?.shape == shape)
        let many = TileShape(planes: 1 << 11, rows: 1 << 11, length: 1 << 9)
        #expect(throws: PlanFailure.self) { try PackedTransform<Double>(shape: many) }
        // Axes of length 1 come first.
        let unordered = TileShape(planes: 1, rows: 4, length: 1)
        #expect(throws: PlanFailure.self) { try PackedTransform<Double>(shape: unordered) }
    }

    @Test func rangesAndRegionsOutsideTheShapeTrap() async {
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 4, length: 8)
            let tile = try ScratchTile<Float>(shape)
            tile.forward(try PackedTransform<Float>(shape: shape), rows: 0..<5)
        }
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 2, rows: 4, length: 8)
            let tile = try ScratchTile<Double>(shape)
            tile.inverse(try PackedTransform<Double>(shape: shape), planes: -1..<1)
        }
        await #expect(processExitsWith: trap) {
            let tile = try ScratchTile<Float>(TileShape(planes: 1, rows: 4, length: 8))
            tile.forward(try PackedTransform<Float>(shape: TileShape(planes: 1, rows: 4, length: 16)))
        }
    }
}
