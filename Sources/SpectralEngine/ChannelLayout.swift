/// A number for each axis of a tile; 1 where an axis is absent.
public struct AxisCounts: Hashable, Sendable {
    public let planes: Int
    public let rows: Int
    public let length: Int

    public init(_ counts: (planes: Int, rows: Int, length: Int)) { (planes, rows, length) = counts }

    var product: Int { planes * rows * length }
}

/// The extents of a ``ChannelTransform``, and where its spectra lie.
public struct ChannelLayout: Hashable, Sendable {
    /// Of a tile.
    public let extents: AxisCounts
    /// Of a filter: its taps, and positions from tap to tap.
    public let taps: AxisCounts
    public let dilations: AxisCounts
    /// Complex elements from bin to bin of the spectra that are made, and of those that are transformed back.
    public let forwardStride: Int
    public let inverseStride: Int
    let shape: TileShape

    public init(
        _ shape: TileShape, taps: (Int, Int, Int), dilations: (Int, Int, Int), forwardStride: Int, inverseStride: Int
    ) {
        self.shape = shape
        extents = AxisCounts((shape.planes, shape.rows, shape.length))
        (self.taps, self.dilations) = (AxisCounts(taps), AxisCounts(dilations))
        (self.forwardStride, self.inverseStride) = (forwardStride, inverseStride)
    }

    public var pointCount: Int { extents.product }
    var tapCount: Int { taps.product }
    /// Bins of the last axis that a half spectrum keeps, and of all axes.
    public var halfLength: Int { extents.length / 2 + 1 }
    public var halfCount: Int { extents.planes * extents.rows * halfLength }

    /// The bin of a half bin, and its opposite.
    public func bins(ofHalf index: Int) -> (bin: Int, opposite: Int) {
        let (row, column) = index.quotientAndRemainder(dividingBy: halfLength)
        let (p, r) = row.quotientAndRemainder(dividingBy: extents.rows)
        let opposite = (extents.planes - p) % extents.planes * extents.rows + (extents.rows - r) % extents.rows
        return (row * extents.length + column, opposite * extents.length + (extents.length - column) % extents.length)
    }

    /// Whether a half bin's opposite is in the half spectrum too.
    public func isKeptTwice(half index: Int) -> Bool {
        let column = index % halfLength
        return column == 0 || 2 * column == extents.length
    }

    /// Exponentials that the filters' transforms keep.
    public var tableCount: Int {
        extents.planes * taps.planes + extents.rows * taps.rows + 2 * extents.length * taps.length
    }

    // MARK: Scratch of one worker, in complex elements

    /// Of one that loads or stores: eight channels, twice.
    public var panelCount: Int { 2 * 8 * pointCount }
    /// Of one that transforms filters or their gradients, of so many columns.
    public func filterCount(columns: Int) -> Int { 8 * tapPitch + (2 * tapCount + firstCount + secondCount) * columns }

    /// From channel to channel of a panel that holds the taps of eight.
    var tapPitch: Int { (tapCount + 7) / 8 * 8 }
    /// Rows of columns between the products over the last axis and those over rows, and between these and those over planes.
    var firstCount: Int { taps.planes * taps.rows * halfLength }
    var secondCount: Int { extents.planes > 1 ? taps.planes * extents.rows * halfLength : 0 }
}
