internal import CKernels

/// The extents of one tile, and how its samples and its spectrum lie in memory.
///
/// Every problem is seen with three axes, absent ones having length 1; those come first. The transform of one axis, the
/// *line axis*, is always the last one forward and the first one back, so that it can be done line by line where the
/// spectrum is used: the line stays in the first-level cache from its transform through its products to its inverse.
/// In a tile neighbouring lines are neighbours in a row; which axis the lines run along is a matter of the ``Form``.
///
/// A spectrum is a list of lines of `lineLength` bins, `linePitch` apart. The lines b and −b of a real field's spectrum are
/// conjugate, so half of them say all: the *half spectrum*.
public struct TileShape: Hashable, Sendable {
    /// What the line axis is.
    enum Form: Hashable, Sendable {
        /// The only one.
        case line
        /// The rows of a long line that is seen as a matrix: with n = n₁·rows + n₂ and bin b = b₁ + columns·b₂ the exponent
        /// n·b / (columns·rows) falls apart into n₁b₁/columns + n₂b₁/(columns·rows) + n₂b₂/rows: transforms over n₁, a rotation
        /// of each point, transforms over n₂. The matrix is kept as rows n₂ of columns n₁ or b₁.
        case matrix
        /// Every 64th bin of a long line: SplitLines.swift. The tile has eight rows of its points, split once.
        case split
        /// The rows of two axes.
        case plane
        /// The columns of two short axes. A transform that reads columns and writes rows is nearly twice as fast as any other
        /// while FFTW has one codelet for it, so all four passes turn the tile; then nothing is copied, but for the
        /// spectrum, which waits in a tile of its own for the way back.
        case small
        /// The planes of three axes, whose columns are kept as rows: what the second pass writes as lines is read so by the next one, and
        /// neighbours of a row are as near as neighbours of a column. Its first pass works in a plane of its own, which stays near.
        case volume
    }

    public let planes: Int
    public let rows: Int
    public let length: Int

    let form: Form
    /// Rows of a plane, and complex elements of each, as the tile is kept: a matrix in the case of a long line, columns and rows of a
    /// volume's planes.
    package let rowCount: Int
    let columnCount: Int
    /// Complex elements from row to row.
    package let pitch: Int

    /// The same from plane to plane: an odd multiple of 8.
    package let planePitch: Int

    /// Whether the tile holds the two halves of one real field twice as long along its lines, as real and imaginary parts: FoldedLines.swift.
    public let isFolded: Bool

    /// Bins of a line of the spectrum, and complex elements from line to line.
    public let lineLength: Int
    public let linePitch: Int
    /// Lines of a whole spectrum and of a half one.
    public let lineCount: Int
    public let halfLineCount: Int

    /// - Parameter isFolded: Of a tile with rows at least.
    public init(planes: Int, rows: Int, length: Int, isFolded: Bool = false) {
        precondition(!isFolded || planes * rows > 1, "a line cannot be folded")
        self.isFolded = isFolded
        self.planes = planes
        self.rows = rows
        self.length = length
        if planes > 1 {
            form = .volume
            (rowCount, columnCount, lineLength) = (length, rows, planes)
        } else if rows > 1, !isFolded, Self.readsColumns(rows), Self.readsColumns(length) {
            form = .small
            (rowCount, columnCount, lineLength) = (length, rows, length)
        } else if rows > 1 {
            form = .plane
            (rowCount, columnCount, lineLength) = (rows, length, rows)
        } else if SplitLines.canSplit(length) {
            form = .split
            (rowCount, columnCount) = (SplitLines.parts, length / SplitLines.parts)
            lineLength = columnCount / SplitLines.parts
        } else if let matrixRows = Self.matrixRows(length) {
            form = .matrix
            (rowCount, columnCount, lineLength) = (matrixRows, length / matrixRows, matrixRows)
        } else {
            form = .line
            (rowCount, columnCount, lineLength) = (1, length, length)
        }
        pitch = Self.pitch(columnCount)
        planePitch = planes > 1 ? Self.odd(rowCount * pitch) : rowCount * pitch
        linePitch = Self.pitch(lineLength)
        let linesPerRow = form == .line ? 1 : form == .split ? SplitLines.parts : columnCount
        let rowsOfLines = form == .volume || form == .split ? rowCount : 1
        lineCount = rowsOfLines * linesPerRow
        halfLineCount = rowsOfLines * (linesPerRow / 2 + 1)
        sheetPitch = Self.pitch(length)
        sheetCount =
            form == .matrix ? length : form == .small ? max(rows * sheetPitch, length * pitch) : 0
        panelPitch = form == .small || form == .split ? linePitch : form == .volume ? sheetPitch : pitch
        panelWidth = form == .line ? 1 : 8
        panelCount = panelWidth * max(form == .split ? 0 : pitch, panelPitch, linePitch)
        planeCount = form == .volume ? rows * panelPitch : 0
    }

