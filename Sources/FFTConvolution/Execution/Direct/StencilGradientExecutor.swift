internal import SpectralEngine

/// Filter gradient by stencils: rows of the output gradient in vectors, a few taps at a time in registers.
struct StencilGradientExecutor<Scalar: ConvolutionScalar>: DirectExecutor {
    let layout: StencilGradientLayout

    private var geometry: DirectGeometry { layout.geometry }
    var problem: Problem { geometry.problem }
    var pass: Pass { geometry.pass }
    var workers: Int { layout.workers }
    var facts: DirectFacts { layout.facts }
    var looksOnTheWay: Bool { planeCount * layout.chunks.pieces > 0 }

    private var planeCount: Int { problem.filters * problem.channelsPerGroup }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws {
        let planes = planeCount
        let sums = scratch.region(layout.sums, of: Scalar.self)
        let chunks = layout.chunks.pieces
        // Several planes a block, where they are small; and chunks of one plane, where their bands share what is packed.
        let count = planes * chunks
        let blocks = EvenCut(
            count, most: max(count / (32 * workers), min(layout.chunksTogether, count / (4 * workers)), 1))
        control?.begin(blocks: blocks.pieces)
        try Workers.run(count: workers, blocks: blocks.pieces) { block, worker in
            let packed = scratch.region(layout.packed, of: Scalar.self).slice(worker, count: layout.packedCount)
            let rows = scratch.region(layout.gradients, of: Scalar.self).slice(worker, count: layout.gradientCount)
            if scaling.isNone { facts.look(part: block, of: blocks.pieces, first, second, scratch) }
            // Packed anew where a plane or a batch item begins, which is at depth 0.
            var shared: SourceRows<Scalar>?
            for index in blocks[block] {
                let (plane, chunk) = index.quotientAndRemainder(dividingBy: chunks)
                let last = min(chunk + blocks[block].upperBound - index, chunks) - 1
                let bands = layout.chunks[chunk].lowerBound..<layout.chunks[last].upperBound
                let target = sums.slice(index, count: geometry.taps)
                target.fill(0)
                for band in layout.chunks[chunk] {
                    add(
                        layout.band(band..<bands.upperBound), plane, first, second, target, packed, rows, scaling,
                        &shared)
                }
                if chunks == 1 { finish(plane, sums, result, scaling) }
            }
            try control?.completeBlock()
        }
        if chunks > 1 { for plane in 0..<planes { finish(plane, sums, result, scaling) } }
    }

    /// Adds the terms of a band to the sums of one filter plane.
    ///
    /// - Parameters:
    ///   - band: With the depths of those that follow it and share the input's layers with it.
    ///   - shared: What is packed for bands that lie one behind the other, of one batch item.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func add(
        _ band: StencilGradientLayout.Band, _ plane: Int, _ input: Elements<Scalar>, _ gradient: Elements<Scalar>,
        _ sums: SharedRegion<Scalar>, _ packed: SharedRegion<Scalar>, _ gathered: SharedRegion<Scalar>,
        _ scaling: DirectScaling, _ shared: inout SourceRows<Scalar>?
    ) {
        let set = geometry.sets[band.set]
        let (k, c) = (plane / problem.channelsPerGroup, plane % problem.channelsPerGroup)
        let group = k / problem.filtersPerGroup
        func rows(_ layers: Range<Int>, _ part: DirectGeometry.Part) -> SourceRows<Scalar> {
            SourceRows(
                input, plane: geometry.sourceOffset(band.n, group, c), extents: geometry.source, layers: layers,
                part: part, rows: band.rows,
                columns: band.columns, packed: packed, exponent: scaling.first)
        }
        let depth = band.depths.lowerBound
        // Bands that share are of one part.
        if layout.sharing > 1 {
            let (part, extent) = (set.parts[0], geometry.source.depth)
            let met = part.depth.met(by: depth..<depth + 1, in: extent)
            if depth == 0 || shared.map({ !$0.layers.contains(met) }) ?? true {
                let all = part.depth.met(by: band.depths, in: extent)
                shared = all.isEmpty ? nil : rows(all, part)
            }
        }
        var gradients = gradient
        var place =
            geometry.resultOffset(band.n, group, k % problem.filtersPerGroup)
            + (set.depths[depth] * geometry.result.rows + set.rows[band.rows.lowerBound]) * geometry.result.columns
            + set.columns[band.columns.lowerBound]
        var pitch = set.rows.step * geometry.result.columns
        if set.columns.step != 1 || scaling.second != 0 {
            PaddedRows(
                rows: band.rows.count, before: 0, count: band.columns.count, after: 0, sourcePitch: pitch,
                sourceStep: set.columns.step, pitch: band.columns.count
            ).copy(gradient, at: place, into: gathered, at: 0)
            if scaling.second != 0 {
                scale(gathered[0..<band.rows.count * band.columns.count], byPowerOfTwo: scaling.second)
            }
            (gradients, place, pitch) = (Elements(gathered), 0, band.columns.count)
        }
        var taps = 0
        for part in set.parts {
            let count = part.row.taps.count * part.column.taps.count
            let met = part.depth.met(by: depth..<depth + 1, in: geometry.source.depth)
            // All layers at once, or one after the other as they are packed.
            var layer = met.lowerBound
            while layer < met.upperBound {
                let layers = layer..<(shared == nil ? layer + 1 : met.upperBound)
                let rows = shared ?? rows(layers, part)
                Stencil(
                    rows: band.rows.count, columns: band.columns.count, layers: layers.count,
                    tapRows: part.row.taps.count, taps: part.column.taps.count, sourceRows: rows.rows,
                    sourcePitch: rows.pitch, resultPitch: pitch, weightPitch: part.column.taps.count, weightStep: 1,
                    sourceLayer: rows.layerPitch, weightLayer: count
                ).addGradient(
                    rows.elements, at: rows.offset(ofLayer: layer), gradients, at: place, into: sums,
                    at: taps + (layer - depth) * count)
                layer = layers.upperBound
            }
            taps += part.depth.taps.count * count
        }
    }

    /// Adds up the chunks of one filter plane, and puts its taps where they belong.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    private func finish(
        _ plane: Int, _ sums: SharedRegion<Scalar>, _ result: SharedRegion<Scalar>, _ scaling: DirectScaling
    ) {
        let chunks = layout.chunks.pieces
        // The parts are the same in every set, and hold every tap once.
        var index = 0
        for part in geometry.sets.first?.parts ?? [] {
            for d in 0..<part.depth.taps.count {
                for h in 0..<part.row.taps.count {
                    let row = (part.depth.taps[d] * geometry.filter.rows + part.row.taps[h]) * geometry.filter.columns
                    for w in 0..<part.column.taps.count {
                        var sum = sums[plane * chunks * geometry.taps + index]
                        for chunk in 1..<max(chunks, 1) {
                            sum += sums[(plane * chunks + chunk) * geometry.taps + index]
                        }
                        result[plane * geometry.taps + row + part.column.taps[w]] = sum
                        index += 1
                    }
                }
            }
        }
        if !scaling.isNone {
            scale(result[plane * geometry.taps..<(plane + 1) * geometry.taps], byPowerOfTwo: scaling.result)
        }
    }
}
