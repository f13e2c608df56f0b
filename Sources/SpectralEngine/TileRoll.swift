/// Where the positions of a tile lie that follows another one along its lines: position 0 in row `start` (of a volume: in
/// plane `start`), the others after it, and around the end.
///
/// A circular product that is shifted stays one: fields that lie so have results that lie so. And of the tile before, whose
/// results took the place of other rows, those that both tiles hold are still there, transformed: they are *carried*, and
/// only the rest is loaded (`Docs/Mathematics.md`, "Tiles that roll").
public struct TileRoll: Hashable, Sendable {
    public let start: Int
    /// Positions whose rows are there: the first ones or the last ones.
    public let carried: Range<Int>
    /// Whether all rows without samples are made 0, so that the tile after this one can carry rows. If not, only those that FFTW reads.
    public let isWhole: Bool

    public init(start: Int, carried: Range<Int> = 0..<0, isWhole: Bool = true) {
        (self.start, self.carried, self.isWhole) = (start, carried, isWhole)
    }

    /// That of a tile which lies alike, but follows none and is followed by none.
    public var beside: TileRoll { TileRoll(start: start, isWhole: false) }
}

extension TileShape {
    /// What the positions that a tile rolls on by are a multiple of; `nil` if tiles of this shape cannot roll: neither long lines
    /// nor small tiles, whose rows do not stay rows, nor rows that are not whole panels.
    package var rollAlignment: Int? {
        switch form {
        case .plane: lineLength % panelWidth == 0 ? panelWidth : nil
        case .volume: 1
        case .line, .matrix, .split, .small: nil
        }
    }

    func check(_ roll: TileRoll) {
        guard let alignment = rollAlignment else { preconditionFailure("a tile that cannot roll") }
        let carried = roll.carried
        precondition(
            (0..<lineLength).contains(roll.start) && roll.start % alignment == 0 && carried.lowerBound >= 0
                && carried.upperBound <= lineLength && carried.lowerBound % alignment == 0
                && carried.upperBound % alignment == 0
                && (carried.isEmpty || carried.lowerBound == 0 || carried.upperBound == lineLength),
            "a roll of another shape")
    }

    /// The row (or plane) that a position of a rolled tile lies in; whole panels of positions lie in whole panels of rows.
    func row(_ position: Int, _ roll: TileRoll) -> Int {
        let row = roll.start + position
        return row < lineLength ? row : row - lineLength
    }

    /// Some positions, widened to whole panels where rows are handled in panels.
    func widened(_ positions: Range<Int>) -> Range<Int> {
        guard form == .plane, !positions.isEmpty else { return positions }
        let end = (positions.upperBound + panelWidth - 1) / panelWidth * panelWidth
        return positions.lowerBound / panelWidth * panelWidth..<min(end, lineLength)
    }

    /// The rows (or planes) that positions of a tile along its lines lie in.
    func lineRows(_ positions: Range<Int>, _ roll: TileRoll?) -> LineRows {
        guard let roll else { return LineRows(positions) }
        let positions = widened(positions)
        guard !positions.isEmpty else { return LineRows(0..<0) }
        let (first, last) = (row(positions.lowerBound, roll), row(positions.upperBound - 1, roll))
        return first <= last
            ? LineRows(first..<last + 1) : LineRows(low: 0..<last + 1, high: first..<lineLength)
    }

    /// Those that hold a tile's samples, all others being 0.
    func loadedRows(_ box: TileBox, _ roll: TileRoll?) -> LineRows {
        if let roll, roll.isWhole { return LineRows(0..<lineLength) }
        return lineRows(linePositions(box), roll)
    }

    /// Those that lines are restored to where some positions are kept: all that are transformed back with them.
    func restoredRows(_ box: TileBox, _ roll: TileRoll?) -> LineRows {
        let positions = linePositions(box)
        return lineRows(form == .plane && roll == nil ? transformedRows(positions) : positions, roll)
    }
}

extension TileRoll {
    /// Positions that are not carried, of so many.
    package func loaded(_ count: Int) -> Range<Int> {
        if carried.isEmpty { return 0..<count }
        return carried.lowerBound == 0 ? carried.upperBound..<count : 0..<carried.lowerBound
    }
}

/// Rows of a tile that follow each other: one run of them, or the two around the end.
struct LineRows {
    let low: Range<Int>
    let high: Range<Int>

    init(_ rows: Range<Int>) { self.init(low: rows, high: rows.upperBound..<rows.upperBound) }

    init(low: Range<Int>, high: Range<Int>) { (self.low, self.high) = (low, high) }

    var count: Int { low.count + high.count }

    func forEachRun(_ body: (Range<Int>) -> Void) {
        if !low.isEmpty { body(low) }
        if !high.isEmpty { body(high) }
    }
}
