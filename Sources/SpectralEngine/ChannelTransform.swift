internal import CFFTW
internal import CKernels

/// Transforms of many channels of one tile, for products that sum over channels.
///
/// Eight channels at a time are packed side by side, `[point][8]`, and transformed over every axis by plans that run along the
/// channels; the last pass writes to where the product reads, `[bin][row][channel]`, and the first pass back reads from
/// there. Filters, whose taps are few, are transformed by two or three matrix products instead, one for each axis, straight
/// into `[half bin][depth][column]`; filter gradients are transformed back alike
/// (`Docs/Measurements/2026-11-22-dense.md`).
///
/// Bins are counted in row-major order of their coordinates; half bins are those with a last coordinate up to length/2.
public final class ChannelTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every pointer it is given is
    // a multiple of 8 complex elements into a region of an AlignedBuffer, as those the plans were made on.

    /// Channels that travel together: 8 complex f32 elements are a cache line.
    public static var width: Int { 8 }

    public let layout: ChannelLayout

    private let forward: [OpaquePointer]
    private let inverse: [OpaquePointer]
    private let plans = PlanList<Scalar>()
    /// exp(−2πi·bin·tap·dilation / extent) of every axis, `[bin][tap]`, one after the other; then the last axis once more, with
    /// half weights on the bins that are their own opposites.
    private let exponentials: AlignedBuffer

    /// Makes the plans, under the planner lock, on buffers of its own.
    ///
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(_ layout: ChannelLayout) throws {
        self.layout = layout
        let shape = TileShape(planes: layout.extents[0], rows: layout.extents[1], length: layout.extents[2])
        let strides = [layout.forwardStride, layout.inverseStride]
        guard strides.allSatisfy({ $0 * layout.extents[2] <= Int(Int32.max) }), layout.pointCount <= Int(Int32.max) / 8
        else { throw PlanFailure(shape: shape) }
        let size = max(layout.pointCount * 8, (strides.max() ?? 0) * layout.extents[2] + 8)
        let byteCount = 2 * size * MemoryLayout<Scalar>.stride
        let (source, target) = (try AlignedBuffer(byteCount: byteCount), try AlignedBuffer(byteCount: byteCount))
        exponentials = try Exponentials.table(layout, Scalar.self)
        let plans = plans
        (forward, inverse) = source.withSharedRegion(of: Scalar.self) { source in
            target.withSharedRegion(of: Scalar.self) { target in
                PlannerLock.withLock {
                    let wisdom = unsafe Scalar.takeWisdom()
                    defer { unsafe Scalar.restoreWisdom(wisdom) }
                    func plan(_ axis: Int, _ sign: Int32, inputStride: Int, outputStride: Int, count: Int)
                        -> OpaquePointer?
                    {
                        plans.keep(
                            unsafe Scalar.makePlan(
                                length: Int32(layout.extents[axis]), count: Int32(count),
                                inputStride: Int32(inputStride), inputDistance: 1, outputStride: Int32(outputStride),
                                outputDistance: 1, sign: sign, flags: UInt32(FFTW_ESTIMATE), source.base, target.base))
                    }
                    func all(_ sign: Int32) -> [OpaquePointer] {
                        var found: [OpaquePointer?] = []
                        for axis in layout.turningAxes {
                            let inner = layout.innerCount(axis) * 8
                            found.append(plan(axis, sign, inputStride: inner, outputStride: inner, count: inner))
                        }
                        let isInverse = sign == FFTW_BACKWARD
                        found.append(
                            plan(
                                2, sign, inputStride: isInverse ? layout.inverseStride : 8,
                                outputStride: isInverse ? 8 : layout.forwardStride, count: 8))
                        return found.compactMap { $0 }
                    }
                    return (all(FFTW_FORWARD), all(FFTW_BACKWARD))
                }
            }
        }
        guard !plans.hasFailed else { throw PlanFailure(shape: shape) }
    }
}

/// The extents of a ``ChannelTransform``.
public struct ChannelLayout: Hashable, Sendable {
    /// Planes, rows, length of a tile; absent axes are 1 and come first.
    public let extents: [Int]
    /// Taps of each axis, and positions from tap to tap.
    public let taps: [Int]
    public let dilations: [Int]
    /// Complex elements from bin to bin of the spectra that are made, and of those that are transformed back.
    public let forwardStride: Int
    public let inverseStride: Int

