internal import SpectralEngine
internal import Synchronization

// Forward and input gradient by matrix products: for every group and block of row pairs the fields are loaded, for every block
// of columns the filters transformed, each bin multiplied, and the outputs stored.

extension DensePipeline {
    /// - Parameter kept: Where the fields of a training step are kept.
    /// - Returns: Whether the operands were ordinary; if not, the result is of no use.
    func products(
        _ array: Span<Scalar>, _ filters: Span<Scalar>, prepared: SharedRegion<UInt8>?,
        kept: SharedRegion<UInt8>? = nil, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        let rowBlocks = (table.pairCount + layout.rowBlock - 1) / layout.rowBlock
        let columnBlocks = columnBlockCount
        control?.begin(blocks: problem.groups * rowBlocks * (1 + 2 * columnBlocks))
        for group in 0..<problem.groups {
            var memory = memory
            if let kept { memory = memory.keeping(kept.slice(group, count: layout.keptGroup), layout) }
            var filterScale = CommonScale()
            var hasNorms = true
            if let prepared {
                memory = memory.prepared(prepared, layout, group: group, block: 0)
                filterScale = CommonScale(memory.filterScale)
            } else if let scale = try lookAtFilters(filters, group, memory) {
                filterScale = scale
                hasNorms = false
            } else {
                guard let scale = try measureFilters(filters, group, memory) else { return false }
                filterScale = scale
            }
            /// The norms of the filters, before they are read: most calls need none.
            func needNorms() throws {
                if !hasNorms { _ = try measureFilters(filters, group, memory) }
                hasNorms = true
            }
            for rowBlock in 0..<rowBlocks {
                let first = rowBlock * layout.rowBlock
                let pairs = first..<min(first + layout.rowBlock, table.pairCount)
                guard try loadFields(array, group, pairs, filterScale, memory, needNorms) else { return false }
                try control?.completeBlock()
                for columnBlock in 0..<columnBlocks {
                    let columns = columns(of: columnBlock)
                    if let prepared {
                        memory = memory.prepared(prepared, layout, group: group, block: columnBlock)
                    } else if columnBlocks > 1 || rowBlock == 0 {
                        try transformTaps(
                            filters, group, columns, filterScale.exponent, into: memory.filters, memory)
                    }
                    try multiply(pairs.count, columns.count, isWhole: prepared != nil || !hasOuterAxis, memory)
                    try control?.completeBlock()
                    try storeOutputs(group, pairs, columns, filterScale.exponent, bias, result, memory)
                    try control?.completeBlock()
                }
            }
        }
        return true
    }

    var columnBlockCount: Int { (layout.columns + layout.columnBlock - 1) / layout.columnBlock }

    func columns(of block: Int) -> Range<Int> {
        let start = block * layout.columnBlock
        return start..<min(start + layout.columnBlock, layout.columns)
    }

    /// The plane of the filter that output `o` sums with its field `i`.
    private func filterPlane(_ group: Int, _ o: Int, _ i: Int) -> Int {
        table.pass == .forward ? (group * Kg + o) * Cg + i : (group * Kg + i) * Cg + o
    }

    var taps: Int { problem.axes.reduce(1) { $0 * $1.filter } }

    /// The common scale of a group's filters, by the magnitudes of all their taps; `nil` unless every norm is surely comfortable.
    private func lookAtFilters(_ filters: Span<Scalar>, _ group: Int, _ memory: DenseMemory<Scalar>) throws
        -> CommonScale?
    {
        let count = Kg * Cg * taps
        let pieces = EvenCut(count, most: max((count + 63) / 64, taps))
        try withElements(filters) { filters in
            try run(pieces.pieces, memory) { piece, _ in
                let found = Magnitudes(
                    of: filters, at: group * count + pieces[piece].lowerBound, count: pieces[piece].count)
                memory.norms[2 * piece] = found.isFinite ? found.largest : .infinity
                memory.norms[2 * piece + 1] = found.least
            }
        }
        var all = Magnitudes()
        for piece in 0..<pieces.pieces {
            let largest = memory.norms[2 * piece]
            all.add(Magnitudes(largest: largest, least: memory.norms[2 * piece + 1], isFinite: largest < .infinity))
        }
        guard all.isFinite else { return nil }
        var range = ExponentRange()
        if all.largest > 0 {
            // A norm is at least its least tap, and at most √taps times its largest one.
            range.include(Int(all.least.exponent) + 1)
            range.include(Int(all.largest.exponent) + 2 + (Int.bitWidth - taps.leadingZeroBitCount + 1) / 2)
        }
        guard let scale = range.scale(comfortable), scale.exponent == 0 else { return nil }
        return scale
    }

