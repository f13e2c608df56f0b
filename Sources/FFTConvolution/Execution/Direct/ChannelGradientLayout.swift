internal import SpectralEngine

/// How the filter gradient of many channels becomes products of matrices, one for each tap.
///
/// Rows are filters, the depth runs over outputs, columns are channels. The output gradient is read where it lies, and
/// what is one tap is written where it belongs; the input is turned first, into `[position][channel]` between zeros, in
/// *slabs* of some output layers and rows of one batch item, whose terms are summed in order.
struct ChannelGradientLayout: Hashable, Sendable {
    let problem: Problem
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// Three spatial axes: depth, rows, columns.
    let axes: [Extents]

    typealias Extents = MatrixGradientLayout.Extents

    /// Output layers and rows of one batch item.
    struct Slab: Hashable, Sendable {
        let depths: Range<Int>
        let rows: Range<Int>
    }
    private let depthCut: EvenCut
    private let rowCut: EvenCut
    /// Of one batch item.
    var slabCount: Int { depthCut.pieces * rowCut.pieces }
    /// The largest slab's layers and rows; some may have one fewer of either.
    var slabDepths: Int { depthCut.largest }
    var slabRows: Int { rowCut.largest }

    func slab(_ index: Int) -> Slab {
        Slab(depths: depthCut[index / rowCut.pieces], rows: rowCut[index % rowCut.pieces])
    }

    /// Elements from position to position of the turned input.
    let channelPitch: Int
    let inputCount: Int
    /// Of a slab whose output gradients are scaled.
    let gradientCount: Int
    /// `[filter][tap][channel]` of one group, unless this is how they lie in the result.
    let sumCount: Int
    /// Slabs in memory at once.
    let together: Int
    let inputs: Booking
    let gradients: Booking
    let sums: Booking
    let byteCount: Int

    /// Terms of one run: a vector's channels at so many positions, and the rows they meet, stay in the first-level cache.
    static let mostTerms = 160
    /// Rows of output positions that are too short to be turned by themselves.
    private static let fewColumns = 28

    /// - Parameter slabLimit: Bytes of the turned operands in memory at once, or one slab of one row.
    init(
        _ geometry: DirectGeometry, _ precision: Precision, workers: Int, slabLimit: Int = MatrixLayout.slabLimit
    ) {
        let problem = geometry.problem
        self.problem = problem
        self.precision = precision
        self.workers = workers
        let Cg = problem.channelsPerGroup
        let all = problem.axes.map {
            Extents(
                input: $0.input, filter: $0.filter, output: $0.output, stride: $0.stride, dilation: $0.dilation,
                before: $0.before)
        }
        let plane = all.reduce(1) { $0 * $1.output }
        let multiple = 64 / precision.byteCount
        // An odd number of cache lines, or neighbouring positions would meet in a few places of the cache.
        let pitch = Cg <= multiple ? Cg : ((Cg + multiple - 1) / multiple | 1) * multiple
        let absent = Extents(input: 1, filter: 1, output: 1, stride: 1, dilation: 1, before: 0)
        if geometry.isPointwise, all.last?.output ?? 0 < Self.fewColumns,
            plane <= slabLimit / precision.byteCount / (pitch + problem.filtersPerGroup)
        {
            // A plane is one row.
            axes = [absent, absent, Extents(input: plane, filter: 1, output: plane, stride: 1, dilation: 1, before: 0)]
        } else {
            axes = Array(repeating: absent, count: 3 - all.count) + all
        }
        channelPitch = pitch
        let (axes, Kg) = (self.axes, problem.filtersPerGroup)
        func counts(_ depths: Int, _ rows: Int) -> (input: Int, gradient: Int) {
            func product(_ factors: Int...) -> Int {
                factors.reduce(1) { product, factor in
                    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
                    return overflow ? Int.max / 16 : min(next, Int.max / 16)
                }
            }
            return (
                product(axes[0].reach(depths), axes[1].reach(rows), axes[2].reach(axes[2].output), pitch),
                product(depths, rows, axes[2].output, Kg)
            )
        }
        var (depths, rows) = (axes[0].output, axes[1].output)
        let limit = slabLimit / precision.byteCount
        while counts(depths, rows).input + counts(depths, rows).gradient > limit, depths > 1 || rows > 1 {
            if depths > 1 { depths = (depths + 1) / 2 } else { rows = (rows + 1) / 2 }
        }
        (depthCut, rowCut) = (EvenCut(axes[0].output, most: depths), EvenCut(axes[1].output, most: rows))
        (inputCount, gradientCount) = counts(depthCut.largest, rowCut.largest)
        together = min(
            max(limit / max(inputCount + gradientCount, 1), 1), max(problem.batch * depthCut.pieces * rowCut.pieces, 1))
        let taps = axes.reduce(1) { $0 * $1.filter }
        sumCount = taps > 1 && Cg > 1 ? Kg * taps * Cg : 0

        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, .filterGradient, precision, &layout)
        inputs = layout.book(together, inputCount, bytesEach: precision.byteCount)
        gradients = layout.book(together, gradientCount, bytesEach: precision.byteCount)
        sums = layout.book(sumCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// Terms of one run, and how many runs each result is a sum of.
    var runs: EvenCut { EvenCut(slabDepths * slabRows * axes[2].output, most: Self.mostTerms) }
}
