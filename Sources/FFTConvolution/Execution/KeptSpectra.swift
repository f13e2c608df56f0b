internal import SpectralEngine

// The filter gradient of groups with few channels or few filters, and ordinary operands. The spectra of the fewer fields are kept, those
// of all pairs of rows of a chunk; then of one field after the other of the many, its rows are transformed and multiplied with what is kept,
// pair by pair, while the sums of that field are near:
//
//   the fewer:  load ─► lines ─► kept
//   the many:   load ─► lines ─► products with all that is kept ─► the sums of this field
//
// What GradientBlocks.swift does takes all fields of a pair at once, and goes through all sums for each pair. Here and there the same
// products are summed in the same order: where partners would be scaled there, or travel alone, these sums are given up, and every bit
// is that of the other way.

extension PassTable {
    /// Whether channels are the fewer ones of a group.
    var keepsChannels: Bool { problem.channelsPerGroup <= problem.filtersPerGroup }
    var keptCount: Int { min(problem.channelsPerGroup, problem.filtersPerGroup) }
}

/// A field's tile in one pair of rows of a chunk.
private struct RowPair<Scalar: ConvolutionScalar> {
    /// Among the pairs of the chunk.
    let position: Int
    let windows: (Window, Window?)
    let roll: TileRoll?
    let tile: SharedRegion<Scalar>

    var box: TileBox { TileBox(windows.0, windows.1) }
}

extension SpectralPipeline {
    /// Sums all row pairs of one chunk for the planes of one group.
    ///
    /// - Returns: Whether all fields were ordinary; if not, the sums are of no use.
    func accumulateKept(
        group: Int, chunk: Int, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ memory: PipelineMemory<Scalar>, worker: Int
    ) -> Bool {
        let keepsChannels = table.keepsChannels
        let keptCount = table.keptCount
        let (channels, filters) = (0..<Cg, Cg..<Cg + Kg)
        let (kept, fields) = keepsChannels ? (channels, filters) : (filters, channels)
        let team = team(layout.blockCrew, worker: worker, memory)
        let spectra = wholeSpectra(worker: worker, memory)
        let (spectrumCount, sums) = (2 * shape.spectrumCount, accumulators(group, chunk, memory))
        // Those of the field at work, then those of the kept ones, pair by pair, then for each pair the largest norms of the fields that
        // went by.
        let facts = facts(worker: worker, memory)
        let keptFacts = facts.dropping(first: 1)
        let largest = keptFacts.dropping(first: layout.keptPairs * keptCount)
        let negative = negativeFlags(chunk, memory)

        /// Loads the tile of field i; returns whether it is ordinary.
        func load(_ i: Int, _ pair: RowPair<Scalar>, _ facts: FieldFacts, _ index: Int) -> Bool {
            let found = self.load(
                i < Cg ? x : dy, pair.windows, field: index, in: tileIndex(i), pair.roll, facts, memory, team,
                worker: worker)
            if found.negative.0 || found.negative.1 {
                negative[i < Cg ? group * Cg + i : problem.channels + group * Kg + i - Cg] = 1
            }
            return !found.hasNonFinite && facts.isComfortable(index..<index + 1, part: 0, comfortable)
                && facts.isComfortable(index..<index + 1, part: 1, comfortable)
        }

        for i in kept {
            let isFine = forEachPair(of: chunk, group, field: i, memory, worker: worker) { pair in
                let index = pair.position * keptCount + i - kept.lowerBound
                guard load(i, pair, keptFacts, index) else { return false }
                transform.transformLines(
                    pair.tile, pair.box, roll: pair.roll, into: spectra.slice(index, count: spectrumCount), team)
                return true
            }
            guard isFine else { return false }
        }
        for i in fields {
            let first = keepsChannels ? (i - Cg) * Cg : i
            let isFine = forEachPair(of: chunk, group, field: i, memory, worker: worker) { pair in
                let beside = keptFacts.dropping(first: pair.position * keptCount)
                guard load(i, pair, facts, 0), noteProducts(group, chunk, field: i, facts, beside, memory) else {
                    return false
                }
                for part in 0...1 {
                    largest.raise(field: pair.position, part: part, to: facts, 0, isFirst: i == fields.lowerBound)
                }
                if i == fields.upperBound - 1, pair.windows.1 != nil,
                    !isBalanced(beside, largest.dropping(first: pair.position))
                {
                    return false
                }
                let products = Correlation(
                    kept: spectra[pair.position * keptCount * spectrumCount..<spectra.count], count: keptCount,
                    sums: sums[first * spectrumCount..<sums.count], step: keepsChannels ? 1 : Cg,
                    conjugatesKept: !keepsChannels, accumulate: pair.position > 0)
                transform.transformLines(pair.tile, pair.box, roll: pair.roll, for: .correlate(products), team)
                return true
            }
            guard isFine else { return false }
        }
        return true
    }

