/// A pass as direct sums over planes: which tensors play the parts of source, weights and result, and how positions meet.
///
/// Three spatial axes always: depth, rows, columns. For the filter gradient the relation is that of the forward pass.
struct DirectGeometry: Hashable, Sendable {
    let problem: Problem
    let pass: Pass
    /// One plane of the source, of the result and of the filter.
    let source: Extents
    let result: Extents
    let filter: Extents
    /// Whether every tap meets one sample: then a plane is one row.
    let isPointwise: Bool
    /// Sets of results, those of different axes free to combine.
    let sets: [ResultSet]
    /// Whether every result is in one of the sets; the others are zero.
    let isComplete: Bool

    /// Three spatial extents.
    struct Extents: Hashable, Sendable {
        let depth: Int, rows: Int, columns: Int

        var count: Int { depth * rows * columns }
    }

    /// Results that are sums of the same kind, one progression for each axis.
    struct ResultSet: Hashable, Sendable {
        let depths: Progression
        let rows: Progression
        let columns: Progression
        /// Combinations of the axes' parts.
        let parts: [Part]
    }

    /// A part of each axis.
    struct Part: Hashable, Sendable {
        let depth: DirectAxis.Part
        let row: DirectAxis.Part
        let column: DirectAxis.Part
    }

    init(_ problem: Problem, _ pass: Pass) {
        self.problem = problem
        self.pass = pass
        let absent = 3 - problem.axes.count
        let isPointwise = problem.axes.allSatisfy {
            $0.filter == 1 && $0.stride == 1 && $0.before == 0 && $0.output == $0.input
        }
        func extents(_ extent: (Axis) -> Int) -> Extents {
            let all = Array(repeating: 1, count: absent) + problem.axes.map(extent)
            return isPointwise
                ? Extents(depth: 1, rows: 1, columns: all.reduce(1, *))
                : Extents(depth: all[0], rows: all[1], columns: all[2])
        }
        self.isPointwise = isPointwise
        filter = extents(\.filter)
        let isBackward = pass == .inputGradient
        source = extents(isBackward ? \.output : \.input)
        result = extents(isBackward ? \.input : \.output)
        let axes =
            isPointwise
            ? [[DirectAxis.absent], [.absent], [.pointwise(result.columns)]]
            : Array(repeating: [DirectAxis.absent], count: absent)
                + problem.axes.map { isBackward ? DirectAxis.inputGradient($0) : DirectAxis.forward($0) }
        sets = axes[0].flatMap { depth in
            axes[1].flatMap { row in
                axes[2].map { column in
                    let parts = depth.parts.flatMap { d in
                        row.parts.flatMap { h in column.parts.map { Part(depth: d, row: h, column: $0) } }
                    }
                    return ResultSet(depths: depth.results, rows: row.results, columns: column.results, parts: parts)
                }
            }
        }
        isComplete = zip(axes, [result.depth, result.rows, result.columns]).allSatisfy { axis, extent in
            axis.reduce(0) { $0 + $1.results.count } == extent
        }
    }

    // MARK: Planes

    var sourcePlane: Int { source.count }
    var resultPlane: Int { result.count }
    var taps: Int { filter.count }

    /// Source planes, and result planes, of one group.
    var sourcesPerGroup: Int { pass == .inputGradient ? problem.filtersPerGroup : problem.channelsPerGroup }
    var resultsPerGroup: Int { pass == .inputGradient ? problem.channelsPerGroup : problem.filtersPerGroup }

    /// The first element of a plane of the source.
    func sourceOffset(_ n: Int, _ group: Int, _ index: Int) -> Int {
        ((n * problem.groups + group) * sourcesPerGroup + index) * sourcePlane
    }

    /// The first element of a plane of the result.
    func resultOffset(_ n: Int, _ group: Int, _ index: Int) -> Int {
        ((n * problem.groups + group) * resultsPerGroup + index) * resultPlane
    }

    /// The first element of the filter plane between a source and a result plane of one group.
    func filterOffset(_ group: Int, source: Int, result: Int) -> Int {
        let (k, c) = pass == .inputGradient ? (source, result) : (result, source)
        return ((group * problem.filtersPerGroup + k) * problem.channelsPerGroup + c) * taps
    }
}

/// `count` things cut into as few pieces of at most `most` as there can be, which differ by one at most.
struct EvenCut: Hashable, Sendable {
    let count: Int
    let pieces: Int

    /// In one piece.
    init(_ count: Int) { (self.count, pieces) = (count, 1) }

    init(_ count: Int, most: Int) {
        self.count = count
        pieces = max((count + max(most, 1) - 1) / max(most, 1), 1)
    }

    /// The largest piece.
    var largest: Int { (count + pieces - 1) / pieces }
    /// Whether pieces differ, by one.
    var isUneven: Bool { count % pieces != 0 }

    subscript(piece: Int) -> Range<Int> { count * piece / pieces..<count * (piece + 1) / pieces }
}
