internal import SpectralEngine

/// The terms of a filter gradient by products of matrices: *slabs* of some output layers and rows of one batch item, whose input
/// is turned into panels of channels, `[panel][position][channel]`, between zeros, and whose terms are summed in order. Where sums are few each slab has its
/// own, so that workers take whole slabs, which stay in their caches from turning to the last product
/// (`Docs/Measurements/2026-11-23-direct.md`).
struct GradientSlabs: Hashable, Sendable {
    struct Extents: Hashable, Sendable {
        let input: Int, filter: Int, output: Int, stride: Int, dilation: Int, before: Int

        static let absent = Extents(input: 1, filter: 1, output: 1, stride: 1, dilation: 1, before: 0)

        /// Input positions that some outputs reach, padding and all.
        func reach(_ outputs: Int) -> Int { (outputs - 1) * stride + (filter - 1) * dilation + 1 }
    }

    /// Three spatial axes.
    struct Axes: Hashable, Sendable {
        let depth: Extents, row: Extents, column: Extents

        /// Those of a problem.
        init(_ problem: Problem) {
            let axes =
                Array(repeating: Extents.absent, count: 3 - problem.axes.count)
                + problem.axes.map {
                    Extents(
                        input: $0.input, filter: $0.filter, output: $0.output, stride: $0.stride, dilation: $0.dilation,
                        before: $0.before)
                }
            (depth, row, column) = (axes[0], axes[1], axes[2])
        }

        /// A plane as one row, where every tap meets one sample.
        init(plane: Int) {
            (depth, row) = (.absent, .absent)
            column = Extents(input: plane, filter: 1, output: plane, stride: 1, dilation: 1, before: 0)
        }

        var taps: Int { depth.filter * row.filter * column.filter }
        var inputPlane: Int { depth.input * row.input * column.input }
        var outputPlane: Int { depth.output * row.output * column.output }
    }

    /// Output layers and rows of one batch item.
    struct Slab: Hashable, Sendable {
        let depths: Range<Int>
        let rows: Range<Int>
    }

    // Numbers only, no problem: threads that copied a reference in every job took its count from each other.
    let axes: Axes
    private let batch: Int
    private let groups: Int
    private let channels: Int
    private let filters: Int
    private let depthCut: EvenCut
    private let rowCut: EvenCut
    /// Channels of a panel of the turned input, and elements from position to position.
    let panelWidth: Int
    let panelPitch: Int
    /// Elements of a slab: of its turned input, and of its output gradient.
    let inputCount: Int
    let gradientCount: Int
    /// Slabs in memory at once, unless they are apart.
    let together: Int
    /// Whether slabs have sums of their own, and workers a slab each in memory.
    let isApart: Bool

    /// Slabs apart: bytes of the sums of all and of the operands of one, and how many there must be.
    static let apartLimit = 4 << 20
    private static let nearLimit = 512 << 10
    private static let leastApart = 4

    /// Slabs of one batch item.
    var count: Int { depthCut.pieces * rowCut.pieces }
    /// Outputs of the largest slab.
    var mostOutputs: Int { depthCut.largest * rowCut.largest * axes.column.output }
    /// Positions of a row of the turned input.
    var width: Int { axes.column.reach(axes.column.output) }
    /// Panels of the turned input, and elements of one of them.
    var panelCount: Int { (channels / groups + panelWidth - 1) / max(panelWidth, 1) }
    var panelSize: Int { inputRows * width * panelPitch }
    var taps: Int { axes.taps }
    /// Outputs of one plane of the whole.
    var outputPlane: Int { axes.outputPlane }

