internal import SpectralEngine

/// The blocking of a ``DensePipeline``, and the places of its workspace.
///
/// Spectra lie `[bin][row pair][channel]`, those of the filters `[half bin][depth][column]`, so that the product of one bin is
/// one matrix product: rows are row pairs, the depth is what is summed, columns are outputs. In the filter gradient the depth are row
/// pairs; rows are filters and columns channels, or the other way round (``gradientRows``).
///
/// Of the filters' spectra only some bins are in memory at a time, those of one job, near the core that multiplies them: what
/// lies in ``filters`` has not been transformed over the outer axis yet, or not any more.
struct DenseLayout: Hashable, Sendable {
    /// Bytes that spectra, and those of the filters, may take before they are cut into blocks: few enough for any machine.
    private static let spectrumLimit = 64 << 20
    private static let filterLimit = 64 << 20
    /// Bytes of spectra that stay near enough to be read at once after they are written. Row pairs are cut down to them where
    /// filters are so few that transforming these over the outer axis for every block takes no longer than the block's
    /// fields (`Docs/Measurements/2026-11-26-rests.md`; filter gradients: `2026-11-28-gradients.md` beside it).
    private static let nearLimit = 8 << 20
    /// Bytes of the filters' spectra of one job, and of its gradients': an eighth and a half of a second-level cache
    /// (`Docs/Measurements/2026-11-23-dense.md`).
    private static let jobLimit = 256 << 10
    private static let gradientJobLimit = 1024 << 10
    /// Columns that filters are transformed over the inner axes with, if they are few.
    private static let longRow = 1024
    /// Row pairs that make a product of the filters' spectra worth while.
    private static let fewRows = 6

    /// Filters and channels whose gradients are in memory at the same time.
    let sectioning: Sectioning
    let workers: Int
    /// Fields that are summed, and outputs, of one group; channels and filters in the filter gradient.
    let depth: Int
    let columns: Int
    /// Fields that a row pair loads.
    let fieldCount: Int
    /// Row pairs of a block, and outputs.
    let rowBlock: Int
    let columnBlock: Int
    /// Terms of a sum that are added one after the other before their sum is added to that of such runs; and additions on the
    /// longest path of a sum in the spectrum.
    let summationRun: Int
    let summationDepth: Int
    let channels: ChannelLayout
    /// Complex elements from tap to tap of the outer axis of the filters, or from half bin to half bin of whole spectra.
    let filterStride: Int
    /// Depths whose filters are transformed together over the inner axes.
    let tapDepths: Int
    /// Rows and columns of a bin's gradients, these in whole panels: filters by channels; or channels by filters, where fewer columns
    /// are padding then, as with 3 channels.
    let gradientRows: Int
    let gradientColumns: Int
    let rowsAreChannels: Bool
    /// What a job multiplies: positions of the outer axis, an even number, and terms of the sum at a time; in the filter gradient
    /// all positions of so many rows.
    let jobPositions: Int
    let jobTerms: Int
    let jobRows: Int
    /// Complex elements from position to position of a job's spectra; 0 where there is no outer axis, and jobs have no spectra.
    let jobStride: Int

    /// Spectra of the fields, of the outputs, and of the filters (or their gradients) before (after) the outer axis.
    let fields: Booking
    let outputs: Booking
    let filters: Booking
    /// What is known of each field of each row pair: see ``FieldFacts``; then of each pair as a whole: see ``RowFacts``. And
    /// whether a field holds a negative sample, in this block and in any.
    let facts: Booking
    let negatives: Booking
    /// Fraction and exponent of the norm of every filter of the group, then for every output whether one of its filters has a
    /// negative tap.
    let norms: Booking
    /// Per worker.
    let scratch: Booking
    let scratchCount: Int

    let byteCount: Int

    /// Bytes of the exponentials that transform filters.
    let tableByteCount: Int

    /// The places, and bytes, of the fields of one group that a training step keeps, first the spectra.
    let keptFacts: Booking
    let keptNegatives: Booking
    let keptGroup: Int

    /// Bytes of a filter made ready: for every group what is known of it, its scale, and all column blocks of its spectra.
    let preparedByteCount: Int
    /// The places of one group, its bytes, and those of a column block.
    let preparedNorms: Booking
    let preparedScale: Booking
    let preparedFilters: Booking
    let preparedGroup: Int
    let preparedBlock: Int

    /// Elements from bin to bin: no power of two, so that neighbouring bins do not fall into one set of a cache.
    private static func apart(_ count: Int) -> Int { count % 64 == 0 ? count + 8 : count }

