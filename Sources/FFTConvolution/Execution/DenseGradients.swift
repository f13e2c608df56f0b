internal import SpectralEngine
internal import Synchronization

// Filter gradient by matrix products: for every group and block of row pairs both operands are loaded and each half bin's sum
// taken further; then the filters' gradients are transformed back.

extension DensePipeline {
    private var rowBlocks: Int { (table.pairCount + layout.rowBlock - 1) / layout.rowBlock }
    /// Those of the section at work: of the layout's at most as many.
    private var gradientRows: Int { layout.rowsAreChannels ? Cg : Kg }
    private var gradientColumns: Int { padded(layout.rowsAreChannels ? Kg : Cg) }
    var gradientBlockCount: Int { problem.groups * (2 * rowBlocks + 1) }

    /// - Parameter kept: The fields of x that the forward pass of a training step kept, and those of the output gradient that its input
    ///   gradient did.
    /// - Returns: Whether the operands were ordinary; if not, the result is of no use.
    func gradients(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, kept: KeptOperands<Scalar> = KeptOperands(),
        _ result: SharedRegion<Scalar>,
        _ memory: DenseMemory<Scalar>,
        _ control: ExecutionControl?
    ) throws -> Bool {
        for group in 0..<problem.groups {
            let negatives = negatives(layout.rowBlock, memory)
            for index in 0..<negatives.count { negatives[index] = 0 }
            // One scale for all row blocks: that of the first decides, and the others must agree.
            var scale: (x: Int, g: Int)?
            var areAllLive = false
            for index in 0..<Kg * Cg { memory.norms[2 * index] = 0 }
            for rowBlock in 0..<rowBlocks {
                let first = rowBlock * layout.rowBlock
                let pairs = first..<min(first + layout.rowBlock, table.pairCount)
                guard let found = try loadOperands(x, dy, kept, group, pairs, memory) else { return false }
                try control?.completeBlock()
                if let scale, scale != found { return false }
                scale = found
                try correlate(
                    pairs.count, x: spectra(kept.x, group, pairs, isInput: true, memory),
                    g: spectra(kept.g, group, pairs, isInput: false, memory), accumulate: rowBlock > 0, memory)
                noteNegatives(pairs.count, memory)
                areAllLive = areAllLive || found == (0, 0) && areLive(pairs.count, memory)
                if !areAllLive { noteLive(pairs.count, found, memory) }
                try control?.completeBlock()
            }
            guard gradientsAreSafe(scale ?? (0, 0), memory) else { return false }
            try restoreGradients(
                group, (scale?.x ?? 0) + (scale?.g ?? 0), areAllLive: areAllLive, result, memory)
            try control?.completeBlock()
        }
        return true
    }

    private func operandWindows(
        _ group: Int, _ pair: Int, isInput: Bool
    ) -> (Window, Window?, pitch: Int) {
        func window(_ row: Int) -> Window {
            isInput
                ? table.inputWindow(row: row, channel: group * Cg)
                : table.outputGradientWindow(row: row, filter: group * Kg)
        }
        return (
            window(2 * pair), 2 * pair + 1 < table.rowCount ? window(2 * pair + 1) : nil,
            isInput ? table.inputPlaneCount : table.outputPlaneCount
        )
    }

