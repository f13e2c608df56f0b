internal import SpectralEngine

// Forward and input gradient: a block is two partners, each one row of one group. Its fields (the channels, or the filters,
// that are summed) are loaded; then, line by line, each output is a sum of products; then the outputs are stored.
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

/// What a block has found and left.
struct BlockOutcome {
    /// Whether a sample was not finite.
    let isTouched: Bool
    /// Whether its tiles hold what the next block can carry on: not where fields were scaled, or partners had to travel apart.
    let leavesRows: Bool
}

/// The windows of one block: those of its first field and output; the others lie one plane after the other.
private struct BlockWindows {
    private let field: (Window, Window?)
    private let result: (Window, Window?)
    /// Elements from plane to plane.
    private let pitches: (field: Int, result: Int)
    let boxes: (loaded: TileBox, kept: TileBox)

    init(_ table: PassTable, _ partners: (Partner, Partner?)) {
        field = (table.fieldWindow(partners.0, 0), partners.1.map { table.fieldWindow($0, 0) })
        result = (table.resultWindow(partners.0, 0), partners.1.map { table.resultWindow($0, 0) })
        pitches =
            table.pass == .forward
            ? (table.inputPlaneCount, table.outputPlaneCount)
            : (table.outputPlaneCount, table.inputPlaneCount)
        boxes = (TileBox(field.0, field.1), TileBox(result.0, result.1))
    }

    func fields(_ i: Int) -> (Window, Window?) {
        i == 0 ? field : (field.0.moved(by: i * pitches.field), field.1?.moved(by: i * pitches.field))
    }

    func results(_ o: Int) -> (Window, Window?) {
        o == 0 ? result : (result.0.moved(by: o * pitches.result), result.1?.moved(by: o * pitches.result))
    }
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
        let roll = table.roll(partners.0, isCarried: isCarried)
        let facts = facts(worker: worker, memory)
        let team = team(layout.blockCrew, worker: worker, memory)
        let fields = 0..<layout.fieldTiles
        let windows = BlockWindows(table, partners)
        var isNegative = (false, false)
        var hasNonFinite = false
        for i in fields {
            let found = load(array, windows.fields(i), field: i, roll, facts, memory, team, worker: worker)
            isNegative = (isNegative.0 || found.negative.0, isNegative.1 || found.negative.1)
            hasNonFinite = hasNonFinite || found.hasNonFinite
            step?.note(isNegative: found.negative.0 || found.negative.1, field: i)
        }

        let largest = (facts.largestExponent(fields, part: 0), facts.largestExponent(fields, part: 1))
        let scale = packingExponents(largest.0, largest.1, comfortable)
        let isComfortable =
            !careful && facts.isComfortable(fields, part: 0, comfortable)
            && facts.isComfortable(fields, part: 1, comfortable)
        let areBalanced =
            partners.1 == nil || largest.0 == nil || largest.1 == nil || facts.areBalanced(fields, references: scale)
        let shareFilters = partners.1 == nil || partners.1?.group == partners.0.group
        if !areBalanced || !isComfortable || !shareFilters {
            // The norms of single channels disagree, or are extreme: look at what the outputs sum.
            guard canShareTransform(partners, scale, facts, memory, worker: worker) else {
                step?.giveUp()
                for partner in [partners.0, partners.1] {
                    guard let partner else { continue }
                    _ = runProductBlock(
                        (partner, nil), array, bias, result, memory, worker: worker, careful: careful)
                }
                return BlockOutcome(isTouched: hasNonFinite, leavesRows: false)
            }
        }

        // Spectra are shared as they are: of finite, unscaled fields.
        let isOrdinary = isComfortable && shareFilters && !hasNonFinite && scale == (0, 0)
        let use = step?.use(partners.1 != nil, facts, isOrdinary: isOrdinary) ?? .none
        if largest != (nil, nil) {
            if scale != (0, 0) {
                for i in fields {
                    reload(
                        array, windows.fields(i), field: i, roll, exponents: (-scale.0, -scale.1),
                        sanitising: hasNonFinite, memory, team, worker: worker)
                }
            }
            multiply(partners, shareFilters, windows.boxes, roll, use, memory, team, worker: worker)
        }
        for o in 0..<outputsPerGroup {
            let targets = windows.results(o)
            let first = output(
                partners.0, targets.0, o, isZero: largest.0 == nil, isNegative.0, scale.0, bias, result, memory)
            var second: TileResult<Scalar>?
            if let partner = partners.1, let target = targets.1 {
                second = output(
                    partner, target, o, isZero: largest.1 == nil, isNegative.1, scale.1, bias, result, memory)
            }
            transform.store(outputTile(o, worker: worker, memory), first, second, roll: roll, into: result, team)
        }
        return BlockOutcome(
            isTouched: hasNonFinite, leavesRows: roll?.isWhole == true && !hasNonFinite && scale == (0, 0))
    }

    private func outputTile(_ o: Int, worker: Int, _ memory: PipelineMemory<Scalar>) -> SharedRegion<Scalar> {
        tile(shape.tile(ofOutput: o, fields: layout.fieldTiles), worker: worker, memory)
    }

    /// All products of a block, from the tiles of its fields to those of its outputs.
    private func multiply(
        _ partners: Partners, _ shareFilters: Bool, _ boxes: (loaded: TileBox, kept: TileBox), _ roll: TileRoll?,
        _ use: SpectrumUse<Scalar>, _ memory: PipelineMemory<Scalar>, _ team: TransformTeam<Scalar>, worker: Int
    ) {
        let group = partners.0.group
        if shareFilters {
            return transform.convolve(
                tiles(worker: worker, memory), tileCount: layout.tileCount, fields: layout.fieldTiles,
                outputs: outputsPerGroup, boxes: boxes, roll: roll, conjugate: table.pass == .forward,
                summationBlock: SpectralLayout.summationBlock, use: use, team
            ) { o, i in spectrum(filterPlane(group, output: o, field: i), memory) }
        }
        guard let second = partners.1 else { return }
        let (tile, whole) = (tile(0, worker: worker, memory), wholeSpectrum(worker: worker, memory))
        transform.transformLines(tile, boxes.loaded, roll: roll, into: whole, team)
        shape.multiplyPair(
            whole, spectrum(filterPlane(group, output: 0, field: 0), memory),
            spectrum(filterPlane(second.group, output: 0, field: 0), memory), conjugate: table.pass == .forward)
        transform.restoreLines(whole, into: outputTile(0, worker: worker, memory), boxes.kept, roll: roll, team)
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
            for i in 0..<layout.fieldTiles {
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
        _ partner: Partner, _ window: Window, _ o: Int, isZero: Bool, _ isNegative: Bool, _ scale: Int,
        _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>
    ) -> TileResult<Scalar>? {
        let plane = partner.group * outputsPerGroup + o
        let bias = bias.isEmpty || table.pass != .forward ? 0 : bias[table.firstFilter + plane]
        guard !isZero else {
            // What adds up is 0 before.
            if !table.addsOverlaps { fill(result, window, bias) }
            return nil
        }
        let factors = powersOfTwo(scale + Int(memory.planeFacts[2 * plane]), Scalar.self)
        // Operands without a negative sample have no negative result: what is below 0 is rounding.
        let hasNegative = isNegative || memory.planeFacts[2 * plane + 1] == 0
        return TileResult(
            window, factors: (factors.0, factors.1 / Scalar(shape.pointCount)), floor: hasNegative ? -.infinity : 0,
            bias: bias, isSum: table.addsOverlaps)
    }
}
