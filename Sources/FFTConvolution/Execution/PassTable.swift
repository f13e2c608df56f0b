internal import SpectralEngine

// One pipeline, three passes, one table. Per axis, with filter extent F (dilated), outputs O (at stride 1), tile step T:
//
// | pass            | A: windows of…   | position 0 of A stands for | B: windows of… | kept of each result  |
// |-----------------|------------------|----------------------------|----------------|----------------------|
// | forward         | input            | tT − before                | filter         | κ = 0:   0 ..< T     |
// | input gradient  | output gradient  | tT + before − κ            | filter         | κ = F−1: κ ..< κ + T |
// | filter gradient | output gradient  | tT                         | input (as A of forward) | 0 ..< F     |
//
// Tiles that roll have windows as long as L, and L − T in the place of F−1: RollingTiles.swift.
//
// A tile that covers its axis may wrap around: it keeps κ = before in the input gradient, so that the output gradient
// lies at position 0 and L ≥ max(I + max(before, after), F, O) is enough in all three passes (`Docs/Mathematics.md`,
// "Which transform length is enough").
//
// The input gradient may also be the exact adjoint of the forward pass, tile by tile: A are the filter gradient's windows of the
// output gradient, and the whole of each result, T + F − 1 samples where the forward pass read its input, is added to what its
// neighbours gave (overlap-add). Then all passes share their spectra: see SpectralStep.swift. With one tile both are the same.
//
// Stride and dilation are steps of the grid: samples with zeros between them.
//
// A folded tile has two windows, its halves: FoldedTiles.swift.

/// How the windows of one axis lie in its tiles, for one pass.
struct AxisWindows: Hashable, Sendable {
    let axis: Axis
    let tiling: AxisTiling
    let pass: Pass
    /// Whether the tiles of the input gradient overlap and add up.
    let addsOverlaps: Bool

    /// Tiles along the axis: one, if it is folded, whose halves are windows.
    let tileCount: Int
    /// Positions of a window that reads what its results meet.
    private let reach: Int
    /// Where the kept part of a result begins.
    private let kept: Int

    init(axis: Axis, tiling: AxisTiling, pass: Pass, addsOverlaps: Bool = false) {
        self.axis = axis
        self.tiling = tiling
        self.pass = pass
        self.addsOverlaps = addsOverlaps
        let extent = pass == .inputGradient && !addsOverlaps ? axis.input : axis.denseOutput
        tileCount = extent / tiling.step + (extent % tiling.step > 0 ? 1 : 0)
        reach = tiling.window(axis.dilatedFilter)
        kept = pass != .inputGradient ? 0 : tiling.coversAxis ? axis.before : reach - tiling.step
    }

    /// Samples of the input, or of the padding around it, that outputs of window `t` read.
    func input(_ t: Int) -> AxisSegment {
        segment(t, extent: axis.input, step: 1) { t in (origin: t * tiling.step - axis.before, positions: 0..<reach) }
    }

    /// Samples of the output gradient: for the filter gradient those of window `t`, for the input gradient those that
    /// its input samples meet.
    func outputGradient(_ t: Int) -> AxisSegment {
        segment(t, extent: axis.output, step: axis.stride) { t in
            switch pass {
            case .inputGradient where !addsOverlaps:
                (t * tiling.step + axis.before - kept, 0..<(tiling.coversAxis ? tiling.length : reach))
            case .forward, .inputGradient, .filterGradient:
                (t * tiling.step, 0..<tiling.step)
            }
        }
    }

    /// The filter, at the head of the tile.
    var filter: AxisSegment {
        AxisSegment(origin: 0, positions: 0..<axis.dilatedFilter, extent: axis.filter, step: axis.dilation)
    }

    /// The part of a result that is kept, and where it goes.
    func result(_ t: Int) -> AxisSegment {
        switch pass {
        case .forward:
            segment(t, extent: axis.output, step: axis.stride) { t in (t * tiling.step, 0..<tiling.step) }
        case .inputGradient where addsOverlaps:
            // No product reaches the rest of what a rolling tile reads.
            segment(t, extent: axis.input, step: 1) { t in
                (t * tiling.step - axis.before, 0..<min(tiling.length, tiling.step + axis.dilatedFilter - 1))
            }
        case .inputGradient:
            segment(t, extent: axis.input, step: 1) { t in (t * tiling.step - kept, kept..<kept + tiling.step) }
        case .filterGradient:
            filter
        }
    }

