internal import SpectralEngine

// Two real fields share a complex transform. Of a field in one tile, which has no partner, the second half is one: positions n and
// n + L/2 along the lines of the tile are the parts of point n, so that L/2 points are transformed instead of L, and nothing is gathered,
// transformed or stored twice. Its products are those of convolutions that change their sign where they wrap around; what wraps around
// is never kept. Lines are turned before they are transformed, and back after (`Docs/Mathematics.md`, "Folded tiles").
//
// To the pipeline a folded tile is a pair of rows, whose windows are its halves. They have one norm, and so one scale: neither can
// travel alone. And as each of its lines meets one of the filter, once, these are transformed where they meet.

enum FoldedTiles {
    /// One folded tile for a whole field, if there is one field: along the lines of a tile that is no line itself, since it is these
    /// that are turned.
    ///
    /// - Returns: `nil` too where nothing would be saved: half of the axis, and the filter, take as many points as the whole.
    static func tilings(_ problem: Problem, _ pass: Pass) -> [AxisTiling]? {
        guard problem.batch == 1, problem.channels == 1, problem.filters == 1 else { return nil }
        var tilings: [AxisTiling] = []
        for axis in problem.axes {
            let isFolded = axis.coveringLength > 1 && !tilings.contains(where: \.folds)
            let least = isFolded ? max((axis.coveringLength + 1) / 2, axis.dilatedFilter) : axis.coveringLength
            guard let points = TransformLength.good(atLeast: least) else { return nil }
            if isFolded, let whole = TransformLength.good(atLeast: axis.coveringLength), points >= whole { return nil }
            tilings.append(
                AxisTiling(
                    step: pass == .inputGradient ? axis.input : axis.denseOutput,
                    length: isFolded ? 2 * points : points, coversAxis: true, folds: isFolded))
        }
        return tilings.contains(where: \.folds) && fits(problem, tilings) ? tilings : nil
    }

    /// Whether a tile can be folded as tilings say, if they say so.
    static func fits(_ problem: Problem, _ tilings: [AxisTiling]) -> Bool {
        guard let index = tilings.firstIndex(where: \.folds) else { return true }
        let (axis, tiling) = (problem.axes[index], tilings[index])
        // Axes of length 1 come first in a tile, and lines run along the first of the others.
        return problem.batch == 1 && problem.channels == 1 && problem.filters == 1
            && tilings.allSatisfy { $0.coversAxis && !$0.rolls } && tilings[..<index].allSatisfy { $0.length == 1 }
            && tilings[(index + 1)...].contains { $0.length > 1 } && !tilings[(index + 1)...].contains(where: \.folds)
            && tiling.length.isMultiple(of: 2) && tiling.points > 1 && axis.dilatedFilter <= tiling.points
    }
}
