internal import CKernels

/// The extents of one complex tile, and how it lies in memory.
///
/// Every problem is seen with three axes, absent ones having length 1. A tile is `planes × rows` rows of `length` bins,
/// `pitch` apart; the half of a Hermitian spectrum keeps bins `0 ... length/2` of every row. Axes of length 1 come first.
public struct TileShape: Hashable, Sendable {
    public let planes: Int
    public let rows: Int
    public let length: Int

    /// Complex elements from row to row: a multiple of 8, so that every row and every panel of columns is equally
    /// aligned, and no multiple of 4096 bytes, so that a column does not fall into one set of the cache.
    public let pitch: Int
    /// Complex elements from row to row of a half spectrum.
    public let halfPitch: Int
    /// Complex elements of a buffer that holds a tile in each of the layouts its transform goes through.
    public let bufferCount: Int
    /// Complex elements of the panels that lines are copied to.
    public let panelCount: Int

    /// The one line of a one-dimensional tile as a matrix, if it is long.
    let longLine: LongLineShape?

    public init(planes: Int, rows: Int, length: Int) {
        self.planes = planes
        self.rows = rows
        self.length = length
        pitch = Self.padded(length, rows: planes * rows)
        halfPitch = Self.padded(length / 2 + 1, rows: planes * rows)
        longLine = planes * rows == 1 ? LongLineShape(length) : nil
        if let longLine {
            bufferCount = max(length, longLine.bufferCount)
            panelCount = longLine.panelCount
        } else {
            let passes = TurningPass.all([planes, rows, length])
            bufferCount = passes.reduce(planes * rows * pitch) { max($0, $1.outputCount) }
            panelCount = Self.panelWidth * Self.panelPitch(max(planes, rows, length))
        }
    }

    /// Lengths of the lines that the passes of a transform run over; two for a long line, which is seen as a matrix.
    public var passLengths: [Int] {
        longLine.map { [$0.outer, $0.inner] } ?? [planes, rows, length].filter { $0 > 1 }
    }

    /// Complex elements of a tile.
    public var complexCount: Int { planes * rows * pitch }

    /// Complex elements of a half spectrum.
    public var halfCount: Int { planes * rows * halfPitch }

    /// Points of one transform.
    public var pointCount: Int { planes * rows * length }

    /// Lines of one panel: 8 complex f32 elements are a cache line.
    static let panelWidth = 8

    /// Complex elements from line to line of a panel: aligned, and no power of two apart.
    static func panelPitch(_ length: Int) -> Int { (length + 7) / 8 * 8 + 8 }

    static func padded(_ count: Int, rows: Int) -> Int {
        let multiple = (count + 7) / 8 * 8
        // 512 complex f32 elements are 4096 bytes.
        return rows > 1 && multiple % 512 == 0 ? multiple + 8 : multiple
    }

    var kernelShape: ck_shape {
        ck_shape(planes: planes, rows: rows, length: length, pitch: pitch, half_pitch: halfPitch)
    }
}
