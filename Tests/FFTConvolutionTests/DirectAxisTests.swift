@testable import FFTConvolution
import Testing
import TestSupport

/// Every product of a result, found through the sets and parts of an axis, is one of the definition, and none is missing.
struct DirectAxisTests {
    private static let texts = [
        "i9_f3", "i9_f3_p1", "i10_f3_s2_p1", "i11_f4_s3", "i12_f3_p2_d2", "i13_f3_p3_d3", "i20_f4_s2_p3_d2",
        "i21_f3_s2_p4_d3",
        "i30_f5_s6_p4_d4", "i30_f3_s4_p6_d6", "i7_f5_s9_p2", "i5_f9_pfull", "i17_f2_s3_p0:5_d4", "i6_f6",
        "i40_f3_p5:0_d7",
    ]

    @Test(arguments: texts)
    func forwardMeetsWhatTheDefinitionMeets(_ text: String) throws {
        let axis = try #require(ProblemText(text).problem.axes.first)
        expect(products(DirectAxis.forward(axis), extent: axis.input), are: definition(axis), text)
    }

    @Test(arguments: texts)
    func inputGradientMeetsWhatTheDefinitionMeets(_ text: String) throws {
        let axis = try #require(ProblemText(text).problem.axes.first)
        // There the output is the source and the input the result.
        let turned = definition(axis).map { Product(result: $0.source, tap: $0.tap, source: $0.result) }
        expect(products(DirectAxis.inputGradient(axis), extent: axis.output), are: Set(turned), text)
    }

    @Test(arguments: texts)
    func noResultIsInTwoSetsAndPartsAreCounted(_ text: String) throws {
        let axis = try #require(ProblemText(text).problem.axes.first)
        for (sets, extent) in [(DirectAxis.forward(axis), axis.output), (DirectAxis.inputGradient(axis), axis.input)] {
            let results = sets.flatMap { set in (0..<set.results.count).map { set.results[$0] } }
            #expect(Set(results).count == results.count && results.allSatisfy { (0..<extent).contains($0) })
            #expect(sets.reduce(0) { $0 + $1.parts.count } <= DirectAxis.partCount(axis))
        }
        #expect(DirectAxis.forward(axis).reduce(0) { $0 + $1.results.count } == axis.output)
    }

    @Test func stepsBeyondAnyPositionAreNotTaken() throws {
        let problem = try Problem(
            input: [1, 1, 5], filter: [1, 1, 1], stride: .uniform(.max), dilation: .uniform(.max))
        let axis = try #require(problem.axes.first)
        #expect(products(DirectAxis.forward(axis), extent: 5) == [Product(result: 0, tap: 0, source: 0)])
        #expect(products(DirectAxis.inputGradient(axis), extent: 1) == [Product(result: 0, tap: 0, source: 0)])
    }

    @Test func pairsAreCounted() throws {
        for text in Self.texts {
            let axis = try #require(ProblemText(text).problem.axes.first)
            for set in DirectAxis.forward(axis) {
                for part in set.parts {
                    let there = part.inside(axis.input)
                    let pairs = (0..<part.taps.count).reduce(0) { sum, tap in
                        sum + (0..<set.results.count).count { there.contains(tap + $0) }
                    }
                    #expect(part.pairs(results: set.results.count, extent: axis.input) == Double(pairs), "\(text)")
                }
            }
        }
    }

    @Test func evenCutsHoldEverythingOnce() {
        for (count, most) in [(0, 4), (1, 4), (7, 3), (8, 4), (9, 4), (5, 0)] {
            let cut = EvenCut(count, most: most)
            #expect((0..<cut.pieces).flatMap { Array(cut[$0]) } == Array(0..<count))
            #expect((0..<cut.pieces).allSatisfy { cut[$0].count <= max(most, 1) && cut[$0].count <= cut.largest })
        }
    }
}

private struct Product: Hashable {
    let result: Int, tap: Int, source: Int
}

/// By i = o·stride − before + f·dilation.
private func definition(_ axis: Axis) -> Set<Product> {
    var products: Set<Product> = []
    for o in 0..<axis.output {
        for f in 0..<axis.filter {
            let i = o * axis.stride - axis.before + f * axis.dilation
            if i >= 0, i < axis.input { products.insert(Product(result: o, tap: f, source: i)) }
        }
    }
    return products
}

private func products(_ sets: [DirectAxis], extent: Int) -> Set<Product> {
    var products: Set<Product> = []
    for set in sets {
        for part in set.parts {
            let there = part.inside(extent)
            for j in 0..<set.results.count {
                for i in 0..<part.taps.count where there.contains(j + i) {
                    products.insert(
                        Product(result: set.results[j], tap: part.taps[i], source: part.start + part.step * (j + i)))
                }
            }
        }
    }
    return products
}

private func expect(_ found: Set<Product>, are expected: Set<Product>, _ text: String) {
    #expect(
        found == expected, "\(text): missing \(expected.subtracting(found)), too many \(found.subtracting(expected))")
}
