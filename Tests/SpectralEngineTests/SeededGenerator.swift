import SpectralEngine

/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"): the same data in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A multiple of 2⁻²⁴ in [-1, 1): a Float and a Double of equal value.
    mutating func value() -> Double { Double(next() >> 39) * 0x1p-24 - 1 }

    mutating func values(_ count: Int) -> [Double] { (0..<count).map { _ in value() } }

    mutating func integer(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