    /// The layout for a memory limit, or the smallest one.
    ///
    /// - Parameter limit: Bytes, tables included.
    /// - Returns: `nil` where one output is one sum of one product: nothing is dense.
    static func fitting(_ limit: Int, _ table: PassTable, precision: Precision, workers: Int) -> DenseLayout? {
        let problem = table.whole
        guard problem.channelsPerGroup * problem.filtersPerGroup > 1, table.rowCount > 0 else { return nil }
        var blocking = Blocking(table, precision)
        func layout(_ workers: Int) -> DenseLayout {
            DenseLayout(table, blocking, precision: precision, workers: workers)
        }
        func fits(_ layout: DenseLayout) -> Bool { layout.byteCount + layout.tableByteCount <= limit }
        // Blocks decide bits, and what a training step shares: they are chosen whatever workers are asked for. Then as many
        // work as there is room for.
        while !fits(layout(1)), let smaller = blocking.smaller() { blocking = smaller }
        var workers = max(workers, 1)
        while workers > 1, !fits(layout(workers)) { workers -= 1 }
        return layout(workers)
    }

    /// Row pairs and outputs of a block.
    private struct Blocking {
        private let table: PassTable
        private let complex: Int
        private(set) var rows: Int
        /// Outputs of a block; of a gradient, all of a section.
        private(set) var columns: Int
        private(set) var sectioning: Sectioning

        var isGradient: Bool { table.pass == .filterGradient }

        /// Without a memory limit.
        init(_ table: PassTable, _ precision: Precision) {
            self.table = table
            complex = 2 * precision.byteCount
            rows = table.pairCount
            sectioning = Sectioning(table.whole)
            columns = table.pass == .inputGradient ? table.whole.channelsPerGroup : table.whole.filtersPerGroup
            while rows > DenseLayout.fewRows, spectrumBytes > Double(DenseLayout.spectrumLimit) { halveRows() }
            while rows > DenseLayout.fewRows, spectrumBytes > Double(DenseLayout.nearLimit), areFiltersFew {
                halveRows()
            }
            guard !isGradient else { return }
            while columns > 16, filterBytes > Double(DenseLayout.filterLimit) { halveColumns() }
        }

        private var depth: Int { table.pass == .inputGradient ? sectioning.filters : sectioning.channels }
        /// Of fields and outputs, and of filters; saturating.
        private var spectrumBytes: Double {
            let all = Double(DenseLayout.padded(depth) + DenseLayout.padded(columns))
            return Double(table.shape.pointCount) * Double(rows) * all * Double(complex)
        }
        private var filterBytes: Double {
            let outer = OuterAxis(table.shape, taps: table.filterTaps)
            return Double(outer.innerCount * outer.taps) * Double(depth) * Double(DenseLayout.padded(columns))
                * Double(complex)
        }

        /// Whether half as many row pairs still have as many fields and outputs as there are filters.
        private var areFiltersFew: Bool {
            // Asked of spectra that fit the limit, so there are few of either.
            (rows + 1) / 2 * (depth + columns) >= depth * columns
        }

        private mutating func halveRows() { rows = (rows + 1) / 2 }

        private mutating func halveColumns() {
            guard isGradient else { return columns = DenseLayout.padded((columns + 1) / 2) }
            sectioning = sectioning.withFewerOutputs(.filterGradient) ?? sectioning
            columns = sectioning.filters
        }

        /// What takes less memory; `nil` where one row pair meets eight outputs.
        func smaller() -> Blocking? {
            var smaller = self
            // Vectors hold eight columns, used or not.
            let canHalve = isGradient ? max(sectioning.filters, sectioning.channels) > 8 : columns > 8
            if rows > 1, spectrumBytes > filterBytes || !canHalve {
                smaller.halveRows()
            } else if canHalve {
                smaller.halveColumns()
            } else {
                return nil
            }
            return smaller
        }
    }

    /// Whether spectra are so many that they are far when they are read.
    var isFar: Bool { Double(fields.byteCount) + Double(outputs.byteCount) > Double(Self.nearLimit) }

