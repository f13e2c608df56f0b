internal import SpectralEngine

/// The terms of a filter gradient by products of matrices: *slabs* of some output layers and rows of one batch item, whose input
/// is turned into `[position][channel]` between zeros, and whose terms are summed in order. Where sums are few each slab has its
/// own, so that workers take whole slabs, which stay in their caches from turning to the last product
/// (`Docs/Measurements/2026-11-23-direct.md`).
struct GradientSlabs: Hashable, Sendable {
    struct Extents: Hashable, Sendable {
        let input: Int, filter: Int, output: Int, stride: Int, dilation: Int, before: Int

        static let absent = Extents(input: 1, filter: 1, output: 1, stride: 1, dilation: 1, before: 0)

        /// Input positions that some outputs reach, padding and all.
        func reach(_ outputs: Int) -> Int { (outputs - 1) * stride + (filter - 1) * dilation + 1 }
    }

    /// Output layers and rows of one batch item.
    struct Slab: Hashable, Sendable {
        let depths: Range<Int>
        let rows: Range<Int>
    }

    /// Three spatial axes: depth, rows, columns.
    let axes: [Extents]
    private let depthCut: EvenCut
    private let rowCut: EvenCut
    private let problem: Problem
    /// Elements from position to position of the turned input.
    let channelPitch: Int
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
    var mostOutputs: Int { depthCut.largest * rowCut.largest * axes[2].output }
    /// Positions of a row of the turned input.
    var width: Int { axes[2].reach(axes[2].output) }
    var taps: Int { axes[0].filter * axes[1].filter * axes[2].filter }
    /// Outputs of one plane of the whole.
    var outputPlane: Int { axes[0].output * axes[1].output * axes[2].output }

