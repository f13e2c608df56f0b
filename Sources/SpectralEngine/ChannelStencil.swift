internal import CKernels

/// Planes of taps of neighbouring channels and the planes they relate, channels in the vectors: at each position lies a
/// *line* of them, ``channels(scalarByteCount:)``. Result (q, j) and tap (r, s) of a channel meet in its source's element
/// (q + r, j + s).
///
/// Every lane is at work however narrow a plane is, and taps that only meet padding are left out.
public struct ChannelStencil: Hashable, Sendable {
    /// Of the result: rows and columns.
    public let rows: Int
    public let columns: Int
    /// Of the filter planes.
    public let tapRows: Int
    public let taps: Int
    /// Rows of the source that are there; all others count as zero and are not touched.
    public let sourceRows: Range<Int>
    /// Columns of the source that are there; all others hold 0.
    public let sourceColumns: Range<Int>
    /// From row to row, and from tap to tap, of the weights, in lines; negative ones turn the filter.
    public let weightPitch: Int
    public let weightStep: Int

    /// Channels of a line: 64 bytes, whatever the instruction set.
    public static func channels(scalarByteCount: Int) -> Int { 64 / scalarByteCount }

    /// Columns of a gradient that are summed before the sum is added to a tap's, at most: `GRADIENT_RUN` of its kernel.
    public static let longestRun = 128

    public init(
        rows: Int, columns: Int, tapRows: Int, taps: Int, sourceRows: Range<Int>, sourceColumns: Range<Int>,
        weightPitch: Int, weightStep: Int
    ) {
        precondition(rows >= 0 && columns >= 0 && tapRows > 0 && taps > 0, "an extent that is no extent")
        self.rows = rows
        self.columns = columns
        self.tapRows = tapRows
        self.taps = taps
        self.sourceRows = sourceRows.clamped(to: 0..<rows + tapRows - 1)
        self.sourceColumns = sourceColumns.clamped(to: 0..<columns + taps - 1)
        self.weightPitch = weightPitch
        self.weightStep = weightStep
    }

    /// Lines from row to row of the source.
    public var sourcePitch: Int { columns + taps - 1 }

    /// result = weights · source, or result += weights · source: over taps in order of rows and columns. Rows of the
    /// source and of the result lie one after the other.
    ///
    /// - Parameters:
    ///   - offset: Of the source's row 0.
    ///   - weightOffset: Of the tap in row 0 and column 0.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func apply<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, at offset: Int, _ weights: Elements<Scalar>, at weightOffset: Int,
        into result: SharedRegion<Scalar>, accumulate: Bool
    ) {
        guard rows > 0, columns > 0 else { return }
        check(source, offset, weights, weightOffset, Elements(result))
        var stencil = kernelStencil
        unsafe Scalar.channelStencil(
            source.base + offset, weights.base + weightOffset, result.base, accumulate, &stencil)
    }

    /// result += Σ gradient · source over all positions, for each tap: what is called the stencil's result above is the gradient, and
    /// what are its weights the result, in the order of memory. A sum goes over up to ``longestRun`` columns of all rows, in order and in
    /// runs, and then over the next ones.
    ///
    /// - Parameters:
    ///   - offset: Of the source's row 0.
    ///   - resultOffset: Of the tap in row 0 and column 0.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func addGradient<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, at offset: Int, _ gradient: Elements<Scalar>, into result: SharedRegion<Scalar>,
        at resultOffset: Int
    ) {
        guard rows > 0, columns > 0 else { return }
        check(source, offset, Elements(result), resultOffset, gradient)
        var stencil = kernelStencil
        unsafe Scalar.channelGradient(source.base + offset, gradient.base, result.base + resultOffset, &stencil)
    }

    /// Whether all that is read or written is there.
    private func check<Scalar: ConvolutionScalar>(
        _ source: Elements<Scalar>, _ offset: Int, _ weights: Elements<Scalar>, _ weightOffset: Int,
        _ result: Elements<Scalar>
    ) {
        let channels = Self.channels(scalarByteCount: MemoryLayout<Scalar>.size)
        source.check(offset, sourceRows.isEmpty ? 0 : sourceRows.upperBound * sourcePitch * channels)
        let (row, tap) = ((tapRows - 1) * weightPitch * channels, (taps - 1) * weightStep * channels)
        let least = min(row, 0) + min(tap, 0)
        weights.check(weightOffset + least, max(row, 0) + max(tap, 0) - least + channels)
        result.check(0, rows * columns * channels)
    }

    private var kernelStencil: ck_channel_stencil {
        ck_channel_stencil(
            rows: rows, columns: columns, tap_rows: tapRows, taps: taps, first_row: sourceRows.lowerBound,
            last_row: sourceRows.upperBound, first_column: sourceColumns.lowerBound,
            last_column: sourceColumns.upperBound, source_pitch: sourcePitch, result_pitch: columns,
            weight_pitch: weightPitch, weight_step: weightStep)
    }
}
