import SpectralEngine

/// A transform, and memory for what its functions work on: tiles that lie one after the other, and a team's scratch.
final class TransformBench<Scalar: ConvolutionScalar> {
    let shape: TileShape
    let transform: PackedTransform<Scalar>
    private let tileCount: Int
    private let workers: Int
    private let word: UInt64
    private let tiles: GuardedMemory<Scalar>
    private let scratch: GuardedMemory<Scalar>

    /// - Parameter word: What all memory is filled with.
    init(
        _ shape: TileShape, tiles tileCount: Int = 1, workers: Int = 1, transform: PackedTransform<Scalar>? = nil,
        word: UInt64 = .max
    ) throws {
        self.shape = shape
        self.transform = try transform ?? PackedTransform(shape: shape)
        self.tileCount = tileCount
        self.workers = workers
        self.word = word
        tiles = try GuardedMemory(complexCount: tileCount * shape.tileCount, word: word)
        scratch = try GuardedMemory(complexCount: shape.scratchCount(fields: tileCount, workers: workers), word: word)
    }

    /// All tiles.
    func withTiles<Result>(
        _ body: (SharedRegion<Scalar>, TransformTeam<Scalar>) throws -> Result
    ) rethrows -> Result {
        try tiles.withRegion { tiles in
            try scratch.withRegion { try body(tiles, TransformTeam($0, shape, fields: tileCount, workers: workers)) }
        }
    }

    func withTile<Result>(
        _ tile: Int = 0, _ body: (SharedRegion<Scalar>, TransformTeam<Scalar>) throws -> Result
    ) rethrows -> Result {
        let count = 2 * shape.tileCount
        return try withTiles { try body($0[tile * count..<(tile + 1) * count], $1) }
    }

    func makeSpectrum() throws -> GuardedMemory<Scalar> {
        try GuardedMemory(complexCount: shape.spectrumCount, word: word)
    }

    func makeHalf() throws -> GuardedMemory<Scalar> { try GuardedMemory(complexCount: shape.halfCount, word: word) }

    // MARK: Forward

    @discardableResult
    func load(
        _ array: [Scalar], _ first: Window, _ second: Window?, tile: Int = 0, exponents: (Int, Int) = (0, 0),
        sanitising: Bool = false
    ) -> (FieldSummary, FieldSummary) {
        withTile(tile) {
            transform.load(
                array.span, WindowPair(first, second), into: $0, exponents: exponents, sanitising: sanitising, $1)
        }
    }

    /// Loads whole fields: the real parts, and the imaginary ones if there are any.
    func load(_ first: [Double], _ second: [Double]?, tile: Int = 0) {
        load(
            (first + (second ?? [])).map { Scalar($0) }, shape.window(shape.box, field: 0),
            second.map { _ in shape.window(shape.box, field: 1) }, tile: tile)
    }

    /// The spectrum of a loaded tile.
    func spectrum(_ box: TileBox? = nil, tile: Int = 0) throws -> GuardedMemory<Scalar> {
        let spectrum = try makeSpectrum()
        withTile(tile) { tile, team in
            spectrum.withRegion { transform.transformLines(tile, box ?? shape.box, into: $0, team) }
        }
        return spectrum
    }

    func spectrum(of field: [Complex]) throws -> GuardedMemory<Scalar> {
        load(field.map(\.real), field.map(\.imaginary))
        return try spectrum()
    }

    /// The half spectrum of a loaded tile that holds one field.
    func half(_ box: TileBox? = nil, tile: Int = 0, exponent: Int = 0) throws -> GuardedMemory<Scalar> {
        let half = try makeHalf()
        withTile(tile) { tile, team in
            half.withRegion { transform.transformHalf(tile, box ?? shape.box, into: $0, exponent: exponent, team) }
        }
        return half
    }

    func half(of field: [Double]) throws -> GuardedMemory<Scalar> {
        load(field, nil)
        return try half()
    }

    // MARK: Inverse

    func restore(_ spectrum: GuardedMemory<Scalar>, _ box: TileBox? = nil, tile: Int = 0) {
        withTile(tile) { tile, team in
            spectrum.withRegion { transform.restoreLines($0, into: tile, box ?? shape.box, team) }
        }
    }

    /// Stores windows of both parts of a tile as they are.
    func store(_ first: Window?, _ second: Window?, tile: Int = 0, into array: inout [Scalar]) {
        guard let either = first ?? second else { return }
        let result = PartResult(factors: (1, 1), floor: -.infinity, bias: 0)
        withRegion(&array) { array in
            withTile(tile) {
                transform.store(
                    $0, WindowPair(either, second), first == nil ? nil : result, second == nil ? nil : result,
                    into: array, $1)
            }
        }
    }

    /// The points of a tile that has been restored.
    func field(tile: Int = 0) -> [Complex] {
        var array = [Scalar](repeating: .nan, count: 2 * shape.pointCount)
        store(shape.window(shape.box, field: 0), shape.window(shape.box, field: 1), tile: tile, into: &array)
        return (0..<shape.pointCount).map {
            Complex(real: Double(array[$0]), imaginary: Double(array[$0 + shape.pointCount]))
        }
    }

    /// The inverse of a spectrum, times the number of points.
    func inverse(_ spectrum: GuardedMemory<Scalar>) -> [Complex] {
        restore(spectrum)
        return field()
    }
}

func randomField(_ shape: TileShape, seed: UInt64) -> [Complex] {
    var generator = SeededGenerator(seed: seed)
    return randomLine(shape.pointCount, &generator)
}

/// Keeps the samples in a box, the others are 0.
func pruned<Value>(_ field: [Value], _ shape: TileShape, _ box: TileBox, outside: Value) -> [Value] {
    field.indices.map { shape.contains($0, box) ? field[$0] : outside }
}

func relativeError(_ actual: [Complex], _ expected: [Complex]) -> Double {
    let scale = norm(expected)
    let error = norm(zip(actual, expected).map { $0 - $1 })
    return actual.count != expected.count ? .infinity : scale > 0 ? error / scale : error
}

func packed(_ first: [Double], _ second: [Double]) -> [Complex] {
    zip(first, second).map { Complex(real: $0, imaginary: $1) }
}
