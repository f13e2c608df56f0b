internal import CFFTW

/// FFTW refused to make a plan.
public struct PlanFailure: Error, Hashable, Sendable {
    public let shape: TileShape
}

/// The complex transforms of one tile shape, composed of 1-D passes over rows, columns and planes, in place.
///
/// The only owner of FFTW plans. Composed passes need no measuring: FFTW's estimate is as good as its patient search
/// where it is asked for eight contiguous lines at once, while its estimated 2-D plans can be ten times too slow; and
/// what is known to be zero, or will be dropped, is skipped row by row. An inverse is not scaled: the factor
/// 1/(planes·rows·length) is the caller's.
public final class PackedTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every buffer it is given
    // is a region of an AlignedBuffer at a multiple of 64 bytes, as the one the plans were made on.

    public let shape: TileShape

    /// One direction.
    private struct Direction {
        let rows: LinePlans?
        let columns: StridedPlans?
        let lines: StridedPlans?
    }

    private let forward: Direction
    private let inverse: Direction
    private let plans: PlanList

    /// Makes the plans, under the planner lock, on a buffer of its own.
    ///
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(shape: TileShape) throws {
        self.shape = shape
        guard [shape.planes, shape.rows, shape.length, shape.complexCount].allSatisfy({ $0 <= Int(Int32.max) }) else {
            throw PlanFailure(shape: shape)
        }
        let count = max(shape.complexCount, shape.panelCount)
        let buffer = try AlignedBuffer(byteCount: 2 * count * MemoryLayout<Scalar>.stride)
        let plans = PlanList()
        self.plans = plans
        (forward, inverse) = buffer.withSharedRegion(of: Scalar.self) { region in
            PlannerLock.withLock {
                // The planner remembers what it planned before, also by estimate, and plans differently for it. So that
                // a transform, and with it every bit of a result, depends on nothing but its shape, it starts with an
                // empty memory.
                let wisdom = unsafe Scalar.takeWisdom()
                defer { unsafe Scalar.restoreWisdom(wisdom) }
                func direction(_ sign: Int32) -> Direction {
                    let maker = PlanMaker(plans: plans, sign: sign, buffer: region)
                    return Direction(
                        rows: maker.rows(of: shape), columns: maker.strided(shape.rows, pitch: shape.pitch),
                        lines: maker.strided(shape.planes, pitch: shape.rows * shape.pitch))
                }
                return (direction(FFTW_FORWARD), direction(FFTW_BACKWARD))
            }
        }
        guard !plans.hasFailed else { throw PlanFailure(shape: shape) }
    }

    // MARK: Making plans

    /// Owns the plans of one object; they are destroyed when it is dropped.
    private final class PlanList {
        private var all: [OpaquePointer] = []
        private(set) var hasFailed = false

        /// Keeps a plan; one that FFTW refused marks the list as failed and is never executed.
        func keep(_ plan: OpaquePointer?) -> OpaquePointer? {
            if let plan { all.append(plan) } else { hasFailed = true }
            return plan
        }

        deinit { PlannerLock.withLock { for plan in all { unsafe Scalar.destroy(plan) } } }
    }

    /// Transforms of contiguous lines: one, or a block of 8. A block vectorises across its lines and is up to four
    /// times as fast a line (`Docs/Measurements/2026-11-22-first-rates.md`).
    private struct LinePlans {
        let single: OpaquePointer
        let block: OpaquePointer?
    }

    /// Transforms of lines across rows or planes.
    private enum StridedPlans {
        /// A panel of neighbouring lines at once, in place.
        case inPlace(OpaquePointer, width: Int)
        /// Eight lines, copied to contiguous ones and back.
        case packed(OpaquePointer)
    }

    private struct PlanMaker {
        let plans: PlanList
        let sign: Int32
        let buffer: SharedRegion<Scalar>

        private func make(_ length: Int, count: Int, stride: Int, distance: Int) -> OpaquePointer? {
            // The buffer holds a whole tile and a whole panel: every point a plan here can name.
            plans.keep(
                unsafe Scalar.makePlan(
                    length: Int32(length), count: Int32(count), stride: Int32(stride), distance: Int32(distance),
                    sign: sign, flags: UInt32(FFTW_ESTIMATE), buffer: buffer.base))
        }

        func rows(of shape: TileShape) -> LinePlans? {
            guard shape.length > 1, let single = make(shape.length, count: 1, stride: 1, distance: shape.pitch)
            else { return nil }
            let block =
                shape.rows >= TileShape.panelWidth
                ? make(shape.length, count: TileShape.panelWidth, stride: 1, distance: shape.pitch) : nil
            return LinePlans(single: single, block: block)
        }

        func strided(_ length: Int, pitch: Int) -> StridedPlans? {
            guard length > 1 else { return nil }
            // FFTW's strided plans hold their own for short powers of two; elsewhere they run at a fifth and less of
            // the contiguous ones, and two copies are cheaper (`Docs/Measurements/2026-11-22-first-rates.md`).
            if length <= 128, length & (length - 1) == 0 {
                let width = [32, 16, 8].first { pitch % $0 == 0 } ?? TileShape.panelWidth
                return make(length, count: width, stride: pitch, distance: 1).map { .inPlace($0, width: width) }
            }
            return make(
                length, count: TileShape.panelWidth, stride: 1, distance: TileShape.panelPitch(length)
            ).map { .packed($0) }
        }
    }
}

