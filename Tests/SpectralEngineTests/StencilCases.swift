import CKernels

/// Planes of a source, of taps and of results, and where they lie. Sums of their elements are exact.
struct StencilCase {
    let extents: ck_stencil
    /// Source rows that are there.
    let presentRows: Range<Int>
    /// The source in memory from row 0 of its first layer; NaN in rows that are not there, between rows and between layers.
    let source: [Double]
    /// Taps by layers and rows.
    let weights: [Double]
    /// A field of the result's extents, by rows: what it was before, or its gradient.
    let field: [Double]
    let start: Double

    /// The extent of a source row.
    var sourceColumns: Int { extents.columns + extents.taps - 1 }

    /// Of one layer, or of two or three.
    ///
    /// - Parameter step: From tap to tap of the weights; negative, like every other pitch of theirs, turns the filter.
    init(
        rows: Int, columns: Int, tapRows: Int, taps: Int, sourceRows: (first: Int, last: Int), step: Int,
        _ generator: inout SeededGenerator
    ) {
        func padding() -> Int { generator.integer(in: 0...3) }
        func sign() -> Int { generator.integer(in: 0...1) == 0 ? 1 : -1 }
        let layers = max(generator.integer(in: -2...3), 1)
        let (count, width) = (rows + tapRows - 1, columns + taps - 1)
        let weightPitch = (taps - 1) * abs(step) + 1 + padding()
        let sourcePitch = width + padding()
        extents = ck_stencil(
            rows: rows, columns: columns, layers: layers, tap_rows: tapRows, taps: taps, first_row: sourceRows.first,
            last_row: sourceRows.last, source_pitch: sourcePitch, result_pitch: columns + padding(),
            weight_pitch: weightPitch * sign(), weight_step: step, source_layer: count * sourcePitch + padding(),
            weight_layer: (tapRows * weightPitch + padding()) * sign())
        let first = min(max(sourceRows.first, 0), count)
        presentRows = first..<max(min(sourceRows.last, count), first)
        var source: [Double] = []
        for layer in 0..<layers {
            var plane = [Double](repeating: .nan, count: count * width)
            for place in presentRows.lowerBound * width..<presentRows.upperBound * width {
                plane[place] = generator.sixteenths(1)[0]
            }
            source += [Double](repeating: .nan, count: layer * extents.source_layer - source.count)
            source += placed(plane, columns: width, pitch: sourcePitch, between: .nan)
        }
        self.source = source
        weights = generator.sixteenths(layers * tapRows * taps)
        field = generator.sixteenths(rows * columns)
        start = generator.sixteenths(1)[0]
    }

    /// Source rows that are all there, that begin and end somewhere inside, or anywhere, and then may be none.
    static func someRows(of count: Int, _ kind: Int, _ generator: inout SeededGenerator) -> (first: Int, last: Int) {
        switch kind % 3 {
        case 0: return (generator.integer(in: -2...0), count + generator.integer(in: 0...2))
        case 1:
            let first = generator.integer(in: 0...count - 1)
            return (first, generator.integer(in: first + 1...count))
        default: return (generator.integer(in: -3...count + 2), generator.integer(in: -3...count + 2))
        }
    }

    // MARK: Memory

    /// Taps in memory, and which element is that of layer 0, row 0 and column 0.
    func placedTaps(_ taps: [Double], between: Double) -> (values: [Double], origin: Int) {
        let spans = [
            (extents.layers - 1) * extents.weight_layer, (extents.tap_rows - 1) * extents.weight_pitch,
            (extents.taps - 1) * extents.weight_step,
        ]
        let origin = -spans.reduce(0) { $0 + min($1, 0) }
        var values = [Double](repeating: between, count: spans.reduce(1) { $0 + abs($1) })
        for (index, tap) in taps.enumerated() {
            let (row, column) = (index / extents.taps, index % extents.taps)
            let (layer, rowOfLayer) = row.quotientAndRemainder(dividingBy: extents.tap_rows)
            values[
                origin + layer * extents.weight_layer + rowOfLayer * extents.weight_pitch
                    + column * extents.weight_step] = tap
        }
        return (values, origin)
    }

    func placedField(_ field: [Double], between: Double) -> [Double] {
        placed(field, columns: extents.columns, pitch: extents.result_pitch, between: between)
    }

    // MARK: Definitions

    func expected(accumulate: Bool) -> [Double] {
        var sums = accumulate ? field : [Double](repeating: start, count: field.count)
        for (row, tapRow, place) in meetings {
            for tap in 0..<extents.taps {
                let weight = weights[tapRow * extents.taps + tap]
                for column in 0..<extents.columns {
                    sums[row * extents.columns + column] += weight * source[place + column + tap]
                }
            }
        }
        return sums
    }

