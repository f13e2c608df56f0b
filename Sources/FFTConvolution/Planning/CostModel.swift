internal import SpectralEngine

/// Predicts seconds from a recipe's numbers and a machine's rates. Pure arithmetic; nothing else decides.
package struct CostModel: Sendable {
    let machine: Machine

    package init(_ machine: Machine) { self.machine = machine }

    /// Multiplications that a result of the reference takes as long as, beside its own: 14 ns where one takes 2, in each of the three
    /// passes (575 calls, `Docs/Measurements/2026-11-27-volumes.md`).
    private static let resultMultiplications = 7.0

    /// The direct reference: every multiplication of the problem and every result, shared by the threads.
    func referenceTime(_ request: PlanRequest, workers: Int) -> Double {
        let rate = machine.referenceRate[request.precision] ?? 1e8
        let problem = request.problem
        let results =
            switch request.pass {
            case .forward: problem.outputCount
            case .inputGradient: problem.inputCount
            case .filterGradient: problem.filterCount
            }
        let terms = problem.multiplicationCount + Self.resultMultiplications * Double(results)
        return threaded(terms / rate, threads: workers)
    }

    /// `time` of work on one core, shared by threads that must first be started.
    func threaded(_ time: Double, threads: Int) -> Double {
        // A machine runs no more threads at once than it has cores, however many are asked for.
        let workers = Double(min(threads, machine.coreCount))
        return workers > 1 ? time / workers + machine.threadStartTime * (workers - 1) : time
    }
}

extension CostModel {
    /// Of `threads` workers as many as have enough to do when a call takes `time` on one core.
    func workersWorthWaking(_ time: Double, of threads: Int) -> Int {
        max(min(threads, Int(min(time / machine.leastShare, 1e6))), 1)
    }

    /// Seconds that a call which is shared is ranked behind its time: it must also do for one thread, and loses more than others where a core
    /// is held up. Of 891 passes on one thread, whose recipes are those of all cores, 95.3 % are within 10 % of the best in place of 93.4,
    /// and of 1218 on two as many as without (`Docs/Measurements/2026-11-28-channels.md`).
    private static let sharingRisk = 10e-6

    /// What a recipe is ranked by that takes `time` with so many workers.
    package func ranking(_ time: Double, workers: Int) -> Double { workers > 1 ? time + Self.sharingRisk : time }
}

// MARK: - The spectral pipeline

extension CostModel {
    /// Products that two groups' odd rows take beside one: passes of such layers were predicted at 0.82 of their time without
    /// (`Docs/Measurements/2026-11-27-steps.md`).
    private static let oddRowProducts = 1.0

