internal import CKernels

// From samples to tiles: gather, then every pass of a transform but the one over lines, while rows are in the first-level cache.
// TileStoring.swift is the opposite.

/// What gather finds on its way.
public struct FieldSummary: Sendable {
    /// Sum of squares in the field's own precision: NaN or Inf if the field holds one or the sum overflows.
    public let energy: Double
    /// Whether a sample is below 0.
    public let hasNegative: Bool

}

extension PackedTransform {
    /// Packs one window as the real, another as the imaginary part, and transforms all axes but the lines'.
    ///
    /// - Parameters:
    ///   - offset: Elements of the array from each window to the one that is meant.
    ///   - exponents: Powers of two that the parts are multiplied by.
    ///   - sanitising: Whether NaN and Inf are replaced by 0.
    ///   - field: Which of the team's fields this is.
    ///   - roll: Where the tile lies if it follows others. What is carried was loaded by the same team as the same field, unscaled.
    /// - Returns: What was found in each window, before it was scaled; of what is carried, what was found before.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func load(
        _ array: Span<Scalar>, _ windows: WindowPair, offset: Int = 0, into tile: SharedRegion<Scalar>,
        field: Int = 0, roll: TileRoll? = nil, exponents: (Int, Int), sanitising: Bool, _ team: TransformTeam<Scalar>
    ) -> (FieldSummary, FieldSummary) {
        let box = windows.box
        shape.check(tile, box, team, roll)
        shape.check(windows, offset, array.count)
        let notes = team.notes(field)
        let hasSecond = windows.second != nil
        var one = windows.first.kernelWindow(movedBy: offset)
        var two = windows.second?.kernelWindow(movedBy: offset) ?? one
        unsafe array.withUnsafeBufferPointer { source in
            unsafe withUnsafePointer(to: &one) { one in
                unsafe withUnsafePointer(to: &two) { two in
                    // An empty array has only empty windows; then the address is never read.
                    let gather = unsafe SampleSource<Scalar>(
                        array: source.baseAddress ?? UnsafePointer(tile.base), first: one,
                        second: hasSecond ? two : nil, exponents: exponents, sanitising: sanitising)
                    if let roll {
                        load(gather, box, roll, into: tile, notes, team)
                    } else {
                        load(gather, box, into: tile, notes, team)
                    }
                }
            }
        }
        return summary(notes, count: noteCount(box, roll))
    }

    /// Panels of which something was noted.
    private func noteCount(_ box: TileBox, _ roll: TileRoll?) -> Int {
        switch shape.form {
        case .line, .small: 1
        case .matrix, .split: shape.stretches
        case .plane: shape.panels(of: roll == nil ? box.rows : 0..<shape.rowCount)
        case .volume:
            roll == nil ? box.planes.count * shape.panels(of: box.rows) : shape.planes * shape.rowPanelCount
        }
    }

    private func load(
        _ source: SampleSource<Scalar>, _ box: TileBox, into tile: SharedRegion<Scalar>,
        _ notes: SharedRegion<Scalar>, _ team: TransformTeam<Scalar>
    ) {
        switch shape.form {
        case .line:
            unsafe source.gather(wholeLine, tile.base, notes.base)
        case .matrix:
            team.run(shape.stretches) { index, _ in
                let stretch = stretch(index)
                unsafe source.gather(
                    stretch, team.sheet.base + 2 * stretch.lowerBound, notes.base + 4 * index)
            }
            team.run(shape.rowCount / shape.panelWidth) { block, panels in
                unsafe loadMatrixRows(block * shape.panelWidth, team.sheet.base, tile.base, panels.packed)
            }
        case .split: loadSplit(source, into: tile, notes, team)
        case .small: loadSmall(source, box, into: tile, notes, team)
        case .plane:
            team.run(shape.panels(of: box.rows)) { block, panels in
                let row = box.rows.lowerBound + block * shape.panelWidth
                let rows = shape.panel(of: row..<min(row + shape.panelWidth, box.rows.upperBound), plane: 0)
                unsafe loadRows(
                    rows, source, to: tile.base + 2 * row * shape.pitch, notes.base + 4 * block, panels)
            }
        case .volume:
            team.run(box.planes.count) { block, panels in
                let plane = box.planes.lowerBound + block
                let start = unsafe tile.base + 2 * plane * shape.planePitch
                unsafe loadPlane(
                    plane, box, source, to: start, notes.base + 4 * block * shape.panels(of: box.rows), panels)
            }
        }
        if shape.form == .plane || shape.form == .volume, shape.readsLines {
            unsafe clear(0..<shape.lineLength, but: shape.linePositions(box), shape.lineStride, tile.base)
        }
    }

    /// The same of a tile that rolls: panels (or planes) that are not carried, each at its place. What is noted of each lies there too.
    private func load(
        _ source: SampleSource<Scalar>, _ box: TileBox, _ roll: TileRoll, into tile: SharedRegion<Scalar>,
        _ notes: SharedRegion<Scalar>, _ team: TransformTeam<Scalar>
    ) {
        let positions = roll.loaded(shape.lineLength)
        let held = shape.widened(shape.linePositions(box))
        let clears = roll.isWhole || shape.readsLines
        // The panels of a plane are noted in as many places whatever the box: those of neighbouring tiles may differ.
        let (width, noteCount) = shape.form == .plane ? (shape.panelWidth, 4) : (1, 4 * shape.rowPanelCount)
        team.run(positions.count / width) { block, panels in
            let position = positions.lowerBound + block * width
            let row = shape.row(position, roll)
            let start = unsafe tile.base + 2 * row * shape.lineStride
            let note = unsafe notes.base + row / width * noteCount
            unsafe note.clear(count: noteCount)
            if !held.contains(position) {
                if clears { unsafe start.clear(count: 2 * width * shape.lineStride) }
            } else if shape.form == .plane {
                let rows = shape.panel(of: position..<position + width, plane: 0)
                unsafe loadRows(rows, source, to: start, note, panels)
            } else {
                unsafe loadPlane(position, box, source, to: start, note, panels)
            }
        }
    }

    /// One plane of three axes.
    private func loadPlane(
        _ plane: Int, _ box: TileBox, _ source: SampleSource<Scalar>, to start: UnsafeMutablePointer<Scalar>,
        _ note: UnsafeMutablePointer<Scalar>, _ panels: Panels<Scalar>
    ) {
        for panel in 0..<shape.panels(of: box.rows) {
            let row = box.rows.lowerBound + panel * shape.panelWidth
            let rows = shape.panel(of: row..<min(row + shape.panelWidth, box.rows.upperBound), plane: plane)
            unsafe loadRows(rows, source, to: panels.plane + 2 * row * shape.panelPitch, note + 4 * panel, panels)
        }
        let readsColumns = TileShape.readsColumns(shape.rows)
        if readsColumns { unsafe clear(0..<shape.rows, but: box.rows, shape.panelPitch, panels.plane) }
        for column in stride(from: 0, to: shape.length, by: shape.panelWidth) {
            let count = min(shape.panelWidth, shape.length - column)
            let (columns, lines) = unsafe (panels.plane + 2 * column, start + 2 * column * shape.pitch)
            unsafe fetchColumns(start, after: column)
            // The plan transforms eight columns; those beyond the last one go nowhere.
            let target = unsafe count < shape.panelWidth ? panels.turned : lines
            if readsColumns {
                unsafe execute(columnForward, columns, target)
            } else {
                unsafe pack(columns, shape.panelPitch, LineRows(box.rows), of: shape.rows, panels.packed, shape.pitch)
                unsafe execute(columnForward, panels.packed, target)
            }
            if unsafe target != lines { unsafe lines.update(from: target, count: 2 * count * shape.pitch) }
        }
    }

    /// Asks for the lines of the tile that the next eight columns of a volume's plane are, while these are transformed.
    ///
    /// - Parameter start: The first one of the plane.
    func fetchColumns(_ start: UnsafeMutablePointer<Scalar>, after column: Int) {
        let next = column + shape.panelWidth
        let count = min(shape.panelWidth, shape.length - next) * shape.pitch
        unsafe ck_fetch(start + 2 * next * shape.pitch, 2 * count * MemoryLayout<Scalar>.stride)
    }

    var wholeLine: ck_rows {
        ck_rows(plane: 0, row: 0, count: 1, length: shape.length, pitch: shape.length)
    }

    /// Positions of a long line that are gathered or scattered together.
    func stretch(_ index: Int) -> Range<Int> {
        index * shape.stretchLength..<min((index + 1) * shape.stretchLength, shape.length)
    }

    /// Up to eight rows of one plane.
    private func loadRows(
        _ rows: ck_rows, _ source: SampleSource<Scalar>, to target: UnsafeMutablePointer<Scalar>,
        _ note: UnsafeMutablePointer<Scalar>, _ panels: Panels<Scalar>
    ) {
        unsafe source.gather(rows, panels.packed, note)
        guard rows.count < shape.panelWidth else { return unsafe execute(rowForward, panels.packed, target) }
        // The plan transforms eight rows; those beyond the last one hold anything and go nowhere.
        unsafe execute(rowForward, panels.packed, panels.turned)
        unsafe target.update(from: panels.turned, count: 2 * rows.count * shape.panelPitch)
    }

    /// Clears the rows (or planes) that hold no samples, `pitch` apart: where FFTW reads them itself.
    private func clear(_ all: Range<Int>, but box: Range<Int>, _ pitch: Int, _ start: UnsafeMutablePointer<Scalar>) {
        let (low, high) = box.isEmpty ? (all.upperBound, all.upperBound) : (box.lowerBound, box.upperBound)
        unsafe start.clear(count: 2 * low * pitch)
        unsafe (start + 2 * high * pitch).clear(count: 2 * (all.upperBound - high) * pitch)
    }

    /// Columns of the samples become rows of the tile, transformed.
    private func loadSmall(
        _ source: SampleSource<Scalar>, _ box: TileBox, into tile: SharedRegion<Scalar>,
        _ notes: SharedRegion<Scalar>, _ team: TransformTeam<Scalar>
    ) {
        let sheet = team.sheet
        let rows = ck_rows(
            plane: 0, row: box.rows.lowerBound, count: box.rows.count, length: shape.length, pitch: shape.sheetPitch)
        unsafe source.gather(rows, sheet.base + 2 * box.rows.lowerBound * shape.sheetPitch, notes.base)
        unsafe clear(0..<shape.rows, but: box.rows, shape.sheetPitch, sheet.base)
        // Columns without samples stay 0.
        let columns = shape.aligned(box.columns)
        team.run(shape.panels(of: columns)) { block, panels in
            let column = columns.lowerBound + block * shape.panelWidth
            unsafe turn(rowForward, sheet.base + 2 * column, tile.base, first: column, panels.turned)
        }
        let end = min(columns.lowerBound + shape.panels(of: columns) * shape.panelWidth, shape.length)
        unsafe clear(0..<shape.length, but: columns.lowerBound..<end, shape.pitch, tile.base)
    }

    /// Eight columns become rows of `length` there are, from `first` on.
    func turn(
        _ plan: OpaquePointer?, _ columns: UnsafeMutablePointer<Scalar>, _ rows: UnsafeMutablePointer<Scalar>,
        first: Int, _ turned: UnsafeMutablePointer<Scalar>
    ) {
        let target = unsafe rows + 2 * first * shape.pitch
        let count = min(shape.panelWidth, shape.length - first)
        guard count < shape.panelWidth else { return unsafe execute(plan, columns, target) }
        // The plan transforms eight columns; those beyond the last one hold anything and go nowhere.
        unsafe execute(plan, columns, turned)
        unsafe target.update(from: turned, count: 2 * count * shape.pitch)
    }

    /// Eight columns n₂ of the long line become rows of the tile, transformed and rotated.
    private func loadMatrixRows(
        _ row: Int, _ sheet: UnsafeMutablePointer<Scalar>, _ tile: UnsafeMutablePointer<Scalar>,
        _ packed: UnsafeMutablePointer<Scalar>
    ) {
        let target = unsafe tile + 2 * row * shape.pitch
        if TileShape.readsColumns(shape.columnCount) {
            unsafe execute(rowForward, sheet + 2 * row, target)
        } else {
            unsafe Scalar.packPanel(sheet + 2 * row, shape.rowCount, packed, shape.panelPitch, shape.columnCount)
            unsafe execute(rowForward, packed, target)
        }
        unsafe rotate(target, row, isInverse: false)
    }

    /// Eight rows of the matrix.
    func rotate(_ rows: UnsafeMutablePointer<Scalar>, _ first: Int, isInverse: Bool) {
        rotations?.withSharedRegion(of: Scalar.self) { factors in
            for row in 0..<shape.panelWidth {
                unsafe Scalar.rotate(
                    rows + 2 * row * shape.pitch, factors.base + 2 * (first + row) * shape.columnCount, isInverse,
                    shape.columnCount)
            }
        }
    }

    /// Copies eight columns to a panel; rows outside `read` become 0.
    func pack(
        _ columns: UnsafeMutablePointer<Scalar>, _ pitch: Int, _ read: LineRows, of length: Int,
        _ panel: UnsafeMutablePointer<Scalar>, _ panelPitch: Int
    ) {
        if read.count < length {
            for line in 0..<shape.panelWidth {
                let start = unsafe panel + 2 * line * panelPitch
                unsafe start.clear(count: 2 * read.low.lowerBound)
                unsafe (start + 2 * read.low.upperBound).clear(
                    count: 2 * (read.high.lowerBound - read.low.upperBound))
                unsafe (start + 2 * read.high.upperBound).clear(count: 2 * (length - read.high.upperBound))
            }
        }
        read.forEachRun { rows in
            unsafe Scalar.packPanel(
                columns + 2 * rows.lowerBound * pitch, pitch, panel + 2 * rows.lowerBound, panelPitch, rows.count)
        }
    }

    func execute(
        _ plan: OpaquePointer?, _ source: UnsafeMutablePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>
    ) {
        // Every pass of a form has its plan; init fails otherwise.
        guard let plan else { return }
        unsafe Scalar.execute(plan, source, target)
    }
}

