internal import CFFTW

/// FFTW refused to make a plan.
public struct PlanFailure: Error, Hashable, Sendable {
    public let shape: TileShape
}

/// The complex transforms of one tile shape, composed of 1-D passes over rows, columns and planes, in place.
///
/// The only owner of FFTW plans. Composed passes need no measuring: FFTW's estimate is as good as its patient search at
/// 16, 32, 64 and 128 points, while its estimated 2-D plans can be ten times too slow; and what is known to be zero, or
/// will be dropped, is skipped row by row. An inverse is not scaled: the factor 1/(planes·rows·length) is the caller's.
public final class PackedTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every buffer it is given
    // is a region of an AlignedBuffer at a multiple of 64 bytes, as the one the plans were made on.

    public let shape: TileShape

    /// Plans of one direction.
    private struct Direction {
        /// One row, and `rowBlock` rows at once: a call costs as much as a short row.
        var row: OpaquePointer?
        var rowBlock: OpaquePointer?
        /// One panel of columns of one plane; one panel of lines across the planes.
        var columns: OpaquePointer?
        var lines: OpaquePointer?

        var all: [OpaquePointer] { [row, rowBlock, columns, lines].compactMap { $0 } }
    }

    private var forward = Direction()
    private var inverse = Direction()
    private let panel: Int
    private static var rowBlock: Int { 8 }

    /// Makes the plans, under the planner lock, on a buffer of its own.
    ///
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(shape: TileShape) throws {
        self.shape = shape
        // Wide panels amortise the call; the pitch is a multiple of 8, so 8 always fits.
        panel = [32, 16, 8].first { shape.pitch % $0 == 0 } ?? 8
        guard [shape.planes, shape.rows, shape.length, shape.complexCount].allSatisfy({ $0 <= Int(Int32.max) }) else {
            throw PlanFailure(shape: shape)
        }
        let buffer = try AlignedBuffer(byteCount: 2 * shape.complexCount * MemoryLayout<Scalar>.stride)
        let panel = panel
        let plans = buffer.withSharedRegion(of: Scalar.self) { region in
            PlannerLock.withLock {
                [FFTW_FORWARD, FFTW_BACKWARD].map { unsafe Self.plans(shape, panel, sign: $0, on: region.base) }
            }
        }
        (forward, inverse) = (plans[0], plans[1])
        let expected =
            (shape.length > 1 ? 1 : 0) + (shape.length > 1 && shape.rows >= Self.rowBlock ? 1 : 0)
            + (shape.rows > 1 ? 1 : 0) + (shape.planes > 1 ? 1 : 0)
        guard forward.all.count == expected, inverse.all.count == expected else { throw PlanFailure(shape: shape) }
    }

    deinit { PlannerLock.withLock { for plan in forward.all + inverse.all { unsafe Scalar.destroy(plan) } } }

    /// The plans of one direction; an axis of length 1 needs none. `buffer` holds a whole tile.
    private static func plans(
        _ shape: TileShape, _ panel: Int, sign: Int32, on buffer: UnsafeMutablePointer<Scalar>
    ) -> Direction {
        func plan(_ length: Int, count: Int, stride: Int, distance: Int) -> OpaquePointer? {
            unsafe Scalar.makePlan(
                length: Int32(length), count: Int32(count), stride: Int32(stride), distance: Int32(distance),
                sign: sign, flags: UInt32(FFTW_ESTIMATE), buffer: buffer)
        }
        var direction = Direction()
        if shape.length > 1 {
            direction.row = plan(shape.length, count: 1, stride: 1, distance: shape.pitch)
            if shape.rows >= rowBlock {
                direction.rowBlock = plan(shape.length, count: rowBlock, stride: 1, distance: shape.pitch)
            }
        }
        if shape.rows > 1 { direction.columns = plan(shape.rows, count: panel, stride: shape.pitch, distance: 1) }
        if shape.planes > 1 {
            direction.lines = plan(shape.planes, count: panel, stride: shape.rows * shape.pitch, distance: 1)
        }
        return direction
    }
}

// MARK: - Executing

extension PackedTransform {
    /// Transforms a tile whose samples outside these planes and rows are zero.
    public func forward(_ tile: SharedRegion<Scalar>, planes: Range<Int>, rows: Range<Int>) {
        check(tile)
        for plane in planes {
            transformRows(forward, tile, plane: plane, rows: rows)
            transformColumns(forward, tile, plane: plane)
        }
        transformLines(forward, tile)
    }

    /// Transforms back, unscaled; only these planes and rows of the result are right, the others hold anything.
    public func inverse(_ tile: SharedRegion<Scalar>, planes: Range<Int>, rows: Range<Int>) {
        check(tile)
        transformLines(inverse, tile)
        for plane in planes {
            transformColumns(inverse, tile, plane: plane)
            transformRows(inverse, tile, plane: plane, rows: rows)
        }
    }

    private func check(_ tile: SharedRegion<Scalar>) {
        precondition(tile.count == 2 * shape.complexCount, "a tile of another shape")
        precondition(tile.isAligned, "a tile must be aligned as the one the plans were made on")
    }

    // Offsets below stay inside the tile: planes and rows are ranges of the shape, panels divide the pitch.

    private func transformRows(_ plans: Direction, _ tile: SharedRegion<Scalar>, plane: Int, rows: Range<Int>) {
        precondition(plane < shape.planes && rows.upperBound <= shape.rows, "rows outside the tile")
        guard let single = plans.row else { return }
        var row = rows.lowerBound
        while row < rows.upperBound {
            let start = unsafe tile.base + 2 * (plane * shape.rows + row) * shape.pitch
            if let block = plans.rowBlock, row + Self.rowBlock <= rows.upperBound {
                unsafe Scalar.execute(block, start)
                row += Self.rowBlock
            } else {
                unsafe Scalar.execute(single, start)
                row += 1
            }
        }
    }

    private func transformColumns(_ plans: Direction, _ tile: SharedRegion<Scalar>, plane: Int) {
        guard let columns = plans.columns else { return }
        for column in stride(from: 0, to: shape.pitch, by: panel) {
            unsafe Scalar.execute(columns, tile.base + 2 * (plane * shape.rows * shape.pitch + column))
        }
    }

    private func transformLines(_ plans: Direction, _ tile: SharedRegion<Scalar>) {
        guard let lines = plans.lines else { return }
        for line in stride(from: 0, to: shape.rows * shape.pitch, by: panel) {
            unsafe Scalar.execute(lines, tile.base + 2 * line)
        }
    }
}
