internal import SpectralEngine

// What direct sums cost. Everything is counted from a recipe's layout; the rates are the machine's.

extension CostModel {
    /// Seconds of one execution on one core.
    func directTime(_ layout: any DirectLayout, _ request: PlanRequest) -> Double {
        let scale = (request.precision == .float32 ? 1.0 : 2.0) / machine.coreSpeed
        let problem = request.problem
        let elements = Double(problem.inputCount) + Double(problem.outputCount) + Double(problem.filterCount)
        let caches = elements * Double(request.precision.byteCount) / Double(machine.cacheByteCount)
        let each =
            machine.elementTime + farness(caches / machine.streamedCaches)
            * (machine.farElementTime - machine.elementTime)
        return (layout.workTime(self) + elements * each) * scale + layout.entries * machine.entryTime
    }

    /// From caches, so many times one core's, to memory: within a doubling.
    private func farness(_ caches: Double) -> Double {
        min(max(caches / machine.farElementCaches, 1).log2Bound, 1)
    }

    /// The same shared by workers, who meet twice or three times.
    func shared(_ time: Double, workers: Int) -> Double {
        let cores = max(min(workers, machine.coreCount), 1)
        return time / Double(cores) + (cores > 1 ? 2 * machine.threadStartTime : 0)
    }

    /// Lanes of a f32 vector that stencils fill.
    private static let lanes = 16

    func stencilTime(_ layout: StencilLayout) -> Double {
        let geometry = layout.geometry
        let planes =
            Double(geometry.problem.batch * geometry.problem.groups) * Double(geometry.sourcesPerGroup)
        var (time, added, spread) = (0.0, 0.0, 0.0)
        for (index, set) in geometry.sets.enumerated() {
            let (rows, columns) = (layout.rowCuts[index], layout.columnCuts[index])
            let vectors = Double((columns.largest + Self.lanes - 1) / Self.lanes * columns.pieces)
            let depths = layout.depthCuts[index]
            let bands = Double(rows.pieces * columns.pieces)
            var sums = 0.0
            for part in set.parts {
                let pairs = part.row.pairs(results: set.rows.count, extent: geometry.source.rows)
                // Of results along the depth with their taps; and what they are sums of, each a call for each band.
                let layers = part.depth.pairs(results: set.depths.count, extent: geometry.source.depth)
                let blocks = part.tapBlocks
                let together = blocks.layers(part.depth.taps.count)
                let calls = layers * Double(together.pieces) / Double(max(together.count, 1)) * Double(blocks.count)
                sums += calls / Double(max(set.depths.count, 1))
                // Neighbouring bands read the same rows.
                let reach = Double(rows.pieces) * Double(part.row.taps.count - 1)
                let loaded = (Double(set.rows.count) + reach) * vectors
                let taps = Double(part.column.taps.count)
                let loads = loaded + Double(set.rows.count) * Double(blocks.rows.pieces - 1) * vectors
                let narrowness = vectors == 1 && part.depth.taps.count > 1 ? machine.narrowStencilCost : 1
                let each =
                    layers
                    * (pairs * vectors * taps * machine.stencilTime * narrowness
                        + loads * taps * machine.stencilLoadTime)
                    + calls * bands * machine.stencilCallTime
                // Results that do not lie side by side are summed one plane after the other, sources packed for each, and spread.
                let isSpread = set.columns.step != 1
                let packings = isSpread ? Double(geometry.resultsPerGroup) : 1
                time += Double(geometry.resultsPerGroup) * each
                // Where every tap meets a sample side by side with the last one's, sources are read where they lie.
                let inside = part.column.inside(geometry.source.columns)
                let isInPlace =
                    part.column.step == 1 && inside.lowerBound <= 0
                    && inside.upperBound >= set.columns.count + part.column.taps.count - 1
                // Layers that several results share are packed once for each run of them.
                let packed = depths.largest > 1 ? packedLayers(part.depth, depths, geometry.source.depth) : layers
                time += isInPlace ? 0 : packings * packed * (bands * machine.stencilCallTime + loaded * machine.padTime)
            }
            let results = Double(geometry.resultsPerGroup) * Double(set.rows.count * set.depths.count) * vectors
            // All sums of a result but the first are added to it. A band that does not stay in the nearest cache comes back for every sum.
            let more = max(Double(geometry.sourcesPerGroup) * sums - 1, 0)
            let isNear = rows.largest * columns.largest * layout.precision.byteCount <= 16 << 10
            added += results * more * (isNear ? machine.nearAddCost : 1)
            if set.columns.step != 1 { spread += results * Double(Self.lanes) }
        }
        let planeSets = Double(geometry.problem.batch * geometry.problem.groups)
        return planes * time + Double(layout.bandCount) * Self.bandCalls * machine.stencilCallTime + planeSets
            * (added * machine.stencilAddTime + spread * machine.spreadTime * Self.spreadApartCost)
    }

