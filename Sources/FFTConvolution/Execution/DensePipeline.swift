internal import SpectralEngine
internal import Synchronization

// The product decides where many channels are summed: one matrix product for each bin. Four phases, each shared by all
// workers: filters, fields, products, outputs; in the filter gradient fields, products, then the filters' gradients.
//
// What is out of the ordinary (non-finite samples, norms that no common scale makes alike, partners that cannot share a
// transform) is left to the careful pipeline, for the whole call. Operands times a power of two take the same way here, so
// that every bit of the result is the same but for the exponent.

/// A ``TiledFFT`` recipe with a matrix product for each bin, made ready to run.
struct DensePipeline<Scalar: ConvolutionScalar>: PassExecutor {
    let table: PassTable
    let layout: DenseLayout
    let transform: ChannelTransform<Scalar>
    let careful: SpectralPipeline<Scalar>
    let comfortable = ComfortableRange.of(.of(Scalar.self))

    private var problem: Problem { table.problem }
    private var Cg: Int { problem.channelsPerGroup }
    private var Kg: Int { problem.filtersPerGroup }

    init(table: PassTable, layout: DenseLayout, careful: SpectralPipeline<Scalar>) throws {
        self.table = table
        self.layout = layout
        self.careful = careful
        do {
            transform = try TransformCache.shared.channels(layout.channels)
        } catch is AllocationFailure {
            throw ConvolutionError(
                .resourceLimit, argument: "memory", value: "\(table.shape.pointCount) points",
                rule: "could not be allocated to plan the transforms of \(table.problem)")
        } catch {
            throw ConvolutionError(
                .unusableFFTW, argument: "FFTW", value: FFTWLibrary.versions.double,
                rule: "made no plan for \(table.problem)")
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, bias: Span<Scalar>, into result: SharedRegion<Scalar>,
        scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        let memory = DenseMemory<Scalar>(scratch, layout)
        let isDone =
            table.pass == .filterGradient
            ? try gradients(first, second, result, memory, control)
            : try products(first, second, prepared: nil, bias, result, memory, control)
        guard isDone else {
            return try careful.execute(
                first, second, bias: bias, into: result, scratch: scratch, control: control)
        }
        careful.structuralZeros?.apply(to: result, bias: bias)
    }

    var preparedByteCount: Int { layout.preparedByteCount }

    func prepare(
        _ filter: Span<Scalar>, into memory: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>
    ) throws -> Bool {
        for group in 0..<problem.groups {
            for block in 0..<columnBlockCount {
                let place = DenseMemory<Scalar>(scratch, layout).prepared(memory, layout, group: group, block: block)
                if block == 0 {
                    guard let scale = try measureFilters(filter, group, place) else { return false }
                    place.filterScale[0] = Double(scale)
                }
                try transformFilters(filter, group, columns(of: block), Int(place.filterScale[0]), place)
            }
        }
        return true
    }

    func execute(
        _ first: Span<Scalar>, _ filter: Span<Scalar>, prepared: SharedRegion<UInt8>, bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        let memory = DenseMemory<Scalar>(scratch, layout)
        guard try products(first, filter, prepared: prepared, bias, result, memory, control) else {
            return try careful.execute(
                first, filter, bias: bias, into: result, scratch: scratch, control: control)
        }
        careful.structuralZeros?.apply(to: result, bias: bias)
    }
}

/// The workspace of one execution, by the names of ``DenseLayout``.
struct DenseMemory<Scalar: ConvolutionScalar>: Sendable {
    let fields: SharedRegion<Scalar>
    let outputs: SharedRegion<Scalar>
    private(set) var filters: SharedRegion<Scalar>
    let facts: SharedRegion<Double>
    let negatives: SharedRegion<UInt8>
    private(set) var norms: SharedRegion<Double>
    /// The exponent that the filters of a filter made ready are scaled down by.
    private(set) var filterScale: SharedRegion<Double>
    private let scratch: SharedRegion<Scalar>
    private let scratchCount: Int

    init(_ memory: SharedRegion<UInt8>, _ layout: DenseLayout) {
        fields = memory.region(layout.fields, of: Scalar.self)
        outputs = memory.region(layout.outputs, of: Scalar.self)
        filters = memory.region(layout.filters, of: Scalar.self)
        facts = memory.region(layout.facts, of: Double.self)
        negatives = memory.region(layout.negatives, of: UInt8.self)
        norms = memory.region(layout.norms, of: Double.self)
        filterScale = norms
        scratch = memory.region(layout.scratch, of: Scalar.self)
        scratchCount = 2 * layout.scratchCount
    }

