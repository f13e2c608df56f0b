internal import CKernels

// The pass over lines: from a tile to a spectrum and back, eight neighbouring ones at a time, and what products do with one panel of them
// (TileProducts.swift).

extension PackedTransform {
    /// Transforms the lines of a tile that holds one real field into a half spectrum.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformHalf(
        _ tile: SharedRegion<Scalar>, _ box: TileBox, into half: SharedRegion<Scalar>, exponent: Int,
        _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, box, team)
        shape.checkHalf(half)
        let positions = shape.loadedRows(box, nil)
        let factor = powersOfTwo(exponent, Scalar.self)
        let limit = shape.halfLinesPerRow
        team.run(shape.linePanels(limit: limit)) { index, panels in
            let panel = shape.panel(index, limit: limit)
            let count = panel.count * shape.linePitch
            let target = unsafe half.base + 2 * shape.halfOffset(row: panel.row, column: panel.column)
            // Eight lines are transformed to where they belong, fewer by way of a panel.
            let lines = unsafe panel.count == shape.panelWidth ? target : panels.turned
            unsafe fetchLines(tile.base, after: panel, positions)
            unsafe forward(tile.base, panel, positions, lines, panels.packed)
            if unsafe lines != target { unsafe target.update(from: lines, count: 2 * count) }
            if exponent != 0 {
                shape.forEachLine(panel.count) { unsafe Scalar.rescale(target + $0, shape.lineLength, factor, factor) }
            }
        }
    }

    /// Transforms the lines of a sum of whole spectra back into a tile, at the positions of the box.
    ///
    /// - Parameters:
    ///   - spectra: The terms, added in order while a panel of the sum is in the first-level cache.
    ///   - step: Complex elements from term to term.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreLines(
        _ spectra: SharedRegion<Scalar>, terms: Int = 1, step: Int = 0, into tile: SharedRegion<Scalar>, _ box: TileBox,
        roll: TileRoll? = nil, _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, box, team, roll)
        precondition(terms > 0 && step >= 0, "a sum without terms")
        for term in 0..<terms { shape.checkSpectrum(spectra[2 * term * step..<spectra.count]) }
        if shape.form == .small {
            return unsafe sum(spectra.base, terms, step, lines: shape.lineCount, into: tile.base)
        }
        let positions = shape.restoredRows(box, roll)
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            let place = 2 * shape.offset(row: panel.row, column: panel.column)
            var lines = unsafe spectra.base + place
            if terms > 1 || panel.count < shape.panelWidth {
                // The plan transforms eight lines; those beyond the last one go nowhere.
                unsafe sum(lines, terms, step, lines: panel.count, into: panels.turned)
                unsafe lines = panels.turned
            }
            unsafe inverse(lines, panel, positions, tile.base, panels.packed)
        }
    }

    /// The sum of some lines of spectra that lie `step` complex elements from each other.
    private func sum(
        _ first: UnsafeMutablePointer<Scalar>, _ terms: Int, _ step: Int, lines: Int,
        into target: UnsafeMutablePointer<Scalar>
    ) {
        shape.forEachLine(lines) { line in
            unsafe (target + line).update(from: first + line, count: 2 * shape.lineLength)
            for term in 1..<terms {
                unsafe Scalar.add(first + 2 * term * step + line, target + line, 2 * shape.lineLength)
            }
        }
    }

    // MARK: One panel

    /// Eight lines of a tile, transformed, one after the other.
    func forward(
        _ tile: UnsafeMutablePointer<Scalar>, _ panel: LinePanel, _ positions: LineRows,
        _ lines: UnsafeMutablePointer<Scalar>, _ packed: UnsafeMutablePointer<Scalar>
    ) {
        if shape.form == .split {
            unsafe splitRow(panel.row, of: tile, packed)
            return unsafe execute(lineForward, packed, lines)
        }
        let start = unsafe tile + 2 * (panel.row * shape.pitch + panel.column)
        if shape.form == .line || shape.readsLines { return unsafe execute(lineForward, start, lines) }
        unsafe pack(start, shape.lineStride, positions, of: shape.lineLength, packed, shape.linePitch)
        if shape.isFolded { unsafe turn(packed, positions, isInverse: false) }
        unsafe execute(lineForward, packed, lines)
    }

    /// The opposite, in the rows that will be stored.
    func inverse(
        _ lines: UnsafeMutablePointer<Scalar>, _ panel: LinePanel, _ positions: LineRows,
        _ tile: UnsafeMutablePointer<Scalar>, _ packed: UnsafeMutablePointer<Scalar>
    ) {
        if shape.form == .small {
            let target = unsafe tile + 2 * shape.offset(row: panel.row, column: panel.column)
            return unsafe target.update(from: lines, count: 2 * panel.count * shape.linePitch)
        }
        let start = unsafe tile + 2 * (panel.row * shape.pitch + panel.column)
        if shape.form == .line { return unsafe execute(lineInverse, lines, start) }
        unsafe execute(lineInverse, lines, packed)
        if shape.form == .split { return unsafe joinRow(packed, panel.row, of: tile) }
        if shape.isFolded { unsafe turn(packed, positions, isInverse: true) }
        positions.forEachRun { rows in
            unsafe Scalar.unpackPanel(
                packed + 2 * rows.lowerBound, shape.linePitch, start + 2 * rows.lowerBound * shape.lineStride,
                shape.lineStride, rows.count)
        }
    }

    /// Sums of products with the lines of half spectra: those that they keep, then those that are conjugates of kept ones.
    ///
    /// - Parameter terms: Up to `CK_TERMS` products for each bin, and where their factors are.
    func multiply(
        _ x: UnsafeMutablePointer<Scalar>, _ half: UnsafeMutablePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
        _ panel: LinePanel, _ conjugate: Bool, accumulate: Bool,
        terms: ck_terms = ck_terms(count: 1, x_step: 0, w_step: 0)
    ) {
        var terms = terms
        let kept = max(min(shape.halfLinesPerRow - panel.column, panel.count), 0)
        if kept > 0 {
            var lines = shape.lines(kept, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            let offset = shape.halfOffset(row: panel.row, column: panel.column)
            unsafe Scalar.multiply(x, half + 2 * offset, y, &lines, &terms, conjugate, accumulate)
        }
        if kept < panel.count {
            let opposite = shape.opposite(row: panel.row, column: panel.column + kept)
            let mirror = Int(shape.mirror(row: panel.row, column: panel.column + kept))
            var lines = shape.lines(panel.count - kept, spectrumPitch: -shape.linePitch, mirror)
            let offset = shape.halfOffset(row: opposite.row, column: opposite.column)
            let start = 2 * kept * shape.linePitch
            unsafe Scalar.multiply(x + start, half + 2 * offset, y + start, &lines, &terms, conjugate, accumulate)
        }
    }
}