    /// What a band takes beside its calls, in calls: 88 to 113 ns where one is 66 (`Docs/Measurements/2026-11-28-short.md`).
    private static let bandCalls = 1.6

    /// How many times as long spreading takes plane by plane and row by row: input gradients of stride 2 by stencils were predicted at 0.83 of
    /// their time (14 calls), `n6c4i86x86_k11f3x3_s2_psame` at 0.62 (`Docs/Measurements/2026-11-27-volumes.md`).
    private static let spreadApartCost = 1.8

    /// Layers of the source that are packed for runs of results along the depth.
    private func packedLayers(_ depth: DirectAxis.Part, _ results: EvenCut, _ extent: Int) -> Double {
        // Runs differ by one at most, and all but those at both ends meet the same.
        let inside = Double(depth.met(by: 0..<results.count, in: extent).count)
        return min(inside + Double(results.pieces - 1) * Double(depth.taps.count - 1), inside * Double(results.pieces))
    }

    /// As many taps as a row of them costs beside those it has, where channels are in vectors: 3x3 runs at 49 Gflop/s, 7x7 at 88 and
    /// 9x9 at 100 (`Docs/Measurements/2026-11-25-avx2.md`, AVX2; counted for all).
    private static let channelRowTaps = 1.5

    /// What one line of channels takes that is as wide as a f32 vector, or half a line of f64, without its calls; and how many layers of the source
    /// it meets.
    private func channelLineTime(_ geometry: DirectGeometry, _ part: DirectGeometry.Part, _ rows: EvenCut) -> (
        time: Double, layers: Double
    ) {
        // Rows and layers that only meet padding are left out, columns are not.
        let pairs =
            part.row.pairs(results: geometry.result.rows, extent: geometry.source.rows)
            * Double(geometry.result.columns) * (Double(geometry.filter.columns) + Self.channelRowTaps)
        let layers = part.depth.pairs(results: geometry.result.depth, extent: geometry.source.depth)
        let read = Double(geometry.result.rows + rows.pieces * (geometry.filter.rows - 1))
        let moved =
            layers * min(read, Double(geometry.source.rows)) * Double(geometry.source.columns)
            + Double(geometry.result.count)
        return (layers * pairs * machine.stencilTime + moved * Double(Self.lanes) * machine.turnTime / 2, layers)
    }

    func channelStencilTime(_ layout: ChannelStencilLayout) -> Double {
        let geometry = layout.geometry
        guard let part = geometry.sets.first?.parts.first else { return 0 }
        let line = channelLineTime(geometry, part, layout.rows)
        let lines = Double(geometry.problem.batch * layout.lines * layout.width) / Double(Self.lanes)
        let filters = Double(layout.lines * layout.filterCount)
        return lines * line.time + line.layers * Double(layout.bandCount) * machine.stencilCallTime * 2
            + filters * machine.turnTime / 2
    }