    private static func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }

    private init(_ table: PassTable, _ blocking: Blocking, precision: Precision, workers: Int) {
        sectioning = blocking.sectioning
        let table = table.section(blocking.sectioning)
        let problem = table.problem
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let isGradient = blocking.isGradient
        self.workers = workers
        let (depth, columns) = table.pass == .forward || isGradient ? (Cg, Kg) : (Kg, Cg)
        (self.depth, self.columns) = (depth, columns)
        let complex = 2 * precision.byteCount
        let shape = table.shape
        let outer = OuterAxis(shape, taps: table.filterTaps)
        func padded(_ count: Int) -> Int { Self.padded(count) }
        let (rows, block) = (blocking.rows, min(blocking.columns, columns))
        (rowBlock, columnBlock) = (rows, block)
        if isGradient {
            // A row pair has two terms, one at a bin and one at its opposite. The longest runs that keep the sum as shallow as that
            // of single products, which sums every row: 8 pairs, fewer where the last one is half empty.
            let rowBlocks = (table.pairCount + rows - 1) / rows
            func depth(run: Int) -> Int { 2 * run - 1 + rowBlocks * ((rows + run - 1) / run) - 1 }
            let bound = SpectralLayout.depth(of: table.rowCount)
            summationRun = stride(from: min(rows, 64), to: 1, by: -1).first { depth(run: $0) <= bound } ?? 1
            summationDepth = depth(run: summationRun)
        } else {
            summationRun = SpectralLayout.summationBlock
            summationDepth = SpectralLayout.depth(of: depth)
        }

        let (wideDepth, wideColumns) = (padded(depth), padded(block))
        let stride = Self.apart(rows * (isGradient ? wideDepth + wideColumns : wideDepth))
        rowsAreChannels = isGradient && depth * wideColumns < columns * wideDepth
        (gradientRows, gradientColumns) = rowsAreChannels ? (depth, wideColumns) : (columns, wideDepth)
        filterStride = Self.apart(isGradient ? gradientRows * gradientColumns : depth * wideColumns)
        channels = ChannelLayout(
            shape, taps: table.filterTaps, dilations: table.filterDilations, forwardStride: stride,
            inverseStride: Self.apart(rows * wideColumns))
        var layout = WorkspaceLayout()
        fields = layout.book(table.shape.pointCount, stride, bytesEach: complex)
        outputs =
            isGradient ? .none : layout.book(table.shape.pointCount, channels.inverseStride, bytesEach: complex)
        filters = layout.book(outer.innerCount * outer.taps, filterStride, bytesEach: complex)
        let factCount = isGradient ? depth + columns : depth
        fieldCount = factCount
        facts = layout.book(rows, factCount * 2 * FieldFacts.stride + RowFacts.stride, bytesEach: 8)
        negatives = layout.book(rows + 1, 2 * factCount, bytesEach: 1)
        norms = layout.book(depth + 1, columns, 2, bytesEach: 8)
        let limit = Self.jobLimit / complex
        if isGradient {
            (jobPositions, jobTerms) = (outer.extent, depth)
            // Parts of equal size.
            let most = max(Self.gradientJobLimit / complex / (outer.extent * gradientColumns), Self.fewRows)
            let parts = (gradientRows + most - 1) / most
            jobRows = (gradientRows + parts - 1) / parts
            jobStride = outer.extent > 1 ? Self.apart(jobRows * gradientColumns) : 0
        } else {
            jobRows = columns
            let run = SpectralLayout.summationBlock
            jobTerms =
                2 * depth * wideColumns <= limit ? depth : min(depth, max(limit / (2 * wideColumns) / run, 1) * run)
            let most = (outer.extent + 1) / 2 * 2
            jobPositions = min(max(limit / (jobTerms * wideColumns) / 2 * 2, 2), most)
            jobStride = outer.extent > 1 ? Self.apart(jobTerms * wideColumns) : 0
        }
        // Long rows are written faster, and eight jobs are enough to share.
        tapDepths = max(min(Self.longRow / wideColumns, (depth + 7) / 8), 1)
        let filterScratch =
            isGradient
            ? channels.restoreCount(columns: gradientColumns) : channels.tapCount(columns: tapDepths * wideColumns)
        scratchCount = (max(channels.panelCount, filterScratch, jobPositions * jobStride) + 7) / 8 * 8
        scratch = layout.book(workers, scratchCount, bytesEach: complex)
        byteCount = layout.byteCount
        tableByteCount = complex * channels.tableCount
        var kept = WorkspaceLayout()
        // The place of `fields`, which is the first in both.
        _ = kept.book(fields.byteCount, bytesEach: 1)
        keptFacts = kept.book(facts.byteCount, bytesEach: 1)
        keptNegatives = kept.book(negatives.byteCount, bytesEach: 1)
        keptGroup = kept.byteCount
        var prepared = WorkspaceLayout()
        preparedNorms = prepared.book(norms.byteCount, bytesEach: 1)
        preparedScale = prepared.book(CommonScale.stride, bytesEach: 8)
        // Column blocks lie one after the other, each on its own cache line.
        var whole = WorkspaceLayout()
        _ = whole.book(channels.halfCount, filterStride, bytesEach: complex)
        preparedBlock =
            (whole.byteCount + AlignedBuffer.alignment - 1) / AlignedBuffer.alignment * AlignedBuffer.alignment
        preparedFilters = prepared.book((columns + block - 1) / block, bytesEach: preparedBlock)
        preparedGroup = prepared.byteCount
        let (bytes, overflow) = prepared.byteCount.multipliedReportingOverflow(by: problem.groups)
        preparedByteCount = isGradient || overflow ? 0 : bytes
    }
}
