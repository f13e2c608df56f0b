/// FFTW refused to make a plan.
public struct PlanFailure: Error, Hashable, Sendable {
    public let shape: TileShape
}

/// The complex transforms of one tile shape, composed of 1-D passes over panels of eight lines.
///
/// ``load(_:_:_:into:field:roll:exponents:sanitising:_:)`` packs samples and does every pass but the
/// last, `TileLines.swift` the last one, products, and the first one back, ``store(_:_:_:roll:into:_:)`` the rest. Rows that are known
/// to be zero, or will be dropped, are skipped. Everything that FFTW reads or writes contiguously is a panel that stays in
/// the first-level cache, where FFTW is at its best
/// (`Docs/Measurements/2026-11-22-panels.md`). An inverse is not scaled: the factor 1/(planes·rows·length) is the caller's.
public final class PackedTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every pointer it is given
    // is a multiple of 8 complex elements into a region of an AlignedBuffer, as those the plans were made on.

    public let shape: TileShape

    /// From a panel to rows of the tile (for a matrix: from the panel, or from neighbouring columns of the long line; for a
    /// small tile from columns of its samples), and from rows of the tile to a panel (from columns of its spectrum).
    let rowForward: OpaquePointer?
    let rowInverse: OpaquePointer?
    /// Over the columns of each plane of three axes, from a plane or a panel to lines of the tile, and back to a panel; and the last pass of
    /// a small tile.
    let columnForward: OpaquePointer?
    let columnInverse: OpaquePointer?
    /// Over lines: from the tile or a panel to a panel or a spectrum; and from there to a panel.
    let lineForward: OpaquePointer?
    let lineInverse: OpaquePointer?
    /// exp(−2πi·n₂·b₁ / length) for row n₂ and column b₁ of the matrix of a long line; what the points of split lines or of those of a
    /// folded tile are turned by (SplitLines.swift, FoldedLines.swift).
    let rotations: AlignedBuffer?
    private let plans: PlanList<Scalar>

    /// Makes the plans, under the planner lock, on buffers of its own.
    ///
    /// - Parameter known: Plans that FFTW need not estimate.
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(shape: TileShape, known: MeasuredPlans = .builtIn) throws {
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
        rotations =
            switch shape.form {
            case .matrix: try Rotations.table(shape, Scalar.self)
            case .split: try Rotations.split(shape.length, Scalar.self)
            default: shape.isFolded ? try Rotations.quarterTurn(shape.lineLength, Scalar.self) : nil
            }
        let plans = PlanList<Scalar>()
        self.plans = plans
        (rowForward, rowInverse, columnForward, columnInverse, lineForward, lineInverse) =
            source.withSharedRegion(of: Scalar.self) { source in
                target.withSharedRegion(of: Scalar.self) { target in
                    LinePlanner<Scalar>.withPlanner(known, source, target) { planner in
                        Self.plans(of: shape, planner, plans)
                    }
                }
            }
        guard !plans.hasFailed else { throw PlanFailure(shape: shape) }
    }

    private typealias Plans = (
        rowForward: OpaquePointer?, rowInverse: OpaquePointer?, columnForward: OpaquePointer?,
        columnInverse: OpaquePointer?, lineForward: OpaquePointer?, lineInverse: OpaquePointer?
    )

    private static func plans(
        of shape: TileShape, _ planner: LinePlanner<Scalar>, _ plans: PlanList<Scalar>
    ) -> Plans {
        /// Lines that lie one after the other.
        func lines(_ length: Int, isInverse: Bool) -> OpaquePointer? {
            plans.keep(
                unsafe planner.plan(
                    ContiguousLines(length: length, count: shape.panelWidth, isInverse: isInverse)))
        }
        func columns(_ length: Int, stride: Int, to pitch: Int, isInverse: Bool) -> OpaquePointer? {
            plans.keep(unsafe planner.plan(columns: length, stride: stride, to: pitch, isInverse: isInverse))
        }
        /// Lines of the tile `stride` apart, read as they are or from a panel.
        func gathered(_ length: Int, stride: Int, isInverse: Bool) -> OpaquePointer? {
            guard TileShape.readsColumns(length) else { return unsafe lines(length, isInverse: isInverse) }
            return unsafe columns(length, stride: stride, to: TileShape.pitch(length), isInverse: isInverse)
        }
        switch shape.form {
        case .line, .split:
            let length = shape.lineLength
            return unsafe (nil, nil, nil, nil, lines(length, isInverse: false), lines(length, isInverse: true))
        case .small:
            let (rows, length) = (shape.rows, shape.length)
            return unsafe (
                columns(rows, stride: shape.sheetPitch, to: shape.pitch, isInverse: false),
                columns(rows, stride: shape.linePitch, to: shape.pitch, isInverse: true), nil,
                columns(length, stride: shape.pitch, to: shape.panelPitch, isInverse: true),
                columns(length, stride: shape.pitch, to: shape.linePitch, isInverse: false), nil
            )
        case .matrix, .plane, .volume:
            let (rowCount, columnCount) = (shape.rowCount, shape.columnCount)
            let isVolume = shape.form == .volume
            let rowLength = isVolume ? shape.length : columnCount
            return unsafe (
                shape.form == .matrix
                    ? gathered(rowLength, stride: rowCount, isInverse: false) : lines(rowLength, isInverse: false),
                lines(rowLength, isInverse: true),
                isVolume ? gathered(shape.rows, stride: shape.panelPitch, isInverse: false) : nil,
                isVolume ? lines(shape.rows, isInverse: true) : nil,
                shape.isFolded
                    ? lines(shape.lineLength, isInverse: false)
                    : gathered(shape.lineLength, stride: shape.lineStride, isInverse: false),
                lines(shape.lineLength, isInverse: true)
            )
        }
    }
}