    /// As that of the stencils: the gradient is turned in place of results, and the sums of all chunks in place of filters.
    func channelStencilGradientTime(_ layout: ChannelStencilGradientLayout) -> Double {
        let geometry = layout.geometry
        guard let part = geometry.sets.first?.parts.first else { return 0 }
        let line = channelLineTime(geometry, part, layout.rows)
        let N = Double(geometry.problem.batch)
        let lines = N * Double(layout.lines * layout.width) / Double(Self.lanes)
        let sums = Double(layout.chunks.pieces) * Double(layout.lines) * Double(layout.sumCount)
        return lines * line.time
            + line.layers * N * Double(layout.lines * layout.rows.pieces) * machine.stencilCallTime * 2
            + sums * machine.turnTime / 2
    }

    /// How many times as long a multiply-add of a gradient with one row of taps takes: signals with more than 15 taps were predicted at
    /// 0.86 of their time with 1.25 (`Docs/Measurements/2026-11-27-quiet.md`).
    private static let singleRowGradientCost = 1.45

    func stencilGradientTime(_ layout: StencilGradientLayout) -> Double {
        let geometry = layout.geometry
        let problem = geometry.problem
        let planes = Double(problem.batch) * Double(problem.filters) * Double(problem.channelsPerGroup)
        var time = 0.0
        for (index, set) in geometry.sets.enumerated() {
            let (rows, columns) = (layout.rowCuts[index], layout.columnCuts[index])
            let vectors = Double((columns.largest + Self.lanes - 1) / Self.lanes * columns.pieces)
            for part in set.parts {
                let pairs = part.row.pairs(results: set.rows.count, extent: geometry.source.rows)
                let layers = part.depth.pairs(results: set.depths.count, extent: geometry.source.depth)
                let bands = Double(rows.pieces * columns.pieces)
                let calls = layers * bands
                let taps = Double(part.column.taps.count)
                // Bands that lie one behind the other share what is packed, and then have all layers of taps at once.
                let packed =
                    layout.sharing > 1
                    ? packedLayers(part.depth, EvenCut(set.depths.count, most: layout.sharing), geometry.source.depth)
                    : layers
                let stencils = layout.sharing > 1 ? bands * Double(set.depths.count) : calls
                // A single row of taps shares no row that is loaded.
                let rowCost = part.row.taps.count == 1 ? Self.singleRowGradientCost : 1
                time += layers * pairs * vectors * taps * machine.stencilGradientTime * rowCost
                time += calls * Double(part.row.taps.count) * taps * machine.tapSumTime
                time +=
                    (stencils + bands) * machine.stencilCallTime
                    + packed * Double(set.rows.count + part.row.taps.count) * vectors * machine.padTime
            }
        }
        return planes * time
    }

    func placedTime(_ layout: PlacedLayout) -> Double {
        let geometry = layout.geometry
        let planes = Double(geometry.problem.batch * geometry.problem.groups)
        let (sources, results) = (Double(geometry.sourcesPerGroup), Double(geometry.resultsPerGroup))
        let work = layout.work
        let terms = work.columns * sources * Double(layout.filling.count)
        // Columns are copied for all rows that meet them, which takes as long as two rows do.
        var time = terms * (results + 2) * productTime(rows: geometry.resultsPerGroup, columns: 4 * Self.lanes)
        let moved = work.copiedRows * sources + (layout.writesInPlace ? 0 : work.resultRows * results)
        let vectors = (Double(layout.rowPitch) / Double(Self.lanes)).rounded(.up)
        if moved > 0 { time += moved * vectors * padTime(geometry.sets[0]) }
        // Half a call for each piece of a plane that is copied; a product is one for each run of its terms.
        let pieces = work.copies * sources + (layout.writesInPlace ? 0 : work.blocks * results)
        let products = work.blocks * Double(layout.blocksPerSlab * layout.runs.pieces)
        time += (pieces / 2 + products) * machine.stencilCallTime
        // Every piece of a plane meets all filters.
        let filters = sources * results * Double(geometry.taps)
        let isFar = filters * Double(layout.precision.byteCount) > Double(machine.cacheByteCount)
        return planes * (time + (isFar ? work.blocks * filters * machine.farElementTime * machine.farFilterCost : 0))
    }