    /// Whether both partners have products, or none, and neither must be scaled.
    private func isBalanced(_ kept: FieldFacts, _ largest: FieldFacts) -> Bool {
        let some = 0..<table.keptCount
        let (isLive, exponent) = balance(
            (kept.largestExponent(some, part: 0), kept.largestExponent(some, part: 1)),
            (largest.exponent(field: 0, part: 0), largest.exponent(field: 0, part: 1)))
        return isLive.0 == isLive.1 && (!isLive.0 || exponent == 0)
    }

    /// The tile of all channels, one after the other, or that of all filters.
    private func tileIndex(_ i: Int) -> Int { i < Cg ? 0 : Cg }

    /// Calls `body` with a field's tile in all pairs of rows of a chunk, in order, until it returns false; returns what it did last.
    private func forEachPair(
        of chunk: Int, _ group: Int, field i: Int, _ memory: PipelineMemory<Scalar>, worker: Int,
        _ body: (RowPair<Scalar>) -> Bool
    ) -> Bool {
        let tile = tile(tileIndex(i), worker: worker, memory)
        var (position, rowsLeftFor, isFine) = (0, -1, true)
        for wave in 0..<pairOrder.waveCount where isFine {
            pairOrder.forEachPair(wave: wave, chunk: chunk, of: layout.chunkCount) { pair in
                let partner = 2 * pair + 1 < table.rowCount ? 2 * pair + 1 : nil
                let roll = table.roll?.roll(pair, isCarried: rowsLeftFor == pair && partner != nil, isWhole: true)
                // Channels leave rows to the next pair, filters lie beside them.
                rowsLeftFor =
                    partner != nil && table.roll?.continues(pair + 1, of: table.rowCount) == true ? pair + 1 : -1
                isFine = body(
                    RowPair(
                        position: position, windows: gradientWindows(group, i, (2 * pair, partner)),
                        roll: i < Cg ? roll : roll?.beside, tile: tile))
                position += 1
                return isFine
            }
        }
        return isFine
    }

    /// Notes the true terms of a field's products with those that are kept.
    ///
    /// - Returns: Whether their partners can share them as they are.
    private func noteProducts(
        _ group: Int, _ chunk: Int, field i: Int, _ facts: FieldFacts, _ kept: FieldFacts,
        _ memory: PipelineMemory<Scalar>
    ) -> Bool {
        for index in 0..<table.keptCount {
            let (x, g) = i < Cg ? (facts, kept) : (kept, facts)
            let (c, k) = i < Cg ? (0, index) : (index, 0)
            guard canShareProduct(x, c, g, k, 0, .ordinary) else { return false }
            let plane = i < Cg ? (group * Kg + index) * Cg + i : (group * Kg + i - Cg) * Cg + index
            memory.norms[scaleSum(chunk, plane)] += trueTerms(x, g, c, k, .ordinary)
        }
        return true
    }
}
