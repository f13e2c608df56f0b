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
    /// `[filter][tap][channel]` of one group, unless this is how they lie in the result.
    let sumCount: Int
    let inputs: Booking
    /// Used only where operands are scaled.
    let gradients: Booking
    let sums: Booking
    /// Of all slabs but the first, if they are apart.
    let apart: Booking
    let byteCount: Int

    /// Terms of one run: a vector's channels at so many positions, and the rows they meet, stay in the first-level cache.
    static let mostTerms = 160
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
        var axes = GradientSlabs.axes(problem)
        let plane = axes.reduce(1) { $0 * $1.output }
        let multiple = 64 / precision.byteCount
        // An odd number of cache lines, or neighbouring positions would meet in a few places of the cache.
        let pitch = Cg <= multiple ? Cg : ((Cg + multiple - 1) / multiple | 1) * multiple
        let limit = slabLimit / precision.byteCount
        if geometry.isPointwise, axes[2].output < Self.fewColumns, plane <= limit / (pitch + Kg) {
            // A plane is one row.
            axes = [
                .absent, .absent,
                GradientSlabs.Extents(input: plane, filter: 1, output: plane, stride: 1, dilation: 1, before: 0),
            ]
        }
        let taps = axes.reduce(1) { $0 * $1.filter }
        let sum = Kg * taps * Cg
        slabs = GradientSlabs(
            axes, problem, precision, channelPitch: pitch, gradientWidth: Kg, sumCount: sum, limit: slabLimit,
            apartLimit: apartLimit)
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
    var runs: EvenCut { EvenCut(slabs.mostOutputs, most: Self.mostTerms) }
}