    func scratch(worker: Int) -> SharedRegion<Scalar> { scratch.slice(worker, count: scratchCount) }

    /// The same workspace with one column block of one group of a filter made ready.
    func prepared(_ filter: SharedRegion<UInt8>, _ layout: DenseLayout, group: Int, block: Int) -> DenseMemory {
        let own = filter.slice(group, count: layout.preparedGroup)
        let start = layout.preparedFilters.offset + block * layout.preparedBlock
        var memory = self
        memory.norms = own.region(layout.preparedNorms, of: Double.self)
        memory.filterScale = own.region(layout.preparedScale, of: Double.self)
        memory.filters = own[start..<start + layout.filters.byteCount].rebound(to: Scalar.self)
        return memory
    }
}

/// What is known of a row pair as a whole.
struct RowFacts {
    static let stride = 6

    /// The exponents that the partners are scaled down by.
    var exponents = (0, 0)
    /// Whether all fields of a partner are zero, and whether one holds a negative sample.
    var isZero = (false, false)
    var isNegative = (false, false)

    init() {}

    init(_ region: SharedRegion<Double>) {
        exponents = (Int(region[0]), Int(region[1]))
        isZero = (region[2] != 0, region[3] != 0)
        isNegative = (region[4] != 0, region[5] != 0)
    }

    func store(_ region: SharedRegion<Double>) {
        (region[0], region[1]) = (Double(exponents.0), Double(exponents.1))
        (region[2], region[3]) = (isZero.0 ? 1 : 0, isZero.1 ? 1 : 0)
        (region[4], region[5]) = (isNegative.0 ? 1 : 0, isNegative.1 ? 1 : 0)
    }
}

/// The exponents of the norms of some fields that are not zero.
private struct ExponentRange {
    private(set) var least: Int?
    private(set) var largest: Int?

    mutating func include(_ exponent: Int) {
        least = min(least ?? exponent, exponent)
        largest = max(largest ?? exponent, exponent)
    }

    /// What all fields are scaled down by: nothing where they are comfortable, else the largest. `nil` where they are too far
    /// apart for one scale.
    func scale(_ range: ComfortableRange) -> Int? {
        guard let least, let largest else { return 0 }
        guard largest - least <= range.exponent else { return nil }
        return largest <= range.exponent && least >= -range.exponent ? 0 : largest
    }
}

// MARK: - Forward and input gradient

extension DensePipeline {
    /// - Returns: Whether the operands were ordinary; if not, the result is of no use.
    private func products(
        _ array: Span<Scalar>, _ filters: Span<Scalar>, prepared: SharedRegion<UInt8>?, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>,
        _ memory: DenseMemory<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        let rowBlocks = (table.pairCount + layout.rowBlock - 1) / layout.rowBlock
        let columnBlocks = columnBlockCount
        control?.begin(blocks: problem.groups * rowBlocks * columnBlocks)
        for group in 0..<problem.groups {
            var memory = memory
            var filterScale = 0
            if let prepared {
                memory = memory.prepared(prepared, layout, group: group, block: 0)
                filterScale = Int(memory.filterScale[0])
            } else {
                guard let scale = try measureFilters(filters, group, memory) else { return false }
                filterScale = scale
            }
            for rowBlock in 0..<rowBlocks {
                let first = rowBlock * layout.rowBlock
                let pairs = first..<min(first + layout.rowBlock, table.pairCount)
                guard let scales = try loadFields(array, group, pairs, memory) else { return false }
                for columnBlock in 0..<columnBlocks {
                    let columns = columns(of: columnBlock)
                    if let prepared {
                        memory = memory.prepared(prepared, layout, group: group, block: columnBlock)
                    } else if columnBlocks > 1 || rowBlock == 0 {
                        try transformFilters(filters, group, columns, filterScale, memory)
                    }
                    try multiply(pairs.count, columns.count, memory)
                    try storeOutputs(group, pairs, columns, scales + filterScale, bias, result, memory)
                    try control?.completeBlock()
                }
            }
        }
        return true
    }

    private var columnBlockCount: Int { (layout.columns + layout.columnBlock - 1) / layout.columnBlock }

    private func columns(of block: Int) -> Range<Int> {
        let start = block * layout.columnBlock
        return start..<min(start + layout.columnBlock, layout.columns)
    }

