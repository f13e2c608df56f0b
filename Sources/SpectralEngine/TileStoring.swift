internal import CKernels

// From tiles to results: every pass back of a transform but the one over lines, then scatter.

/// How one part of a tile is written over its window: array = max(part · factors, floor) + bias, or, where tiles add up,
/// array += max(part · factors, floor).
public struct PartResult: Sendable {
    // Every Float is a Double, and of one type generic functions need no look at run time at how large it is.
    let factors: (Double, Double)
    let floor: Double
    let bias: Double
    /// Whether it is added to what is there.
    let isSum: Bool

    public init(factors: (Double, Double), floor: Double, bias: Double, isSum: Bool = false) {
        (self.factors, self.floor, self.bias, self.isSum) = (factors, floor, bias, isSum)
    }

    func scatter<Scalar: ConvolutionScalar>(
        _ source: UnsafeMutablePointer<Scalar>, part: Int32, _ array: UnsafeMutablePointer<Scalar>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>
    ) {
        let (factors, floor) = ((Scalar(factors.0), Scalar(factors.1)), Scalar(floor))
        if isSum {
            unsafe Scalar.scatterAdd(source, part, array, window, rows, factors, floor)
        } else {
            unsafe Scalar.scatter(source, part, array, window, rows, factors, floor, Scalar(bias))
        }
    }
}

extension PackedTransform {
    /// Transforms back all axes but the lines', and writes what is kept of each part.
    ///
    /// - Parameters:
    ///   - offset: Elements of the array from each window to the one that is meant.
    ///   - first, second: How each part is written; those that are `nil` are not.
    ///   - roll: Where the tile lies if it follows others.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func store(
        _ tile: SharedRegion<Scalar>, _ windows: WindowPair, offset: Int = 0, _ first: PartResult?,
        _ second: PartResult?, roll: TileRoll? = nil, into array: SharedRegion<Scalar>, _ team: TransformTeam<Scalar>
    ) {
        guard first != nil || second != nil else { return }
        precondition(second == nil || windows.second != nil, "a part without a window")
        precondition(first == nil || second == nil || first?.isSum == second?.isSum, "one part of two that is added")
        shape.check(tile, windows.box, team, roll)
        shape.check(windows, offset, array.count)
        var one = windows.first.kernelWindow(movedBy: offset)
        var two = windows.second?.kernelWindow(movedBy: offset) ?? one
        let takeTurns = takeTurns(windows, first, second)
        unsafe withUnsafePointer(to: &one) { one in
            unsafe withUnsafePointer(to: &two) { two in
                let target = unsafe SampleTarget<Scalar>(
                    array: array.base, windows: (one, two), first: first, second: second, takeTurns: takeTurns)
                store(tile, windows.box, roll, target, team)
            }
        }
    }

    /// Whether the parts are stored one after the other: where both are added to what is there, and they meet in elements that different
    /// blocks of a tile store, so that each element is summed in one order, whoever stores which block.
    private func takeTurns(_ windows: WindowPair, _ first: PartResult?, _ second: PartResult?) -> Bool {
        guard let first, let second, first.isSum, second.isSum, let two = windows.second else { return false }
        let one = windows.first
        guard one.meets(two) else { return false }
        func offset(_ window: Window) -> Int {
            switch shape.form {
            case .line, .matrix, .split: window.segments.2.tileStart - window.segments.2.arrayStart
            case .plane, .small: window.segments.1.tileStart - window.segments.1.arrayStart
            case .volume: window.segments.0.tileStart - window.segments.0.arrayStart
            }
        }
        return offset(one) != offset(two)
    }

    private func store(
        _ tile: SharedRegion<Scalar>, _ box: TileBox, _ roll: TileRoll?, _ target: SampleTarget<Scalar>,
        _ team: TransformTeam<Scalar>
    ) {
        switch shape.form {
        case .line:
            unsafe target.scatter(tile.base, wholeLine)
        case .matrix:
            team.run(shape.rowCount / shape.panelWidth) { block, panels in
                let source = unsafe tile.base + 2 * block * shape.panelWidth * shape.pitch
                unsafe rotate(source, block * shape.panelWidth, isInverse: true)
                unsafe execute(rowInverse, source, panels.packed)
                unsafe Scalar.unpackPanel(
                    panels.packed, shape.panelPitch, team.sheet.base + 2 * block * shape.panelWidth, shape.rowCount,
                    shape.columnCount)
            }
            target.forEachTurn { target in
                team.run(shape.stretches) { index, _ in
                    let stretch = stretch(index)
                    unsafe target.scatter(team.sheet.base + 2 * stretch.lowerBound, stretch)
                }
            }
        case .split: storeSplit(tile, target, team)
        case .small:
            let sheet = team.sheet
            team.run(shape.panels(of: 0..<shape.length)) { block, panels in
                let bin = block * shape.panelWidth
                unsafe turn(rowInverse, tile.base + 2 * bin, sheet.base, first: bin, panels.turned)
            }
            target.forEachTurn { target in
                let rows = shape.aligned(box.rows)
                team.run(shape.panels(of: rows)) { block, panels in
                    let first = rows.lowerBound + block * shape.panelWidth
                    let row = max(first, box.rows.lowerBound)
                    unsafe execute(columnInverse, sheet.base + 2 * first, panels.packed)
                    let kept = ck_rows(
                        plane: 0, row: row, count: min(first + shape.panelWidth, rows.upperBound) - row,
                        length: shape.length, pitch: shape.panelPitch)
                    unsafe target.scatter(panels.packed + 2 * (row - first) * shape.panelPitch, kept)
                }
            }
        case .plane:
            target.forEachTurn { target in storePlane(tile, box, roll, target, team) }
        case .volume:
            // What a worker's plane holds it holds for one block, so each turn restores the columns.
            target.forEachTurn { target in
                team.run(box.planes.count) { block, panels in
                    let plane = box.planes.lowerBound + block
                    let place = roll.map { shape.row(plane, $0) } ?? plane
                    unsafe restoreColumns(tile.base + 2 * place * shape.planePitch, box.rows, panels)
                    for index in 0..<shape.panels(of: box.rows) {
                        unsafe storeRows(plane: plane, box, index, from: panels.plane, target, panels)
                    }
                }
            }
        }
    }

    /// Transforms the columns of a volume's plane back, which are lines of the tile, into rows of the plane between its passes.
    ///
    /// - Parameter kept: The rows that are wanted.
    private func restoreColumns(
        _ start: UnsafeMutablePointer<Scalar>, _ kept: Range<Int>, _ panels: Panels<Scalar>
    ) {
        // Rows are transformed back eight at a time: those beside the kept ones must be numbers.
        let rows = shape.transformedRows(kept)
        for column in stride(from: 0, to: shape.length, by: shape.panelWidth) {
            let count = min(shape.panelWidth, shape.length - column)
            unsafe fetchColumns(start, after: column)
            var lines = unsafe start + 2 * column * shape.pitch
            if count < shape.panelWidth {
                unsafe panels.turned.update(from: lines, count: 2 * count * shape.pitch)
                unsafe lines = panels.turned
            }
            unsafe execute(columnInverse, lines, panels.packed)
            unsafe Scalar.unpackPanel(
                panels.packed + 2 * rows.lowerBound, shape.pitch,
                panels.plane + 2 * (rows.lowerBound * shape.panelPitch + column), shape.panelPitch, rows.count)
        }
    }

    private func storePlane(
        _ tile: SharedRegion<Scalar>, _ box: TileBox, _ roll: TileRoll?, _ target: SampleTarget<Scalar>,
        _ team: TransformTeam<Scalar>
    ) {
        guard let roll else {
            return team.run(shape.panels(of: box.rows)) { block, panels in
                unsafe storeRows(plane: 0, box, block, from: tile.base, target, panels)
            }
        }
        // Whole panels, also of what is kept in part: they lie in whole panels of rows.
        let positions = shape.widened(box.rows)
        team.run(shape.panels(of: positions)) { block, panels in
            let position = positions.lowerBound + block * shape.panelWidth
            let start = unsafe tile.base + 2 * shape.row(position, roll) * shape.pitch
            unsafe execute(rowInverse, start, panels.packed)
            let rows = shape.panel(of: position..<position + shape.panelWidth, plane: 0)
            unsafe target.scatter(panels.packed, rows)
        }
    }

    /// Panel `index` of the rows of one plane that are kept. The plan transforms eight rows of this plane; those that no
    /// window holds go nowhere.
    private func storeRows(
        plane: Int, _ box: TileBox, _ index: Int, from start: UnsafeMutablePointer<Scalar>,
        _ target: SampleTarget<Scalar>,
        _ panels: Panels<Scalar>
    ) {
        let row = box.rows.lowerBound + index * shape.panelWidth
        let rows = shape.panel(of: row..<min(row + shape.panelWidth, box.rows.upperBound), plane: plane)
        let first = max(min(row, shape.rows - shape.panelWidth), 0)
        if shape.rows < shape.panelWidth {
            unsafe panels.turned.update(from: start, count: 2 * shape.rows * shape.panelPitch)
            unsafe execute(rowInverse, panels.turned, panels.packed)
        } else {
            unsafe execute(rowInverse, start + 2 * first * shape.panelPitch, panels.packed)
        }
        unsafe target.scatter(panels.packed + 2 * (row - first) * shape.panelPitch, rows)
    }
}

