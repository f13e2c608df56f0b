// What a tile's transforms take by themselves: the measure of everything else that a pipeline does.

extension PackedTransform {
    /// Runs the FFTW executions of one forward (load, lines) or inverse (lines, store) transform of a tile, as many of each
    /// plan, all on the same panel: so they find everything in the first-level cache, and nothing is gathered, copied,
    /// rotated or scattered. Plans that read columns of a tile read the first eight ones. Of a line that is split both stages are run as
    /// well, in the same place: they are part of its transform. For measurements.
    ///
    /// - Parameters:
    ///   - isHalf: Whether the tile holds one real field, so that half of its lines are enough; forward only.
    ///   - box: Where the tile holds samples, or what of it will be kept.
    ///   - tile: Read as it is, and so is the team's scratch: zeros stay zeros, and take the time of other ordinary numbers.
    /// - Returns: How many executions there were.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    @discardableResult
    public func runTransformsAlone(
        isInverse: Bool, isHalf: Bool = false, _ box: TileBox, _ tile: SharedRegion<Scalar>,
        _ team: TransformTeam<Scalar>
    ) -> Int {
        precondition(tile.count >= 2 * shape.tileCount && tile.isAligned, "a tile of another shape")
        precondition(team.identity == shape.identity, "scratch of another shape")
        _ = shape.linePositions(box)
        precondition(!(isHalf && isInverse), "no inverse is half of one")
        let counts = shape.executions(isInverse: isInverse, box, lines: isHalf ? shape.halfLinesPerRow : nil)
        team.run(1) { _, panels in
            func run(_ count: Int, _ plan: OpaquePointer?, _ source: UnsafeMutablePointer<Scalar>) {
                for _ in 0..<count { unsafe execute(plan, source, panels.turned) }
            }
            switch (shape.form, isInverse) {
            case (.small, false):
                unsafe run(counts.rows, rowForward, team.sheet.base)
                unsafe run(counts.lines, lineForward, tile.base)
            case (.small, true):
                unsafe run(counts.rows, rowInverse, tile.base)
                unsafe run(counts.columns, columnInverse, tile.base)
            case (.line, _):
                unsafe run(counts.lines, isInverse ? lineInverse : lineForward, panels.packed)
            case (.split, _):
                unsafe run(counts.lines, isInverse ? lineInverse : lineForward, panels.packed)
                // As many points as a panel's, for each panel and stage.
                for _ in 0..<2 * counts.lines {
                    if isInverse {
                        unsafe joinRow(panels.packed, 0, of: panels.turned)
                    } else {
                        unsafe splitRow(0, of: panels.packed, panels.turned)
                    }
                }
            case (.matrix, false), (.plane, false), (.volume, false):
                // Plans over columns read them as they lie, or a panel.
                let readsRows = shape.form == .matrix && TileShape.readsColumns(shape.columnCount)
                unsafe run(counts.rows, rowForward, readsRows ? team.sheet.base : panels.packed)
                if shape.form == .volume {
                    unsafe run(
                        counts.columns, columnForward,
                        TileShape.readsColumns(shape.rows) ? panels.plane : panels.packed)
                }
                unsafe run(counts.lines, lineForward, shape.readsLines ? tile.base : panels.packed)
            case (.matrix, true), (.plane, true), (.volume, true):
                unsafe run(counts.lines, lineInverse, panels.packed)
                unsafe run(counts.columns, columnInverse, panels.packed)
                unsafe run(counts.rows, rowInverse, panels.packed)
            }
        }
        return counts.rows + counts.columns + counts.lines
    }
}

extension TileShape {
    /// Panels of rows, of columns within planes, and of lines that one transform of a tile executes its plans on.
    fileprivate func executions(
        isInverse: Bool, _ box: TileBox, lines: Int?
    ) -> (rows: Int, columns: Int, lines: Int) {
        switch form {
        case .line, .split: (0, 0, linePanels(limit: lines))
        case .matrix: (rowCount / panelWidth, 0, linePanels(limit: lines))
        case .small:
            isInverse
                ? (panels(of: 0..<length), panels(of: aligned(box.rows)), 0)
                : (panels(of: aligned(box.columns)), 0, linePanels(limit: lines))
        case .plane: (panels(of: box.rows), 0, linePanels(limit: lines))
        case .volume:
            (
                box.planes.count * panels(of: box.rows),
                box.planes.count * panels(of: 0..<length), linePanels(limit: lines)
            )
        }
    }
}

extension ChannelTransform {
    /// The same of eight channels side by side, whoever transforms them: every pass of one panel over all columns, the last one
    /// forward and the first one back at the first row of the spectra.
    ///
    /// - Parameters:
    ///   - spectra: One row at least: `extents.length` bins, a stride apart.
    ///   - scratch: A panel, twice, read as it is, and overwritten.
    /// - Returns: How many lines of eight channels were transformed.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    @discardableResult
    public func runTransformsAlone(
        isInverse: Bool, _ spectra: SharedRegion<Scalar>, _ scratch: SharedRegion<Scalar>
    ) -> Int {
        let extents = layout.extents
        let stride = isInverse ? layout.inverseStride : layout.forwardStride
        precondition(spectra.count >= 2 * ((extents.length - 1) * stride + 8) && spectra.isAligned, "less than a row")
        precondition(scratch.count >= 2 * layout.panelCount && scratch.isAligned, "scratch too small")
        let passes = isInverse ? inverse : forward
        let (rows, pitch) = (extents.planes * extents.rows, 8 * layout.rowPitch)
        let panel = scratch.base
        exponentials.withSharedRegion(of: Scalar.self) { tables in
            if isInverse {
                unsafe passes.last.run(
                    spectra.base, panel, points: 1, rows: rows, sourcePitch: 0, targetPitch: pitch, Elements(tables))
            } else {
                unsafe passes.last.run(
                    panel, spectra.base, points: 1, rows: rows, sourcePitch: pitch, targetPitch: 0, Elements(tables))
            }
            _ = unsafe turn(
                passes, panel, panel + 2 * 8 * layout.panelPoints, columns: 0..<extents.length, Elements(tables))
        }
        let (planeLines, rowLines) = (extents.rows * extents.length, extents.planes * extents.length)
        return rows + (passes.planes == nil ? 0 : planeLines) + (passes.rows == nil ? 0 : rowLines)
    }
}