    /// `weights` are what the sums are added to.
    var expectedGradient: [Double] {
        var sums = weights
        for (row, tapRow, place) in meetings {
            for tap in 0..<extents.taps {
                var sum = 0.0
                for column in 0..<extents.columns {
                    sum += field[row * extents.columns + column] * source[place + column + tap]
                }
                sums[tapRow * extents.taps + tap] += sum
            }
        }
        return sums
    }

    /// Rows of results and of all layers' taps that meet, and where the source's row begins.
    private var meetings: [(row: Int, tapRow: Int, place: Int)] {
        (0..<extents.layers).flatMap { layer in
            (0..<extents.rows).flatMap { row in
                (0..<extents.tap_rows).filter { presentRows.contains(row + $0) }.map {
                    (
                        row, layer * extents.tap_rows + $0,
                        layer * extents.source_layer + (row + $0) * extents.source_pitch
                    )
                }
            }
        }
    }
}

extension KernelCase {
    static func directSums(_ generator: inout SeededGenerator) -> [KernelCase] {
        shiftedProducts(&generator) + placedProducts(&generator) + stencils(&generator)
            + channelStencils(&generator) + stencilGradients(&generator) + channelGradients(&generator)
    }

    /// All columns up to 70, each with four of all rows up to 30, and some up to 158, with taps that the kernel has text of its
    /// own for and with others.
    private static func stencils(_ generator: inout SeededGenerator) -> [KernelCase] {
        extents.map { index, rows, columns in
            let tapRows = [3, 5, 7, generator.integer(in: 1...14)][index % 4]
            let test = StencilCase(
                rows: rows, columns: columns, tapRows: tapRows,
                taps: index % 8 < 3 ? tapRows : generator.integer(in: 1...14),
                sourceRows: StencilCase.someRows(of: rows + tapRows - 1, index / 4, &generator),
                step: [-2, -1, 1, 2][generator.integer(in: 0...3)], &generator)
            return stencil(test, accumulate: generator.integer(in: 0...1) == 0)
        }
    }

    private static func stencilGradients(_ generator: inout SeededGenerator) -> [KernelCase] {
        extents.map { index, rows, columns in
            let tapRows = 1 + index % 14
            let test = StencilCase(
                rows: rows, columns: columns, tapRows: tapRows, taps: generator.integer(in: 1...14),
                sourceRows: StencilCase.someRows(of: rows + tapRows - 1, index / 4, &generator), step: 1, &generator)
            return stencilGradient(test)
        }
    }

    private static var extents: [(index: Int, rows: Int, columns: Int)] {
        (0..<4 * 70).map { ($0, 1 + ($0 + $0 / 60) % 30, 1 + $0 / 4) }
            + (0..<30).map { ($0, 1 + $0 % 7, 71 + 3 * $0) }
    }

    private static func stencil(_ test: StencilCase, accumulate: Bool) -> KernelCase {
        let taps = test.placedTaps(test.weights, between: .nan)
        let (source, weights) = (Operand<T>(test.source), Operand<T>(taps.values))
        return KernelCase(
            kernel: "stencil", parameters: "\(test.extents) \(accumulate)",
            expected: guarded(test.placedField(test.expected(accumulate: accumulate), between: untouched)), tolerance: 0
        ) { kernels in
            var extents = test.extents
            let before = accumulate ? test.field : [Double](repeating: .nan, count: test.field.count)
            return written(test.placedField(before, between: untouched)) { result in
                source.lend { source in
                    weights.lend {
                        kernels.stencil(
                            source, $0 + taps.origin, result, accumulate ? 1 : 0, T(accumulate ? .nan : test.start),
                            &extents)
                    }
                }
            }
        }
    }

    private static func stencilGradient(_ test: StencilCase) -> KernelCase {
        let before = test.placedTaps(test.weights, between: untouched)
        let (source, gradient) = (
            Operand<T>(test.source), Operand<T>(test.placedField(test.field, between: .nan))
        )
        return KernelCase(
            kernel: "stencil_gradient", parameters: "\(test.extents)",
            expected: guarded(test.placedTaps(test.expectedGradient, between: untouched).values), tolerance: 0
        ) { kernels in
            var extents = test.extents
            return written(before.values) { taps in
                source.lend { source in
                    gradient.lend { kernels.stencilGradient(source, $0, taps + before.origin, &extents) }
                }
            }
        }
    }
}
