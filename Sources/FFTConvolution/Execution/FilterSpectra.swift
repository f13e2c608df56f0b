internal import SpectralEngine
internal import Synchronization

// Filters are transformed two at a time: packed, transformed once, untangled into two half spectra; one that is left alone
// needs half of the lines only. Each of a pair is
// scaled to equal magnitude before, and back after; what stays is the scale of its output, so that all filters that are
// summed into one output keep their proportions.
//
// `norms` holds fraction and exponent of every filter's norm; `planeFacts` two Doubles for each output o (a filter in
// the forward pass, an input channel in the input gradient): the exponent its filters are scaled down by, and whether
// none of them has a negative tap.

extension SpectralPipeline {
    var outputsPerGroup: Int { table.outputsPerGroup }

    /// The filter plane that output `o` of a group sums with its field `i`.
    func filterPlane(_ group: Int, output o: Int, field i: Int) -> Int {
        table.pass == .forward ? (group * Kg + o) * Cg + i : (group * Kg + i) * Cg + o
    }

    private func output(ofFilterPlane plane: Int) -> Int {
        table.pass == .forward ? plane / Cg : plane / Cg / Kg * Cg + plane % Cg
    }

    /// Fills `spectra`, `norms` and `planeFacts`.
    ///
    /// - Returns: Whether a tap is not finite.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func transformFilters(
        _ filters: Span<Scalar>, _ memory: PipelineMemory<Scalar>, _ control: ExecutionControl?
    ) throws -> Bool {
        let hasNonFinite = try measureFilters(filters, memory)
        try Workers.run(count: layout.filterCrew.blocks, blocks: filterBlockCount) { pair, worker in
            transformFilterPair(2 * pair, filters, memory, worker: worker, sanitising: hasNonFinite)
            try control?.completeBlock()
        }
        return hasNonFinite
    }

    /// Fills `norms` and `planeFacts`.
    ///
    /// - Returns: Whether a tap is not finite.
    func measureFilters(_ filters: Span<Scalar>, _ memory: PipelineMemory<Scalar>) throws -> Bool {
        let taps = problem.axes.reduce(1) { $0 * $1.filter }
        let hasNonFinite = Atomic(false)
        let negatives = memory.planeFacts
        for index in 0..<negatives.count { negatives[index] = index % 2 == 0 ? -.infinity : 1 }
        try Workers.run(count: layout.filterCrew.blocks * layout.filterCrew.team, blocks: problem.filters) { k, _ in
            for plane in k * Cg..<(k + 1) * Cg {
                let start = table.filterPlane(plane) * taps
                let norm = measure(filters, start..<start + taps)
                // The sign of the fraction keeps whether a tap is negative until all norms are known.
                memory.norms[2 * plane] = norm.hasNegative ? -norm.fraction : norm.fraction
                memory.norms[2 * plane + 1] = Double(norm.exponent)
                if norm.nonFiniteCount > 0 { hasNonFinite.store(true, ordering: .relaxed) }
            }
        }
        scaleOutputs(memory)
        return hasNonFinite.load(ordering: .relaxed)
    }

    /// The scale and the sign of every output's filters.
    private func scaleOutputs(_ memory: PipelineMemory<Scalar>) {
        var isComfortable = true
        for plane in 0..<problem.filters * Cg {
            let o = output(ofFilterPlane: plane)
            let (fraction, exponent) = (memory.norms[2 * plane], memory.norms[2 * plane + 1])
            if fraction != 0 {
                memory.planeFacts[2 * o] = max(memory.planeFacts[2 * o], exponent)
                if abs(exponent) > Double(comfortable.exponent) { isComfortable = false }
            }
            if fraction < 0 { memory.planeFacts[2 * o + 1] = 0 }
            memory.norms[2 * plane] = fraction.magnitude
        }
        if table.pairsGroups { shareScales(memory) }
        for o in 0..<memory.planeFacts.count / 2 where isComfortable || memory.planeFacts[2 * o] == -.infinity {
            memory.planeFacts[2 * o] = 0
        }
    }

    /// Gives the outputs that may share a transform one scale, as far as it keeps both from underflow: so their proportion, and
    /// with it every bit, does not depend on whether filters are scaled. Unscaled ones are never further apart.
    private func shareScales(_ memory: PipelineMemory<Scalar>) {
        for o in stride(from: 0, to: problem.groups - 1, by: 2) {
            let (first, second) = (memory.planeFacts[2 * o], memory.planeFacts[2 * o + 2])
            guard abs(first - second) <= Double(2 * comfortable.exponent) else { continue }
            (memory.planeFacts[2 * o], memory.planeFacts[2 * o + 2]) = (max(first, second), max(first, second))
        }
    }

    /// Whether no filter had to be scaled.
    func hasComfortableFilters(_ memory: PipelineMemory<Scalar>) -> Bool {
        for plane in 0..<problem.filters * Cg where memory.norms[2 * plane] != 0 {
            if abs(memory.norms[2 * plane + 1]) > Double(comfortable.exponent) { return false }
        }
        return true
    }

    /// The memory with a worker's own spectra of the filters, which it makes when it first comes to them.
    func withOwnFilters(
        _ filters: Span<Scalar>, _ memory: PipelineMemory<Scalar>, worker: Int, sanitising: Bool
    ) -> PipelineMemory<Scalar> {
        let count = 2 * problem.filters * Cg * shape.halfCount
        let own = memory.withSpectra(fromPlane: 0, slot: worker, count: count)
        if memory.enters(.filters, worker: worker) {
            transformFilterPair(0, filters, own, worker: worker, sanitising: sanitising)
        }
        return own
    }

    /// Transforms filters `plane` and the next one.
    func transformFilterPair(
        _ plane: Int, _ filters: Span<Scalar>, _ memory: PipelineMemory<Scalar>, worker: Int, sanitising: Bool
    ) {
        let partner = plane + 1 < problem.filters * Cg ? plane + 1 : nil
        func exponent(_ plane: Int) -> Int? {
            memory.norms[2 * plane] == 0 ? nil : Int(memory.norms[2 * plane + 1])
        }
        let packed = packingExponents(exponent(plane), partner.flatMap(exponent), comfortable)
        enter(memory, worker: worker)
        let team = team(layout.filterCrew, worker: worker, memory)
        let tile = table.meetsOnce ? memory.spectra : tile(0, worker: worker, memory)
        // What lies beside its lines is transformed with them.
        if table.meetsOnce, shape.hasPartialPanels { clear(tile) }
        _ = transform.load(
            filters, WindowPair(table.filterWindow(plane), partner.map { table.filterWindow($0) }), into: tile,
            exponents: (-packed.0, -packed.1), sanitising: sanitising, team)
        func scale(_ plane: Int) -> Int { Int(memory.planeFacts[2 * output(ofFilterPlane: plane)]) }
        // It has a scale of its own, and is scaled alike wherever it is met.
        if table.meetsOnce { return }
        guard let partner else {
            return transform.transformHalf(
                tile, table.filterBox, into: spectrum(plane, memory), exponent: packed.0 - scale(plane), team)
        }
        let whole = wholeSpectrum(worker: worker, memory)
        transform.transformLines(tile, table.filterBox, into: whole, team)
        shape.untangle(
            whole, into: spectrum(plane, memory), spectrum(partner, memory),
            exponents: (packed.0 - scale(plane), packed.1 - scale(partner)))
        // A filter of zeros must not inherit the rounding of its partner.
        if memory.norms[2 * plane] == 0 { clear(spectrum(plane, memory)) }
        if memory.norms[2 * partner] == 0 { clear(spectrum(partner, memory)) }
    }
}
