internal import CKernels

// Direct sums: the loops of the direct engine. Offsets and pitches count elements.

/// Distances from a row of a matrix to its elements, one for each step of the depth; made once, read by every product.
public struct DepthOffsets: Sendable {
    fileprivate let elements: [Int32]
    fileprivate let largest: Int

    public let count: Int

    /// - Parameter offsets: At least 0, and below 2³¹.
    public init(_ offsets: [Int]) {
        count = offsets.count
        // One more than there are, so that there is an address even for none.
        elements = offsets.map { Int32($0) } + [0]
        largest = offsets.max() ?? 0
        precondition(offsets.allSatisfy { $0 >= 0 }, "a negative offset")
    }
}

/// A product of matrices whose first one is read where it lies: element (r, d) of it is the element r + offset(d).
///
/// So a convolution needs no copy of its input for each tap: rows are neighbouring outputs, the depth runs over channels
/// and taps, columns are filters. Each element of the result is a sum over the depth in order, which is then added to
/// the result; its bits do not depend on how rows and columns are cut.
public struct ShiftedProduct: Hashable, Sendable {
    public let rows: Int
    /// A multiple of ``columnMultiple``.
    public let columns: Int
    /// From row to row of b.
    public let secondPitch: Int
    /// From row to row of the result.
    public let resultPitch: Int

    /// Whole vectors, whatever the instruction set: 64 bytes.
    public static func columnMultiple(scalarByteCount: Int) -> Int { 64 / scalarByteCount }
    /// So many rows meet four vectors at once where there are 32 registers, and two where there are 16; more meet two vectors
    /// (`TAKE_FOUR` in kernels_direct.inc).
    public static var fewRows: Int { 6 }

    public init(rows: Int, columns: Int, secondPitch: Int, resultPitch: Int) {
        precondition(rows >= 0 && columns >= 0 && columns % 8 == 0, "an extent that is no extent")
        precondition(secondPitch >= columns && resultPitch >= columns, "rows that overlap")
        self.rows = rows
        self.columns = columns
        self.secondPitch = secondPitch
        self.resultPitch = resultPitch
    }

    /// Adds a · b over some steps of the depth; b begins with the row of the first of them.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func multiply<Scalar: ConvolutionScalar>(
        _ a: Elements<Scalar>, at aOffset: Int, _ offsets: DepthOffsets, _ depth: Range<Int>, _ b: Elements<Scalar>,
        at bOffset: Int, into result: SharedRegion<Scalar>, at resultOffset: Int, accumulate: Bool
    ) {
        guard rows > 0, columns > 0 else { return }
        precondition(depth.lowerBound >= 0 && depth.upperBound <= offsets.count, "a depth without offsets")
        precondition(columns % Self.columnMultiple(scalarByteCount: MemoryLayout<Scalar>.size) == 0, "a broken vector")
        a.check(aOffset, rows + offsets.largest)
        b.check(bOffset, depth.isEmpty ? 0 : (depth.count - 1) * secondPitch + columns)
        Elements(result).check(resultOffset, (rows - 1) * resultPitch + columns)
        var product = ck_shifted(
            rows: rows, depth: depth.count, columns: columns, b_pitch: secondPitch, result_pitch: resultPitch)
        unsafe offsets.elements.withUnsafeBufferPointer { table in
            // The table has an element more than the depth, which was checked above.
            guard let first = table.baseAddress else { preconditionFailure("a table without elements") }
            unsafe Scalar.multiplyShifted(
                a.base + aOffset, first + depth.lowerBound, b.base + bOffset, result.base + resultOffset, accumulate,
                &product)
        }
    }
}

/// Planes of taps, the layers, and the planes they relate: result (q, j) and tap (l, r, s) meet in the source's element
/// (l, q + r, j + s).
public struct Stencil: Hashable, Sendable {
    /// Of the result: rows and columns.
    public let rows: Int
    public let columns: Int
    /// Of taps, and of the source.
    public let layers: Int
    /// Of each layer of taps.
    public let tapRows: Int
    public let taps: Int
    /// Rows of the source that are there; all others count as zero and are not touched.
    public let sourceRows: Range<Int>
    public let sourcePitch: Int
    public let resultPitch: Int
    /// From row to row, and from tap to tap, of the weights; negative ones turn the filter.
    public let weightPitch: Int
    public let weightStep: Int
    /// From layer to layer.
    public let sourceLayer: Int
    public let weightLayer: Int

