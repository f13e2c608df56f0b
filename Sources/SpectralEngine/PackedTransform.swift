internal import CFFTW

/// FFTW refused to make a plan.
public struct PlanFailure: Error, Hashable, Sendable {
    public let shape: TileShape
}

/// The complex transforms of one tile shape, composed of 1-D passes over panels of eight lines.
///
/// The only owner of FFTW plans. ``load(_:_:_:into:field:roll:exponents:sanitising:_:)`` packs samples and does every pass but the
/// last, `TileLines.swift` the last one, products, and the first one back, ``store(_:_:_:roll:into:_:)`` the rest. Rows that are known
/// to be zero, or will be dropped, are skipped. Everything that FFTW reads or writes contiguously is a panel that stays in
/// the first-level cache: FFTW's estimated plans are at their best there, and so need no measuring
/// (`Docs/Measurements/2026-11-22-panels.md`). An inverse is not scaled: the factor 1/(planes·rows·length) is the caller's.
public final class PackedTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every pointer it is given
    // is a multiple of 8 complex elements into a region of an AlignedBuffer, as those the plans were made on.

    public let shape: TileShape

    /// From a panel to rows of the tile (for a matrix: from the panel, or from neighbouring columns of the long line; for a
    /// small tile from columns of its samples), and from rows of the tile to a panel (from columns of its spectrum).
    let rowForward: OpaquePointer?
    let rowInverse: OpaquePointer?
    /// Over the rows of each plane of three axes, from the tile or a panel to a panel; and the last pass of a small tile.
    let columnForward: OpaquePointer?
    let columnInverse: OpaquePointer?
    /// Over lines: from the tile or a panel to a panel or a spectrum; and from there to a panel.
    let lineForward: OpaquePointer?
    let lineInverse: OpaquePointer?
    /// exp(−2πi·n₂·b₁ / length) for row n₂ and column b₁ of the matrix of a long line.
    let rotations: AlignedBuffer?
    private let plans: PlanList<Scalar>

    /// Makes the plans, under the planner lock, on buffers of its own.
    ///
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(shape: TileShape) throws {
        self.shape = shape
        // Axes of length 1 come first; sizes and distances are FFTW's 32-bit ones.
        let isOrdered = shape.length > 1 || shape.planes * shape.rows == 1
        guard isOrdered,
            [shape.planes, shape.rows, shape.length, shape.tileCount].allSatisfy({ $0 > 0 && $0 <= Int(Int32.max) })
        else {
            throw PlanFailure(shape: shape)
        }
        let byteCount = 2 * max(shape.tileCount, shape.panelCount, shape.sheetCount) * MemoryLayout<Scalar>.stride
        let (source, target) = (try AlignedBuffer(byteCount: byteCount), try AlignedBuffer(byteCount: byteCount))
        rotations = shape.form == .matrix ? try Rotations.table(shape, Scalar.self) : nil
        let plans = PlanList<Scalar>()
        self.plans = plans
        let (length, columns) = (shape.lineLength, shape.columnCount)
        (rowForward, rowInverse, columnForward, columnInverse, lineForward, lineInverse) =
            source.withSharedRegion(of: Scalar.self) { source in
                target.withSharedRegion(of: Scalar.self) { target in
                    PlannerLock.withLock {
                        // The planner remembers what it planned before, also by estimate, and plans differently for it.
                        // So that a transform, and with it every bit of a result, depends on nothing but its shape, it
                        // starts with an empty memory.
                        let wisdom = unsafe Scalar.takeWisdom()
                        defer { unsafe Scalar.restoreWisdom(wisdom) }
                        /// Eight lines of `length` points, contiguous or `stride` apart, into contiguous ones.
                        func plan(_ length: Int, _ sign: Int32, stride: Int?, pitch: Int, to outputPitch: Int)
                            -> OpaquePointer?
                        {
                            let plan = unsafe Scalar.makePlan(
                                length: Int32(length), count: Int32(shape.panelWidth), inputStride: Int32(stride ?? 1),
                                inputDistance: Int32(stride == nil ? pitch : 1), outputStride: 1,
                                outputDistance: Int32(outputPitch), sign: sign, flags: UInt32(FFTW_ESTIMATE),
                                source.base, target.base)
                            return plans.keep(plan)
                        }
                        /// Lines of the tile `stride` apart, read as they are or from a panel.
                        func gathered(_ length: Int, _ sign: Int32, stride: Int, pitch: Int, to outputPitch: Int)
                            -> OpaquePointer?
                        {
                            let isDirect = TileShape.readsColumns(length)
                            return plan(
                                length, sign, stride: isDirect ? stride : nil, pitch: pitch, to: outputPitch)
                        }
                        let (panel, line) = (shape.panelPitch, shape.linePitch)
                        if shape.form == .line {
                            return (
                                nil, nil, nil, nil, plan(length, FFTW_FORWARD, stride: nil, pitch: line, to: line),
                                plan(length, FFTW_BACKWARD, stride: nil, pitch: line, to: line)
                            )
                        }
                        if shape.form == .small {
                            let (rows, length) = (shape.rows, shape.length)
                            return (
                                plan(rows, FFTW_FORWARD, stride: shape.sheetPitch, pitch: 1, to: shape.pitch),
                                plan(rows, FFTW_BACKWARD, stride: line, pitch: 1, to: shape.pitch), nil,
                                plan(length, FFTW_BACKWARD, stride: shape.pitch, pitch: 1, to: panel),
                                plan(length, FFTW_FORWARD, stride: shape.pitch, pitch: 1, to: line), nil
                            )
                        }
                        let lineInverse = plan(length, FFTW_BACKWARD, stride: nil, pitch: line, to: line)
                        let isVolume = shape.form == .volume && shape.rowCount > 1
                        return (
                            shape.form == .matrix
                                ? gathered(columns, FFTW_FORWARD, stride: shape.rowCount, pitch: panel, to: shape.pitch)
                                : plan(columns, FFTW_FORWARD, stride: nil, pitch: panel, to: shape.pitch),
                            plan(columns, FFTW_BACKWARD, stride: nil, pitch: shape.pitch, to: panel),
                            isVolume
                                ? gathered(shape.rowCount, FFTW_FORWARD, stride: shape.pitch, pitch: panel, to: panel)
                                : nil,
                            isVolume
                                ? gathered(shape.rowCount, FFTW_BACKWARD, stride: shape.pitch, pitch: panel, to: panel)
                                : nil,
                            gathered(length, FFTW_FORWARD, stride: shape.lineStride, pitch: line, to: line),
                            lineInverse
                        )
                    }
                }
            }
        guard !plans.hasFailed else { throw PlanFailure(shape: shape) }
    }
}

