/// A plane of taps, cut into blocks that are summed one by one before their sums are added up: the error of a long sum grows with
/// its terms, and that of a transform does not. Planes of up to ``most`` taps stay whole.
struct TapBlocks: Hashable, Sendable {
    let rows: EvenCut
    let columns: EvenCut

    /// Taps of a block, at most. Where n terms are alike, the sums that are rounded have half of the last one's size in the mean, and an
    /// error may grow by a quarter of u with each. A transform's bound is 4·(log₂ n + 1)·u: the same for 128 terms, less for more.
    static let most = 128
    /// Rows of a block, at least, where there are as many: each row of the source that is loaded serves so many.
    private static let leastRows = 8

    /// - Parameter keepsRows: Whether rows must stay whole, however long.
    init(rows: Int, columns: Int, keepsRows: Bool = false) {
        let fits = rows * columns <= Self.most
        let width = max(Self.most / max(rows, 1), Self.most / Self.leastRows)
        self.columns = fits || keepsRows ? EvenCut(columns) : EvenCut(columns, most: width)
        self.rows = fits ? EvenCut(rows) : EvenCut(rows, most: Self.most / self.columns.largest)
    }

    var count: Int { rows.pieces * columns.pieces }
    /// Taps of the largest.
    var largest: Int { rows.largest * columns.largest }

    /// Layers of such planes that may be one sum.
    var mostLayers: Int { count == 1 ? Self.most / max(min(largest, Self.most), 1) : 1 }

    /// So many layers, cut into those that are one sum. Fewer layers may be cut into larger pieces, up to ``mostLayers``.
    func layers(_ count: Int) -> EvenCut { EvenCut(count, most: mostLayers) }

    /// Rows and columns of taps, in the order of memory.
    subscript(block: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        (rows[block / columns.pieces], columns[block % columns.pieces])
    }
}

extension DirectGeometry.Part {
    var tapBlocks: TapBlocks { TapBlocks(rows: row.taps.count, columns: column.taps.count) }
}

extension ChannelStencilLayout {
    var tapBlocks: TapBlocks {
        TapBlocks(rows: geometry.filter.rows, columns: geometry.filter.columns, keepsRows: true)
    }
}
