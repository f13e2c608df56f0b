import SpectralEngine

/// How layers whose filters are one tap become products of matrices that read input and filter where they lie.
///
/// Rows are result planes, the depth runs over source planes, columns are positions: both tensors already lie so, and the
/// result too. Only operands that are out of range are copied, to be scaled. Nothing here decides a bit of the result but
/// ``runs``.
struct PointwiseLayout: Hashable, Sendable {
    let geometry: DirectGeometry
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// Source planes that are summed before they are added to the result.
    let runs: EvenCut
    /// Positions of a plane, in columns that the kernel takes at once.
    private let columns: EvenCut
    private let columnMultiple: Int
    /// Result planes.
    let planes: EvenCut
    /// A scaled filter; of each worker, some positions of all source planes, scaled.
    let filters: Booking
    let filterCount: Int
    let sources: Booking
    let sourceCount: Int
    let byteCount: Int

    /// Terms of one run: with the columns that the kernel takes at once, whose lines may be cut by rows that are no whole
    /// lines, they stay in the first-level cache (2026-11-23: 160 Gflop/s in runs of 128, 150 in runs of 256).
    private static let mostTerms = 128
    /// Times the columns that the kernel takes at once: 256 positions in f32, whole lines of memory however rows lie.
    private static let mostColumns = 8

    /// Whether filters are one tap, and the kernel's distances reach every plane of a batch item and of a filter.
    static func isApplicable(_ geometry: DirectGeometry) -> Bool {
        let planes = max(geometry.sourcePlane, geometry.problem.channelsPerGroup)
        return geometry.isPointwise && Double(geometry.sourcesPerGroup) * Double(planes) < 0x1p31
    }

    /// - Parameter geometry: One whose planes are one row, and filters one tap.
    init(_ geometry: DirectGeometry, _ precision: Precision, workers: Int) {
        precondition(geometry.isPointwise, "filters of more than one tap")
        self.geometry = geometry
        self.precision = precision
        self.workers = workers
        runs = EvenCut(geometry.sourcesPerGroup, most: Self.mostTerms)
        columnMultiple = PlacedProduct.columnMultiple(scalarByteCount: precision.byteCount)
        columns = EvenCut((geometry.resultPlane + columnMultiple - 1) / columnMultiple, most: Self.mostColumns)
        let problem = geometry.problem
        // Enough blocks for all workers: sources are read again for each piece of the result planes.
        let stretches = problem.batch * problem.groups * columns.pieces
        let pieces = max((4 * workers + stretches - 1) / max(stretches, 1), 1)
        planes = EvenCut(geometry.resultsPerGroup, most: max((geometry.resultsPerGroup + pieces - 1) / pieces, 8))

        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, geometry.pass, precision, &layout)
        filterCount = problem.groups * geometry.resultsPerGroup * geometry.sourcesPerGroup
        filters = layout.book(filterCount, bytesEach: precision.byteCount)
        sourceCount = geometry.sourcesPerGroup * columns.largest * columnMultiple
        sources = layout.book(workers, sourceCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// From plane to plane of scaled sources.
    var sourcePitch: Int { columns.largest * columnMultiple }

    /// Some positions of some result planes.
    struct Block {
        let n: Int, group: Int
        let columns: Range<Int>, planes: Range<Int>
    }

    var blockCount: Int { geometry.problem.batch * geometry.problem.groups * columns.pieces * planes.pieces }

    func block(_ index: Int) -> Block {
        let (rest, piece) = index.quotientAndRemainder(dividingBy: planes.pieces)
        let (plane, stretch) = rest.quotientAndRemainder(dividingBy: columns.pieces)
        let units = columns[stretch]
        return Block(
            n: plane / geometry.problem.groups, group: plane % geometry.problem.groups,
            columns: units.lowerBound * columnMultiple..<min(units.upperBound * columnMultiple, geometry.resultPlane),
            planes: planes[piece])
    }
}
