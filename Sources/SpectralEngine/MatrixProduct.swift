internal import CKernels

/// A product of complex matrices: result (+)= a · b, conj(a) · b or a · conj(b). All extents, strides and offsets count
/// complex elements.
///
/// The rows of b and of the result are contiguous; a has two strides, so that a transposed matrix is read where it lies.
/// Each element is a sum over the depth in order, which is then added to the result: its bits do not depend on how a
/// product is cut into rows and columns, only on how its depth is, and no value reaches another row or column.
///
/// From 6 rows, 32 columns and a depth of 32 on it takes at least 80 % of the machine's multiply-adds while b stays in the
/// cache; with b in memory half of them at 6 rows and two thirds at 12 (AVX-512; measured with `make bench`, and on 64 MiB of
/// matrices of 64² to 256²). Below 6 rows it waits for b: let rows travel together.
public struct MatrixProduct: Hashable, Sendable {
    /// The factor that is conjugated.
    public enum Conjugate: Sendable { case neither, first, second }

    public let rows: Int
    public let depth: Int
    public let columns: Int
    /// Of a: from row to row, and from element to element of a row.
    public let rowStride: Int
    public let depthStride: Int
    /// From row to row of b.
    public let secondPitch: Int
    /// From b to the b of the next product, which is fetched in time; 0 if there is none. Nothing else depends on it.
    public let secondDistance: Int
    /// From row to row of the result.
    public let resultPitch: Int

    /// How many elements each operand spans from its first one on.
    let firstCount: Int
    let secondCount: Int
    let resultCount: Int

    public init(
        rows: Int, depth: Int, columns: Int, rowStride: Int, depthStride: Int, secondPitch: Int,
        secondDistance: Int, resultPitch: Int
    ) {
        precondition(rows >= 0 && depth >= 0 && columns >= 0, "a product of negative extent")
        precondition(rowStride >= 0 && depthStride >= 0 && secondPitch >= 0, "a negative stride")
        precondition(resultPitch >= columns || rows <= 1, "rows of a result that overlap")
        self.rows = rows
        self.depth = depth
        self.columns = columns
        self.rowStride = rowStride
        self.depthStride = depthStride
        self.secondPitch = secondPitch
        self.secondDistance = secondDistance
        self.resultPitch = resultPitch
        func span(_ outer: Int, _ outerStride: Int, _ inner: Int, _ innerStride: Int) -> Int {
            outer == 0 || inner == 0 ? 0 : (outer - 1) * outerStride + (inner - 1) * innerStride + 1
        }
        firstCount = span(rows, rowStride, depth, depthStride)
        secondCount = span(depth, secondPitch, columns, 1)
        resultCount = span(rows, resultPitch, columns, 1)
    }