    /// Loads both operands of some row pairs.
    ///
    /// - Returns: The exponents that they are scaled down by; `nil` if they are not ordinary.
    private func loadOperands(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ kept: KeptOperands<Scalar>, _ group: Int, _ pairs: Range<Int>,
        _ memory: DenseMemory<Scalar>
    ) throws -> (x: Int, g: Int)? {
        if let x = kept.x, !adopt(x, group, pairs, from: 0, count: Cg, memory) { return nil }
        if let g = kept.g, !adopt(g, group, pairs, from: Cg, count: Kg, memory) { return nil }
        let inputPanels = kept.x == nil ? (Cg + 7) / 8 : 0
        let panels = inputPanels + (kept.g == nil ? (Kg + 7) / 8 : 0)
        let pitch = padded(Cg) + padded(Kg)
        let hasNonFinite = Atomic(false)
        func loadAll(_ exponents: (@Sendable (_ row: Int, _ isInput: Bool) -> (Int, Int))?) throws {
            try run(pairs.count * panels, memory) { block, worker in
                let (row, panel) = block.quotientAndRemainder(dividingBy: panels)
                let isInput = panel < inputPanels
                let scale = exponents?(row, isInput) ?? (0, 0)
                if exponents != nil, scale == (0, 0) { return }
                let first = (isInput ? panel : panel - inputPanels) * 8
                let isFine = load(
                    isInput ? x : dy, operandWindows(group, pairs.lowerBound + row, isInput: isInput), first,
                    of: isInput ? Cg : Kg, exponents: scale, exponents == nil ? facts(row, memory) : nil,
                    negatives: exponents == nil ? negatives(row, memory) : nil, shift: isInput ? 0 : Cg,
                    at: row * pitch + (isInput ? 0 : padded(Cg)) + first, memory, worker: worker)
                if !isFine { hasNonFinite.store(true, ordering: .relaxed) }
            }
        }
        try loadAll(nil)
        guard !hasNonFinite.load(ordering: .relaxed) else { return nil }
        var ranges = (x: ExponentRange(), g: ExponentRange())
        for row in 0..<pairs.count {
            for part in 0...1 {
                facts(row, memory).exponents(0..<Cg, part: part) { ranges.x.include($0) }
                facts(row, memory).exponents(Cg..<Cg + Kg, part: part) { ranges.g.include($0) }
            }
        }
        guard let commonX = ranges.x.scale(comfortable), let commonG = ranges.g.scale(comfortable) else { return nil }
        let (scaleX, scaleG) = (commonX.exponent, commonG.exponent)
        var isScaled = false
        for row in 0..<pairs.count {
            let facts = facts(row, memory)
            func largest(_ fields: Range<Int>) -> (Int?, Int?) {
                (facts.largestExponent(fields, part: 0), facts.largestExponent(fields, part: 1))
            }
            let exponent = balancingExponent(largest(0..<Cg), largest(Cg..<Cg + Kg))
            guard abs(exponent) <= comfortable.exponent, canShareProduct(facts, exponent) else { return nil }
            var whole = RowFacts()
            whole.exponents.0 = exponent
            whole.store(rowFacts(row, memory))
            if exponent != 0 || scaleX != 0 || scaleG != 0 { isScaled = true }
        }
        if isScaled {
            // What was kept is not.
            guard kept.x == nil, kept.g == nil else { return nil }
            try loadAll { row, isInput in
                let exponent = RowFacts(rowFacts(row, memory)).exponents.0
                return isInput ? (-scaleX, exponent - scaleX) : (-scaleG, -exponent - scaleG)
            }
        }
        return (scaleX, scaleG)
    }

    /// Whether in every plane the product of the packed norms is near the sum of the true terms: with (x₁, x₂) and (g₁, g₂) as
    /// vectors, whether the angles between them have cosines of at least 1/4.
    private func canShareProduct(_ facts: FieldFacts, _ exponent: Int) -> Bool {
        func angles(_ fields: Range<Int>, _ exponent: Int) -> (least: Double, largest: Double)? {
            var found: (least: Double, largest: Double)?
            for field in fields {
                // A common reference, so that neither norm overflows.
                let exponents = (facts.exponent(field: field, part: 0), facts.exponent(field: field, part: 1))
                guard let either = exponents.0 ?? exponents.1 else { continue }
                let reference = max(either, exponents.1 ?? either)
                let one = facts.norm(field: field, part: 0, reference: reference)
                let two = facts.norm(field: field, part: 1, reference: reference - exponent)
                let tangent = one > 0 ? two / one : .infinity
                found = (min(found?.least ?? tangent, tangent), max(found?.largest ?? tangent, tangent))
            }
            return found
        }
        guard let x = angles(0..<Cg, exponent), let g = angles(Cg..<Cg + Kg, -exponent) else { return true }
        // The largest tangent of a difference of two angles of the first quadrant; √15 is the tangent of arccos(1/4).
        func isNear(_ a: Double, _ b: Double) -> Bool {
            if a == .infinity || b == .infinity { return a == b || max(1 / a, 1 / b) <= 15.0.squareRoot() }
            return abs(a - b) <= 15.0.squareRoot() * (1 + a * b)
        }
        return isNear(x.largest, g.least) && isNear(g.largest, x.least)
    }

