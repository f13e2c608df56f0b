internal import SpectralEngine

// Filter gradient: rows are dealt in order to chunks, each with its own accumulators for every filter plane. A block is
// one group and one chunk (of many groups two, and all of their chunks: GroupPairs.swift): it gathers and transforms the channels
// of the input and the filters of the output gradient of two rows at a time and adds the products of all their pairs. Then
// the chunks are summed in order, and two planes at a time share one inverse. How many chunks there are depends on the problem only,
// so the bits do too.
//
// Partners of a pair meet in one product: Σ x₁g₁ + x₂g₂ is its real part, the cross terms x₁g₂ and x₂g₁ its imaginary
// part. So that their rounding stays below that of the true terms, x₂ is scaled by 2^α and g₂ by 2^−α.
//
// `norms` holds the scale S of every plane of every chunk; `planeFacts`, for every chunk, whether each channel of the
// input and each filter of the output gradient was seen to hold a negative sample.

/// What is known of both operands of a filter gradient before it starts. Most are ordinary, so that is assumed first, and
/// they are only looked at as wholes when a window says otherwise.
struct GradientOperands: Sendable {
    /// Exponents that input and output gradient are scaled down by; 0 where their norms are comfortable.
    let inputScale: Int
    let outputGradientScale: Int
    let hasNonFinite: Bool
    /// Whether the operands were looked at.
    let areMeasured: Bool

    /// Finite, and of comfortable magnitude everywhere.
    static let ordinary = GradientOperands()

    private init() {
        (inputScale, outputGradientScale, hasNonFinite, areMeasured) = (0, 0, false, false)
    }

    init(input: FieldNorm, outputGradient: FieldNorm, _ range: ComfortableRange) {
        func scale(_ norm: FieldNorm) -> Int {
            norm.isZero || abs(norm.exponent) <= range.exponent ? 0 : norm.exponent
        }
        inputScale = scale(input)
        outputGradientScale = scale(outputGradient)
        hasNonFinite = input.nonFiniteCount + outputGradient.nonFiniteCount > 0
        areMeasured = true
    }
}

/// How far the sum of one chunk has come.
struct ChunkProgress {
    /// Whether the accumulators hold nothing yet.
    var isEmpty = true
    /// The pair of rows whose tiles of the input can carry on what lies in them.
    var rowsLeftFor: Int?
}

extension SpectralPipeline {
    var filterPlaneCount: Int { problem.filters * Cg }

    func scaleSum(_ chunk: Int, _ plane: Int) -> Int { chunk * filterPlaneCount + plane }

    /// Of an accumulator among the spectra.
    private func place(_ chunk: Int, _ plane: Int, _ memory: PipelineMemory<Scalar>) -> Int {
        min(chunk, layout.setCount - 1) * planesOfSet + plane - memory.firstPlane
    }

    /// Planes whose accumulators follow each other.
    private var planesOfSet: Int { layout.sumsAreLocal ? 2 * Kg * Cg : filterPlaneCount }

    private func accumulator(
        _ chunk: Int, _ plane: Int, _ memory: PipelineMemory<Scalar>
    ) -> SharedRegion<Scalar> {
        memory.spectra.slice(place(chunk, plane, memory), count: 2 * shape.spectrumCount)
    }

    func negativeFlags(_ chunk: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Double> {
        memory.planeFacts.slice(chunk, count: problem.channels + problem.filters)
    }

    /// Sums all row pairs of one chunk for the planes of one group.
    ///
    /// - Returns: Whether all fields were what `operands` says of them; if not, the sums are of no use.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func accumulateChunk(
        group: Int, chunk: Int, _ x: Span<Scalar>, _ dy: Span<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands, worker: Int
    ) -> Bool {
        forgetSums(group, chunk, memory)
        var progress = ChunkProgress()
        var isFine = true
        for wave in 0..<pairOrder.waveCount {
            pairOrder.forEachPair(wave: wave, chunk: chunk, of: layout.chunkCount) { pair in
                guard pair != table.sharedPair(group) else { return true }
                let partner = 2 * pair + 1 < table.rowCount ? 2 * pair + 1 : nil
                isFine =
                    isFine
                    && accumulateRows(
                        (2 * pair, partner), group, chunk, x, dy, memory, operands, worker: worker, &progress)
                return isFine
            }
        }
        guard isFine else { return false }
        if progress.isEmpty, !table.meetsOnce, table.sharedPair(group) == nil || chunk != oddChunk {
            clear(accumulators(group, chunk, memory))
        }
        return true
    }

