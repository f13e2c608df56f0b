/// The outermost axis of a tile with two axes or more, over which the filters' transforms are completed bin by bin, where the
/// product needs them: rows of a plane, planes of a volume. A line has none, which is an axis of one position.
///
/// Its bins are counted in pairs of opposites, which are transformed together: first those that are their own opposites, 0 and, if
/// the extent is even, the middle one; then 1 and −1, 2 and −2, ….
public struct OuterAxis: Hashable, Sendable {
    public let extent: Int
    /// Of the filter.
    public let taps: Int
    /// Bins of the axes inside it: half of the last one's.
    public let innerCount: Int

    public init(_ shape: TileShape, taps: (planes: Int, rows: Int, length: Int)) {
        let half = shape.length / 2 + 1
        if shape.planes > 1 {
            (extent, self.taps, innerCount) = (shape.planes, taps.planes, shape.rows * half)
        } else if shape.rows > 1 {
            (extent, self.taps, innerCount) = (shape.rows, taps.rows, half)
        } else {
            (extent, self.taps, innerCount) = (1, 1, half)
        }
    }

    /// Bins that are their own opposites.
    var singleCount: Int { extent.isMultiple(of: 2) ? 2 : 1 }

    func bin(at position: Int) -> Int {
        guard position >= singleCount else { return position == 0 ? 0 : extent / 2 }
        let (pair, part) = (position - singleCount).quotientAndRemainder(dividingBy: 2)
        return part == 0 ? pair + 1 : extent - pair - 1
    }

    /// How many runs of `size` positions there are, an even number; no pair of opposites is torn apart.
    public func runCount(of size: Int) -> Int { (extent + singleCount % 2 + size - 1) / size }

    public func positions(ofRun run: Int, of size: Int) -> Range<Int> {
        // As if a lone bin 0 were a pair too.
        let shift = singleCount % 2
        return max(run * size - shift, 0)..<min((run + 1) * size - shift, extent)
    }
}