    /// Notes the norms of a group's filters, `[output][field]`; returns their common scale.
    func measureFilters(_ filters: Span<Scalar>, _ group: Int, _ memory: DenseMemory<Scalar>) throws
        -> CommonScale?
    {
        let isFinite = Atomic(true)
        try run(layout.columns, memory) { o, _ in
            var hasNegative = false
            for i in 0..<layout.depth {
                let plane = filterPlane(group, o, i)
                let norm = measure(filters, plane * taps..<(plane + 1) * taps)
                let index = 2 * (o * layout.depth + i)
                (memory.norms[index], memory.norms[index + 1]) = (norm.fraction, Double(norm.exponent))
                hasNegative = hasNegative || norm.hasNegative
                if norm.nonFiniteCount > 0 { isFinite.store(false, ordering: .relaxed) }
            }
            memory.norms[2 * (layout.depth * layout.columns + o)] = hasNegative ? 1 : 0
        }
        guard isFinite.load(ordering: .relaxed) else { return nil }
        var range = ExponentRange()
        for index in 0..<layout.columns * layout.depth where memory.norms[2 * index] != 0 {
            range.include(Int(memory.norms[2 * index + 1]))
        }
        return range.scale(comfortable)
    }

    /// Whether filters are transformed over an outer axis after all others.
    var hasOuterAxis: Bool { layout.jobStride > 0 }

    /// Transforms the filters of some columns over all axes but the outer one.
    func transformTaps(
        _ filters: Span<Scalar>, _ group: Int, _ columns: Range<Int>, _ scale: Int, into spectra: SharedRegion<Scalar>,
        _ memory: DenseMemory<Scalar>
    ) throws {
        let pitch = padded(layout.columnBlock)
        let start = filterPlane(group, columns.lowerBound, 0)
        let distances = (
            depth: (filterPlane(group, columns.lowerBound, 1) - start) * taps,
            column: (filterPlane(group, columns.lowerBound + 1, 0) - start) * taps
        )
        let size = layout.tapDepths
        try withElements(filters) { filters in
            try run((layout.depth + size - 1) / size, memory) { block, worker in
                let first = block * size
                transform.transformTaps(
                    filters, first: start * taps + first * distances.depth, distances: distances,
                    depths: min(size, layout.depth - first), columns: columns.count, pitch: pitch, exponent: -scale,
                    into: spectra, at: first * pitch, stride: layout.filterStride, memory.scratch(worker: worker))
            }
        }
    }

    /// Transforms the filters of a column block over the outer axis too.
    func transformBins(_ taps: SharedRegion<Scalar>, into whole: SharedRegion<Scalar>) throws {
        let outer = layout.channels.outer
        let runs = outer.runCount(of: layout.jobPositions)
        let stride = layout.filterStride
        try Workers.run(count: layout.workers, blocks: outer.innerCount * runs) { job, _ in
            let (inner, run) = job.quotientAndRemainder(dividingBy: runs)
            let positions = outer.positions(ofRun: run, of: layout.jobPositions)
            transform.transformBins(
                taps, at: inner * outer.taps * stride, tapPitch: stride, positions: positions,
                count: layout.depth * padded(layout.columnBlock), into: whole,
                at: (inner * outer.extent + positions.lowerBound) * stride, binPitch: stride)
        }
    }

