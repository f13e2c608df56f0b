public import SpectralEngine

/// Equal transforms among those that one execution of a pass runs: what its time is compared with.
public struct TransformRun: Hashable, Sendable {
    public enum Direction: Hashable, Sendable { case forward, inverse }

    /// What one transform is of.
    public enum Kind: Hashable, Sendable {
        /// Of a tile of two real fields, or of one whose lines are all transformed.
        case tile
        /// Of a tile of one real field: half of its lines say all.
        case half
        /// Of eight channels of a tile side by side, whole whatever the box.
        case channels(ChannelLayout)
    }

    public let shape: TileShape
    public let kind: Kind
    public let direction: Direction
    /// Tile positions that hold samples (forward) or are kept (inverse); lines of the others are skipped.
    public let box: TileBox
    public internal(set) var count: Int
}

extension Plan {
    /// The transforms that one execution of a pass runs on ordinary operands, equal ones together; none if the
    /// algorithm does without.
    ///
    /// Rows that one tile carries on from the last are not transformed again; where strips of tiles are cut for several workers, they are.
    /// Operands whose partners differ in magnitude by more than the numerical contract allows need more.
    ///
    /// - Throws: ``ConvolutionError`` if the pass was not planned.
    public func transforms(for pass: Pass) throws(ConvolutionError) -> [TransformRun] {
        try recipe(for: pass).transforms
    }
}

extension TiledFFT {
    /// Counted block by block and section by section, as the pipelines run them. Which lines are skipped depends on where a tile
    /// lies and on its partner, not on the channel.
    package var transforms: [TransformRun] {
        var runs = TransformCounts(shape: table.shape)
        if let dense {
            for section in table.sections(dense.sectioning) { runs.addChannels(section, dense) }
        } else {
            for section in table.sections(layout.sectioning) { runs.addTiles(section, layout) }
        }
        return runs.sorted
    }
}

private struct TransformCounts {
    let shape: TileShape
    private var counts: [TransformRun: Int] = [:]

    init(shape: TileShape) { self.shape = shape }

    var sorted: [TransformRun] {
        counts.filter { $0.value > 0 }.map { run, count in
            var run = run
            run.count = count
            return run
        }.sorted { ($0.count, $0.box.rows.count) > ($1.count, $1.box.rows.count) }
    }

    private mutating func add(
        _ direction: TransformRun.Direction, _ box: TileBox, _ kind: TransformRun.Kind = .tile, count: Int
    ) {
        counts[TransformRun(shape: shape, kind: kind, direction: direction, box: box, count: 0), default: 0] += count
    }

    /// Two filters share a transform, and one that is left alone needs half of it; two gradients share one back.
    mutating func addTiles(_ table: PassTable, _ layout: SpectralLayout) {
        let problem = table.problem
        let (Cg, Kg, G) = (problem.channelsPerGroup, problem.filtersPerGroup, problem.groups)
        let filterPlanes = problem.filters * Cg
        switch table.pass {
        case .forward, .inputGradient:
            add(.forward, table.filterBox, count: filterPlanes / 2)
            // Of a folded filter all lines are half of what they would be.
            add(.forward, table.filterBox, table.folds ? .tile : .half, count: filterPlanes % 2)
            let (fields, outputs) = table.pass == .forward ? (Cg, Kg) : (Kg, Cg)
            for block in 0..<table.productBlockCount {
                let (first, second) = table.partners(block: block)
                let windows = table.rowWindows(first.row, second?.row)
                let loaded = windows.fields.box
                add(
                    .forward, table.continues(block: block) ? table.roll?.loaded(loaded) ?? loaded : loaded,
                    count: fields)
                add(.inverse, windows.results.box, count: outputs)
            }
        case .filterGradient:
            for pair in 0..<table.pairCount {
                let partner = 2 * pair + 1 < table.rowCount ? 2 * pair + 1 : nil
                let windows = table.rowWindows(2 * pair, partner)
                let loaded = windows.fields.box
                // Every chunk of pairs begins anew.
                let chunk = pair * layout.chunkCount / table.pairCount
                let isFirst = pair == (chunk * table.pairCount + layout.chunkCount - 1) / layout.chunkCount
                let carriesOn = !isFirst && table.roll?.continues(pair, of: table.rowCount) == true
                // The odd rows of two groups share transforms.
                let groups = partner == nil && table.sharesOddRows ? (G + 1) / 2 : G
                add(.forward, carriesOn ? table.roll?.loaded(loaded) ?? loaded : loaded, count: groups * Cg)
                add(.forward, windows.results.box, count: groups * Kg)
            }
            add(.inverse, table.filterBox, count: (filterPlanes + 1) / 2)
        }
    }

    /// Filters and their gradients are products with a matrix, and no transforms.
    mutating func addChannels(_ table: PassTable, _ dense: DenseLayout) {
        let problem = table.problem
        let whole = TileBox(planes: 0..<shape.planes, rows: 0..<shape.rows, columns: 0..<shape.length)
        let rows = problem.groups * table.pairCount
        func panels(_ channels: Int) -> Int { (channels + 7) / 8 }
        let (Cg, Kg) = (problem.channelsPerGroup, problem.filtersPerGroup)
        guard table.pass != .filterGradient else {
            return add(.forward, whole, .channels(dense.channels), count: rows * (panels(Cg) + panels(Kg)))
        }
        add(.forward, whole, .channels(dense.channels), count: rows * panels(dense.depth))
        // Blocks of columns are whole panels.
        add(.inverse, whole, .channels(dense.channels), count: rows * panels(dense.columns))
    }
}