    /// One execution of a tiled recipe: transforms, products and the movement of samples, shared by the workers.
    func tiledTime(
        _ table: PassTable, _ layout: SpectralLayout, _ request: PlanRequest, workers: Int
    ) -> Double {
        let problem = request.problem
        let (Cg, Kg, G) = (
            Double(problem.channelsPerGroup), Double(problem.filtersPerGroup), Double(problem.groups)
        )
        let stages = StageTimes(machine, table.shape, request.precision)
        guard !table.folds else { return foldedTime(table, stages, request, workers: workers) }
        let planes = G * Cg * Kg
        let product = stages.product * productDistance(table, layout, request.precision)
        // Sections load their fields anew.
        let loads = layout.sectioning.loads(problem)
        let (channelLoads, filterLoads) = (Double(loads.channels), Double(loads.filters))
        let filterBlocks = (planes / 2).rounded(.up)
        let blocks: Double
        let blockTime: Double
        // Of the largest block.
        var largestTime = 0.0
        let filterTime: Double
        var stageCount = layout.stageCount
        var copies = false
        switch table.pass {
        case .forward, .inputGradient:
            guard table.rowCount > 0 else { return 0 }
            let operand = table.pass == .forward ? PassTable.Operand.input : .outputGradient
            // Runs start anew: those that all groups are cut into, unless all workers share each block.
            let crew = crew(table.productBlockCount, workers, table, request)
            let runs = table.runCount(table.productBlockCount, workers: crew.blocks)
            // Each worker has a copy of its own.
            copies = SpectralLayout.copiesFilters(table, blocks: table.productBlockCount, crew)
            let carried = table.carriedPositions(starts: Double(runs - 1) / G)
            let outputs = Double(table.pass == .forward ? Kg : Cg)
            blocks = Double(table.productBlockCount)
            // Those of two groups' odd rows meet a whole spectrum for each operand.
            let odd = table.sharesOddRows ? Double(problem.groups / 2) / blocks : 0
            func time(_ first: TileExtents, _ kept: TileExtents) -> Double {
                (table.pass == .forward ? Cg * channelLoads : Kg * filterLoads)
                    * stages.forward(first, carried: carried) + outputs
                    * stages.inverse(kept)
                    + Cg * Kg * product * (1 + odd * Self.oddRowProducts)
            }
            blockTime = time(table.meanExtents(operand), table.meanExtents(.result))
            largestTime = time(table.largestExtents(operand), table.largestExtents(.result))
            filterTime =
                request.isFilterPrepared
                ? 0 : stages.forward(table.meanExtents(.filter)) + (planes > 1 ? 2 : 0.5) * stages.product
        case .filterGradient:
            guard table.rowCount > 0 else { return 0 }
            let carried = table.carriedPositions(starts: layout.keepsSpectra ? 0 : Double(layout.chunkCount - 1))
            func time(_ input: TileExtents, _ gradient: TileExtents) -> Double {
                Cg * channelLoads * stages.forward(input, carried: carried)
                    + Kg * filterLoads * stages.forward(gradient)
            }
            let transforms = time(table.meanExtents(.input), table.meanExtents(.outputGradient))
            filterTime =
                stages.inverse(table.meanExtents(.filter)) + 2 * Double(layout.chunkCount) * stages.product
            guard !layout.keepsSpectra else {
                // A block is a field of the many, in all chunks or one.
                blocks = G * max(Cg, Kg) * Double(layout.setCount == layout.chunkCount ? layout.chunkCount : 1)
                blockTime = Double(table.pairCount) * (transforms + Cg * Kg * product) * G / blocks
                stageCount = Int(min(2 * Double(table.pairCount) * (Cg + Kg) * G / blocks, 1e9).rounded(.up))
                break
            }
            // An odd row that shares its transforms with the next group's is half a pair of each.
            let sharedPairs = table.sharesOddRows ? Double(problem.groups / 2) / G : 0
            guard !layout.sumsAreLocal else {
                // Two groups, from loading to the gradients.
                let groups = 2.0
                let pairs = groups * (Double(table.pairCount) - sharedPairs)
                let time =
                    pairs * (transforms + Cg * Kg * product) + groups * Cg * Kg / 2 * filterTime
                    + groups * sharedPairs * product * Self.oddRowProducts
                return machine.transformEntries * machine.entryTime
                    + dealt(
                        time, (problem.groups + 1) / 2,
                        stages: Int(min(Double(stageCount) * pairs + groups * Cg * Kg, 1e9)), workers, table, request,
                        sharesUneven: false)
            }
            blocks = G * Double(layout.chunkCount)
            let pairs =
                pairsOfBlock(table, layout, request, workers: workers) - sharedPairs / Double(layout.chunkCount)
            stageCount = saturatingProduct(stageCount, Int(min(pairs, 1e9).rounded(.up)))
            blockTime =
                pairs * (transforms + Cg * Kg * product)
                + sharedPairs / Double(layout.chunkCount) * product * Self.oddRowProducts
            largestTime =
                time(table.largestExtents(.input), table.largestExtents(.outputGradient)) + Cg * Kg * product
        }
        return machine.transformEntries * machine.entryTime
            + dealt(
                blockTime, Int(min(blocks, 0x1p52)), largest: largestTime, stages: stageCount, workers, table, request)
            + (copies ? filterTime : dealt(filterTime, Int(filterBlocks), stages: 2, workers, table, request))
    }

    /// What a folded picture takes of what its stages would, relative to tiles that are not (`Docs/Measurements/2026-11-27-folded.md`).
    private static let foldedPictureCost = 0.91

