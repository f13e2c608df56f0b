internal import SpectralEngine
internal import Synchronization

// Filter gradient by matrix products: for every group and block of row pairs both operands are loaded and each half bin's sum
// taken further; then the filters' gradients are transformed back.

extension DensePipeline {
    private var rowBlocks: Int { (table.pairCount + layout.rowBlock - 1) / layout.rowBlock }
    var gradientBlockCount: Int { problem.groups * (rowBlocks + 1) }

    /// - Parameter kept: The fields of x that the forward pass of a training step kept.
    /// - Returns: Whether the operands were ordinary; if not, the result is of no use.
    func gradients(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, kept: KeptFields<Scalar>? = nil, _ result: SharedRegion<Scalar>,
        _ memory: DenseMemory<Scalar>,
        _ control: ExecutionControl?
    ) throws -> Bool {
        for group in 0..<problem.groups {
            let negatives = negatives(layout.rowBlock, memory)
            for index in 0..<negatives.count { negatives[index] = 0 }
            // One scale for all row blocks: that of the first decides, and the others must agree.
            var scale: (x: Int, g: Int)?
            for index in 0..<Kg * Cg { memory.norms[2 * index] = 0 }
            for rowBlock in 0..<rowBlocks {
                let first = rowBlock * layout.rowBlock
                let pairs = first..<min(first + layout.rowBlock, table.pairCount)
                guard let found = try loadOperands(x, dy, kept, group, pairs, memory) else { return false }
                if let scale, scale != found { return false }
                scale = found
                try correlate(
                    pairs.count, x: spectraOfInput(kept, group, pairs, memory), accumulate: rowBlock > 0, memory)
                noteLive(pairs.count, found, memory)
                try control?.completeBlock()
            }
            guard gradientsAreSafe(scale ?? (0, 0), memory) else { return false }
            try restoreGradients(group, (scale?.x ?? 0) + (scale?.g ?? 0), result, memory)
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
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ kept: KeptFields<Scalar>?, _ group: Int, _ pairs: Range<Int>,
        _ memory: DenseMemory<Scalar>
    ) throws -> (x: Int, g: Int)? {
        let inputPanels = kept == nil ? (Cg + 7) / 8 : 0
        if let kept, !adopt(kept, group, pairs, memory) { return nil }
        let panels = inputPanels + (Kg + 7) / 8
        let pitch = padded(Cg) + padded(Kg)
        let hasNonFinite = Atomic(false)
        func loadAll(_ exponents: (@Sendable (_ row: Int, _ isInput: Bool) -> (Int, Int))?) throws {
            try Workers.run(count: layout.workers, blocks: pairs.count * panels) { block, worker in
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
            guard kept == nil else { return nil }
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

    /// Sum over the row pairs of a block: twice the Hermitian part of conj(G)ᵀ·X for every half bin, transformed back over the
    /// outer axis at once. A job is all positions of one inner bin and some filters.
    private func correlate(_ rows: Int, x: InputSpectra, accumulate: Bool, _ memory: DenseMemory<Scalar>) throws {
        let wide = padded(Cg)
        let outer = layout.channels.outer
        let parts = (Kg + layout.jobFilters - 1) / layout.jobFilters
        let stride = layout.filterStride
        try Workers.run(count: layout.workers, blocks: outer.innerCount * parts) { job, worker in
            let (inner, part) = job.quotientAndRemainder(dividingBy: parts)
            let first = part * layout.jobFilters
            let filters = first..<min(first + layout.jobFilters, Kg)
            let target = inner * outer.taps * stride + first * wide
            guard hasOuterAxis else {
                return correlateBin(
                    rows, filters, 0, inner, x: x, into: memory.filters, at: target, accumulate: accumulate, memory)
            }
            let spectra = memory.scratch(worker: worker)
            for position in 0..<outer.extent {
                correlateBin(
                    rows, filters, position, inner, x: x, into: spectra, at: position * layout.jobStride,
                    accumulate: false, memory)
            }
            transform.restoreBins(
                spectra, at: 0, binPitch: layout.jobStride, count: filters.count * wide, into: memory.filters,
                at: target, tapPitch: stride, accumulate: accumulate)
        }
    }

    /// The sum of one half bin and some filters.
    private func correlateBin(
        _ rows: Int, _ filters: Range<Int>, _ position: Int, _ inner: Int, x: InputSpectra,
        into sums: SharedRegion<Scalar>, at offset: Int, accumulate: Bool, _ memory: DenseMemory<Scalar>
    ) {
        let (wide, pitch) = (padded(Cg), padded(Cg) + padded(Kg))
        let (bin, opposite) = layout.channels.bins(at: position, inner: inner)
        for first in stride(from: 0, to: rows, by: layout.summationRun) {
            let product = MatrixProduct(
                rows: filters.count, depth: min(layout.summationRun, rows - first), columns: wide, rowStride: 1,
                depthStride: pitch, secondPitch: x.pitch, secondDistance: 0, resultPitch: wide)
            let (outputStride, column) = (layout.channels.forwardStride, first * pitch + wide + filters.lowerBound)
            product.correlateOpposites(
                memory.fields, at: bin * outputStride + column, opposite: opposite * outputStride + column, x.region,
                at: bin * x.stride + first * x.pitch, opposite: opposite * x.stride + first * x.pitch, into: sums,
                at: offset, accumulate: accumulate || first > 0)
        }
    }

    /// Where the spectra of the input are: of the first pair, bin 0.
    private typealias InputSpectra = (region: SharedRegion<Scalar>, stride: Int, pitch: Int)

    private func spectraOfInput(
        _ kept: KeptFields<Scalar>?, _ group: Int, _ pairs: Range<Int>, _ memory: DenseMemory<Scalar>
    ) -> InputSpectra {
        guard let kept else {
            return (memory.fields, layout.channels.forwardStride, padded(Cg) + padded(Kg))
        }
        let fields = kept.memory(group).fields
        let start = 2 * pairs.lowerBound * padded(Cg)
        return (fields[start..<fields.count], kept.layout.channels.forwardStride, padded(Cg))
    }

    /// Copies what is known of the kept fields.
    ///
    /// - Returns: Whether they were kept unscaled.
    private func adopt(
        _ kept: KeptFields<Scalar>, _ group: Int, _ pairs: Range<Int>, _ memory: DenseMemory<Scalar>
    ) -> Bool {
        for (row, pair) in pairs.enumerated() {
            guard let known = kept.row(pair, group) else { return false }
            known.facts.copy(to: facts(row, memory).prefix(Cg))
            let found = negatives(row, memory)
            for index in 0..<2 * Cg { found[index] = known.negatives[index] }
        }
        return true
    }

    /// Adds to S of every plane, scaled down: above 0 where a term is. Of unscaled operands only that is noted: their sums are
    /// far from any end of the range. And notes which operands hold a negative sample.
    private func noteLive(_ rows: Int, _ scale: (x: Int, g: Int), _ memory: DenseMemory<Scalar>) {
        let all = negatives(layout.rowBlock, memory)
        for row in 0..<rows {
            let found = negatives(row, memory)
            for index in 0..<found.count where found[index] != 0 { all[index] = 1 }
        }
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
        _ group: Int, _ scale: Int, _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>
    ) throws {
        let wide = padded(Cg)
        let factors = powersOfTwo(scale, Scalar.self)
        let negatives = negatives(layout.rowBlock, memory)
        @Sendable func isNegative(_ field: Int) -> Bool { negatives[2 * field] != 0 || negatives[2 * field + 1] != 0 }
        try Workers.run(count: layout.workers, blocks: Kg) { k, worker in
            transform.restoreTaps(
                memory.filters, at: k * wide, stride: layout.filterStride, columns: Cg, pitch: wide, into: result,
                memory.scratch(worker: worker)
            ) { c in
                let plane = (group * Kg + k) * Cg + c
                // Where no product reaches, the sum is 0.
                let isLive = memory.norms[2 * (k * Cg + c)] != 0
                // Operands without a negative sample have no negative gradient: what is below 0 is rounding.
                let floor: Scalar = isNegative(c) || isNegative(Cg + k) ? -.infinity : 0
                return (
                    table.filterPlane(plane) * taps,
                    (isLive ? factors.0 : 0, factors.1 / Scalar(layout.channels.pointCount)), floor
                )
            }
        }
    }
}
