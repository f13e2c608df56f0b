internal import CFFTW

/// FFTW refused to make a plan.
public struct PlanFailure: Error, Hashable, Sendable {
    public let shape: TileShape
}

/// The complex transforms of one tile shape, composed of 1-D passes between two buffers.
///
/// The only owner of FFTW plans. Every pass reads lines along the outermost axis and writes them as contiguous rows, so
/// that the axes turn by one place; after as many passes as there are axes they are back in order. FFTW's estimated
/// plans are at their best in just this form, and so need no measuring: neighbouring lines are read as vectors, and
/// nothing is copied back (`Docs/Measurements/2026-11-22-turning-passes.md`). What is known to be zero, or will be
/// dropped, is skipped line by line. An inverse is not scaled: the factor 1/(planes·rows·length) is the caller's.
public final class PackedTransform<Scalar: ConvolutionScalar>: @unchecked Sendable {
    // Sendable: plans are immutable after init, and FFTW's new-array execution is thread-safe. Every pointer it is given
    // is a multiple of 8 complex elements into a region of an AlignedBuffer, as those the plans were made on.

    public let shape: TileShape

    private let passes: [TurningPass]
    private let forwardPlans: [OpaquePointer]
    private let inversePlans: [OpaquePointer]
    /// Both directions of a long line, in the place of the passes.
    private let longLine: (forward: LongLineTransform<Scalar>, inverse: LongLineTransform<Scalar>)?
    private let plans: PlanList<Scalar>

    /// Makes the plans, under the planner lock, on buffers of its own.
    ///
    /// - Throws: ``PlanFailure`` or ``AllocationFailure``.
    public init(shape: TileShape) throws {
        self.shape = shape
        // The layout after the last turn ends with the last axis that was transformed: it must be the shape's last.
        let isOrdered = shape.length > 1 || shape.pointCount == 1
        guard isOrdered,
            [shape.planes, shape.rows, shape.length, shape.bufferCount].allSatisfy({ $0 <= Int(Int32.max) })
        else {
            throw PlanFailure(shape: shape)
        }
        let byteCount = 2 * max(shape.bufferCount, shape.panelCount) * MemoryLayout<Scalar>.stride
        let (source, target) = (try AlignedBuffer(byteCount: byteCount), try AlignedBuffer(byteCount: byteCount))
        let plans = PlanList<Scalar>()
        let passes = shape.longLine == nil ? TurningPass.all([shape.planes, shape.rows, shape.length]) : []
        let rotations = try shape.longLine.map(LongLineTransform<Scalar>.makeRotations)
        (self.plans, self.passes) = (plans, passes)
        (forwardPlans, inversePlans, longLine) = source.withSharedRegion(of: Scalar.self) { source in
            target.withSharedRegion(of: Scalar.self) { target in
                PlannerLock.withLock {
                    // The planner remembers what it planned before, also by estimate, and plans differently for it. So
                    // that a transform, and with it every bit of a result, depends on nothing but its shape, it starts
                    // with an empty memory.
                    let wisdom = unsafe Scalar.takeWisdom()
                    defer { unsafe Scalar.restoreWisdom(wisdom) }
                    func all(_ sign: Int32) -> [OpaquePointer] {
                        passes.compactMap { plans.keep(unsafe Self.plan($0, sign, source.base, target.base)) }
                    }
                    func line(isInverse: Bool) -> LongLineTransform<Scalar>? {
                        guard let line = shape.longLine, let rotations else { return nil }
                        return unsafe LongLineTransform(
                            line, isInverse: isInverse, rotations: rotations, plans, source.base, target.base)
                    }
                    let lines = line(isInverse: false).flatMap { forward in
                        line(isInverse: true).map { (forward, $0) }
                    }
                    return (all(FFTW_FORWARD), all(FFTW_BACKWARD), lines)
                }
            }
        }
        guard !plans.hasFailed else { throw PlanFailure(shape: shape) }
    }

    /// The plan of one step of a pass; both buffers hold every point that a pass or a panel of the shape can name.
    private static func plan(
        _ pass: TurningPass, _ sign: Int32, _ source: UnsafeMutablePointer<Scalar>,
        _ target: UnsafeMutablePointer<Scalar>
    ) -> OpaquePointer? {
        let (count, stride, distance) =
            switch pass.form {
            case .strided: (TileShape.panelWidth, pass.inputPitch, 1)
            case .packed: (TileShape.panelWidth, 1, TileShape.panelPitch(pass.length))
            case .contiguous: (1, 1, pass.length)
            }
        return unsafe Scalar.makePlan(
            length: Int32(pass.length), count: Int32(count), inputStride: Int32(stride),
            inputDistance: Int32(distance), outputDistance: Int32(pass.outputPitch), sign: sign,
            flags: UInt32(FFTW_ESTIMATE), source, target)
    }
}

// MARK: - Executing

/// Scratch of one worker's transforms.
public struct TransformScratch<Scalar: ConvolutionScalar>: Sendable {
    fileprivate let buffer: SharedRegion<Scalar>
    fileprivate let panel: SharedRegion<Scalar>

    /// - Parameters:
    ///   - buffer: The second buffer of a tile, `shape.bufferCount` complex elements.
    ///   - panel: `shape.panelCount` complex elements.
    public init(buffer: SharedRegion<Scalar>, panel: SharedRegion<Scalar>) {
        self.buffer = buffer
        self.panel = panel
    }
}

extension TileShape {
    /// Complex elements of a tile together with the scratch of its transforms.
    public var workCount: Int { 2 * bufferCount + panelCount }

