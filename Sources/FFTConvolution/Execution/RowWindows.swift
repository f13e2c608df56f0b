internal import SpectralEngine

// The windows of a pair of rows. Those of one group's fields are those of another's in other planes, so they are made once for
// all groups, and blocks say how many elements further on they work.

/// The windows of two rows, or of one, for the first plane of each array.
struct RowWindows {
    /// Of the fields that are loaded; in the filter gradient of the input.
    let fields: WindowPair
    /// Of the results; in the filter gradient of the output gradient.
    let results: WindowPair
}

extension PassTable {
    /// - Parameter planesApart: From the first row's plane to the second one's, where they are of neighbouring groups.
    func rowWindows(_ first: Int, _ second: Int?, planesApart: Int = 0) -> RowWindows {
        func pair(_ window: (_ row: Int, _ plane: Int) -> Window) -> WindowPair {
            WindowPair(window(first, 0), second.map { window($0, planesApart) })
        }
        func input(_ row: Int, _ plane: Int) -> Window { inputWindow(row: row, channel: plane - firstChannel) }
        func outputGradient(_ row: Int, _ plane: Int) -> Window {
            outputGradientWindow(row: row, filter: plane - firstFilter)
        }
        switch pass {
        case .forward:
            return RowWindows(
                fields: pair(input), results: pair { outputWindow(row: $0, filter: $1 - firstFilter) })
        case .inputGradient:
            return RowWindows(
                fields: pair(outputGradient), results: pair { inputGradientWindow(row: $0, channel: $1 - firstChannel) }
            )
        case .filterGradient:
            return RowWindows(fields: pair(input), results: pair(outputGradient))
        }
    }

    /// Elements of the arrays from those windows to the ones of a group's field and result.
    func fieldOffset(_ group: Int, _ i: Int) -> Int {
        pass == .inputGradient
            ? (firstFilter + group * problem.filtersPerGroup + i) * outputPlaneCount
            : (firstChannel + group * problem.channelsPerGroup + i) * inputPlaneCount
    }

    func resultOffset(_ group: Int, _ o: Int) -> Int {
        pass == .inputGradient
            ? (firstChannel + group * problem.channelsPerGroup + o) * inputPlaneCount
            : (firstFilter + group * problem.filtersPerGroup + o) * outputPlaneCount
    }
}

/// The windows of all pairs of rows, where there are few of them: then there are many groups, or little to do at all. Making those of a
/// small depthwise plane takes a tenth of the time that the plane does.
struct RowWindowTable {
    /// Each takes 700 bytes (`Docs/Measurements/2026-11-27-blocks.md`).
    private static let limit = 64

    private let pairs: [RowWindows]
    /// Of the last row in two neighbouring groups.
    private let shared: RowWindows?

    init(_ table: PassTable) {
        let count = table.rowCount / 2
        pairs = count <= Self.limit ? (0..<count).map { table.rowWindows(2 * $0, 2 * $0 + 1) } : []
        let last = table.rowCount - 1
        shared = table.sharesOddRows ? table.rowWindows(last, last, planesApart: 1) : nil
    }

    /// - Parameter isShared: Whether the second row is that of the next group.
    func windows(_ first: Int, _ second: Int?, isShared: Bool = false, in table: PassTable) -> RowWindows {
        if isShared { return shared ?? table.rowWindows(first, second, planesApart: 1) }
        if second != nil, pairs.indices.contains(first / 2) { return pairs[first / 2] }
        return table.rowWindows(first, second)
    }
}
