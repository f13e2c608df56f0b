internal import CKernels

/// Transforms of short lines without FFTW: folding leaves products with small real matrices, which run at the rate of the
/// registers (`kernels_short.inc`).
///
/// A line of more than ``longestStraight`` points is split first, into lines that stay in registers (`Docs/Measurements/2026-11-28-short.md`).
///
/// Debian's FFTW transforms lines of eight channels at 38 to 48 Gflop/s, and lengths such as 24, 30 or 36 several times as slowly; these
/// take 0.3 to 0.9 of its time at its best lengths, and little more at others (`Docs/Measurements/2026-11-23-dense.md`).
public enum ShortLines {
    public static let longest = Int(CK_LONGEST_LINE)
    /// Lengths from 5 to here are straight code.
    public static let longestStraight = Int(CK_LONGEST_STRAIGHT_LINE)

    /// The foldings of a line: the lengths that are left, and how many terms a sum has, which is how many pairs of bins there are.
    private static func foldings(_ length: Int) -> [(length: Int, terms: Int)] {
        var foldings: [(Int, Int)] = []
        var left = length
        while left.isMultiple(of: 2), left != 4 {
            foldings.append((left, (left / 2 + 1) / 2))
            left /= 2
        }
        if left != 4 { foldings.append((left, (left + 1) / 2)) }
        return foldings
    }

    /// How many lines one is split into first: into 2 to 4 of at most ``longestStraight`` points, of even length where that can be, by a
    /// butterfly of each point and a rotation (`Docs/Measurements/2026-11-28-short.md`); 1 for lines that are not split.
    public static func radix(_ length: Int) -> Int {
        if length <= longestStraight { return 1 }
        if length.isMultiple(of: 6), length <= 3 * longestStraight { return 3 }
        guard length.isMultiple(of: 4) else { return 1 }
        return length.isMultiple(of: 8) || length > 2 * longestStraight ? 4 : 2
    }

    /// Whether it is straight code, or is split into lines that are; other lines are loops.
    public static func isStraight(_ length: Int) -> Bool { length / radix(length) <= longestStraight }

    /// Multiply-adds of each point of a line, of one complex element and one real number; a split counts as `splitting`.
    public static func multiplications(_ length: Int) -> Double {
        let radix = radix(length)
        let part = length / radix
        return Double(foldingCount(part)) / Double(part) + (radix > 1 ? splitting : 0)
    }

    /// What it takes to split a line, in multiply-adds of straight code for each point: 2.1 to 3.3, with AVX2 and AVX-512
    /// (`Docs/Measurements/2026-11-28-short.md`).
    private static let splitting = 2.5

    private static func foldingCount(_ length: Int) -> Int {
        foldings(length).reduce(0) { $0 + 2 * $1.terms * $1.terms }
    }

    /// Elements of a length's table: two for each rotation, one for each multiply-add.
    static func tableCount(_ length: Int) -> Int {
        let radix = radix(length)
        return 2 * (radix - 1) * (length / radix) + foldingCount(length / radix)
    }

    /// The cosines and sines that the kernel asks for, each rounded once from double precision.
    package static func table(_ length: Int) -> [Double] {
        let radix = radix(length)
        let part = length / radix
        let rotations = (0..<part).flatMap { point in
            (1..<radix).flatMap { bin in
                let root = Rotations.unitRoot(point * bin, of: length)
                return [root.cosine, root.sine]
            }
        }
        return rotations + foldingTable(part)
    }

    private static func foldingTable(_ length: Int) -> [Double] {
        foldings(length).flatMap { length, terms in
            let isEven = length.isMultiple(of: 2)
            return (0..<terms).flatMap { index in
                let bin = isEven ? 2 * index + 1 : index
                return (0..<terms).flatMap { term in
                    [
                        Rotations.unitRoot(bin * term, of: length).cosine,
                        Rotations.unitRoot(bin * (term + 1), of: length).sine,
                    ]
                }
            }
        }
    }
}
