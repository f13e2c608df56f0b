internal import SpectralEngine

/// Where one worker turns rows of neighbouring channels' source planes into *lines* of channels, between zeros.
struct ChannelRows<Scalar: ConvolutionScalar> {
    let geometry: DirectGeometry
    /// Channels of a line.
    let width: Int
    /// Rows as `[row][column][channel]`, and the same between zeros.
    let turned: SharedRegion<Scalar>
    let padded: SharedRegion<Scalar>

    /// - Parameters:
    ///   - turned: Places of all workers, and elements of each.
    init(
        _ geometry: DirectGeometry, width: Int, _ scratch: SharedRegion<UInt8>, worker: Int, turned: (Booking, Int),
        padded: (Booking, Int)
    ) {
        self.geometry = geometry
        self.width = width
        self.turned = scratch.region(turned.0, of: Scalar.self).slice(worker, count: turned.1)
        self.padded = scratch.region(padded.0, of: Scalar.self).slice(worker, count: padded.1)
    }

    /// Turns the rows that are there of one layer of the source into ``padded``, where row 0 is the first one of the reach. Lanes without a
    /// channel hold 0: anything else might be subnormal, which takes a processor many times as long
    /// (`Docs/Measurements/2026-11-23-subnormals.md`).
    ///
    /// - Parameters:
    ///   - layer: Where the layer begins in the first channel's plane.
    ///   - stencil: That passes over all rows of the reach.
    ///   - exponent: Of the power of two that all are multiplied with.
    func turn(
        _ source: Elements<Scalar>, at layer: Int, _ part: DirectGeometry.Part, _ reach: ChannelReach,
        _ stencil: ChannelStencil, channels: Int, exponent: Int
    ) {
        let (rows, columns) = (reach.there, geometry.source.columns)
        let top = part.row.start + reach.firstRow + rows.lowerBound
        if channels < width { turned[0..<rows.count * columns * width].fill(0) }
        transpose(
            source, at: layer + top * columns, pitch: geometry.sourcePlane, into: turned, at: 0, pitch: width,
            rows: channels, columns: rows.count * columns)
        let there = stencil.sourceColumns
        let pitch = stencil.sourcePitch * width
        PaddedRows(
            rows: rows.count, before: there.lowerBound * width, count: there.count * width,
            after: pitch - there.upperBound * width, sourcePitch: columns * width, sourceStep: 1, pitch: pitch
        ).copy(
            Elements(turned), at: (part.column.start + there.lowerBound) * width, into: padded,
            at: rows.lowerBound * pitch)
        if exponent != 0 {
            scale(padded[rows.lowerBound * pitch..<rows.upperBound * pitch], byPowerOfTwo: exponent)
        }
    }
}

/// Which rows a band of results reaches of a part of the source, from its first one, and which of them are there.
struct ChannelReach {
    let firstRow: Int
    let there: Range<Int>
    let columns: Range<Int>

    init(_ rows: Range<Int>, _ part: DirectGeometry.Part, _ geometry: DirectGeometry) {
        firstRow = rows.lowerBound
        let inside = part.row.inside(geometry.source.rows)
        let height = rows.count + geometry.filter.rows - 1
        let first = min(max(inside.lowerBound - firstRow, 0), height)
        there = first..<max(min(inside.upperBound - firstRow, height), first)
        columns = part.column.inside(geometry.source.columns)
    }
}