    public init(
        rows: Int, columns: Int, layers: Int = 1, tapRows: Int, taps: Int, sourceRows: Range<Int>, sourcePitch: Int,
        resultPitch: Int, weightPitch: Int, weightStep: Int, sourceLayer: Int = 0, weightLayer: Int = 0
    ) {
        precondition(rows >= 0 && columns >= 0 && layers >= 0 && tapRows >= 0 && taps >= 0, "a negative extent")
        precondition(sourcePitch >= 0 && resultPitch >= 0 && sourceLayer >= 0, "a negative pitch")
        self.rows = rows
        self.columns = columns
        self.layers = layers
        self.sourceLayer = sourceLayer
        self.weightLayer = weightLayer
        self.tapRows = tapRows
        self.taps = taps
        self.sourceRows = sourceRows.clamped(to: 0..<max(rows + tapRows - 1, 0))
        self.sourcePitch = sourcePitch
        self.resultPitch = resultPitch
        self.weightPitch = weightPitch
        self.weightStep = weightStep
    }

    /// result = start + weights · source, or result += weights · source: over taps in order of layers, rows and columns.
    ///
    /// - Parameter offset: Of the source's layer 0 and row 0, which need not be there.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func apply<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, at offset: Int, _ weights: Elements<Scalar>, at weightOffset: Int,
        into result: SharedRegion<Scalar>, at resultOffset: Int, accumulate: Bool, start: Scalar
    ) {
        guard rows > 0, columns > 0 else { return }
        checkSource(source, offset)
        checkTaps(weights, weightOffset)
        Elements(result).check(resultOffset, (rows - 1) * resultPitch + columns)
        var stencil = parameters
        unsafe Scalar.stencil(
            source.base + offset, weights.base + weightOffset, result.base + resultOffset, accumulate, start, &stencil)
    }

    /// taps += gradient · source, the gradient being one of the result; each sum is made in lanes.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func addGradient<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, at offset: Int, _ gradient: Elements<Scalar>, at gradientOffset: Int,
        into taps: SharedRegion<Scalar>, at tapOffset: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        precondition(weightStep == 1, "taps that are no neighbours")
        checkSource(source, offset)
        checkTaps(Elements(taps), tapOffset)
        gradient.check(gradientOffset, (rows - 1) * resultPitch + columns)
        var stencil = parameters
        unsafe Scalar.stencilGradient(
            source.base + offset, gradient.base + gradientOffset, taps.base + tapOffset, &stencil)
    }

    private func checkSource<Scalar>(_ source: Elements<Scalar>, _ offset: Int) {
        guard let first = sourceRows.first, let last = sourceRows.last, layers > 0, taps > 0 else { return }
        source.check(
            offset + first * sourcePitch, (layers - 1) * sourceLayer + (last - first) * sourcePitch + columns + taps - 1
        )
    }

    private func checkTaps<Scalar>(_ weights: Elements<Scalar>, _ offset: Int) {
        guard layers > 0, tapRows > 0, taps > 0 else { return }
        let (layer, row, tap) = ((layers - 1) * weightLayer, (tapRows - 1) * weightPitch, (taps - 1) * weightStep)
        let least = min(layer, 0) + min(row, 0) + min(tap, 0)
        weights.check(offset + least, max(layer, 0) + max(row, 0) + max(tap, 0) - least + 1)
    }

    private var parameters: ck_stencil {
        ck_stencil(
            rows: rows, columns: columns, layers: layers, tap_rows: tapRows, taps: taps,
            first_row: sourceRows.lowerBound, last_row: sourceRows.upperBound, source_pitch: sourcePitch,
            result_pitch: resultPitch, weight_pitch: weightPitch, weight_step: weightStep, source_layer: sourceLayer,
            weight_layer: weightLayer)
    }
}

// MARK: - Moving

/// target[j][i] = source[i][j] for rows × columns elements.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func transpose<Scalar: ConvolutionScalar>(
    _ source: Elements<Scalar>, at offset: Int, pitch: Int, into target: SharedRegion<Scalar>, at targetOffset: Int,
    pitch targetPitch: Int, rows: Int, columns: Int
) {
    guard rows > 0, columns > 0 else { return }
    precondition(pitch >= 0 && (targetPitch >= rows || columns == 1), "rows that overlap")
    source.check(offset, (rows - 1) * pitch + columns)
    Elements(target).check(targetOffset, (columns - 1) * targetPitch + rows)
    unsafe Scalar.transpose(source.base + offset, pitch, target.base + targetOffset, targetPitch, rows, columns)
}

