// Filters, or the accumulators of their gradients, may take more memory than there is. Then they are taken in sections, one
// after the other: whole groups, which costs nothing, or outputs of one group, whose fields are loaded once for each section.

/// How many groups, or filters and channels of a group, have spectra in memory at the same time.
struct Sectioning: Hashable, Sendable {
    /// Whole groups of a section; 1 where a group is cut.
    private(set) var groups: Int
    /// Filters and channels of each.
    private(set) var filters: Int
    private(set) var channels: Int

    /// One section.
    init(_ problem: Problem) {
        (groups, filters, channels) = (problem.groups, problem.filtersPerGroup, problem.channelsPerGroup)
    }

    /// Fewer groups; `nil` below two. An even number: pairs of filters that share a transform stay together, and so sections of
    /// groups change no bit.
    func withFewerGroups() -> Sectioning? {
        guard groups > 2 else { return nil }
        var fewer = self
        fewer.groups = Self.half(groups)
        return fewer
    }

    /// Fewer outputs of a pass; `nil` if there is one.
    func withFewerOutputs(_ pass: Pass) -> Sectioning? {
        var fewer = self
        if groups > 1 {
            fewer.groups = 1
            return fewer
        }
        switch pass {
        case .forward where filters > 1: fewer.filters = Self.half(filters)
        case .inputGradient where channels > 1: fewer.channels = Self.half(channels)
        case .filterGradient where filters > 1 && filters >= channels: fewer.filters = Self.half(filters)
        case .filterGradient where channels > 1: fewer.channels = Self.half(channels)
        default: return nil
        }
        return fewer
    }

    private static func half(_ count: Int) -> Int { count > 2 ? (count + 3) / 4 * 2 : 1 }

    /// How often the channels of the input, and the filters of the output gradient, are loaded.
    func loads(_ problem: Problem) -> (channels: Int, filters: Int) {
        (
            (problem.filtersPerGroup + filters - 1) / filters,
            (problem.channelsPerGroup + channels - 1) / channels
        )
    }
}

extension PassTable {
    /// The sections of the whole, each a table of its own; no one is larger than the first.
    func sections(_ sectioning: Sectioning) -> [PassTable] {
        let (Cg, Kg) = (whole.channelsPerGroup, whole.filtersPerGroup)
        var sections: [PassTable] = []
        for group in stride(from: 0, to: whole.groups, by: sectioning.groups) {
            let groups = group..<min(group + sectioning.groups, whole.groups)
            for k in stride(from: 0, to: Kg, by: sectioning.filters) {
                for c in stride(from: 0, to: Cg, by: sectioning.channels) {
                    let isCut = sectioning.filters < Kg || sectioning.channels < Cg
                    sections.append(
                        isCut
                            ? section(
                                channels: group * Cg + c..<group * Cg + min(c + sectioning.channels, Cg),
                                filters: group * Kg + k..<group * Kg + min(k + sectioning.filters, Kg))
                            : section(
                                channels: groups.lowerBound * Cg..<groups.upperBound * Cg,
                                filters: groups.lowerBound * Kg..<groups.upperBound * Kg))
                }
            }
        }
        return sections
    }

    /// The first section.
    func section(_ sectioning: Sectioning) -> PassTable {
        section(
            channels: 0..<sectioning.groups * sectioning.channels, filters: 0..<sectioning.groups * sectioning.filters)
    }
}