    /// What all else follows from. Blocks compare shapes often.
    struct Identity: Hashable, Sendable {
        let planes: Int
        let rows: Int
        let length: Int
        let form: Form
        let isFolded: Bool
    }

    var identity: Identity { Identity(planes: planes, rows: rows, length: length, form: form, isFolded: isFolded) }

    public static func == (one: TileShape, other: TileShape) -> Bool { one.identity == other.identity }

    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    /// Whether FFTW itself reads eight neighbouring columns of a tile: up to 20 points, and for powers of two up to 64, this
    /// is its fastest form. Beyond, and in between, contiguous lines are so much faster that copying them to a panel first
    /// pays (`Docs/Measurements/2026-11-22-panels.md`).
    static func readsColumns(_ length: Int) -> Bool {
        length <= 20 && length.isMultiple(of: 2) || length <= 64 && length & (length - 1) == 0
    }

    /// Whether FFTW itself reads the lines of the tile: not where their points are turned first.
    var readsLines: Bool { !isFolded && Self.readsColumns(lineLength) }

    /// Points from which on a line may be split, or seen as a matrix; shorter ones are transformed as they are.
    package static let leastLong = 3072

    /// Points of a long line that is split into lines of so many; `nil` if it is none.
    package static func splitLength(lines: Int) -> Int? {
        let length = lines * SplitLines.parts * SplitLines.parts
        return SplitLines.canSplit(length) ? length : nil
    }

    /// Rows of the matrix that a long line is seen as: the largest power of two up to the root; `nil` for lines better left whole.
    ///
    /// FFTW's estimated plans for one line fall from 40 Gflop/s at 4096 points to 6 at a million; those for the short lines of
    /// the matrix do not (`Docs/Measurements/2026-11-22-panels.md`).
    private static func matrixRows(_ length: Int) -> Int? {
        guard length >= leastLong else { return nil }
        var rows = 8
        while 4 * rows * rows <= length { rows *= 2 }
        // Whole panels of eight rows are copied.
        while length % rows != 0 { rows /= 2 }
        return rows >= 32 ? rows : nil
    }

    // MARK: Memory, in complex elements

    public var tileCount: Int { max(planes * planePitch, form == .small ? spectrumCount : 0) }
    /// Of a tile that holds nothing outside some boxes: rows or planes beyond them are not there. FFTW reads the lines of some tiles
    /// itself, and then as a whole.
    public func tileCount(holding boxes: [TileBox]) -> Int {
        boxes.reduce(tileCount(holding: TileBox(planes: 0..<0, rows: 0..<0, columns: 0..<0))) {
            max($0, tileCount(holding: $1))
        }
    }

    /// The same of a single box: without an array, which takes memory.
    func tileCount(holding box: TileBox) -> Int {
        guard form == .plane || form == .volume, !readsLines else { return tileCount }
        let end = max(form == .plane ? box.rows.upperBound : box.planes.upperBound, 0)
        // Eight rows are transformed back together, also where fewer are kept.
        let lines = min(form == .plane ? end + panelWidth - 1 : end, lineLength)
        return max(lines, 1) * lineStride
    }
    /// Of the factors between the passes of a long line, or of a folded one's points.
    public var tableCount: Int {
        switch form {
        case .matrix: length
        case .split: SplitLines.factorCount(length)
        default: isFolded ? lineLength : 0
        }
    }
    /// A whole spectrum, and a half one.
    public var spectrumCount: Int { lineCount * linePitch }
    public var halfCount: Int { halfLineCount * linePitch }
    /// A panel of eight rows, columns or lines, or of rows of the tile; one line of a tile that is a line.
    public let panelCount: Int
    /// A plane of a volume between its first and its second pass.
    let planeCount: Int
    /// Where samples and results are before and after they take the form of the tile: the long line whose matrix it is, or
    /// the rows of a small tile on the way in, its columns on the way out.
    let sheetCount: Int
    /// Complex elements from row to row of a small tile's samples.
    let sheetPitch: Int

