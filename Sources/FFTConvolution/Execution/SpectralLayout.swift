internal import SpectralEngine

/// The places of one pipeline's workspace, and the numbers of its blocking that places depend on.
///
/// Nothing flows backwards: filter spectra are written before any block reads them, every worker writes its own tiles,
/// every block its own accumulators.
struct SpectralLayout: Hashable, Sendable {
    /// Spectra summed one after the other before their sum is added to the sum of such blocks. Keeps the depth of a
    /// sum of M terms at 15 + ⌈M/16⌉ − 1 instead of M − 1.
    static let summationBlock = 16
    /// Row pairs that one set of accumulators of the filter gradient sums.
    private static let pairsPerChunk = 16
    /// Blocks that a filter gradient is cut into where it can be.
    private static let blocksToShare = 16
    /// Bytes that the accumulators of the filter gradient may take before chunks grow.
    private static let accumulatorLimit = 64 << 20

    let workers: Int
    /// Tiles of the fields that one block holds at once.
    let fieldTiles: Int
    /// Sets of accumulators of the filter gradient: row pairs are dealt to them in order.
    let chunkCount: Int
    /// Additions on the longest path of a sum in the spectrum.
    let summationDepth: Int

    /// Half spectra: of all filters (forward, input gradient), or accumulators `[chunk, K, C/G]` (filter gradient).
    let halfSpectra: Booking
    /// What is known of each field of each worker's block: see ``FieldFacts``.
    let fieldFacts: Booking
    /// Doubles about the filters or the accumulators: see FilterSpectra.swift and GradientBlocks.swift.
    let norms: Booking
    /// Doubles about the planes of the result.
    let planeFacts: Booking
    /// Per worker one byte for each plane of the result: whether it must be computed directly.
    let redo: Booking
    /// Per worker: the field tiles, two more, and the second buffer of its transforms.
    let tiles: Booking
    /// Per worker: the panel of its transforms.
    let panels: Booking

    let byteCount: Int

    init(_ table: PassTable, precision: Precision, workers: Int) {
        let problem = table.problem
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let filterPlanes = problem.filters * Cg
        let complex = 2 * precision.byteCount
        let halfCount = table.shape.halfCount
        switch table.pass {
        case .forward, .inputGradient:
            fieldTiles = table.pass == .forward ? Cg : Kg
            chunkCount = 1
            summationDepth = Self.depth(of: fieldTiles)
        case .filterGradient:
            fieldTiles = Cg + Kg
            // Short sums, and blocks enough for many workers whatever their number, so that bits do not depend on it.
            let shared = min((table.pairCount + 1) / 2, (Self.blocksToShare + problem.groups - 1) / problem.groups)
            let wanted = max((table.pairCount + Self.pairsPerChunk - 1) / Self.pairsPerChunk, shared)
            let setBytes = Double(filterPlanes) * Double(halfCount) * Double(complex)
            chunkCount = min(wanted, max(Int(Double(Self.accumulatorLimit) / max(setBytes, 1)), 1))
            let perChunk = chunkCount > 0 ? (table.pairCount + chunkCount - 1) / chunkCount : 0
            // Both partners of a pair are summed in each bin before they meet the accumulator.
            summationDepth = max(perChunk, 1) + max(chunkCount, 1) - 1
        }
        let blocks = table.pass == .filterGradient ? chunkCount * problem.groups : table.pairCount * problem.groups
        self.workers = max(min(workers, max(blocks, (filterPlanes + 1) / 2)), 1)

        var layout = WorkspaceLayout()
        halfSpectra = layout.book(
            table.pass == .filterGradient ? chunkCount : 1, filterPlanes, halfCount, bytesEach: complex)
        fieldFacts = layout.book(self.workers, fieldTiles, 2 * FieldFacts.stride, bytesEach: 8)
        norms = layout.book(
            table.pass == .filterGradient ? chunkCount : 2, filterPlanes, bytesEach: 8)
        let planes: Int
        switch table.pass {
        case .forward:
            planes = problem.batch * problem.filters
            planeFacts = layout.book(2 * problem.filters, bytesEach: 8)
        case .inputGradient:
            planes = problem.batch * problem.channels
            planeFacts = layout.book(2 * problem.channels, bytesEach: 8)
        case .filterGradient:
            planes = filterPlanes
            planeFacts = layout.book(max(chunkCount, 1), problem.channels + problem.filters, bytesEach: 8)
        }
        redo = layout.book(self.workers, planes, bytesEach: 1)
        tiles = layout.book(self.workers, fieldTiles + 3, table.shape.bufferCount, bytesEach: complex)
        panels = layout.book(self.workers, table.shape.panelCount, bytesEach: complex)
        byteCount = layout.byteCount
    }

    /// Additions on the longest path of the two-level sum of `count` spectra.
    private static func depth(of count: Int) -> Int {
        count <= summationBlock ? count - 1 : summationBlock - 1 + (count + summationBlock - 1) / summationBlock - 1
    }
}