    /// The samples of one window: of the folded tile the half that it is.
    private func segment(
        _ window: Int, extent: Int, step: Int, _ place: (_ tile: Int) -> (origin: Int, positions: Range<Int>)
    ) -> AxisSegment {
        let (origin, positions) = place(tiling.folds ? 0 : window)
        let start = tiling.folds ? window * tiling.points : 0
        let part = positions.clamped(to: start..<start + tiling.points)
        return AxisSegment(
            origin: origin + start, positions: part.lowerBound - start..<part.upperBound - start, extent: extent,
            step: step)
    }

    /// One past the last position that a window of the first operand takes, and one that is kept (in the filter gradient: that
    /// takes samples of the output gradient). Where there is one window, those it has samples at.
    var firstEnd: Int {
        let window = pass == .inputGradient ? outputGradient(0) : input(0)
        return tiling.folds ? tiling.points : tileCount == 1 ? window.positions.upperBound : reach
    }
    var secondEnd: Int {
        let window = pass == .filterGradient ? outputGradient(0) : result(0)
        if tiling.folds { return tiling.points }
        return tileCount == 1 ? window.positions.upperBound : (pass == .inputGradient ? kept : 0) + tiling.step
    }
}

extension AxisWindows {
    /// Positions from the first sample of a window to its last one, in the mean. All but the first and the last are alike, but for
    /// rare ones beside them.
    func meanPositions(_ segment: (Int) -> AxisSegment) -> Double {
        func positions(_ t: Int) -> Double { Double(segment(t).positions.count) }
        guard tileCount > 2 else { return (positions(0) + positions(tileCount - 1)) / 2 }
        return (positions(0) + Double(tileCount - 2) * positions(tileCount / 2) + positions(tileCount - 1))
            / Double(tileCount)
    }
}

/// Positions of a tile along its axes, in the mean of several.
struct TileExtents {
    let planes: Double
    let rows: Double
    let columns: Double
}

/// The windows of all fields of one problem and pass.
///
/// A *row* is a batch item and a tile; rows are counted with the tiles of one item together, so that the partners of a
/// pair are two tiles of one item wherever it has an even number of them. Tiles that roll have an order of their own: RollingTiles.swift.
///
/// A table stands for a whole problem or for a section of it (Sections.swift). Channels, filters and filter planes are counted
/// within the section; windows lie in the arrays of the whole.
struct PassTable: Hashable, Sendable {
    /// Of the section.
    private(set) var problem: Problem
    /// The section's first channel and filter.
    private(set) var firstChannel = 0
    private(set) var firstFilter = 0
    private let geometry: Shared<Geometry>

    /// What does not depend on the section.
    private struct Geometry: Hashable, Sendable {
        let whole: Problem
        let pass: Pass
        let shape: TileShape
        let addsOverlaps: Bool
        let depth, height, width: AxisWindows
        let tileCount: Int
        let roll: RollingTiles?
        let folds: Bool
        let meetsOnce: Bool
    }

    var whole: Problem { geometry.value.whole }
    var pass: Pass { geometry.value.pass }
    var shape: TileShape { geometry.value.shape }
    /// Whether results of neighbouring tiles overlap and add up: in the input gradient of a training step.
    var addsOverlaps: Bool { geometry.value.addsOverlaps }
    /// Depth, height, width; absent axes have extent 1.
    private var depth: AxisWindows { geometry.value.depth }
    private var height: AxisWindows { geometry.value.height }
    private var width: AxisWindows { geometry.value.width }
    /// Tiles of one plane.
    var tileCount: Int { geometry.value.tileCount }
    /// Whether there is one tile, which is folded: the rows of the only pair are its halves.
    var folds: Bool { geometry.value.folds }
    /// How tiles follow each other, if they roll.
    var roll: RollingTiles? { geometry.value.roll }

    /// - Parameter addsOverlaps: Whether it is a gradient of a training step, where results of neighbouring tiles overlap and add up.
    init(
        _ problem: Problem, pass: Pass, tilings: [AxisTiling], addsOverlaps: Bool = false
    ) throws(ConvolutionError) {
        self.problem = problem
        var windows: [AxisWindows] = []
        for _ in problem.axes.count..<3 {
            let absent = try Axis(
                index: 0, input: 1, filter: 1, stride: 1, dilation: 1, padding: .init(before: 0, after: 0))
            windows.append(
                AxisWindows(axis: absent, tiling: AxisTiling(step: 1, length: 1, coversAxis: true), pass: pass))
        }
        for (axis, tiling) in zip(problem.axes, tilings) {
            windows.append(AxisWindows(axis: axis, tiling: tiling, pass: pass, addsOverlaps: addsOverlaps))
        }
        // The engine wants axes of length 1 first. They have one element everywhere, so moving them moves nothing.
        windows = windows.filter { $0.tiling.length == 1 } + windows.filter { $0.tiling.length > 1 }
        let (depth, height, width) = (windows[0], windows[1], windows[2])
        let tileCount = depth.tileCount * height.tileCount * width.tileCount
        let overlap = addsOverlaps && tileCount > 1 && pass == .inputGradient
        let folds = windows.contains(where: \.tiling.folds)
        let shape = TileShape(
            planes: depth.tiling.points, rows: height.tiling.points, length: width.tiling.points, isFolded: folds)
        let roll = RollingTiles(
            shape, [depth, height, width], batch: problem.batch, backward: pass == .inputGradient && !overlap)
        geometry = Shared(
            Geometry(
                whole: problem, pass: pass, shape: shape, addsOverlaps: overlap, depth: depth, height: height,
                width: width, tileCount: tileCount, roll: roll, folds: folds,
                meetsOnce: folds && !(pass == .filterGradient && addsOverlaps)))
    }

