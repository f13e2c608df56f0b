internal import SpectralEngine

// What two neighbouring groups of a filter gradient have in common: their sums, where these are all that a worker has in memory, and
// the odd rows of a depthwise layer.
//
// The odd row of a depthwise layer has no partner in its own group. As in the other passes (ProductBlocks.swift) it shares its transforms
// with that of the next group: x = x₁ + i·x₂ of two channels, g = g₁ + i·g₂ of their output gradients. The spectrum of g is taken
// apart, and x̂·conj(ĝ₁) and −i·x̂·conj(ĝ₂) are added to the sums of the two gradients: their inverses' real parts are what x₁ and g₁, and
// x₂ and g₂, give.
//
// Partners are scaled to equal norms, each operand by itself, and products scaled back, as both have one reference in the sums.

extension PassTable {
    /// Whether the last rows of two groups share transforms in the filter gradient: those of groups 0 and 1, 2 and 3, ….
    var sharesOddRows: Bool { pairsGroups && !rowCount.isMultiple(of: 2) }

    /// The pair of rows that a group's filter gradient leaves to ``SpectralPipeline/accumulateOddRow(_:chunk:_:_:_:_:worker:)``.
    func sharedPair(_ group: Int) -> Int? { sharesOddRows && group | 1 < problem.groups ? pairCount - 1 : nil }
}

/// How the partners of an odd row are scaled.
struct OddScale {
    /// Exponents that the partners of x and of g are scaled down by, from the operands' scale.
    let x: (Int, Int)
    let g: (Int, Int)
    /// Exponents that products are scaled up by; `nil` where there are none.
    let product: (Int?, Int?)

    /// - Parameters:
    ///   - x: The exponents of the norms; `nil` of zeros.
    ///   - range: What needs no scaling.
    /// - Returns: `nil` where norms are too far apart for one transform.
    init?(x: (Int?, Int?), g: (Int?, Int?), _ range: ComfortableRange) {
        func areNear(_ pair: (Int?, Int?)) -> Bool {
            guard let one = pair.0, let two = pair.1 else { return true }
            return abs(one - two) <= range.exponent
        }
        guard areNear(x), areNear(g) else { return nil }
        self.x = packingExponents(x.0, x.1, range)
        self.g = packingExponents(g.0, g.1, range)
        product = (
            x.0 != nil && g.0 != nil ? self.x.0 + self.g.0 : nil, x.1 != nil && g.1 != nil ? self.x.1 + self.g.1 : nil
        )
    }
}

extension SpectralPipeline {
    // MARK: - Sums of two groups

    /// Pairs of neighbouring groups, and those of one.
    var groupPairCount: Int { (problem.groups + 1) / 2 }
    func groups(ofPair index: Int) -> Range<Int> { 2 * index..<min(2 * index + 2, problem.groups) }

    /// Where a worker has the sums of two groups, where these are all that are in memory.
    func localSums(ofGroup first: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> PipelineMemory<Scalar> {
        memory.withSpectra(
            fromPlane: first * Kg * Cg, slot: worker, count: layout.setCount * 2 * Kg * Cg * 2 * shape.spectrumCount)
    }

    /// Adds what a chunk has summed for two groups to the sums of those before it, where its place is needed for the next one.
    func addChunk(_ chunk: Int, ofPair index: Int, _ memory: PipelineMemory<Scalar>) {
        guard chunk > 0, layout.setCount < layout.chunkCount else { return }
        let groups = groups(ofPair: index)
        for plane in groups.lowerBound * Kg * Cg..<groups.upperBound * Kg * Cg { addChunk(chunk, plane, memory) }
    }

    /// Sums all chunks of two groups.
    ///
    /// - Returns: Whether all fields were what `operands` says of them; if not, the sums are of no use.
    func accumulateGroups(
        ofPair index: Int, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands, worker: Int
    ) -> Bool {
        for chunk in 0..<layout.chunkCount {
            for group in groups(ofPair: index) {
                guard accumulateChunk(group: group, chunk: chunk, x, dy, memory, operands, worker: worker) else {
                    return false
                }
            }
            if chunk == oddChunk, table.sharedPair(2 * index) != nil {
                guard accumulateOddRow(2 * index, chunk: chunk, x, dy, memory, operands, worker: worker) else {
                    return false
                }
            }
            addChunk(chunk, ofPair: index, memory)
        }
        return true
    }

    /// Transforms the sums of two groups back.
    func finishGroups(
        ofPair index: Int, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands, worker: Int
    ) {
        let groups = groups(ofPair: index)
        for pair in groups.lowerBound * Kg * Cg / 2..<(groups.upperBound * Kg * Cg + 1) / 2 {
            finishGradients(pair, result, memory, operands, worker: worker)
        }
    }

    // MARK: - Odd rows

    /// Adds the products of the odd rows of two groups, the first of which is `first`, to the sums of a chunk.
    ///
    /// - Returns: Whether all fields were what `operands` says of them; if not, the sums are of no use.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func accumulateOddRow(
        _ first: Int, chunk: Int, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands, worker: Int
    ) -> Bool {
        let row = table.rowCount - 1
        let roll = table.roll?.roll(row / 2, isCarried: false, isWhole: true)
        let facts = facts(worker: worker, memory)
        let team = team(layout.blockCrew, worker: worker, memory)
        let windows = windows(row, row, isShared: true)
        let offsets = (x: table.fieldOffset(first, 0), g: table.resultOffset(first, 0))
        let foundX = load(
            x, windows.fields, offset: offsets.x, field: 0, roll, facts, memory, team, worker: worker)
        let foundG = load(
            dy, windows.results, offset: offsets.g, field: 1, roll?.beside, facts, memory, team, worker: worker)
        let negative = negativeFlags(chunk, memory)
        func note(_ isNegative: Bool, _ index: Int) { if isNegative { negative[index] = 1 } }
        note(foundX.negative.0, first)
        note(foundX.negative.1, first + 1)
        note(foundG.negative.0, problem.channels + first)
        note(foundG.negative.1, problem.channels + first + 1)
        let hasNonFinite = foundX.hasNonFinite || foundG.hasNonFinite
        if !operands.areMeasured {
            guard !hasNonFinite, facts.isComfortable(0..<2, part: 0, comfortable),
                facts.isComfortable(0..<2, part: 1, comfortable)
            else { return false }
        }

        let (xFacts, gFacts) = (facts, facts.dropping(first: 1))
        guard let scale = oddScale(xFacts, gFacts, operands) else {
            for group in first...first + 1 {
                var progress = ChunkProgress(isEmpty: isEmpty(group, chunk, memory))
                _ = accumulateRows(
                    (row, nil), group, chunk, x, dy, memory, operands, worker: worker, &progress)
                if progress.isEmpty { clear(accumulators(group, chunk, memory)) }
            }
            return true
        }
        guard scale.product != (nil, nil) else {
            for group in first...first + 1 { clearIfEmpty(group, chunk, memory) }
            return true
        }
        func down(_ reference: Int, _ scale: (Int, Int)) -> (Int, Int) { (-reference - scale.0, -reference - scale.1) }
        let (xScale, gScale) = (operands.inputScale, operands.outputGradientScale)
        func rescale(
            _ array: Span<Scalar>, _ windows: WindowPair, _ offset: Int, _ roll: TileRoll?, in tile: Int,
            _ scale: (Int, Int)
        ) {
            guard scale != (0, 0) else { return }
            reload(
                array, windows, offset: offset, in: tile, roll, exponents: scale, sanitising: hasNonFinite, memory,
                team, worker: worker)
        }
        rescale(x, windows.fields, offsets.x, roll, in: 0, down(xScale, scale.x))
        rescale(dy, windows.results, offsets.g, roll?.beside, in: 1, down(gScale, scale.g))
        let whole = wholeSpectrum(worker: worker, memory)
        transform.transformLines(
            tile(1, worker: worker, memory), windows.results.box, roll: roll?.beside, into: whole, team)
        let products = oddProducts(
            first, chunk, scale, with: whole, accumulate: fillsOddSums(first, chunk, memory), memory)
        addOddTerms(first, chunk, xFacts, gFacts, operands, memory)
        transform.transformLines(
            tile(0, worker: worker, memory), windows.fields.box, roll: roll, for: products, team)
        return true
    }