    /// - Parameters:
    ///   - axes: Those of the problem, or a plane as one row.
    ///   - panelWidth: Channels of a panel of the turned input.
    ///   - panelPitch: Elements from position to position of a panel.
    ///   - gradientWidth: Elements that a slab keeps for each output of the output gradient.
    ///   - sumCount: Elements of the sums of a group.
    ///   - limit: Bytes of turned operands in memory at once, or one slab of one row, unless slabs are apart.
    ///   - apartLimit: Bytes of sums in memory at once that slabs have for themselves.
    init(
        _ axes: Axes, _ problem: Problem, _ precision: Precision, panelWidth: Int, panelPitch: Int,
        gradientWidth: Int, sumCount: Int, limit: Int, apartLimit: Int
    ) {
        func slabs(_ bytes: Int, isApart: Bool) -> GradientSlabs {
            GradientSlabs(
                axes, problem, panelWidth: panelWidth, panelPitch: panelPitch, gradientWidth: gradientWidth,
                limit: bytes / precision.byteCount, isApart: isApart)
        }
        // Whatever the workers: it decides bits.
        let small = slabs(min(limit, Self.nearLimit), isApart: true)
        let all = problem.batch * small.count
        let areFew = all <= apartLimit / precision.byteCount / max(sumCount, 1)
        let isNear = small.inputCount + small.gradientCount <= Self.nearLimit / precision.byteCount
        self = all >= Self.leastApart && areFew && isNear ? small : slabs(limit, isApart: false)
    }

    private init(
        _ axes: Axes, _ problem: Problem, panelWidth: Int, panelPitch: Int, gradientWidth: Int, limit: Int,
        isApart: Bool
    ) {
        self.axes = axes
        self.isApart = isApart
        (batch, groups) = (problem.batch, problem.groups)
        (channels, filters) = (problem.channels, problem.filters)
        self.panelWidth = panelWidth
        self.panelPitch = panelPitch
        let pitch = (problem.channelsPerGroup + panelWidth - 1) / max(panelWidth, 1) * panelPitch
        func counts(_ depths: Int, _ rows: Int) -> (input: Int, gradient: Int) {
            (
                saturatingProduct(
                    axes.depth.reach(depths), axes.row.reach(rows), axes.column.reach(axes.column.output), pitch),
                saturatingProduct(depths, rows, axes.column.output, gradientWidth)
            )
        }
        var (depths, rows) = (axes.depth.output, axes.row.output)
        while counts(depths, rows).input + counts(depths, rows).gradient > limit, depths > 1 || rows > 1 {
            if depths > 1 { depths = (depths + 1) / 2 } else { rows = (rows + 1) / 2 }
        }
        (depthCut, rowCut) = (EvenCut(axes.depth.output, most: depths), EvenCut(axes.row.output, most: rows))
        (inputCount, gradientCount) = counts(depthCut.largest, rowCut.largest)
        together = min(
            max(limit / max(inputCount + gradientCount, 1), 1), max(problem.batch * depthCut.pieces * rowCut.pieces, 1))
    }

    /// Slabs of the turned operands in memory, and of sums beside the first one's.
    func held(_ workers: Int) -> Int { isApart ? min(workers, batch * count) : together }
    var apartCount: Int { isApart ? batch * count - 1 : 0 }

    /// How often sums are added to, of a term's way to the result, where a slab has so many runs.
    func additions(_ runs: Int) -> Int {
        let all = batch * count
        return isApart ? runs + all : all * runs
    }

    /// Where slabs that are apart have their sums: the first one where those of all will be.
    func sums<Scalar>(_ slab: Int, _ all: SharedRegion<Scalar>, _ apart: SharedRegion<Scalar>) -> SharedRegion<Scalar> {
        slab == 0 ? all : apart.slice(slab - 1, count: all.count)
    }

    /// Adds the sums of slabs that are apart to those of the first, in order.
    func addUp<Scalar: ConvolutionScalar>(
        _ apart: SharedRegion<Scalar>, to all: SharedRegion<Scalar>, workers: Int
    ) throws {
        let pieces = EvenCut(all.count, most: Self.addedTogether)
        try Workers.run(count: workers, blocks: pieces.pieces) { piece, _ in
            for slab in 0..<apartCount {
                add(apart.slice(slab, count: all.count)[pieces[piece]], to: all[pieces[piece]])
            }
        }
    }

    /// Elements of one job of adding.
    private static var addedTogether: Int { 4096 }

    /// The channels of a panel.
    func channels(of panel: Int) -> Range<Int> {
        panel * panelWidth..<min((panel + 1) * panelWidth, channels / groups)
    }

    /// Slab `index` of all batch items.
    func slab(_ index: Int) -> (n: Int, slab: Slab) {
        let (n, part) = index.quotientAndRemainder(dividingBy: count)
        return (n, Slab(depths: depthCut[part / rowCut.pieces], rows: rowCut[part % rowCut.pieces]))
    }

    func outputs(_ slab: Slab) -> Int { slab.depths.count * slab.rows.count * axes.column.output }

