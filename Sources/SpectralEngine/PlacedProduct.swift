internal import CKernels

/// Where two matrices have each step of their depth, as distances; made once, read by every product.
public struct DepthPlaces: Sendable {
    fileprivate let elements: [ck_place]
    fileprivate let largest: (first: Int, second: Int)

    public let count: Int

    /// - Parameters:
    ///   - first: From row 0 of the first matrix, at least 0 and below 2³¹.
    ///   - second: From column 0 of the second one, likewise.
    public init(first: [Int], second: [Int]) {
        precondition(first.count == second.count, "a depth that differs")
        precondition((first + second).allSatisfy { $0 >= 0 }, "a negative offset")
        count = first.count
        // One more than there are, so that there is an address even for none.
        elements = zip(first, second).map { ck_place(a: Int32($0), b: Int32($1)) } + [ck_place(a: 0, b: 0)]
        largest = (first.max() ?? 0, second.max() ?? 0)
    }
}

/// A product of matrices that are both read where they lie: element (r, d) of the first one is a[r·pitch + first(d)],
/// element (d, j) of the second one b[second(d) + j].
///
/// So a tensor needs no turning where either of its axes is a row. Each element of the result is a sum over the depth in
/// order, which is then added to the result; its bits do not depend on how rows and columns are cut.
public struct PlacedProduct: Hashable, Sendable {
    public let rows: Int
    /// Of any number: what a vector holds beyond the last one is neither read nor written.
    public let columns: Int
    /// From row to row of a.
    public let firstPitch: Int
    /// From row to row of the result.
    public let resultPitch: Int

    /// Columns that the widest blocks come in, whatever the instruction set: two vectors of 64 bytes.
    public static func columnMultiple(scalarByteCount: Int) -> Int { 128 / scalarByteCount }

    public init(rows: Int, columns: Int, firstPitch: Int, resultPitch: Int) {
        precondition(rows >= 0 && columns >= 0 && firstPitch >= 0, "an extent that is no extent")
        precondition(resultPitch >= columns, "rows that overlap")
        self.rows = rows
        self.columns = columns
        self.firstPitch = firstPitch
        self.resultPitch = resultPitch
    }

    /// Adds a · b over some steps of the depth, or writes it.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func multiply<Scalar: ConvolutionScalar>(
        _ a: Elements<Scalar>, at aOffset: Int, _ b: Elements<Scalar>, at bOffset: Int, _ places: DepthPlaces,
        _ depth: Range<Int>, into result: SharedRegion<Scalar>, at resultOffset: Int, accumulate: Bool
    ) {
        guard rows > 0, columns > 0 else { return }
        precondition(depth.lowerBound >= 0 && depth.upperBound <= places.count, "a depth without places")
        a.check(aOffset, (rows - 1) * firstPitch + places.largest.first + 1)
        b.check(bOffset, places.largest.second + columns)
        Elements(result).check(resultOffset, (rows - 1) * resultPitch + columns)
        var product = ck_placed(
            rows: rows, depth: depth.count, columns: columns, a_pitch: firstPitch, result_pitch: resultPitch)
        unsafe places.elements.withUnsafeBufferPointer { table in
            // The table has an element more than the depth, which was checked above.
            guard let first = table.baseAddress else { preconditionFailure("a table without elements") }
            unsafe Scalar.multiplyPlaced(
                a.base + aOffset, b.base + bOffset, first + depth.lowerBound, result.base + resultOffset, accumulate,
                &product)
        }
    }
}
