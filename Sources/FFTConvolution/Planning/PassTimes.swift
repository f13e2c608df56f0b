internal import SpectralEngine

/// What a pass over lines costs on one core, by their length: seconds for each complex f32 point.
public struct PassTimes: Hashable, Sendable {
    /// In the order of the lengths of ``TransformLength/passTimes``; the second where the engine reads columns.
    var contiguous = TransformLength.passTimes.map { $0.contiguous * 1e-9 }
    var columns = TransformLength.passTimes.map { $0.columns.map { $0 * 1e-9 } }
    /// Beyond the longest of these; such lines are rare in a tile.
    var beyond = 1.8e-9
    /// Of a single line that is transformed as it is: eight together cost less a point, but what comes with each line more
    /// (`Docs/Measurements/2026-11-26-lines.md`). Measured with ``singleLength`` points.
    var single = MeasuredPlans.builtIn.isEmpty ? 1.4e-9 : 1e-9
    static let singleLength = 2048

    /// Of contiguous lines, or of the form the engine prefers, and whether that is columns. A length that is not in the table
    /// costs as much as the next longer one.
    func pass(_ length: Int, contiguous isContiguous: Bool = false) -> (seconds: Double, isColumns: Bool) {
        guard let index = TransformLength.passTimes.firstIndex(where: { $0.length >= length }) else {
            return (beyond, false)
        }
        if !isContiguous, let columns = columns[index] { return (columns, true) }
        return (contiguous[index], false)
    }
}
