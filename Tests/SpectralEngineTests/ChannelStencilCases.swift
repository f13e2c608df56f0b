import CKernels

/// Planes of a line of channels. Sums of their elements are exact.
struct ChannelStencilCase {
    let extents: ck_channel_stencil
    let channels: Int
    /// From row 0 of the source; NaN in rows that are not there, 0 in columns that are not.
    let source: [Double]
    /// Lines by rows of taps, and which of them is that of row 0 and column 0.
    let weights: [Double]
    let origin: Int
    let before: [Double]
    let accumulate: Bool

    /// - Parameter step: 1, or −1 for a filter that is turned.
    init(
        rows: Int, columns: Int, tapRows: Int, taps: Int, channels: Int, step: Int, _ generator: inout SeededGenerator
    ) {
        func part(of count: Int) -> Range<Int> {
            let first = generator.integer(in: 0...count - 1)
            return generator.integer(in: 0...1) == 0 ? 0..<count : first..<generator.integer(in: first + 1...count)
        }
        self.channels = channels
        let (height, width) = (rows + tapRows - 1, columns + taps - 1)
        let (presentRows, presentColumns) = (part(of: height), part(of: width))
        extents = ck_channel_stencil(
            rows: rows, columns: columns, tap_rows: tapRows, taps: taps, first_row: presentRows.lowerBound,
            last_row: presentRows.upperBound, first_column: presentColumns.lowerBound,
            last_column: presentColumns.upperBound, source_pitch: width, result_pitch: columns,
            weight_pitch: step * taps, weight_step: step)
        source = (0..<height * width).flatMap { place in
            let (row, column) = place.quotientAndRemainder(dividingBy: width)
            guard presentRows.contains(row) else { return [Double](repeating: .nan, count: channels) }
            return presentColumns.contains(column)
                ? generator.sixteenths(channels) : [Double](repeating: 0, count: channels)
        }
        weights = generator.sixteenths(tapRows * taps * channels)
        origin = step < 0 ? tapRows * taps - 1 : 0
        before = generator.sixteenths(rows * columns * channels)
        accumulate = generator.integer(in: 0...1) == 0
    }

    /// The sums by their definition.
    var expected: [Double] {
        var sums = accumulate ? before : [Double](repeating: 0, count: before.count)
        for index in sums.indices {
            let (place, channel) = index.quotientAndRemainder(dividingBy: channels)
            let (row, column) = place.quotientAndRemainder(dividingBy: extents.columns)
            for r in 0..<extents.tap_rows where row + r >= extents.first_row && row + r < extents.last_row {
                for s in 0..<extents.taps {
                    let tap = origin + r * extents.weight_pitch + s * extents.weight_step
                    sums[index] +=
                        weights[tap * channels + channel]
                        * source[((row + r) * extents.source_pitch + column + s) * channels + channel]
                }
            }
        }
        return sums
    }
}

extension ChannelStencilCase {
    /// What the taps become that the gradient `before`, of the result's extents, is added to.
    var expectedGradient: [Double] {
        var sums = weights
        for index in before.indices {
            let (place, channel) = index.quotientAndRemainder(dividingBy: channels)
            let (row, column) = place.quotientAndRemainder(dividingBy: extents.columns)
            for r in 0..<extents.tap_rows where row + r >= extents.first_row && row + r < extents.last_row {
                for s in 0..<extents.taps {
                    let tap = origin + r * extents.weight_pitch + s * extents.weight_step
                    sums[tap * channels + channel] +=
                        before[index] * source[((row + r) * extents.source_pitch + column + s) * channels + channel]
                }
            }
        }
        return sums
    }
}

extension KernelCase {
    /// Rows and columns of taps as blocks of them are, and one more; rows of results fewer and more than those; columns up to 20, and
    /// some that are several runs.
    static func channelGradients(_ generator: inout SeededGenerator) -> [KernelCase] {
        (0..<240).map { index in
            let test = ChannelStencilCase(
                rows: 1 + index % 11, columns: index % 40 == 39 ? 100 + index : 1 + index % 20,
                tapRows: 1 + index % 7, taps: 1 + index / 7 % 13, channels: 64 / MemoryLayout<T>.size,
                step: index % 2 == 0 ? 1 : -1, &generator)
            let (source, gradient) = (Operand<T>(test.source), Operand<T>(test.before))
            return KernelCase(
                kernel: "channel_gradient", parameters: "\(test.extents)", expected: guarded(test.expectedGradient),
                tolerance: 0
            ) { kernels in
                var extents = test.extents
                return written(test.weights) { taps in
                    source.lend { source in
                        gradient.lend {
                            kernels.channelGradient(source, $0, taps + test.origin * test.channels, &extents)
                        }
                    }
                }
            }
        }
    }

    /// All columns up to 20, with rows even and odd, and with more taps than columns and fewer.
    static func channelStencils(_ generator: inout SeededGenerator) -> [KernelCase] {
        (0..<120).map { index in
            let test = ChannelStencilCase(
                rows: 1 + index % 7, columns: 1 + index % 20, tapRows: 1 + index % 5, taps: 1 + index % 9,
                channels: 64 / MemoryLayout<T>.size, step: index % 2 == 0 ? 1 : -1, &generator)
            let (source, weights) = (Operand<T>(test.source), Operand<T>(test.weights))
            let before = test.accumulate ? test.before : [Double](repeating: .nan, count: test.before.count)
            return KernelCase(
                kernel: "channel_stencil", parameters: "\(test.extents) \(test.accumulate)",
                expected: guarded(test.expected), tolerance: 0
            ) { kernels in
                var extents = test.extents
                return written(before) { result in
                    source.lend { source in
                        weights.lend {
                            kernels.channelStencil(
                                source, $0 + test.origin * test.channels, result, test.accumulate ? 1 : 0, &extents)
                        }
                    }
                }
            }
        }
    }
}