/// Where both parts of a tile go.
struct SampleTarget<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: blocks write different rows, and only while the call lasts that made it.
    let array: UnsafeMutablePointer<Scalar>
    let windows: (UnsafePointer<ck_window>, UnsafePointer<ck_window>)
    let first: PartResult?
    let second: PartResult?

    let takeTurns: Bool

    /// Calls `body` with both parts, or one after the other.
    func forEachTurn(_ body: (SampleTarget) -> Void) {
        guard takeTurns else { return body(self) }
        unsafe body(SampleTarget(array: array, windows: windows, first: first, second: nil, takeTurns: false))
        unsafe body(SampleTarget(array: array, windows: windows, first: nil, second: second, takeTurns: false))
    }

    /// A stretch of a line.
    func scatter(_ source: UnsafeMutablePointer<Scalar>, _ stretch: Range<Int>) {
        var row = ck_rows(plane: 0, row: 0, count: 1, length: stretch.count, pitch: stretch.count)
        if let part = first {
            var window = unsafe windows.0.pointee.cut(to: stretch)
            unsafe part.scatter(source, part: 0, array, &window, &row)
        }
        if let part = second {
            var window = unsafe windows.1.pointee.cut(to: stretch)
            unsafe part.scatter(source, part: 1, array, &window, &row)
        }
    }

    func scatter(_ source: UnsafeMutablePointer<Scalar>, _ rows: ck_rows) {
        var rows = rows
        if let part = first { unsafe part.scatter(source, part: 0, array, windows.0, &rows) }
        if let part = second { unsafe part.scatter(source, part: 1, array, windows.1, &rows) }
    }
}