    /// Sets what is known of one chunk of one group to nothing.
    func forgetSums(_ group: Int, _ chunk: Int, _ memory: PipelineMemory<Scalar>) {
        for plane in group * Kg * Cg..<(group + 1) * Kg * Cg { memory.norms[scaleSum(chunk, plane)] = 0 }
        let negative = negativeFlags(chunk, memory)
        for c in group * Cg..<(group + 1) * Cg { negative[c] = 0 }
        for k in group * Kg..<(group + 1) * Kg { negative[problem.channels + k] = 0 }
    }

    /// - Parameter progress: Before and after.
    func accumulateRows(
        _ rows: (Int, Int?), _ group: Int, _ chunk: Int, _ x: Span<Scalar>, _ dy: Span<Scalar>,
        _ memory: PipelineMemory<Scalar>, _ operands: GradientOperands, worker: Int, _ progress: inout ChunkProgress
    ) -> Bool {
        let roll = table.roll?.roll(
            rows.0 / 2, isCarried: progress.rowsLeftFor == rows.0 / 2 && rows.1 != nil, isWhole: true)
        progress.rowsLeftFor = nil
        let facts = facts(worker: worker, memory)
        let team = team(layout.blockCrew, worker: worker, memory)
        let negative = negativeFlags(chunk, memory)
        let windows = windows(rows.0, rows.1)
        var hasNonFinite = false
        for i in 0..<Cg + Kg {
            let isInput = i < Cg
            let found = load(
                isInput ? x : dy, isInput ? windows.fields : windows.results, offset: gradientOffset(group, i),
                field: i, isInput ? roll : roll?.beside, facts, memory, team, worker: worker)
            hasNonFinite = hasNonFinite || found.hasNonFinite
            if found.negative.0 || found.negative.1 {
                negative[isInput ? group * Cg + i : problem.channels + group * Kg + i - Cg] = 1
            }
        }

        if !operands.areMeasured {
            let fields = 0..<Cg + Kg
            guard !hasNonFinite, facts.isComfortable(fields, part: 0, comfortable),
                facts.isComfortable(fields, part: 1, comfortable)
            else { return false }
        }

        let (xFacts, gFacts) = (facts, facts.dropping(first: Cg))
        let (isLive, exponent) = balance(xFacts, gFacts)
        guard isLive.0 || isLive.1 else { return true }
        if let partner = rows.1 {
            guard isLive.0, isLive.1, canShareProduct(xFacts, gFacts, exponent, operands) else {
                for row in [isLive.0 ? rows.0 : nil, isLive.1 ? partner : nil] {
                    guard let row else { continue }
                    _ = accumulateRows(
                        (row, nil), group, chunk, x, dy, memory, operands, worker: worker, &progress)
                }
                return true
            }
        }

        var isReloaded = hasNonFinite
        for i in 0..<Cg + Kg {
            let scale =
                i < Cg
                ? (-operands.inputScale, exponent - operands.inputScale)
                : (-operands.outputGradientScale, -exponent - operands.outputGradientScale)
            if scale != (0, 0) {
                isReloaded = true
                reload(
                    i < Cg ? x : dy, i < Cg ? windows.fields : windows.results, offset: gradientOffset(group, i),
                    in: i, i < Cg ? roll : roll?.beside, exponents: scale, sanitising: hasNonFinite, memory, team,
                    worker: worker)
            }
        }
        addTrueTerms(group, chunk, xFacts, gFacts, operands, memory)
        guard !table.meetsOnce else {
            progress.isEmpty = false
            transform.correlate(
                tile(0, worker: worker, memory), tile(1, worker: worker, memory),
                boxes: (windows.fields.box, windows.results.box), kept: table.filterBox, team)
            return true
        }
        transform.correlate(
            tiles(worker: worker, memory), tileCounts: (i: layout.tileCount, o: layout.gradientTileCount),
            counts: (i: Cg, o: Kg), boxes: (i: windows.fields.box, o: windows.results.box), roll: roll,
            accumulate: !progress.isEmpty, team
        ) { k, c in accumulator(chunk, (group * Kg + k) * Cg + c, memory) }
        progress.isEmpty = false
        let next = rows.0 / 2 + 1
        if !isReloaded, rows.1 != nil, table.roll?.continues(next, of: table.rowCount) == true {
            progress.rowsLeftFor = next
        }
        return true
    }

