@testable import FFTConvolution
import SpectralEngine
import Testing
import TestSupport

/// Which planes of a result direct sums leave to the reference: no more than cannot be summed.
struct DirectFactsTests {
    /// - Parameters:
    ///   - first: A value for each plane of the first operand; `second` likewise.
    private func range(
        _ text: String, _ pass: Pass, _ first: [Float], _ second: [Float], threads: Int = 1
    ) throws -> DirectRange? {
        let problem = try ProblemText(text).problem
        let sizes = problem.planeSizes
        let one = planes(first, pass == .inputGradient ? sizes.output : sizes.input)
        let two = planes(second, pass == .filterGradient ? sizes.output : sizes.filter)
        var layout = WorkspaceLayout()
        let facts = DirectFacts(problem, pass, .float32, &layout)
        let scratch = try AlignedBuffer(byteCount: layout.byteCount)
        return try withElements(one.span) { one in
            try withElements(two.span) { two in
                try scratch.withSharedRegion(of: UInt8.self) { scratch in
                    for job in 0..<facts.jobCount { facts.look(job, one, two, scratch) }
                    return try facts.range(one, two, scratch, threads: threads)
                }
            }
        }
    }

    /// Planes of one value each, but for a 0 and a lone tiny element.
    private func planes(_ values: [Float], _ size: Int) -> [Float] {
        values.flatMap { value in
            (0..<size).map { $0 == 1 ? 0 : $0 == 2 ? value * 0x1p-20 : value }
        }
    }

    @Test func ordinaryOperandsAreNotScaled() throws {
        let found = try #require(try range("c2i8x8_k2f3x3", .forward, [1, 3], [1, 2, 0.5, 4]))
        #expect(found.scaling.isNone && found.planesLeft.isEmpty)
    }

    @Test func operandsThatAPowerOfTwoBringsIntoRangeAreScaled() throws {
        let found = try #require(try range("c2i8x8_k1f3x3", .forward, [0x1p-80, 0x1p-81], [0x1p-30, 0x1p-30]))
        #expect(found.scaling == DirectScaling(first: 80, second: 30) && found.planesLeft.isEmpty)
    }

    /// What is lost of a tiny channel is beyond the last place of a sum that it shares with others.
    @Test func aTinyChannelOfASumLeavesNoPlane() throws {
        for pass in [Pass.forward, .inputGradient] {
            let found = try #require(try range("c2i8x8_k2f3x3", pass, [1, 0x1p-140], [1, 1, 1, 1]))
            #expect(found.scaling.isNone && found.planesLeft.isEmpty)
        }
        let found = try #require(try range("n2i8x8_f3x3", .filterGradient, [1, 0x1p-140], [1, 1]))
        #expect(found.scaling.isNone && found.planesLeft.isEmpty)
    }

    @Test(arguments: [1, 2])
    func aTinyChannelOfItsOwnIsLeftAlone(threads: Int) throws {
        let text = "n2c3i8x8_k3f3x3_g3"
        let input: [Float] = [1, 0x1p-120, 1, 1, 1, 1]
        #expect(try range(text, .forward, input, [1, 1, 1], threads: threads)?.planesLeft == [1])
        #expect(try range(text, .inputGradient, input, [1, 1, 1], threads: threads)?.planesLeft == [1])
        // Its products are summed with those of the second batch item.
        #expect(
            try range(text, .filterGradient, input, [1, 1, 1, 1, 1, 1], threads: threads)?.planesLeft == [])
        #expect(try range(text, .filterGradient, input, [1, 1, 1, 1, 0, 1], threads: threads)?.planesLeft == [1])
    }

    /// Zeros have no products that could be lost.
    @Test func planesOfZerosAreSummed() throws {
        let found = try #require(try range("c3i8x8_k3f3x3_g3", .forward, [0, 0x1p-120, 1], [1, 1, 1]))
        #expect(found.planesLeft == [1])
        #expect(try range("c2i8x8_k1f3x3", .forward, [0, 0], [0x1p-140, 0])?.planesLeft == [])
    }

    @Test func filtersThatAreNotFiniteLeaveTheirPlanesAlone() throws {
        let filters: [Float] = [1, 1, 1, .nan, 1, 1]
        #expect(try range("n2c2i8x8_k3f3x3", .forward, [1, 1, 1, 1], filters)?.planesLeft == [1, 4])
        #expect(
            try range("n2c2i8x8_k3f3x3", .inputGradient, [1, 1, 1, 1, 1, 1], filters)?.planesLeft == [1, 3])
        #expect(
            try range("n2c2i8x8_k3f3x3", .filterGradient, [1, 1, 1, 1], [1, 1, 1, 1, .infinity, 1])?.planesLeft
                == [2, 3])
        // An input meets only what it is multiplied with.
        #expect(try range("n2c2i8x8_k3f3x3", .forward, [1, .nan, 1, 1], [1, 1, 1, 1, 1, 1])?.planesLeft == [])
    }

    @Test func whatNoPowerOfTwoBringsIntoRangeIsLeft() throws {
        #expect(try range("c2i8x8_k2f3x3_g2", .forward, [.nan, 1], [.nan, .nan]) == nil)
        // A huge plane of its own: the others are out of range with its scaling, and it is without.
        let found = try #require(
            try range("c3i8x8_k3f3x3_g3", .forward, [0x1p110, 0x1p-60, 0x1p-60], [0x1p20, 0x1p-60, 0x1p-60]))
        #expect(found.scaling == DirectScaling(first: -110, second: -20) && found.planesLeft == [1, 2])
        // Sums of rounded terms that cancel could overflow when scaled back.
        #expect(try range("i8x8_f3x3", .forward, [0x1p127], [0x1p127]) == nil)
    }
}