    /// The same of a folded tile. What its lines meet is made where they are, and no spectrum is far.
    private func foldedTime(
        _ table: PassTable, _ stages: StageTimes, _ request: PlanRequest, workers: Int
    ) -> Double {
        // Of one made ready the lines are left.
        let filter =
            request.isFilterPrepared ? TileExtents(planes: 0, rows: 0, columns: 0) : table.meanExtents(.filter)
        let time =
            switch table.pass {
            case .forward:
                stages.forward(table.meanExtents(.input)) + stages.near.forward(filter)
                    + stages.inverse(table.meanExtents(.result))
            case .inputGradient:
                stages.forward(table.meanExtents(.outputGradient)) + stages.near.forward(filter)
                    + stages.inverse(table.meanExtents(.result))
            case .filterGradient:
                stages.forward(table.meanExtents(.input)) + stages.forward(table.meanExtents(.outputGradient))
                    + stages.near.inverse(filter)
            }
        // Two are loaded, one meets the other, and the result is stored.
        let share = table.shape.planes > 1 ? foldedVolumeCost(table, request) : Self.foldedPictureCost
        return machine.transformEntries * machine.entryTime
            + dealt(share * (time + stages.near.product), 1, stages: 4, workers, table, request)
    }

    private func foldedVolumeCost(_ table: PassTable, _ request: PlanRequest) -> Double {
        let caches = Double(2 * request.precision.byteCount * table.shape.tileCount) / Double(machine.cacheByteCount)
        let far = min(max(caches, 1).log2Bound, 1)
        return machine.foldedVolumeCost + far * (machine.farFoldedVolumeCost - machine.foldedVolumeCost)
    }

    /// How many times as long a product takes for where the spectra lie that one block meets: filters' are read, sums are read and
    /// written, each time.
    private func productDistance(_ table: PassTable, _ layout: SpectralLayout, _ precision: Precision) -> Double {
        let (Cg, Kg) = (table.problem.channelsPerGroup, table.problem.filtersPerGroup)
        // A single one is as far as the tile itself, which `StageTimes` knows.
        guard Cg * Kg > 1 else { return 1 }
        // Of a filter half is kept, of a gradient's sum all; a field's sums stay near beside spectra that are kept, which it goes through.
        let isGradient = table.pass == .filterGradient
        let spectra = layout.keepsSpectra ? Double(layout.keptPairs + 1) * Double(min(Cg, Kg)) : Double(Cg) * Double(Kg)
        let bytes =
            Double(isGradient ? 2 : 1) * spectra * Double(table.shape.pointCount) * Double(precision.byteCount)
        // One core's part of the last cache, and what its own leaves beside tiles.
        let isFar = bytes > 16 * Double(machine.cacheByteCount)
        let isNear = bytes <= Double(machine.cacheByteCount) / 3
        guard isGradient else {
            let share = min(max(bytes / Double(machine.cacheByteCount) - 2, 0) / 4, 1)
            return max(1 + share * (machine.lastCacheProductCost - 1), isFar ? machine.farProductCost : 1)
        }
        return isNear ? 1 : isFar ? machine.farGradientCost : machine.sharedGradientCost
    }

    /// Those who share blocks, for so many workers: not the layout's crew, which is for the threads that were asked for, and the time on
    /// all cores must not depend on them.
    private func crew(
        _ blocks: Int, _ workers: Int, _ table: PassTable, _ request: PlanRequest, sharesUneven: Bool = true
    ) -> Crew {
        Crew(
            blocks: blocks, workers: max(min(workers, machine.coreCount), 1), table.shape, request.precision,
            sharesUneven: sharesUneven)
    }