    /// What gather finds in each panel of rows: four scalars. Where fields are carried from tile to tile, that of each stays.
    var noteCount: Int { 2 * planes * rowPanelCount }
    func noteCount(fields: Int) -> Int { rollAlignment == nil ? noteCount : max(fields, 1) * noteCount }
    var rowPanelCount: Int { form == .matrix || form == .split ? stretches : form == .small ? 1 : panels(of: 0..<rows) }
    /// Stretches that a long line is gathered and scattered in, and positions of each.
    var stretches: Int { (length + stretchLength - 1) / stretchLength }
    var stretchLength: Int { 8192 }
    /// Panels that some rows make.
    func panels(of rows: Range<Int>) -> Int { (rows.count + panelWidth - 1) / panelWidth }
    /// Some rows or columns, widened to start where a panel does.
    func aligned(_ rows: Range<Int>) -> Range<Int> { rows.lowerBound / panelWidth * panelWidth..<rows.upperBound }
    /// Panels, and a plane, of one worker whose products sum a number of fields.
    func workerCount(fields: Int) -> Int { (3 + max(fields, 1)) * panelCount + planeCount }
    /// Scratch of a team of workers whose products sum a number of fields. Saturates: what exceeds the address space is
    /// refused by its size.
    public func scratchCount(fields: Int, workers: Int) -> Int {
        let rest = (sheetCount + noteCount(fields: min(fields, 1 << 30)) + 7) / 8 * 8
        // As workerCount says.
        let (panels, isTooLarge) = (workers * panelCount).multipliedReportingOverflow(
            by: 3 + min(max(fields, 1), .max / 2))
        let (planes, areTooLarge) = workers.multipliedReportingOverflow(by: planeCount)
        return isTooLarge || areTooLarge || planes > .max / 4 || panels > .max / 4 - rest
            ? .max / 2 : panels + planes + rest
    }

    /// Points of one transform.
    public var pointCount: Int { planes * rows * length }

    /// Lines of one panel: 8 complex f32 elements are a cache line.
    let panelWidth: Int
    /// Whether it has two short axes, whose spectrum FFTW reads by columns: then lines of a tile are not restored in their place.
    public var isSmall: Bool { form == .small }
    /// Whether it is one line, whose transforms workers cannot share.
    public var isLine: Bool { form == .line }
    /// Whether it is a long line that is transformed as 64.
    public var isSplit: Bool { form == .split }
    /// Whether panels of the tile's columns, not only of some of its rows, are narrower than that: one axis is no multiple of 8, as of
    /// the good lengths those below 32 are.
    public var hasPartialPanels: Bool { form != .line && (columnCount % 8 != 0 || rowCount % 8 != 0) }
    /// Complex elements from row to row of a panel of samples, and of a volume's plane of its own.
    let panelPitch: Int

    /// Complex elements from line to line of so many points, wherever lines lie one after the other: one number for each length, so
    /// that FFTW has one problem to plan. A multiple of 8, so that lines and panels of eight columns are equally aligned, but none of
    /// 64, so that neither eight lines nor a column fall into few sets of a cache (`Docs/Measurements/2026-11-25-avx2.md`).
    package static func pitch(_ length: Int) -> Int {
        let multiple = (length + 7) / 8 * 8
        return multiple % 64 == 0 ? multiple + 8 : multiple
    }

    /// An odd multiple of 8, which are a line of memory in f32: so far apart, neighbours meet only when every set of a cache is in use.
    private static func odd(_ multiple: Int) -> Int { multiple / 8 % 2 == 0 ? multiple + 8 : multiple }
}

// MARK: - Lines

