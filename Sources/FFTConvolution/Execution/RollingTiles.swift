internal import SpectralEngine

// Neighbouring tiles overlap, and the overlap's rows have the same transforms in both. So tiles are taken in *strips*, one after
// the other along the axis of the tile's lines, and each leaves in its place what the next one carries on: it loads the rest only.
// The tile lies where those rows lie, and so starts elsewhere in its memory each time (TileRoll). What is carried has the very bits
// that loading it again would give, for the same eight rows are transformed together; so a strip may be cut anywhere, for any number of
// workers.
//
// Both partners of a pair are carried together: the tiles of two neighbouring strips, whose samples lie side by side. Of a strip that
// is left alone the two halves are partners.

/// The order of tiles that roll, and where each lies.
struct RollingTiles: Hashable, Sendable {
    /// Whether strips run along the planes of volumes, and not along the rows of planes.
    private let isVolume: Bool
    /// Tiles of a strip, and strips beside each other in a row of them.
    private let stripCount: Int
    private let stripsInRow: Int
    /// Positions of a transform along the strips, and from tile to tile.
    private let length: Int
    private let step: Int
    /// Whether strips are taken from their end: where results take the place of the last positions, the first ones are carried.
    private let isBackward: Bool

    /// `nil` if tiles do not roll, or no pair of them follows another one.
    init?(_ shape: TileShape, _ axes: [AxisWindows], batch: Int, backward: Bool) {
        let windows = axes[Self.axis(shape)]
        guard windows.tiling.rolls else { return nil }
        isVolume = shape.planes > 1
        (stripCount, stripsInRow) = (windows.tileCount, axes[2].tileCount)
        (length, step, isBackward) = (windows.tiling.length, windows.tiling.step, backward)
        let strips = batch * stripsInRow * (isVolume ? axes[1].tileCount : 1)
        guard stripCount > (strips > 1 ? 1 : 3) else { return nil }
    }

    /// Which of three axes strips run along: lines run along the first axis of a volume, the second one of a plane.
    private static func axis(_ shape: TileShape) -> Int { shape.planes > 1 ? 0 : 1 }

    /// Whether tiles of a shape can roll as tilings say, if they say so.
    static func fits(_ shape: TileShape, _ tilings: [AxisTiling]) -> Bool {
        guard tilings.contains(where: \.rolls) else { return true }
        // Axes of length 1 come first.
        let axes = tilings.filter { $0.length == 1 } + tilings.filter { $0.length > 1 }
        let index = Self.axis(shape) - (3 - axes.count)
        guard let alignment = shape.rollAlignment, axes.indices.contains(index) else { return false }
        let (step, length) = (axes[index].step, axes[index].length)
        return axes.indices.allSatisfy { axes[$0].rolls == ($0 == index) } && !axes[index].coversAxis
            && step % alignment == 0 && step < length
    }

    /// Pairs from a pair to the last one that holds a neighbour of a tile of its own: strips go by twos.
    var reach: Int { (((isVolume ? stripsInRow : 0) + 1) / 2 + 2) * stripCount }

    /// The place along the three axes of an item's tile: strip by strip.
    func place(_ tile: Int) -> (Int, Int, Int) {
        let (strip, position) = tile.quotientAndRemainder(dividingBy: stripCount)
        let along = isBackward ? stripCount - 1 - position : position
        guard isVolume else { return (0, along, strip) }
        let (h, w) = strip.quotientAndRemainder(dividingBy: stripsInRow)
        return (along, h, w)
    }

    /// Which of all tiles of a batch, strip by strip, a row is.
    func order(_ row: Int, of rowCount: Int) -> Int {
        let (strips, rest) = row.quotientAndRemainder(dividingBy: 2 * stripCount)
        let half = (min(2 * stripCount, rowCount - strips * 2 * stripCount) + 1) / 2
        return strips * 2 * stripCount + rest / 2 + (rest.isMultiple(of: 2) ? 0 : half)
    }

    /// Whether both partners of a pair of rows follow those of the pair before, each in its strip.
    func continues(_ pair: Int, of rowCount: Int) -> Bool {
        guard 2 * pair + 1 < rowCount else { return false }
        return order(2 * pair, of: rowCount) % stripCount > 0 && order(2 * pair + 1, of: rowCount) % stripCount > 0
    }

    /// Where a pair's tiles lie.
    ///
    /// - Parameter isCarried: Whether the memory still holds what the pair before has left.
    func roll(_ pair: Int, isCarried: Bool, isWhole: Bool) -> TileRoll {
        let distance = pair % length * step % length
        let start = isBackward ? (length - distance) % length : distance
        let overlap = isBackward ? step..<length : 0..<length - step
        return TileRoll(start: start, carried: isCarried ? overlap : 0..<0, isWhole: isWhole)
    }

    /// Positions that a tile carries, in the mean of all pairs, when some of them start anew beside those of the first tiles of strips.
    func carriedPositions(rowCount: Int, starts: Double) -> Double {
        let pairs = (rowCount + 1) / 2
        guard pairs > 0 else { return 0 }
        let fresh = Double((pairs + stripCount - 1) / stripCount) + starts
        return max(1 - fresh / Double(pairs), 0) * Double(length - step)
    }

    /// What of a tile's box is loaded when the rest is carried.
    func loaded(_ box: TileBox) -> TileBox {
        var box = box
        let positions = roll(0, isCarried: true, isWhole: true).loaded(length)
        if isVolume {
            box.planes = box.planes.clamped(to: positions)
        } else {
            box.rows = box.rows.clamped(to: positions)
        }
        return box
    }
}

extension PassTable {
    /// Where the tiles of a block lie; `nil` if they do not roll.
    func roll(_ partner: Partner, isCarried: Bool) -> TileRoll? {
        roll?.roll(partner.row / 2, isCarried: isCarried, isWhole: !addsOverlaps)
    }

    /// Whether a block of two rows carries on what the block before has left.
    func continues(block: Int) -> Bool {
        let pairs = rowCount / 2
        // Where results overlap and add up, operands do not, and nothing is carried.
        guard let roll, !addsOverlaps, pairs > 0, block < problem.groups * pairs else { return false }
        return roll.continues(block % pairs, of: rowCount)
    }

    /// How many runs blocks are cut into for so many workers.
    func runCount(_ blocks: Int, workers: Int) -> Int {
        guard roll != nil else { return blocks }
        var (count, start) = (0, 0)
        while start < blocks {
            let length = Self.runLength(blocks - start, workers)
            let runs = min(workers, (blocks - start + length - 1) / length)
            count += runs
            start += runs * length
        }
        return count
    }

    /// The blocks of run `index`: where tiles roll some that follow each other, else one.
    func run(_ index: Int, of blocks: Int, workers: Int) -> Range<Int> {
        guard roll != nil else { return index..<index + 1 }
        var (index, start) = (index, 0)
        while true {
            let length = Self.runLength(blocks - start, workers)
            if index < workers {
                let first = start + index * length
                return first..<min(first + length, blocks)
            }
            index -= workers
            start += workers * length
        }
    }

    /// Blocks of each run in a round that deals one to every worker: three quarters of what is left, so that most blocks carry on, and the
    /// last rounds are of single blocks and all workers end together: also if one was disturbed, as the others take more runs.
    private static func runLength(_ blocks: Int, _ workers: Int) -> Int {
        workers > 1 ? max(blocks / workers * 3 / 4, 1) : blocks
    }
}