/// The workers that share one tile's transforms, mostly one, and their scratch.
public struct TransformTeam<Scalar: ConvolutionScalar>: Sendable {
    let workers: Int
    private let panels: SharedRegion<Scalar>
    let shape: TileShape
    let fields: Int
    /// The long line whose matrix is a tile.
    let sheet: SharedRegion<Scalar>
    private let notes: SharedRegion<Scalar>

    /// - Parameters:
    ///   - region: `shape.scratchCount(fields:workers:)` complex elements.
    ///   - fields: Fields that a product sums.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public init(_ region: SharedRegion<Scalar>, _ shape: TileShape, fields: Int, workers: Int = 1) {
        precondition(
            region.count >= 2 * shape.scratchCount(fields: fields, workers: workers) && region.isAligned,
            "scratch too small")
        self.workers = workers
        self.shape = shape
        self.fields = fields
        let end = 2 * workers * shape.workerCount(fields: fields)
        panels = region[0..<end]
        sheet = region[end..<end + 2 * shape.sheetCount]
        let noteCount = 2 * shape.noteCount(fields: fields)
        notes = region[end + 2 * shape.sheetCount..<end + 2 * shape.sheetCount + noteCount]
    }

    /// What was found in each panel of the rows of a field.
    func notes(_ field: Int) -> SharedRegion<Scalar> {
        let count = 2 * shape.noteCount
        return shape.rollAlignment == nil ? notes : notes[field * count..<(field + 1) * count]
    }

    /// Calls `body` for blocks of which none writes what another one touches.
    func run(_ blocks: Int, _ body: @Sendable (_ block: Int, _ panels: Panels<Scalar>) -> Void) {
        guard workers > 1 else {
            let panels = panels(of: 0)
            for block in 0..<blocks { body(block, panels) }
            return
        }
        // Several neighbouring blocks at a time: one alone may take less than handing it out does.
        let grain = max(blocks / (workers * 8), 1)
        // Nothing is thrown here: bodies do not throw.
        try? Workers.run(count: workers, blocks: (blocks + grain - 1) / grain) { chunk, worker in
            let panels = panels(of: worker)
            for block in chunk * grain..<min((chunk + 1) * grain, blocks) { body(block, panels) }
        }
    }

    /// Clears the panels that rows are copied to: where they are fewer than eight, FFTW transforms what is beside them.
    public func clearPanels() {
        for worker in 0..<workers {
            let panels = panels(of: worker)
            unsafe panels.packed.clear(count: 2 * shape.panelCount)
            unsafe panels.turned.clear(count: 2 * shape.panelCount)
        }
    }

    private func panels(of worker: Int) -> Panels<Scalar> {
        let count = 2 * shape.workerCount(fields: fields)
        return Panels(panels[worker * count..<(worker + 1) * count], 2 * shape.panelCount)
    }
}

/// The panels of one worker.
struct Panels<Scalar: ConvolutionScalar> {
    /// What rows and columns are copied to before a transform, and where results of one wait to be copied.
    let packed: UnsafeMutablePointer<Scalar>
    let turned: UnsafeMutablePointer<Scalar>
    /// Where products are summed in blocks.
    let block: UnsafeMutablePointer<Scalar>
    /// One panel for each field that a product sums.
    let fields: UnsafeMutablePointer<Scalar>

    init(_ region: SharedRegion<Scalar>, _ count: Int) {
        unsafe packed = region.base
        unsafe turned = region.base + count
        unsafe block = region.base + 2 * count
        unsafe fields = region.base + 3 * count
    }
}

extension UnsafeMutablePointer where Pointee: ConvolutionScalar {
    /// Sets elements to 0: the number 0 is all bits 0.
    func clear(count: Int) {
        unsafe UnsafeMutableRawPointer(self).initializeMemory(
            as: UInt8.self, repeating: 0, count: count * MemoryLayout<Pointee>.stride)
    }
}