/// Two windows of one array, and what is done to their samples on the way.
struct SampleSource<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: only read, and only while the call lasts that made it.
    let array: UnsafePointer<Scalar>
    let first: UnsafePointer<ck_window>
    let second: UnsafePointer<ck_window>?
    let exponents: (Int, Int)
    let sanitising: Bool

    /// Packs a stretch of a line.
    func gather(
        _ stretch: Range<Int>, _ target: UnsafeMutablePointer<Scalar>, _ note: UnsafeMutablePointer<Scalar>
    ) {
        var one = unsafe first.pointee.cut(to: stretch)
        var two = unsafe (second ?? first).pointee.cut(to: stretch)
        let hasSecond = unsafe second != nil
        unsafe withUnsafePointer(to: &one) { one in
            unsafe withUnsafePointer(to: &two) { two in
                let part = unsafe SampleSource(
                    array: array, first: one, second: hasSecond ? two : nil, exponents: exponents,
                    sanitising: sanitising)
                let row = ck_rows(plane: 0, row: 0, count: 1, length: stretch.count, pitch: stretch.count)
                unsafe part.gather(row, target, note)
            }
        }
    }

    /// Notes what was found.
    func noting(in note: UnsafeMutablePointer<Scalar>, _ body: (UnsafeMutablePointer<ck_summary>) -> Void) {
        var summary = (ck_summary(), ck_summary())
        unsafe withUnsafeMutablePointer(to: &summary) { found in
            // A tuple of two summaries is laid out as an array of two.
            unsafe found.withMemoryRebound(to: ck_summary.self, capacity: 2) { unsafe body($0) }
        }
        unsafe note[0] = Scalar(summary.0.energy)
        unsafe note[1] = Scalar(summary.0.has_negative)
        unsafe note[2] = Scalar(summary.1.energy)
        unsafe note[3] = Scalar(summary.1.has_negative)
    }

    /// Packs some rows and notes what was found in them: four scalars.
    func gather(_ rows: ck_rows, _ target: UnsafeMutablePointer<Scalar>, _ note: UnsafeMutablePointer<Scalar>) {
        var rows = rows
        unsafe noting(in: note) { unsafe Scalar.gather(array, first, second, target, &rows, $0) }
        guard sanitising || exponents != (0, 0) else { return }
        let (a, b) = (powersOfTwo(exponents.0, Scalar.self), powersOfTwo(exponents.1, Scalar.self))
        for row in 0..<rows.count {
            let start = unsafe target + 2 * row * rows.pitch
            if sanitising { unsafe Scalar.removeNonFinite(start, 2 * rows.length) }
            if exponents != (0, 0) { unsafe Scalar.rescale(start, rows.length, a, b) }
        }
    }
}