    /// Which partners have products, and α.
    func balance(_ x: FieldFacts, _ g: FieldFacts) -> (isLive: (Bool, Bool), exponent: Int) {
        balance(
            (x.largestExponent(0..<Cg, part: 0), x.largestExponent(0..<Cg, part: 1)),
            (g.largestExponent(0..<Kg, part: 0), g.largestExponent(0..<Kg, part: 1)))
    }

    /// The same of the largest exponents of both partners.
    func balance(_ x: (Int?, Int?), _ g: (Int?, Int?)) -> (isLive: (Bool, Bool), exponent: Int) {
        ((x.0 != nil && g.0 != nil, x.1 != nil && g.1 != nil), balancingExponent(x, g))
    }

    /// Elements to the windows of a group's field: of a channel of the input, or behind them of a filter of the output gradient.
    func gradientOffset(_ group: Int, _ i: Int) -> Int {
        i < Cg ? table.fieldOffset(group, i) : table.resultOffset(group, i - Cg)
    }

    /// ‖x₁‖‖g₁‖ + ‖x₂‖‖g₂‖ of one plane, in the operands' scale; above 0 wherever a true term is.
    func trueTerms(
        _ x: FieldFacts, _ g: FieldFacts, _ c: Int, _ k: Int, _ operands: GradientOperands
    ) -> Double {
        var sum = 0.0
        // Halves of one tile have one norm.
        for part in 0...(table.folds ? 0 : 1) {
            let x = x.norm(field: c, part: part, reference: operands.inputScale)
            let g = g.norm(field: k, part: part, reference: operands.outputGradientScale)
            if x > 0, g > 0 { sum += max(x * g, .leastNormalMagnitude) }
        }
        return sum
    }

    private func addTrueTerms(
        _ group: Int, _ chunk: Int, _ x: FieldFacts, _ g: FieldFacts, _ operands: GradientOperands,
        _ memory: PipelineMemory<Scalar>
    ) {
        for plane in group * Kg * Cg..<(group + 1) * Kg * Cg {
            memory.norms[scaleSum(chunk, plane)] += trueTerms(x, g, plane % Cg, plane / Cg - group * Kg, operands)
        }
    }

    /// Whether in every plane the product of the packed norms is near the sum of the true terms.
    private func canShareProduct(
        _ x: FieldFacts, _ g: FieldFacts, _ exponent: Int, _ operands: GradientOperands
    ) -> Bool {
        // What is scaled further leaves the range that transforms have room in.
        abs(exponent) <= comfortable.exponent
            && (0..<Kg).allSatisfy { k in (0..<Cg).allSatisfy { c in canShareProduct(x, c, g, k, exponent, operands) } }
    }

