internal import CKernels

/// Transforms of many channels of one tile, for products that sum over channels.
///
/// Eight channels at a time are packed side by side, `[point][8]`, and transformed over every axis by passes along the channels
/// (``ChannelPass``); the last one writes to where the product reads, `[bin][row][channel]`, and the first one back reads from
/// there. Filters, whose taps are few, are transformed by matrix products instead, one for each axis, the outer one where the
/// product needs its bins; filter gradients are transformed back alike (`Docs/Measurements/2026-11-22-dense.md`).
///
/// Bins are counted in row-major order of their coordinates; half bins are those with a last coordinate up to length/2, counted by
/// their inner bin and their position on the ``OuterAxis``.
public final class ChannelTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every pointer it is given is
    // a multiple of 8 complex elements into a region of an AlignedBuffer, as those the plans were made on.

    public let layout: ChannelLayout

    /// The passes of one direction; those of axes that are absent are `nil`.
    struct Passes {
        /// Within a panel.
        let planes: ChannelPass<Scalar>?
        let rows: ChannelPass<Scalar>?
        /// Over the last axis: from a panel to the spectra, or from there to a panel.
        let last: ChannelPass<Scalar>
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
                LinePlanner<Scalar>.withPlanner(.none, source, target) { planner in
                    func pass(_ axis: Int, _ length: Int, _ isInverse: Bool, from input: Int, to output: Int)
                        -> ChannelPass<Scalar>
                    {
                        ChannelPass(
                            length, isInverse: isInverse, from: input, to: output, table: layout.shortTable(axis),
                            plans, planner)
                    }
                    func passes(isInverse: Bool, from input: Int, to output: Int) -> Passes {
                        let row = 8 * layout.rowPitch
                        let plane = row * extents.rows
                        return Passes(
                            planes: extents.planes == 1
                                ? nil : pass(0, extents.planes, isInverse, from: plane, to: plane),
                            rows: extents.rows == 1 ? nil : pass(1, extents.rows, isInverse, from: row, to: row),
                            last: pass(2, extents.length, isInverse, from: input, to: output))
                    }
                    return (
                        passes(isInverse: false, from: 8, to: layout.forwardStride),
                        passes(isInverse: true, from: layout.inverseStride, to: 8)
                    )
                }
            }
        }
        guard !plans.hasFailed else { throw PlanFailure(shape: layout.shape) }
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
            // What lies between rows is nobody's number.
            for channel in 0..<channels {
                for row in 0..<extents.planes * extents.rows {
                    unsafe Scalar.rescale(two + 2 * (channel * points + row * pitch), extents.length, a, b)
                }
            }
        }
        unsafe Scalar.unpackPanel(two, points, one, 8, points)
        // Columns of zeros stay what they are.
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            let turned = unsafe turn(forward, one, two, columns: TileBox(first, second).columns, Elements(tables))
            unsafe forward.last.run(
                turned, spectra.base + 2 * offset, points: 1, rows: extents.planes * extents.rows,
                sourcePitch: 8 * pitch, targetPitch: extents.length * layout.forwardStride, Elements(tables))
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
        results: (_ channel: Int) -> (first: PartResult?, second: PartResult?)
    ) {
        let extents = layout.extents
        check(spectra, offset, layout.inverseStride, scratch)
        check(first, second, channelPitch, channels, array.count)
        let (points, pitch) = (layout.panelPoints, layout.rowPitch)
        let (one, two) = unsafe (scratch.base, scratch.base + 2 * 8 * points)
        let turned = exponentials.withSharedRegion(of: Scalar.self) { tables in
            unsafe inverse.last.run(
                spectra.base + 2 * offset, one, points: 1, rows: extents.planes * extents.rows,
                sourcePitch: extents.length * layout.inverseStride, targetPitch: 8 * pitch, Elements(tables))
            return unsafe turn(inverse, one, two, columns: TileBox(first, second).columns, Elements(tables))
        }
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
                    unsafe result.scatter(source, part: 0, array.base, &windows.0, &rows)
                }
                if second != nil, let result = results.second {
                    unsafe result.scatter(source, part: 1, array.base, &windows.1, &rows)
                }
            }
            windows.0.array_offset += channelPitch
            windows.1.array_offset += channelPitch
        }
    }

    /// The passes within a panel over some columns, in place or to and fro between its two buffers; returns where the result is,
    /// in these columns at least. Others of the first buffer stay as they are if all lines are short.
    func turn(
        _ passes: Passes, _ one: UnsafeMutablePointer<Scalar>, _ two: UnsafeMutablePointer<Scalar>, columns: Range<Int>,
        _ tables: Elements<Scalar>
    ) -> UnsafeMutablePointer<Scalar> {
        var (source, target) = unsafe (one, two)
        let (extents, row) = (layout.extents, 8 * layout.rowPitch)
        func run(_ pass: ChannelPass<Scalar>?, rows: Int, pitch: Int) {
            guard let pass else { return }
            // What FFTW transforms goes elsewhere, and with it all columns.
            let columns = pass.isShort ? columns : 0..<extents.length
            let place = 2 * 8 * columns.lowerBound
            unsafe pass.run(
                source + place, (pass.isShort ? source : target) + place, points: columns.count, rows: rows,
                sourcePitch: pitch, targetPitch: pitch, tables)
            if !pass.isShort { swap(&source, &target) }
        }
        run(passes.planes, rows: extents.rows, pitch: row)
        run(passes.rows, rows: extents.planes, pitch: row * extents.rows)
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