    /// What windows are of.
    enum Operand { case input, outputGradient, filter, result }

    /// The table of some channels and filters: whole groups, or a part of one.
    func section(channels: Range<Int>, filters: Range<Int>) -> PassTable {
        let groups = max(channels.count / whole.channelsPerGroup, 1)
        var section = self
        section.problem = whole.part(channels: channels.count, filters: filters.count, groups: groups)
        (section.firstChannel, section.firstFilter) = (channels.lowerBound, filters.lowerBound)
        return section
    }

    /// The plane of the whole filter that plane `index` = k · C/G + c of the section's is.
    func filterPlane(_ index: Int) -> Int {
        let (k, c) = index.quotientAndRemainder(dividingBy: problem.channelsPerGroup)
        return (firstFilter + k) * whole.channelsPerGroup + firstChannel % whole.channelsPerGroup + c
    }

    /// Tiles along each axis of a plane, and the place of one of them.
    var tileCounts: (Int, Int, Int) { (depth.tileCount, height.tileCount, width.tileCount) }

    func place(tile: Int) -> (Int, Int, Int) {
        if let roll { return roll.place(tile) }
        let (outer, w) = tile.quotientAndRemainder(dividingBy: width.tileCount)
        let (d, h) = outer.quotientAndRemainder(dividingBy: height.tileCount)
        return (d, h, w)
    }

    /// The batch item and the tile that a row is, or half of which it is.
    func tile(row: Int) -> (item: Int, tile: Int) {
        if folds { return (0, 0) }
        let place = roll?.order(row, of: rowCount) ?? row
        let (item, tile) = place.quotientAndRemainder(dividingBy: tileCount)
        return (item, tile)
    }

    /// Windows of one channel of the whole batch.
    var rowCount: Int { folds ? 2 : problem.batch * tileCount }
    /// Of those, what is summed where rows are summed.
    var termCount: Int { folds ? 1 : rowCount }
    /// Whether lines meet those of the other operand only once, so that of neither a spectrum is kept: those of a folded tile. In a step
    /// the filter gradient has products with what the forward pass kept.
    var meetsOnce: Bool { geometry.value.meetsOnce }
    /// Pairs of rows; the last may have no partner.
    var pairCount: Int { (rowCount + 1) / 2 }

    func inputWindow(row: Int, channel: Int) -> Window {
        window(row, of: whole.channels, firstChannel + channel, (depth.axis.input, height.axis.input, width.axis.input))
        {
            $0.input($1)
        }
    }

    func outputGradientWindow(row: Int, filter: Int) -> Window {
        window(row, of: whole.filters, firstFilter + filter, outputExtents) { $0.outputGradient($1) }
    }

    func outputWindow(row: Int, filter: Int) -> Window {
        window(row, of: whole.filters, firstFilter + filter, outputExtents) { $0.result($1) }
    }

    func inputGradientWindow(row: Int, channel: Int) -> Window {
        window(row, of: whole.channels, firstChannel + channel, (depth.axis.input, height.axis.input, width.axis.input))
        {
            $0.result($1)
        }
    }

    /// Elements of one plane of the input, and of the output.
    var inputPlaneCount: Int { depth.axis.input * height.axis.input * width.axis.input }
    var outputPlaneCount: Int { depth.axis.output * height.axis.output * width.axis.output }

    private var outputExtents: (Int, Int, Int) { (depth.axis.output, height.axis.output, width.axis.output) }

    /// The window of filter plane `index` = k · C/G + c; also that of its gradient.
    func filterWindow(_ index: Int) -> Window {
        window(0, of: 0, filterPlane(index), (depth.axis.filter, height.axis.filter, width.axis.filter)) { windows, _ in
            windows.filter
        }
    }