    /// The plane of the filter that output `o` sums with its field `i`.
    private func filterPlane(_ group: Int, _ o: Int, _ i: Int) -> Int {
        table.pass == .forward ? (group * Kg + o) * Cg + i : (group * Kg + i) * Cg + o
    }

    private var taps: Int { problem.axes.reduce(1) { $0 * $1.filter } }

    /// Notes the norms of a group's filters, `[output][field]`; returns their common scale.
    private func measureFilters(_ filters: Span<Scalar>, _ group: Int, _ memory: DenseMemory<Scalar>) throws -> Int? {
        let isFinite = Atomic(true)
        try Workers.run(count: layout.workers, blocks: layout.columns) { o, _ in
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

    private func transformFilters(
        _ filters: Span<Scalar>, _ group: Int, _ columns: Range<Int>, _ scale: Int, _ memory: DenseMemory<Scalar>
    ) throws {
        let pitch = padded(layout.columnBlock)
        try Workers.run(count: layout.workers, blocks: layout.depth) { i, worker in
            transform.transformFilters(
                filters, column: { filterPlane(group, columns.lowerBound + $0, i) * taps }, columns: columns.count,
                pitch: pitch, exponent: -scale, into: memory.filters, at: i * pitch, stride: layout.filterStride,
                memory.scratch(worker: worker))
        }
    }

    /// Loads the fields of some row pairs and notes what is known of them.
    ///
    /// - Returns: The exponent that the fields of every pair are scaled down by in common; `nil` if they are not ordinary.
    private func loadFields(
        _ array: Span<Scalar>, _ group: Int, _ pairs: Range<Int>, _ memory: DenseMemory<Scalar>
    ) throws -> Int? {
        let panels = (layout.depth + 7) / 8
        let hasNonFinite = Atomic(false)
        try Workers.run(count: layout.workers, blocks: pairs.count * panels) { block, worker in
            let (row, panel) = block.quotientAndRemainder(dividingBy: panels)
            let isFine = load(
                array, fieldWindows(group, pairs.lowerBound + row), panel * 8, of: layout.depth, exponents: (0, 0),
                facts(row, memory), negatives: negatives(row, memory),
                at: row * padded(layout.depth) + panel * 8, memory, worker: worker)
            if !isFine { hasNonFinite.store(true, ordering: .relaxed) }
        }
        guard !hasNonFinite.load(ordering: .relaxed) else { return nil }
        var range = ExponentRange()
        for row in 0..<pairs.count {
            for part in 0...1 {
                facts(row, memory).exponents(0..<layout.depth, part: part) { range.include($0) }
            }
        }
        guard let common = range.scale(comfortable) else { return nil }
        for row in 0..<pairs.count {
            guard let exponents = packing(row, common, memory) else { return nil }
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
        }
        try Workers.run(count: layout.workers, blocks: pairs.count * panels) { block, worker in
            let (row, panel) = block.quotientAndRemainder(dividingBy: panels)
            let exponents = RowFacts(rowFacts(row, memory)).exponents
            guard exponents != (0, 0) else { return }
            _ = load(
                array, fieldWindows(group, pairs.lowerBound + row), panel * 8, of: layout.depth,
                exponents: (-exponents.0, -exponents.1), nil, negatives: nil,
                at: row * padded(layout.depth) + panel * 8, memory, worker: worker)
        }
        return 0
    }

    private func rowFacts(_ row: Int, _ memory: DenseMemory<Scalar>) -> SharedRegion<Double> {
        let start = layout.rowBlock * layout.fieldCount * 2 * FieldFacts.stride + row * RowFacts.stride
        return memory.facts[start..<start + RowFacts.stride]
    }

    /// How the partners of a row pair share a transform; `nil` if they cannot.
    private func packing(_ row: Int, _ common: Int, _ memory: DenseMemory<Scalar>) -> (Int, Int)? {
        let facts = facts(row, memory)
        let fields = 0..<layout.depth
        let largest = (facts.largestExponent(fields, part: 0), facts.largestExponent(fields, part: 1))
        var scale = packingExponents(largest.0, largest.1, comfortable)
        // Comfortable partners that are alike are left alone; but all must be scaled if some are.
        if scale == (0, 0), common != 0 { scale = (common, common) }
        guard largest.0 != nil, largest.1 != nil, !facts.areBalanced(fields, references: scale) else { return scale }
        // The norms of single channels disagree: look at what the outputs sum.
        for o in 0..<layout.columns {
            var sums = (0.0, 0.0)
            for i in fields {
                let index = 2 * (o * layout.depth + i)
                guard memory.norms[index] != 0 else { continue }
                let w = scaled(memory.norms[index].magnitude, Int(memory.norms[index + 1]))
                sums.0 += facts.norm(field: i, part: 0, reference: scale.0) * w
                sums.1 += facts.norm(field: i, part: 1, reference: scale.1) * w
            }
            if !isBalanced(sums.0, sums.1) { return nil }
        }
        return scale
    }

    /// One matrix product for every bin.
    private func multiply(_ rows: Int, _ columns: Int, _ memory: DenseMemory<Scalar>) throws {
        let (depth, pitch) = (padded(layout.depth), padded(layout.columnBlock))
        let sharedDepth = layout.depth
        try Workers.run(count: layout.workers, blocks: layout.channels.halfCount) { half, _ in
            let (bin, opposite) = layout.channels.bins(ofHalf: half)
            for first in stride(from: 0, to: sharedDepth, by: DenseLayout.summationBlock) {
                let product = MatrixProduct(
                    rows: rows, depth: min(DenseLayout.summationBlock, sharedDepth - first), columns: padded(columns),
                    rowStride: depth, depthStride: 1, secondPitch: pitch,
                    secondDistance: layout.filterStride, resultPitch: pitch)
                let filter = half * layout.filterStride + first * pitch
                product.multiply(
                    memory.fields, at: bin * layout.channels.forwardStride + first, memory.filters, at: filter,
                    conjugate: table.pass == .forward ? .second : .neither, into: memory.outputs,
                    at: bin * layout.channels.inverseStride, accumulate: first > 0)
                guard !layout.channels.isKeptTwice(half: half) else { continue }
                // The filter's bin −b is the conjugate of b.
                product.multiply(
                    memory.fields, at: opposite * layout.channels.forwardStride + first, memory.filters, at: filter,
                    conjugate: table.pass == .forward ? .neither : .second, into: memory.outputs,
                    at: opposite * layout.channels.inverseStride, accumulate: first > 0)
            }
        }
    }

    private func storeOutputs(
        _ group: Int, _ pairs: Range<Int>, _ columns: Range<Int>, _ filterScale: Int, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>
    ) throws {
        let panels = (columns.count + 7) / 8
        let pitch = padded(layout.columnBlock)
        let isForward = table.pass == .forward
        try Workers.run(count: layout.workers, blocks: pairs.count * panels) { block, worker in
            let (row, panel) = block.quotientAndRemainder(dividingBy: panels)
            let pair = pairs.lowerBound + row
            let start = columns.lowerBound + panel * 8
            let first = Partner(group: group, row: 2 * pair)
            let second = 2 * pair + 1 < table.rowCount ? Partner(group: group, row: 2 * pair + 1) : nil
            let windows = (table.resultWindow(first, start), second.map { table.resultWindow($0, start) })
            let step = isForward ? table.outputPlaneCount : table.inputPlaneCount
            let facts = RowFacts(rowFacts(row, memory))
            func target(
                _ window: Window?, _ lane: Int, isZero: Bool, _ isNegative: Bool, _ exponent: Int
            ) -> TileResult<Scalar>? {
                guard let window = window?.moved(by: lane * step) else { return nil }
                let o = start + lane
                let plane = group * layout.columns + o
                let bias = bias.isEmpty || !isForward ? 0 : bias[plane]
                guard !isZero else {
                    fill(result, window, bias)
                    return nil
                }
                let factors = powersOfTwo(exponent + filterScale, Scalar.self)
                // Operands without a negative sample have no negative result: what is below 0 is rounding.
                let hasNegative = isNegative || memory.norms[2 * (layout.depth * layout.columns + o)] != 0
                return TileResult(
                    window, factors: (factors.0, factors.1 / Scalar(layout.channels.pointCount)),
                    floor: hasNegative ? -.infinity : 0, bias: bias)
            }
            transform.store(
                memory.outputs, at: row * pitch + panel * 8, channels: min(8, columns.upperBound - start),
                into: result, memory.scratch(worker: worker),
                first: { target(windows.0, $0, isZero: facts.isZero.0, facts.isNegative.0, facts.exponents.0) },
                second: { target(windows.1, $0, isZero: facts.isZero.1, facts.isNegative.1, facts.exponents.1) })
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

// MARK: - Fields

extension DensePipeline {
    private func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }

    /// What is known of the fields of one row pair of a block.
    private func facts(_ row: Int, _ memory: DenseMemory<Scalar>) -> FieldFacts {
        let count = layout.fieldCount * 2 * FieldFacts.stride
        return FieldFacts(memory.facts[row * count..<(row + 1) * count])
    }

    /// Whether each field of a row pair, real and imaginary part, holds a negative sample; row `rowBlock` is for all of them.
    private func negatives(_ row: Int, _ memory: DenseMemory<Scalar>) -> SharedRegion<UInt8> {
        memory.negatives.slice(row, count: 2 * layout.fieldCount)
    }

    /// Loads up to eight channels from `first` on and notes what is known of them.
    ///
    /// - Parameter shift: The place of the fields' facts among those of the pair.
    /// - Returns: Whether all samples are finite.
    private func load(
        _ array: Span<Scalar>, _ windows: (Window, Window?, pitch: Int), _ first: Int, of count: Int,
        exponents: (Int, Int), _ facts: FieldFacts?, negatives: SharedRegion<UInt8>?, shift: Int = 0, at offset: Int,
        _ memory: DenseMemory<Scalar>, worker: Int
    ) -> Bool {
        var isFinite = true
        let one = windows.0.moved(by: first * windows.pitch)
        let two = windows.1?.moved(by: first * windows.pitch)
        func note(_ summary: FieldSummary, _ window: Window, _ field: Int, part: Int) {
            guard let facts, let negatives else { return }
            negatives[2 * field + part] = summary.hasNegative ? 1 : 0
            if comfortable.energy.contains(summary.energy) {
                return facts.store(FieldNorm(energy: summary.energy), field: field, part: part)
            }
            // Zero, tiny, huge or non-finite: look again, with care.
            let norm = measure(array, window)
            facts.store(norm, field: field, part: part)
            if norm.nonFiniteCount > 0 { isFinite = false }
        }
        transform.load(
            array, one, two, channelPitch: windows.pitch, channels: min(8, count - first), exponents: exponents,
            into: memory.fields, at: offset, memory.scratch(worker: worker)
        ) { channel, summary, partner in
            note(summary, one.moved(by: channel * windows.pitch), shift + first + channel, part: 0)
            if let two {
                note(partner, two.moved(by: channel * windows.pitch), shift + first + channel, part: 1)
            } else {
                facts?.store(.zero, field: shift + first + channel, part: 1)
                negatives?[2 * (shift + first + channel) + 1] = 0
            }
        }
        return isFinite
    }
}

// MARK: - Filter gradient

extension DensePipeline {
    /// - Returns: Whether the operands were ordinary; if not, the result is of no use.
    private func gradients(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>,
        _ control: ExecutionControl?
    ) throws -> Bool {
        let rowBlocks = (table.pairCount + layout.rowBlock - 1) / layout.rowBlock
        control?.begin(blocks: problem.groups * (rowBlocks + 1))
        for group in 0..<problem.groups {
            let negatives = negatives(layout.rowBlock, memory)
            for index in 0..<negatives.count { negatives[index] = 0 }
            // One scale for all row blocks: that of the first decides, and the others must agree.
            var scale: (x: Int, g: Int)?
            for index in 0..<layout.columns * layout.depth { memory.norms[2 * index] = 0 }
            for rowBlock in 0..<rowBlocks {
                let first = rowBlock * layout.rowBlock
                let pairs = first..<min(first + layout.rowBlock, table.pairCount)
                guard let found = try loadOperands(x, dy, group, pairs, memory) else { return false }
                if let scale, scale != found { return false }
                scale = found
                try correlate(pairs.count, accumulate: rowBlock > 0, memory)
                noteLive(pairs.count, memory)
                try control?.completeBlock()
            }
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
        _ x: Span<Scalar>, _ dy: Span<Scalar>, _ group: Int, _ pairs: Range<Int>, _ memory: DenseMemory<Scalar>
    ) throws -> (x: Int, g: Int)? {
        let inputPanels = (Cg + 7) / 8
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
        guard let scaleX = ranges.x.scale(comfortable), let scaleG = ranges.g.scale(comfortable) else { return nil }
        var isScaled = false
        for row in 0..<pairs.count {
            let facts = facts(row, memory)
            let (X1, G1) = (facts.largestExponent(0..<Cg, part: 0), facts.largestExponent(Cg..<Cg + Kg, part: 0))
            let (X2, G2) = (facts.largestExponent(0..<Cg, part: 1), facts.largestExponent(Cg..<Cg + Kg, part: 1))
            var exponent = 0
            // 2^2α = X₁G₂ / (X₂G₁) makes the cross terms equal; a small α is not worth the scaling.
            if let X1, let G1, let X2, let G2 {
                exponent = (X1 + G2 - X2 - G1) / 2
                if abs(exponent) <= 1 { exponent = 0 }
            }
            guard canShareProduct(facts, exponent) else { return nil }
            var whole = RowFacts()
            whole.exponents.0 = exponent
            whole.store(rowFacts(row, memory))
            if exponent != 0 || scaleX != 0 || scaleG != 0 { isScaled = true }
        }
        if isScaled {
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
                let exponents = [0, 1].map { facts.exponent(field: field, part: $0) }
                guard let reference = exponents.compactMap({ $0 }).max() else { continue }
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

    /// Sum over the row pairs of a block: twice the Hermitian part of conj(G)ᵀ·X, for every half bin.
    private func correlate(_ rows: Int, accumulate: Bool, _ memory: DenseMemory<Scalar>) throws {
        let (wide, pitch) = (padded(Cg), padded(Cg) + padded(Kg))
        try Workers.run(count: layout.workers, blocks: layout.channels.halfCount) { half, _ in
            let (bin, opposite) = layout.channels.bins(ofHalf: half)
            for first in stride(from: 0, to: rows, by: DenseLayout.summationBlock) {
                let product = MatrixProduct(
                    rows: Kg, depth: min(DenseLayout.summationBlock, rows - first), columns: wide, rowStride: 1,
                    depthStride: pitch, secondPitch: pitch, secondDistance: 0, resultPitch: wide)
                for (place, conjugate) in [(bin, MatrixProduct.Conjugate.first), (opposite, .second)] {
                    let start = place * layout.channels.forwardStride + first * pitch
                    product.multiply(
                        memory.fields, at: start + wide, memory.fields, at: start, conjugate: conjugate,
                        into: memory.filters, at: half * layout.filterStride,
                        accumulate: accumulate || first > 0 || conjugate == .second)
                }
            }
        }
    }

    /// Notes which planes have a term that is not zero, and which operands hold a negative sample.
    private func noteLive(_ rows: Int, _ memory: DenseMemory<Scalar>) {
        let all = negatives(layout.rowBlock, memory)
        for row in 0..<rows {
            let found = negatives(row, memory)
            for index in 0..<found.count where found[index] != 0 { all[index] = 1 }
        }
        for row in 0..<rows {
            let facts = facts(row, memory)
            for part in 0...1 {
                for k in 0..<Kg where facts.exponent(field: Cg + k, part: part) != nil {
                    for c in 0..<Cg where facts.exponent(field: c, part: part) != nil {
                        memory.norms[2 * (k * Cg + c)] = 1
                    }
                }
            }
            if (0..<Kg * Cg).allSatisfy({ memory.norms[2 * $0] != 0 }) { return }
        }
    }

    private func restoreGradients(
        _ group: Int, _ scale: Int, _ result: SharedRegion<Scalar>, _ memory: DenseMemory<Scalar>
    ) throws {
        let wide = padded(Cg)
        let factors = powersOfTwo(scale, Scalar.self)
        let negatives = negatives(layout.rowBlock, memory)
        @Sendable func isNegative(_ field: Int) -> Bool { negatives[2 * field] != 0 || negatives[2 * field + 1] != 0 }
        try Workers.run(count: layout.workers, blocks: Kg) { k, worker in
            transform.restoreFilters(
                memory.filters, at: k * wide, stride: layout.filterStride, columns: Cg, pitch: wide, into: result,
                memory.scratch(worker: worker)
            ) { c in
                let plane = (group * Kg + k) * Cg + c
                // Where no product reaches, the sum is 0.
                let isLive = memory.norms[2 * (k * Cg + c)] != 0
                // Operands without a negative sample have no negative gradient: what is below 0 is rounding.
                let floor: Scalar = isNegative(c) || isNegative(Cg + k) ? -.infinity : 0
                return (
                    plane * taps, (isLive ? factors.0 : 0, factors.1 / Scalar(layout.channels.pointCount)), floor
                )
            }
        }
    }
}