extension TileShape {
    /// Calls `body` with where some lines begin that follow each other, in scalars: what lies between them may be anything, and is
    /// neither read nor written.
    func forEachLine(_ count: Int, _ body: (_ start: Int) -> Void) {
        for line in 0..<count { body(2 * line * linePitch) }
    }

    /// sum += term, whole spectra.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func add<Scalar: ConvolutionScalar>(_ term: SharedRegion<Scalar>, to sum: SharedRegion<Scalar>) {
        checkSpectrum(term)
        checkSpectrum(sum)
        forEachLine(lineCount) { unsafe Scalar.add(term.base + $0, sum.base + $0, 2 * lineLength) }
    }
}

extension TileShape {
    /// Lines as the kernels see them.
    func lines(_ count: Int, spectrumPitch: Int, _ mirror: Int) -> ck_lines {
        ck_lines(
            count: count, length: lineLength, pitch: linePitch, spectrum_pitch: spectrumPitch, mirror: Int32(mirror))
    }

    func checkSpectrum<Scalar: ConvolutionScalar>(_ spectrum: SharedRegion<Scalar>) {
        precondition(spectrum.count >= 2 * spectrumCount && spectrum.isAligned, "a spectrum of another shape")
    }

    func checkHalf<Scalar: ConvolutionScalar>(_ half: SharedRegion<Scalar>) {
        precondition(!isFolded && half.count == 2 * halfCount && half.isAligned, "a half spectrum of another shape")
    }
}
