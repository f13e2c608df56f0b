internal import SpectralEngine

// Forward and input gradient: a block is two partners, each one row of one group. Its fields (the channels, or the filters, that are
// summed) are loaded, its outputs are sums of products, and stored. Where there are several fields or outputs, of the fewer ones whole
// spectra are kept, and the others go by, up to four at a time, in tiles that stay near: BlockOrder.
//
// Partners are two rows of one group wherever there are two: they meet the same filters. The odd row of a depthwise
// problem shares its transforms with that of the next group, each with filters of its own.

/// One partner of a block.
struct Partner: Hashable, Sendable {
    let group: Int
    let row: Int
}

extension PassTable {
    /// Whether the odd rows of two groups share transforms: those of groups 0 and 1, 2 and 3, ….
    var pairsGroups: Bool {
        problem.channelsPerGroup == 1 && problem.filtersPerGroup == 1 && problem.groups > 1
    }

    /// Blocks of the forward pass and the input gradient.
    var productBlockCount: Int {
        let odd = rowCount.isMultiple(of: 2) ? 0 : pairsGroups ? (problem.groups + 1) / 2 : problem.groups
        return problem.groups * (rowCount / 2) + odd
    }

    func partners(block: Int) -> (Partner, Partner?) {
        let pairs = rowCount / 2
        if block < problem.groups * pairs {
            let (group, pair) = block.quotientAndRemainder(dividingBy: pairs)
            return (Partner(group: group, row: 2 * pair), Partner(group: group, row: 2 * pair + 1))
        }
        let index = block - problem.groups * pairs
        let first = pairsGroups ? 2 * index : index
        let second = pairsGroups && first + 1 < problem.groups ? Partner(group: first + 1, row: rowCount - 1) : nil
        return (Partner(group: first, row: rowCount - 1), second)
    }

    /// The blocks of two neighbouring groups of a depthwise problem: of pairs of rows, and of the odd ones.
    func blocks(ofGroupPair index: Int) -> (pairs: Range<Int>, odd: Range<Int>) {
        let pairs = rowCount / 2
        let first = problem.groups * pairs + index
        return (
            2 * index * pairs..<min(2 * index + 2, problem.groups) * pairs,
            first..<(rowCount.isMultiple(of: 2) ? first : first + 1)
        )
    }

    /// The plane of the whole result that an output of the section is, for one batch item.
    func resultPlane(item: Int, output: Int) -> Int {
        pass == .forward
            ? item * whole.filters + firstFilter + output : item * whole.channels + firstChannel + output
    }

    /// The window that a partner's field `i` is loaded from, and the one its output `o` is stored to.
    func fieldWindow(_ partner: Partner, _ i: Int) -> Window {
        pass == .forward
            ? inputWindow(row: partner.row, channel: partner.group * problem.channelsPerGroup + i)
            : outputGradientWindow(row: partner.row, filter: partner.group * problem.filtersPerGroup + i)
    }

    func resultWindow(_ partner: Partner, _ o: Int) -> Window {
        pass == .forward
            ? outputWindow(row: partner.row, filter: partner.group * problem.filtersPerGroup + o)
            : inputGradientWindow(row: partner.row, channel: partner.group * problem.channelsPerGroup + o)
    }
}

/// What of a block is kept as whole spectra.
enum BlockOrder: Hashable, Sendable {
    /// Nothing: one field becomes one output, line by line.
    case single
    /// The fields, of which one output after the other is made.
    case fieldsKept
    /// The outputs' sums, which one field after the other is added to.
    case sumsKept
}

extension PassTable {
    /// Fields and outputs of one group.
    var fieldsPerGroup: Int { pass == .forward ? problem.channelsPerGroup : problem.filtersPerGroup }
    var outputsPerGroup: Int { pass == .forward ? problem.filtersPerGroup : problem.channelsPerGroup }

    /// That of the whole problem: sections do not change the order of sums.
    var blockOrder: BlockOrder {
        let (C, K) = (whole.channelsPerGroup, whole.filtersPerGroup)
        return max(C, K) <= 1 ? .single : (pass == .forward ? C <= K : K <= C) ? .fieldsKept : .sumsKept
    }
}

/// What a block has found and left.
struct BlockOutcome {
    /// Whether a sample was not finite.
    let isTouched: Bool
    /// Whether its tiles hold what the next block can carry on: not where fields were scaled, or partners had to travel apart.
    let leavesRows: Bool
}

/// Where a block works.
private struct BlockPlace<Scalar: ConvolutionScalar> {
    let boxes: (loaded: TileBox, kept: TileBox)
    let roll: TileRoll?
    let memory: PipelineMemory<Scalar>
    let team: TransformTeam<Scalar>
    let worker: Int
}

