import Foundation
import Testing

@testable import fftconv

@Suite struct CrossingPointTests {
    private typealias Sample = CrossingPoint.Sample

    /// Direct sums that take c·s^p times as long as the FFT.
    private func samples(_ sizes: [Int], scale: Double, power: Double) -> [Sample] {
        sizes.map { Sample(size: $0, ratio: scale * pow(Double($0), power)) }
    }

    @Test(arguments: [(10.0, 2.0), (4.5, 2.0), (9.0, 1.0), (3.01, 3.0), (14.9, 2.0)])
    func powersCrossWhereTheyDo(row: (crossing: Double, power: Double)) throws {
        let samples = samples([3, 5, 7, 9, 15], scale: pow(row.crossing, -row.power), power: row.power)
        let size = try #require(CrossingPoint(samples)?.size)
        #expect(abs(size - row.crossing) < 1e-12 * row.crossing)
        #expect(CrossingPoint.changeCount(samples) == 1)
    }

    @Test func interpolationIsLinearInLogarithms() throws {
        // From 4 times faster at 4 to 4 times slower at 16: half way, in logarithms, is 8.
        let samples = [Sample(size: 4, ratio: 0.25), Sample(size: 16, ratio: 4)]
        let size = try #require(CrossingPoint(samples)?.size)
        #expect(abs(size - 8) < 1e-12)
    }

    @Test func equalTimesCrossAtTheirSize() {
        let first = Sample(size: 3, ratio: 0.5)
        let equal = Sample(size: 7, ratio: 1)
        #expect(CrossingPoint([first, equal, Sample(size: 9, ratio: 1.2)]) == .at(7))
        #expect(CrossingPoint([first, equal]) == .at(7))
        #expect(CrossingPoint([equal]) == .at(7))
    }

    @Test func oneSidedTimesHaveNoSize() {
        #expect(CrossingPoint(samples([3, 5], scale: 1, power: 1)) == .below(3))
        #expect(CrossingPoint(samples([3, 5], scale: 1e-3, power: 1)) == .above(5))
        #expect(CrossingPoint([]) == nil)
        #expect(CrossingPoint.below(3).size == nil && CrossingPoint.above(5).size == nil)
    }

    @Test func theLastOfSeveralCrossingsCounts() throws {
        let samples = zip([2, 4, 8, 32], [0.5, 1.5, 0.5, 2]).map { Sample(size: $0, ratio: $1) }
        #expect(CrossingPoint.changeCount(samples) == 3)
        let size = try #require(CrossingPoint(samples)?.size)
        #expect(abs(size - 16) < 1e-12)
        // Direct sums are the faster ones at the end.
        #expect(CrossingPoint(Array(samples.prefix(3))) == .above(8))
    }

    @Test func pointsAreOrdered() {
        let sorted: [CrossingPoint] = [.below(3), .at(3.5), .at(9), .above(31)]
        #expect(sorted.reversed().sorted() == sorted)
        #expect(sorted.map(\.description) == ["below 3", "3.50", "9.00", "above 31"])
        #expect(CrossingPoint.at(12.345).description == "12.3")
    }

    @Test func roundsGiveTheRange() throws {
        let sizes = [4, 8, 16]
        // Five rounds that cross at 9, at 8, above, at 10 and below.
        let ratios = sizes.map { size in [9.0, 8, 20, 10, 3].map { Double(size) / $0 } }
        let estimate = try #require(CrossoverEstimate(sizes: sizes, ratios: ratios))
        #expect(abs(try #require(estimate.point.size) - 9) < 1e-12)
        #expect(estimate.low == .below(4) && estimate.high == .above(16))
        #expect(estimate.rounds.count == 5 && estimate.changeCount == 1)
        #expect(CrossoverEstimate(sizes: [], ratios: []) == nil)
    }

    @Test func aPointBesideThoseOfAllRoundsWidensTheRange() throws {
        // The faster one changes twice; the second time counts.
        let estimate = try #require(
            CrossoverEstimate(sizes: [4, 8, 16], ratios: [[2, 0.9, 2], [0.5, 0.5, 0.5], [4, 4, 4]]))
        let size = try #require(estimate.point.size)
        #expect(estimate.changeCount == 2 && estimate.rounds.count == 3)
        #expect(estimate.low <= .at(size) && estimate.high >= .at(size))
    }
}