    public init(extents: [Int], taps: [Int], dilations: [Int], forwardStride: Int, inverseStride: Int) {
        precondition(extents.count == 3 && taps.count == 3 && dilations.count == 3, "three axes, absent ones being 1")
        (self.extents, self.taps, self.dilations) = (extents, taps, dilations)
        (self.forwardStride, self.inverseStride) = (forwardStride, inverseStride)
    }

    public var pointCount: Int { extents.reduce(1, *) }
    public var tapCount: Int { taps.reduce(1, *) }
    /// Bins of the last axis that a half spectrum keeps, and of all axes.
    public var halfLength: Int { extents[2] / 2 + 1 }
    public var halfCount: Int { extents[0] * extents[1] * halfLength }

    /// The bin of a half bin, and its opposite.
    public func bins(ofHalf index: Int) -> (bin: Int, opposite: Int) {
        let (row, column) = index.quotientAndRemainder(dividingBy: halfLength)
        let (p, r) = row.quotientAndRemainder(dividingBy: extents[1])
        let opposite = ((extents[0] - p) % extents[0] * extents[1] + (extents[1] - r) % extents[1]) * extents[2]
        return (row * extents[2] + column, opposite + (extents[2] - column) % extents[2])
    }

    /// Whether a half bin's opposite is in the half spectrum too.
    public func isKeptTwice(half index: Int) -> Bool {
        let column = index % halfLength
        return column == 0 || 2 * column == extents[2]
    }

    /// Complex elements of the scratch of one worker that loads or stores.
    public var panelCount: Int { 2 * 8 * pointCount }
    /// The same of one that transforms filters or their gradients, of so many columns.
    public func filterCount(columns: Int) -> Int {
        let first = taps[0] * taps[1] * halfLength
        let second = extents[0] > 1 ? taps[0] * extents[1] * halfLength : 0
        // A panel for eight channels' taps.
        return (2 * tapCount + first + second) * columns + 8 * ((tapCount + 7) / 8 * 8)
    }

    /// Axes whose passes stay within a panel; the last one reads or writes the spectra.
    fileprivate var turningAxes: [Int] { [0, 1].filter { extents[$0] > 1 } }
    /// Points from point to point of an axis.
    fileprivate func innerCount(_ axis: Int) -> Int { extents[(axis + 1)...].reduce(1, *) }

    var shape: TileShape { TileShape(planes: extents[0], rows: extents[1], length: extents[2]) }
}

// MARK: - Fields

