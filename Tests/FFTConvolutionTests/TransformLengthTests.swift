import FFTConvolution
import Testing

@Suite struct TransformLengthTests {
    /// Of sums over channels, whose short lines may have any even length.
    @Test func tilesOfDenseLayersFitTheirImages() {
        for (extent, filter) in [(56, 3), (56, 9), (28, 7), (14, 3), (27, 5), (224, 11), (1000, 2), (100, 33)] {
            for count in [4, 8, 12] {
                let least = 2 * filter - 1
                let lengths = TransformLength.denseTiles(count: count, above: least, extent: extent, filter: filter)
                #expect(lengths.count <= count && !lengths.isEmpty)
                #expect(zip(lengths, lengths.dropFirst()).allSatisfy { $0 < $1 })
                #expect(lengths.allSatisfy { $0 > least && ($0 > 64 || $0.isMultiple(of: 2)) })
                // A longer tile is there for fewer points in all, or for as many of a length that costs less.
                let points = lengths.filter { $0 <= 64 }.map { length in
                    let step = length - filter + 1
                    return (extent + step - 1) / step * length
                }
                #expect(zip(points, points.dropFirst()).allSatisfy { Double($1) < 1.1 * Double($0) })
                #expect(points.count < 2 || points[points.count - 1] < points[0])
            }
        }
        #expect(TransformLength.denseTiles(count: 8, above: 17, extent: 56, filter: 9).contains(36))
        #expect(TransformLength.denseTiles(count: 8, above: 5, extent: 56, filter: 3).contains(16))
    }

    @Test func coveringLengthsOfDenseLayersAreEven() {
        for minimum in 1...80 {
            let length = TransformLength.good(atLeast: minimum, isDense: true) ?? 0
            #expect(length >= minimum && length <= minimum + 1 || minimum < 5)
        }
        #expect(TransformLength.good(atLeast: 81, isDense: true) == TransformLength.good(atLeast: 81))
    }
}
