internal import SpectralEngine
internal import Synchronization

// The filter gradient of several channels or filters, and ordinary operands. The spectra of the fewer fields are kept, those of the pairs
// of rows of some chunks; then workers share the many: the rows of a field are transformed and multiplied with what is kept, pair by
// pair, while the sums of that field are near.
//
//   the fewer:  load ─► lines ─► kept
//   the many:   load ─► lines ─► products with all that is kept ─► the sums of this field
//
// In a training step both passes before have kept the spectra of all fields, and only the products are left.
//
// What GradientBlocks.swift does takes all fields of a pair at once, and goes through all sums for each pair. Here and there the same
// products are summed in the same order: where partners would be scaled there, or travel alone, these sums are given up, and every bit
// is that of the other way.

extension PassTable {
    /// Whether channels are the fewer ones of a group.
    var keepsChannels: Bool { problem.channelsPerGroup <= problem.filtersPerGroup }
    var keptCount: Int { min(problem.channelsPerGroup, problem.filtersPerGroup) }
}

/// A field's tile in one pair of rows.
private struct RowPair<Scalar: ConvolutionScalar> {
    let pair: Int
    let windows: WindowPair
    /// Elements to those of the field.
    let offset: Int
    let roll: TileRoll?
    let tile: SharedRegion<Scalar>

    var box: TileBox { windows.box }
}

/// Some pairs of rows of one group at work.
private struct KeptRows<Scalar: ConvolutionScalar>: Sendable {
    let group: Int
    let chunks: Range<Int>
    /// The pairs of these chunks.
    let pairs: Range<Int>
    let memory: PipelineMemory<Scalar>
}

extension SpectralPipeline {
    private var rounds: Int { (layout.chunkCount + layout.keptChunks - 1) / max(layout.keptChunks, 1) }
    private var manyCount: Int { Cg + Kg - table.keptCount }
    /// Of the many, one after the other.
    private var fields: Range<Int> { table.keepsChannels ? Cg..<Cg + Kg : 0..<Cg }
    /// Whether all chunks of a field are one job, as they share sums.
    private var joinsChunks: Bool { layout.setCount < layout.chunkCount }
    var keptBlockCount: Int { problem.groups * (joinsChunks ? rounds : layout.chunkCount) * manyCount }

    /// Sums all row pairs for all planes.
    ///
    /// - Returns: Whether all fields were ordinary; if not, the sums are of no use.
    func accumulateKept(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ memory: PipelineMemory<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        for group in 0..<problem.groups {
            for chunk in 0..<layout.chunkCount { forgetSums(group, chunk, memory) }
            for round in 0..<rounds {
                let chunks = round * layout.keptChunks..<min((round + 1) * layout.keptChunks, layout.chunkCount)
                let pairs = pairs(of: chunks.lowerBound).lowerBound..<pairs(of: chunks.upperBound - 1).upperBound
                let rows = KeptRows(group: group, chunks: chunks, pairs: pairs, memory: memory)
                guard try keepSpectra(rows, x, dy, control), try addFields(rows, x, dy, control), areBalanced(rows)
                else {
                    return false
                }
            }
        }
        return true
    }

    private func pairs(of chunk: Int) -> Range<Int> {
        PairOrder.run(chunk, of: layout.chunkCount, count: table.pairCount)
    }

