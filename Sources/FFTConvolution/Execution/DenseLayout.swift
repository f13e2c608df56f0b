internal import SpectralEngine

/// The blocking of a ``DensePipeline``, and the places of its workspace.
///
/// Spectra lie `[bin][row pair][channel]`, those of the filters `[half bin][depth][column]`, so that the product of one bin is
/// one matrix product: rows are row pairs, the depth is what is summed, columns are outputs. In the filter gradient rows are
/// filters, the depth are row pairs, columns are channels.
struct DenseLayout: Hashable, Sendable {
    /// Bytes that spectra, and those of the filters, may take before they are cut into blocks: near enough to the cores to be
    /// read at once after they are written, and few enough for any machine.
    private static let spectrumLimit = 64 << 20
    private static let filterLimit = 64 << 20
    /// Row pairs that make a product of the filters' spectra worth while.
    private static let fewRows = 6

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
    /// Complex elements from half bin to half bin of the filters.
    let filterStride: Int

    /// Spectra of the fields, of the outputs, and of the filters (or their gradients).
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

    /// - Returns: `nil` where one output is one sum of one product: nothing is dense.
    init?(_ table: PassTable, _ request: PlanRequest) {
        let problem = table.problem
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        guard Cg * Kg > 1, table.rowCount > 0 else { return nil }
        let isGradient = table.pass == .filterGradient
        workers = max(request.threads, 1)
        let (depth, columns) = table.pass == .forward || isGradient ? (Cg, Kg) : (Kg, Cg)
        (self.depth, self.columns) = (depth, columns)
        let complex = 2 * request.precision.byteCount
        let shape = table.shape
        let half = shape.planes * shape.rows * (shape.length / 2 + 1)
        func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }
        /// All but the scratch, saturating.
        func bytes(_ rows: Int, _ columns: Int) -> Double {
            let all = Double(padded(depth) + padded(columns))
            let spectra = Double(table.shape.pointCount) * Double(rows) * all
            let filters = Double(half) * Double(depth) * Double(padded(columns))
            return (spectra + filters) * Double(complex)
        }
        var (rows, block) = (table.pairCount, columns)
        func spectra(_ rows: Int) -> Double { bytes(rows, block) - bytes(0, block) }
        while rows > Self.fewRows, spectra(rows) > Double(Self.spectrumLimit) { rows = (rows + 1) / 2 }
        if !isGradient {
            while block > 16, bytes(0, block) > Double(Self.filterLimit) { block = padded((block + 1) / 2) }
            // A memory limit takes rows and columns: neither changes a bit.
            while bytes(rows, block) > 0.8 * Double(request.memoryLimit), rows > 1 || block > 8 {
                if rows > 1, spectra(rows) > bytes(0, block) || block <= 8 {
                    rows = (rows + 1) / 2
                } else {
                    block = padded((block + 1) / 2)
                }
            }
        }
        (rowBlock, columnBlock) = (rows, block)
        if isGradient {
            // Row pairs are terms; bins b and −b have runs of their own. The longest runs that keep the sum as shallow as that of
            // single products, which sums every row: such a run is always found, 1 + ⌊√(2·pairs)⌋ at the latest.
            let rowBlocks = (table.pairCount + rows - 1) / rows
            func depth(run: Int) -> Int { run - 1 + 2 * rowBlocks * ((rows + run - 1) / run) - 1 }
            let bound = SpectralLayout.depth(of: table.rowCount)
            summationRun = stride(from: min(rows, 64), to: 1, by: -1).first { depth(run: $0) <= bound } ?? 1
            summationDepth = depth(run: summationRun)
        } else {
            summationRun = SpectralLayout.summationBlock
            summationDepth = SpectralLayout.depth(of: depth)
        }

        let (wideDepth, wideColumns) = (padded(depth), padded(block))
        let stride = Self.apart(rows * (isGradient ? wideDepth + wideColumns : wideDepth))
        filterStride = Self.apart(isGradient ? columns * wideDepth : depth * wideColumns)
        channels = ChannelLayout(
            shape, taps: table.filterTaps, dilations: table.filterDilations, forwardStride: stride,
            inverseStride: Self.apart(rows * wideColumns))
        var layout = WorkspaceLayout()
        fields = layout.book(table.shape.pointCount, stride, bytesEach: complex)
        outputs =
            isGradient ? .none : layout.book(table.shape.pointCount, channels.inverseStride, bytesEach: complex)
        filters = layout.book(half, filterStride, bytesEach: complex)
        let factCount = isGradient ? depth + columns : depth
        fieldCount = factCount
        facts = layout.book(rows, factCount * 2 * FieldFacts.stride + RowFacts.stride, bytesEach: 8)
        negatives = layout.book(rows + 1, 2 * factCount, bytesEach: 1)
        norms = layout.book(depth + 1, columns, 2, bytesEach: 8)
        scratchCount =
            (max(channels.panelCount, channels.filterCount(columns: isGradient ? wideDepth : wideColumns)) + 7) / 8 * 8
        scratch = layout.book(workers, scratchCount, bytesEach: complex)
        byteCount = layout.byteCount
        var prepared = WorkspaceLayout()
        preparedNorms = prepared.book(norms.byteCount, bytesEach: 1)
        preparedScale = prepared.book(CommonScale.stride, bytesEach: 8)
        // Column blocks lie one after the other, each on its own cache line.
        preparedBlock =
            (filters.byteCount + AlignedBuffer.alignment - 1) / AlignedBuffer.alignment * AlignedBuffer.alignment
        preparedFilters = prepared.book((columns + block - 1) / block, bytesEach: preparedBlock)
        preparedGroup = prepared.byteCount
        let (bytes, overflow) = prepared.byteCount.multipliedReportingOverflow(by: problem.groups)
        preparedByteCount = isGradient || overflow ? 0 : bytes
    }
}
