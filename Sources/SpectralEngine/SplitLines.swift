internal import CKernels

// A long line of n = 8m points, split in eight of m: with n = 8q + s for the bins, exp(−2πi·(8q + s)(j + km) / 8m) falls apart into
// exp(−2πi·qj / m) · exp(−2πi·sj / 8m) · exp(−2πi·sk / 8). So point j of line s is a sum over the points j of the line's eighths k, turned
// once, and the transform of line s has the bins s, s + 8, …. Done twice, line t of row s has the bins s + 8t, s + 8t + 64, …; FFTW
// transforms those 64 lines, eight at a time.
//
// The first stage is done while samples are gathered, and its opposite while results are scattered, when all of the line is in registers
// anyway; the second one in the first-level cache, row by row, before and after FFTW. Between both a row has real and imaginary parts
// apart (`Docs/Measurements/2026-11-28-split.md`).

enum SplitLines {
    /// What each stage makes of a line.
    static let parts = 8
    /// The longest line that is split: of the lines that it becomes FFTW's plans are good up to here.
    private static let longest = 1 << 18

    /// Whether a line that is the only axis of its tile is split: from where on it is better, if both stages find whole blocks of points.
    static func canSplit(_ length: Int) -> Bool {
        length >= TileShape.leastLong && length <= longest && length % (Int(CK_BLOCK) * parts * parts) == 0
    }

    /// Scalars from row to row of the factors for lines of so many points: padded, so that few rows fall into the same sets of a cache.
    static func factorPitch(_ points: Int) -> Int { points + Int(CK_BLOCK) }

    /// Complex elements of the factors of the first stage, and of both.
    static func firstFactorCount(_ length: Int) -> Int { (parts - 1) * factorPitch(length / parts) }
    static func factorCount(_ length: Int) -> Int { firstFactorCount(length) + firstFactorCount(length / parts) }
}

extension PackedTransform {
    func loadSplit(
        _ source: SampleSource<Scalar>, into tile: SharedRegion<Scalar>, _ notes: SharedRegion<Scalar>,
        _ team: TransformTeam<Scalar>
    ) {
        guard !source.isPlain else {
            return team.run(shape.stretches) { index, _ in
                var split = stage(index)
                unsafe withFactors { unsafe source.gatherSplit(tile.base, $0, &split, notes.base + 4 * index) }
            }
        }
        team.run(shape.stretches) { index, panels in
            let note = unsafe notes.base + 4 * index
            unsafe note.clear(count: 4)
            forEachPiece(index) { piece in
                var piece = piece
                for part in 0..<SplitLines.parts {
                    unsafe source.gather(
                        positions(piece, part), panels.packed + 2 * part * piece.row_pitch, panels.turned)
                    for index in 0..<4 { unsafe note[index] += panels.turned[index] }
                }
                unsafe withFactors { unsafe Scalar.split(panels.packed, tile.base, $0, true, &piece) }
            }
        }
    }

    func storeSplit(_ tile: SharedRegion<Scalar>, _ target: SampleTarget<Scalar>, _ team: TransformTeam<Scalar>) {
        // What a worker's panel holds it holds for one piece, so each turn joins the lines.
        target.forEachTurn { target in
            guard !target.isPlain else {
                return team.run(shape.stretches) { index, _ in
                    var split = stage(index)
                    unsafe withFactors { unsafe target.scatterJoin(tile.base, $0, &split) }
                }
            }
            team.run(shape.stretches) { index, panels in
                forEachPiece(index) { piece in
                    var piece = piece
                    unsafe withFactors { unsafe Scalar.join(tile.base, panels.packed, $0, true, &piece) }
                    for part in 0..<SplitLines.parts {
                        unsafe target.scatter(
                            panels.packed + 2 * part * piece.row_pitch, positions(piece, part))
                    }
                }
            }
        }
    }