    /// Row pairs of one block of a filter gradient: of one among equal blocks that keep the busiest worker as long.
    private func pairsOfBlock(
        _ table: PassTable, _ layout: SpectralLayout, _ request: PlanRequest, workers: Int
    ) -> Double {
        let (pairs, chunks) = (Double(table.pairCount), Double(layout.chunkCount))
        let cores = Double(max(min(workers, machine.coreCount), 1))
        let blocks = layout.chunkCount * table.problem.groups
        guard cores > 1, crew(blocks, workers, table, request).team == 1 else { return pairs / chunks }
        // Chunks differ by one pair.
        let groups = Double(table.problem.groups)
        let most = max((pairs / chunks).rounded(.up), (pairs * groups / cores).rounded(.up))
        return most / (groups * chunks / cores).rounded(.up)
    }

    /// The same with a matrix product for each bin.
    func denseTime(_ table: PassTable, _ dense: DenseLayout, _ request: PlanRequest, workers: Int) -> Double {
        let problem = request.problem
        let (Cg, Kg, G) = (
            Double(problem.channelsPerGroup), Double(problem.filtersPerGroup), Double(problem.groups)
        )
        func padded(_ count: Double) -> Double { (count / 8).rounded(.up) * 8 }
        let pairs = Double(table.pairCount)
        let channels = dense.channels
        let points = Double(channels.pointCount)
        let half = Double(channels.halfCount)
        let scale = (request.precision == .float32 ? 1.0 : 2.0) / machine.coreSpeed
        // Every axis is a pass along the channels; every point is packed or unpacked, and its bin written or read.
        let axes = [channels.extents.planes, channels.extents.rows, channels.extents.length].filter { $0 > 1 }
        let passes = axes.reduce(0.0) { $0 + channelPass($1) }
        let spectra = Double(dense.fields.byteCount) + Double(dense.outputs.byteCount)
        let distance = max(spectra / (machine.farChannelCaches * Double(machine.cacheByteCount)), 1).log2Bound
        let farness =
            machine.farChannelDoublings > 0 ? min(distance, machine.farChannelDoublings) : distance > 0 ? 1 : 0
        let panelBytes = Double(channels.panelCount * 2 * request.precision.byteCount)
        let move =
            machine.channelMoveTime * (1 + max(panelBytes / Double(1 << 18), 1).log2Bound * machine.farPanelCost)
            + farness * machine.farChannelTime
        let rows = Double(channels.extents.planes * channels.extents.rows)
        let rowTime = (rows + machine.channelTileCost) * machine.channelRowTime
        let loaded = (points * (passes + move) + rowTime) * scale
        let stored = (points * (passes + move) + rowTime * machine.storedRowCost) * scale
        let loads = dense.sectioning.loads(problem)
        let multiplications: Double
        let calls: Double
        let filterTime: Double
        let columns: Double
        switch table.pass {
        case .forward, .inputGradient:
            let (depth, outputs) = table.pass == .forward ? (Cg, padded(Kg)) : (Kg, padded(Cg))
            let product = binProduct(rows: pairs, columns: outputs)
            (multiplications, calls) = (points * depth * product.columns, points * product.blocks)
            columns = depth * outputs
        case .filterGradient:
            columns = Double(dense.gradientRows * dense.gradientColumns) * Double(loads.channels * loads.filters)
            (multiplications, calls) = (points * pairs * columns * machine.binGradientCost, points)
        }
        // Products over the taps, one axis after the other: with real taps, or for two opposite bins at once, and with all in the
        // nearest cache, at less than half of the price. What lies between the inner axes and the outer one is written and read, then
        // the bins.
        let isGradient = table.pass == .filterGradient
        let (taps, extents) = (channels.taps, channels.extents)
        let innerCount = Double(channels.outer.innerCount * channels.outer.taps)
        let inner =
            Double(taps.planes * taps.rows * taps.length) * Double(channels.halfLength) * 0.45
            + (extents.planes > 1 ? Double(taps.planes * taps.rows * extents.rows) * Double(channels.halfLength) : 0)
        let outer = extents.rows > 1 ? Double(channels.outer.taps) * half * 0.45 : 0
        let written = innerCount * machine.filterTapTime * (isGradient ? machine.gradientTapCost : 1)
        let planeCost = isGradient ? machine.gradientPlaneCost : 1
        // Every block of row pairs meets all bins of the filters; where columns come in blocks, these start from the taps each
        // time.
        let blocks = (pairs / Double(dense.rowBlock)).rounded(.up)
        let tapBlocks = !isGradient && dense.columnBlock < dense.columns ? blocks : 1
        if request.isFilterPrepared {
            // Spectra are read from memory, two elements a bin.
            filterTime = blocks * columns * half * 2 * machine.farElementTime
        } else {
            // Taps are read, and what lies between the axes is written and read: dearer by doublings, three at most, where no cache has room.
            let read = Double(channels.taps.planes * channels.taps.rows * channels.taps.length) + 2 * innerCount
            let caches = columns * read * Double(request.precision.byteCount) / Double(machine.cacheByteCount)
            let far = min(max(caches / machine.farElementCaches, 1).log2Bound, 3) * machine.farTapCost
            filterTime =
                columns * tapBlocks * far * read * machine.farElementTime
                + columns
                * (tapBlocks * (planeCost * (inner * machine.productRate + machine.filterPlaneTime) + written)
                    + blocks * (outer * machine.productRate + half * machine.filterTime))
        }
        let transforms =
            pairs
            * (padded(Cg) * Double(loads.channels) * (table.pass == .inputGradient ? stored : loaded)
                + padded(Kg) * Double(loads.filters) * (table.pass == .forward ? stored : loaded))
        let products = multiplications * machine.productRate * scale + calls * machine.binCalls * machine.callTime
        let all = G * (transforms + products + filterTime * scale)
        let threads = max(min(Double(workers), Double(machine.coreCount)), 1)
        return machine.matrixEntries * machine.entryTime + all / threads
            + (threads > 1 ? G * 4 * machine.threadStartTime : 0)
    }

