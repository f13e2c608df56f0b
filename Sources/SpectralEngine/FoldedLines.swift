// A real field of 2H positions along its lines, as H complex points: z(n) = x(n) + i·x(n + H). Turned by ω^n, with ω = exp(πi / 2H), its
// transform of H points is x(ζ) = Σ x(n)·ζ^n over all 2H positions, at the H numbers ζ = ω·exp(−2πi·k / H), for which ζ^H = i. So
// products of such transforms are those of convolutions of 2H positions that change their sign where they wrap around, and an inverse
// that is turned back has both halves of the result as its real and imaginary part. These numbers and their conjugates are all 2H
// roots of −1, and of a real field the latter say what the former do: a spectrum has no line that says what another one says
// (`Docs/Mathematics.md`, "Folded tiles").

extension PackedTransform {
    /// Turns the points of eight lines in a panel, or turns them back; what lies at other positions is 0, or is not used.
    func turn(_ lines: UnsafeMutablePointer<Scalar>, _ positions: LineRows, isInverse: Bool) {
        rotations?.withSharedRegion(of: Scalar.self) { factors in
            for line in 0..<shape.panelWidth {
                let start = unsafe lines + 2 * line * shape.linePitch
                positions.forEachRun { rows in
                    unsafe Scalar.rotate(
                        start + 2 * rows.lowerBound, factors.base + 2 * rows.lowerBound, isInverse, rows.count)
                }
            }
        }
    }
}