    /// A region of at least ``workCount`` complex elements as a tile and the scratch of its transforms.
    public func split<Scalar: ConvolutionScalar>(
        _ region: SharedRegion<Scalar>
    ) -> (tile: SharedRegion<Scalar>, scratch: TransformScratch<Scalar>) {
        let (first, second) = (2 * bufferCount, 4 * bufferCount)
        let scratch = TransformScratch(
            buffer: region[first..<second], panel: region[second..<second + 2 * panelCount])
        return (region[0..<first], scratch)
    }
}

extension PackedTransform {
    /// Whether samples have to lie in the scratch: after an odd number of passes the spectrum is in the other buffer.
    public var isSourceInScratch: Bool { !passes.count.isMultiple(of: 2) }

    /// Where samples have to lie before ``forward(_:box:_:)``.
    public func source(
        of tile: SharedRegion<Scalar>, _ scratch: TransformScratch<Scalar>
    ) -> SharedRegion<Scalar> {
        isSourceInScratch ? scratch.buffer : tile
    }

    /// Transforms samples that are zero outside a box, from ``source(of:_:)`` into the tile.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func forward(_ tile: SharedRegion<Scalar>, box: TileBox, _ scratch: TransformScratch<Scalar>) {
        var (source, target) = isSourceInScratch ? (scratch.buffer, tile) : (tile, scratch.buffer)
        check(tile, box, scratch)
        if let longLine {
            return unsafe longLine.forward.execute(tile.base, scratch.buffer.base, scratch.panel.base)
        }
        for index in passes.indices {
            let pass = passes[index]
            unsafe turn(pass, forwardPlans[index], source.base, target.base, pass.forwardLines(box), scratch.panel.base)
            let unreached = pass.rowsToClear(box)
            unsafe clear(unreached.0, of: pass, target.base)
            unsafe clear(unreached.1, of: pass, target.base)
            swap(&source, &target)
        }
    }

    private func clear(_ rows: Range<Int>, of pass: TurningPass, _ target: UnsafeMutablePointer<Scalar>) {
        guard !rows.isEmpty else { return }
        unsafe (target + 2 * rows.lowerBound * pass.outputPitch).clear(count: 2 * rows.count * pass.outputPitch)
    }

    /// Transforms back, unscaled.
    ///
    /// - Returns: Where the result is: the tile or the scratch. Only the planes and rows of the box are right; all else
    ///   holds anything.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func inverse(
        _ tile: SharedRegion<Scalar>, box: TileBox, _ scratch: TransformScratch<Scalar>
    ) -> SharedRegion<Scalar> {
        check(tile, box, scratch)
        if let longLine {
            unsafe longLine.inverse.execute(tile.base, scratch.buffer.base, scratch.panel.base)
            return tile
        }
        var (source, target) = (tile, scratch.buffer)
        for index in passes.indices {
            let pass = passes[index]
            unsafe turn(pass, inversePlans[index], source.base, target.base, pass.inverseLines(box), scratch.panel.base)
            swap(&source, &target)
        }
        return source
    }

    private func check(_ tile: SharedRegion<Scalar>, _ box: TileBox, _ scratch: TransformScratch<Scalar>) {
        precondition(tile.count >= 2 * shape.bufferCount && tile.isAligned, "a tile of another shape")
        precondition(
            scratch.buffer.count >= 2 * shape.bufferCount && scratch.buffer.isAligned, "a buffer of another shape")
        precondition(scratch.panel.count >= 2 * shape.panelCount && scratch.panel.isAligned, "a panel too small")
        precondition(
            box.planes.lowerBound >= 0 && box.planes.upperBound <= shape.planes && box.rows.lowerBound >= 0
                && box.rows.upperBound <= shape.rows && box.columns.lowerBound >= 0
                && box.columns.upperBound <= shape.length, "a box outside the tile")
    }

    /// One pass. Panels start at multiples of 8 within a padded row, and the target has room for a panel's last lines
    /// beyond its rows (`TurningPass.outputCount`), so every access stays inside the buffers. Such lines hold anything:
    /// a later panel of the pass, or nobody, writes or reads their place.
    private func turn(
        _ pass: TurningPass, _ plan: OpaquePointer, _ source: UnsafeMutablePointer<Scalar>,
        _ target: UnsafeMutablePointer<Scalar>, _ lines: (outer: Range<Int>, inner: Range<Int>),
        _ panel: UnsafeMutablePointer<Scalar>
    ) {
        let width = TileShape.panelWidth
        let first = lines.inner.lowerBound / width * width
        for outer in lines.outer {
            for inner in stride(from: first, to: lines.inner.upperBound, by: width) {
                let input = unsafe source + 2 * (outer * pass.innerPitch + inner)
                let output = unsafe target + 2 * (outer * pass.innerCount + inner) * pass.outputPitch
                switch pass.form {
                case .strided, .contiguous:
                    unsafe Scalar.execute(plan, input, output)
                case .packed:
                    unsafe Scalar.packPanel(
                        input, pass.inputPitch, panel, TileShape.panelPitch(pass.length), pass.length)
                    unsafe Scalar.execute(plan, panel, output)
                }
            }
        }
    }
}

extension UnsafeMutablePointer where Pointee: ConvolutionScalar {
    /// Sets elements to 0: the number 0 is all bits 0.
    func clear(count: Int) {
        unsafe UnsafeMutableRawPointer(self).initializeMemory(
            as: UInt8.self, repeating: 0, count: count * MemoryLayout<Pointee>.stride)
    }
}