extension ChannelTransform {
    /// Packs and transforms up to eight channels of one row.
    ///
    /// - Parameters:
    ///   - windows: Of the first channel; those of the others lie `channelPitch` elements apart.
    ///   - exponents: Powers of two that the parts are multiplied by.
    ///   - spectra: Where bin 0 of the first channel goes, in complex elements of a region.
    ///   - found: Called with what was found in each channel, before it was scaled.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func load(
        _ array: Span<Scalar>, _ first: Window, _ second: Window?, channelPitch: Int, channels: Int,
        exponents: (Int, Int), into spectra: SharedRegion<Scalar>, at offset: Int, _ scratch: SharedRegion<Scalar>,
        found: (_ channel: Int, FieldSummary, FieldSummary) -> Void
    ) {
        let shape = layout.shape
        check(spectra, offset, layout.forwardStride, scratch)
        for window in [first, first.moved(by: (channels - 1) * channelPitch)] { shape.check(window, array.count) }
        if let second {
            for window in [second, second.moved(by: (channels - 1) * channelPitch)] { shape.check(window, array.count) }
        }
        let points = layout.pointCount
        let (one, two) = unsafe (scratch.base, scratch.base + 2 * 8 * points)
        var windows = (first.kernelWindow, (second ?? first).kernelWindow)
        let isPair = second != nil
        unsafe array.withUnsafeBufferPointer { array in
            // An empty array has only empty windows; then the address is never read.
            let base = unsafe array.baseAddress ?? UnsafePointer(scratch.base)
            for channel in 0..<channels {
                var summary = (ck_summary(), ck_summary())
                for plane in 0..<layout.extents[0] {
                    var rows = ck_rows(
                        plane: plane, row: 0, count: layout.extents[1], length: layout.extents[2],
                        pitch: layout.extents[2])
                    let target = unsafe two + 2 * (channel * points + plane * layout.extents[1] * layout.extents[2])
                    unsafe withUnsafeMutablePointer(to: &summary) { found in
                        // A tuple of two summaries is laid out as an array of two.
                        unsafe found.withMemoryRebound(to: ck_summary.self, capacity: 2) { found in
                            unsafe withUnsafePointer(to: &windows.1) { second in
                                unsafe Scalar.gather(
                                    base, &windows.0, isPair ? second : nil, target, &rows, found)
                            }
                        }
                    }
                }
                windows.0.array_offset += channelPitch
                windows.1.array_offset += channelPitch
                found(
                    channel, FieldSummary(energy: summary.0.energy, hasNegative: summary.0.has_negative != 0),
                    FieldSummary(energy: summary.1.energy, hasNegative: summary.1.has_negative != 0))
            }
        }
        unsafe (two + 2 * channels * points).clear(count: 2 * (8 - channels) * points)
        if exponents != (0, 0) {
            let (a, b) = (powersOfTwo(exponents.0, Scalar.self), powersOfTwo(exponents.1, Scalar.self))
            unsafe Scalar.rescale(two, 8 * points, a, b)
        }
        unsafe Scalar.unpackPanel(two, points, one, 8, points)
        let last = unsafe turn(forward, one, two)
        let rows = layout.extents[0] * layout.extents[1]
        for row in 0..<rows {
            unsafe Scalar.execute(
                forward[forward.count - 1], last + 2 * 8 * row * layout.extents[2],
                spectra.base + 2 * (offset + row * layout.extents[2] * layout.forwardStride))
        }
    }

    /// Transforms back up to eight channels of one row and writes what is kept.
    ///
    /// - Parameters:
    ///   - spectra: Where bin 0 of the first channel is, in complex elements of a region.
    ///   - results: Where the parts of each channel go.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func store(
        _ spectra: SharedRegion<Scalar>, at offset: Int, channels: Int, into array: SharedRegion<Scalar>,
        _ scratch: SharedRegion<Scalar>, first: (_ channel: Int) -> TileResult<Scalar>?,
        second: (_ channel: Int) -> TileResult<Scalar>?
    ) {
        let shape = layout.shape
        check(spectra, offset, layout.inverseStride, scratch)
        let points = layout.pointCount
        let (one, two) = unsafe (scratch.base, scratch.base + 2 * 8 * points)
        for row in 0..<layout.extents[0] * layout.extents[1] {
            unsafe Scalar.execute(
                inverse[inverse.count - 1],
                spectra.base + 2 * (offset + row * layout.extents[2] * layout.inverseStride),
                one + 2 * 8 * row * layout.extents[2])
        }
        let last = unsafe turn(inverse, one, two)
        let panel = unsafe last == one ? two : one
        unsafe Scalar.packPanel(last, 8, panel, points, points)
        for channel in 0..<channels {
            let results = (first(channel), second(channel))
            for plane in 0..<layout.extents[0] {
                var rows = ck_rows(
                    plane: plane, row: 0, count: layout.extents[1], length: layout.extents[2], pitch: layout.extents[2])
                let source = unsafe panel + 2 * (channel * points + plane * layout.extents[1] * layout.extents[2])
                if let result = results.0 {
                    shape.check(result.window, array.count)
                    var window = result.window.kernelWindow
                    unsafe Scalar.scatter(
                        source, 0, array.base, &window, &rows, result.factors, result.floor, result.bias)
                }
                if let result = results.1 {
                    shape.check(result.window, array.count)
                    var window = result.window.kernelWindow
                    unsafe Scalar.scatter(
                        source, 1, array.base, &window, &rows, result.factors, result.floor, result.bias)
                }
            }
        }
    }

    /// The passes within a panel, to and fro between its two buffers; returns where the result is.
    private func turn(
        _ plans: [OpaquePointer], _ one: UnsafeMutablePointer<Scalar>, _ two: UnsafeMutablePointer<Scalar>
    ) -> UnsafeMutablePointer<Scalar> {
        var (source, target) = unsafe (one, two)
        for (index, axis) in layout.turningAxes.enumerated() {
            // One execution for each position of the axes before.
            let outer = layout.extents[..<axis].reduce(1, *)
            let step = layout.extents[axis] * layout.innerCount(axis) * 8
            for position in 0..<outer {
                unsafe Scalar.execute(plans[index], source + 2 * position * step, target + 2 * position * step)
            }
            swap(&source, &target)
        }
        return unsafe source
    }

    private func check(
        _ spectra: SharedRegion<Scalar>, _ offset: Int, _ stride: Int, _ scratch: SharedRegion<Scalar>
    ) {
        let end = offset + (layout.pointCount - 1) * stride + 8
        precondition(offset >= 0 && offset % 8 == 0 && stride % 8 == 0, "spectra that no panel can lie in")
        precondition(spectra.count >= 2 * end && spectra.isAligned, "spectra of another shape")
        precondition(scratch.count >= 2 * layout.panelCount && scratch.isAligned, "scratch too small")
    }
}

