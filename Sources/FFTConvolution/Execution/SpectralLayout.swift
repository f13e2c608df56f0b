internal import SpectralEngine

/// The places of one pipeline's workspace, and the numbers of its blocking that places depend on.
///
/// Nothing flows backwards: filter spectra are written before any block reads them, every worker writes its own tiles,
/// every block its own accumulators.
struct SpectralLayout: Hashable, Sendable {
    /// Spectra summed one after the other before their sum is added to the sum of such blocks. Keeps the depth of a
    /// sum of M terms at 15 + ⌈M/16⌉ − 1 instead of M − 1.
    static let summationBlock = 16
    /// Row pairs that one set of accumulators of the filter gradient sums: 16 rows, if partners travel apart.
    private static let pairsPerChunk = 8
    /// Blocks that a filter gradient is cut into where it can be.
    private static let blocksToShare = 16
    /// A filter gradient keeps spectra where its channels or filters are so many, and the sums of all pairs so many bytes, which
    /// every pair would go through (`Docs/Measurements/2026-11-27-steps.md`).
    private static let leastManyToKeep = 4
    private static let leastSumsToKeep = 256 << 10
    /// Bytes of spectra that may be kept at a time: every field of the many meets all of them.
    private static let keptLimit = 8 << 20
    /// Groups of which every worker has sums of its own for two at a time, which are transformed back at once.
    private static let leastGroupsApart = 2 * blocksToShare
    /// Bytes that the accumulators of the filter gradient may take before chunks grow.
    private static let accumulatorLimit = 64 << 20

    /// What is in memory at the same time; sections use the same places one after the other.
    let sectioning: Sectioning
    private let accumulators: Accumulators
    /// How the blocks of filters, and those of rows, are shared; and the fields of a filter gradient that keeps spectra.
    let filterCrew: Crew
    let blockCrew: Crew
    let keptCrew: Crew
    /// Blocks at the same time, at most.
    let slots: Int
    /// Fields of one block, and its outputs (forward, input gradient).
    let fieldCount: Int
    let outputCount: Int
    /// Fields that have panels, and notes of what gather finds, of their own: those that are met at once, and all where rows are carried on.
    let panelFields: Int
    /// Fields of which something is noted at once.
    let factCount: Int
    /// What a block keeps, in all sections, and fields or outputs that go by together.
    let order: BlockOrder
    let together: Int
    /// Whether a filter gradient keeps spectra, those of how many chunks at a time, and their places: spectra, what is known of the fields,
    /// and a byte that tells whether one holds a negative sample. See KeptSpectra.swift.
    let keepsSpectra: Bool
    let keptChunks: Int
    let keptSpectra: Booking
    let keptFacts: Booking
    let keptNegatives: Booking
    /// Pairs of rows of these chunks.
    let keptPairs: Int
    /// Sets of accumulators of the filter gradient: row pairs are dealt to them in order.
    let chunkCount: Int
    /// Sets in memory: all of them, or the sum so far and the one at work. Which way is taken changes no bit.
    let setCount: Int
    /// Additions on the longest path of a sum in the spectrum.
    let summationDepth: Int
    /// Whether a block of the filter gradient is two groups, from loading to the gradients, and only these have sums in memory: there
    /// are groups enough to share.
    let sumsAreLocal: Bool

