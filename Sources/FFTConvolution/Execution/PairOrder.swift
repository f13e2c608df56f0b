/// The order in which the row pairs of one group are summed, and by which set of accumulators: *chunk*.
///
/// Pairs come in waves. A single wave is dealt to the chunks in equal runs, one after the other; several are dealt pair by pair, each
/// wave on from the chunk that the one before has come to, so that waves of few pairs fill all of them. In a chunk the pairs of a
/// wave are summed in order, and all waves in order. In a pass of its own there is one wave. Where results of neighbouring tiles add
/// up, no two chunks of one wave write the same element, so that they may run at the same time, and every element is summed in
/// one order. The order depends on the problem and its tiling only.
struct PairOrder: Hashable, Sendable {
    /// Pairs by wave, one wave after the other; empty if they are in their own order.
    private let pairs: [Int]
    /// Where the waves begin, and where the last one ends.
    private let bounds: [Int]

    var waveCount: Int { bounds.count - 1 }

    private init(pairs: [Int], bounds: [Int]) { (self.pairs, self.bounds) = (pairs, bounds) }

    /// One wave.
    init(count: Int) { self.init(pairs: [], bounds: [0, count]) }

    /// Waves of which no two pairs have overlapping results: each pair is put into the first that it can join.
    init(_ table: PassTable) {
        guard table.addsOverlaps else {
            self.init(count: table.pairCount)
            return
        }
        var waves = [Int](repeating: 0, count: table.pairCount)
        for pair in waves.indices {
            var taken: Set<Int> = []
            for other in table.pairsNear(pair) where table.overlaps(pair, other) { taken.insert(waves[other]) }
            var wave = 0
            while taken.contains(wave) { wave += 1 }
            waves[pair] = wave
        }
        let sorted = waves.indices.sorted { (waves[$0], $0) < (waves[$1], $1) }
        let starts = sorted.indices.filter { $0 == 0 || waves[sorted[$0]] != waves[sorted[$0 - 1]] }
        self.init(pairs: sorted, bounds: starts + [sorted.count])
    }

    /// Pairs of all groups in each wave.
    func counts(groups: Int) -> [Int] { zip(bounds, bounds.dropFirst()).map { ($1 - $0) * groups } }

    func count(wave: Int) -> Int { bounds[wave + 1] - bounds[wave] }
    func pair(_ index: Int, wave: Int) -> Int { pairs.isEmpty ? bounds[wave] + index : pairs[bounds[wave] + index] }

    /// The chunk that sums a pair.
    func chunk(ofPair pair: Int, of chunkCount: Int) -> Int {
        guard waveCount == 1 else { return (pairs.firstIndex(of: pair) ?? 0) % chunkCount }
        let count = count(wave: 0)
        return (0..<chunkCount).first { Self.run($0, of: chunkCount, count: count).contains(pair) } ?? 0
    }

    /// Calls `body` with the pairs of one chunk in one wave, until it returns false.
    func forEachPair(wave: Int, chunk: Int, of chunkCount: Int, _ body: (_ pair: Int) -> Bool) {
        let (start, count) = (bounds[wave], count(wave: wave))
        func visit(_ index: Int) -> Bool { body(pair(index, wave: wave)) }
        guard waveCount == 1 else {
            let first = (chunk + chunkCount - start % chunkCount) % chunkCount
            for index in stride(from: first, to: count, by: chunkCount) where !visit(index) { return }
            return
        }
        for index in Self.run(chunk, of: chunkCount, count: count) where !visit(index) { return }
    }

    /// One of equal runs of so many pairs. Longer ones come before shorter ones, so that workers who take one after the other end together.
    static func run(_ run: Int, of runs: Int, count: Int) -> Range<Int> {
        let (length, longer) = count.quotientAndRemainder(dividingBy: runs)
        func bound(_ run: Int) -> Int { run * length + min(run, longer) }
        return bound(run)..<bound(run + 1)
    }
}

extension PassTable {
    /// Pairs before a pair whose results may overlap with its own: none is farther in the order of pairs.
    fileprivate func pairsNear(_ pair: Int) -> Range<Int> {
        // From a tile to the last one beside it along every axis that is cut.
        let (d, h, w) = tileCounts
        let distance = (d > 1 ? h * w : 0) + (h > 1 ? w : 0) + 1
        return max(0, pair - (roll?.reach ?? (distance + 1) / 2 + 1))..<pair
    }

    /// Whether results of two pairs overlap.
    fileprivate func overlaps(_ pair: Int, _ other: Int) -> Bool {
        func rows(_ pair: Int) -> Range<Int> { 2 * pair..<min(2 * pair + 2, rowCount) }
        return rows(pair).contains { one in rows(other).contains { overlapRows(one, $0) } }
    }

    private func overlapRows(_ one: Int, _ two: Int) -> Bool {
        let (one, two) = (tile(row: one), tile(row: two))
        guard one.item == two.item else { return false }
        let (a, b) = (place(tile: one.tile), place(tile: two.tile))
        return abs(a.0 - b.0) <= 1 && abs(a.1 - b.1) <= 1 && abs(a.2 - b.2) <= 1
    }
}