    /// Transforms the fewer fields of some pairs of rows.
    private func keepSpectra(
        _ rows: KeptRows<Scalar>, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        let memory = rows.memory
        let (keptCount, workers) = (table.keptCount, layout.keptCrew.blocks)
        let kept = table.keepsChannels ? 0..<Cg : Cg..<Cg + Kg
        let pieces = EvenCut(rows.pairs.count, most: max(keptCount * rows.pairs.count / (2 * workers), 1))
        let isOrdinary = Atomic(true)
        try Workers.run(count: workers, blocks: keptCount * pieces.pieces) { block, worker in
            guard isOrdinary.load(ordering: .relaxed) else { return }
            try control?.checkCancellation()
            let (i, piece) = block.quotientAndRemainder(dividingBy: pieces.pieces)
            let first = rows.pairs.lowerBound
            let team = team(layout.keptCrew, worker: worker, memory)
            let facts = FieldFacts(memory.keptFacts)
            let isFine = forEachPair(
                first + pieces[piece].lowerBound..<first + pieces[piece].upperBound, of: rows,
                field: kept.lowerBound + i, worker: worker
            ) { pair in
                let index = (pair.pair - first) * keptCount + i
                guard
                    load(
                        kept.lowerBound + i, x, dy, pair, facts, index, memory, team, worker: worker,
                        noting: { memory.keptNegatives[index] = $0 ? 1 : 0 })
                else { return false }
                transform.transformLines(
                    pair.tile, pair.box, roll: pair.roll,
                    into: memory.keptSpectra.slice(index, count: 2 * shape.spectrumCount), team)
                return true
            }
            if !isFine { isOrdinary.store(false, ordering: .relaxed) }
        }
        guard isOrdinary.load(ordering: .relaxed) else { return false }
        for chunk in rows.chunks {
            let negative = negativeFlags(chunk, memory)
            for pair in pairs(of: chunk) {
                for i in 0..<keptCount
                where memory.keptNegatives[(pair - rows.pairs.lowerBound) * keptCount + i] != 0 {
                    negative[negativeIndex(rows.group, kept.lowerBound + i)] = 1
                }
            }
        }
        return true
    }

    /// Transforms the many fields, and sums their products.
    private func addFields(
        _ rows: KeptRows<Scalar>, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        let memory = rows.memory
        let (keptCount, workers) = (table.keptCount, layout.keptCrew.blocks)
        // For each pair the largest norms of the fields that went by.
        for worker in 0..<workers {
            let largest = facts(worker: worker, memory).dropping(first: 1)
            for position in 0..<rows.pairs.count {
                for part in 0...1 { largest.store(.zero, field: position, part: part) }
            }
        }
        let isOrdinary = Atomic(true)
        let jobs = joinsChunks ? 1 : rows.chunks.count
        try Workers.run(count: workers, blocks: manyCount * jobs) { block, worker in
            guard isOrdinary.load(ordering: .relaxed) else { return }
            let (index, job) = block.quotientAndRemainder(dividingBy: jobs)
            let i = fields.lowerBound + index
            let chunk = rows.chunks.lowerBound + job
            let team = team(layout.keptCrew, worker: worker, memory)
            let (facts, keptFacts) = (facts(worker: worker, memory), FieldFacts(memory.keptFacts))
            let largest = facts.dropping(first: 1)
            for chunk in joinsChunks ? rows.chunks : chunk..<chunk + 1 {
                let pairs = pairs(of: chunk)
                let isFine = forEachPair(pairs, of: rows, field: i, worker: worker) { pair in
                    let position = pair.pair - rows.pairs.lowerBound
                    let beside = keptFacts.dropping(first: position * keptCount)
                    guard
                        load(
                            i, x, dy, pair, facts, 0, memory, team, worker: worker,
                            noting: {
                                if $0 { negativeFlags(chunk, memory)[negativeIndex(rows.group, i)] = 1 }
                            }), noteProducts(rows.group, chunk, field: i, facts, beside, memory)
                    else { return false }
                    for part in 0...1 { largest.raise(field: position, part: part, to: facts, 0) }
                    let products = correlation(
                        rows.group, chunk, field: i,
                        memory.keptSpectra.slice(position, count: 2 * keptCount * shape.spectrumCount),
                        accumulate: pair.pair > pairs.lowerBound, memory)
                    transform.transformLines(pair.tile, pair.box, roll: pair.roll, for: .correlate(products), team)
                    return true
                }
                guard isFine else { return isOrdinary.store(false, ordering: .relaxed) }
                addUp(rows.group, chunk, field: i, memory)
            }
            try control?.completeBlock()
        }
        return isOrdinary.load(ordering: .relaxed)
    }