    /// Half spectra of all filters (forward, input gradient), or of a folded one the tile, or accumulators `[chunk, K, C/G]`, whole spectra (filter gradient): of all
    /// groups, or of two for each worker.
    let spectra: Booking
    /// Whether two filters and all blocks that meet them are one job, so that spectra are read where they were written: depthwise
    /// problems with enough groups to share. Then the workspace has room for two filters of each worker only.
    let pairsFilters: Bool
    /// Whether every worker transforms the filter for itself: there are two at most, and blocks enough that this takes next to none of its
    /// time. What one writes in every call that another has read is slow to write, where their cores are far from each other
    /// (`Docs/Measurements/2026-11-28-far.md`).
    let copiesFilters: Bool
    /// The spectra of the workspace.
    let ownSpectra: Booking
    /// Whether every worker makes its own memory ready, for the same reason; and per worker, a cache line apart, what it has made ready.
    let entersAlone: Bool
    let entered: Booking
    /// Bytes of all that is known of the filters, and of all their spectra, or the tile of a folded one.
    let filterByteCount: Int
    /// What is known of each field of each block: see ``FieldFacts``.
    let fieldFacts: Booking
    /// Doubles about the filters or the accumulators: see FilterSpectra.swift and GradientBlocks.swift.
    let norms: Booking
    /// Doubles about the planes of the result.
    let planeFacts: Booking
    /// Per block at the same time one byte for each plane of the result: whether it must be computed directly.
    let redo: Booking
    /// Per block at the same time: the tiles of a block's fields, and of an output.
    let tiles: Booking
    /// Tiles of fields, the first tile of an output, and how many of these there are.
    let fieldTiles: Int
    let outputTile: Int
    let outputTiles: Int
    /// Complex elements of the tiles of one block; and of the tile of one field: in the filter gradient of the input, which come
    /// first, and of the output gradient.
    let blockCount: Int
    let tileCount: Int
    let gradientTileCount: Int
    /// Per block at the same time: whole spectra, where two filters or two channels share a transform, and those that a block
    /// keeps; and complex elements of them.
    let wholeSpectra: Booking
    let wholeSpectrumCount: Int
    /// The scratch of all transforms.
    let scratch: Booking

    let byteCount: Int