    /// Loads the fields of some row pairs and notes what is known of them.
    ///
    /// - Returns: Whether they are ordinary. Every pair is judged by itself, so that blocks decide nothing.
    private func loadFields(
        _ array: Span<Scalar>, _ group: Int, _ pairs: Range<Int>, _ filterScale: CommonScale,
        _ memory: DenseMemory<Scalar>, _ needNorms: () throws -> Void
    ) throws -> Bool {
        let panels = (layout.depth + 7) / 8
        let hasNonFinite = Atomic(false)
        try run(pairs.count * panels, memory) { block, worker in
            let (row, panel) = block.quotientAndRemainder(dividingBy: panels)
            let isFine = load(
                array, fieldWindows(group, pairs.lowerBound + row), panel * 8, of: layout.depth, exponents: (0, 0),
                facts(row, memory), negatives: negatives(row, memory),
                at: row * padded(layout.depth) + panel * 8, memory, worker: worker)
            if !isFine { hasNonFinite.store(true, ordering: .relaxed) }
        }
        guard !hasNonFinite.load(ordering: .relaxed) else { return false }
        for row in 0..<pairs.count {
            var range = ExponentRange()
            for part in 0...1 {
                facts(row, memory).exponents(0..<layout.depth, part: part) { range.include($0) }
            }
            guard let common = range.scale(comfortable),
                let exponents = try packing(row, common.exponent, memory, needNorms)
            else { return false }
            if !common.isSafe(with: filterScale, terms: layout.depth, comfortable) {
                try needNorms()
                guard outputsAreSafe(row, exponents, memory) else { return false }
            }
            let (facts, negatives) = (facts(row, memory), negatives(row, memory))
            var whole = RowFacts()
            whole.exponents = exponents
            whole.isZero = (
                facts.largestExponent(0..<layout.depth, part: 0) == nil,
                facts.largestExponent(0..<layout.depth, part: 1) == nil
            )
            for i in 0..<layout.depth {
                if negatives[2 * i] != 0 { whole.isNegative.0 = true }
                if negatives[2 * i + 1] != 0 { whole.isNegative.1 = true }
            }
            whole.store(rowFacts(row, memory))
            // Of a partner that has no negative sample, the signs of the filters matter.
            let (signs, zeros) = (whole.isNegative, whole.isZero)
            if !(signs.0 || zeros.0) || !(signs.1 || zeros.1) { try needNorms() }
        }
        try run(pairs.count * panels, memory) { block, worker in
            let (row, panel) = block.quotientAndRemainder(dividingBy: panels)
            let exponents = RowFacts(rowFacts(row, memory)).exponents
            guard exponents != (0, 0) else { return }
            _ = load(
                array, fieldWindows(group, pairs.lowerBound + row), panel * 8, of: layout.depth,
                exponents: (-exponents.0, -exponents.1), nil, negatives: nil,
                at: row * padded(layout.depth) + panel * 8, memory, worker: worker)
        }
        return true
    }

    func rowFacts(_ row: Int, _ memory: DenseMemory<Scalar>) -> SharedRegion<Double> {
        let start = layout.rowBlock * layout.fieldCount * 2 * FieldFacts.stride + row * RowFacts.stride
        return memory.facts[start..<start + RowFacts.stride]
    }

    /// How the partners of a row pair share a transform; `nil` if they cannot.
    private func packing(
        _ row: Int, _ common: Int, _ memory: DenseMemory<Scalar>, _ needNorms: () throws -> Void
    ) throws -> (Int, Int)? {
        let facts = facts(row, memory)
        let fields = 0..<layout.depth
        let largest = (facts.largestExponent(fields, part: 0), facts.largestExponent(fields, part: 1))
        var scale = packingExponents(largest.0, largest.1, comfortable)
        // Comfortable partners that are alike are left alone; but all must be scaled if some are.
        if scale == (0, 0), common != 0 { scale = (common, common) }
        guard largest.0 != nil, largest.1 != nil, !facts.areBalanced(fields, references: scale) else { return scale }
        // The norms of single channels disagree: look at what the outputs sum.
        try needNorms()
        for o in 0..<layout.columns {
            let sums = scaleSums(row, o, scale, memory)
            if !isBalanced(sums.0, sums.1) { return nil }
        }
        return scale
    }

    /// S of both partners of output `o`, scaled down by their exponents.
    private func scaleSums(
        _ row: Int, _ o: Int, _ exponents: (Int, Int), _ memory: DenseMemory<Scalar>
    ) -> (Double, Double) {
        let facts = facts(row, memory)
        var sums = (0.0, 0.0)
        for i in 0..<layout.depth {
            let index = 2 * (o * layout.depth + i)
            guard memory.norms[index] != 0 else { continue }
            let w = scaled(memory.norms[index], Int(memory.norms[index + 1]))
            sums.0 += facts.norm(field: i, part: 0, reference: exponents.0) * w
            sums.1 += facts.norm(field: i, part: 1, reference: exponents.1) * w
        }
        return sums
    }

    /// Whether no output is so large that rounding could overflow.
    private func outputsAreSafe(_ row: Int, _ exponents: (Int, Int), _ memory: DenseMemory<Scalar>) -> Bool {
        (0..<layout.columns).allSatisfy { o in
            let sums = scaleSums(row, o, exponents, memory)
            return comfortable.isSafe(sums.0, exponents.0) && comfortable.isSafe(sums.1, exponents.1)
        }
    }