extension SpectralPipeline {
    private typealias Partners = (Partner, Partner?)

    /// Computes one block.
    ///
    /// - Parameters:
    ///   - isCarried: Whether the worker's tiles hold what the block before has left for this one.
    ///   - careful: Whether the filters were scaled, so that underflow must be watched for.
    ///   - step: What the block does for other passes of a training step.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func runProductBlock(
        _ partners: (Partner, Partner?), _ array: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>,
        _ memory: PipelineMemory<Scalar>, worker: Int, isCarried: Bool = false, careful: Bool,
        step: StepBlock<Scalar>? = nil
    ) -> BlockOutcome {
        enter(memory, worker: worker)
        let roll = table.roll(partners.0, isCarried: isCarried)
        let facts = facts(worker: worker, memory)
        let fields = 0..<layout.fieldCount
        let group = partners.0.group
        let windows = windows(
            partners.0.row, partners.1?.row, isShared: partners.1.map { $0.group != group } ?? false)
        let place = BlockPlace(
            boxes: (windows.fields.box, windows.results.box), roll: roll, memory: memory,
            team: team(layout.blockCrew, worker: worker, memory), worker: worker)
        // A step's block is large, and looking into an optional one copies it.
        let isInStep = step != nil
        var isNegative = (false, false)
        var hasNonFinite = false
        for i in fields {
            let found = load(
                array, windows.fields, offset: table.fieldOffset(group, i), field: i, roll, facts, memory, place.team,
                worker: worker)
            isNegative = (isNegative.0 || found.negative.0, isNegative.1 || found.negative.1)
            hasNonFinite = hasNonFinite || found.hasNonFinite
            if isInStep { step?.note(isNegative: found.negative, field: i) }
            if layout.order != .single { take(upTo: i, of: group, place, step) }
        }

        let largest = (facts.largestExponent(fields, part: 0), facts.largestExponent(fields, part: 1))
        let scale = packingExponents(largest.0, largest.1, comfortable)
        let isComfortable =
            !careful && facts.isComfortable(fields, part: 0, comfortable)
            && facts.isComfortable(fields, part: 1, comfortable)
        let areBalanced =
            partners.1 == nil || largest.0 == nil || largest.1 == nil || facts.areBalanced(fields, references: scale)
        let shareFilters = partners.1 == nil || partners.1?.group == group
        func settle() {
            guard isInStep else { return }
            // Nothing is made of zeros, so this is what is kept of them.
            if largest == (nil, nil), layout.order == .single, let kept = step?.keptSpectrum(0) { clear(kept) }
            // Spectra are shared as they are: of finite, unscaled fields; those of two groups' partners whose scales follow from the norms.
            let isOrdinary = isComfortable && !hasNonFinite && (scale == (0, 0) || !shareFilters)
            step?.settle(isPair: partners.1 != nil, facts, isOrdinary: isOrdinary)
        }
        func reloadFields() {
            for i in fields {
                reload(
                    array, windows.fields, offset: table.fieldOffset(group, i), in: tileIndex(ofField: i), roll,
                    exponents: (-scale.0, -scale.1), sanitising: hasNonFinite, memory, place.team, worker: worker)
                if layout.order != .single { take(upTo: i, of: group, place, step) }
            }
        }
        if !areBalanced || !isComfortable || !shareFilters {
            // The norms of single channels disagree, or are extreme: look at what the outputs sum.
            guard canShareTransform(partners, scale, facts, memory, worker: worker) else {
                if shareFilters { step?.giveUp() } else { settle() }
                if !shareFilters, let step, largest != (nil, nil) {
                    if scale != (0, 0) { reloadFields() }
                    _ = transformPair(place, facts, step)
                }
                for partner in [partners.0, partners.1] {
                    guard let partner else { continue }
                    _ = runProductBlock(
                        (partner, nil), array, bias, result, memory, worker: worker, careful: careful)
                }
                return BlockOutcome(isTouched: hasNonFinite, leavesRows: false)
            }
        }

        settle()
        if scale != (0, 0), largest != (nil, nil) { reloadFields() }
        for o in 0..<outputsPerGroup {
            let (targets, offset) = (windows.results, table.resultOffset(group, o))
            let first = output(
                partners.0, targets.first, offset, o, isZero: largest.0 == nil, isNegative.0, scale.0, bias, result,
                memory)
            var second: PartResult?
            if let partner = partners.1, let target = targets.second {
                second = output(
                    partner, target, offset, o, isZero: largest.1 == nil, isNegative.1, scale.1, bias, result, memory)
            }
            if largest != (nil, nil) { make(output: o, partners, place, facts, step) }
            let tile = tile(layout.outputTile + o % layout.outputTiles, worker: worker, memory)
            transform.store(tile, targets, offset: offset, first, second, roll: roll, into: result, place.team)
        }
        return BlockOutcome(
            isTouched: hasNonFinite, leavesRows: roll?.isWhole == true && !hasNonFinite && scale == (0, 0))
    }

    /// What becomes of the fields that were loaded when their tiles are needed for the next ones.
    ///
    /// - Parameter i: The last one that was loaded.
    private func take(upTo i: Int, of group: Int, _ place: BlockPlace<Scalar>, _ step: StepBlock<Scalar>?) {
        let (memory, team, box) = (place.memory, place.team, place.boxes.loaded)
        let spectra = wholeSpectra(worker: place.worker, memory)
        switch layout.order {
        case .single: return
        case .fieldsKept:
            let spectrum = step?.keptSpectrum(i) ?? spectra.slice(i, count: 2 * shape.spectrumCount)
            let tile = tile(tileIndex(ofField: i), worker: place.worker, memory)
            transform.transformLines(
                tile, box, roll: place.roll, into: spectrum, for: step?.products(field: i) ?? .none, team)
        case .sumsKept:
            let first = i / layout.together * layout.together
            guard i == first + layout.together - 1 || i == layout.fieldCount - 1 else { return }
            let count = 2 * outputsPerGroup * shape.spectrumCount
            let sums = spectra.slice(0, count: count)
            let isFirstBlock = i < SpectralLayout.summationBlock
            let target = isFirstBlock ? sums : spectra.slice(1, count: count)
            let tiles = tiles(worker: place.worker, memory)
            transform.addProducts(
                of: tiles[2 * tileIndex(ofField: first) * layout.tileCount..<tiles.count], tileCount: layout.tileCount,
                fields: i + 1 - first, box, roll: place.roll, to: target, outputs: outputsPerGroup,
                conjugate: table.pass == .forward, accumulate: first % SpectralLayout.summationBlock > 0, team
            ) { field in
                step?.use(field: first + field) ?? .none
            } spectra: { o in
                halfSpectra(group, output: o, from: first, memory)
            }
            guard !isFirstBlock, (i + 1) % SpectralLayout.summationBlock == 0 || i == layout.fieldCount - 1 else {
                return
            }
            for o in 0..<outputsPerGroup {
                let count = 2 * shape.spectrumCount
                shape.add(target.slice(o, count: count), to: sums.slice(o, count: count))
            }
        }
    }

    /// Makes an output's tile of what the fields have left, and with it those of the outputs that go by together.
    private func make(
        output o: Int, _ partners: Partners, _ place: BlockPlace<Scalar>, _ facts: FieldFacts,
        _ step: StepBlock<Scalar>?
    ) {
        let (memory, team, boxes) = (place.memory, place.team, place.boxes)
        let target = tile(layout.outputTile, worker: place.worker, memory)
        let (spectra, count) = (wholeSpectra(worker: place.worker, memory), 2 * shape.spectrumCount)
        let isForward = table.pass == .forward
        let group = partners.0.group
        switch layout.order {
        case .single:
            let field = tile(0, worker: place.worker, memory)
            guard !table.meetsOnce else {
                return transform.convolve(
                    field, into: target, boxes: boxes, conjugate: isForward, use: step?.use(field: 0) ?? .none,
                    with: memory.spectra, table.filterBox, team)
            }
            let half = spectrum(filterPlane(group, output: 0, field: 0), memory)
            guard let second = partners.1, second.group != group else {
                return transform.convolve(
                    field, into: target, boxes: boxes, roll: place.roll, conjugate: isForward,
                    use: step?.use(field: 0) ?? .none, half, team)
            }
            let whole = transformPair(place, facts, step)
            shape.multiplyPair(
                whole, half, spectrum(filterPlane(second.group, output: 0, field: 0), memory), conjugate: isForward)
            transform.restoreLines(whole, into: target, boxes.kept, roll: place.roll, team)
        case .fieldsKept:
            guard o % layout.outputTiles == 0 else { return }
            let tiles = tiles(worker: place.worker, memory)
            transform.restoreProducts(
                of: step?.keptSpectra ?? spectra, count: layout.fieldCount,
                into: tiles[2 * layout.outputTile * layout.tileCount..<tiles.count], tileCount: layout.tileCount,
                outputs: min(layout.outputTiles, outputsPerGroup - o), boxes.kept, roll: place.roll,
                conjugate: isForward, summationBlock: SpectralLayout.summationBlock, team
            ) { halfSpectra(group, output: o + $0, from: 0, memory) }
        case .sumsKept:
            transform.restoreLines(
                spectra.slice(o, count: count), into: target, boxes.kept, roll: place.roll, team)
        }
    }

    /// The spectrum of the odd rows of two groups, and what else is done with it.
    private func transformPair(
        _ place: BlockPlace<Scalar>, _ facts: FieldFacts, _ step: StepBlock<Scalar>?
    ) -> SharedRegion<Scalar> {
        let whole = wholeSpectrum(worker: place.worker, place.memory)
        transform.transformLines(
            tile(0, worker: place.worker, place.memory), place.boxes.loaded, roll: place.roll, into: whole,
            for: step?.use(field: 0) ?? .none, place.team)
        step?.addPairProducts(with: whole, facts)
        return whole
    }

    /// The spectra that an output sums, from that of a field on.
    private func halfSpectra(
        _ group: Int, output o: Int, from i: Int, _ memory: PipelineMemory<Scalar>
    ) -> HalfSpectra<Scalar> {
        let first = filterPlane(group, output: o, field: i)
        let next = filterPlane(group, output: o, field: i + 1)
        let start = 2 * (first - memory.firstPlane) * shape.halfCount
        return HalfSpectra(memory.spectra[start..<memory.spectra.count], step: next - first)
    }

    /// Whether every output of the block has scales S near enough for its partners to share transforms. Planes where S is so
    /// small that products may have been lost, or so large that rounding may overflow, are marked to be computed directly.
    private func canShareTransform(
        _ partners: Partners, _ scale: (Int, Int), _ facts: FieldFacts, _ memory: PipelineMemory<Scalar>, worker: Int
    ) -> Bool {
        /// S of one output of one partner, in its own scale, and the exponent of that scale.
        func scaleSum(_ partner: Partner, _ o: Int, part: Int, _ reference: Int) -> (sum: Double, exponent: Int) {
            let outputScale = Int(memory.planeFacts[2 * (partner.group * outputsPerGroup + o)])
            var sum = 0.0
            for i in 0..<layout.fieldCount {
                let plane = filterPlane(partner.group, output: o, field: i)
                guard memory.norms[2 * plane] > 0 else { continue }
                let w = scaled(memory.norms[2 * plane], Int(memory.norms[2 * plane + 1]) - outputScale)
                // Kept above 0, so that a product that underflows here is still seen.
                let x = facts.norm(field: i, part: part, reference: reference)
                if x > 0 { sum += max(x * w, .leastNormalMagnitude) }
            }
            return (sum, reference + outputScale)
        }
        func watch(_ partner: Partner, _ o: Int, _ scale: (sum: Double, exponent: Int)) {
            guard !comfortable.isSafe(scale.sum, scale.exponent) else { return }
            memory.markForDirectSums(
                table.resultPlane(item: table.tile(row: partner.row).item, output: partner.group * outputsPerGroup + o),
                worker: worker)
        }
        var canShare = true
        for o in 0..<outputsPerGroup {
            let first = scaleSum(partners.0, o, part: 0, scale.0)
            watch(partners.0, o, first)
            guard let partner = partners.1 else { continue }
            let second = scaleSum(partner, o, part: 1, scale.1)
            watch(partner, o, second)
            if !isBalanced(first.sum, second.sum) { canShare = false }
        }
        return canShare
    }

    /// Where one part of output `o` goes. If it is zero it is written at once, and there is nothing to store.
    private func output(
        _ partner: Partner, _ window: Window, _ offset: Int, _ o: Int, isZero: Bool, _ isNegative: Bool, _ scale: Int,
        _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>
    ) -> PartResult? {
        let plane = partner.group * outputsPerGroup + o
        let bias = bias.isEmpty || table.pass != .forward ? 0 : bias[table.firstFilter + plane]
        guard !isZero else {
            // What adds up is 0 before.
            if !table.addsOverlaps { fill(result, window.moved(by: offset), bias) }
            return nil
        }
        let factors = powersOfTwo(scale + Int(memory.planeFacts[2 * plane]), Scalar.self)
        // Operands without a negative sample have no negative result: what is below 0 is rounding.
        let hasNegative = isNegative || memory.planeFacts[2 * plane + 1] == 0
        return PartResult(
            factors: (Double(factors.0), Double(factors.1 / Scalar(shape.pointCount))),
            floor: hasNegative ? -.infinity : 0, bias: Double(bias), isSum: table.addsOverlaps)
    }
}
