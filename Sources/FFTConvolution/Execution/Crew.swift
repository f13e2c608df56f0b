internal import SpectralEngine

/// How workers share blocks: each its own, or all of them one block after the other.
///
/// One block has two or three stages, each of many panels, that a team can share; it then waits for its slowest member at
/// every stage, but works on one tile in place of one tile a worker. Which way is taken changes no bit.
struct Crew: Hashable, Sendable {
    /// Blocks at the same time, and workers of each.
    let blocks: Int
    let team: Int

    /// - Parameters:
    ///   - blocks: Blocks to be shared.
    ///   - workers: Workers there are.
    ///   - shape: Of a tile.
    ///   - sharesUneven: Whether blocks are shared where the last round would leave workers idle.
    init(blocks: Int, workers: Int, _ shape: TileShape, _ precision: Precision, sharesUneven: Bool = true) {
        self.init(waves: [blocks], workers: workers, shape, precision, sharesUneven: sharesUneven)
    }

    /// - Parameter waves: Blocks that may run at the same time, wave after wave.
    init(waves: [Int], workers: Int, _ shape: TileShape, _ precision: Precision, sharesUneven: Bool = true) {
        let tileBytes = 2 * precision.byteCount * shape.tileCount
        let blocks = waves.max() ?? 0
        // The last round of a wave may leave workers idle.
        let rounds = waves.reduce(0) { $0 + ($1 + workers - 1) / max(workers, 1) }
        let isUneven = sharesUneven && 4 * rounds * workers > 5 * waves.reduce(0, +)
        if workers > 1, !shape.isLine, tileBytes > Self.largestOwnTile || isUneven && tileBytes >= Self.leastSharedTile
        {
            (self.blocks, team) = (1, workers)
        } else {
            (self.blocks, team) = (max(min(workers, blocks), 1), 1)
        }
    }

    /// One block after the other, shared by all.
    init(team: Int) { (blocks, self.team) = (1, team) }

    /// A tile beyond the second-level cache of a core: nothing is lost when it is shared.
    static let largestOwnTile = 2 << 20
    /// Below, a stage takes less than some ten microseconds, and waking others for it costs as much.
    private static let leastSharedTile = 128 << 10
}
