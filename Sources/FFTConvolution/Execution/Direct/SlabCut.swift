/// How the layers and rows of a set of results are cut into slabs, and how the sources of a slab lie in memory.
struct SlabCut: Hashable, Sendable {
    let depths: EvenCut
    let rows: EvenCut
    let box: SourceBox

    var pieces: Int { depths.pieces * rows.pieces }

    /// Rows of a slab that is larger than the limit with more (`Docs/Measurements/2026-11-28-ahead.md`).
    private static let leastLongRows = 4

    /// Halves layers first, then rows, while the sources of a slab are more than `limit` elements, or the slabs fewer than
    /// `pieces`, and a slab would keep `least` rows.
    private init(
        _ set: DirectGeometry.ResultSet, _ geometry: DirectGeometry, limit: Int, pieces: Int, least: Int
    ) {
        var (layers, rows) = (set.depths.count, set.rows.count)
        func cut() -> (depths: EvenCut, rows: EvenCut, box: SourceBox) {
            (
                EvenCut(set.depths.count, most: layers), EvenCut(set.rows.count, most: rows),
                SourceBox(set, geometry, layers: layers, rows: rows)
            )
        }
        var parts = cut()
        while parts.box.count > limit || parts.depths.pieces * parts.rows.pieces < pieces {
            if layers > 1 {
                layers = (layers + 1) / 2
            } else if rows >= 2 * (parts.box.count > limit ? min(least, Self.leastLongRows) : least) {
                rows = (rows + 1) / 2
            } else {
                break
            }
            parts = cut()
        }
        (depths, self.rows, box) = parts
    }

    /// Slabs that all workers copy together: as few as the limit allows.
    init(_ set: DirectGeometry.ResultSet, _ geometry: DirectGeometry, limit: Int) {
        self.init(set, geometry, limit: limit, pieces: 1, least: 1)
    }

    /// Slabs that one worker copies, each in its own memory.
    ///
    /// - Returns: `nil` if they are larger than the limit, or have too few results, or what neighbours copy twice takes more
    ///   than some hundredths of the sums' time (`Docs/Measurements/2026-11-23-direct.md`).
    init?(
        apart set: DirectGeometry.ResultSet, _ geometry: DirectGeometry, limit: Int, pieces: Int, leastResults: Int
    ) {
        // As many rows as keep a panel of filters busy.
        self.init(set, geometry, limit: limit, pieces: pieces, least: 8)
        let rowCount = depths.largest * rows.largest
        let copiedAgain = Double(box.layers * box.rows) / Double(max(rowCount, 1)) - 1
        guard box.count <= limit, rowCount * set.columns.count >= leastResults,
            copiedAgain * 800 <= Double(geometry.taps * geometry.sourcesPerGroup)
        else { return nil }
    }
}