// MARK: - Filters

extension ChannelTransform {
    /// Where the exponentials of an axis begin; 3 is the last axis with half weights.
    private func table(_ axis: Int) -> Int {
        (0..<axis).reduce(0) { $0 + layout.extents[$1] * layout.taps[$1] }
    }

    /// Transforms the filters of one depth.
    ///
    /// - Parameters:
    ///   - column: The first tap of a column's filter, in elements of `filters`; its taps are neighbours.
    ///   - columns: Columns there are; `pitch`, whole panels of them, is the distance of the rows of `spectra`.
    ///   - exponent: The power of two that the taps are multiplied by.
    ///   - spectra: Where half bin 0 goes, in complex elements; half bins lie `stride` apart.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformFilters(
        _ filters: Span<Scalar>, column: (Int) -> Int, columns: Int, pitch: Int, exponent: Int,
        into spectra: SharedRegion<Scalar>, at offset: Int, stride: Int, _ scratch: SharedRegion<Scalar>
    ) {
        let factors = powersOfTwo(exponent, Scalar.self)
        let taps = layout.tapCount
        precondition(scratch.count >= 2 * layout.filterCount(columns: pitch) && scratch.isAligned, "scratch too small")
        let line = (taps + 7) / 8 * 8
        let panel = scratch[0..<2 * 8 * line]
        let packed = scratch[2 * 8 * line..<2 * (8 * line + taps * pitch)]
        let rest = scratch[2 * (8 * line + taps * pitch)..<scratch.count]
        for first in Swift.stride(from: 0, to: pitch, by: 8) {
            for lane in 0..<8 {
                let start = unsafe panel.base + 2 * lane * line
                guard first + lane < columns else {
                    unsafe start.clear(count: 2 * line)
                    continue
                }
                let tap = column(first + lane)
                precondition(tap >= 0 && tap + taps <= filters.count, "a filter outside its array")
                for index in 0..<taps {
                    unsafe start[2 * index] = filters[tap + index] * factors.0 * factors.1
                    unsafe start[2 * index + 1] = 0
                }
            }
            unsafe Scalar.unpackPanel(panel.base, line, packed.base + 2 * first, pitch, taps)
        }
        let (P, R, half) = (layout.extents[0], layout.extents[1], layout.halfLength)
        let (p, r, s) = (layout.taps[0], layout.taps[1], layout.taps[2])
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            func product(_ axis: Int, rows: Int, secondPitch: Int, resultPitch: Int) -> MatrixProduct {
                MatrixProduct(
                    rows: rows, depth: layout.taps[axis], columns: pitch, rowStride: layout.taps[axis], depthStride: 1,
                    secondPitch: secondPitch, secondDistance: 0, resultPitch: resultPitch)
            }
            let isLine = P * R == 1
            // Last axis: from taps to half bins.
            let last = product(2, rows: half, secondPitch: pitch, resultPitch: isLine ? stride : pitch)
            for tap in 0..<p * r {
                last.multiply(
                    tables, at: table(2), packed, at: tap * s * pitch, conjugate: .neither,
                    into: isLine ? spectra : rest, at: isLine ? offset : tap * half * pitch, accumulate: false)
            }
            guard !isLine else { return }
            let isPlane = P == 1
            let second = p * r * half * pitch
            let middle = product(
                1, rows: R, secondPitch: half * pitch, resultPitch: isPlane ? half * stride : half * pitch)
            for plane in 0..<p {
                for bin in 0..<half {
                    middle.multiply(
                        tables, at: table(1), rest, at: (plane * r * half + bin) * pitch, conjugate: .neither,
                        into: isPlane ? spectra : rest,
                        at: isPlane ? offset + bin * stride : second + (plane * R * half + bin) * pitch,
                        accumulate: false)
                }
            }
            guard !isPlane else { return }
            let outer = product(
                0, rows: P, secondPitch: R * half * pitch, resultPitch: R * half * stride)
            for bin in 0..<R * half {
                outer.multiply(
                    tables, at: table(0), rest, at: second + bin * pitch, conjugate: .neither, into: spectra,
                    at: offset + bin * stride, accumulate: false)
            }
        }
    }

    /// Transforms back one row of half spectra that hold twice the Hermitian part, and writes the taps.
    ///
    /// - Parameters:
    ///   - spectra: Where half bin 0 of column 0 is, in complex elements; half bins lie `stride` apart, columns are
    ///     neighbours.
    ///   - column: Where the first tap of a column goes, and its factors and floor.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreFilters(
        _ spectra: SharedRegion<Scalar>, at offset: Int, stride: Int, columns: Int, pitch: Int,
        into array: SharedRegion<Scalar>, _ scratch: SharedRegion<Scalar>,
        column: (Int) -> (tap: Int, factors: (Scalar, Scalar), floor: Scalar)
    ) {
        let taps = layout.tapCount
        precondition(scratch.count >= 2 * layout.filterCount(columns: pitch) && scratch.isAligned, "scratch too small")
        let line = (taps + 7) / 8 * 8
        let panel = scratch[0..<2 * 8 * line]
        let packed = scratch[2 * 8 * line..<2 * (8 * line + taps * pitch)]
        let rest = scratch[2 * (8 * line + taps * pitch)..<scratch.count]
        let (P, R, half) = (layout.extents[0], layout.extents[1], layout.halfLength)
        let (p, r, s) = (layout.taps[0], layout.taps[1], layout.taps[2])
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            // From bins to taps: the tables conjugated and transposed.
            func product(_ axis: Int, depth: Int, secondPitch: Int, resultPitch: Int) -> MatrixProduct {
                MatrixProduct(
                    rows: layout.taps[axis], depth: depth, columns: pitch, rowStride: 1,
                    depthStride: layout.taps[axis], secondPitch: secondPitch, secondDistance: 0,
                    resultPitch: resultPitch)
            }
            var (source, start, step) = (spectra, offset, stride)
            if P > 1 {
                let second = p * r * half * pitch
                let outer = product(0, depth: P, secondPitch: R * half * step, resultPitch: R * half * pitch)
                for bin in 0..<R * half {
                    outer.multiply(
                        tables, at: table(0), source, at: start + bin * step, conjugate: .first, into: rest,
                        at: second + bin * pitch, accumulate: false)
                }
                (source, start, step) = (rest, second, pitch)
            }
            if P * R > 1 {
                let middle = product(1, depth: R, secondPitch: half * step, resultPitch: half * pitch)
                for plane in 0..<p {
                    for bin in 0..<half {
                        middle.multiply(
                            tables, at: table(1), source, at: start + (plane * R * half + bin) * step,
                            conjugate: .first,
                            into: rest, at: (plane * r * half + bin) * pitch, accumulate: false)
                    }
                }
                (source, start, step) = (rest, 0, pitch)
            }
            let last = product(2, depth: half, secondPitch: step, resultPitch: pitch)
            for tap in 0..<p * r {
                last.multiply(
                    tables, at: table(3), source, at: start + tap * half * step, conjugate: .first, into: packed,
                    at: tap * s * pitch, accumulate: false)
            }
        }
        for first in Swift.stride(from: 0, to: columns, by: 8) {
            unsafe Scalar.packPanel(packed.base + 2 * first, pitch, panel.base, line, taps)
            for lane in 0..<min(8, columns - first) {
                let (tap, factors, floor) = column(first + lane)
                precondition(tap >= 0 && tap + taps <= array.count, "a filter outside its array")
                var window = ck_window(
                    count: (1, 1, taps), start: (0, 0, 0), step: (1, 1, 1), array_offset: tap, array_stride: (0, 0))
                var rows = ck_rows(plane: 0, row: 0, count: 1, length: taps, pitch: line)
                unsafe Scalar.scatter(
                    panel.base + 2 * lane * line, 0, array.base, &window, &rows, factors, floor, 0)
            }
        }
    }
}