    /// Taps of the filter along the axes of a tile, and positions from tap to tap; 1 where an axis is absent.
    var filterTaps: (Int, Int, Int) { (depth.axis.filter, height.axis.filter, width.axis.filter) }
    var filterDilations: (Int, Int, Int) { (depth.axis.dilation, height.axis.dilation, width.axis.dilation) }

    /// Tile positions that hold all samples of the filter.
    var filterBox: TileBox {
        TileBox(planes: depth.filter.positions, rows: height.filter.positions, columns: width.filter.positions)
    }

    /// Tile positions that the first operand's windows take, and those that are kept; in the filter gradient those of the input
    /// and of the output gradient.
    var boxes: (first: TileBox, second: TileBox) {
        func box(_ end: (AxisWindows) -> Int) -> TileBox {
            TileBox(planes: 0..<end(depth), rows: 0..<end(height), columns: 0..<end(width))
        }
        return (box(\.firstEnd), box(\.secondEnd))
    }

    /// Mean positions that the windows of some operand or result take along each axis, those of both partners together where pairs are few.
    func meanExtents(_ operand: Operand) -> TileExtents {
        // Few pairs are looked at one by one: a partner at an edge may take little, but travels with one that does not.
        if operand != .filter, hasFewPairs { return meanExtentsOfPairs(operand) }
        func mean(_ windows: AxisWindows) -> Double {
            windows.meanPositions { t in
                switch operand {
                case .input: windows.input(t)
                case .outputGradient: windows.outputGradient(t)
                case .result: windows.result(t)
                case .filter: windows.filter
                }
            }
        }
        return TileExtents(planes: mean(depth), rows: mean(height), columns: mean(width))
    }

    private var hasFewPairs: Bool { (1...8).contains(pairCount) }

    private func meanExtentsOfPairs(_ operand: Operand) -> TileExtents {
        var (planes, rows, columns, count) = (0, 0, 0, 0)
        for box in boxesOfPairs(operand) where !box.rows.isEmpty {
            (planes, rows, columns) = (planes + box.planes.count, rows + box.rows.count, columns + box.columns.count)
            count += 1
        }
        // Pairs of padding alone count once, not along each axis.
        let (held, all) = (Double(max(count, 1)), Double(pairCount))
        return TileExtents(planes: Double(planes) / all, rows: Double(rows) / held, columns: Double(columns) / held)
    }

    /// The same of the pair that takes most of the tile, where pairs are few: the worker that has it is the last.
    func largestExtents(_ operand: Operand) -> TileExtents {
        guard hasFewPairs else { return meanExtents(operand) }
        func size(_ box: TileBox) -> Int { box.planes.count * box.rows.count }
        let largest = boxesOfPairs(operand).max { size($0) < size($1) }
        return largest.map {
            TileExtents(
                planes: Double($0.planes.count), rows: Double($0.rows.count), columns: Double($0.columns.count))
        } ?? meanExtents(operand)
    }

    private func boxesOfPairs(_ operand: Operand) -> [TileBox] {
        func window(_ row: Int) -> Window {
            switch operand {
            case .input: inputWindow(row: row, channel: 0)
            case .outputGradient: outputGradientWindow(row: row, filter: 0)
            case .filter: filterWindow(0)
            case .result:
                pass == .forward ? outputWindow(row: row, filter: 0) : inputGradientWindow(row: row, channel: 0)
            }
        }
        return (0..<pairCount).map { pair in
            TileBox(window(2 * pair), 2 * pair + 1 < rowCount ? window(2 * pair + 1) : nil)
        }
    }

    /// Positions along the lines that a window need not load, in the mean, when some pairs of a group start anew beside the first ones
    /// of strips.
    func carriedPositions(starts: Double) -> Double {
        addsOverlaps ? 0 : roll?.carriedPositions(rowCount: rowCount, starts: starts) ?? 0
    }

    /// - Parameters:
    ///   - planes: Planes of one batch item, of which `plane` is one.
    ///   - extents: Of a plane.
    private func window(
        _ row: Int, of planes: Int, _ plane: Int, _ extents: (Int, Int, Int),
        _ segment: (AxisWindows, Int) -> AxisSegment
    ) -> Window {
        let (item, tile) = tile(row: row)
        var (d, h, w) = place(tile: tile)
        if folds { (d, h) = depth.tiling.folds ? (row, h) : (d, row) }
        return Window(
            segment(depth, d), segment(height, h), segment(width, w),
            planeOffset: (item * planes + plane) * extents.0 * extents.1 * extents.2, extents: (extents.1, extents.2))
    }
}
