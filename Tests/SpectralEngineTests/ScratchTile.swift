import SpectralEngine

extension TileShape {
    /// Where each point lies in a tile, in complex elements, in row-major order.
    var offsets: [Int] {
        (0..<planes * rows).flatMap { row in (0..<length).map { row * pitch + $0 } }
    }

    /// The point that stands for minus a point's coordinates, modulo the extents.
    func negated(_ point: Int) -> Int {
        let (column, row, plane) = (point % length, point / length % rows, point / length / rows)
        return ((planes - plane) % planes * rows + (rows - row) % rows) * length + (length - column) % length
    }

    /// The point whose coordinates are the sums of two points', modulo the extents.
    func sum(_ a: Int, _ b: Int) -> Int {
        let column = (a % length + b % length) % length
        let row = (a / length % rows + b / length % rows) % rows
        return ((a / length / rows + b / length / rows) % planes * rows + row) * length + column
    }
}

/// A tile and the scratch of its transforms, all filled with NaN, so that whoever reads what nobody has written is found out.
final class ScratchTile<Scalar: ConvolutionScalar> {
    let shape: TileShape
    private let tile: AlignedBuffer
    private let second: AlignedBuffer
    private let panel: AlignedBuffer

    init(_ shape: TileShape, _ field: [Complex]? = nil) throws {
        self.shape = shape
        tile = try AlignedBuffer(byteCount: 2 * shape.bufferCount * MemoryLayout<Scalar>.stride)
        second = try AlignedBuffer(byteCount: tile.byteCount)
        panel = try AlignedBuffer(byteCount: 2 * shape.panelCount * MemoryLayout<Scalar>.stride)
        tile.fill(with: .max)
        second.fill(with: .max)
        panel.fill(with: .max)
        if let field { self.field = field }
    }

    /// Real parts from the first field, imaginary ones from the second.
    convenience init(_ shape: TileShape, packing first: [Double], _ second: [Double]) throws {
        try self.init(shape, zip(first, second).map { Complex(real: $0, imaginary: $1) })
    }

    var field: [Complex] {
        get {
            tile.withSharedRegion(of: Scalar.self) { tile in
                shape.offsets.map { Complex(real: Double(tile[2 * $0]), imaginary: Double(tile[2 * $0 + 1])) }
            }
        }
        set {
            tile.withSharedRegion(of: Scalar.self) { tile in
                for (offset, value) in zip(shape.offsets, newValue) {
                    tile[2 * offset] = Scalar(value.real)
                    tile[2 * offset + 1] = Scalar(value.imaginary)
                }
            }
        }
    }

    func withRegion<Result>(_ body: (SharedRegion<Scalar>) throws -> Result) rethrows -> Result {
        try tile.withSharedRegion(of: Scalar.self, body)
    }

    func forward(
        _ transform: PackedTransform<Scalar>, planes: Range<Int>? = nil, rows: Range<Int>? = nil,
        columns: Range<Int>? = nil
    ) {
        withScratch { tile, other, scratch in
            if transform.isSourceInScratch { copy(tile, to: other) }
            transform.forward(tile, box: box(planes, rows, columns), scratch)
        }
    }

    func inverse(_ transform: PackedTransform<Scalar>, planes: Range<Int>? = nil, rows: Range<Int>? = nil) {
        withScratch { tile, other, scratch in
            let result = transform.inverse(tile, box: box(planes, rows, nil), scratch)
            if transform.isSourceInScratch { copy(result, to: tile) }
        }
    }

    private func box(_ planes: Range<Int>?, _ rows: Range<Int>?, _ columns: Range<Int>?) -> TileBox {
        TileBox(
            planes: planes ?? 0..<shape.planes, rows: rows ?? 0..<shape.rows, columns: columns ?? 0..<shape.length)
    }

    private func copy(_ source: SharedRegion<Scalar>, to target: SharedRegion<Scalar>) {
        for index in 0..<2 * shape.complexCount { target[index] = source[index] }
    }

    private func withScratch(
        _ body: (SharedRegion<Scalar>, SharedRegion<Scalar>, TransformScratch<Scalar>) -> Void
    ) {
        withRegion { tile in
            second.withSharedRegion(of: Scalar.self) { second in
                panel.withSharedRegion(of: Scalar.self) { panel in
                    body(tile, second, TransformScratch(buffer: second, panel: panel))
                }
            }
        }
    }
}

/// A half spectrum, filled with NaN at first.
final class ScratchHalf<Scalar: ConvolutionScalar> {
    let shape: TileShape
    private let buffer: AlignedBuffer

    init(_ shape: TileShape) throws {
        self.shape = shape
        buffer = try AlignedBuffer(byteCount: 2 * shape.halfCount * MemoryLayout<Scalar>.stride)
        buffer.fill(with: .max)
    }

    func withRegion<Result>(_ body: (SharedRegion<Scalar>) throws -> Result) rethrows -> Result {
        try buffer.withSharedRegion(of: Scalar.self, body)
    }

    /// Bins 0 ... length/2 of every row.
    var bins: [Complex] {
        withRegion { half in
            (0..<shape.planes * shape.rows).flatMap { row in
                (0...shape.length / 2).map { bin in
                    let offset = 2 * (row * shape.halfPitch + bin)
                    return Complex(real: Double(half[offset]), imaginary: Double(half[offset + 1]))
                }
            }
        }
    }
}

/// The bins of a whole spectrum that a half spectrum keeps.
func halfBins(_ spectrum: [Complex], _ shape: TileShape) -> [Complex] {
    (0..<shape.planes * shape.rows).flatMap { row in
        (0...shape.length / 2).map { spectrum[row * shape.length + $0] }
    }
}

/// Lends an array's elements as a region.
func withRegion<Scalar: ConvolutionScalar>(_ array: inout [Scalar], _ body: (SharedRegion<Scalar>) -> Void) {
    var span = array.mutableSpan
    span.withSharedRegion(body)
}
