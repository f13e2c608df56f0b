internal import CKernels

// Filters and their gradients by matrix products with a table of exponentials, one axis after the other. What the outer axis makes
// of few taps is large, so its bins are made where the product needs them, some at a time, and never lie in memory as a whole:
// taps → (all inner axes) `[inner bin][outer tap][depth][column]` → (outer axis) `[position][depth][column]`, and back.

extension ChannelTransform {
    /// Where the exponentials of an axis begin; 3 is the last axis with half weights.
    private func table(_ axis: Int) -> Int {
        let (extents, taps) = (layout.extents, layout.taps)
        let planes = extents.planes * taps.planes
        let rows = planes + extents.rows * taps.rows
        return axis == 0 ? 0 : axis == 1 ? planes : axis == 2 ? rows : rows + extents.length * taps.length
    }

    /// Transforms the filters of some depths over all axes but the outer one.
    ///
    /// - Parameters:
    ///   - first: The first tap of the first filter, in elements of `filters`; the taps of a filter are neighbours.
    ///   - distances: Elements from filter to filter of the next depth, and of the next column.
    ///   - columns: Columns there are; `pitch`, whole panels of them, are written for each depth.
    ///   - exponent: The power of two that the taps are multiplied by.
    ///   - spectra: Where inner bin 0 of outer tap 0 goes, in complex elements; tap follows tap, then bin follows bin, `stride` apart.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformTaps(
        _ filters: Elements<Scalar>, first: Int, distances: (depth: Int, column: Int), depths: Int, columns: Int,
        pitch: Int, exponent: Int, into spectra: SharedRegion<Scalar>, at offset: Int, stride: Int,
        _ scratch: SharedRegion<Scalar>
    ) {
        let (taps, count) = (layout.tapCount, depths * pitch)
        precondition(scratch.count >= 2 * layout.tapCount(columns: count), "scratch too small")
        precondition(depths >= 0 && columns >= 0 && columns <= pitch, "columns outside their rows")
        precondition(distances.depth >= 0 && distances.column >= 0, "a negative distance")
        guard depths > 0, columns > 0 else { return }
        filters.check(first, (depths - 1) * distances.depth + (columns - 1) * distances.column + taps)
        let packed = scratch[0..<taps * count]
        if columns < pitch { packed.fill(0) }
        for depth in 0..<depths {
            unsafe Scalar.transpose(
                filters.base + first + depth * distances.depth, distances.column, packed.base + depth * pitch, count,
                columns, taps)
        }
        if exponent != 0 { scale(packed, byPowerOfTwo: exponent) }
        let (P, R, half) = (layout.extents.planes, layout.extents.rows, layout.halfLength)
        let (p, r, s) = (layout.taps.planes, layout.taps.rows, layout.taps.length)
        let isVolume = P > 1
        let between = scratch[(taps * count + 1) / 2 * 2..<scratch.count]
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            let last = MatrixProduct(
                rows: half, depth: s, columns: count, rowStride: s, depthStride: 1, secondPitch: count,
                secondDistance: 0, resultPitch: isVolume ? count : layout.outer.taps * stride)
            for tap in 0..<p * r {
                last.multiplyReal(
                    tables, at: table(2), packed, at: tap * s * count, into: isVolume ? between : spectra,
                    at: isVolume ? tap * half * count : offset + tap * stride)
            }
            guard isVolume else { return }
            let rows = MatrixProduct(
                rows: R, depth: r, columns: count, rowStride: r, depthStride: 1, secondPitch: half * count,
                secondDistance: 0, resultPitch: half * p * stride)
            for plane in 0..<p {
                for bin in 0..<half {
                    rows.multiply(
                        tables, at: table(1), between, at: (plane * r * half + bin) * count, conjugate: .neither,
                        into: spectra, at: offset + (bin * p + plane) * stride, accumulate: false)
                }
            }
        }
    }

    /// Where the exponentials of the outer axis begin.
    private var outerTable: Int { layout.extents.planes > 1 ? table(0) : table(1) }

    /// Transforms filters over the outer axis: one inner bin, some positions.
    ///
    /// - Parameters:
    ///   - taps: What ``transformTaps(_:first:distances:depths:columns:pitch:exponent:into:at:stride:_:)`` wrote, as complex elements: outer
    ///     tap 0 of the inner bin is at `tapOffset`, the others `tapPitch` apart.
    ///   - positions: Both of every pair of opposites.
    ///   - count: Neighbouring elements of each tap, of all depths and columns.
    ///   - bins: Where the first position goes; the others lie `binPitch` elements apart.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformBins(
        _ taps: SharedRegion<Scalar>, at tapOffset: Int, tapPitch: Int, positions: Range<Int>, count: Int,
        into bins: SharedRegion<Scalar>, at binOffset: Int, binPitch: Int
    ) {
        let outer = layout.outer
        let singles = positions.clamped(to: 0..<outer.singleCount)
        let pairs = positions.clamped(to: outer.singleCount..<outer.extent)
        precondition((pairs.lowerBound - outer.singleCount) % 2 == 0 && pairs.count % 2 == 0, "half a pair")
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            func product(_ rows: Int, from stride: Int, to pitch: Int) -> MatrixProduct {
                MatrixProduct(
                    rows: rows, depth: outer.taps, columns: count, rowStride: stride * outer.taps, depthStride: 1,
                    secondPitch: tapPitch, secondDistance: 0, resultPitch: pitch)
            }
            if !singles.isEmpty {
                product(singles.count, from: outer.extent / 2, to: binPitch).multiply(
                    tables, at: outerTable + outer.bin(at: singles.lowerBound) * outer.taps, taps, at: tapOffset,
                    conjugate: .neither, into: bins, at: binOffset, accumulate: false)
            }
            guard !pairs.isEmpty else { return }
            let start = binOffset + singles.count * binPitch
            product(pairs.count / 2, from: 1, to: 2 * binPitch).multiplyOpposites(
                tables, at: outerTable + outer.bin(at: pairs.lowerBound) * outer.taps, taps, at: tapOffset, into: bins,
                at: start, opposite: start + binPitch)
        }
    }

    /// Makes of two opposite positions what the way back over the outer axis multiplies with real factors, where a position is the second
    /// of them: as soon as it is there, while both are near.
    ///
    /// - Parameters:
    ///   - bins: Position 0 is at `offset`, the others lie `binPitch` complex elements apart.
    ///   - count: Neighbouring elements of each position.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func foldBins(
        _ bins: SharedRegion<Scalar>, at offset: Int, binPitch: Int, second position: Int, count: Int
    ) {
        let pairs = position - layout.outer.singleCount
        guard pairs >= 0, pairs % 2 == 1 else { return }
        let end = offset + position * binPitch + count
        precondition(
            offset >= 0 && count >= 0 && count <= binPitch && 2 * end <= bins.count, "bins outside their memory")
        let first = unsafe bins.base + 2 * (offset + (position - 1) * binPitch)
        unsafe Scalar.foldOpposites(first, first + 2 * binPitch, count)
    }

    /// Transforms one inner bin of filter gradients back over the outer axis.
    ///
    /// - Parameters:
    ///   - bins: Folded. Position 0 is at `binOffset`, the others lie `binPitch` complex elements apart.
    ///   - count: Neighbouring elements of each position, whole panels.
    ///   - taps: Where outer tap 0 goes; the others lie `tapPitch` apart.
    ///   - accumulate: Whether to add to what is there.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreBins(
        _ bins: SharedRegion<Scalar>, at binOffset: Int, binPitch: Int, count: Int, into taps: SharedRegion<Scalar>,
        at tapOffset: Int, tapPitch: Int, accumulate: Bool
    ) {
        let outer = layout.outer
        let end = binOffset + (outer.extent - 1) * binPitch + count
        precondition(
            binOffset >= 0 && count >= 0 && count <= binPitch && 2 * end <= bins.count, "bins outside their memory")
        let product = ShiftedProduct(
            rows: outer.taps, columns: 2 * count, secondPitch: 2 * binPitch, resultPitch: 2 * tapPitch)
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            product.multiply(
                Elements(tables), at: 2 * layout.exponentialCount, outerOffsets, 0..<outer.extent, Elements(bins),
                at: 2 * binOffset, into: taps, at: 2 * tapOffset, accumulate: accumulate)
        }
    }

    /// Transforms one row of filter gradients back over all other axes, and writes the taps.
    ///
    /// - Parameters:
    ///   - spectra: Twice the Hermitian part, after the outer axis: inner bin 0 of outer tap 0 of column 0 is at `offset`, in
    ///     complex elements; tap follows tap, then bin follows bin, `stride` apart; columns are neighbours.
    ///   - first: Where the first tap of column 0 goes; tap follows tap.
    ///   - distance: Elements from column to column.
    ///   - factors: What taps are multiplied by, one after the other.
    ///   - column: Whether a column holds anything, and what its taps are not to fall below.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreTaps(
        _ spectra: SharedRegion<Scalar>, at offset: Int, stride: Int, columns: Int, pitch: Int,
        into array: SharedRegion<Scalar>, first: Int, distance: Int, factors: (Scalar, Scalar),
        _ scratch: SharedRegion<Scalar>, column: (Int) -> (isLive: Bool, floor: Scalar)
    ) {
        let taps = layout.tapCount
        precondition(scratch.count >= 2 * layout.restoreCount(columns: pitch) && scratch.isAligned, "scratch too small")
        precondition(columns > 0 && columns <= pitch && distance >= taps, "columns outside their rows")
        Elements(array).check(first, (columns - 1) * distance + taps)
        let packed = scratch[0..<taps * pitch]
        let between = scratch[(taps * pitch + 1) / 2 * 2..<scratch.count]
        let (P, R, half) = (layout.extents.planes, layout.extents.rows, layout.halfLength)
        let (p, r, s) = (layout.taps.planes, layout.taps.rows, layout.taps.length)
        let isVolume = P > 1
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            // From bins to taps: the tables conjugated and transposed.
            if isVolume {
                let rows = MatrixProduct(
                    rows: r, depth: R, columns: pitch, rowStride: 1, depthStride: r,
                    secondPitch: half * p * stride, secondDistance: 0, resultPitch: half * pitch)
                for plane in 0..<p {
                    for bin in 0..<half {
                        rows.multiply(
                            tables, at: table(1), spectra, at: offset + (bin * p + plane) * stride,
                            conjugate: .first, into: between, at: (plane * r * half + bin) * pitch, accumulate: false)
                    }
                }
            }
            let last = MatrixProduct(
                rows: s, depth: half, columns: pitch, rowStride: 1, depthStride: s,
                secondPitch: isVolume ? pitch : layout.outer.taps * stride, secondDistance: 0, resultPitch: pitch)
            for tap in 0..<p * r {
                last.correlateReal(
                    tables, at: table(3), isVolume ? between : spectra,
                    at: isVolume ? tap * half * pitch : offset + tap * stride, into: packed, at: tap * s * pitch)
            }
        }
        let target = unsafe array.base + first
        unsafe Scalar.transpose(packed.base, pitch, target, distance, taps, columns)
        var start = 0
        while start < columns {
            let (isLive, floor) = column(start)
            var end = start + 1
            // Mostly all are alike, and neighbours.
            while distance == taps, end < columns, column(end) == (isLive, floor) { end += 1 }
            for index in start * distance..<start * distance + (end - start) * taps {
                let value = unsafe target[index] * factors.1 * factors.0
                // Adding 0 leaves no −0.
                unsafe target[index] = isLive ? (value < floor ? floor : value) + 0 : 0
            }
            start = end
        }
    }
}