    /// One matrix product for every bin. A job is some positions of one inner bin, whose filters it transforms first.
    ///
    /// - Parameter isWhole: Whether whole spectra of the filters are in memory.
    private func multiply(_ rows: Int, _ columns: Int, isWhole: Bool, _ memory: DenseMemory<Scalar>) throws {
        let pitch = padded(layout.columnBlock)
        let outer = layout.channels.outer
        let runs = outer.runCount(of: layout.jobPositions)
        let stride = layout.filterStride
        try run(outer.innerCount * runs, memory) { job, worker in
            let (inner, run) = job.quotientAndRemainder(dividingBy: runs)
            let positions = outer.positions(ofRun: run, of: layout.jobPositions)
            guard !isWhole else {
                for position in positions {
                    multiplyBin(
                        rows, columns, position, inner, terms: 0..<layout.depth, memory.wholeFilters,
                        at: (inner * outer.extent + position) * stride, distance: stride,
                        next: bins(after: position, inner, positions, terms: 0..<layout.depth), memory)
                }
                return
            }
            let spectra = memory.scratch(worker: worker)
            for first in Swift.stride(from: 0, to: layout.depth, by: layout.jobTerms) {
                let terms = first..<min(first + layout.jobTerms, layout.depth)
                transform.transformBins(
                    memory.filters, at: inner * outer.taps * stride + first * pitch, tapPitch: stride,
                    positions: positions, count: terms.count * pitch, into: spectra, at: 0, binPitch: layout.jobStride)
                for position in positions {
                    multiplyBin(
                        rows, columns, position, inner, terms: terms, spectra,
                        at: (position - positions.lowerBound) * layout.jobStride, distance: layout.jobStride,
                        next: bins(after: position, inner, positions, terms: terms), memory)
                }
            }
        }
    }

    /// The fields that are read after those of a position and some terms, in the order of ``multiply``; `nil` if they need not be asked for.
    private func bins(
        after position: Int, _ inner: Int, _ positions: Range<Int>, terms: Range<Int>
    ) -> NextBins? {
        guard fetchesAhead else { return nil }
        if position + 1 == positions.upperBound, terms.upperBound < layout.depth {
            let (bin, opposite) = layout.channels.bins(at: positions.lowerBound, inner: inner)
            return NextBins(bin: bin, opposite: opposite, terms: terms.count)
        }
        // The next position, or that of another job, which begins with the first terms.
        let terms = position + 1 == positions.upperBound ? -terms.lowerBound : 0
        return layout.channels.bins(after: position, inner: inner).map {
            NextBins(bin: $0.bin, opposite: $0.opposite, terms: terms)
        }
    }

    /// Bins, and how many terms further on.
    private struct NextBins {
        let bin: Int
        let opposite: Int
        let terms: Int
    }

    /// Adds some terms of the sums of a bin, and of its opposite.
    ///
    /// - Parameters:
    ///   - filters: The filters' bin, of these terms, at `offset`.
    ///   - distance: From there to the bin that is read next.
    ///   - next: The fields that are.
    private func multiplyBin(
        _ rows: Int, _ columns: Int, _ position: Int, _ inner: Int, terms: Range<Int>, _ filters: SharedRegion<Scalar>,
        at offset: Int, distance: Int, next: NextBins?, _ memory: DenseMemory<Scalar>
    ) {
        let (depth, pitch) = (padded(layout.depth), padded(layout.columnBlock))
        let (bin, opposite) = layout.channels.bins(at: position, inner: inner)
        let isAlone = layout.channels.isKeptTwice(inner: inner)
        let isForward = table.pass == .forward
        for first in stride(from: terms.lowerBound, to: terms.upperBound, by: layout.summationRun) {
            let product = MatrixProduct(
                rows: rows, depth: min(layout.summationRun, terms.upperBound - first), columns: padded(columns),
                rowStride: depth, depthStride: 1, secondPitch: pitch, secondDistance: distance, resultPitch: pitch)
            func fetch(_ bin: Int, _ terms: Int) {
                guard first + terms + product.depth <= depth else { return }
                product.fetchFirst(memory.fields, at: bin * layout.channels.forwardStride + first + terms)
            }
            func add(_ bin: Int, conjugate: Bool) {
                product.multiply(
                    memory.fields, at: bin * layout.channels.forwardStride + first, filters,
                    at: offset + (first - terms.lowerBound) * pitch, conjugate: conjugate ? .second : .neither,
                    into: memory.outputs, at: bin * layout.channels.inverseStride, accumulate: first > 0)
            }
            if let next { fetch(next.bin, next.terms) }
            add(bin, conjugate: isForward)
            guard !isAlone else { continue }
            // The filter's bin −b is the conjugate of b.
            if let next { fetch(next.opposite, next.terms) }
            add(opposite, conjugate: !isForward)
        }
    }

    private func fieldWindows(_ group: Int, _ pair: Int) -> (Window, Window?, pitch: Int) {
        let second = 2 * pair + 1 < table.rowCount ? Partner(group: group, row: 2 * pair + 1) : nil
        return (
            table.fieldWindow(Partner(group: group, row: 2 * pair), 0), second.map { table.fieldWindow($0, 0) },
            table.pass == .forward ? table.inputPlaneCount : table.outputPlaneCount
        )
    }
}