    /// The same of one plane.
    func canShareProduct(
        _ x: FieldFacts, _ c: Int, _ g: FieldFacts, _ k: Int, _ exponent: Int, _ operands: GradientOperands
    ) -> Bool {
        let g1 = g.norm(field: k, part: 0, reference: operands.outputGradientScale)
        let g2 = g.norm(field: k, part: 1, reference: operands.outputGradientScale + exponent)
        let x1 = x.norm(field: c, part: 0, reference: operands.inputScale)
        let x2 = x.norm(field: c, part: 1, reference: operands.inputScale - exponent)
        // As cosine of the angle between (x₁, x₂) and (g₁, g₂): the norms of planes far below the largest have no squares.
        guard let x = direction(x1, x2), let g = direction(g1, g2) else { return true }
        return 1 <= largestImbalance * (x.0 * g.0 + x.1 * g.1)
    }

    // MARK: - In a training step

    /// Notes that filter `k` of the output gradient holds a negative sample.
    func noteNegative(_ group: Int, filter k: Int, chunk: Int, _ memory: PipelineMemory<Scalar>) {
        negativeFlags(chunk, memory)[problem.channels + group * Kg + k] = 1
    }

    /// What the input gradient of a block does for the filter gradient beside it with a field g: it sums its products with the
    /// spectra of x that the forward pass kept. As ``accumulateRows`` does with ordinary rows; ``noteSums`` tells whether they were.
    func sumsBeside(
        _ group: Int, filter k: Int, chunk: Int, x: KeptBlock<Scalar>, accumulate: Bool,
        _ memory: PipelineMemory<Scalar>
    ) -> SpectrumUse<Scalar> {
        let sums = accumulators(group, chunk, memory).slice(k, count: 2 * Cg * shape.spectrumCount)
        return .correlate(Correlation(kept: x.spectra, count: Cg, sums: sums, accumulate: accumulate))
    }

    /// Notes what the sums of a block are of, now that its fields g are known.
    ///
    /// - Returns: Whether the partners can share these products as they are.
    func noteSums(
        _ group: Int, isPair: Bool, chunk: Int, x: KeptBlock<Scalar>, g: FieldFacts, _ memory: PipelineMemory<Scalar>
    ) -> Bool {
        let negative = negativeFlags(chunk, memory)
        for c in 0..<Cg where x.isNegative(field: c) { negative[group * Cg + c] = 1 }
        let (isLive, exponent) = balance(x.facts, g)
        // Of partners without true terms only zeros were summed, unless they meet crosswise.
        guard isLive.0 || isLive.1 else { return !isPair || canShareProduct(x.facts, g, 0, .ordinary) }
        if isPair {
            guard isLive.0, isLive.1, exponent == 0, canShareProduct(x.facts, g, 0, .ordinary) else { return false }
        }
        addTrueTerms(group, chunk, x.facts, g, .ordinary, memory)
        return true
    }

    /// Whether no product has met the accumulators of a chunk yet.
    func isEmpty(_ group: Int, _ chunk: Int, _ memory: PipelineMemory<Scalar>) -> Bool {
        (group * Kg * Cg..<(group + 1) * Kg * Cg).allSatisfy { memory.norms[scaleSum(chunk, $0)] == 0 }
    }

    func accumulators(
        _ group: Int, _ chunk: Int, _ memory: PipelineMemory<Scalar>
    ) -> SharedRegion<Scalar> {
        let first = place(chunk, group * Kg * Cg, memory)
        return memory.spectra[first * 2 * shape.spectrumCount..<(first + Kg * Cg) * 2 * shape.spectrumCount]
    }

    /// Clears the accumulators of a chunk that no product has met.
    func clearIfEmpty(_ group: Int, _ chunk: Int, _ memory: PipelineMemory<Scalar>) {
        if isEmpty(group, chunk, memory) { clear(accumulators(group, chunk, memory)) }
    }

    // MARK: - The gradients