    /// Sum over the row pairs of a block: twice the Hermitian part of conj(G)ᵀ·X for every half bin, or of its transpose, transformed back
    /// over the outer axis at once. A job is all positions of one inner bin and some rows.
    private func correlate(
        _ pairs: Int, x: FieldSpectra, g: FieldSpectra, accumulate: Bool, _ memory: DenseMemory<Scalar>
    ) throws {
        let columns = gradientColumns
        let outer = layout.channels.outer
        let parts = (gradientRows + layout.jobRows - 1) / layout.jobRows
        let stride = layout.filterStride
        try run(outer.innerCount * parts, memory) { job, worker in
            let (inner, part) = job.quotientAndRemainder(dividingBy: parts)
            let first = part * layout.jobRows
            let rows = first..<min(first + layout.jobRows, gradientRows)
            let target = inner * outer.taps * stride + first * columns
            guard hasOuterAxis else {
                return correlateBin(
                    pairs, rows, 0, inner, x: x, g: g, into: memory.filters, at: target, accumulate: accumulate)
            }
            let spectra = memory.scratch(worker: worker)
            for position in 0..<outer.extent {
                correlateBin(
                    pairs, rows, position, inner, x: x, g: g, into: spectra, at: position * layout.jobStride,
                    accumulate: false)
                transform.foldBins(
                    spectra, at: 0, binPitch: layout.jobStride, second: position, count: rows.count * columns)
            }
            transform.restoreBins(
                spectra, at: 0, binPitch: layout.jobStride, count: rows.count * columns, into: memory.filters,
                at: target, tapPitch: stride, accumulate: accumulate)
        }
    }

    /// The sum of one half bin and some rows.
    private func correlateBin(
        _ pairs: Int, _ rows: Range<Int>, _ position: Int, _ inner: Int, x: FieldSpectra, g: FieldSpectra,
        into sums: SharedRegion<Scalar>, at offset: Int, accumulate: Bool
    ) {
        var (bin, opposite) = layout.channels.bins(at: position, inner: inner)
        let next = fetchesAhead ? layout.channels.bins(after: position, inner: inner) : nil
        var (a, b) = (g, x)
        if layout.rowsAreChannels {
            // conj(G)ᵀ·X + G'ᵀ·conj(X') transposed is conj(X')ᵀ·G' + Xᵀ·conj(G).
            swap(&a, &b)
            swap(&bin, &opposite)
        }
        for first in stride(from: 0, to: pairs, by: layout.summationRun) {
            let product = MatrixProduct(
                rows: rows.count, depth: min(layout.summationRun, pairs - first), columns: gradientColumns,
                rowStride: 1, depthStride: a.pitch, secondPitch: b.pitch, secondDistance: 0,
                resultPitch: gradientColumns)
            func fetch(_ bin: Int) {
                product.fetchFirst(a.region, at: a.place(bin, first) + rows.lowerBound)
                product.fetchSecond(b.region, at: b.place(bin, first))
            }
            if let next {
                fetch(next.bin)
                fetch(next.opposite)
            }
            product.correlateOpposites(
                a.region, at: a.place(bin, first) + rows.lowerBound,
                opposite: a.place(opposite, first) + rows.lowerBound, b.region, at: b.place(bin, first),
                opposite: b.place(opposite, first), into: sums, at: offset, accumulate: accumulate || first > 0)
        }
    }

    /// Where the spectra of an operand's fields are, in complex elements of a region: of bin 0 of the first pair, and the distances from
    /// bin to bin and from pair to pair.
    private struct FieldSpectra {
        let region: SharedRegion<Scalar>
        let start: Int
        let stride: Int
        let pitch: Int

        func place(_ bin: Int, _ row: Int) -> Int { start + bin * stride + row * pitch }
    }

    private func spectra(
        _ kept: KeptFields<Scalar>?, _ group: Int, _ pairs: Range<Int>, isInput: Bool, _ memory: DenseMemory<Scalar>
    ) -> FieldSpectra {
        let (wide, first) = (padded(isInput ? Cg : Kg), isInput ? 0 : padded(Cg))
        guard let kept else {
            return FieldSpectra(
                region: memory.fields, start: first, stride: layout.channels.forwardStride,
                pitch: padded(Cg) + padded(Kg))
        }
        return FieldSpectra(
            region: kept.memory(group).fields, start: pairs.lowerBound * wide,
            stride: kept.layout.channels.forwardStride, pitch: wide)
    }

