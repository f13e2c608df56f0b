internal import CKernels

// Products of spectra, eight lines at a time, which are in the first-level cache from their transform to the last product, and where a
// sum is made from single products, to its inverse.
//
//   one field, one output:        tile ─► line ─► product ─► line back ─► tile                 convolve
//   some fields at a time:        tiles ─► lines ─► products, added to the sums they are of    addProducts
//   some outputs at a time:       products of kept spectra, summed ─► lines back ─► tiles      restoreProducts
//   a field beside kept spectra:  tile ─► line ─► products, added to the sums they are of      transformLines
//   all pairs of two kinds:       tiles ─► lines ─► product of each pair, added to its sum     correlate
//   a spectrum beside others:     products of whole spectra, added to the sums they are of     apply

extension PackedTransform {
    /// Output = field · spectrum, or · its conjugate, for all lines.
    ///
    /// - Parameters:
    ///   - tile: The field's.
    ///   - output: The output's: the same one, but for small tiles, which are read as long as there are lines.
    ///   - boxes: Where the field holds samples, and what of the output will be kept.
    ///   - roll: Where the tiles lie if they follow others. What is not kept stays as it is.
    ///   - use: What else is done with the field's spectrum.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func convolve(
        _ tile: SharedRegion<Scalar>, into output: SharedRegion<Scalar>, boxes: (loaded: TileBox, kept: TileBox),
        roll: TileRoll? = nil, conjugate: Bool, use: SpectrumUse<Scalar> = .none, _ half: SharedRegion<Scalar>,
        _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, boxes.loaded, team, roll)
        shape.check(output, boxes.kept, team, roll)
        precondition(unsafe shape.form != .small || tile.base != output.base, "the output of a small tile in its place")
        shape.check(use)
        shape.checkHalf(half)
        let (loaded, kept) = (shape.loadedRows(boxes.loaded, roll), shape.restoredRows(boxes.kept, roll))
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            // A spectrum that is kept near is written there at once, but for lines that are no whole panel.
            var lines = unsafe panels.fields
            if case .keep(let spectrum, isFar: false) = use, panel.count == shape.panelWidth {
                unsafe lines = spectrum.base + place(panel)
            }
            unsafe transform(tile, panel, loaded, use, lines, panels.packed)
            // A small tile keeps the spectrum. Where it is not kept, the product takes its place.
            let isKept = shape.form == .small && panel.count == shape.panelWidth
            let product = unsafe isKept ? output.base + place(panel) : panels.fields
            unsafe multiply(lines, half.base, product, panel, conjugate, accumulate: false)
            if !isKept { unsafe inverse(product, panel, kept, output.base, panels.packed) }
        }
    }

    /// Transforms the lines of a tile into a whole spectrum, and does what else is wanted with them.
    ///
    /// - Parameters:
    ///   - box: Where the tile holds anything: all else along the lines is 0.
    ///   - spectrum: Where the spectrum goes, if it is needed as a whole.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func transformLines(
        _ tile: SharedRegion<Scalar>, _ box: TileBox, roll: TileRoll? = nil, into spectrum: SharedRegion<Scalar>? = nil,
        for use: SpectrumUse<Scalar> = .none, _ team: TransformTeam<Scalar>
    ) {
        shape.check(tile, box, team, roll)
        shape.check(use)
        if let spectrum { shape.checkSpectrum(spectrum) }
        let positions = shape.loadedRows(box, roll)
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            let target = unsafe spectrum.map { unsafe $0.base + place(panel) }
            let lines = unsafe panel.count == shape.panelWidth ? target ?? panels.fields : panels.fields
            unsafe transform(tile, panel, positions, use, lines, panels.packed)
            if let target = unsafe target, unsafe target != lines {
                unsafe target.update(from: lines, count: 2 * panel.count * shape.linePitch)
            }
        }
    }

    /// Sum o (+)= Σ over fields i of field i · spectrum (o, i), or · its conjugate, for all lines.
    ///
    /// - Parameters:
    ///   - tiles: Of the fields, one after the other.
    ///   - box: Where they hold samples.
    ///   - sums: Whole spectra, one after the other.
    ///   - outputs: How many there are.
    ///   - accumulate: Whether the sums hold anything.
    ///   - use: What else is done with each field's spectrum.
    ///   - spectra: Those that an output sums.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func addProducts(
        of tiles: SharedRegion<Scalar>, tileCount: Int, fields: Int, _ box: TileBox, roll: TileRoll? = nil,
        to sums: SharedRegion<Scalar>, outputs: Int, conjugate: Bool, accumulate: Bool, _ team: TransformTeam<Scalar>,
        use: @Sendable (_ field: Int) -> SpectrumUse<Scalar>, spectra: @Sendable (_ output: Int) -> HalfSpectra<Scalar>
    ) {
        precondition(tiles.count >= fields * 2 * tileCount && team.fields >= fields, "too few tiles or panels")
        precondition(sums.count >= outputs * 2 * shape.spectrumCount && sums.isAligned, "too few sums")
        for field in 0..<fields {
            shape.check(tiles.tile(field, of: tileCount), box, team, roll)
            shape.check(use(field))
        }
        let positions = shape.loadedRows(box, roll)
        let panelCount = 2 * shape.panelCount
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            for field in 0..<fields {
                unsafe transform(
                    tiles.tile(field, of: tileCount), panel, positions, use(field), panels.fields + field * panelCount,
                    panels.packed)
            }
            for output in 0..<outputs {
                let sum = unsafe sums.base + output * 2 * shape.spectrumCount + place(panel)
                unsafe addProducts(
                    of: panels.fields, step: shape.panelCount, 0..<fields, spectra(output), to: sum, panel, conjugate,
                    accumulate: accumulate)
            }
        }
    }

    /// Does with a whole spectrum what else is wanted.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func apply(_ use: SpectrumUse<Scalar>, to spectrum: SharedRegion<Scalar>) {
        shape.checkSpectrum(spectrum)
        shape.check(use)
        for index in 0..<shape.linePanels() {
            let panel = shape.panel(index)
            fetch(use, after: panel)
            unsafe apply(use, panel, spectrum.base + place(panel))
        }
    }

    /// Output o = Σ over fields i of field i · spectrum (o, i), or · its conjugate, for all lines.
    ///
    /// - Parameters:
    ///   - fields: Their whole spectra, one after the other, and how many there are.
    ///   - tiles: Of the outputs, one after the other.
    ///   - box: What of them will be kept.
    ///   - summationBlock: Products summed one after the other before their sum is added to the sum of such blocks.
    ///   - spectra: Those that an output sums.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func restoreProducts(
        of fields: SharedRegion<Scalar>, count: Int, into tiles: SharedRegion<Scalar>, tileCount: Int, outputs: Int,
        _ box: TileBox, roll: TileRoll? = nil, conjugate: Bool, summationBlock: Int, _ team: TransformTeam<Scalar>,
        spectra: @Sendable (_ output: Int) -> HalfSpectra<Scalar>
    ) {
        precondition(tiles.count >= outputs * 2 * tileCount, "too few tiles")
        precondition(fields.count >= count * 2 * shape.spectrumCount && fields.isAligned, "too few spectra")
        for output in 0..<outputs { shape.check(tiles.tile(output, of: tileCount), box, team, roll) }
        let positions = shape.restoredRows(box, roll)
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            let isKept = shape.form == .small && panel.count == shape.panelWidth
            for output in 0..<outputs {
                let (tile, spectra) = (tiles.tile(output, of: tileCount), spectra(output))
                let sum = unsafe isKept ? tile.base + place(panel) : panels.turned
                for first in stride(from: 0, to: count, by: summationBlock) {
                    let target = unsafe first == 0 ? sum : panels.block
                    unsafe addProducts(
                        of: fields.base + place(panel), step: shape.spectrumCount,
                        first..<min(first + summationBlock, count), spectra, to: target, panel, conjugate,
                        accumulate: false)
                    guard first > 0 else { continue }
                    shape.forEachLine(panel.count) { line in
                        unsafe Scalar.add(target + line, sum + line, 2 * shape.lineLength)
                    }
                }
                if !isKept { unsafe inverse(sum, panel, positions, tile.base, panels.packed) }
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
            ? (i: shape.tileCount(holding: boxes.i), o: shape.tileCount(holding: boxes.o))
            : (shape.tileCount, shape.tileCount)
        precondition(
            tileCounts.i >= needed.i && tileCounts.o >= needed.o && tileCounts.i % 8 == 0 && tileCounts.o % 8 == 0,
            "tiles of another shape")
        if let roll { shape.check(roll) }
        precondition(team.identity == shape.identity && team.fields >= counts.i + counts.o, "too few panels")
        let positions = (i: shape.loadedRows(boxes.i, roll), o: shape.loadedRows(boxes.o, roll?.beside))
        team.run(shape.linePanels()) { index, panels in
            let panel = shape.panel(index)
            let first = unsafe panels.fields
            for field in 0..<counts.i + counts.o {
                let isFirst = field < counts.i
                let tile =
                    isFirst ? field * tileCounts.i : counts.i * tileCounts.i + (field - counts.i) * tileCounts.o
                unsafe fetchLines(tiles.base + 2 * tile, after: panel, isFirst ? positions.i : positions.o)
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

    /// Where a panel's lines are in a whole spectrum, in scalars.
    private func place(_ panel: LinePanel) -> Int { 2 * shape.offset(row: panel.row, column: panel.column) }

    /// Transforms the lines of a panel, and does what else is wanted with them.
    func transform(
        _ tile: SharedRegion<Scalar>, _ panel: LinePanel, _ positions: LineRows, _ use: SpectrumUse<Scalar>,
        _ lines: UnsafeMutablePointer<Scalar>, _ packed: UnsafeMutablePointer<Scalar>
    ) {
        fetch(use, after: panel)
        unsafe fetchLines(tile.base, after: panel, positions)
        unsafe forward(tile.base, panel, positions, lines, packed)
        unsafe apply(use, panel, lines)
    }

    /// The sum of some fields' products for the lines of a panel.
    ///
    /// - Parameters:
    ///   - first: The lines of field 0; those of the others follow, `step` complex elements from each other.
    private func addProducts(
        of first: UnsafeMutablePointer<Scalar>, step: Int, _ fields: Range<Int>, _ spectra: HalfSpectra<Scalar>,
        to sum: UnsafeMutablePointer<Scalar>, _ panel: LinePanel, _ conjugate: Bool, accumulate: Bool
    ) {
        spectra.check(fields, shape)
        for field in stride(from: fields.lowerBound, to: fields.upperBound, by: CK_TERMS) {
            let terms = ck_terms(
                count: min(CK_TERMS, fields.upperBound - field), x_step: step, w_step: spectra.step * shape.halfCount)
            unsafe multiply(
                first + 2 * field * step, spectra.region.base + 2 * field * spectra.step * shape.halfCount, sum, panel,
                conjugate, accumulate: accumulate || field > fields.lowerBound, terms: terms)
        }
    }

    /// Asks for the lines of the next panel of a volume, whose points are planes apart, while this panel is worked on
    /// (`Docs/Measurements/2026-11-27-folded.md`).
    func fetchLines(_ tile: UnsafeMutablePointer<Scalar>, after panel: LinePanel, _ positions: LineRows) {
        guard shape.form == .volume else { return }
        let isLast = panel.column + panel.count >= shape.linesPerRow
        let (row, column) = isLast ? (panel.row + 1, 0) : (panel.row, panel.column + panel.count)
        guard row < shape.rowsOfLines else { return }
        let bytes = 2 * MemoryLayout<Scalar>.stride
        positions.forEachRun { planes in
            let first = planes.lowerBound * shape.lineStride + row * shape.pitch + column
            unsafe ck_fetch_pieces(
                tile + 2 * first, bytes * shape.lineStride, planes.count, bytes * shape.panelWidth)
        }
    }

    /// Asks for the next panel's part of what is kept, far from the core, while this panel is worked on.
    private func fetch(_ use: SpectrumUse<Scalar>, after panel: LinePanel) {
        let (kept, count): (SharedRegion<Scalar>, Int)
        switch use {
        case .none, .keep(_, isFar: true), .correlatePair: return
        case .keep(let spectrum, isFar: false): (kept, count) = (spectrum, 1)
        case .correlate(let products): (kept, count) = (products.kept, products.count)
        }
        let start = place(panel) / 2 + panel.count * shape.linePitch
        let length = min(panel.count * shape.linePitch, shape.spectrumCount - start)
        for spectrum in 0..<count {
            // Within the spectrum, which the region holds.
            let first = unsafe kept.base + 2 * (spectrum * shape.spectrumCount + start)
            unsafe ck_fetch(first, 2 * length * MemoryLayout<Scalar>.stride)
        }
    }

    private func apply(_ use: SpectrumUse<Scalar>, _ panel: LinePanel, _ lines: UnsafeMutablePointer<Scalar>) {
        let (place, spectrumCount) = (place(panel), 2 * shape.spectrumCount)
        // The regions are as large as `check` says.
        switch use {
        case .none: return
        case .keep(let spectrum, let isFar):
            guard unsafe lines != spectrum.base + place else { return }
            let count = 2 * panel.count * shape.linePitch
            if isFar {
                unsafe ck_stream(spectrum.base + place, lines, count * MemoryLayout<Scalar>.stride)
            } else {
                unsafe (spectrum.base + place).update(from: lines, count: count)
            }
        case .correlate(let products):
            var shapes = shape.lines(panel.count, spectrumPitch: shape.linePitch, CK_STRAIGHT)
            for i in 0..<products.count {
                let kept = unsafe products.kept.base + i * spectrumCount + place
                let sum = unsafe products.sums.base + i * products.step * spectrumCount + place
                if products.conjugatesKept {
                    unsafe Scalar.correlate(lines, kept, sum, &shapes, products.accumulate)
                } else {
                    unsafe Scalar.correlate(kept, lines, sum, &shapes, products.accumulate)
                }
            }
        case .correlatePair(let products):
            for index in 0..<panel.count {
                let (row, column) = (panel.row, panel.column + index)
                let opposite = shape.opposite(row: row, column: column)
                let line = 2 * shape.offset(row: row, column: column)
                let g = unsafe (
                    UnsafePointer(products.partner.base + line),
                    UnsafePointer(products.partner.base + 2 * shape.offset(row: opposite.row, column: opposite.column))
                )
                unsafe Scalar.correlatePair(
                    lines + 2 * index * shape.linePitch, g, products.first.base + line, products.second.base + line,
                    products.factors, shape.lineLength, shape.mirror(row: row, column: column), products.accumulate)
            }
        }
    }
}

extension TileShape {
    func check<Scalar: ConvolutionScalar>(_ use: SpectrumUse<Scalar>) {
        switch use {
        case .none: return
        case .keep(let spectrum, _): checkSpectrum(spectrum)
        case .correlate(let products):
            let (count, spectrumCount) = (products.count, 2 * spectrumCount)
            let last = max(count - 1, 0) * products.step
            precondition(products.kept.count >= count * spectrumCount && products.kept.isAligned, "too few spectra")
            precondition(
                count == 0 || products.sums.count >= (last + 1) * spectrumCount && products.sums.isAligned,
                "too few sums")
        case .correlatePair(let products):
            checkSpectrum(products.partner)
            checkSpectrum(products.first)
            checkSpectrum(products.second)
        }
    }
}

/// Half spectra that one output sums, `step` of them from one field's to the next.
public struct HalfSpectra<Scalar: ConvolutionScalar>: Sendable {
    let region: SharedRegion<Scalar>
    let step: Int

    /// - Parameter region: From the first of them on.
    public init(_ region: SharedRegion<Scalar>, step: Int) {
        precondition(step >= 0 && region.isAligned, "half spectra of another shape")
        (self.region, self.step) = (region, step)
    }

    func check(_ fields: Range<Int>, _ shape: TileShape) {
        precondition(
            region.count >= 2 * shape.halfCount * (max(fields.upperBound - 1, 0) * step + 1), "too few half spectra")
    }
}

extension SharedRegion {
    /// One of tiles that lie one after the other, of so many complex elements each.
    fileprivate func tile(_ index: Int, of count: Int) -> SharedRegion {
        self[2 * index * count..<2 * (index + 1) * count]
    }
}
