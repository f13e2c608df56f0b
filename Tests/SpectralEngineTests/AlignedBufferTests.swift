import SpectralEngine
import Testing

@Suite struct AlignedBufferTests {
    @Test(arguments: [0, 1, 63, 64, 65, 4096, 1_000_003])
    func isAlignedAndHoldsWhatWasAskedFor(byteCount: Int) throws {
        let buffer = try AlignedBuffer(byteCount: byteCount)
        #expect(buffer.byteCount == byteCount)
        #expect(AlignedBuffer.alignment == 64)
        buffer.withSharedRegion(of: UInt8.self) {
            #expect($0.isAligned)
            #expect($0.count == byteCount)
        }
        buffer.withSharedRegion(of: Float.self) { #expect($0.count == byteCount / 4) }
        buffer.withSharedRegion(of: Double.self) { #expect($0.count == byteCount / 8) }
    }

    @Test(arguments: [0, 1, 7, 8, 9, 24, 100]) func fillReachesEveryByte(byteCount: Int) throws {
        let buffer = try AlignedBuffer(byteCount: byteCount)
        buffer.fill(with: 0xABAB_ABAB_ABAB_ABAB)
        buffer.withSharedRegion(of: UInt8.self) { bytes in
            #expect((0..<byteCount).allSatisfy { bytes[$0] == 0xAB })
        }
        buffer.fill(with: .max)
        buffer.withSharedRegion(of: Float.self) { values in
            #expect((0..<values.count).allSatisfy { values[$0].isNaN })
        }
    }

    @Test func theContentOutlivesALoan() throws {
        let buffer = try AlignedBuffer(byteCount: 80)
        buffer.withSharedRegion(of: Double.self) { $0[9] = 3 }
        #expect(buffer.withSharedRegion(of: Double.self) { $0[9] } == 3)
    }

    @Test(arguments: [Int.max / 2, Int.max, -1]) func absurdSizesThrow(byteCount: Int) {
        let failure = #expect(throws: AllocationFailure.self) { try AlignedBuffer(byteCount: byteCount) }
        #expect(failure?.byteCount == byteCount)
    }

    @Test func knowsWhatCanBeAllocated() {
        #expect(AlignedBuffer.canAllocate(byteCount: 0))
        #expect(AlignedBuffer.canAllocate(byteCount: 1 << 20))
        #expect(!AlignedBuffer.canAllocate(byteCount: Int.max / 2))
    }
}