    /// Copies what is known of kept fields.
    ///
    /// - Parameter first: Their place among those of the pass.
    /// - Returns: Whether they were kept unscaled.
    private func adopt(
        _ kept: KeptFields<Scalar>, _ group: Int, _ pairs: Range<Int>, from first: Int, count: Int,
        _ memory: DenseMemory<Scalar>
    ) -> Bool {
        for (row, pair) in pairs.enumerated() {
            guard let known = kept.row(pair, group) else { return false }
            known.facts.copy(to: facts(row, memory).dropping(first: first).prefix(count))
            let found = negatives(row, memory)
            for index in 0..<2 * count { found[2 * first + index] = known.negatives[index] }
        }
        return true
    }

    /// Notes which operands hold a negative sample.
    private func noteNegatives(_ rows: Int, _ memory: DenseMemory<Scalar>) {
        let all = negatives(layout.rowBlock, memory)
        for row in 0..<rows {
            let found = negatives(row, memory)
            for index in 0..<found.count where found[index] != 0 { all[index] = 1 }
        }
    }

    /// Whether one row alone gives every plane a term.
    private func areLive(_ rows: Int, _ memory: DenseMemory<Scalar>) -> Bool {
        (0..<rows).contains { row in
            let facts = facts(row, memory)
            return (0...1).contains { part in
                (0..<Cg + Kg).allSatisfy { facts.exponent(field: $0, part: part) != nil }
            }
        }
    }

    /// Adds to S of every plane, scaled down: above 0 where a term is. Of unscaled operands only that is noted: their sums are
    /// far from any end of the range.
    private func noteLive(_ rows: Int, _ scale: (x: Int, g: Int), _ memory: DenseMemory<Scalar>) {
        for row in 0..<rows {
            let facts = facts(row, memory)
            for part in 0...1 {
                for k in 0..<Kg where facts.exponent(field: Cg + k, part: part) != nil {
                    let g = facts.norm(field: Cg + k, part: part, reference: scale.g)
                    for c in 0..<Cg where facts.exponent(field: c, part: part) != nil {
                        memory.norms[2 * (k * Cg + c)] += g * facts.norm(field: c, part: part, reference: scale.x)
                    }
                }
            }
            if scale == (0, 0), (0..<Kg * Cg).allSatisfy({ memory.norms[2 * $0] != 0 }) { return }
        }
    }

    /// Whether no plane is so large that rounding could overflow.
    private func gradientsAreSafe(_ scale: (x: Int, g: Int), _ memory: DenseMemory<Scalar>) -> Bool {
        scale == (0, 0)
            || (0..<Kg * Cg).allSatisfy { comfortable.isSafe(memory.norms[2 * $0], scale.x + scale.g) }
    }

    private func restoreGradients(
        _ group: Int, _ scale: Int, areAllLive: Bool, _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>
    ) throws {
        let factors = powersOfTwo(scale, Scalar.self)
        let negatives = negatives(layout.rowBlock, memory)
        @Sendable func isNegative(_ field: Int) -> Bool { negatives[2 * field] != 0 || negatives[2 * field + 1] != 0 }
        let columns = layout.rowsAreChannels ? Kg : Cg
        try run(gradientRows, memory) { row, worker in
            transform.restoreTaps(
                memory.filters, at: row * gradientColumns, stride: layout.filterStride, columns: columns,
                pitch: gradientColumns, into: result,
                first: table.filterPlane(group * Kg * Cg + (layout.rowsAreChannels ? row : row * Cg)) * taps,
                distance: layout.rowsAreChannels ? table.whole.channelsPerGroup * taps : taps,
                factors: (factors.0, factors.1 / Scalar(layout.channels.pointCount)), memory.scratch(worker: worker)
            ) { column in
                let (k, c) = layout.rowsAreChannels ? (column, row) : (row, column)
                // Where no product reaches, the sum is 0. Operands without a negative sample have no negative gradient: what is below 0
                // is rounding.
                return (
                    areAllLive || memory.norms[2 * (k * Cg + c)] != 0,
                    isNegative(c) || isNegative(Cg + k) ? -.infinity : 0
                )
            }
        }
    }
}
