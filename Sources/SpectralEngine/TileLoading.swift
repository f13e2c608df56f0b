internal import CKernels

// From samples to tiles and back: every pass of a transform but the one over lines, with gather and scatter on the way,
// while the rows are in the first-level cache.

/// What gather finds on its way.
public struct FieldSummary: Sendable {
    /// Sum of squares in the field's own precision: NaN or Inf if the field holds one or the sum overflows.
    public let energy: Double
    /// Whether a sample is below 0.
    public let hasNegative: Bool

}

/// Where one part of a tile goes: array = max(part · factors, floor) + bias over a window.
public struct TileResult<Scalar: ConvolutionScalar>: Sendable {
    public var window: Window
    public var factors: (Scalar, Scalar)
    public var floor: Scalar
    public var bias: Scalar

    public init(_ window: Window, factors: (Scalar, Scalar), floor: Scalar, bias: Scalar) {
        self.window = window
        self.factors = factors
        self.floor = floor
        self.bias = bias
    }
}

// MARK: - Load

extension PackedTransform {
    /// Packs one window as the real, another as the imaginary part, and transforms all axes but the lines'.
    ///
    /// - Parameters:
    ///   - exponents: Powers of two that the parts are multiplied by.
    ///   - sanitising: Whether NaN and Inf are replaced by 0.
    /// - Returns: What was found in each window, before it was scaled.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func load(
        _ array: Span<Scalar>, _ first: Window, _ second: Window?, into tile: SharedRegion<Scalar>,
        exponents: (Int, Int), sanitising: Bool, _ team: TransformTeam<Scalar>
    ) -> (FieldSummary, FieldSummary) {
        shape.check(tile)
        shape.check(first, array.count)
        if let second { shape.check(second, array.count) }
        let box = TileBox(first, second)
        return unsafe array.withUnsafeBufferPointer { source in
            // An empty array has only empty windows; then the address is never read.
            let base = unsafe source.baseAddress ?? UnsafePointer(tile.base)
            // Read only, and by workers that end before this call does.
            nonisolated(unsafe) let array = unsafe base
            let gather = SampleSource(
                first: first.kernelWindow, second: second?.kernelWindow, exponents: exponents, sanitising: sanitising)
            let count: Int
            switch shape.form {
            case .line:
                count = 1
                unsafe gather.gather(array, wholeLine, tile.base, team.notes.base)
            case .matrix:
                count = 1
                unsafe gather.gather(array, wholeLine, team.sheet.base, team.notes.base)
                team.run(shape.rowCount / shape.panelWidth) { block, panels in
                    unsafe loadMatrixRows(block * shape.panelWidth, team.sheet.base, tile.base, panels.packed)
                }
            case .plane:
                count = (box.rows.count + shape.panelWidth - 1) / shape.panelWidth
                team.run(count) { block, panels in
                    unsafe loadRows(plane: 0, box, block, array, gather, tile.base, team.notes, panels)
                }
            case .volume:
                count = box.planes.count * ((box.rows.count + shape.panelWidth - 1) / shape.panelWidth)
                team.run(box.planes.count) { block, panels in
                    let plane = box.planes.lowerBound + block
                    for index in 0..<count / box.planes.count {
                        unsafe loadRows(plane: plane, box, index, array, gather, tile.base, team.notes, panels)
                    }
                    guard columnForward != nil else { return }
                    let start = unsafe tile.base + 2 * plane * shape.rowCount * shape.pitch
                    unsafe clear(0..<shape.rowCount, but: box.rows, shape.pitch, start)
                    unsafe transformColumns(
                        columnForward, start, read: box.rows, written: 0..<shape.rowCount, panels)
                }
            }
            if shape.form != .line, shape.form != .matrix {
                unsafe clear(0..<shape.lineLength, but: shape.linePositions(box), shape.lineStride, tile.base)
            }
            return team.summary(of: count)
        }
    }

    private var wholeLine: ck_rows {
        ck_rows(plane: 0, row: 0, count: 1, length: shape.length, pitch: shape.length)
    }

    /// Panel `index` of the rows of one plane that hold samples.
    private func loadRows(
        plane: Int, _ box: TileBox, _ index: Int, _ array: UnsafePointer<Scalar>, _ source: SampleSource,
        _ tile: UnsafeMutablePointer<Scalar>, _ notes: SharedRegion<Scalar>, _ panels: Panels<Scalar>
    ) {
        let row = box.rows.lowerBound + index * shape.panelWidth
        let rows = ck_rows(
            plane: plane, row: row, count: min(shape.panelWidth, box.rows.upperBound - row), length: shape.length,
            pitch: shape.panelPitch)
        let panelsInPlane = (box.rows.count + shape.panelWidth - 1) / shape.panelWidth
        let note = 4 * ((plane - box.planes.lowerBound) * panelsInPlane + index)
        unsafe source.gather(array, rows, panels.packed, notes.base + note)
        let target = unsafe tile + 2 * (plane * shape.rowCount + row) * shape.pitch
        guard rows.count < shape.panelWidth else { return unsafe execute(rowForward, panels.packed, target) }
        // The plan transforms eight rows; those beyond the last one hold anything and go nowhere.
        unsafe execute(rowForward, panels.packed, panels.turned)
        unsafe target.update(from: panels.turned, count: 2 * rows.count * shape.pitch)
    }

    /// Clears the rows (or planes) that hold no samples, `pitch` apart, if FFTW reads them itself.
    private func clear(_ all: Range<Int>, but box: Range<Int>, _ pitch: Int, _ start: UnsafeMutablePointer<Scalar>) {
        guard Self.readsColumns(all.count) else { return }
        let (low, high) = box.isEmpty ? (all.upperBound, all.upperBound) : (box.lowerBound, box.upperBound)
        unsafe start.clear(count: 2 * low * pitch)
        unsafe (start + 2 * high * pitch).clear(count: 2 * (all.upperBound - high) * pitch)
    }

    /// Eight columns n₂ of the long line become rows of the tile, transformed and rotated.
    private func loadMatrixRows(
        _ row: Int, _ sheet: UnsafeMutablePointer<Scalar>, _ tile: UnsafeMutablePointer<Scalar>,
        _ packed: UnsafeMutablePointer<Scalar>
    ) {
        let target = unsafe tile + 2 * row * shape.pitch
        if Self.readsColumns(shape.columnCount) {
            unsafe execute(rowForward, sheet + 2 * row, target)
        } else {
            unsafe Scalar.packPanel(sheet + 2 * row, shape.rowCount, packed, shape.panelPitch, shape.columnCount)
            unsafe execute(rowForward, packed, target)
        }
        unsafe rotate(target, row, isInverse: false)
    }

    /// Eight rows of the matrix.
    private func rotate(_ rows: UnsafeMutablePointer<Scalar>, _ first: Int, isInverse: Bool) {
        rotations?.withSharedRegion(of: Scalar.self) { factors in
            for row in 0..<shape.panelWidth {
                unsafe Scalar.rotate(
                    rows + 2 * row * shape.pitch, factors.base + 2 * (first + row) * shape.columnCount, isInverse,
                    shape.columnCount)
            }
        }
    }

    /// Transforms the columns of one plane of three axes, in place.
    private func transformColumns(
        _ plan: OpaquePointer?, _ plane: UnsafeMutablePointer<Scalar>, read: Range<Int>, written: Range<Int>,
        _ panels: Panels<Scalar>
    ) {
        for column in stride(from: 0, to: shape.columnCount, by: shape.panelWidth) {
            let start = unsafe plane + 2 * column
            if Self.readsColumns(shape.rowCount) {
                unsafe execute(plan, start, panels.turned)
            } else {
                unsafe pack(start, shape.pitch, read, of: shape.rowCount, panels.packed, shape.panelPitch)
                unsafe execute(plan, panels.packed, panels.turned)
            }
            unsafe Scalar.unpackPanel(
                panels.turned + 2 * written.lowerBound, shape.panelPitch,
                start + 2 * written.lowerBound * shape.pitch, shape.pitch, written.count)
        }
    }

    /// Copies eight columns to a panel; positions outside `read` become 0.
    func pack(
        _ columns: UnsafeMutablePointer<Scalar>, _ pitch: Int, _ read: Range<Int>, of length: Int,
        _ panel: UnsafeMutablePointer<Scalar>, _ panelPitch: Int
    ) {
        if read.count < length {
            for line in 0..<shape.panelWidth {
                let start = unsafe panel + 2 * line * panelPitch
                unsafe start.clear(count: 2 * read.lowerBound)
                unsafe (start + 2 * read.upperBound).clear(count: 2 * (length - read.upperBound))
            }
        }
        unsafe Scalar.packPanel(
            columns + 2 * read.lowerBound * pitch, pitch, panel + 2 * read.lowerBound, panelPitch, read.count)
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
private struct SampleSource: Sendable {
    let first: ck_window
    let second: ck_window?
    let exponents: (Int, Int)
    let sanitising: Bool

    /// Packs some rows and notes what was found in them: four scalars.
    func gather<Scalar: ConvolutionScalar>(
        _ array: UnsafePointer<Scalar>, _ rows: ck_rows, _ target: UnsafeMutablePointer<Scalar>,
        _ note: UnsafeMutablePointer<Scalar>
    ) {
        var (rows, first) = (rows, first)
        var summary = (ck_summary(), ck_summary())
        unsafe withUnsafeMutablePointer(to: &summary) { found in
            // A tuple of two summaries is laid out as an array of two.
            unsafe found.withMemoryRebound(to: ck_summary.self, capacity: 2) { found in
                if var second {
                    unsafe Scalar.gather(array, &first, &second, target, &rows, found)
                } else {
                    unsafe Scalar.gather(array, &first, nil, target, &rows, found)
                }
            }
        }
        unsafe note[0] = Scalar(summary.0.energy)
        unsafe note[1] = Scalar(summary.0.has_negative)
        unsafe note[2] = Scalar(summary.1.energy)
        unsafe note[3] = Scalar(summary.1.has_negative)
        guard sanitising || exponents != (0, 0) else { return }
        let (a, b) = (powersOfTwo(exponents.0, Scalar.self), powersOfTwo(exponents.1, Scalar.self))
        for row in 0..<rows.count {
            let start = unsafe target + 2 * row * rows.pitch
            if sanitising { unsafe Scalar.removeNonFinite(start, 2 * rows.length, 1) }
            if exponents != (0, 0) { unsafe Scalar.rescale(start, rows.length, a, b) }
        }
    }
}

extension TransformTeam {
    /// The sum of what was found in `count` panels, in their order.
    fileprivate func summary(of count: Int) -> (FieldSummary, FieldSummary) {
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
}

// MARK: - Store

extension PackedTransform {
    /// Transforms back all axes but the lines', and writes what is kept of each part.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func store(
        _ tile: SharedRegion<Scalar>, _ first: TileResult<Scalar>?, _ second: TileResult<Scalar>?,
        into array: SharedRegion<Scalar>, _ team: TransformTeam<Scalar>
    ) {
        guard let either = first ?? second else { return }
        let box = TileBox(either.window, first == nil ? nil : second?.window)
        shape.check(tile)
        if let first { shape.check(first.window, array.count) }
        if let second { shape.check(second.window, array.count) }
        let scatter = SampleTarget(first: first, second: second)
        switch shape.form {
        case .line:
            unsafe scatter.scatter(tile.base, wholeLine, array.base)
        case .matrix:
            team.run(shape.rowCount / shape.panelWidth) { block, panels in
                let source = unsafe tile.base + 2 * block * shape.panelWidth * shape.pitch
                unsafe rotate(source, block * shape.panelWidth, isInverse: true)
                unsafe execute(rowInverse, source, panels.packed)
                unsafe Scalar.unpackPanel(
                    panels.packed, shape.panelPitch, team.sheet.base + 2 * block * shape.panelWidth, shape.rowCount,
                    shape.columnCount)
            }
            unsafe scatter.scatter(team.sheet.base, wholeLine, array.base)
        case .plane:
            team.run((box.rows.count + shape.panelWidth - 1) / shape.panelWidth) { block, panels in
                unsafe storeRows(plane: 0, box, block, tile.base, scatter, array.base, panels)
            }
        case .volume:
            team.run(box.planes.count) { block, panels in
                let plane = box.planes.lowerBound + block
                if columnInverse != nil {
                    let start = unsafe tile.base + 2 * plane * shape.rowCount * shape.pitch
                    unsafe transformColumns(
                        columnInverse, start, read: 0..<shape.rowCount, written: box.rows, panels)
                }
                for index in 0..<(box.rows.count + shape.panelWidth - 1) / shape.panelWidth {
                    unsafe storeRows(plane: plane, box, index, tile.base, scatter, array.base, panels)
                }
            }
        }
    }

    /// Panel `index` of the rows of one plane that are kept. The plan transforms eight rows of this plane; those that no
    /// window holds go nowhere.
    private func storeRows(
        plane: Int, _ box: TileBox, _ index: Int, _ tile: UnsafeMutablePointer<Scalar>, _ target: SampleTarget<Scalar>,
        _ array: UnsafeMutablePointer<Scalar>, _ panels: Panels<Scalar>
    ) {
        let row = box.rows.lowerBound + index * shape.panelWidth
        let rows = ck_rows(
            plane: plane, row: row, count: min(shape.panelWidth, box.rows.upperBound - row), length: shape.length,
            pitch: shape.panelPitch)
        let start = unsafe tile + 2 * plane * shape.rowCount * shape.pitch
        let first = max(min(row, shape.rowCount - shape.panelWidth), 0)
        if shape.rowCount < shape.panelWidth {
            unsafe panels.turned.update(from: start, count: 2 * shape.rowCount * shape.pitch)
            unsafe execute(rowInverse, panels.turned, panels.packed)
        } else {
            unsafe execute(rowInverse, start + 2 * first * shape.pitch, panels.packed)
        }
        unsafe target.scatter(panels.packed + 2 * (row - first) * shape.panelPitch, rows, array)
    }
}

/// Where both parts of a tile go.
private struct SampleTarget<Scalar: ConvolutionScalar>: Sendable {
    private let windows: (ck_window?, ck_window?)
    private let first: TileResult<Scalar>?
    private let second: TileResult<Scalar>?

    init(first: TileResult<Scalar>?, second: TileResult<Scalar>?) {
        (self.first, self.second) = (first, second)
        windows = (first?.window.kernelWindow, second?.window.kernelWindow)
    }

    func scatter(_ source: UnsafeMutablePointer<Scalar>, _ rows: ck_rows, _ array: UnsafeMutablePointer<Scalar>) {
        var rows = rows
        if let first, var window = windows.0 {
            unsafe Scalar.scatter(source, 0, array, &window, &rows, first.factors, first.floor, first.bias)
        }
        if let second, var window = windows.1 {
            unsafe Scalar.scatter(source, 1, array, &window, &rows, second.factors, second.floor, second.bias)
        }
    }
}

extension TileShape {
    func check<Scalar: ConvolutionScalar>(_ tile: SharedRegion<Scalar>) {
        precondition(tile.count >= 2 * tileCount && tile.isAligned, "a tile of another shape")
    }

    func check(_ window: Window, _ arrayCount: Int) {
        precondition(window.fits(self) && window.arrayEnd <= arrayCount, "a window outside its tile or array")
    }
}
