/// The matrices that transform a filter's few taps, and short lines.
enum Exponentials {
    /// exp(−2πi·bin·tap·dilation / extent) of every axis, `[bin][tap]`; then the last axis with half weights where a bin is its own
    /// opposite. Behind them, real, `[position][tap]` of the outer axis: the cosine, and for the second one of a pair of opposites
    /// the sine; and the tables of ``ShortLines`` for each axis. Each rounded once from double precision.
    static func table<Scalar: ConvolutionScalar>(
        _ layout: ChannelLayout, _: Scalar.Type
    ) throws(AllocationFailure) -> AlignedBuffer {
        let (extents, taps, dilations) = (layout.extents, layout.taps, layout.dilations)
        let last = (extents.length, taps.length, dilations.length)
        let axes = [
            (extents.planes, taps.planes, dilations.planes), (extents.rows, taps.rows, dilations.rows), last, last,
        ]
        let buffer = try AlignedBuffer(byteCount: 2 * layout.tableCount * MemoryLayout<Scalar>.stride)
        buffer.withSharedRegion(of: Scalar.self) { table in
            var index = 0
            for (position, (extent, taps, dilation)) in axes.enumerated() {
                for bin in 0..<extent {
                    let weight = position == 3 && (bin == 0 || 2 * bin == extent) ? 0.5 : 1
                    for tap in 0..<taps {
                        let (cosine, sine) = Rotations.unitRoot(bin * tap * dilation, of: extent)
                        table[2 * index] = Scalar(weight * cosine)
                        table[2 * index + 1] = Scalar(-weight * sine)
                        index += 1
                    }
                }
            }
            let outer = layout.outer
            let dilation = extents.planes > 1 ? dilations.planes : dilations.rows
            for position in 0..<outer.extent {
                let isSecond = position >= outer.singleCount && (position - outer.singleCount) % 2 == 1
                for tap in 0..<outer.taps {
                    // The bin of the first one of a pair.
                    let bin = outer.bin(at: isSecond ? position - 1 : position)
                    let (cosine, sine) = Rotations.unitRoot(bin * tap * dilation, of: outer.extent)
                    table[2 * layout.exponentialCount + position * outer.taps + tap] = Scalar(isSecond ? sine : cosine)
                }
            }
            for (axis, extent) in [extents.planes, extents.rows, extents.length].enumerated()
            where extent <= ShortLines.longest {
                for (place, value) in ShortLines.table(extent).enumerated() {
                    table[layout.shortTable(axis) + place] = Scalar(value)
                }
            }
        }
        return buffer
    }
}
