import Foundation
import SpectralEngine
import Testing

/// A real field of twice as many positions along the lines, as the parts of a tile: its transform at the roots of ζ^H = i.
@Suite struct FoldedLinesTests {
    private static let shapes = [
        TileShape(planes: 1, rows: 6, length: 10, isFolded: true),
        TileShape(planes: 1, rows: 16, length: 16, isFolded: true),
        TileShape(planes: 1, rows: 21, length: 9, isFolded: true),
        TileShape(planes: 4, rows: 5, length: 6, isFolded: true),
        TileShape(planes: 16, rows: 3, length: 11, isFolded: true),
        TileShape(planes: 5, rows: 2, length: 8, isFolded: true),
    ]

    /// Positions along the lines, folded.
    private static func lineLength(_ shape: TileShape) -> Int { shape.planes > 1 ? shape.planes : shape.rows }
    /// Elements at each of them.
    private static func elementsOfLine(_ shape: TileShape) -> Int {
        shape.planes > 1 ? shape.rows * shape.length : shape.length
    }

    @Test(arguments: shapes) func transformsAreThoseOfTheWholeField(_ shape: TileShape) throws {
        try checkTransform(shape, Float.self)
        try checkTransform(shape, Double.self)
    }

    private func checkTransform<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) throws {
        var generator = SeededGenerator(seed: 3)
        let (H, width) = (Self.lineLength(shape), Self.elementsOfLine(shape))
        let halves = (0..<2).map { _ in generator.values(shape.pointCount).map { Double(Scalar($0)) } }
        let bench = try TransformBench<Scalar>(shape)
        bench.load(halves[0], halves[1])
        let bins = try bench.spectrum().bins(shape)
        // Along the lines by the definition, at ζ = exp(πi / 2H − 2πik / H), then over the other axes.
        var turned = [Complex](repeating: .zero, count: shape.pointCount)
        for k in 0..<H {
            for element in 0..<width {
                for n in 0..<2 * H {
                    let quarters = (n * (4 * H + 1 - 4 * k)) % (4 * H)
                    let angle = Double(quarters) * Double.pi / Double(2 * H)
                    let x = halves[n / H][n % H * width + element]
                    turned[k * width + element] =
                        turned[k * width + element] + Complex(real: x * cos(angle), imaginary: x * sin(angle))
                }
            }
        }
        let across = TileShape(planes: 1, rows: shape.planes > 1 ? shape.rows : 1, length: shape.length)
        let expected = (0..<H).flatMap { k in
            naiveTransform(Array(turned[k * width..<(k + 1) * width]), across)
        }
        #expect(relativeError(bins, expected) < 2 * transformTolerance(shape, Scalar.self))
        // And back, into both halves.
        bench.load(halves[0], halves[1])
        let field = bench.inverse(try bench.spectrum()).map {
            Complex(real: $0.real / Double(shape.pointCount), imaginary: $0.imaginary / Double(shape.pointCount))
        }
        #expect(relativeError(field, packed(halves[0], halves[1])) < 4 * transformTolerance(shape, Scalar.self))
    }

    /// Convolutions of 2H positions that change their sign where they wrap around.
    @Test(arguments: shapes, [1, 3]) func productsAreThoseOfTheWholeField(_ shape: TileShape, _ workers: Int) throws {
        try checkProducts(shape, workers, Float.self)
        try checkProducts(shape, workers, Double.self)
    }

    private func checkProducts<Scalar: ConvolutionScalar>(_ shape: TileShape, _ workers: Int, _: Scalar.Type) throws {
        var generator = SeededGenerator(seed: 4)
        let (H, width) = (Self.lineLength(shape), Self.elementsOfLine(shape))
        func halves() -> [[Double]] {
            (0..<2).map { _ in generator.values(shape.pointCount).map { Double(Scalar($0)) } }
        }
        let (x, w) = (halves(), halves())
        /// x(n)·w(m) at n − m or n + m, along the lines with the sign that wrapping around changes.
        func expected(correlation: Bool) -> [[Double]] {
            let (rows, length) = (shape.planes > 1 ? shape.rows : 1, shape.length)
            var result = [[Double]](repeating: [Double](repeating: 0, count: shape.pointCount), count: 2)
            for n in 0..<2 * H {
                for m in 0..<2 * H {
                    let place = correlation ? n - m : n + m
                    let (wrapped, sign) = ((place + 2 * H) % (2 * H), place < 0 || place >= 2 * H ? -1.0 : 1)
                    for i in 0..<width {
                        for j in 0..<width {
                            let step = correlation ? -1 : 1
                            let row = (i / length + step * (j / length) + rows) % rows
                            let column = (i % length + step * (j % length) + length) % length
                            result[wrapped / H][wrapped % H * width + row * length + column] +=
                                sign * x[n / H][n % H * width + i] * w[m / H][m % H * width + j]
                        }
                    }
                }
            }
            return result
        }
        let bench = try TransformBench<Scalar>(shape, tiles: 2, workers: workers)
        let (count, points) = (2 * shape.tileCount, Double(shape.pointCount))
        let scale = norm(x[0] + x[1]) * norm(w[0] + w[1])
        func isNear(_ actual: [Complex], _ expected: [[Double]]) -> Bool {
            let difference = zip(actual, packed(expected[0], expected[1])).map {
                Complex(real: $0.real / points - $1.real, imaginary: $0.imaginary / points - $1.imaginary)
            }
            return norm(difference) < 6 * transformTolerance(shape, Scalar.self) * scale
        }
        for conjugate in [false, true] {
            bench.load(x[0], x[1])
            bench.load(w[0], w[1], tile: 1)
            bench.withTiles { tiles, team in
                bench.transform.convolve(
                    tiles[0..<count], into: tiles[0..<count], boxes: (shape.box, shape.box), conjugate: conjugate,
                    with: tiles[count..<2 * count], shape.box, team)
            }
            #expect(isNear(bench.field(), expected(correlation: conjugate)), "conjugate: \(conjugate)")
        }
        bench.load(x[0], x[1])
        bench.load(w[0], w[1], tile: 1)
        bench.withTiles { tiles, team in
            bench.transform.correlate(
                tiles[0..<count], tiles[count..<2 * count], boxes: (shape.box, shape.box), kept: shape.box, team)
        }
        #expect(isNear(bench.field(), expected(correlation: true)))
    }

    @Test func theyHaveNoHalfSpectra() async {
        await #expect(processExitsWith: trap) {
            let bench = try TransformBench<Float>(TileShape(planes: 1, rows: 8, length: 8, isFolded: true))
            bench.load([Double](repeating: 0, count: 64), nil)
            _ = try bench.half()
        }
        await #expect(processExitsWith: trap) { _ = TileShape(planes: 1, rows: 1, length: 8, isFolded: true) }
        // What is not folded has half of the filter's lines made ready.
        await #expect(processExitsWith: trap) {
            let shape = TileShape(planes: 1, rows: 24, length: 24)
            let bench = try TransformBench<Float>(shape, tiles: 2)
            let count = 2 * shape.tileCount
            bench.withTiles { tiles, team in
                bench.transform.convolve(
                    tiles[0..<count], into: tiles[0..<count], boxes: (shape.box, shape.box), conjugate: false,
                    with: tiles[count..<2 * count], shape.box, team)
            }
        }
    }
}