    /// - Parameters:
    ///   - table: Of the whole problem.
    init(
        _ table: PassTable, precision: Precision, workers: Int, sectioning: Sectioning? = nil,
        accumulators: Accumulators = .all
    ) {
        let sectioning = sectioning ?? Sectioning(table.whole)
        self.sectioning = sectioning
        self.accumulators = accumulators
        let (whole, table) = (table.whole, table.section(sectioning))
        let problem = table.problem
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let filterPlanes = problem.filters * Cg
        let complex = 2 * precision.byteCount
        // Of a filter whose lines meet others only once the tile is kept, and of such a gradient nothing.
        let spectrumCount =
            table.meetsOnce
            ? table.pass == .filterGradient ? 0 : table.shape.tileCount(holding: [table.filterBox])
            : table.pass == .filterGradient ? table.shape.spectrumCount : table.shape.halfCount
        var keptCount = 0
        switch table.pass {
        case .forward, .inputGradient:
            (fieldCount, factCount) = (table.fieldsPerGroup, table.fieldsPerGroup)
            (keepsSpectra, keptChunks, keptPairs, sumsAreLocal) = (false, 0, 0, false)
            together = Self.together(table.shape, precision)
            order = table.blockOrder
            outputCount = table.outputsPerGroup
            let streamed = order == .sumsKept ? min(together, fieldCount) : 1
            // Where rows are carried on, each field has a tile and notes of its own.
            fieldTiles = table.roll == nil ? streamed : fieldCount
            panelFields = fieldTiles
            (chunkCount, setCount) = (1, 1)
            summationDepth = Self.depth(of: fieldCount)
        case .filterGradient:
            fieldCount = Cg + Kg
            (panelFields, fieldTiles, outputCount) = (fieldCount, fieldCount, 0)
            (together, order) = (1, .single)
            // Short sums, and blocks enough for many workers whatever their number, so that bits do not depend on it; nor do
            // they depend on the groups of a section.
            // Large tiles are shared themselves.
            let isShared = complex * table.shape.tileCount > Crew.largestOwnTile
            let toShare = (Self.blocksToShare + whole.groups - 1) / whole.groups
            let shared = isShared ? 1 : min(Self.chunksToShare(table.pairCount, groups: whole.groups), toShare)
            let wanted = max((table.pairCount + Self.pairsPerChunk - 1) / Self.pairsPerChunk, shared)
            let setBytes = Double(whole.filters * whole.channelsPerGroup) * Double(spectrumCount) * Double(complex)
            let sets = max(Int(Double(Self.accumulatorLimit) / max(setBytes, 1)), 1)
            let least = Self.leastChunks(table)
            // Where spectra are kept workers share fields, and chunks only if these are few.
            let mayKeep = Self.mayKeepSpectra(table.pairCount, whole, spectrumCount, complex)
            let many = max(whole.channelsPerGroup, whole.filtersPerGroup)
            let sharesFields = mayKeep && many >= Self.blocksToShare
            let most =
                sharesFields ? (table.pairCount + Self.pairsPerChunk - 1) / Self.pairsPerChunk : min(wanted, sets)
            chunkCount = accumulators == .fewest ? least : Self.shallowChunks(table, atMost: max(most, least))
            // Where memory is short nothing is: it changes no bit.
            keepsSpectra = mayKeep && accumulators == .all
            sumsAreLocal = !keepsSpectra && whole.groups >= Self.leastGroupsApart
            setCount =
                accumulators == .all && chunkCount <= sets && !sharesFields && !sumsAreLocal
                ? chunkCount : min(chunkCount, 2)
            let perChunk = (table.pairCount + max(chunkCount, 1) - 1) / max(chunkCount, 1)
            let keptBytes = saturatingProduct(perChunk, table.keptCount, spectrumCount, complex)
            keptChunks = keepsSpectra ? min(max(Self.keptLimit / max(keptBytes, 1), 1), chunkCount) : 0
            keptPairs = min(saturatingProduct(keptChunks, perChunk), table.pairCount)
            keptCount = keptPairs * table.keptCount
            factCount = max(fieldCount, keepsSpectra ? 1 + keptPairs : 0)
            summationDepth = Self.additions(table, chunks: chunkCount)
        }
        let chunks = setCount == chunkCount ? chunkCount : 1
        let blocks =
            table.pass != .filterGradient
            ? table.productBlockCount : sumsAreLocal ? (problem.groups + 1) / 2 : chunks * problem.groups
        // In a step blocks of two groups run beside those of the input gradient, which are more: each its own.
        let pairCrew = Crew(blocks: blocks, workers: workers, table.shape, precision, sharesUneven: false)
        // Fields that are not ordinary are summed chunk by chunk, and these may be few.
        blockCrew =
            sumsAreLocal
            ? pairCrew
            : keepsSpectra && blocks < workers && !table.shape.isLine
                ? Crew(team: workers)
                : table.addsOverlaps && workers > 1
                    ? Crew(
                        waves: PairOrder(table).counts(groups: problem.groups), workers: workers, table.shape, precision
                    )
                    : Crew(blocks: blocks, workers: workers, table.shape, precision)
        copiesFilters = Self.copiesFilters(table, blocks: blocks, blockCrew)
        filterCrew =
            sumsAreLocal
            ? pairCrew
            : copiesFilters
                ? blockCrew : Crew(blocks: (filterPlanes + 1) / 2, workers: workers, table.shape, precision)
        keptCrew =
            keepsSpectra
            ? Crew(
                blocks: (fieldCount - table.keptCount) * (setCount == chunkCount ? chunkCount : 1), workers: workers,
                table.shape, precision) : blockCrew
        slots = max(filterCrew.blocks, blockCrew.blocks, keptCrew.blocks)

        pairsFilters =
            table.pass != .filterGradient && table.pairsGroups && blockCrew.team == 1 && filterCrew.team == 1
            && (filterPlanes + 1) / 2 >= 8 * blockCrew.blocks
        var layout = WorkspaceLayout()
        norms = layout.book(
            table.pass == .filterGradient ? chunkCount : 2, filterPlanes, bytesEach: 8)
        let planes: Int
        switch table.pass {
        case .forward:
            planes = whole.batch * whole.filters
            planeFacts = layout.book(2 * problem.filters, bytesEach: 8)
        case .inputGradient:
            planes = whole.batch * whole.channels
            planeFacts = layout.book(2 * problem.channels, bytesEach: 8)
        case .filterGradient:
            planes = whole.filters * whole.channelsPerGroup
            planeFacts = layout.book(max(chunkCount, 1), problem.channels + problem.filters, bytesEach: 8)
        }
        var all = layout
        spectra = all.book(
            table.pass != .filterGradient ? 1 : setCount,
            sumsAreLocal ? saturatingProduct(slots, 2, Cg, Kg) : filterPlanes, spectrumCount, bytesEach: complex)
        filterByteCount = all.byteCount
        let ownPlanes = pairsFilters ? 2 : filterPlanes
        let isOwn = pairsFilters || copiesFilters
        ownSpectra = isOwn ? layout.book(ownPlanes * slots, spectrumCount, bytesEach: complex) : spectra
        if !isOwn { layout = all }
        entersAlone = table.pass != .filterGradient && blockCrew.team == 1 && filterCrew.team == 1
        entered = layout.book(slots, AlignedBuffer.alignment, bytesEach: 1)
        fieldFacts = layout.book(slots, factCount, 2 * FieldFacts.stride, bytesEach: 8)
        redo = layout.book(slots, planes, bytesEach: 1)
        let boxes = table.boxes
        /// Of a tile that holds nothing elsewhere; one that rolls may lie anywhere in a whole tile.
        func count(holding boxes: [TileBox]) -> Int {
            table.roll == nil ? table.shape.tileCount(holding: boxes) : table.shape.tileCount
        }
        if table.pass == .filterGradient {
            tileCount = count(holding: [boxes.first, table.filterBox])
            gradientTileCount = count(holding: [boxes.second])
            (outputTile, outputTiles) = (0, 1)
            blockCount = saturatingProduct(Cg, tileCount) + saturatingProduct(Kg, gradientTileCount)
        } else {
            tileCount = count(holding: [boxes.first, boxes.second, table.filterBox])
            gradientTileCount = 0
            // Where lines are restored in place, an output takes the tile of a field, unless it is carried on.
            let isApart = table.shape.isSmall || order != .single && table.roll != nil
            outputTile = isApart ? fieldTiles : 0
            outputTiles = order == .fieldsKept ? min(together, table.outputsPerGroup) : 1
            blockCount = saturatingProduct(max(outputTile + outputTiles, fieldTiles), tileCount)
        }
        tiles = layout.book(slots, blockCount, bytesEach: complex)
        let shape = table.shape
        wholeSpectrumCount = saturatingProduct(
            table.wholeSpectra(order, filterPlanes: filterPlanes, summationBlock: Self.summationBlock),
            shape.spectrumCount)
        wholeSpectra = layout.book(slots, wholeSpectrumCount, bytesEach: complex)
        keptSpectra = layout.book(keptCount, shape.spectrumCount, bytesEach: complex)
        keptFacts = layout.book(keptCount, 2 * FieldFacts.stride, bytesEach: 8)
        keptNegatives = layout.book(keptCount, bytesEach: 1)
        let scratchCounts = [filterCrew, blockCrew, keptCrew].map { [panelFields] crew in
            saturatingProduct(crew.blocks, shape.scratchCount(fields: panelFields, workers: crew.team))
        }
        scratch = layout.book(scratchCounts.max() ?? 0, bytesEach: complex)
        byteCount = layout.byteCount
    }