/// Neighbouring lines of a spectrum that are handled together.
struct LinePanel {
    /// Row of the tile that the lines lie in (three axes), the first one's column, and how many there are.
    let row: Int
    let column: Int
    let count: Int
}

extension TileShape {
    /// Complex elements of the tile from sample to sample of a line.
    var lineStride: Int { form == .line ? 1 : form == .volume ? planePitch : pitch }

    /// Rows that lines start in, and lines in each.
    var rowsOfLines: Int { form == .volume || form == .split ? rowCount : 1 }
    var linesPerRow: Int { form == .line ? 1 : form == .split ? SplitLines.parts : columnCount }
    /// Lines of each row that a half spectrum keeps.
    var halfLinesPerRow: Int { linesPerRow / 2 + 1 }

    /// Panels of the lines of each row, or of the first `limit` lines of each.
    func linePanels(limit: Int? = nil) -> Int {
        rowsOfLines * (((limit ?? linesPerRow) + panelWidth - 1) / panelWidth)
    }

    /// Panel `index` of those.
    func panel(_ index: Int, limit: Int? = nil) -> LinePanel {
        let limit = limit ?? linesPerRow
        let (row, panel) = index.quotientAndRemainder(dividingBy: (limit + panelWidth - 1) / panelWidth)
        let column = panel * panelWidth
        return LinePanel(row: row, column: column, count: min(panelWidth, limit - column))
    }

    /// The row and column of the line −b.
    func opposite(row: Int, column: Int) -> (row: Int, column: Int) {
        // Line t of row s of a split line has the bins s + 8t + 64q.
        form == .split && row > 0
            ? (rowsOfLines - row, linesPerRow - 1 - column)
            : ((rowsOfLines - row) % rowsOfLines, (linesPerRow - column) % linesPerRow)
    }

    /// How the bins of a line meet those of its opposite.
    func mirror(row: Int, column: Int) -> Int32 {
        // In a matrix b = b₁ + columns·b₂; where b₁ > 0, −b has b₂ counted back from the end. So do split lines.
        Int32(form == .matrix && column > 0 || form == .split && row + column > 0 ? CK_REVERSED : CK_MIRRORED)
    }

    /// Where a line starts in a whole spectrum and in a half one, in complex elements.
    func offset(row: Int, column: Int) -> Int { (row * linesPerRow + column) * linePitch }
    func halfOffset(row: Int, column: Int) -> Int { (row * halfLinesPerRow + column) * linePitch }

    /// The positions of a box along the line axis.
    func linePositions(_ box: TileBox) -> Range<Int> {
        let positions =
            switch form {
            case .line, .matrix, .split, .small: 0..<lineLength
            case .plane: box.rows
            case .volume: box.planes
            }
        precondition(positions.lowerBound >= 0 && positions.upperBound <= lineLength, "a box outside its tile")
        return positions
    }

    /// The rows of a plane that are transformed back, eight at a time, where some are kept: what lies in the others must be numbers, and
    /// not what memory held before.
    package func transformedRows(_ kept: Range<Int>) -> Range<Int> {
        guard !kept.isEmpty else { return kept }
        let end = kept.lowerBound + (kept.count + panelWidth - 1) / panelWidth * panelWidth
        return max(min(kept.lowerBound, rows - panelWidth), 0)..<min(end, rows)
    }
}

/// A box of positions in a tile.
public struct TileBox: Hashable, Sendable {
    public var planes: Range<Int>
    public var rows: Range<Int>
    public var columns: Range<Int>

    public init(planes: Range<Int>, rows: Range<Int>, columns: Range<Int>) {
        self.planes = planes
        self.rows = rows
        self.columns = columns
    }

    /// The tile positions of one window, or of two partners.
    public init(_ first: Window, _ second: Window?) {
        func range(_ segment: (Window) -> AxisSegment) -> Range<Int> {
            let one = first.isEmpty ? 0..<0 : segment(first).positions
            guard let second, !second.isEmpty else { return one }
            let two = segment(second).positions
            return one.isEmpty ? two : min(one.lowerBound, two.lowerBound)..<max(one.upperBound, two.upperBound)
        }
        self.init(planes: range(\.segments.0), rows: range(\.segments.1), columns: range(\.segments.2))
    }
}
