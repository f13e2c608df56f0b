internal import CFFTW
internal import CKernels

/// Transforms of many channels of one tile, for products that sum over channels.
///
/// Eight channels at a time are packed side by side, `[point][8]`, and transformed over every axis by plans that run along the
/// channels; the last pass writes to where the product reads, `[bin][row][channel]`, and the first pass back reads from
/// there. Filters, whose taps are few, are transformed by matrix products instead, one for each axis, the outer one where the
/// product needs its bins; filter gradients are transformed back alike (`Docs/Measurements/2026-11-22-dense.md`).
///
/// Bins are counted in row-major order of their coordinates; half bins are those with a last coordinate up to length/2, counted by
/// their inner bin and their position on the ``OuterAxis``.
public final class ChannelTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every pointer it is given is
    // a multiple of 8 complex elements into a region of an AlignedBuffer, as those the plans were made on.

    public let layout: ChannelLayout

    /// The plans of one direction; those of axes that are absent are `nil`.
    struct Passes {
        /// Of one row over all planes, and of one plane over its rows, within a panel.
        var planes: OpaquePointer?
        var rows: OpaquePointer?
        /// The same for the columns that are stored only.
        var keptRows: OpaquePointer?
        /// Over the last axis: from a panel to the spectra, or from there to a panel.
        var last: OpaquePointer?
    }

    let forward: Passes
    let inverse: Passes
    private let plans = PlanList<Scalar>()
    /// See ``Exponentials``.
    let exponentials: AlignedBuffer
    /// From position to position of the outer axis, in the real table behind them.
    let outerOffsets: DepthOffsets

    /// Makes the plans, under the planner lock, on buffers of its own.
    ///
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(_ layout: ChannelLayout) throws {
        self.layout = layout
        let extents = layout.extents
        let span = max(layout.forwardStride, layout.inverseStride) * extents.length
        guard span <= Int(Int32.max), layout.panelPoints <= Int(Int32.max) / 8 else {
            throw PlanFailure(shape: layout.shape)
        }
        let size = max(layout.panelPoints * 8, span + 8)
        let byteCount = 2 * size * MemoryLayout<Scalar>.stride
        let (source, target) = (try AlignedBuffer(byteCount: byteCount), try AlignedBuffer(byteCount: byteCount))
        exponentials = try Exponentials.table(layout, Scalar.self)
        outerOffsets = DepthOffsets((0..<layout.outer.extent).map { $0 * layout.outer.taps })
        let plans = plans
        (forward, inverse) = source.withSharedRegion(of: Scalar.self) { source in
            target.withSharedRegion(of: Scalar.self) { target in
                PlannerLock.withLock {
                    let wisdom = unsafe Scalar.takeWisdom()
                    defer { unsafe Scalar.restoreWisdom(wisdom) }
                    func plan(_ length: Int, _ sign: Int32, from input: Int, to output: Int, count: Int)
                        -> OpaquePointer?
                    {
                        plans.keep(
                            unsafe Scalar.makePlan(
                                length: Int32(length), count: Int32(count), inputStride: Int32(input),
                                inputDistance: 1, outputStride: Int32(output), outputDistance: 1, sign: sign,
                                flags: UInt32(FFTW_ESTIMATE), source.base, target.base))
                    }
                    func passes(_ sign: Int32, from input: Int, to output: Int) -> Passes {
                        // A row at once.
                        let (row, plane) = (8 * layout.rowPitch, 8 * layout.rowPitch * extents.rows)
                        let count = 8 * extents.length
                        return Passes(
                            planes: extents.planes == 1
                                ? nil : plan(extents.planes, sign, from: plane, to: plane, count: count),
                            rows: extents.rows == 1 ? nil : plan(extents.rows, sign, from: row, to: row, count: count),
                            keptRows: extents.rows == 1 || sign == FFTW_FORWARD
                                ? nil : plan(extents.rows, sign, from: row, to: row, count: 8 * layout.keptLength),
                            last: plan(extents.length, sign, from: input, to: output, count: 8))
                    }
                    return (
                        passes(FFTW_FORWARD, from: 8, to: layout.forwardStride),
                        passes(FFTW_BACKWARD, from: layout.inverseStride, to: 8)
                    )
                }
            }
        }
        guard !plans.hasFailed else { throw PlanFailure(shape: layout.shape) }
    }
}

/// How one part of one channel is written: max(factors·value, floor) + bias.
public struct ChannelResult<Scalar: ConvolutionScalar> {
    let factors: (Scalar, Scalar)
    let floor: Scalar
    let bias: Scalar

