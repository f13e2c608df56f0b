public import SpectralEngine

/// Equal transforms among those that one execution of a pass runs: what its time is compared with.
public struct TransformRun: Hashable, Sendable {
    public enum Direction: Hashable, Sendable { case forward, inverse }

    public let shape: TileShape
    public let direction: Direction
    /// Tile positions that hold samples (forward) or are kept (inverse); lines of the others are skipped.
    public let box: TileBox
    public internal(set) var count: Int
}

extension Plan {
    /// The transforms that one execution of a pass runs on ordinary operands, equal ones together; none if the
    /// algorithm does without.
    ///
    /// Operands whose partners differ in magnitude by more than the numerical contract allows need more.
    ///
    /// - Throws: ``ConvolutionError`` if the pass was not planned.
    public func transforms(for pass: Pass) throws(ConvolutionError) -> [TransformRun] {
        try recipe(for: pass).transforms
    }
}

extension TiledFFT {
    /// Counted block by block, as ``SpectralPipeline`` runs them. Which lines are skipped depends on where a
    /// tile lies and on its partner, not on the channel.
    package var transforms: [TransformRun] {
        let problem = request.problem
        let (Cg, Kg, G) = (problem.channelsPerGroup, problem.filtersPerGroup, problem.groups)
        let filterPairs = (problem.filters * Cg + 1) / 2
        var runs: [TransformRun: Int] = [:]
        func add(_ direction: TransformRun.Direction, _ box: TileBox, count: Int) {
            runs[TransformRun(shape: table.shape, direction: direction, box: box, count: 0), default: 0] += count
        }
        add(request.pass == .filterGradient ? .inverse : .forward, table.filterBox, count: filterPairs)
        switch request.pass {
        case .forward, .inputGradient:
            let (fields, outputs) = request.pass == .forward ? (Cg, Kg) : (Kg, Cg)
            for block in 0..<table.productBlockCount {
                let (first, second) = table.partners(block: block)
                add(
                    .forward, TileBox(table.fieldWindow(first, 0), second.map { table.fieldWindow($0, 0) }),
                    count: fields)
                add(
                    .inverse, TileBox(table.resultWindow(first, 0), second.map { table.resultWindow($0, 0) }),
                    count: outputs)
            }
        case .filterGradient:
            for pair in 0..<table.pairCount {
                let partner = 2 * pair + 1 < table.rowCount ? 2 * pair + 1 : nil
                func box(_ window: (_ row: Int) -> Window) -> TileBox {
                    TileBox(window(2 * pair), partner.map(window))
                }
                add(.forward, box { table.inputWindow(row: $0, channel: 0) }, count: G * Cg)
                add(.forward, box { table.outputGradientWindow(row: $0, filter: 0) }, count: G * Kg)
            }
        }
        return runs.map { run, count in
            var run = run
            run.count = count
            return run
        }.sorted { ($0.count, $0.box.rows.count) > ($1.count, $1.box.rows.count) }
    }
}
