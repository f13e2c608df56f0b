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
    /// Of the whole problem, or of the section at work.
    private(set) var table: PassTable
    private let sections: [PassTable]
    let layout: DenseLayout
    let transform: ChannelTransform<Scalar>
    let careful: SpectralPipeline<Scalar>
    let comfortable = ComfortableRange.of(.of(Scalar.self))
    /// Whether a bin's fields are asked for while the bin before is multiplied: calls gain up to 23 %, 5 in the mean, where these are far,
    /// and lose up to 15 % where they are not (`Docs/Measurements/2026-11-28-ahead.md`).
    var fetchesAhead: Bool

    var problem: Problem { table.problem }
    var Cg: Int { problem.channelsPerGroup }
    var Kg: Int { problem.filtersPerGroup }

    init(table: PassTable, layout: DenseLayout, careful: SpectralPipeline<Scalar>) throws {
        self.table = table
        sections = table.sections(layout.sectioning)
        self.layout = layout
        self.careful = careful
        fetchesAhead = layout.isFar
        do {
            transform = try TransformCache.current.channels(layout.channels)
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

    func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, bias: Span<Scalar>, into result: SharedRegion<Scalar>,
        scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        try run(first, second, nil, bias, result, scratch, control)
    }

    func execute(
        _ first: Span<Scalar>, _ filter: Span<Scalar>, prepared: SharedRegion<UInt8>, bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        try run(first, filter, prepared, bias, result, scratch, control)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func run(
        _ first: Span<Scalar>, _ second: Span<Scalar>, _ prepared: SharedRegion<UInt8>?, _ bias: Span<Scalar>,
        _ result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        let memory = DenseMemory<Scalar>(scratch, layout, control)
        var isOrdinary = true
        if table.pass == .filterGradient {
            control?.begin(blocks: sections.reduce(0) { $0 + at($1).gradientBlockCount })
            for section in sections where isOrdinary {
                isOrdinary = try at(section).gradients(first, second, result, memory, control)
            }
        } else {
            isOrdinary = try products(first, second, prepared: prepared, bias, result, memory, control)
        }
        try finish(first, second, bias, result, isOrdinary, scratch, control)
    }

    /// The pipeline at work on one section.
    private func at(_ section: PassTable) -> DensePipeline {
        var pipeline = self
        pipeline.table = section
        return pipeline
    }

    /// - Parameter isOrdinary: Whether the result is of use.
    func finish(
        _ first: Span<Scalar>, _ second: Span<Scalar>, _ bias: Span<Scalar>, _ result: SharedRegion<Scalar>,
        _ isOrdinary: Bool, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        guard isOrdinary else {
            return try careful.execute(first, second, bias: bias, into: result, scratch: scratch, control: control)
        }
        careful.structuralZeros?.apply(to: result, bias: bias)
        try problem.correctLargeBiases(first, second, bias, result, threads: layout.workers, control)
    }

    /// Runs blocks of one stage, unless the execution is cancelled: a call may be a single block of row pairs.
    func run(
        _ blocks: Int, _ memory: DenseMemory<Scalar>, _ body: @Sendable (_ block: Int, _ worker: Int) throws -> Void
    ) throws {
        let control = memory.control
        try Workers.run(count: layout.workers, blocks: blocks, .inShares) { block, worker in
            try control?.checkCancellation()
            try body(block, worker)
        }
    }

    var preparedByteCount: Int { layout.preparedByteCount }

    func prepare(
        _ filter: Span<Scalar>, into memory: SharedRegion<UInt8>, scratch: SharedRegion<UInt8>
    ) throws -> Bool {
        for group in 0..<problem.groups {
            for block in 0..<columnBlockCount {
                let workspace = DenseMemory<Scalar>(scratch, layout)
                let place = workspace.prepared(memory, layout, group: group, block: block)
                if block == 0 {
                    guard let scale = try measureFilters(filter, group, place) else { return false }
                    scale.store(place.filterScale)
                }
                let scale = CommonScale(place.filterScale)
                let taps = hasOuterAxis ? workspace.filters : place.wholeFilters
                try transformTaps(filter, group, columns(of: block), scale.exponent, into: taps, workspace)
                if hasOuterAxis { try transformBins(taps, into: place.wholeFilters) }
            }
        }
        return true
    }
}

/// The workspace of one execution, by the names of ``DenseLayout``.
struct DenseMemory<Scalar: ConvolutionScalar>: Sendable {
    private(set) var fields: SharedRegion<Scalar>
    let outputs: SharedRegion<Scalar>
    let filters: SharedRegion<Scalar>
    /// The whole spectra of a filter made ready, `[inner bin][position][depth][column]`.
    private(set) var wholeFilters: SharedRegion<Scalar>
    private(set) var facts: SharedRegion<Double>
    private(set) var negatives: SharedRegion<UInt8>
    private(set) var norms: SharedRegion<Double>
    /// The ``CommonScale`` of a filter made ready.
    private(set) var filterScale: SharedRegion<Double>
    private let scratch: SharedRegion<Scalar>
    private let scratchCount: Int
    fileprivate let control: ExecutionControl?

    init(_ memory: SharedRegion<UInt8>, _ layout: DenseLayout, _ control: ExecutionControl? = nil) {
        self.control = control
        fields = memory.region(layout.fields, of: Scalar.self)
        outputs = memory.region(layout.outputs, of: Scalar.self)
        filters = memory.region(layout.filters, of: Scalar.self)
        wholeFilters = filters
        facts = memory.region(layout.facts, of: Double.self)
        negatives = memory.region(layout.negatives, of: UInt8.self)
        norms = memory.region(layout.norms, of: Double.self)
        filterScale = norms
        scratch = memory.region(layout.scratch, of: Scalar.self)
        scratchCount = 2 * layout.scratchCount
    }

    func scratch(worker: Int) -> SharedRegion<Scalar> { scratch.slice(worker, count: scratchCount) }

    /// The same workspace with the fields of one group elsewhere: see DenseStep.swift.
    func keeping(_ kept: SharedRegion<UInt8>, _ layout: DenseLayout) -> DenseMemory {
        var memory = self
        memory.fields = kept.region(layout.fields, of: Scalar.self)
        memory.facts = kept.region(layout.keptFacts, of: Double.self)
        memory.negatives = kept.region(layout.keptNegatives, of: UInt8.self)
        return memory
    }

    /// The same workspace with one column block of one group of a filter made ready.
    func prepared(_ filter: SharedRegion<UInt8>, _ layout: DenseLayout, group: Int, block: Int) -> DenseMemory {
        let own = filter.slice(group, count: layout.preparedGroup)
        let start = layout.preparedFilters.offset + block * layout.preparedBlock
        var memory = self
        memory.norms = own.region(layout.preparedNorms, of: Double.self)
        memory.filterScale = own.region(layout.preparedScale, of: Double.self)
        memory.wholeFilters = own[start..<start + layout.preparedBlock].rebound(to: Scalar.self)
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
struct ExponentRange {
    private(set) var least: Int?
    private(set) var largest: Int?

    mutating func include(_ exponent: Int) {
        least = min(least ?? exponent, exponent)
        largest = max(largest ?? exponent, exponent)
    }

    /// Their common scale; `nil` where they are too far apart for one.
    func scale(_ range: ComfortableRange) -> CommonScale? {
        guard let least, let largest else { return CommonScale() }
        guard largest - least <= range.exponent else { return nil }
        let isComfortable = largest <= range.exponent && least >= -range.exponent
        return CommonScale(exponent: isComfortable ? 0 : largest, largest: largest)
    }
}

/// What some fields are scaled down by in common: nothing where their norms are comfortable, else the largest.
struct CommonScale: Equatable {
    static let stride = 2

    var exponent = 0
    /// The exponent of the largest norm before; far below all others if all are zero.
    var largest = -100_000

    init() {}

    init(exponent: Int, largest: Int) { (self.exponent, self.largest) = (exponent, largest) }

    init(_ region: SharedRegion<Double>) { (exponent, largest) = (Int(region[0]), Int(region[1])) }

    func store(_ region: SharedRegion<Double>) { (region[0], region[1]) = (Double(exponent), Double(largest)) }

    /// Whether sums of `terms` products with fields of another scale are surely so far from overflow that rounding alone cannot
    /// reach it; if not, the sums themselves must be looked at. (They are far from underflow: norms of one scale are within the
    /// comfortable range of each other.)
    func isSafe(with other: CommonScale, terms: Int, _ range: ComfortableRange) -> Bool {
        largest + other.largest + Int.bitWidth - terms.leadingZeroBitCount <= range.largestScaleExponent
    }
}

// MARK: - Fields

extension DensePipeline {
    func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }

    /// What is known of the fields of one row pair of a block.
    func facts(_ row: Int, _ memory: DenseMemory<Scalar>) -> FieldFacts {
        let count = layout.fieldCount * 2 * FieldFacts.stride
        return FieldFacts(memory.facts[row * count..<(row + 1) * count])
    }

    /// Whether each field of a row pair, real and imaginary part, holds a negative sample; row `rowBlock` is for all of them.
    func negatives(_ row: Int, _ memory: DenseMemory<Scalar>) -> SharedRegion<UInt8> {
        memory.negatives.slice(row, count: 2 * layout.fieldCount)
    }

    /// Loads up to eight channels from `first` on and notes what is known of them.
    ///
    /// - Parameter shift: The place of the fields' facts among those of the pair.
    /// - Returns: Whether all samples are finite.
    func load(
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
