internal import SpectralEngine

/// How the filter gradient of many channels becomes products of matrices: one for each tap, or for each row of taps.
///
/// Rows are channels, or neighbouring taps and channels where these are few; the depth runs over outputs, columns are filters. So both operands are turned first: the input into
/// `[position][channel]` between zeros, the output gradient into panels `[position][filter]`; in *slabs* of some output
/// layers and rows of one batch item, whose terms are summed in order.
struct MatrixGradientLayout: Hashable, Sendable {
    let problem: Problem
    let precision: Precision
    let workers: Int
    let facts: DirectFacts
    /// Three spatial axes: depth, rows, columns.
    let axes: [Extents]

    struct Extents: Hashable, Sendable {
        let input: Int, filter: Int, output: Int, stride: Int, dilation: Int, before: Int

        /// Input positions that some outputs reach, padding and all.
        func reach(_ outputs: Int) -> Int { (outputs - 1) * stride + (filter - 1) * dilation + 1 }
    }

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

    /// Neighbouring taps of one product: their channels lie one after the other.
    let tapsTogether: Int
    /// Rows of one product.
    var rowCount: Int { tapsTogether * problem.channelsPerGroup }
    let panelWidth: Int
    let panelCount: Int
    /// Elements from position to position of the turned input.
    let channelPitch: Int
    let inputCount: Int
    let gradientCount: Int
    /// `[tap][channel][filter]` of one group.
    let sumCount: Int
    /// Slabs in memory at once.
    let together: Int
    let inputs: Booking
    let gradients: Booking
    let sums: Booking
    let byteCount: Int

    /// Channels that make too few rows for one product.
    private static let fewChannels = 13

    /// - Parameter slabLimit: Bytes of the turned operands in memory at once, or one slab of one row.
    init(
        _ problem: Problem, _ precision: Precision, workers: Int, slabLimit: Int = MatrixLayout.slabLimit
    ) {
        self.problem = problem
        self.precision = precision
        self.workers = workers
        let absent = Extents(input: 1, filter: 1, output: 1, stride: 1, dilation: 1, before: 0)
        axes =
            Array(repeating: absent, count: 3 - problem.axes.count)
            + problem.axes.map {
                Extents(
                    input: $0.input, filter: $0.filter, output: $0.output, stride: $0.stride, dilation: $0.dilation,
                    before: $0.before)
            }
        let multiple = ShiftedProduct.columnMultiple(scalarByteCount: precision.byteCount)
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        let planes = (Kg + multiple - 1) / multiple * multiple
        let columns = axes[2]
        tapsTogether = Cg <= Self.fewChannels && columns.dilation == 1 ? columns.filter : 1
        panelWidth = min(planes, (tapsTogether * Cg <= 7 ? 4 : 2) * multiple)
        panelCount = (planes + panelWidth - 1) / panelWidth
        // An odd number of cache lines, or neighbouring positions would meet in a few places of the cache.
        let lines = (Cg + multiple - 1) / multiple
        channelPitch = tapsTogether > 1 || lines == 1 ? Cg : (lines | 1) * multiple

        let (axes, pitch, width) = (self.axes, channelPitch, panelWidth * panelCount)
        func counts(_ depths: Int, _ rows: Int) -> (input: Int, gradient: Int) {
            func product(_ factors: Int...) -> Int {
                factors.reduce(1) { product, factor in
                    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
                    return overflow ? Int.max / 16 : min(next, Int.max / 16)
                }
            }
            return (
                product(axes[0].reach(depths), axes[1].reach(rows), axes[2].reach(axes[2].output), pitch),
                product(depths, rows, axes[2].output, width)
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
        sumCount = axes.reduce(Cg * width) { $0 * $1.filter }

        var layout = WorkspaceLayout()
        facts = DirectFacts(problem, .filterGradient, precision, &layout)
        inputs = layout.book(together, inputCount, bytesEach: precision.byteCount)
        gradients = layout.book(together, gradientCount, bytesEach: precision.byteCount)
        sums = layout.book(sumCount, bytesEach: precision.byteCount)
        byteCount = layout.byteCount
    }

    /// Terms of one run, and how many runs each result is a sum of.
    var runs: EvenCut { EvenCut(slabDepths * slabRows * axes[2].output, most: MatrixLayout.mostTerms) }
}