    /// Copying a vector of a set's sources: where these are two columns apart two are read for it.
    private func padTime(_ set: DirectGeometry.ResultSet) -> Double {
        let isStrided = set.parts.contains { $0.column.step != 1 }
        return machine.padTime * (isStrided ? machine.stridedPadCost : 1)
    }

    /// What reading so many turned filters costs where they do not stay in a core's cache: more with each doubling beyond eight times that,
    /// when less and less of them is in the last one.
    private func turnedFilterTime(_ count: Double, _ precision: Precision) -> Double {
        let caches = count * Double(precision.byteCount) / Double(machine.cacheByteCount)
        guard caches > 1 else { return 0 }
        return count * machine.farElementTime * machine.turnedFilterCost * (1 + max(caches / 8, 1).log2Bound)
    }

    func matrixTime(_ layout: MatrixLayout) -> Double {
        let geometry = layout.geometry
        let problem = geometry.problem
        let (N, G) = (Double(problem.batch), Double(problem.groups))
        let columns = Double(layout.panelWidth * layout.panelCount)
        let isPartial = layout.fillings.contains { $0.count != geometry.taps }
        var time = Double(layout.filterCount) * machine.turnTime * (isPartial ? machine.partialTurnCost : 1)
        for (index, set) in geometry.sets.enumerated() {
            let results = Double(set.depths.count * set.rows.count) * Double(set.columns.count)
            let depth = Double(layout.depth(of: index))
            time += N * results * columns * depth * productTime(rows: set.columns.count, columns: layout.panelWidth)
            time += N * results * columns * machine.turnTime
            // Every row of results is a call for each panel.
            let rows = N * Double(set.depths.count * set.rows.count)
            time += rows * Double(layout.panelCount) * machine.stencilCallTime
            // Each of them meets all filters; but a panel that stays in a core's cache beside the sources serves a block of rows.
            let near =
                (Double(layout.panelWidth) * depth + Double(layout.slabCount)) * Double(layout.precision.byteCount)
            let blocks = EvenCut(set.rows.count, most: MatrixLayout.mostRows).pieces
            let readings =
                near <= Double(machine.cacheByteCount) ? N * Double(set.depths.count) * Double(blocks) : rows
            time += readings * turnedFilterTime(columns * depth, layout.precision)
            if set.columns.step != 1 {
                time += N * results * Double(geometry.resultsPerGroup) * machine.spreadTime * machine.spreadTogetherCost
            }
            let cut = layout.cuts[index]
            // Short rows waste vectors; each layer of a source plane is half a call, for every part of the sums.
            let planes =
                N * Double(cut.pieces) * Double(cut.box.parts) * Double(cut.box.layers) * Double(cut.box.sources)
            let vectors = (Double(cut.box.columns) / Double(Self.lanes)).rounded(.up)
            time += planes * (Double(cut.box.rows) * vectors * padTime(set) + machine.stencilCallTime / 2)
        }
        return G * time
    }

