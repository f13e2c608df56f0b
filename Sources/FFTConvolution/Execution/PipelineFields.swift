internal import SpectralEngine

// Where a pipeline's workers have their tiles and spectra, and how a field gets into its tile.

extension SpectralPipeline {
    /// Makes the memory of an execution ready: no plane is marked, and what FFTW transforms along with the lines of a panel, where
    /// these are fewer than eight, is 0. Of what memory held before some would be subnormal, and stay so, and one such number
    /// takes a processor as long as a whole transform (`Docs/Measurements/2026-11-23-subnormals.md`).
    func begin(_ memory: PipelineMemory<Scalar>) {
        memory.forgetMarks()
        memory.forgetEntries()
        guard !layout.entersAlone else { return }
        guard !shape.hasPartialPanels else {
            clear(memory.tiles)
            clear(memory.scratch)
            // FFTW reads columns of these.
            if shape.isSmall { clear(memory.wholeSpectra) }
            return
        }
        func clearPanels(_ crew: Crew) {
            for worker in 0..<crew.blocks { team(crew, worker: worker, memory).clearPanels() }
        }
        clearPanels(layout.filterCrew)
        clearPanels(layout.blockCrew)
        if layout.keepsSpectra { clearPanels(layout.keptCrew) }
    }

    /// The same of a worker's own memory, when it first comes to it.
    func enter(_ memory: PipelineMemory<Scalar>, worker: Int) {
        guard layout.entersAlone, memory.enters(.memory, worker: worker) else { return }
        guard shape.hasPartialPanels else { return team(layout.blockCrew, worker: worker, memory).clearPanels() }
        clear(tiles(worker: worker, memory))
        clear(memory.scratch.slice(worker, count: 2 * shape.scratchCount(fields: layout.panelFields, workers: 1)))
        if shape.isSmall { clear(wholeSpectra(worker: worker, memory)) }
    }

    /// The tiles of a worker, and one of them.
    func tiles(worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        memory.tiles.slice(worker, count: 2 * layout.blockCount)
    }

    /// The tile of a field, or of an output.
    func tile(_ index: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        let tiles = tiles(worker: worker, memory)
        // In the filter gradient those of the input come first.
        guard table.pass == .filterGradient, index >= Cg else { return tiles.slice(index, count: 2 * layout.tileCount) }
        return tiles[2 * Cg * layout.tileCount..<tiles.count].slice(index - Cg, count: 2 * layout.gradientTileCount)
    }

    /// The tile that a field is loaded into.
    func tileIndex(ofField i: Int) -> Int { i % layout.fieldTiles }

    /// The whole spectra of a worker, and the first of them.
    func wholeSpectra(worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        memory.wholeSpectra.slice(worker, count: 2 * layout.wholeSpectrumCount)
    }

    func wholeSpectrum(worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        wholeSpectra(worker: worker, memory)[0..<2 * shape.spectrumCount]
    }

    /// The workers of one block, and their scratch.
    func team(_ crew: Crew, worker: Int, _ memory: PipelineMemory<Scalar>) -> TransformTeam<Scalar> {
        let count = 2 * shape.scratchCount(fields: layout.panelFields, workers: crew.team)
        return TransformTeam(
            memory.scratch.slice(worker, count: count), shape, fields: layout.panelFields, workers: crew.team)
    }

    /// The half spectrum of a filter.
    func spectrum(_ plane: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        memory.spectra.slice(plane - memory.firstPlane, count: 2 * shape.halfCount)
    }

    func facts(worker: Int, _ memory: PipelineMemory<Scalar>) -> FieldFacts {
        FieldFacts(memory.fieldFacts.slice(worker, count: layout.factCount * 2 * FieldFacts.stride))
    }

    /// Loads two partners of one field into its tile and notes their norms. Non-finite samples are loaded as 0.
    ///
    /// - Parameter tileIndex: Of another tile than the field's.
    /// - Returns: Whether each partner holds a negative sample, and whether one of them holds a non-finite one.
    func load(
        _ array: Span<Scalar>, _ windows: WindowPair, offset: Int, field: Int, in tileIndex: Int? = nil,
        _ roll: TileRoll?, _ facts: FieldFacts, _ memory: PipelineMemory<Scalar>, _ team: TransformTeam<Scalar>,
        worker: Int
    ) -> (negative: (Bool, Bool), hasNonFinite: Bool) {
        let index = tileIndex ?? self.tileIndex(ofField: field)
        let summary = transform.load(
            array, windows, offset: offset, into: tile(index, worker: worker, memory), field: index, roll: roll,
            exponents: (0, 0), sanitising: false, team)
        var hasNonFinite = note(summary.0, array, windows.first, offset, part: 0, field, facts)
        if let partner = windows.second {
            if note(summary.1, array, partner, offset, part: 1, field, facts) { hasNonFinite = true }
        } else {
            facts.store(.zero, field: field, part: 1)
        }
        if table.folds { facts.unite(field: field) }
        if hasNonFinite {
            reload(
                array, windows, offset: offset, in: index, roll, exponents: (0, 0), sanitising: true, memory, team,
                worker: worker)
        }
        let negative = (summary.0.hasNegative, summary.1.hasNegative)
        let either = negative.0 || negative.1
        return (table.folds ? (either, either) : negative, hasNonFinite)
    }

    /// The same once more, now that all norms are known: the whole of it, as rows that were carried are not scaled.
    func reload(
        _ array: Span<Scalar>, _ windows: WindowPair, offset: Int, in index: Int, _ roll: TileRoll?,
        exponents: (Int, Int), sanitising: Bool, _ memory: PipelineMemory<Scalar>, _ team: TransformTeam<Scalar>,
        worker: Int
    ) {
        let roll = roll.map { TileRoll(start: $0.start, isWhole: $0.isWhole) }
        _ = transform.load(
            array, windows, offset: offset, into: tile(index, worker: worker, memory), field: index, roll: roll,
            exponents: exponents, sanitising: sanitising, team)
    }

    /// Notes the norm of one partner; returns whether it holds a non-finite sample.
    private func note(
        _ summary: FieldSummary, _ array: Span<Scalar>, _ window: Window, _ offset: Int, part: Int, _ field: Int,
        _ facts: FieldFacts
    ) -> Bool {
        if comfortable.energy.contains(summary.energy) {
            facts.store(FieldNorm(energy: summary.energy), field: field, part: part)
            return false
        }
        // Zero, tiny, huge or non-finite: look again, with care.
        let norm = measure(array, window.moved(by: offset))
        facts.store(norm, field: field, part: part)
        return norm.nonFiniteCount > 0
    }
}