    /// Whether in every pair both partners have products, or none, and neither must be scaled.
    private func areBalanced(_ rows: KeptRows<Scalar>) -> Bool {
        let facts = FieldFacts(rows.memory.keptFacts)
        return rows.pairs.allSatisfy { pair in
            guard 2 * pair + 1 < table.rowCount else { return true }
            let position = pair - rows.pairs.lowerBound
            func largest(_ part: Int) -> Int? {
                (0..<layout.keptCrew.blocks).lazy.compactMap { worker in
                    self.facts(worker: worker, rows.memory).exponent(field: 1 + position, part: part)
                }.max()
            }
            return isBalanced(facts.dropping(first: position * table.keptCount), (largest(0), largest(1)))
        }
    }

    private func isBalanced(_ kept: FieldFacts, _ largest: (Int?, Int?)) -> Bool {
        let some = 0..<table.keptCount
        let (isLive, exponent) = balance(
            (kept.largestExponent(some, part: 0), kept.largestExponent(some, part: 1)), largest)
        return isLive.0 == isLive.1 && (!isLive.0 || exponent == 0)
    }

    /// Loads a field's tile and notes what is known of it; returns whether it is ordinary.
    private func load(
        _ i: Int, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ pair: RowPair<Scalar>, _ facts: FieldFacts, _ index: Int,
        _ memory: PipelineMemory<Scalar>, _ team: TransformTeam<Scalar>, worker: Int,
        noting: (_ isNegative: Bool) -> Void
    ) -> Bool {
        let found = load(
            i < Cg ? x : dy, pair.windows, offset: pair.offset, field: index, in: tileIndex(i), pair.roll, facts,
            memory, team, worker: worker)
        noting(found.negative.0 || found.negative.1)
        return !found.hasNonFinite && facts.isComfortable(index..<index + 1, part: 0, comfortable)
            && facts.isComfortable(index..<index + 1, part: 1, comfortable)
    }

    private func negativeIndex(_ group: Int, _ i: Int) -> Int {
        i < Cg ? group * Cg + i : problem.channels + group * Kg + i - Cg
    }

    /// The tile of all channels, one after the other, or that of all filters.
    private func tileIndex(_ i: Int) -> Int { i < Cg ? 0 : Cg }

    /// The products of a field with what is kept of one pair, and where they are summed.
    private func correlation(
        _ group: Int, _ chunk: Int, field i: Int, _ kept: SharedRegion<Scalar>, accumulate: Bool,
        _ memory: PipelineMemory<Scalar>
    ) -> Correlation<Scalar> {
        let sums = accumulators(group, chunk, memory)
        let first = (i < Cg ? i : (i - Cg) * Cg) * 2 * shape.spectrumCount
        return Correlation(
            kept: kept, count: table.keptCount, sums: sums[first..<sums.count], step: i < Cg ? Cg : 1,
            conjugatesKept: i < Cg, accumulate: accumulate)
    }

    /// Adds what a chunk has summed for a field to the sum of those before it, where that is not done on the way back.
    private func addUp(_ group: Int, _ chunk: Int, field i: Int, _ memory: PipelineMemory<Scalar>) {
        guard chunk > 0, joinsChunks else { return }
        for index in 0..<table.keptCount { addChunk(chunk, plane(group, i, index), memory) }
    }

    /// The plane of a field's sum with one that is kept.
    private func plane(_ group: Int, _ i: Int, _ index: Int) -> Int {
        i < Cg ? (group * Kg + index) * Cg + i : (group * Kg + i - Cg) * Cg + index
    }

