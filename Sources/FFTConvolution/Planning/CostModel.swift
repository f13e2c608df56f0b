internal import SpectralEngine

/// Predicts seconds from a recipe's numbers and a machine's rates. Pure arithmetic; nothing else decides.
package struct CostModel: Sendable {
    let machine: Machine

    package init(_ machine: Machine) { self.machine = machine }

    /// The direct reference: every multiplication of the problem, shared by the threads.
    func referenceTime(_ request: PlanRequest, workers: Int) -> Double {
        let rate = machine.referenceRate[request.precision] ?? 1e8
        return threaded(request.problem.multiplicationCount / rate, threads: workers)
    }

    /// `time` of work on one core, shared by threads that must first be started.
    func threaded(_ time: Double, threads: Int) -> Double {
        // A machine runs no more threads at once than it has cores, however many are asked for.
        let workers = Double(min(threads, machine.coreCount))
        return workers > 1 ? time / workers + machine.threadStartTime * (workers - 1) : time
    }
}

// MARK: - The spectral pipeline

extension CostModel {
    /// One execution of a tiled recipe: transforms, products and the movement of samples, shared by the workers.
    func tiledTime(
        _ table: PassTable, _ layout: SpectralLayout, _ request: PlanRequest, workers: Int
    ) -> Double {
        let problem = request.problem
        let (Cg, Kg, G) = (
            Double(problem.channelsPerGroup), Double(problem.filtersPerGroup), Double(problem.groups)
        )
        let pairs = Double(table.pairCount)
        let filterPairs = G * Cg * Kg / 2
        let shape = table.shape
        let points = Double(shape.pointCount)
        let wholeTransform = transformTime(shape, planes: shape.planes, rows: shape.rows, request.precision)
        let filterTransform = transformTime(
            shape, planes: table.filterBox.planes.count, rows: table.filterBox.rows.count, request.precision)
        let complex = Double(2 * request.precision.byteCount)

        // Fields that are gathered and transformed forward, results that are transformed back and scattered.
        let fields: Double
        let results: Double
        switch table.pass {
        case .forward: (fields, results) = (G * Cg, G * Kg)
        case .inputGradient: (fields, results) = (G * Kg, G * Cg)
        case .filterGradient: (fields, results) = (G * (Cg + Kg), 0)
        }
        let blocks =
            pairs
            * ((fields + results) * (wholeTransform + points * complex / machine.streamRate + machine.callTime)
                + G * Cg * Kg * (points * 2.5 * complex / machine.streamRate + machine.callTime))
        let filters = filterPairs * (filterTransform + points * 2 * complex / machine.streamRate + machine.callTime)

        // Work is dealt in whole blocks: the last round may leave workers idle.
        let blockCount = table.pass == .filterGradient ? G * Double(layout.chunkCount) : G * pairs
        let threads = max(min(Double(workers), Double(machine.coreCount), blockCount), 1)
        let imbalance = blockCount > 0 ? (blockCount / threads).rounded(.up) * threads / blockCount : 1
        return threaded(blocks * imbalance + filters, threads: Int(threads))
    }

    /// One complex transform of a tile, its row pass limited to some planes and rows.
    private func transformTime(_ shape: TileShape, planes: Int, rows: Int, _ precision: Precision) -> Double {
        let lineCount = Double(planes * rows)
        let time =
            lineCount * lineTime(shape.length, isAlone: shape.rows < 8)
            + Double(planes * shape.length) * stridedLineTime(shape.rows)
            + Double(shape.rows * shape.length) * stridedLineTime(shape.planes)
        let bytes = Double(shape.complexCount * 2 * precision.byteCount)
        let factor = bytes > Double(machine.cacheByteCount) ? machine.beyondCacheFactor : 1
        return time * factor * (precision == .float32 ? 1 : 2)
    }

    private func flops(_ length: Int) -> Double { 5 * Double(length) * Double(length).log2Bound }

    private func isPowerOfTwo(_ length: Int, upTo limit: Int) -> Bool { length <= limit && length & (length - 1) == 0 }

    private func lineTime(_ length: Int, isAlone: Bool) -> Double {
        if isAlone { return flops(length) / machine.singleLineRate }
        return flops(length) / (isPowerOfTwo(length, upTo: 128) ? machine.shortLineRate : machine.lineRate)
    }

    private func stridedLineTime(_ length: Int) -> Double {
        guard length > 1 else { return 0 }
        if isPowerOfTwo(length, upTo: 64) { return flops(length) / machine.shortColumnRate }
        if isPowerOfTwo(length, upTo: 128) { return flops(length) / machine.columnRate }
        return lineTime(length, isAlone: false) + Double(length) * machine.panelCopyTime
    }
}