    /// Blocks of a worker that a filter of its own is nothing beside: such a block takes some ten times as long as half a filter, which is
    /// what two workers would save.
    private static let blocksOfCopy = 4

    /// - Parameter blocks: Of all row pairs.
    static func copiesFilters(_ table: PassTable, blocks: Int, _ crew: Crew) -> Bool {
        table.pass != .filterGradient && !table.meetsOnce && table.problem.filters * table.problem.channelsPerGroup <= 2
            && crew.team == 1 && crew.blocks > 1 && blocks >= blocksOfCopy * crew.blocks
    }

    /// Tiles that together leave half of the nearer caches to the spectra they meet: at most four, and a divisor of a summation block.
    private static func together(_ shape: TileShape, _ precision: Precision) -> Int {
        let bytes = 2 * precision.byteCount * shape.tileCount
        return bytes > 96 << 10 ? 1 : bytes > 48 << 10 ? 2 : 4
    }

    /// Stages of a block that a team shares; of a filter gradient those of one pair of rows.
    var stageCount: Int {
        switch order {
        case .single: fieldCount + (gradientTileCount > 0 ? 1 : 2)
        case .fieldsKept: 2 * fieldCount + outputCount + (outputCount + outputTiles - 1) / outputTiles
        case .sumsKept: fieldCount + (fieldCount + together - 1) / together + 2 * outputCount
        }
    }

    /// Accumulators of a filter gradient: a set for each chunk (two at most where sums are local), two sets for as many chunks, or the
    /// fewest chunks there may be.
    enum Accumulators: Int { case all, two, fewest }