    func matrixGradientTime(_ layout: MatrixGradientLayout) -> Double {
        let problem = layout.problem
        let (N, G) = (Double(problem.batch), Double(problem.groups))
        let columns = Double(layout.panelWidth * layout.panelCount)
        let slabs = N * Double(layout.slabs.count)
        let taps = Double(layout.slabs.taps)
        let positions = N * Double(layout.slabs.outputPlane)
        let product =
            positions * taps * columns * Double(problem.channelsPerGroup) * machine.rowGradientCost
            * productTime(rows: layout.rowCount, columns: layout.panelWidth)
        let turned = slabs * Double(layout.slabs.inputCount + layout.slabs.gradientCount) + Double(layout.sumCount)
        let calls =
            slabs * taps / Double(max(layout.tapsTogether, 1)) * Double(layout.panelCount) * Double(layout.runs.pieces)
        // Sums that no cache holds are read and written by every run, and once more turned.
        let caches = Double(layout.sumCount * layout.precision.byteCount) / Double(machine.cacheByteCount)
        let far =
            farness(caches) * (slabs * Double(layout.runs.pieces) + 1) * Double(layout.sumCount)
            * machine.farElementTime * machine.farSumCost
        // Every run adds to all sums.
        let added = slabs * Double(layout.runs.pieces) * Double(layout.sumCount)
        return G
            * (product + turned * turnTime(layout.slabs) + calls * machine.stencilCallTime + added * machine.elementTime
                + far)
    }

    func channelGradientTime(_ layout: ChannelGradientLayout) -> Double {
        let problem = layout.problem
        let (N, G) = (Double(problem.batch), Double(problem.groups))
        let slabs = N * Double(layout.slabs.count)
        let taps = Double(layout.slabs.taps)
        let positions = N * Double(layout.slabs.outputPlane)
        let vectors = (problem.channelsPerGroup + Self.lanes - 1) / Self.lanes
        let width = Double(vectors * Self.lanes)
        let product =
            positions * taps * width * Double(problem.filtersPerGroup) * machine.channelGradientCost
            * productTime(rows: problem.filtersPerGroup, columns: layout.slabs.panelWidth, loads: 3)
        let turned = slabs * Double(layout.slabs.inputCount) + Double(layout.sumCount)
        // Every run adds to all sums.
        let added = slabs * Double(layout.runs.pieces) * taps * width * Double(problem.filtersPerGroup)
        // One after the other for a slab, of which all is looked up once.
        let calls = slabs * taps * Double(layout.slabs.panelCount) * Double(layout.runs.pieces) / 3
        return G
            * (product + turned * turnTime(layout.slabs) + calls * machine.stencilCallTime + added * machine.elementTime)
    }

    /// Turning an element of a slab's operands: those of a slab that is apart are still near when they are multiplied.
    private func turnTime(_ slabs: GradientSlabs) -> Double {
        machine.turnTime * (slabs.isApart ? machine.nearTurnCost : 1)
    }

    /// One multiply-add of a product with so many rows, in vectors for so many columns: a step of the depth takes two multiply-adds
    /// or loads a cycle, and as long as the former take to follow each other. Loads are those of both matrices, and what tells
    /// where they lie.
    private func productTime(rows: Int, columns: Int, loads: Int = 1) -> Double {
        let blocks = (rows + 13) / 14
        let each = Double(rows) / Double(max(blocks, 1))
        let most = each <= Double(ShiftedProduct.fewRows) ? 4 : 2
        let vectors = Double(min((columns + Self.lanes - 1) / Self.lanes, most))
        let sums = max(each * vectors, 1)
        let cycles = max(4, sums / 2, (each + vectors + Double(loads)) / 2)
        return machine.shiftedTime * cycles / (sums / 2)
    }
}

extension DirectAxis.Part {
    /// How many results meet taps inside an extent: pairs of them.
    func pairs(results: Int, extent: Int) -> Double {
        let there = inside(extent)
        let (m, n) = (Double(taps.count), Double(results))
        /// Pairs of numbers from 0 on with a sum below x.
        func triangle(_ x: Double) -> Double { x > 0 ? x * (x + 1) / 2 : 0 }
        /// The same of taps and results.
        func below(_ sum: Int) -> Double {
            let x = Double(sum)
            return triangle(x) - triangle(x - m) - triangle(x - n) + triangle(x - m - n)
        }
        return max(below(there.upperBound) - below(there.lowerBound), 0)
    }
}