    /// Computes the product of the matrices that begin at these elements.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func multiply<Scalar: ConvolutionScalar>(
        _ a: SharedRegion<Scalar>, at aOffset: Int, _ b: SharedRegion<Scalar>, at bOffset: Int, conjugate: Conjugate,
        into result: SharedRegion<Scalar>, at resultOffset: Int, accumulate: Bool
    ) {
        check(a, aOffset, firstCount)
        check(b, bOffset, secondCount)
        check(result, resultOffset, resultCount)
        var product = parameters
        let conjugated =
            switch conjugate {
            case .neither: CK_NEITHER
            case .first: CK_FIRST
            case .second: CK_SECOND
            }
        unsafe Scalar.multiplyMatrices(
            a.base + 2 * aOffset, b.base + 2 * bOffset, result.base + 2 * resultOffset, Int32(conjugated), accumulate,
            &product)
    }

    /// Computes a · b and conj(a) · b at once.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func multiplyOpposites<Scalar: ConvolutionScalar>(
        _ a: SharedRegion<Scalar>, at aOffset: Int, _ b: SharedRegion<Scalar>, at bOffset: Int,
        into result: SharedRegion<Scalar>, at resultOffset: Int, opposite oppositeOffset: Int
    ) {
        check(a, aOffset, firstCount)
        check(b, bOffset, secondCount)
        check(result, resultOffset, resultCount)
        check(result, oppositeOffset, resultCount)
        var product = parameters
        unsafe Scalar.multiplyOpposites(
            a.base + 2 * aOffset, b.base + 2 * bOffset, result.base + 2 * resultOffset,
            result.base + 2 * oppositeOffset, &product)
    }

    /// Computes conj(a) · b + a' · conj(b') of matrices of the same extents, which is twice the Hermitian part of the sum at a bin
    /// where a' and b' are of the opposite bin.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func correlateOpposites<Scalar: ConvolutionScalar>(
        _ a: SharedRegion<Scalar>, at aOffset: Int, opposite aOpposite: Int, _ b: SharedRegion<Scalar>, at bOffset: Int,
        opposite bOpposite: Int, into result: SharedRegion<Scalar>, at resultOffset: Int, accumulate: Bool
    ) {
        check(a, aOffset, firstCount)
        check(a, aOpposite, firstCount)
        check(b, bOffset, secondCount)
        check(b, bOpposite, secondCount)
        check(result, resultOffset, resultCount)
        var product = parameters
        unsafe Scalar.correlateOpposites(
            a.base + 2 * aOffset, b.base + 2 * bOffset, a.base + 2 * aOpposite, b.base + 2 * bOpposite,
            result.base + 2 * resultOffset, accumulate, &product)
    }

    /// Computes a · b where b is real: its offset and pitch count scalars.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func multiplyReal<Scalar: ConvolutionScalar>(
        _ a: SharedRegion<Scalar>, at aOffset: Int, _ b: SharedRegion<Scalar>, at bOffset: Int,
        into result: SharedRegion<Scalar>, at resultOffset: Int
    ) {
        check(a, aOffset, firstCount)
        Elements(b).check(bOffset, secondCount)
        check(result, resultOffset, resultCount)
        var product = parameters
        unsafe Scalar.multiplyReal(
            a.base + 2 * aOffset, b.base + bOffset, result.base + 2 * resultOffset, &product)
    }

    /// Computes the real part of conj(a) · b: the result's offset and pitch count scalars.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func correlateReal<Scalar: ConvolutionScalar>(
        _ a: SharedRegion<Scalar>, at aOffset: Int, _ b: SharedRegion<Scalar>, at bOffset: Int,
        into result: SharedRegion<Scalar>, at resultOffset: Int
    ) {
        check(a, aOffset, firstCount)
        check(b, bOffset, secondCount)
        Elements(result).check(resultOffset, resultCount)
        var product = parameters
        unsafe Scalar.correlateReal(
            a.base + 2 * aOffset, b.base + 2 * bOffset, result.base + resultOffset, &product)
    }

    /// Asks for the a, or b, of a product that follows. Only time depends on it.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func fetchFirst<Scalar: ConvolutionScalar>(_ a: SharedRegion<Scalar>, at offset: Int) {
        check(a, offset, firstCount)
        // Its lines in memory are its rows, or its columns.
        let (count, pitch, length) = depthStride == 1 ? (rows, rowStride, depth) : (depth, depthStride, rows)
        fetch(a, offset, count, pitch, length)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func fetchSecond<Scalar: ConvolutionScalar>(_ b: SharedRegion<Scalar>, at offset: Int) {
        check(b, offset, secondCount)
        fetch(b, offset, depth, secondPitch, columns)
    }

    private func fetch<Scalar: ConvolutionScalar>(
        _ region: SharedRegion<Scalar>, _ offset: Int, _ count: Int, _ pitch: Int, _ length: Int
    ) {
        let size = 2 * MemoryLayout<Scalar>.stride
        unsafe ck_fetch_pieces(region.base + 2 * offset, pitch * size, count, length * size)
    }

    private var parameters: ck_product {
        ck_product(
            rows: rows, depth: depth, columns: columns, a_row_stride: rowStride, a_depth_stride: depthStride,
            b_pitch: secondPitch, b_next: secondDistance, result_pitch: resultPitch)
    }

    private func check<Scalar: ConvolutionScalar>(_ region: SharedRegion<Scalar>, _ offset: Int, _ count: Int) {
        precondition(
            offset >= 0 && offset <= region.count / 2 && count <= region.count / 2 - offset,
            "a matrix outside its region")
    }
}
