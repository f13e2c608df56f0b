internal import CKernels

// A real field of 2H positions along its lines, as H complex points: z(n) = x(n) + i·x(n + H). Turned by ω^n, with ω = exp(πi / 2H), its
// transform of H points is x(ζ) = Σ x(n)·ζ^n over all 2H positions, at the H numbers ζ = ω·exp(−2πi·k / H), for which ζ^H = i. So
// products of such transforms are those of convolutions of 2H positions that change their sign where they wrap around, and an inverse
// that is turned back has both halves of the result as its real and imaginary part. These numbers and their conjugates are all 2H
// roots of −1, and of a real field the latter say what the former do: a spectrum has no line that says what another one says
// (`Docs/Mathematics.md`, "Folded tiles").

extension PackedTransform {
    /// Output = field · filter, or · its conjugate, for all lines, those of the filter transformed where they meet the field's.
    ///
    /// - Parameters:
    ///   - boxes: Where the field holds samples, and what of the output will be kept.
    ///   - use: What else is done with the field's spectrum.
    ///   - filter: Its tile, and where that holds taps.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func convolve(
        _ tile: SharedRegion<Scalar>, into output: SharedRegion<Scalar>, boxes: (loaded: TileBox, kept: TileBox),
        conjugate: Bool, use: SpectrumUse<Scalar> = .none, with filter: SharedRegion<Scalar>, _ taps: TileBox,
        _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, boxes.loaded, team)
        shape.check(output, boxes.kept, team)
        shape.check(filter, taps, team)
        shape.check(use)
        precondition(shape.isFolded, "half of the filter's lines are enough")
        let (loaded, kept, held) = (
            shape.loadedRows(boxes.loaded, nil), shape.restoredRows(boxes.kept, nil), shape.loadedRows(taps, nil)
        )
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            unsafe transform(filter, panel, held, .none, panels.turned, panels.packed)
            unsafe transform(tile, panel, loaded, use, panels.fields, panels.packed)
            var lines = shape.lines(panel.count, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            var terms = ck_terms(count: 1, x_step: 0, w_step: 0)
            unsafe Scalar.multiply(
                panels.fields, panels.turned, panels.fields, &lines, &terms, conjugate, false)
            unsafe inverse(panels.fields, panel, kept, output.base, panels.packed)
        }
    }

    /// Field · conj(other), for all lines, transformed back in the place of the field, where some of it is kept.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func correlate(
        _ field: SharedRegion<Scalar>, _ other: SharedRegion<Scalar>, boxes: (field: TileBox, other: TileBox),
        kept: TileBox, _ team: TransformTeam<Scalar>
    ) {
        shape.check(field, boxes.field, team)
        shape.check(other, boxes.other, team)
        shape.check(field, kept, team)
        let rows = (
            field: shape.loadedRows(boxes.field, nil), other: shape.loadedRows(boxes.other, nil),
            kept: shape.restoredRows(kept, nil)
        )
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            unsafe transform(field, panel, rows.field, .none, panels.fields, panels.packed)
            unsafe transform(other, panel, rows.other, .none, panels.turned, panels.packed)
            var lines = shape.lines(panel.count, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            unsafe Scalar.correlate(panels.fields, panels.turned, panels.block, &lines, false)
            unsafe inverse(panels.block, panel, rows.kept, field.base, panels.packed)
        }
    }

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
