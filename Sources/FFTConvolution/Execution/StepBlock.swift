internal import SpectralEngine

// What blocks of a training step keep of their fields, and what they do with it: see SpectralStep.swift.

/// Where the spectra of an operand's fields are kept, and what is known of them: for every pair of rows of every group.
struct KeptPlaces {
    private let spectra: Booking
    private let facts: Booking
    /// Pairs of rows of a group that are its own, where the last one may be shared with the next group; its fields, and complex elements of
    /// a spectrum.
    private let pairCount: Int
    private let groupCount: Int
    private let fieldCount: Int
    private let spectrumCount: Int

    /// - Parameter fields: Of a group.
    init(_ layout: inout WorkspaceLayout, _ table: PassTable, groups: Int, fields: Int, _ precision: Precision) {
        (fieldCount, spectrumCount, groupCount) = (fields, table.shape.spectrumCount, groups)
        pairCount = table.sharesOddRows ? table.pairCount - 1 : table.pairCount
        let blocks = saturatingProduct(groups, pairCount) + (table.sharesOddRows ? (groups + 1) / 2 : 0)
        spectra = layout.book(blocks, fieldCount, spectrumCount, bytesEach: 2 * precision.byteCount)
        facts = layout.book(blocks, fieldCount, KeptFacts.count, bytesEach: 8)
    }

    /// Bytes of the spectra of so many fields, of all groups.
    static func byteCount(_ table: PassTable, fields: Int, _ precision: Precision) -> Int {
        saturatingProduct(fields, table.pairCount, table.shape.spectrumCount, 2 * precision.byteCount)
    }

    func block<Scalar: ConvolutionScalar>(
        _ group: Int, _ pair: Int, _ memory: SharedRegion<UInt8>
    ) -> KeptBlock<Scalar> {
        let index = pair < pairCount ? group * pairCount + pair : groupCount * pairCount + group / 2
        let facts = memory.region(facts, of: Double.self).slice(index, count: fieldCount * KeptFacts.count)
        let norms = fieldCount * 2 * FieldFacts.stride
        return KeptBlock(
            spectra: memory.region(spectra, of: Scalar.self).slice(index, count: 2 * fieldCount * spectrumCount),
            facts: FieldFacts(facts[0..<norms]), negatives: facts[norms..<norms + 2 * fieldCount],
            isFar: spectra.byteCount > Self.nearLimit)
    }

    /// Bytes that scratch may hold: as much as the pool of workspaces keeps for the next step.
    static let scratchLimit = 256 << 20
    /// Bytes of spectra that may still be in a cache when they are read.
    static let nearLimit = 4 << 20
}

/// Doubles for each kept field: see ``FieldFacts``, and whether each partner holds a negative sample.
private enum KeptFacts {
    static let count = 2 * FieldFacts.stride + 2
}

/// The spectra of an operand's fields in one pair of rows, and what is known of them.
struct KeptBlock<Scalar: ConvolutionScalar> {
    let spectra: SharedRegion<Scalar>
    let facts: FieldFacts
    private let negatives: SharedRegion<Double>
    /// Whether what is kept is too much for caches.
    let isFar: Bool

    init(spectra: SharedRegion<Scalar>, facts: FieldFacts, negatives: SharedRegion<Double>, isFar: Bool) {
        (self.spectra, self.facts, self.negatives, self.isFar) = (spectra, facts, negatives, isFar)
    }

    var fieldCount: Int { negatives.count / 2 }

    func note(isNegative: (Bool, Bool), field: Int) {
        (negatives[2 * field], negatives[2 * field + 1]) = (isNegative.0 ? 1 : 0, isNegative.1 ? 1 : 0)
    }

    /// Whether a partner of a field holds a negative sample.
    func isNegative(field: Int, part: Int) -> Bool { negatives[2 * field + part] != 0 }
    func isNegative(field: Int) -> Bool { isNegative(field: field, part: 0) || isNegative(field: field, part: 1) }
}