    /// Calls `body` with pieces of a stretch of which a panel holds all parts.
    private func forEachPiece(_ index: Int, _ body: (ck_split) -> Void) {
        let stretch = stage(index)
        for from in stride(from: stretch.from, to: stretch.to, by: shape.lineLength) {
            let to = min(from + shape.lineLength, stretch.to)
            body(ck_split(row_pitch: to - from, length: stretch.length, pitch: stretch.pitch, from: from, to: to))
        }
    }

    /// Where a part of a piece is in the line.
    private func positions(_ piece: ck_split, _ part: Int) -> Range<Int> {
        part * piece.length + piece.from..<part * piece.length + piece.to
    }

    /// The lines of a row of the tile, side by side in a panel.
    func splitRow(_ row: Int, of tile: UnsafeMutablePointer<Scalar>, _ lines: UnsafeMutablePointer<Scalar>) {
        var split = secondStage
        unsafe withFactors(of: 2) { unsafe Scalar.split(tile + 2 * row * shape.pitch, lines, $0, false, &split) }
    }

    /// The opposite.
    func joinRow(_ lines: UnsafeMutablePointer<Scalar>, _ row: Int, of tile: UnsafeMutablePointer<Scalar>) {
        var split = secondStage
        unsafe withFactors(of: 2) { unsafe Scalar.join(lines, tile + 2 * row * shape.pitch, $0, false, &split) }
    }

    /// The first stage, for some points of each row: a stretch of them.
    private func stage(_ index: Int) -> ck_split {
        let points = shape.stretchLength / SplitLines.parts
        return ck_split(
            row_pitch: 0, length: shape.columnCount, pitch: shape.pitch, from: index * points,
            to: min((index + 1) * points, shape.columnCount))
    }

    private var secondStage: ck_split {
        ck_split(
            row_pitch: shape.lineLength, length: shape.lineLength, pitch: shape.linePitch, from: 0,
            to: shape.lineLength)
    }

    private func withFactors(of stage: Int = 1, _ body: (UnsafeMutablePointer<Scalar>) -> Void) {
        let start = stage == 1 ? 0 : 2 * SplitLines.firstFactorCount(shape.length)
        rotations?.withSharedRegion(of: Scalar.self) { unsafe body($0.base + start) }
    }
}

extension SampleSource {
    /// Whether samples are taken as they are, and none are missing between them.
    fileprivate var isPlain: Bool {
        unsafe !sanitising && exponents == (0, 0) && first.pointee.step.2 == 1 && (second?.pointee.step.2 ?? 1) == 1
    }

    fileprivate func gatherSplit(
        _ target: UnsafeMutablePointer<Scalar>, _ factors: UnsafePointer<Scalar>, _ split: UnsafePointer<ck_split>,
        _ note: UnsafeMutablePointer<Scalar>
    ) {
        unsafe noting(in: note) { unsafe Scalar.gatherSplit(array, first, second, target, factors, split, $0) }
    }
}

extension SampleTarget {
    /// Whether results are stored side by side.
    fileprivate var isPlain: Bool {
        unsafe (first == nil || windows.0.pointee.step.2 == 1)
            && (second == nil || windows.1.pointee.step.2 == 1)
    }

    fileprivate func scatterJoin(
        _ source: UnsafePointer<Scalar>, _ factors: UnsafePointer<Scalar>, _ split: UnsafePointer<ck_split>
    ) {
        var results = ((first ?? second)?.kernelResult ?? ck_result(), (second ?? first)?.kernelResult ?? ck_result())
        unsafe withUnsafePointer(to: &results) { results in
            // A tuple of two results is laid out as an array of two.
            unsafe results.withMemoryRebound(to: ck_result.self, capacity: 2) { results in
                unsafe Scalar.scatterJoin(
                    source, array, (first == nil ? nil : windows.0, second == nil ? nil : windows.1), factors, split,
                    results)
            }
        }
    }
}

extension PartResult {
    fileprivate var kernelResult: ck_result {
        ck_result(first: factors.0, second: factors.1, floor: floor, bias: bias, adds: isSum ? 1 : 0)
    }
}