// MARK: - Executing

extension PackedTransform {
    /// Transforms a tile whose samples outside these planes and rows are zero.
    ///
    /// - Parameter panel: Scratch, at least `shape.panelCount` complex elements.
    public func forward(
        _ tile: SharedRegion<Scalar>, planes: Range<Int>, rows: Range<Int>, panel: SharedRegion<Scalar>
    ) {
        check(tile, planes, rows, panel)
        for plane in planes {
            transformRows(forward.rows, tile, plane: plane, rows: rows)
            transformColumns(forward.columns, tile, plane: plane, panel)
        }
        transformLines(forward.lines, tile, panel)
    }

    /// Transforms back, unscaled; only these planes and rows of the result are right, the others hold anything.
    public func inverse(
        _ tile: SharedRegion<Scalar>, planes: Range<Int>, rows: Range<Int>, panel: SharedRegion<Scalar>
    ) {
        check(tile, planes, rows, panel)
        transformLines(inverse.lines, tile, panel)
        for plane in planes {
            transformColumns(inverse.columns, tile, plane: plane, panel)
            transformRows(inverse.rows, tile, plane: plane, rows: rows)
        }
    }

    private func check(
        _ tile: SharedRegion<Scalar>, _ planes: Range<Int>, _ rows: Range<Int>, _ panel: SharedRegion<Scalar>
    ) {
        precondition(tile.count == 2 * shape.complexCount, "a tile of another shape")
        precondition(panel.count >= 2 * shape.panelCount, "a panel of another shape")
        precondition(tile.isAligned && panel.isAligned, "scratch must be aligned as the plans' own was")
        precondition(planes.lowerBound >= 0 && planes.upperBound <= shape.planes, "planes outside the tile")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape.rows, "rows outside the tile")
    }

    // Offsets below stay inside the tile: planes and rows are ranges of the shape, panels divide the pitch.

    private func transformRows(_ plans: LinePlans?, _ tile: SharedRegion<Scalar>, plane: Int, rows: Range<Int>) {
        guard let plans, !rows.isEmpty else { return }
        let width = TileShape.panelWidth
        var row = rows.lowerBound
        if plans.block != nil {
            // Whole blocks may take in rows that are zero, or not kept, rather than leave single ones over.
            let blocked = min((rows.count + width - 1) / width * width, shape.rows / width * width)
            row = max(min(row, shape.rows - blocked), 0)
        }
        while row < rows.upperBound {
            let start = unsafe tile.base + 2 * (plane * shape.rows + row) * shape.pitch
            if let block = plans.block, row + width <= shape.rows {
                unsafe Scalar.execute(block, start)
                row += width
            } else {
                unsafe Scalar.execute(plans.single, start)
                row += 1
            }
        }
    }

    private func transformColumns(
        _ plans: StridedPlans?, _ tile: SharedRegion<Scalar>, plane: Int, _ panel: SharedRegion<Scalar>
    ) {
        let size = shape.rows * shape.pitch
        unsafe transformStrided(
            plans, tile.base + 2 * plane * size, length: shape.rows, pitch: shape.pitch, count: shape.pitch, panel)
    }

    private func transformLines(
        _ plans: StridedPlans?, _ tile: SharedRegion<Scalar>, _ panel: SharedRegion<Scalar>
    ) {
        let size = shape.rows * shape.pitch
        unsafe transformStrided(plans, tile.base, length: shape.planes, pitch: size, count: size, panel)
    }

    /// `count` neighbouring lines of `length` points, `pitch` apart.
    private func transformStrided(
        _ plans: StridedPlans?, _ start: UnsafeMutablePointer<Scalar>, length: Int, pitch: Int, count: Int,
        _ panel: SharedRegion<Scalar>
    ) {
        switch plans {
        case nil:
            return
        case .inPlace(let plan, let width):
            for line in stride(from: 0, to: count, by: width) { unsafe Scalar.execute(plan, start + 2 * line) }
        case .packed(let plan):
            let panelPitch = TileShape.panelPitch(length)
            for line in stride(from: 0, to: count, by: TileShape.panelWidth) {
                unsafe Scalar.packPanel(start + 2 * line, pitch, panel.base, panelPitch, length)
                unsafe Scalar.execute(plan, panel.base)
                unsafe Scalar.unpackPanel(panel.base, panelPitch, start + 2 * line, pitch, length)
            }
        }
    }
}