    /// Which of the shapes that slabs have: all layers and rows, or one fewer of either.
    func shape(_ slab: Slab) -> Int {
        (slab.depths.count < depthCut.largest ? 2 : 0) + (slab.rows.count < rowCut.largest ? 1 : 0)
    }

    /// Whether slabs of a shape exist.
    private func exists(_ shape: Int) -> Bool {
        (shape < 2 || depthCut.isUneven) && (shape % 2 == 0 || rowCut.isUneven)
    }

    /// Distances of ``inputOffsets``, saturating.
    var offsetCount: Int {
        (0..<4).reduce(0) { $0 + (exists($1) ? min(mostOutputs, .max / 64) : 0) }
    }

    /// Bytes of ``tapOffsets``.
    var tapByteCount: Int { saturatingProduct((0..<4).count { exists($0) }, taps, MemoryLayout<Int>.stride) }

    /// For slabs of each shape the distance from their first input position to the one that each output reads with its first
    /// tap, in elements; none where there is no such slab.
    var inputOffsets: [[Int]] {
        (0..<4).map { missing in
            guard exists(missing) else { return [] }
            let (depths, rows) = (depthCut.largest - missing / 2, rowCut.largest - missing % 2)
            let height = axes.row.reach(rows)
            return (0..<depths).flatMap { p in
                (0..<rows).flatMap { q in
                    (0..<axes.column.output).map { r in
                        ((p * axes.depth.stride * height + q * axes.row.stride) * width + r * axes.column.stride)
                            * panelPitch
                    }
                }
            }
        }
    }

    /// For slabs of each shape the distance from what an output reads with its first tap to what it reads with every other,
    /// in elements.
    var tapOffsets: [[Int]] {
        (0..<4).map { missing in
            guard exists(missing) else { return [] }
            let height = axes.row.reach(rowCut.largest - missing % 2)
            return (0..<taps).map { tap in
                let (d, h) = (tap / (axes.row.filter * axes.column.filter), tap / axes.column.filter % axes.row.filter)
                let rows = d * axes.depth.dilation * height + h * axes.row.dilation
                return (rows * width + tap % axes.column.filter * axes.column.dilation) * panelPitch
            }
        }
    }

    /// Rows of the turned input of the largest slab.
    var inputRows: Int { axes.depth.reach(depthCut.largest) * axes.row.reach(rowCut.largest) }

    /// Where the output gradient of a group's first filter begins with a slab's layer.
    func gradientOffset(_ index: Int, _ group: Int, layer: Int = 0) -> Int {
        let (n, slab) = slab(index)
        return (n * filters + group * (filters / groups)) * outputPlane
            + ((slab.depths.lowerBound + layer) * axes.row.output + slab.rows.lowerBound) * axes.column.output
    }

    /// Turns one row of a slab's input into a panel, `[position][channel]`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func turnInput<Scalar: ConvolutionScalar>(
        _ row: Int, panel: Int, slab index: Int, _ group: Int, _ input: Elements<Scalar>,
        _ target: SharedRegion<Scalar>
    ) {
        let (n, slab) = slab(index)
        let height = axes.row.reach(slab.rows.count)
        guard row < axes.depth.reach(slab.depths.count) * height else { return }
        let d = slab.depths.lowerBound * axes.depth.stride - axes.depth.before + row / height
        let h = slab.rows.lowerBound * axes.row.stride - axes.row.before + row % height
        let pitch = panelPitch
        let target = target.slice(panel, count: panelSize).slice(row, count: width * pitch)
        let before = min(axes.column.before, width)
        let count = max(min(axes.column.input + axes.column.before, width) - before, 0)
        guard d >= 0, d < axes.depth.input, h >= 0, h < axes.row.input, count > 0 else { return target.fill(0) }
        target[0..<before * pitch].fill(0)
        target[(before + count) * pitch..<width * pitch].fill(0)
        let panelChannels = self.channels(of: panel)
        let plane = axes.inputPlane
        let first = n * channels + group * (channels / groups) + panelChannels.lowerBound
        transpose(
            input, at: first * plane + (d * axes.row.input + h) * axes.column.input, pitch: plane, into: target,
            at: before * pitch, pitch: pitch, rows: panelChannels.count, columns: count)
    }
}
