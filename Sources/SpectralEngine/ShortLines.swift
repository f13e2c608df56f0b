internal import CKernels

/// Transforms of short lines without FFTW: folding leaves products with small real matrices, which run at the rate of the
/// registers (`kernels_short.inc`).
///
/// Debian's FFTW transforms lines of eight channels at 38 to 48 Gflop/s, and lengths such as 24, 30 or 36 several times as slowly; these
/// take 0.3 to 0.9 of its time at its best lengths, and little more at others (`Docs/Measurements/2026-11-23-dense.md`).
public enum ShortLines {
    public static let longest = Int(CK_LONGEST_LINE)
    /// Even lengths from 6 to here are straight code.
    public static let longestUnrolled = Int(CK_LONGEST_UNROLLED_LINE)

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

    /// Multiply-adds of a line, each of one complex element and one real number.
    public static func multiplications(_ length: Int) -> Int {
        foldings(length).reduce(0) { $0 + 2 * $1.terms * $1.terms }
    }

    /// Elements of a length's table: one for each multiply-add.
    static func tableCount(_ length: Int) -> Int { multiplications(length) }

    /// The cosines and sines that the kernel asks for, each rounded once from double precision.
    package static func table(_ length: Int) -> [Double] {
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
