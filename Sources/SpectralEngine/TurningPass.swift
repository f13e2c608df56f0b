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

    fileprivate subscript(axis: Int) -> Range<Int> { axis == 0 ? planes : axis == 1 ? rows : columns }
}

/// One pass of a tile's transform: lines along the outermost axis of a layout become contiguous rows of the next.
///
/// The layout read is `[length][outer][inner]`, rows of `innerPitch`; the layout written is `[outer][inner][length]`,
/// rows of `outputPitch`. Index arithmetic only; ``PackedTransform`` executes it.
struct TurningPass: Hashable, Sendable {
    /// How the lines reach FFTW.
    enum Form: Hashable, Sendable {
        /// Eight neighbouring strided lines in one plan.
        case strided
        /// Eight lines, copied to a contiguous panel first.
        case packed
        /// The one line of a one-dimensional tile.
        case contiguous
    }

    /// An axis that this pass does not transform; one that is not there has extent 1.
    private struct OtherAxis: Hashable, Sendable {
        var axis: Int?
        var extent = 1
        /// Whether an earlier pass has transformed it.
        var isDone = false

        /// The positions that carry something: samples (or what is kept of them) on one side, all bins on the other.
        func range(_ box: TileBox, samplesIfDone: Bool) -> Range<Int> {
            guard let axis, isDone == samplesIfDone else { return 0..<extent }
            return box[axis]
        }
    }

    let length: Int
    let innerPitch: Int
    let outputPitch: Int
    let form: Form
    private let outer: OtherAxis
    private let inner: OtherAxis

    var outerCount: Int { outer.extent }
    var innerCount: Int { inner.extent }

    /// The passes of a shape; axes of length 1 need none.
    static func all(_ extents: [Int]) -> [TurningPass] {
        let axes = extents.indices.filter { extents[$0] > 1 }
        return axes.indices.map { turn in
            // The layout after `turn` turns, without its outermost axis: first those still to come, then those done.
            let others = (axes[(turn + 1)...] + axes[..<turn]).map { axis in
                OtherAxis(axis: axis, extent: extents[axis], isDone: axis < axes[turn])
            }
            // A tile that is one column lies one element to a padded row, like the rows of any other.
            let inner = others.last ?? OtherAxis()
            let outer = others.count > 1 ? others[0] : OtherAxis()
            return TurningPass(
                length: extents[axes[turn]], outer: outer, inner: inner,
                isContiguous: axes.count == 1 && axes[turn] == 2)
        }
    }

    private init(length: Int, outer: OtherAxis, inner: OtherAxis, isContiguous: Bool) {
        self.length = length
        self.outer = outer
        self.inner = inner
        innerPitch = TileShape.padded(inner.extent, rows: length * outer.extent)
        outputPitch = TileShape.padded(length, rows: outer.extent * inner.extent)
        form = isContiguous ? .contiguous : Self.isShort(length) ? .strided : .packed
    }

    /// Whether strided plans are best for lines of a length: up to 20 points, and for powers of two up to 128. Beyond, and
    /// in between, contiguous lines are so much faster that copying them first pays
    /// (`Docs/Measurements/2026-11-22-turning-passes.md`).
    static func isShort(_ length: Int) -> Bool { length <= 20 || length <= 128 && length & (length - 1) == 0 }

    /// Complex elements from point to point of a strided line.
    var inputPitch: Int { outerCount * innerPitch }

    /// Complex elements that the layout written takes, with room for the last panel's lines beyond its rows.
    var outputCount: Int {
        form == .contiguous ? outputPitch : (outerCount * innerCount + TileShape.panelWidth - 1) * outputPitch
    }

    /// Lines to transform on the way forward: samples are zero outside the box.
    func forwardLines(_ box: TileBox) -> (outer: Range<Int>, inner: Range<Int>) {
        (outer.range(box, samplesIfDone: false), inner.range(box, samplesIfDone: false))
    }

    /// Lines to transform on the way back: results outside the box are not kept.
    func inverseLines(_ box: TileBox) -> (outer: Range<Int>, inner: Range<Int>) {
        (outer.range(box, samplesIfDone: true), inner.range(box, samplesIfDone: true))
    }

    /// Rows of the layout written that the next pass reads as zeros on the way forward, because its own axis has no
    /// samples there.
    func rowsToClear(_ box: TileBox) -> (Range<Int>, Range<Int>) {
        // The next axis is the outer one of three, or the inner one of two.
        let (next, rowsEach) = outer.axis != nil ? (outer, innerCount) : (inner, 1)
        guard !next.isDone, let axis = next.axis else { return (0..<0, 0..<0) }
        let range = box[axis]
        return (0..<range.lowerBound * rowsEach, range.upperBound * rowsEach..<next.extent * rowsEach)
    }
}