/// The workers that share one tile's transforms, mostly one, and their scratch.
public struct TransformTeam<Scalar: ConvolutionScalar>: Sendable {
    let workers: Int
    private let panels: SharedRegion<Scalar>
    // What it needs to know of the shape, and no more: blocks copy teams.
    let identity: TileShape.Identity
    private let panelCount: Int
    private let noteCount: Int
    let fields: Int
    /// The long line whose matrix is a tile.
    let sheet: SharedRegion<Scalar>
    private let notes: SharedRegion<Scalar>

    /// - Parameters:
    ///   - region: `shape.scratchCount(fields:workers:)` complex elements.
    ///   - fields: Fields that products meet at once, or whose rows are carried on.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public init(_ region: SharedRegion<Scalar>, _ shape: TileShape, fields: Int, workers: Int = 1) {
        precondition(
            region.count >= 2 * shape.scratchCount(fields: fields, workers: workers) && region.isAligned,
            "scratch too small")
        self.workers = workers
        identity = shape.identity
        panelCount = shape.panelCount
        noteCount = shape.rollAlignment == nil ? 0 : 2 * shape.noteCount
        self.fields = fields
        let end = 2 * workers * shape.workerCount(fields: fields)
        panels = region[0..<end]
        sheet = region[end..<end + 2 * shape.sheetCount]
        let noteCount = 2 * shape.noteCount(fields: fields)
        notes = region[end + 2 * shape.sheetCount..<end + 2 * shape.sheetCount + noteCount]
    }

    /// What was found in each panel of the rows of a field.
    func notes(_ field: Int) -> SharedRegion<Scalar> {
        noteCount == 0 ? notes : notes[field * noteCount..<(field + 1) * noteCount]
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
            unsafe panels.packed.clear(count: 2 * panelCount)
            unsafe panels.turned.clear(count: 2 * panelCount)
        }
    }

    private func panels(of worker: Int) -> Panels<Scalar> {
        let count = panels.count / workers
        return Panels(panels[worker * count..<(worker + 1) * count], 2 * panelCount, fields: fields)
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
    /// Rows of a volume's plane between its first and its second pass.
    let plane: UnsafeMutablePointer<Scalar>

    init(_ region: SharedRegion<Scalar>, _ count: Int, fields fieldCount: Int) {
        unsafe packed = region.base
        unsafe turned = region.base + count
        unsafe block = region.base + 2 * count
        unsafe fields = region.base + 3 * count
        unsafe plane = region.base + (3 + max(fieldCount, 1)) * count
    }
}

extension UnsafeMutablePointer where Pointee: ConvolutionScalar {
    /// Sets elements to 0: the number 0 is all bits 0.
    func clear(count: Int) {
        unsafe UnsafeMutableRawPointer(self).initializeMemory(
            as: UInt8.self, repeating: 0, count: count * MemoryLayout<Pointee>.stride)
    }
}