    /// A bin's product with so many rows and columns, for each step of its depth, in multiply-adds; and in how many blocks of rows it runs.
    ///
    /// Each row meets some columns more, for what it reads. Blocks of a row or two have up to four vectors of eight columns, others two;
    /// fewer than four sums wait for each other.
    private func binProduct(rows: Double, columns: Double) -> (columns: Double, blocks: Double) {
        let blocks = (rows / 6).rounded(.up)
        let each = rows / max(blocks, 1)
        let sums = each * min(columns / 8, each > 2 ? 2 : 4)
        let waited = blocks * max(4 - sums, 0) * 8
        return (rows * (columns + machine.binReadColumns) + waited * machine.binWaitCost, blocks)
    }

    /// One point of a pass along eight channels: what it takes to move it, and its multiply-adds; or FFTW's time.
    private func channelPass(_ length: Int) -> Double {
        guard length <= ShortLines.longest else {
            return machine.channelPassTime * (length == 128 ? machine.codeletChannelPass : machine.longChannelPass)
        }
        let terms = ShortLines.multiplications(length)
        return ShortLines.isStraight(length)
            ? machine.channelPassTime + terms * machine.channelTermTime * machine.straightTermCost
            : machine.channelPassTime * machine.loopPassCost + terms * machine.channelTermTime
    }

    /// Blocks of `time` each in the mean, shared by workers.
    ///
    /// - Parameters:
    ///   - largest: Time of the largest one.
    ///   - stages: Of a block.
    private func dealt(
        _ time: Double, _ blocks: Int, largest: Double = 0, stages: Int, _ workers: Int, _ table: PassTable,
        _ request: PlanRequest,
        sharesUneven: Bool = true
    ) -> Double {
        let crew = crew(blocks, workers, table, request, sharesUneven: sharesUneven)
        // A team meets after each stage of a block, awake; else the last round of blocks may leave workers idle.
        if crew.team > 1 {
            let meetings = Double(stages) * machine.meetingCost * machine.threadStartTime
            // Each has a part of the tile in its own cache.
            let nearer =
                machine.distanceCost(table.shape, request.precision, team: crew.team)
                / machine.distanceCost(table.shape, request.precision)
            return Double(blocks) * (time / Double(crew.team) * machine.teamCost * nearer + meetings)
        }
        let rounds = (blocks + crew.blocks - 1) / crew.blocks
        return max(Double(rounds) * time, largest) + machine.threadStartTime * Double(crew.blocks - 1)
    }
}
