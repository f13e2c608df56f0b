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
    public let outer: OuterAxis
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
        outer = OuterAxis(shape, taps: taps)
        (self.forwardStride, self.inverseStride) = (forwardStride, inverseStride)
    }

    public var pointCount: Int { extents.product }
    var tapCount: Int { taps.product }
    /// Bins of the last axis that a half spectrum keeps, and of all axes.
    public var halfLength: Int { extents.length / 2 + 1 }
    public var halfCount: Int { outer.extent * outer.innerCount }

    /// The bin at a position of the outer axis and an inner bin, and its opposite.
    public func bins(at position: Int, inner: Int) -> (bin: Int, opposite: Int) {
        let (row, column) = inner.quotientAndRemainder(dividingBy: halfLength)
        let outer = outer.bin(at: position)
        let (p, r) = extents.planes > 1 ? (outer, row) : (0, outer)
        let opposite = (extents.planes - p) % extents.planes * extents.rows + (extents.rows - r) % extents.rows
        return (
            (p * extents.rows + r) * extents.length + column,
            opposite * extents.length + (extents.length - column) % extents.length
        )
    }

    /// The bins at the next position, or the first one of the next inner bin; `nil` behind the last.
    public func bins(after position: Int, inner: Int) -> (bin: Int, opposite: Int)? {
        if position + 1 < outer.extent { return bins(at: position + 1, inner: inner) }
        return inner + 1 < outer.innerCount ? bins(at: 0, inner: inner + 1) : nil
    }

    /// Whether the opposites of an inner bin's bins are in the half spectrum too.
    public func isKeptTwice(inner: Int) -> Bool {
        let column = inner % halfLength
        return column == 0 || 2 * column == extents.length
    }

    /// What transforms keep, in complex elements: see ``Exponentials``.
    public var tableCount: Int { (shortTable(3) + 1) / 2 }
    /// Where the table of an axis, if its lines are short, begins among them, in elements; 3 is behind all.
    func shortTable(_ axis: Int) -> Int {
        let start = 2 * exponentialCount + outer.extent * outer.taps
        return [extents.planes, extents.rows, extents.length].prefix(axis).reduce(start) { place, length in
            length <= ShortLines.longest ? place + ShortLines.tableCount(length) : place
        }
    }
    var exponentialCount: Int {
        extents.planes * taps.planes + extents.rows * taps.rows + 2 * extents.length * taps.length
    }

    // MARK: Scratch of one worker, in complex elements

    /// Of one that loads or stores: eight channels, twice.
    public var panelCount: Int { 2 * 8 * panelPoints }
    /// Points from row to row of a panel: rows a multiple of 1 KiB apart would fall into a few sets of the nearest cache.
    var rowPitch: Int { extents.rows > 1 && extents.length % 16 == 0 ? extents.length + 1 : extents.length }
    /// Points of a channel in a panel, with those between its rows.
    var panelPoints: Int { extents.planes * extents.rows * rowPitch }
    /// Of one that transforms the taps of so many columns.
    public func tapCount(columns: Int) -> Int { (tapCount * columns + 1) / 2 + firstCount * columns }
    /// Of one that transforms so many columns back to taps.
    public func restoreCount(columns: Int) -> Int { tapCount(columns: columns) }
    /// Rows of columns between the products over the last axis and those over rows, where planes come after these.
    var firstCount: Int { extents.planes > 1 ? taps.planes * taps.rows * halfLength : 0 }
}