/// Where an input gradient's block sums the products of the filter gradient.
struct SumsBeside<Scalar: ConvolutionScalar> {
    let pipeline: SpectralPipeline<Scalar>
    let memory: PipelineMemory<Scalar>
    /// The group of the block; of two, whose odd rows share transforms, the first one.
    let group: Int
    let isGroupPair: Bool
    let chunk: Int
    /// Whether they hold anything.
    let accumulate: Bool
}

/// What one block of a training step does for other passes: it keeps the spectra of its fields, or in the input gradient sums their
/// products with kept ones for the filter gradient.
struct StepBlock<Scalar: ConvolutionScalar> {
    /// What it keeps, or what its fields are multiplied with.
    private let kept: KeptBlock<Scalar>
    private let mark: SharedRegion<UInt8>
    private let sums: SumsBeside<Scalar>?

    init(_ kept: KeptBlock<Scalar>, _ mark: SharedRegion<UInt8>, _ sums: SumsBeside<Scalar>?) {
        (self.kept, self.mark, self.sums) = (kept, mark, sums)
    }

    func note(isNegative: (Bool, Bool), field: Int) {
        guard let sums else { return kept.note(isNegative: isNegative, field: field) }
        func note(_ isNegative: Bool, _ group: Int) {
            if isNegative { sums.pipeline.noteNegative(group, filter: field, chunk: sums.chunk, sums.memory) }
        }
        note(isNegative.0, sums.group)
        note(isNegative.1, sums.isGroupPair ? sums.group + 1 : sums.group)
    }

    /// Notes that nothing can be shared.
    func giveUp() { mark[0] = 1 }

    /// Where the spectra of its fields are kept, and that of one.
    var keptSpectra: SharedRegion<Scalar>? { sums == nil ? kept.spectra : nil }
    func keptSpectrum(_ i: Int) -> SharedRegion<Scalar>? {
        keptSpectra?.slice(i, count: kept.spectra.count / kept.fieldCount)
    }

    /// What is done with the spectrum of a field, if it is as ordinary as most are; if not, that is of no use.
    func use(field i: Int) -> SpectrumUse<Scalar> {
        keptSpectrum(i).map { .keep($0, isFar: kept.isFar) } ?? products(field: i)
    }

    /// Its products for the filter gradient.
    func products(field i: Int) -> SpectrumUse<Scalar> {
        guard let sums, !sums.isGroupPair else { return .none }
        return sums.pipeline.sumsBeside(
            sums.group, filter: i, chunk: sums.chunk, x: kept, accumulate: sums.accumulate, sums.memory)
    }

    /// The products of two groups' odd rows for their filter gradients.
    ///
    /// - Parameter whole: The spectrum of the only field.
    func addPairProducts(with whole: SharedRegion<Scalar>, _ facts: FieldFacts) {
        guard let sums, sums.isGroupPair, let scale = sums.pipeline.oddScale(kept.facts, facts, .ordinary) else {
            return
        }
        let products = sums.pipeline.oddProducts(
            sums.group, sums.chunk, scale, with: whole, accumulate: sums.accumulate, sums.memory)
        sums.pipeline.transform.apply(products, to: kept.spectra)
    }

    /// Now that all fields are known: gives up if what was done with them is of no use.
    func settle(isPair: Bool, _ facts: FieldFacts, isOrdinary: Bool) {
        guard isOrdinary else { return giveUp() }
        guard let sums else { return facts.copy(to: kept.facts) }
        let isFine =
            sums.isGroupPair
            ? sums.pipeline.noteOddSums(sums.group, sums.chunk, x: kept, g: facts, sums.memory)
            : sums.pipeline.noteSums(sums.group, isPair: isPair, chunk: sums.chunk, x: kept, g: facts, sums.memory)
        if !isFine { giveUp() }
    }
}
