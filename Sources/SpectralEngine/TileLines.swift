internal import CKernels

// The pass over lines: from a tile to a spectrum or straight through the products back to the tile. Eight neighbouring
// lines are copied, transformed, multiplied, transformed back and copied back while they are in the first-level cache.

extension PackedTransform {
    /// Transforms the lines of a tile into a whole spectrum.
    ///
    /// - Parameter box: Where the tile holds anything: all else along the lines is 0.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformLines(
        _ tile: SharedRegion<Scalar>, _ box: TileBox, roll: TileRoll? = nil, into spectrum: SharedRegion<Scalar>,
        _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, box, team, roll)
        shape.checkSpectrum(spectrum)
        let positions = shape.loadedRows(box, roll)
        team.run(shape.panelCount()) { index, panels in
            let panel = shape.panel(index)
            let target = unsafe spectrum.base + 2 * shape.offset(row: panel.row, column: panel.column)
            if panel.count == shape.panelWidth {
                unsafe forward(tile.base, panel, positions, target, panels.packed)
            } else {
                unsafe forward(tile.base, panel, positions, panels.turned, panels.packed)
                unsafe target.update(from: panels.turned, count: 2 * panel.count * shape.linePitch)
            }
        }
    }

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
        team.run(shape.panelCount(limit: limit)) { index, panels in
            let panel = shape.panel(index, limit: limit)
            unsafe forward(tile.base, panel, positions, panels.turned, panels.packed)
            let count = panel.count * shape.linePitch
            let target = unsafe half.base + 2 * shape.halfOffset(row: panel.row, column: panel.column)
            unsafe target.update(from: panels.turned, count: 2 * count)
            if exponent != 0 { unsafe Scalar.rescale(target, count, factor, factor) }
        }
    }

    /// Transforms the lines of a whole spectrum back into a tile, at the positions of the box.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreLines(
        _ spectrum: SharedRegion<Scalar>, into tile: SharedRegion<Scalar>, _ box: TileBox, roll: TileRoll? = nil,
        _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, box, team, roll)
        shape.checkSpectrum(spectrum)
        if shape.form == .small {
            return shape.forEachLine(shape.lineCount) { line in
                unsafe (tile.base + line).update(from: spectrum.base + line, count: 2 * shape.lineLength)
            }
        }
        let positions = shape.restoredRows(box, roll)
        team.run(shape.panelCount()) { index, panels in
            let panel = shape.panel(index)
            var lines = unsafe spectrum.base + 2 * shape.offset(row: panel.row, column: panel.column)
            if panel.count < shape.panelWidth {
                // The plan transforms eight lines; those beyond the last one go nowhere.
                shape.forEachLine(panel.count) { line in
                    unsafe (panels.turned + line).update(from: lines + line, count: 2 * shape.lineLength)
                }
                unsafe lines = panels.turned
            }
            unsafe inverse(lines, panel, positions, tile.base, panels.packed)
        }
    }

    /// Output o = Σ over fields i of field i · spectrum(o, i), or · its conjugate, for all lines.
    ///
    /// - Parameters:
    ///   - tiles: `shape.tiles(fields:outputs:)` tiles, one after the other: fields first, outputs where
    ///     `shape.tile(ofOutput:fields:)` says.
    ///   - tileCount: Complex elements from tile to tile, if not those of a whole one.
    ///   - boxes: Where the fields hold samples, and what of the outputs will be kept.
    ///   - roll: Where the tiles lie if they follow others. What is not kept stays as it is.
    ///   - use: What else is done with the fields' spectra.
    ///   - summationBlock: Products summed one after the other before their sum is added to the sum of such blocks.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func convolve(
        _ tiles: SharedRegion<Scalar>, tileCount: Int? = nil, fields: Int, outputs: Int,
        boxes: (loaded: TileBox, kept: TileBox), roll: TileRoll? = nil, conjugate: Bool, summationBlock: Int,
        use: SpectrumUse<Scalar> = .none, _ team: TransformTeam<Scalar>,
        spectrum: @Sendable (_ output: Int, _ field: Int) -> SharedRegion<Scalar>
    ) {
        let tileCount = 2 * (tileCount ?? shape.tileCount)
        let panelCount = 2 * shape.panelCount
        precondition(
            tiles.count >= shape.tiles(fields: fields, outputs: outputs) * tileCount && tiles.isAligned,
            "too few tiles")
        precondition(
            tileCount >= 2 * (roll == nil ? shape.tileCount(holding: [boxes.loaded, boxes.kept]) : shape.tileCount)
                && tileCount % 16 == 0,
            "tiles of another shape")
        if let roll { shape.check(roll) }
        precondition(team.shape == shape && team.fields >= fields, "too few panels")
        shape.check(use, fields: fields)
        let (loaded, kept) = (shape.loadedRows(boxes.loaded, roll), shape.restoredRows(boxes.kept, roll))
        team.run(shape.panelCount()) { index, panels in
            let panel = shape.panel(index)
            let (packed, first) = unsafe (panels.packed, panels.fields)
            fetch(use, after: panel, fields: fields)
            // Spectra that are kept are written there at once, but for lines that are no whole panel.
            var (spectra, spectraCount) = unsafe (first, panelCount)
            if case .keep(let kept) = use, panel.count == shape.panelWidth {
                let place = 2 * shape.offset(row: panel.row, column: panel.column)
                unsafe (spectra, spectraCount) = unsafe (kept.base + place, 2 * shape.spectrumCount)
            }
            for field in 0..<fields {
                unsafe forward(tiles.base + field * tileCount, panel, loaded, spectra + field * spectraCount, packed)
            }
            unsafe apply(use, panel, first, fields: fields)
            for output in 0..<outputs {
                let tile = unsafe tiles.base + shape.tile(ofOutput: output, fields: fields) * tileCount
                // A small tile keeps the spectrum. Where nothing is summed or read again, the product takes the field's place.
                let isKept = shape.form == .small && panel.count == shape.panelWidth
                let sum =
                    unsafe isKept
                    ? tile + 2 * shape.offset(row: panel.row, column: panel.column)
                    : fields == 1 && outputs == 1 ? first : panels.turned
                for field in 0..<fields {
                    let half = spectrum(output, field)
                    shape.checkHalf(half)
                    let isFirstBlock = field < summationBlock
                    let position = field % summationBlock
                    let target = unsafe isFirstBlock ? sum : panels.block
                    unsafe multiply(
                        spectra + field * spectraCount, half.base, target, panel, conjugate, accumulate: position > 0)
                    let isLast = position == summationBlock - 1 || field == fields - 1
                    if isLast, !isFirstBlock {
                        shape.forEachLine(panel.count) { line in
                            unsafe Scalar.add(target + line, sum + line, 2 * shape.lineLength)
                        }
                    }
                }
                if isKept { continue }
                unsafe inverse(sum, panel, kept, tile, packed)
            }
        }
    }

    /// Sum (o, i) (+)= field i · conj(field o), for all lines.
    ///
    /// - Parameters:
    ///   - tiles: The tiles of the fields i, then those of the fields o.
    ///   - tileCounts: Complex elements of a tile of each, if not those of a whole one.
    ///   - counts: How many there are of each.
    ///   - roll: Where the tiles lie if those of the fields i follow others; those of the fields o lie alike.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func correlate(
        _ tiles: SharedRegion<Scalar>, tileCounts: (i: Int, o: Int)? = nil, counts: (i: Int, o: Int),
        boxes: (i: TileBox, o: TileBox), roll: TileRoll? = nil, accumulate: Bool, _ team: TransformTeam<Scalar>,
        sum: @Sendable (_ o: Int, _ i: Int) -> SharedRegion<Scalar>
    ) {
        let tileCounts = tileCounts ?? (shape.tileCount, shape.tileCount)
        let panelCount = 2 * shape.panelCount
        precondition(
            tiles.count >= 2 * (counts.i * tileCounts.i + counts.o * tileCounts.o) && tiles.isAligned, "too few tiles")
        let needed =
            roll == nil
            ? (i: shape.tileCount(holding: [boxes.i]), o: shape.tileCount(holding: [boxes.o]))
            : (shape.tileCount, shape.tileCount)
        precondition(
            tileCounts.i >= needed.i && tileCounts.o >= needed.o && tileCounts.i % 8 == 0 && tileCounts.o % 8 == 0,
            "tiles of another shape")
        if let roll { shape.check(roll) }
        precondition(team.shape == shape && team.fields >= counts.i + counts.o, "too few panels")
        let positions = (i: shape.loadedRows(boxes.i, roll), o: shape.loadedRows(boxes.o, roll?.beside))
        team.run(shape.panelCount()) { index, panels in
            let panel = shape.panel(index)
            let first = unsafe panels.fields
            for field in 0..<counts.i + counts.o {
                let isFirst = field < counts.i
                let tile =
                    isFirst ? field * tileCounts.i : counts.i * tileCounts.i + (field - counts.i) * tileCounts.o
                unsafe forward(
                    tiles.base + 2 * tile, panel, isFirst ? positions.i : positions.o, first + field * panelCount,
                    panels.packed)
            }
            var lines = shape.lines(panel.count, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            for o in 0..<counts.o {
                for i in 0..<counts.i {
                    let target = sum(o, i)
                    shape.checkSpectrum(target)
                    unsafe Scalar.correlate(
                        first + i * panelCount, first + (counts.i + o) * panelCount,
                        target.base + 2 * shape.offset(row: panel.row, column: panel.column), &lines, accumulate)
                }
            }
        }
    }

    // MARK: One panel

    /// Asks for the next panel's part of what is kept, far from the core, while this panel is worked on.
    private func fetch(_ use: SpectrumUse<Scalar>, after panel: LinePanel, fields: Int) {
        let (kept, count): (SharedRegion<Scalar>, Int)
        switch use {
        case .none: return
        case .keep(let spectra): (kept, count) = (spectra, fields)
        case .correlate(let spectra, let inputs, _, _): (kept, count) = (spectra, inputs)
        }
        let start = shape.offset(row: panel.row, column: panel.column) + panel.count * shape.linePitch
        let length = min(panel.count * shape.linePitch, shape.spectrumCount - start)
        for spectrum in 0..<count {
            // Within the spectrum, which the region holds.
            let first = unsafe kept.base + 2 * (spectrum * shape.spectrumCount + start)
            unsafe ck_fetch(first, 2 * length * MemoryLayout<Scalar>.stride)
        }
    }

    private func apply(
        _ use: SpectrumUse<Scalar>, _ panel: LinePanel, _ panels: UnsafeMutablePointer<Scalar>, fields: Int
    ) {
        let place = 2 * shape.offset(row: panel.row, column: panel.column)
        let (panelCount, spectrumCount) = (2 * shape.panelCount, 2 * shape.spectrumCount)
        // The regions are as large as `check` says.
        switch use {
        case .none: return
        case .keep(let spectra):
            guard panel.count < shape.panelWidth else { return }
            for field in 0..<fields {
                unsafe (spectra.base + field * spectrumCount + place).update(
                    from: panels + field * panelCount, count: 2 * panel.count * shape.linePitch)
            }
        case .correlate(let kept, let count, let sums, let accumulate):
            var lines = shape.lines(panel.count, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            for field in 0..<fields {
                for i in 0..<count {
                    unsafe Scalar.correlate(
                        kept.base + i * spectrumCount + place, panels + field * panelCount,
                        sums.base + (field * count + i) * spectrumCount + place, &lines, accumulate)
                }
            }
        }
    }

    /// Eight lines of a tile, transformed, one after the other.
    private func forward(
        _ tile: UnsafeMutablePointer<Scalar>, _ panel: LinePanel, _ positions: LineRows,
        _ lines: UnsafeMutablePointer<Scalar>, _ packed: UnsafeMutablePointer<Scalar>
    ) {
        let start = unsafe tile + 2 * (panel.row * shape.pitch + panel.column)
        if shape.form == .line || TileShape.readsColumns(shape.lineLength) {
            return unsafe execute(lineForward, start, lines)
        }
        unsafe pack(start, shape.lineStride, positions, of: shape.lineLength, packed, shape.linePitch)
        unsafe execute(lineForward, packed, lines)
    }

    /// The opposite, in the rows that will be stored.
    private func inverse(
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
        positions.forEachRun { rows in
            unsafe Scalar.unpackPanel(
                packed + 2 * rows.lowerBound, shape.linePitch, start + 2 * rows.lowerBound * shape.lineStride,
                shape.lineStride, rows.count)
        }
    }

    /// Products with the lines of a half spectrum: those it keeps, then those that are conjugates of kept ones.
    private func multiply(
        _ x: UnsafeMutablePointer<Scalar>, _ half: UnsafeMutablePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
        _ panel: LinePanel, _ conjugate: Bool, accumulate: Bool
    ) {
        let kept = max(min(shape.halfLinesPerRow - panel.column, panel.count), 0)
        if kept > 0 {
            var lines = shape.lines(kept, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            let offset = shape.halfOffset(row: panel.row, column: panel.column)
            unsafe Scalar.multiply(x, half + 2 * offset, y, &lines, conjugate, accumulate)
        }
        if kept < panel.count {
            let opposite = shape.opposite(row: panel.row, column: panel.column + kept)
            let mirror = Int(shape.mirror(column: panel.column + kept))
            var lines = shape.lines(panel.count - kept, spectrumPitch: -shape.linePitch, mirror)
            let offset = shape.halfOffset(row: opposite.row, column: opposite.column)
            let start = 2 * kept * shape.linePitch
            unsafe Scalar.multiply(x + start, half + 2 * offset, y + start, &lines, conjugate, accumulate)
        }
    }
}

extension TileShape {
    /// Calls `body` with where some lines begin that follow each other, in scalars: what lies between them may be anything, and is
    /// neither read nor written.
    fileprivate func forEachLine(_ count: Int, _ body: (_ start: Int) -> Void) {
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
    fileprivate func lines(_ count: Int, spectrumPitch: Int, _ mirror: Int) -> ck_lines {
        ck_lines(
            count: count, length: lineLength, pitch: linePitch, spectrum_pitch: spectrumPitch, mirror: Int32(mirror))
    }

    func checkSpectrum<Scalar: ConvolutionScalar>(_ spectrum: SharedRegion<Scalar>) {
        precondition(spectrum.count >= 2 * spectrumCount && spectrum.isAligned, "a spectrum of another shape")
    }

    fileprivate func check<Scalar: ConvolutionScalar>(_ use: SpectrumUse<Scalar>, fields: Int) {
        switch use {
        case .none: return
        case .keep(let spectra):
            precondition(spectra.count >= fields * 2 * spectrumCount && spectra.isAligned, "too few spectra")
        case .correlate(let kept, let count, let sums, _):
            precondition(kept.count >= count * 2 * spectrumCount && kept.isAligned, "too few spectra")
            precondition(sums.count >= fields * count * 2 * spectrumCount && sums.isAligned, "too few sums")
        }
    }

    func checkHalf<Scalar: ConvolutionScalar>(_ half: SharedRegion<Scalar>) {
        precondition(half.count == 2 * halfCount && half.isAligned, "a half spectrum of another shape")
    }
}