/// Rows between zeros, and how they lie in memory.
public struct PaddedRows: Hashable, Sendable {
    public var rows: Int
    /// Zeros, elements, zeros of each row.
    public var before: Int
    public var count: Int
    public var after: Int
    /// From row to row, and from element to element, of what is copied.
    public var sourcePitch: Int
    public var sourceStep: Int
    /// From row to row of the copy.
    public var pitch: Int

    public init(
        rows: Int, before: Int, count: Int, after: Int, sourcePitch: Int, sourceStep: Int, pitch: Int
    ) {
        precondition(rows >= 0 && before >= 0 && count >= 0 && after >= 0, "a negative extent")
        precondition(sourcePitch >= 0 && sourceStep >= 0 && pitch >= 0, "a negative pitch")
        self.rows = rows
        self.before = before
        self.count = count
        self.after = after
        self.sourcePitch = sourcePitch
        self.sourceStep = sourceStep
        self.pitch = pitch
    }

    /// Copies them.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func copy<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, at offset: Int, into target: SharedRegion<Scalar>, at targetOffset: Int
    ) {
        guard rows > 0 else { return }
        if count > 0 { source.check(offset, (rows - 1) * sourcePitch + (count - 1) * sourceStep + 1) }
        Elements(target).check(targetOffset, (rows - 1) * pitch + before + count + after)
        var padding = ck_padding(
            rows: rows, count: count, before: before, after: after, source_pitch: sourcePitch, source_step: sourceStep,
            target_pitch: pitch)
        // Nothing is read where there is nothing to copy.
        unsafe Scalar.pad(source.base + (count > 0 ? offset : 0), target.base + targetOffset, &padding)
    }
}

/// Copies some rows of `count` elements to places `step` apart. A pitch leads from row to row.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func spread<Scalar: ConvolutionScalar>(
    _ source: Elements<Scalar>, at offset: Int, pitch: Int, into target: SharedRegion<Scalar>, at targetOffset: Int,
    pitch targetPitch: Int, step: Int, rows: Int, count: Int
) {
    guard rows > 0, count > 0 else { return }
    precondition(step > 0 && pitch >= 0 && targetPitch >= 0, "elements that overlap")
    source.check(offset, (rows - 1) * pitch + count)
    Elements(target).check(targetOffset, (rows - 1) * targetPitch + (count - 1) * step + 1)
    unsafe Scalar.spreadRows(source.base + offset, pitch, target.base + targetOffset, targetPitch, step, rows, count)
}

/// Multiplies every element by 2^exponent, in two steps where one factor would not be a number.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func scale<Scalar: ConvolutionScalar>(_ elements: SharedRegion<Scalar>, byPowerOfTwo exponent: Int) {
    let half = exponent / 2
    let one = Scalar(sign: .plus, exponent: Scalar.Exponent(half), significand: 1)
    let two = Scalar(sign: .plus, exponent: Scalar.Exponent(exponent - half), significand: 1)
    for index in 0..<elements.count { unsafe elements.base[index] = elements.base[index] * one * two }
}

/// What the magnitudes of some elements are like.
public struct Magnitudes: Sendable, BitwiseCopyable {
    /// The largest finite one; 0 if there is none.
    public var largest = 0.0
    /// The least finite one other than 0; infinity if there is none.
    public var least = Double.infinity
    public var isFinite = true

    public init() {}

    public init(largest: Double, least: Double, isFinite: Bool) {
        self.largest = largest
        self.least = least
        self.isFinite = isFinite
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public init<Scalar: ConvolutionScalar>(of elements: Elements<Scalar>, at offset: Int, count: Int) {
        precondition(count >= 0, "a negative extent")
        elements.check(offset, count)
        let found = unsafe Scalar.magnitudes(elements.base + offset, count)
        (largest, least, isFinite) = (found.largest, found.least, found.non_finite == 0)
    }

    /// Those of these and other elements.
    public mutating func add(_ other: Magnitudes) {
        largest = max(largest, other.largest)
        least = min(least, other.least)
        isFinite = isFinite && other.isFinite
    }
}