    /// How the partners are scaled, from what is known of x, and of g.
    func oddScale(_ x: FieldFacts, _ g: FieldFacts, _ operands: GradientOperands) -> OddScale? {
        func exponents(_ facts: FieldFacts, _ reference: Int) -> (Int?, Int?) {
            (
                facts.exponent(field: 0, part: 0).map { $0 - reference },
                facts.exponent(field: 0, part: 1).map { $0 - reference }
            )
        }
        return OddScale(
            x: exponents(x, operands.inputScale), g: exponents(g, operands.outputGradientScale), comfortable)
    }

    /// Whether one of the sums of two groups holds anything; then the other one does too.
    func fillsOddSums(_ first: Int, _ chunk: Int, _ memory: PipelineMemory<Scalar>) -> Bool {
        let isEmpty = (isEmpty(first, chunk, memory), isEmpty(first + 1, chunk, memory))
        if isEmpty.0 != isEmpty.1 { clear(accumulators(isEmpty.0 ? first : first + 1, chunk, memory)) }
        return !isEmpty.0 || !isEmpty.1
    }

    /// What is done with the spectrum of the partners of x.
    ///
    /// - Parameter partner: The spectrum of those of g.
    func oddProducts(
        _ first: Int, _ chunk: Int, _ scale: OddScale, with partner: SharedRegion<Scalar>, accumulate: Bool,
        _ memory: PipelineMemory<Scalar>
    ) -> SpectrumUse<Scalar> {
        .correlatePair(
            PairCorrelation(
                with: partner, first: accumulators(first, chunk, memory),
                second: accumulators(first + 1, chunk, memory),
                exponents: scale.product, accumulate: accumulate))
    }

    /// Notes the scales of these products.
    private func addOddTerms(
        _ first: Int, _ chunk: Int, _ x: FieldFacts, _ g: FieldFacts, _ operands: GradientOperands,
        _ memory: PipelineMemory<Scalar>
    ) {
        for part in 0...1 {
            let x = x.norm(field: 0, part: part, reference: operands.inputScale)
            let g = g.norm(field: 0, part: part, reference: operands.outputGradientScale)
            if x > 0, g > 0 {
                memory.norms[scaleSum(chunk, first + part)] += max(x * g, .leastNormalMagnitude)
            }
        }
    }

    /// The same in a training step, now that the fields g are known.
    ///
    /// - Returns: Whether the partners can share these products.
    func noteOddSums(
        _ first: Int, _ chunk: Int, x: KeptBlock<Scalar>, g: FieldFacts, _ memory: PipelineMemory<Scalar>
    ) -> Bool {
        guard oddScale(x.facts, g, .ordinary) != nil else { return false }
        let negative = negativeFlags(chunk, memory)
        for part in 0...1 where x.isNegative(field: 0, part: part) { negative[first + part] = 1 }
        addOddTerms(first, chunk, x.facts, g, .ordinary, memory)
        return true
    }
}
