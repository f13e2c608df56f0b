/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and in every run.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// Seeds from a name, such as a problem text, so that each test has data of its own (FNV-1a).
    package init(name: String) {
        state = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// Uniform in −1 ..< 1, on a grid of 2⁻⁵².
    package mutating func uniform() -> Double { Double(Int64(bitPattern: next()) >> 11) * 0x1p-52 }

    /// Uniform in 0 ..< count.
    package mutating func index(_ count: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % count }
}
