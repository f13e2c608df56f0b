import SpectralEngine
import Testing

/// What memory holds before anybody has written to it: NaN in both precisions, or ordinary numbers. Whoever reads it gives
/// results that are NaN, or that differ between the two.
let dirt: [UInt64] = [.max, 0x3FF8_0000_3FC0_0000]

/// Aligned memory for complex elements, filled with one word, between margins that nobody may write to.
final class GuardedMemory<Scalar: ConvolutionScalar> {
    private let buffer: AlignedBuffer
    private let word: UInt64
    /// Scalars.
    let count: Int

    /// A multiple of the alignment in both precisions.
    private static var margin: Int { 64 }

    init(complexCount: Int, word: UInt64 = .max) throws {
        count = 2 * complexCount
        self.word = word
        buffer = try AlignedBuffer(byteCount: (count + 2 * Self.margin) * MemoryLayout<Scalar>.stride)
        buffer.fill(with: word)
    }

    deinit {
        if !areMarginsIntact { Issue.record("elements before or after a region of \(count) were written") }
    }

    func withRegion<Result>(_ body: (SharedRegion<Scalar>) throws -> Result) rethrows -> Result {
        try buffer.withSharedRegion(of: Scalar.self) { try body($0[Self.margin..<Self.margin + count]) }
    }

    private var areMarginsIntact: Bool {
        let words = Self.margin * MemoryLayout<Scalar>.stride / 8
        let last = count * MemoryLayout<Scalar>.stride / 8 + words
        return buffer.withSharedRegion(of: UInt64.self) { region in
            (0..<words).allSatisfy { region[$0] == word && region[last + $0] == word }
        }
    }
}

/// Lends an array's elements as a region.
func withRegion<Scalar: ConvolutionScalar>(_ array: inout [Scalar], _ body: (SharedRegion<Scalar>) -> Void) {
    var span = array.mutableSpan
    span.withSharedRegion(body)
}
