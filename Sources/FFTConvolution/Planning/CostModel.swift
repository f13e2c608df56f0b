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
        let shape = table.shape
        let points = Double(shape.pointCount)
        let wholeTransform = transformTime(shape, box: nil, request.precision)
        let filterTransform = transformTime(shape, box: table.filterBox, request.precision)
        let complex = Double(2 * request.precision.byteCount)

        // Fields that are gathered and transformed forward, results that are transformed back and scattered.
        let fields: Double
        let results: Double
        switch table.pass {
        case .forward: (fields, results) = (G * Cg, G * Kg)
        case .inputGradient: (fields, results) = (G * Kg, G * Cg)
        case .filterGradient: (fields, results) = (G * (Cg + Kg), 0)
        }
        // A gather or scatter moves each point once in and once out, a product reads one and a half and writes one.
        let rows = Double(shape.planes * shape.rows) * machine.rowTime
        let moved = points * 1.5 * complex / machine.streamRate + rows + machine.callTime
        let multiplied = points * 2.5 * complex / machine.streamRate + rows + machine.callTime
        let blocks = pairs * ((fields + results) * (wholeTransform + moved) + G * Cg * Kg * multiplied)
        // Work is dealt in whole blocks: the last round may leave workers idle.
        let blockCount = table.pass == .filterGradient ? G * Double(layout.chunkCount) : G * pairs
        let filterBlocks = (G * Cg * Kg / 2).rounded(.up)
        let filters = filterBlocks * (filterTransform + moved + multiplied)
        return dealt(blocks, blockCount, workers) + dealt(filters, filterBlocks, workers)
    }

    /// `time` of work in equal blocks, dealt to workers.
    private func dealt(_ time: Double, _ blocks: Double, _ workers: Int) -> Double {
        let threads = max(min(Double(workers), Double(machine.coreCount), blocks), 1)
        let imbalance = blocks > 0 ? (blocks / threads).rounded(.up) * threads / blocks : 1
        return threaded(time * imbalance, threads: Int(threads))
    }

    /// One complex transform of a tile; of a filter's, lines of the first pass that are all zero are left out.
    private func transformTime(_ shape: TileShape, box: TileBox?, _ precision: Precision) -> Double {
        let points = Double(shape.pointCount)
        let lengths = shape.passLengths
        let isLine = shape.planes * shape.rows == 1
        var time = 0.0
        if isLine, lengths.count <= 1 {
            time = 5 * points * points.log2Bound / machine.lineRate
        } else {
            for (turn, length) in lengths.enumerated() {
                let isFirst = turn == 0 && !isLine
                let share = isFirst && box != nil ? Double(box?.columns.count ?? 1) / Double(shape.length) : 1
                time += points * share * passTime(length)
            }
            // A long line is rotated between its passes, and copied back once more.
            if isLine { time += points * machine.rotationTime }
        }
        // Two buffers and the filter's half spectrum should be near; each doubling beyond the cache costs.
        let bytes = points * 2.5 * Double(2 * precision.byteCount)
        let excess = max(bytes / Double(machine.cacheByteCount), 1).log2Bound
        let factor = 1 + machine.beyondCacheCost * excess
        return time / machine.coreSpeed * factor * (precision == .float32 ? 1 : 2)
    }

    /// Seconds for each point of a pass over lines of a length.
    private func passTime(_ length: Int) -> Double {
        let known = TransformLength.passTimes
        if let found = known.first(where: { $0.length >= length }) { return found.nanoseconds * 1e-9 }
        // Beyond 1024 points as the slower lengths of the table; such lines are rare in a tile.
        return 1.8e-9
    }
}
