/// Which transform lengths are worth using.
package enum TransformLength {
    /// The smallest 2·3·5-smooth length of at least `minimum` points; FFTW is at its best there, and its error least.
    ///
    /// - Returns: `nil` if it would not fit FFTW's 32-bit sizes.
    package static func good(atLeast minimum: Int) -> Int? {
        guard minimum > 0, minimum <= Int(Int32.max) else { return nil }
        var best = Int.max
        var five = 1
        while five < 2 * minimum {
            var odd = five
            while odd < 2 * minimum {
                var length = odd
                while length < minimum { length *= 2 }
                best = min(best, length)
                odd *= 3
            }
            five *= 5
        }
        return best <= Int(Int32.max) ? best : nil
    }

    /// Lengths to cut tiles to, smallest first: powers of two, and where there is room for more choices also 3 and 5
    /// times powers of two.
    package static func tiles(count: Int, above minimum: Int) -> [Int] {
        let odds = count > 8 ? [1, 3, 5] : count > 4 ? [1, 3] : [1]
        var lengths: [Int] = []
        for odd in odds {
            var length = odd
            while length <= 1 << 24 {
                if length >= 8, length > minimum { lengths.append(length) }
                length *= 2
            }
        }
        return Array(lengths.sorted().prefix(count))
    }
}
