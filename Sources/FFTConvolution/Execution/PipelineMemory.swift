internal import SpectralEngine

/// The workspace of one execution, by the names of ``SpectralLayout``.
struct PipelineMemory<Scalar: ConvolutionScalar>: Sendable {
    private(set) var spectra: SharedRegion<Scalar>
    /// The plane that the first of the spectra is of.
    private(set) var firstPlane = 0
    let fieldFacts: SharedRegion<Double>
    let norms: SharedRegion<Double>
    let planeFacts: SharedRegion<Double>
    let redo: SharedRegion<UInt8>
    private let entered: SharedRegion<UInt8>
    let tiles: SharedRegion<Scalar>
    let wholeSpectra: SharedRegion<Scalar>
    let scratch: SharedRegion<Scalar>
    let keptSpectra: SharedRegion<Scalar>
    let keptFacts: SharedRegion<Double>
    let keptNegatives: SharedRegion<UInt8>
    /// Planes of the result.
    private let planeCount: Int

    /// - Parameters:
    ///   - filters: Where all that is known of the filters is, if not in the workspace: in a filter made ready.
    ///   - spectra: Where their spectra are, if not there.
    init(
        _ scratch: SharedRegion<UInt8>, _ layout: SpectralLayout, filters: SharedRegion<UInt8>? = nil,
        spectra: SharedRegion<Scalar>? = nil
    ) {
        self.spectra =
            spectra ?? filters?.region(layout.spectra, of: Scalar.self)
            ?? scratch.region(layout.ownSpectra, of: Scalar.self)
        let filters = filters ?? scratch
        fieldFacts = scratch.region(layout.fieldFacts, of: Double.self)
        norms = filters.region(layout.norms, of: Double.self)
        planeFacts = filters.region(layout.planeFacts, of: Double.self)
        redo = scratch.region(layout.redo, of: UInt8.self)
        entered = scratch.region(layout.entered, of: UInt8.self)
        tiles = scratch.region(layout.tiles, of: Scalar.self)
        wholeSpectra = scratch.region(layout.wholeSpectra, of: Scalar.self)
        self.scratch = scratch.region(layout.scratch, of: Scalar.self)
        keptSpectra = scratch.region(layout.keptSpectra, of: Scalar.self)
        keptFacts = scratch.region(layout.keptFacts, of: Double.self)
        keptNegatives = scratch.region(layout.keptNegatives, of: UInt8.self)
        planeCount = layout.redo.byteCount / layout.slots
    }

    /// The same with place for the spectra of some planes only, in slot `index`: so that they stay near.
    func withSpectra(fromPlane first: Int, slot index: Int, count: Int) -> PipelineMemory {
        var memory = self
        memory.spectra = spectra.slice(index, count: count)
        memory.firstPlane = first
        return memory
    }

    /// What a worker makes ready once in an execution.
    enum Entry: Int { case memory, filters }

    func forgetEntries() { for index in 0..<entered.count { entered[index] = 0 } }

    /// Whether a worker has not made it ready yet; it has from now on.
    func enters(_ entry: Entry, worker: Int) -> Bool {
        let index = worker * AlignedBuffer.alignment + entry.rawValue
        guard entered[index] == 0 else { return false }
        entered[index] = 1
        return true
    }

    func forgetMarks() { for index in 0..<redo.count { redo[index] = 0 } }

    /// Marks a plane of the result as one that transforms cannot give. Every worker has marks of its own.
    func markForDirectSums(_ plane: Int, worker: Int) { redo[worker * planeCount + plane] = 1 }

    /// The marks of all workers, one byte for each plane; call it when no worker runs.
    func planesForDirectSums() -> SharedRegion<UInt8> {
        for index in planeCount..<max(redo.count, planeCount) where redo[index] != 0 { redo[index % planeCount] = 1 }
        return redo[0..<planeCount]
    }
}