    /// Calls `body` with a field's tile in some pairs of rows, in order, until it returns false; returns what it did last.
    private func forEachPair(
        _ pairs: Range<Int>, of rows: KeptRows<Scalar>, field i: Int, worker: Int,
        _ body: (RowPair<Scalar>) -> Bool
    ) -> Bool {
        let tile = tile(tileIndex(i), worker: worker, rows.memory)
        var leavesRows = false
        for pair in pairs {
            let partner = 2 * pair + 1 < table.rowCount ? 2 * pair + 1 : nil
            // Channels leave rows to the next pair, filters lie beside them.
            let isCarried = leavesRows && table.roll?.continues(pair, of: table.rowCount) == true
            let roll = table.roll?.roll(pair, isCarried: isCarried, isWhole: true)
            let windows = windows(2 * pair, partner)
            guard
                body(
                    RowPair(
                        pair: pair, windows: i < Cg ? windows.fields : windows.results,
                        offset: gradientOffset(rows.group, i), roll: i < Cg ? roll : roll?.beside, tile: tile))
            else { return false }
            leavesRows = partner != nil
        }
        return true
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
            memory.norms[scaleSum(chunk, plane(group, i, index))] += trueTerms(x, g, c, k, .ordinary)
        }
        return true
    }
}

// MARK: - In a training step

extension SpectralPipeline {
    /// Jobs of the products of all kept spectra.
    var keptProductCount: Int { problem.groups * manyCount * (joinsChunks ? 1 : layout.chunkCount) }

    /// Sums the products of spectra that were kept of all fields of both operands, in every pair of rows.
    ///
    /// - Parameters:
    ///   - x: The input's fields in a pair of one group.
    ///   - g: Those of the output gradient.
    /// - Returns: Whether partners can share these products as they are; if not, the sums are of no use.
    func accumulateKept(
        _ memory: PipelineMemory<Scalar>, _ control: ExecutionControl?,
        x: @Sendable (_ group: Int, _ pair: Int) -> KeptBlock<Scalar>,
        g: @Sendable (_ group: Int, _ pair: Int) -> KeptBlock<Scalar>
    ) throws -> Bool {
        for group in 0..<problem.groups {
            for chunk in 0..<layout.chunkCount {
                forgetSums(group, chunk, memory)
                let negative = negativeFlags(chunk, memory)
                for pair in pairs(of: chunk) {
                    let (x, g) = (x(group, pair), g(group, pair))
                    for c in 0..<Cg where x.isNegative(field: c) { negative[negativeIndex(group, c)] = 1 }
                    for k in 0..<Kg where g.isNegative(field: k) { negative[negativeIndex(group, Cg + k)] = 1 }
                    guard 2 * pair + 1 < table.rowCount else { continue }
                    let (isLive, exponent) = balance(x.facts, g.facts)
                    guard isLive.0 == isLive.1, !isLive.0 || exponent == 0 else { return false }
                }
            }
        }
        let isOrdinary = Atomic(true)
        let keepsChannels = table.keepsChannels
        let jobs = joinsChunks ? 1 : layout.chunkCount
        // Each by itself, also where a tile would be shared.
        let workers = layout.keptCrew.blocks * layout.keptCrew.team
        try Workers.run(count: workers, blocks: keptProductCount) { block, _ in
            guard isOrdinary.load(ordering: .relaxed) else { return }
            let (group, index) = (block / jobs).quotientAndRemainder(dividingBy: manyCount)
            let i = fields.lowerBound + index
            for chunk in joinsChunks ? 0..<layout.chunkCount : block % jobs..<block % jobs + 1 {
                let pairs = pairs(of: chunk)
                for pair in pairs {
                    let (x, g) = (x(group, pair), g(group, pair))
                    let (many, kept) = keepsChannels ? (g, x) : (x, g)
                    guard noteProducts(group, chunk, field: i, many.facts.dropping(first: index), kept.facts, memory)
                    else { return isOrdinary.store(false, ordering: .relaxed) }
                    transform.apply(
                        .correlate(
                            correlation(
                                group, chunk, field: i, kept.spectra, accumulate: pair > pairs.lowerBound, memory)),
                        to: many.spectra.slice(index, count: 2 * shape.spectrumCount))
                }
                addUp(group, chunk, field: i, memory)
            }
            try control?.completeBlock()
        }
        return isOrdinary.load(ordering: .relaxed)
    }
}