    /// The layout for a memory limit, or the smallest one.
    ///
    /// Sections of groups cost nothing. Then workers go, on which no bit depends; then accumulators, and outputs of a group, which
    /// cost time. What decides bits is decided without regard to the workers asked for.
    static func fitting(_ limit: Int, _ table: PassTable, precision: Precision, workers: Int) -> SpectralLayout {
        var workers = workers
        var (sectioning, accumulators) = (Sectioning(table.whole), Accumulators.all)
        while true {
            let layout = SpectralLayout(
                table, precision: precision, workers: workers, sectioning: sectioning, accumulators: accumulators)
            if layout.byteCount <= limit { return layout }
            // A section should have blocks for all workers. It saves nothing where sums are those of two groups.
            if !layout.sumsAreLocal, sectioning.groups > 2 * workers, let fewer = sectioning.withFewerGroups() {
                sectioning = fewer
            } else if workers > 1 {
                workers -= 1
            } else if layout.setCount > 1 || layout.keepsSpectra,
                let fewer = Accumulators(rawValue: accumulators.rawValue + 1)
            {
                accumulators = fewer
            } else if let fewer = sectioning.withFewerOutputs(table.pass) {
                sectioning = fewer
            } else {
                return layout
            }
        }
    }

    /// The same, which is for one worker, with as many as a memory limit allows.
    ///
    /// - Parameter table: The one it is for.
    func with(_ workers: Int, _ table: PassTable, precision: Precision, limit: Int) -> SpectralLayout {
        for count in stride(from: workers, to: 1, by: -1) {
            let layout = SpectralLayout(
                table, precision: precision, workers: count, sectioning: sectioning, accumulators: accumulators)
            if layout.byteCount <= limit { return layout }
        }
        return self
    }

    /// Whether a filter gradient's sums are so many that the spectra of one side are better kept, and those of a chunk few enough.
    private static func mayKeepSpectra(_ pairs: Int, _ problem: Problem, _ spectrumCount: Int, _ complex: Int) -> Bool {
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        return pairs > 1 && max(Cg, Kg) >= leastManyToKeep
            && saturatingProduct(Cg, Kg, spectrumCount, complex) >= leastSumsToKeep
            && saturatingProduct(min(pairs, pairsPerChunk), min(Cg, Kg), spectrumCount, complex) <= keptLimit
    }

    /// Chunks of about two pairs. A single one is shared by all workers; of more, of a single group, an even number lets two
    /// workers end together: 0.94 to 1.13 times as fast by itself, 0.99 to 1.37 with sums of chunks that are added on the way back
    /// (`Docs/Measurements/2026-11-26-threads.md`).
    private static func chunksToShare(_ pairs: Int, groups: Int) -> Int {
        let chunks = (pairs + 1) / 2
        return groups == 1 && chunks > 1 ? chunks + chunks % 2 : chunks
    }

    /// The fewest chunks that keep the sums of a filter gradient as shallow as the contract says of a sum of all rows.
    private static func leastChunks(_ table: PassTable) -> Int {
        // ⌈pairs / 8⌉ are always enough.
        let enough = max((table.pairCount + pairsPerChunk - 1) / pairsPerChunk, 1)
        let bound = depth(of: table.termCount)
        return (1..<enough).first { additions(table, chunks: $0) <= bound } ?? enough
    }

    /// The most that do.
    private static func shallowChunks(_ table: PassTable, atMost most: Int) -> Int {
        let (least, bound) = (leastChunks(table), depth(of: table.termCount))
        guard most > least else { return least }
        return (least...most).last { additions(table, chunks: $0) <= bound } ?? least
    }

    /// Additions on the longest path of a filter gradient's sum, where all partners travel apart.
    private static func additions(_ table: PassTable, chunks: Int) -> Int {
        let rows = chunks == 0 ? 0 : min(2 * ((table.pairCount + chunks - 1) / chunks), table.termCount)
        return max(rows, 1) - 1 + max(chunks, 1) - 1
    }

    /// Additions on the longest path of the two-level sum of `count` spectra.
    static func depth(of count: Int) -> Int {
        count <= summationBlock ? count - 1 : summationBlock - 1 + (count + summationBlock - 1) / summationBlock - 1
    }
}

extension PassTable {
    /// Whole spectra that a block needs.
    fileprivate func wholeSpectra(_ order: BlockOrder, filterPlanes: Int, summationBlock: Int) -> Int {
        switch order {
        case .single: return filterPlanes > 1 ? 1 : 0
        case .fieldsKept: return fieldsPerGroup
        // Long sums are sums of blocks.
        case .sumsKept: return saturatingProduct(fieldsPerGroup > summationBlock ? 2 : 1, outputsPerGroup)
        }
    }
}
