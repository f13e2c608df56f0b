internal import CFFTW

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// How a long line is seen as a matrix of `outer` rows of `inner` points.
///
/// With n = n₁·inner + n₂ and b = b₁ + outer·b₂ the exponent n·b / (outer·inner) falls apart into n₁b₁/outer + n₂b₁/(outer·inner) +
/// n₂b₂/inner: transforms over n₁, a rotation of each point, transforms over n₂. FFTW's estimated plans for one line fall
/// from 40 Gflop/s at 4096 points to 6 at a million; those for the short lines of the matrix do not
/// (`Docs/Measurements/2026-11-22-turning-passes.md`).
struct LongLineShape: Hashable, Sendable {
    let outer: Int
    let inner: Int

    /// `nil` for lines that are better left whole, or that do not fall into two even parts.
    init?(_ length: Int) {
        guard length >= 8192 else { return nil }
        let twos = length.trailingZeroBitCount
        inner = 1 << (twos / 2)
        outer = length / inner
        // Both parts are cut into panels of eight lines.
        guard inner >= 32, outer % 8 == 0, outer <= 16 * inner else { return nil }
    }

    /// Complex elements from row to row between the two passes.
    var rowPitch: Int { TileShape.padded(outer, rows: inner) }

    /// Complex elements of the second buffer, and of the two panels.
    var bufferCount: Int { inner * rowPitch }
    var panelCount: Int { 2 * TileShape.panelWidth * panelPitch }
    var panelPitch: Int { TileShape.panelPitch(max(outer, inner)) }
}

/// The transform of one long line in natural order, from the tile through the scratch and back into the tile.
struct LongLineTransform<Scalar: ConvolutionScalar> {
    private let shape: LongLineShape
    private let isOuterShort: Bool
    private let outerPlan: OpaquePointer
    private let innerPlan: OpaquePointer
    private let isInverse: Bool
    /// exp(−2πi·b·a / length) for row b and column a of the matrix between the passes.
    private let rotations: AlignedBuffer

    /// Makes the plans; call it under the planner lock. `nil` if FFTW refuses, which the list remembers.
    ///
    /// - Safety: Both buffers must hold the shape's `bufferCount` and `panelCount` complex elements.
    init?(
        _ shape: LongLineShape, isInverse: Bool, rotations: AlignedBuffer, _ plans: PlanList<Scalar>,
        _ source: UnsafeMutablePointer<Scalar>, _ target: UnsafeMutablePointer<Scalar>
    ) {
        self.shape = shape
        self.isInverse = isInverse
        self.rotations = rotations
        isOuterShort = TurningPass.isShort(shape.outer)
        func plan(_ length: Int, stride: Int, distance: Int, outputDistance: Int) -> OpaquePointer? {
            plans.keep(
                unsafe Scalar.makePlan(
                    length: Int32(length), count: Int32(TileShape.panelWidth), inputStride: Int32(stride),
                    inputDistance: Int32(distance), outputDistance: Int32(outputDistance),
                    sign: isInverse ? FFTW_BACKWARD : FFTW_FORWARD, flags: UInt32(FFTW_ESTIMATE), source, target))
        }
        let panelPitch = shape.panelPitch
        guard
            let outerPlan = isOuterShort
                ? plan(shape.outer, stride: shape.inner, distance: 1, outputDistance: shape.rowPitch)
                : plan(shape.outer, stride: 1, distance: panelPitch, outputDistance: shape.rowPitch),
            let innerPlan = plan(shape.inner, stride: 1, distance: panelPitch, outputDistance: panelPitch)
        else { return nil }
        self.outerPlan = outerPlan
        self.innerPlan = innerPlan
    }

    /// - Safety: The tile must hold the line, the buffer and the panel what the shape says, all aligned.
    func execute(
        _ tile: UnsafeMutablePointer<Scalar>, _ buffer: UnsafeMutablePointer<Scalar>,
        _ panel: UnsafeMutablePointer<Scalar>
    ) {
        let width = TileShape.panelWidth
        let second = unsafe panel + 2 * width * shape.panelPitch
        rotations.withSharedRegion(of: Scalar.self) { rotations in
            // Columns of the matrix become rows; both extents are multiples of the panel's width.
            for column in stride(from: 0, to: shape.inner, by: width) {
                let rows = unsafe buffer + 2 * column * shape.rowPitch
                if isOuterShort {
                    unsafe Scalar.execute(outerPlan, tile + 2 * column, rows)
                } else {
                    unsafe Scalar.packPanel(tile + 2 * column, shape.inner, panel, shape.panelPitch, shape.outer)
                    unsafe Scalar.execute(outerPlan, panel, rows)
                }
                for row in column..<column + width {
                    unsafe Scalar.rotate(
                        buffer + 2 * row * shape.rowPitch, rotations.base + 2 * row * shape.outer, isInverse,
                        shape.outer)
                }
            }
        }
        for column in stride(from: 0, to: shape.outer, by: width) {
            unsafe Scalar.packPanel(buffer + 2 * column, shape.rowPitch, panel, shape.panelPitch, shape.inner)
            unsafe Scalar.execute(innerPlan, panel, second)
            unsafe Scalar.unpackPanel(second, shape.panelPitch, tile + 2 * column, shape.outer, shape.inner)
        }
    }

    /// The table of rotations, each rounded once from double precision.
    static func makeRotations(_ shape: LongLineShape) throws(AllocationFailure) -> AlignedBuffer {
        let length = shape.outer * shape.inner
        let buffer = try AlignedBuffer(byteCount: 2 * length * MemoryLayout<Scalar>.stride)
        buffer.withSharedRegion(of: Scalar.self) { table in
            for row in 0..<shape.inner {
                for column in 0..<shape.outer {
                    let (cosine, sine) = unitRoot(row * column, of: length)
                    table[2 * (row * shape.outer + column)] = Scalar(cosine)
                    table[2 * (row * shape.outer + column) + 1] = Scalar(-sine)
                }
            }
        }
        return buffer
    }

    /// exp(2πi·index/length), from an angle of at most an eighth of the circle.
    private static func unitRoot(_ index: Int, of length: Int) -> (cosine: Double, sine: Double) {
        // 8·index/length = octant + rest; odd octants are measured back from their end.
        let eighths = index % length * 8
        let (octant, rest) = (eighths / length, eighths % length)
        let part = octant.isMultiple(of: 2) ? rest : length - rest
        let angle = Double(part) * (Double.pi / 4) / Double(length)
        let (c, s) = (cos(angle), sin(angle))
        switch octant {
        case 0: return (c, s)
        case 1: return (s, c)
        case 2: return (-s, c)
        case 3: return (-c, s)
        case 4: return (-c, -s)
        case 5: return (-s, -c)
        case 6: return (s, -c)
        default: return (c, -s)
        }
    }
}
