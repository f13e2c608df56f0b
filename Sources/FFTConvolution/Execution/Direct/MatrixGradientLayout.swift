internal import SpectralEngine

/// How the filter gradient of many channels becomes products of matrices: one for each tap, or for each row of taps.
///
/// Rows are channels, or neighbouring taps and channels where these are few; the depth runs over outputs, columns are filters. So both
/// operands are turned first, slab by slab: the input, and the output gradient into panels `[position][filter]`.
struct MatrixGradientLayout: Hashable, Sendable {
    let problem: Problem
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    let slabs: GradientSlabs

    /// Neighbouring taps of one product: their channels lie one after the other.
    let tapsTogether: Int
    /// Rows of one product.
    var rowCount: Int { tapsTogether * problem.channelsPerGroup }
    let panelWidth: Int
    let panelCount: Int
    /// `[tap][channel][filter]` of one group.
    let sumCount: Int
    let inputs: Booking
    let gradients: Booking
    let sums: Booking
    /// Of all slabs but the first, if they are apart.
    let apart: Booking
    let byteCount: Int

    /// Channels that make too few rows for one product.
    private static let fewChannels = 13

    /// - Parameters:
    ///   - slabLimit: Bytes of the turned operands in memory at once, or one slab of one row, unless slabs are apart.
    ///   - apartLimit: Bytes of sums that slabs have for themselves.
    init(
        _ problem: Problem, _ precision: Precision, workers: Int, slabLimit: Int = MatrixLayout.slabLimit,
        apartLimit: Int = GradientSlabs.apartLimit
    ) {
        self.problem = problem
        self.precision = precision
        self.workers = workers
        let axes = GradientSlabs.Axes(problem)
        let multiple = ShiftedProduct.columnMultiple(scalarByteCount: precision.byteCount)
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let planes = (Kg + multiple - 1) / multiple * multiple
        let columns = axes.column
        tapsTogether = Cg <= Self.fewChannels && columns.dilation == 1 ? columns.filter : 1
        panelWidth = min(planes, (tapsTogether * Cg <= ShiftedProduct.fewRows ? 4 : 2) * multiple)
        panelCount = (planes + panelWidth - 1) / panelWidth
        // An odd number of cache lines, or neighbouring positions would meet in a few places of the cache.
        let lines = (Cg + multiple - 1) / multiple
        let pitch = tapsTogether > 1 || lines == 1 ? Cg : (lines | 1) * multiple
        let width = panelWidth * panelCount
        sumCount = saturatingProduct(axes.taps, Cg, width)
        slabs = GradientSlabs(
            axes, problem, precision, panelWidth: Cg, panelPitch: pitch, gradientWidth: width, sumCount: sumCount,
            limit: slabLimit, apartLimit: apartLimit)

        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, .filterGradient, precision, &layout)
        inputs = layout.book(slabs.held(workers), slabs.inputCount, bytesEach: precision.byteCount)
        gradients = layout.book(slabs.held(workers), slabs.gradientCount, bytesEach: precision.byteCount)
        sums = layout.book(sumCount, bytesEach: precision.byteCount)
        apart = layout.book(slabs.apartCount, sumCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// Terms of one run, and how many runs each result is a sum of.
    var runs: EvenCut { EvenCut(slabs.mostOutputs, most: MatrixLayout.mostTerms) }
}
