internal import SpectralEngine

/// How the filter gradient of many channels becomes products of matrices, one for each tap.
///
/// Rows are filters, the depth runs over outputs, columns are channels. The output gradient is read where it lies, and
/// what is one tap is written where it belongs; the input is turned first, slab by slab.
struct ChannelGradientLayout: Hashable, Sendable {
    let problem: Problem
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    let slabs: GradientSlabs
    /// `[panel][filter][tap][channel]` of one group, unless `[filter][channel]` is how they lie in the result.
    let sumCount: Int
    let inputs: Booking
    /// Used only where operands are scaled.
    let gradients: Booking
    let sums: Booking
    /// Of all slabs but the first, if they are apart.
    let apart: Booking
    let byteCount: Int

    /// Rows of output positions that are too short to be turned by themselves.
    private static let fewColumns = 28

    /// - Parameters:
    ///   - slabLimit: Bytes of the turned operands in memory at once, or one slab of one row, unless slabs are apart.
    ///   - apartLimit: Bytes of sums that slabs have for themselves.
    init(
        _ geometry: DirectGeometry, _ precision: Precision, workers: Int, slabLimit: Int = MatrixLayout.slabLimit,
        apartLimit: Int = GradientSlabs.apartLimit
    ) {
        let problem = geometry.problem
        self.problem = problem
        self.precision = precision
        self.workers = workers
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        var axes = GradientSlabs.Axes(problem)
        let plane = axes.outputPlane
        let multiple = 64 / precision.byteCount
        // As many channels as the kernel takes at once; few of them lie without gaps.
        let width = min(Cg, PlacedProduct.columnMultiple(scalarByteCount: precision.byteCount))
        let pitch = width <= multiple ? width : 2 * multiple
        let limit = slabLimit / precision.byteCount
        if geometry.isPointwise, axes.column.output < Self.fewColumns, plane <= limit / (Cg + Kg) {
            // A plane is one row.
            axes = GradientSlabs.Axes(plane: plane)
        }
        let taps = axes.taps
        let sum = Kg * taps * Cg
        slabs = GradientSlabs(
            axes, problem, precision, panelWidth: width, panelPitch: pitch, gradientWidth: Kg, sumCount: sum,
            limit: slabLimit, apartLimit: apartLimit)
        sumCount = taps > 1 && Cg > 1 ? sum : 0

        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, .filterGradient, precision, &layout)
        inputs = layout.book(slabs.held(workers), slabs.inputCount, bytesEach: precision.byteCount)
        gradients = layout.book(slabs.held(workers), slabs.gradientCount, bytesEach: precision.byteCount)
        sums = layout.book(sumCount, bytesEach: precision.byteCount)
        apart = layout.book(slabs.apartCount, sum, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// Terms of one run, and how many runs each result is a sum of.
    var runs: EvenCut { EvenCut(slabs.mostOutputs, most: MatrixLayout.mostTerms) }
}
