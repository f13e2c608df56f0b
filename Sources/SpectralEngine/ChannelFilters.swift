internal import CKernels

// Filters and their gradients by matrix products with a table of exponentials, one axis after the other: from taps to half bins
// and back.

extension ChannelTransform {
    /// Where the exponentials of an axis begin; 3 is the last axis with half weights.
    private func table(_ axis: Int) -> Int {
        let (extents, taps) = (layout.extents, layout.taps)
        let planes = extents.planes * taps.planes
        let rows = planes + extents.rows * taps.rows
        return axis == 0 ? 0 : axis == 1 ? planes : axis == 2 ? rows : rows + extents.length * taps.length
    }

    /// Transforms the filters of one depth.
    ///
    /// - Parameters:
    ///   - column: The first tap of a column's filter, in elements of `filters`; its taps are neighbours.
    ///   - columns: Columns there are; `pitch`, whole panels of them, is the distance of the rows of `spectra`.
    ///   - exponent: The power of two that the taps are multiplied by.
    ///   - spectra: Where half bin 0 goes, in complex elements; half bins lie `stride` apart.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformFilters(
        _ filters: Span<Scalar>, column: (Int) -> Int, columns: Int, pitch: Int, exponent: Int,
        into spectra: SharedRegion<Scalar>, at offset: Int, stride: Int, _ scratch: SharedRegion<Scalar>
    ) {
        let factors = powersOfTwo(exponent, Scalar.self)
        let taps = layout.tapCount
        precondition(scratch.count >= 2 * layout.filterCount(columns: pitch) && scratch.isAligned, "scratch too small")
        let line = layout.tapPitch
        let panel = scratch[0..<2 * 8 * line]
        let packed = scratch[2 * 8 * line..<2 * (8 * line + taps * pitch)]
        let rest = scratch[2 * (8 * line + taps * pitch)..<scratch.count]
        for first in Swift.stride(from: 0, to: pitch, by: 8) {
            for lane in 0..<8 {
                let start = unsafe panel.base + 2 * lane * line
                guard first + lane < columns else {
                    unsafe start.clear(count: 2 * line)
                    continue
                }
                let tap = column(first + lane)
                precondition(tap >= 0 && tap + taps <= filters.count, "a filter outside its array")
                for index in 0..<taps {
                    unsafe start[2 * index] = filters[tap + index] * factors.0 * factors.1
                    unsafe start[2 * index + 1] = 0
                }
            }
            unsafe Scalar.unpackPanel(panel.base, line, packed.base + 2 * first, pitch, taps)
        }
        let (P, R, half) = (layout.extents.planes, layout.extents.rows, layout.halfLength)
        let (p, r, s) = (layout.taps.planes, layout.taps.rows, layout.taps.length)
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            func product(_ taps: Int, rows: Int, secondPitch: Int, resultPitch: Int) -> MatrixProduct {
                MatrixProduct(
                    rows: rows, depth: taps, columns: pitch, rowStride: taps, depthStride: 1,
                    secondPitch: secondPitch, secondDistance: 0, resultPitch: resultPitch)
            }
            let isLine = P * R == 1
            // Last axis: from taps to half bins.
            let last = product(s, rows: half, secondPitch: pitch, resultPitch: isLine ? stride : pitch)
            for tap in 0..<p * r {
                last.multiply(
                    tables, at: table(2), packed, at: tap * s * pitch, conjugate: .neither,
                    into: isLine ? spectra : rest, at: isLine ? offset : tap * half * pitch, accumulate: false)
            }
            guard !isLine else { return }
            let isPlane = P == 1
            let second = layout.firstCount * pitch
            let middle = product(
                r, rows: R, secondPitch: half * pitch, resultPitch: isPlane ? half * stride : half * pitch)
            for plane in 0..<p {
                for bin in 0..<half {
                    middle.multiply(
                        tables, at: table(1), rest, at: (plane * r * half + bin) * pitch, conjugate: .neither,
                        into: isPlane ? spectra : rest,
                        at: isPlane ? offset + bin * stride : second + (plane * R * half + bin) * pitch,
                        accumulate: false)
                }
            }
            guard !isPlane else { return }
            let outer = product(
                p, rows: P, secondPitch: R * half * pitch, resultPitch: R * half * stride)
            for bin in 0..<R * half {
                outer.multiply(
                    tables, at: table(0), rest, at: second + bin * pitch, conjugate: .neither, into: spectra,
                    at: offset + bin * stride, accumulate: false)
            }
        }
    }

    /// Transforms back one row of half spectra that hold twice the Hermitian part, and writes the taps.
    ///
    /// - Parameters:
    ///   - spectra: Where half bin 0 of column 0 is, in complex elements; half bins lie `stride` apart, columns are
    ///     neighbours.
    ///   - column: Where the first tap of a column goes, and its factors and floor.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreFilters(
        _ spectra: SharedRegion<Scalar>, at offset: Int, stride: Int, columns: Int, pitch: Int,
        into array: SharedRegion<Scalar>, _ scratch: SharedRegion<Scalar>,
        column: (Int) -> (tap: Int, factors: (Scalar, Scalar), floor: Scalar)
    ) {
        let taps = layout.tapCount
        precondition(scratch.count >= 2 * layout.filterCount(columns: pitch) && scratch.isAligned, "scratch too small")
        let line = layout.tapPitch
        let panel = scratch[0..<2 * 8 * line]
        let packed = scratch[2 * 8 * line..<2 * (8 * line + taps * pitch)]
        let rest = scratch[2 * (8 * line + taps * pitch)..<scratch.count]
        let (P, R, half) = (layout.extents.planes, layout.extents.rows, layout.halfLength)
        let (p, r, s) = (layout.taps.planes, layout.taps.rows, layout.taps.length)
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            // From bins to taps: the tables conjugated and transposed.
            func product(_ taps: Int, depth: Int, secondPitch: Int, resultPitch: Int) -> MatrixProduct {
                MatrixProduct(
                    rows: taps, depth: depth, columns: pitch, rowStride: 1, depthStride: taps,
                    secondPitch: secondPitch, secondDistance: 0,
                    resultPitch: resultPitch)
            }
            var (source, start, step) = (spectra, offset, stride)
            if P > 1 {
                let second = layout.firstCount * pitch
                let outer = product(p, depth: P, secondPitch: R * half * step, resultPitch: R * half * pitch)
                for bin in 0..<R * half {
                    outer.multiply(
                        tables, at: table(0), source, at: start + bin * step, conjugate: .first, into: rest,
                        at: second + bin * pitch, accumulate: false)
                }
                (source, start, step) = (rest, second, pitch)
            }
            if P * R > 1 {
                let middle = product(r, depth: R, secondPitch: half * step, resultPitch: half * pitch)
                for plane in 0..<p {
                    for bin in 0..<half {
                        middle.multiply(
                            tables, at: table(1), source, at: start + (plane * R * half + bin) * step,
                            conjugate: .first,
                            into: rest, at: (plane * r * half + bin) * pitch, accumulate: false)
                    }
                }
                (source, start, step) = (rest, 0, pitch)
            }
            let last = product(s, depth: half, secondPitch: step, resultPitch: pitch)
            for tap in 0..<p * r {
                last.multiply(
                    tables, at: table(3), source, at: start + tap * half * step, conjugate: .first, into: packed,
                    at: tap * s * pitch, accumulate: false)
            }
        }
        for first in Swift.stride(from: 0, to: columns, by: 8) {
            unsafe Scalar.packPanel(packed.base + 2 * first, pitch, panel.base, line, taps)
            for lane in 0..<min(8, columns - first) {
                let (tap, factors, floor) = column(first + lane)
                precondition(tap >= 0 && tap + taps <= array.count, "a filter outside its array")
                var window = ck_window(
                    count: (1, 1, taps), start: (0, 0, 0), step: (1, 1, 1), array_offset: tap, array_stride: (0, 0))
                var rows = ck_rows(plane: 0, row: 0, count: 1, length: taps, pitch: line)
                unsafe Scalar.scatter(
                    panel.base + 2 * lane * line, 0, array.base, &window, &rows, factors, floor, 0)
            }
        }
    }
}