/// The sum of what was found in `count` panels, in their order.
private func summary<Scalar: ConvolutionScalar>(
    _ notes: SharedRegion<Scalar>, count: Int
) -> (FieldSummary, FieldSummary) {
    var energies = (0.0, 0.0)
    var negative = (false, false)
    for index in 0..<count {
        energies.0 += Double(notes[4 * index])
        energies.1 += Double(notes[4 * index + 2])
        negative.0 = negative.0 || notes[4 * index + 1] != 0
        negative.1 = negative.1 || notes[4 * index + 3] != 0
    }
    return (
        FieldSummary(energy: energies.0, hasNegative: negative.0),
        FieldSummary(energy: energies.1, hasNegative: negative.1)
    )
}

extension ck_window {
    /// The samples at some positions of the innermost axis, which then count from the first one.
    func cut(to positions: Range<Int>) -> ck_window {
        func samples(before position: Int) -> Int {
            let distance = max(position - start.2, 0)
            return min((distance + step.2 - 1) / step.2, count.2)
        }
        let skipped = samples(before: positions.lowerBound)
        var window = self
        window.count.2 = samples(before: positions.upperBound) - skipped
        window.start.2 = start.2 + skipped * step.2 - positions.lowerBound
        window.array_offset += skipped
        return window
    }
}

extension TileShape {
    /// - Parameter roll: A tile that rolls may lie anywhere in a whole one.
    func check<Scalar: ConvolutionScalar>(
        _ tile: SharedRegion<Scalar>, _ box: TileBox, _ team: TransformTeam<Scalar>, _ roll: TileRoll? = nil
    ) {
        let count = roll == nil ? tileCount(holding: box) : tileCount
        precondition(tile.count >= 2 * count && tile.isAligned, "a tile of another shape")
        precondition(team.identity == identity, "scratch of another shape")
        if let roll { check(roll) }
    }

    /// Some rows of a plane, as the kernels see them in a panel.
    func panel(of rows: Range<Int>, plane: Int) -> ck_rows {
        ck_rows(plane: plane, row: rows.lowerBound, count: rows.count, length: length, pitch: panelPitch)
    }

    func check(_ window: Window, _ arrayCount: Int) {
        precondition(window.fits(self) && window.arrayEnd <= arrayCount, "a window outside its tile or array")
    }

    func check(_ windows: WindowPair, _ offset: Int, _ arrayCount: Int) {
        precondition(
            windows.fits(self) && offset >= 0 && windows.arrayEnd + offset <= arrayCount,
            "a window outside its tile or array")
    }
}
