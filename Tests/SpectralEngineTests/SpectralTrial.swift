import SpectralEngine
import Testing

// What the tests of spectra and their products work on.

let productShapes: [TileShape] = [
    (1, 1, 1), (1, 1, 2), (1, 1, 3), (1, 1, 7), (1, 1, 16), (1, 1, 45), (1, 1, 3072), (1, 1, 3104), (1, 2, 2),
    (1, 3, 5),
    (1, 4, 8), (1, 9, 6), (1, 21, 17), (1, 8, 24), (1, 12, 10), (1, 16, 16), (2, 1, 3), (2, 3, 4), (3, 3, 5), (2, 4, 7),
    (4, 2, 6), (21, 2, 3),
    (3, 9, 18), (4, 21, 9),
].map { TileShape(planes: $0.0, rows: $0.1, length: $0.2) }

/// A few samples of a field that is 0 elsewhere: all of a small one.
typealias Taps<Value> = [(point: Int, value: Value)]

/// Random data of one shape.
struct Trial<Scalar: ConvolutionScalar> {
    let shape: TileShape
    private var generator: SeededGenerator

    init(_ shape: TileShape, _: Scalar.Type, seed: UInt64) {
        self.shape = shape
        generator = SeededGenerator(seed: seed)
    }

    func bench(tiles: Int = 1) throws -> TransformBench<Scalar> { try TransformBench(shape, tiles: tiles) }

    mutating func field() -> [Double] { generator.values(shape.pointCount) }

    mutating func complexField() -> [Complex] { randomLine(shape.pointCount, &generator) }

    private mutating func points() -> [Int] {
        shape.pointCount <= 50
            ? Array(0..<shape.pointCount) : (0..<8).map { _ in generator.integer(in: 0...shape.pointCount - 1) }
    }

    mutating func taps() -> Taps<Double> { points().map { ($0, generator.value()) } }

    mutating func complexTaps() -> Taps<Complex> {
        points().map { ($0, Complex(real: generator.value(), imaginary: generator.value())) }
    }

    mutating func box() -> TileBox {
        func range(_ extent: Int) -> Range<Int> {
            let start = generator.integer(in: 0...(extent - 1) / 2)
            return start..<generator.integer(in: start + 1...extent)
        }
        return TileBox(planes: range(shape.planes), rows: range(shape.rows), columns: range(shape.length))
    }

    func field(_ taps: Taps<Double>) -> [Double] {
        var field = [Double](repeating: 0, count: shape.pointCount)
        for tap in taps { field[tap.point] += tap.value }
        return field
    }

    func field(_ taps: Taps<Complex>) -> [Complex] {
        packed(field(taps.map { ($0.point, $0.value.real) }), field(taps.map { ($0.point, $0.value.imaginary) }))
    }

    /// Σₖ a[n ± k]·b[k] over the circle: the cross-correlation (+) or the convolution (−) with b.
    func circular(_ a: [Double], _ b: Taps<Double>, correlation: Bool) -> [Double] {
        let shifts = b.map { (correlation ? $0.point : shape.negated($0.point), $0.value) }
        return a.indices.map { n in shifts.reduce(0) { $0 + a[shape.sum(n, $1.0)] * $1.1 } }
    }

    /// Σₖ a[n + k]·conj(b[k]).
    func correlation(_ a: [Complex], _ b: Taps<Complex>) -> [Complex] {
        a.indices.map { n in b.reduce(Complex.zero) { $0 + a[shape.sum(n, $1.point)] * $1.value.conjugate } }
    }

    /// - Parameters:
    ///   - scale: What the result's error is relative to.
    ///   - transforms: Each adds its share; untangling, products and scaling add less than one more.
    func isNear(_ actual: [Complex], _ expected: [Complex], scale: Double, transforms: Int) -> Bool {
        let tolerance = Double(transforms + 1) * transformTolerance(shape, Scalar.self) * scale
        return actual.count == expected.count && norm(zip(actual, expected).map { $0 - $1 }) <= tolerance
    }

    /// The norm that the product of two spectra, transformed back without a factor, can have: ‖a ∗ b‖ ≤ √n·‖a‖·‖b‖.
    func productScale(_ a: Double, _ b: Double) -> Double {
        a * b * Double(shape.pointCount) * Double(shape.pointCount).squareRoot()
    }
}

/// Runs a check in both precisions.
func inBothPrecisions(
    _ shape: TileShape, seed: UInt64, _ float: (inout Trial<Float>) throws -> Bool,
    _ double: (inout Trial<Double>) throws -> Bool
) rethrows {
    var (single, wide) = (Trial(shape, Float.self, seed: seed), Trial(shape, Double.self, seed: seed))
    let isRight = (try float(&single), try double(&wide))
    #expect(isRight.0, "Float")
    #expect(isRight.1, "Double")
}
