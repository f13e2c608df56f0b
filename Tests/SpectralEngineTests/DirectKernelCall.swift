import CKernels

/// Calls of direct sums on dense planes: rows next to each other, and memory that just holds them.
extension Kernels where T: KernelScalar {
    /// Some rows and columns of a product whose second matrix is `width` wide.
    ///
    /// - Parameter before: What is everywhere in the result, and what the product is added to if there is any.
    func shifted(
        _ a: [T], _ offsets: [Int32], _ b: [T], rows: Range<Int>, columns: Range<Int>, of width: Int, onto before: T?
    ) -> [T] {
        var result = [T](repeating: before ?? .nan, count: rows.count * columns.count)
        var extents = ck_shifted(
            rows: rows.count, depth: offsets.count, columns: columns.count, b_pitch: width,
            result_pitch: columns.count)
        lend(a, at: rows.lowerBound) { a in
            lend(b, at: columns.lowerBound) { b in
                multiplyShifted(a, offsets, b, &result, before == nil ? 0 : 1, &extents)
            }
        }
        return result
    }

    /// Some rows and columns of a product whose first matrix has its rows `pitch` apart.
    func placed(
        _ a: [T], _ b: [T], _ places: [ck_place], pitch: Int, rows: Range<Int>, columns: Range<Int>
    ) -> [T] {
        var result = [T](repeating: .nan, count: rows.count * columns.count)
        var extents = ck_placed(
            rows: rows.count, depth: places.count, columns: columns.count, a_pitch: pitch, result_pitch: columns.count)
        lend(a, at: rows.lowerBound * pitch) { a in
            lend(b, at: columns.lowerBound) { b in multiplyPlaced(a, b, places, &result, 0, &extents) }
        }
        return result
    }

    /// What a stencil makes of a line of channels.
    func apply(_ stencil: ck_channel_stencil, _ source: [T], _ weights: [T], count: Int) -> [T] {
        var (extents, result) = (stencil, [T](repeating: .nan, count: count))
        channelStencil(source, weights, &result, 0, &extents)
        return result
    }

    /// The gradient of a line of channels' taps, added to zeros.
    func gradient(_ stencil: ck_channel_stencil, _ source: [T], _ gradient: [T], count: Int) -> [T] {
        var (extents, result) = (stencil, [T](repeating: 0, count: count))
        channelGradient(source, gradient, &result, &extents)
        return result
    }

    /// Some rows and columns of what a stencil makes.
    func apply(
        _ plane: StencilPlane<T>, rows: Range<Int>, columns: Range<Int>, start: T, onto before: T?
    ) -> [T] {
        var result = [T](repeating: before ?? .nan, count: rows.count * columns.count)
        var extents = plane.extents(rows: rows, columns: columns)
        lend(plane.source, at: rows.lowerBound * plane.sourceColumns + columns.lowerBound) { source in
            stencil(source, plane.weights, &result, before == nil ? 0 : 1, start, &extents)
        }
        return result
    }

    /// The gradient of all taps, added to zeros.
    func gradient(_ plane: StencilPlane<T>, _ gradient: [T]) -> [T] {
        var result = [T](repeating: 0, count: plane.layers * plane.tapRows * plane.taps)
        var extents = plane.extents(rows: 0..<plane.rows, columns: 0..<plane.columns)
        stencilGradient(plane.source, gradient, &result, &extents)
        return result
    }

    private func lend(_ values: [T], at offset: Int, _ body: (UnsafePointer<T>) -> Void) {
        values.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("memory without elements") }
            body(base + offset)
        }
    }
}

/// A source of which some rows are there, and taps; of layers that lie one behind the other.
struct StencilPlane<T: KernelScalar> {
    let rows: Int
    let columns: Int
    let layers: Int
    let tapRows: Int
    let taps: Int
    var presentRows: Range<Int>
    var source: [T]
    var weights: [T]

    /// All ones, and all rows there.
    init(rows: Int, columns: Int, layers: Int = 1, tapRows: Int, taps: Int) {
        self.rows = rows
        self.columns = columns
        self.layers = layers
        self.tapRows = tapRows
        self.taps = taps
        presentRows = 0..<rows + tapRows - 1
        source = [T](repeating: 1, count: layers * (rows + tapRows - 1) * (columns + taps - 1))
        weights = [T](repeating: 1, count: layers * tapRows * taps)
    }

    var sourceRows: Int { rows + tapRows - 1 }
    var sourceColumns: Int { columns + taps - 1 }

    /// What some rows and columns of the result are made with.
    func extents(rows: Range<Int>, columns: Range<Int>) -> ck_stencil {
        ck_stencil(
            rows: rows.count, columns: columns.count, layers: layers, tap_rows: tapRows, taps: taps,
            first_row: presentRows.lowerBound - rows.lowerBound, last_row: presentRows.upperBound - rows.lowerBound,
            source_pitch: sourceColumns, result_pitch: columns.count, weight_pitch: taps, weight_step: 1,
            source_layer: sourceRows * sourceColumns, weight_layer: tapRows * taps)
    }
}
