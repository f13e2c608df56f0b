internal import SpectralEngine

// Forward and input gradient: a block is one group and one pair of rows. Its fields (the channels, or the filters, that
// are summed) are gathered and transformed; then each output is a sum of products, one inverse, and two scatters.

extension SpectralPipeline {
    /// Computes one block.
    ///
    /// - Parameter careful: Whether the filters were scaled, so that underflow must be watched for.
    /// - Returns: Whether a sample was not finite.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func runProductBlock(
        _ group: Int, rows: (Int, Int?), _ array: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>,
        _ memory: PipelineMemory<Scalar>, worker: Int, careful: Bool
    ) -> Bool {
        let facts = facts(worker: worker, memory)
        var isNegative = (false, false)
        var hasNonFinite = false
        for i in 0..<layout.fieldTiles {
            let found = gather(
                array, fieldWindows(group, i, rows), field: i, facts, into: fieldSource(i, worker: worker, memory))
            isNegative = (isNegative.0 || found.negative.0, isNegative.1 || found.negative.1)
            hasNonFinite = hasNonFinite || found.hasNonFinite
        }

        let fields = 0..<layout.fieldTiles
        let largest = (facts.largestExponent(fields, part: 0), facts.largestExponent(fields, part: 1))
        let scale = packingExponents(largest.0, largest.1, comfortable)
        let isComfortable =
            !careful && facts.isComfortable(fields, part: 0, comfortable)
            && facts.isComfortable(fields, part: 1, comfortable)
        let areBalanced =
            rows.1 == nil || largest.0 == nil || largest.1 == nil || facts.areBalanced(fields, references: scale)
        if !areBalanced || !isComfortable {
            // The norms of single channels disagree, or are extreme: look at what the outputs sum.
            guard canShareTransform(group, rows, scale, facts, memory, worker: worker) else {
                _ = runProductBlock(
                    group, rows: (rows.0, nil), array, bias, result, memory, worker: worker, careful: careful)
                if let partner = rows.1 {
                    _ = runProductBlock(
                        group, rows: (partner, nil), array, bias, result, memory, worker: worker, careful: careful)
                }
                return hasNonFinite
            }
        }

        if largest != (nil, nil) {
            for i in fields {
                if scale != (0, 0) {
                    shape.rescale(fieldSource(i, worker: worker, memory), first: -scale.0, second: -scale.1)
                }
                transform.forward(
                    tile(i, worker: worker, memory), box: TileBox(fieldWindows(group, i, rows)),
                    fieldScratch(i, worker: worker, memory))
            }
        }
        for o in 0..<outputsPerGroup {
            finishOutput(
                group, o, rows, isZero: (largest.0 == nil, largest.1 == nil), isNegative: isNegative, scale: scale,
                bias, result, memory, worker: worker)
        }
        return hasNonFinite
    }

    private func fieldWindows(_ group: Int, _ i: Int, _ rows: (Int, Int?)) -> (Window, Window?) {
        let field = group * layout.fieldTiles + i
        switch table.pass {
        case .forward:
            return (
                table.inputWindow(row: rows.0, channel: field),
                rows.1.map { table.inputWindow(row: $0, channel: field) }
            )
        case .inputGradient, .filterGradient:
            return (
                table.outputGradientWindow(row: rows.0, filter: field),
                rows.1.map { table.outputGradientWindow(row: $0, filter: field) }
            )
        }
    }

    private func resultWindow(_ group: Int, _ o: Int, _ row: Int) -> Window {
        let plane = group * outputsPerGroup + o
        return table.pass == .forward
            ? table.outputWindow(row: row, filter: plane) : table.inputGradientWindow(row: row, channel: plane)
    }

    /// Whether every output of the block has scales S near enough for its rows to share transforms. Planes where S is so
    /// small that products may have been lost, or so large that rounding may overflow, are marked to be computed directly.
    private func canShareTransform(
        _ group: Int, _ rows: (Int, Int?), _ scale: (Int, Int), _ facts: FieldFacts, _ memory: PipelineMemory<Scalar>,
        worker: Int
    ) -> Bool {
        var canShare = true
        for o in 0..<outputsPerGroup {
            let outputScale = Int(memory.planeFacts[2 * (group * outputsPerGroup + o)])
            var sums = (0.0, 0.0)
            for i in 0..<layout.fieldTiles {
                let plane = filterPlane(group, output: o, field: i)
                guard memory.norms[2 * plane] > 0 else { continue }
                let w = scaled(memory.norms[2 * plane], Int(memory.norms[2 * plane + 1]) - outputScale)
                // Kept above 0, so that a product that underflows here is still seen.
                func term(_ part: Int, _ reference: Int) -> Double {
                    let x = facts.norm(field: i, part: part, reference: reference)
                    return x > 0 ? max(x * w, .leastNormalMagnitude) : 0
                }
                sums.0 += term(0, scale.0)
                sums.1 += term(1, scale.1)
            }
            if rows.1 != nil, !isBalanced(sums.0, sums.1) { canShare = false }
            func watch(_ row: Int, _ sum: Double, _ scale: Int) {
                guard !comfortable.isSafe(sum, scale + outputScale) else { return }
                let planes = problem.groups * outputsPerGroup
                memory.markForDirectSums(
                    row / table.tileCount * planes + group * outputsPerGroup + o, worker: worker)
            }
            watch(rows.0, sums.0, scale.0)
            if let partner = rows.1 { watch(partner, sums.1, scale.1) }
        }
        return canShare
    }

    /// Sums the products of one output, transforms back and writes what is kept of both rows.
    private func finishOutput(
        _ group: Int, _ o: Int, _ rows: (Int, Int?), isZero: (Bool, Bool), isNegative: (Bool, Bool), scale: (Int, Int),
        _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: PipelineMemory<Scalar>, worker: Int
    ) {
        let plane = group * outputsPerGroup + o
        let bias = bias.isEmpty || table.pass != .forward ? 0 : bias[plane]
        let outputScale = Int(memory.planeFacts[2 * plane])
        let isNegativeFilter = memory.planeFacts[2 * plane + 1] == 0
        let windows = (resultWindow(group, o, rows.0), rows.1.map { resultWindow(group, o, $0) })
        var sum = tile(layout.fieldTiles, worker: worker, memory)
        if isZero != (true, true) {
            sum = transform.inverse(
                sumProducts(group, o, memory, worker: worker), box: TileBox(windows), scratch(worker: worker, memory))
        }
        func write(_ part: Int, _ window: Window, isZero: Bool, isNegative: Bool, scale: Int) {
            guard !isZero else { return shape.fill(result, window, bias) }
            let factors = powersOfTwo(scale + outputScale, Scalar.self)
            // Operands without a negative sample have no negative result: what is below 0 is rounding.
            let floor: Scalar = isNegative || isNegativeFilter ? -.infinity : 0
            shape.scatter(
                sum, part: part, into: result, window, factors: (factors.0, factors.1 / Scalar(shape.pointCount)),
                floor: floor, bias: bias)
        }
        write(0, windows.0, isZero: isZero.0, isNegative: isNegative.0, scale: scale.0)
        if let second = windows.1 { write(1, second, isZero: isZero.1, isNegative: isNegative.1, scale: scale.1) }
    }

    /// Σ over the fields of one output, in two levels: blocks of `summationBlock` products, then their sums.
    private func sumProducts(
        _ group: Int, _ o: Int, _ memory: PipelineMemory<Scalar>, worker: Int
    ) -> SharedRegion<Scalar> {
        let (block, total) = (
            tile(layout.fieldTiles, worker: worker, memory), tile(layout.fieldTiles + 1, worker: worker, memory)
        )
        for i in 0..<layout.fieldTiles {
            let isFirstBlock = i < SpectralLayout.summationBlock
            let position = i % SpectralLayout.summationBlock
            shape.multiply(
                tile(i, worker: worker, memory),
                halfSpectrum(filterPlane(group, output: o, field: i), memory),
                conjugate: table.pass == .forward, into: isFirstBlock ? total : block, accumulate: position > 0)
            let isLast = position == SpectralLayout.summationBlock - 1 || i == layout.fieldTiles - 1
            if isLast, !isFirstBlock { add(block, to: total) }
        }
        return total
    }
}