    /// Sums the chunks of two planes, transforms back and writes both gradients.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func finishGradients(
        _ pair: Int, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>, _ operands: GradientOperands,
        worker: Int
    ) {
        let partner = 2 * pair + 1 < filterPlaneCount ? 2 * pair + 1 : nil
        // The chunks of a plane that has no partner are added on the way back, by all who share it.
        let chunks = layout.setCount == layout.chunkCount ? layout.chunkCount : 1
        let terms = partner == nil ? chunks : 1
        let sums = (
            sumChunks(2 * pair, adding: chunks / terms, result, memory, operands, worker: worker),
            partner.flatMap { sumChunks($0, adding: chunks, result, memory, operands, worker: worker) }
        )
        // A plane without any product is written already; the other one then travels alone.
        guard let first = sums.0 ?? sums.1 else { return }
        let second = sums.0 == nil ? nil : sums.1
        let (tile, team) = (tile(0, worker: worker, memory), team(layout.filterCrew, worker: worker, memory))
        let isPair = second != nil
        let packed = isPair ? packingExponents(first.exponent, second?.exponent, comfortable) : (0, 0)
        if let second {
            let whole = wholeSpectrum(worker: worker, memory)
            shape.tangle(
                accumulator(0, first.plane, memory), accumulator(0, second.plane, memory),
                exponents: (-packed.0, -packed.1), into: whole)
            transform.restoreLines(whole, into: tile, table.filterBox, team)
        } else if !table.meetsOnce {
            // The gradient is the real part of the inverse; the cross terms of partners are its imaginary part.
            let start = place(0, first.plane, memory) * 2 * shape.spectrumCount
            transform.restoreLines(
                memory.spectra[start..<memory.spectra.count], terms: terms,
                step: planesOfSet * shape.spectrumCount,
                into: tile, table.filterBox, team)
        }
        transform.store(
            tile, WindowPair(table.filterWindow(first.plane), second.map { table.filterWindow($0.plane) }),
            gradient(first.plane, packed.0, memory, operands),
            second.map { gradient($0.plane, packed.1, memory, operands) }, into: result, team)
    }

    /// Adds what a chunk has summed for one plane to the sum of those before it.
    func addChunk(_ chunk: Int, _ plane: Int, _ memory: PipelineMemory<Scalar>) {
        shape.add(accumulator(chunk, plane, memory), to: accumulator(0, plane, memory))
    }

    /// Adds up the chunks of one plane, in order; `nil` if no product reaches it, and then it is 0.
    ///
    /// - Parameter count: Chunks that have accumulators of their own and are to be added.
    private func sumChunks(
        _ plane: Int, adding count: Int, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>,
        _ operands: GradientOperands,
        worker: Int
    ) -> (plane: Int, exponent: Int)? {
        var scale = 0.0
        for chunk in 0..<layout.chunkCount {
            scale += memory.norms[scaleSum(chunk, plane)]
            if chunk > 0, chunk < count { addChunk(chunk, plane, memory) }
        }
        guard scale > 0 else {
            fill(result, table.filterWindow(plane), 0)
            return nil
        }
        if !comfortable.isSafe(scale, operands.inputScale + operands.outputGradientScale) {
            memory.markForDirectSums(table.filterPlane(plane), worker: worker)
        }
        // A sum below the least scale is of no use, but its partner's is: it must not leave the range.
        return (plane, Int(max(scale, comfortable.leastScale).exponent) + 1)
    }

    /// How a plane's gradient is written, scaled back.
    private func gradient(
        _ plane: Int, _ exponent: Int, _ memory: PipelineMemory<Scalar>, _ operands: GradientOperands
    ) -> PartResult {
        let k = plane / Cg
        let c = k / Kg * Cg + plane % Cg
        var hasNegative = false
        for chunk in 0..<layout.chunkCount {
            let negative = negativeFlags(chunk, memory)
            if negative[c] != 0 || negative[problem.channels + k] != 0 { hasNegative = true }
        }
        let factors = powersOfTwo(exponent + operands.inputScale + operands.outputGradientScale, Scalar.self)
        return PartResult(
            factors: (Double(factors.0), Double(factors.1 / Scalar(shape.pointCount))),
            floor: hasNegative ? -.infinity : 0, bias: 0)
    }
}