    /// - Parameters:
    ///   - axes: Those of the problem, or a plane as one row.
    ///   - gradientWidth: Elements that a slab keeps for each output of the output gradient.
    ///   - sumCount: Elements of the sums of a group.
    ///   - limit: Bytes of turned operands in memory at once, or one slab of one row, unless slabs are apart.
    ///   - apartLimit: Bytes of sums in memory at once that slabs have for themselves.
    init(
        _ axes: [Extents], _ problem: Problem, _ precision: Precision, channelPitch: Int, gradientWidth: Int,
        sumCount: Int, limit: Int, apartLimit: Int
    ) {
        func slabs(_ bytes: Int, isApart: Bool) -> GradientSlabs {
            GradientSlabs(
                axes, problem, channelPitch: channelPitch, gradientWidth: gradientWidth,
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
        _ axes: [Extents], _ problem: Problem, channelPitch: Int, gradientWidth: Int, limit: Int, isApart: Bool
    ) {
        self.axes = axes
        self.isApart = isApart
        self.problem = problem
        self.channelPitch = channelPitch
        func counts(_ depths: Int, _ rows: Int) -> (input: Int, gradient: Int) {
            func product(_ factors: Int...) -> Int {
                factors.reduce(1) { product, factor in
                    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
                    return overflow ? Int.max / 16 : min(next, Int.max / 16)
                }
            }
            return (
                product(axes[0].reach(depths), axes[1].reach(rows), axes[2].reach(axes[2].output), channelPitch),
                product(depths, rows, axes[2].output, gradientWidth)
            )
        }
        var (depths, rows) = (axes[0].output, axes[1].output)
        while counts(depths, rows).input + counts(depths, rows).gradient > limit, depths > 1 || rows > 1 {
            if depths > 1 { depths = (depths + 1) / 2 } else { rows = (rows + 1) / 2 }
        }
        (depthCut, rowCut) = (EvenCut(axes[0].output, most: depths), EvenCut(axes[1].output, most: rows))
        (inputCount, gradientCount) = counts(depthCut.largest, rowCut.largest)
        together = min(
            max(limit / max(inputCount + gradientCount, 1), 1), max(problem.batch * depthCut.pieces * rowCut.pieces, 1))
    }

    /// Slabs of the turned operands in memory, and of sums beside the first one's.
    func held(_ workers: Int) -> Int { isApart ? min(workers, problem.batch * count) : together }
    var apartCount: Int { isApart ? problem.batch * count - 1 : 0 }

    /// How often sums are added to, of a term's way to the result, where a slab has so many runs.
    func additions(_ runs: Int) -> Int {
        let all = problem.batch * count
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

    /// The three axes of a problem.
    static func axes(_ problem: Problem) -> [Extents] {
        Array(repeating: .absent, count: 3 - problem.axes.count)
            + problem.axes.map {
                Extents(
                    input: $0.input, filter: $0.filter, output: $0.output, stride: $0.stride, dilation: $0.dilation,
                    before: $0.before)
            }
    }

    /// Slab `index` of all batch items.
    func slab(_ index: Int) -> (n: Int, slab: Slab) {
        let (n, part) = index.quotientAndRemainder(dividingBy: count)
        return (n, Slab(depths: depthCut[part / rowCut.pieces], rows: rowCut[part % rowCut.pieces]))
    }

    func outputs(_ slab: Slab) -> Int { slab.depths.count * slab.rows.count * axes[2].output }

    /// Which of the shapes that slabs have: all layers and rows, or one fewer of either.
    func shape(_ slab: Slab) -> Int {
        (slab.depths.count < depthCut.largest ? 2 : 0) + (slab.rows.count < rowCut.largest ? 1 : 0)
    }

    /// For slabs of each shape the distance from their first input position to the one that each output reads with its first
    /// tap, in elements.
    var inputOffsets: [[Int]] {
        (0..<4).map { missing in
            let (depths, rows) = (depthCut.largest - missing / 2, rowCut.largest - missing % 2)
            let height = axes[1].reach(rows)
            return (0..<depths).flatMap { p in
                (0..<rows).flatMap { q in
                    (0..<axes[2].output).map { r in
                        ((p * axes[0].stride * height + q * axes[1].stride) * width + r * axes[2].stride) * channelPitch
                    }
                }
            }
        }
    }

    /// The distance from what an output reads with its first tap to what it reads with another, in elements.
    func shift(ofTap tap: Int, _ slab: Slab) -> Int {
        let (d, h) = (tap / (axes[1].filter * axes[2].filter), tap / axes[2].filter % axes[1].filter)
        let rows = d * axes[0].dilation * axes[1].reach(slab.rows.count) + h * axes[1].dilation
        return (rows * width + tap % axes[2].filter * axes[2].dilation) * channelPitch
    }

    /// Rows of the turned input of the largest slab.
    var inputRows: Int { axes[0].reach(depthCut.largest) * axes[1].reach(rowCut.largest) }

    /// Where the output gradient of a group's first filter begins with a slab's layer.
    func gradientOffset(_ index: Int, _ group: Int, layer: Int = 0) -> Int {
        let (n, slab) = slab(index)
        return (n * problem.filters + group * problem.filtersPerGroup) * outputPlane
            + ((slab.depths.lowerBound + layer) * axes[1].output + slab.rows.lowerBound) * axes[2].output
    }

    /// Turns some channels of one row of a slab's input into `[position][channel]`.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func turnInput<Scalar: ConvolutionScalar>(
        _ row: Int, _ channels: Range<Int>, slab index: Int, _ group: Int, _ input: Elements<Scalar>,
        _ target: SharedRegion<Scalar>
    ) {
        let (n, slab) = slab(index)
        let height = axes[1].reach(slab.rows.count)
        guard row < axes[0].reach(slab.depths.count) * height else { return }
        let d = slab.depths.lowerBound * axes[0].stride - axes[0].before + row / height
        let h = slab.rows.lowerBound * axes[1].stride - axes[1].before + row % height
        let pitch = channelPitch
        let target = target.slice(row, count: width * pitch)
        let before = min(axes[2].before, width)
        let count = max(min(axes[2].input + axes[2].before, width) - before, 0)
        func fillZeros(_ positions: Range<Int>) {
            if channels.count == problem.channelsPerGroup {
                return target[positions.lowerBound * pitch..<positions.upperBound * pitch].fill(0)
            }
            for position in positions {
                target[position * pitch + channels.lowerBound..<position * pitch + channels.upperBound].fill(0)
            }
        }
        guard d >= 0, d < axes[0].input, h >= 0, h < axes[1].input, count > 0 else { return fillZeros(0..<width) }
        fillZeros(0..<before)
        fillZeros(before + count..<width)
        let plane = axes[0].input * axes[1].input * axes[2].input
        let first = n * problem.channels + group * problem.channelsPerGroup + channels.lowerBound
        transpose(
            input, at: first * plane + (d * axes[1].input + h) * axes[2].input, pitch: plane, into: target,
            at: before * pitch + channels.lowerBound, pitch: pitch, rows: channels.count, columns: count)
    }
}
