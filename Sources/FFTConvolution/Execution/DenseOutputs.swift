internal import SpectralEngine

// From the products' spectra to the results of the forward pass and the input gradient: eight channels of a row pair at a time.

extension PassTable {
    /// Row pairs whose results one worker stores: where they overlap and add up those of an item, or of two that share a pair, one after
    /// the other.
    var pairsStoredTogether: Int {
        !addsOverlaps ? 1 : tileCount.isMultiple(of: 2) ? tileCount / 2 : tileCount
    }

    /// What is stored by itself: for such pairs eight outputs of a group.
    var outputBlockCount: Int {
        let runs = (pairCount + pairsStoredTogether - 1) / pairsStoredTogether
        return addsOverlaps ? saturatingProduct(runs, (outputsPerGroup + 7) / 8) : .max
    }
}

extension DensePipeline {
    /// Stores the outputs of some columns.
    func storeOutputs(
        _ group: Int, _ pairs: Range<Int>, _ columns: Range<Int>, _ filterScale: Int, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>
    ) throws {
        let panels = (columns.count + 7) / 8
        let together = table.pairsStoredTogether
        try run((pairs.count + together - 1) / together * panels, memory) { block, worker in
            let (index, panel) = block.quotientAndRemainder(dividingBy: panels)
            for row in index * together..<min((index + 1) * together, pairs.count) {
                storeOutputs(
                    group, row, pairs.lowerBound + row, panel, columns, filterScale, bias, result, memory,
                    worker: worker)
            }
        }
    }

    /// Stores up to eight outputs of a row pair.
    private func storeOutputs(
        _ group: Int, _ row: Int, _ pair: Int, _ panel: Int, _ columns: Range<Int>, _ filterScale: Int,
        _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>, worker: Int
    ) {
        let pitch = padded(layout.columnBlock)
        let isForward = table.pass == .forward
        let start = columns.lowerBound + panel * 8
        let first = Partner(group: group, row: 2 * pair)
        let second = 2 * pair + 1 < table.rowCount ? Partner(group: group, row: 2 * pair + 1) : nil
        let windows = (table.resultWindow(first, start), second.map { table.resultWindow($0, start) })
        let step = isForward ? table.outputPlaneCount : table.inputPlaneCount
        let facts = RowFacts(rowFacts(row, memory))
        func write(_ window: Window, _ lane: Int, isZero: Bool, _ isNegative: Bool, _ exponent: Int)
            -> PartResult?
        {
            let o = start + lane
            let bias = bias.isEmpty || !isForward ? 0 : bias[group * layout.columns + o]
            guard !isZero else {
                // What adds up is 0 before.
                if !table.addsOverlaps { fill(result, window.moved(by: lane * step), bias) }
                return nil
            }
            let factors = powersOfTwo(exponent + filterScale, Scalar.self)
            // Operands without a negative sample have no negative result: what is below 0 is rounding.
            let hasNegative = isNegative || memory.norms[2 * (layout.depth * layout.columns + o)] != 0
            return PartResult(
                factors: (Double(factors.0), Double(factors.1 / Scalar(layout.channels.pointCount))),
                floor: hasNegative ? -.infinity : 0, bias: Double(bias), isSum: table.addsOverlaps)
        }
        transform.store(
            memory.outputs, at: row * pitch + panel * 8, channels: min(8, columns.upperBound - start),
            into: result, windows.0, windows.1, channelPitch: step, memory.scratch(worker: worker)
        ) { lane in
            (
                write(windows.0, lane, isZero: facts.isZero.0, facts.isNegative.0, facts.exponents.0),
                windows.1.flatMap {
                    write($0, lane, isZero: facts.isZero.1, facts.isNegative.1, facts.exponents.1)
                }
            )
        }
    }
}