    public init(factors: (Scalar, Scalar), floor: Scalar, bias: Scalar) {
        (self.factors, self.floor, self.bias) = (factors, floor, bias)
    }
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
        let extents = layout.extents
        check(spectra, offset, layout.forwardStride, scratch)
        check(first, second, channelPitch, channels, array.count)
        let (points, pitch) = (layout.panelPoints, layout.rowPitch)
        let (one, two) = unsafe (scratch.base, scratch.base + 2 * 8 * points)
        var windows = (first.kernelWindow, (second ?? first).kernelWindow)
        let isPair = second != nil
        unsafe array.withUnsafeBufferPointer { array in
            // An empty array has only empty windows; then the address is never read.
            let base = unsafe array.baseAddress ?? UnsafePointer(scratch.base)
            (windows.0.next, windows.1.next) = (channelPitch, channelPitch)
            for channel in 0..<channels {
                if channel == channels - 1 { (windows.0.next, windows.1.next) = (0, 0) }
                var summary = (ck_summary(), ck_summary())
                for plane in 0..<extents.planes {
                    var rows = ck_rows(
                        plane: plane, row: 0, count: extents.rows, length: extents.length, pitch: pitch)
                    let target = unsafe two + 2 * (channel * points + plane * extents.rows * pitch)
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
        let turned = unsafe turn(forward, one, two, columns: 0..<extents.length)
        // Init fails without it.
        guard let last = forward.last else { return }
        let rows = extents.planes * extents.rows
        for row in 0..<rows {
            unsafe Scalar.execute(
                last, turned + 2 * 8 * row * pitch,
                spectra.base + 2 * (offset + row * extents.length * layout.forwardStride))
        }
    }

    /// Transforms back up to eight channels of one row and writes what is kept.
    ///
    /// - Parameters:
    ///   - spectra: Where bin 0 of the first channel is, in complex elements of a region.
    ///   - windows: Of the first channel; those of the others lie `channelPitch` elements apart.
    ///   - results: How the parts of each channel are written; those that are `nil` are not.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func store(
        _ spectra: SharedRegion<Scalar>, at offset: Int, channels: Int, into array: SharedRegion<Scalar>,
        _ first: Window, _ second: Window?, channelPitch: Int, _ scratch: SharedRegion<Scalar>,
        results: (_ channel: Int) -> (first: ChannelResult<Scalar>?, second: ChannelResult<Scalar>?)
    ) {
        let extents = layout.extents
        check(spectra, offset, layout.inverseStride, scratch)
        check(first, second, channelPitch, channels, array.count)
        let (points, pitch) = (layout.panelPoints, layout.rowPitch)
        let (one, two) = unsafe (scratch.base, scratch.base + 2 * 8 * points)
        // Init fails without it.
        guard let last = inverse.last else { return }
        for row in 0..<extents.planes * extents.rows {
            unsafe Scalar.execute(
                last,
                spectra.base + 2 * (offset + row * extents.length * layout.inverseStride),
                one + 2 * 8 * row * pitch)
        }
        let turned = unsafe turn(inverse, one, two, columns: TileBox(first, second).columns)
        var windows = (first.kernelWindow, (second ?? first).kernelWindow)
        let panel = unsafe turned == one ? two : one
        unsafe Scalar.packPanel(turned, 8, panel, points, points)
        for channel in 0..<channels {
            let results = results(channel)
            for plane in 0..<extents.planes {
                var rows = ck_rows(
                    plane: plane, row: 0, count: extents.rows, length: extents.length, pitch: pitch)
                let source = unsafe panel + 2 * (channel * points + plane * extents.rows * pitch)
                if let result = results.first {
                    unsafe Scalar.scatter(
                        source, 0, array.base, &windows.0, &rows, result.factors, result.floor, result.bias)
                }
                if second != nil, let result = results.second {
                    unsafe Scalar.scatter(
                        source, 1, array.base, &windows.1, &rows, result.factors, result.floor, result.bias)
                }
            }
            windows.0.array_offset += channelPitch
            windows.1.array_offset += channelPitch
        }
    }

    /// The passes within a panel, to and fro between its two buffers; returns where the result is, in some columns at least.
    func turn(
        _ passes: Passes, _ one: UnsafeMutablePointer<Scalar>, _ two: UnsafeMutablePointer<Scalar>, columns: Range<Int>
    ) -> UnsafeMutablePointer<Scalar> {
        var (source, target) = unsafe (one, two)
        let (extents, row) = (layout.extents, 2 * 8 * layout.rowPitch)
        if let plan = passes.planes {
            for index in 0..<extents.rows { unsafe Scalar.execute(plan, source + index * row, target + index * row) }
            swap(&source, &target)
        }
        if let rows = passes.rows {
            // Columns from `first` on, as many as the smaller plan has, where that is enough.
            let kept = columns.count <= layout.keptLength ? passes.keptRows : nil
            let first = kept == nil ? 0 : 2 * 8 * min(columns.lowerBound, extents.length - layout.keptLength)
            for index in 0..<extents.planes {
                let place = index * extents.rows * row + first
                unsafe Scalar.execute(kept ?? rows, source + place, target + place)
            }
            swap(&source, &target)
        }
        return unsafe source
    }

    /// Checks the windows of the first and of the last channel.
    private func check(_ first: Window, _ second: Window?, _ channelPitch: Int, _ channels: Int, _ count: Int) {
        func check(_ window: Window) {
            layout.shape.check(window, count)
            layout.shape.check(window.moved(by: (channels - 1) * channelPitch), count)
        }
        check(first)
        if let second { check(second) }
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
