import SpectralEngine
import Testing

@Suite struct SharedRegionTests {
    @Test func elementsAndPartsAreThoseOfTheArray() {
        var array: [Float] = [0, 1, 2, 3, 4, 5]
        withRegion(&array) { region in
            #expect(region.count == 6)
            let part = region[2..<5]
            #expect(part.count == 3 && part[0] == 2 && part[2] == 4)
            part[1] = -3
            let last = part[2..<3]
            last[0] = -4
            #expect(region[6..<6].count == 0)
        }
        #expect(array == [0, 1, 2, -3, -4, 5])
    }

    @Test func anEmptySpanIsAnEmptyRegion() {
        var array: [Double] = []
        withRegion(&array) { #expect($0.count == 0 && $0[0..<0].count == 0) }
    }

    @Test func errorsAndResultsComeBackFromALoan() {
        struct Refusal: Error {}
        var array: [Float] = [1]
        #expect(throws: Refusal.self) {
            var span = array.mutableSpan
            try span.withSharedRegion { _ in throw Refusal() }
        }
        #expect(array == [1])
    }

    @Test func reboundRegionsCountWhatFits() throws {
        let buffer = try AlignedBuffer(byteCount: 47)
        buffer.withSharedRegion(of: UInt8.self) { bytes in
            #expect(bytes.count == 47)
            #expect(bytes.rebound(to: Float.self).count == 11)
            #expect(bytes.rebound(to: Double.self).count == 5)
            #expect(bytes[0..<7].rebound(to: Double.self).count == 0)
            let floats = bytes[16..<32].rebound(to: Float.self)
            #expect(floats.count == 4)
            floats[3] = 1
            #expect(bytes[31] == 0x3F && bytes[30] == 0x80)
        }
    }

    @Test func clearAndAddReachEveryElement() {
        for count in [0, 1, 7, 64, 100] {
            var generator = SeededGenerator(seed: UInt64(count))
            let values = generator.values(count)
            var (term, sum) = (values, values.map { 1 - $0 })
            withRegion(&term) { term in withRegion(&sum) { add(term, to: $0) } }
            #expect(sum == [Double](repeating: 1, count: count))
            withRegion(&term) { clear($0) }
            #expect(term == [Double](repeating: 0, count: count))
        }
    }

    @Test func anIndexOutsideTraps() async {
        await #expect(processExitsWith: trap) {
            var array: [Float] = [1, 2]
            withRegion(&array) { $0[2] = 0 }
        }
        await #expect(processExitsWith: trap) {
            var array: [Float] = [1, 2]
            withRegion(&array) { region in precondition(region[-1].isNaN || true) }
        }
    }

    @Test func aRangeOutsideTraps() async {
        await #expect(processExitsWith: trap) {
            var array: [Float] = [1, 2]
            withRegion(&array) { region in precondition(region[1..<3].count > 0) }
        }
        await #expect(processExitsWith: trap) {
            var array: [Float] = [1, 2]
            withRegion(&array) { region in precondition(region[-1..<1].count > 0) }
        }
    }

    @Test func regionsOfDifferentExtentsAreNotAdded() async {
        await #expect(processExitsWith: trap) {
            var (term, sum) = ([1.0, 2], [1.0, 2, 3])
            withRegion(&term) { term in withRegion(&sum) { add(term, to: $0) } }
        }
    }
}
