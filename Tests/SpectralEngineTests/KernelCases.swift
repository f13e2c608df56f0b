import CKernels
import SpectralEngine

// Every kernel of kernels.inc with its definition in plain Swift, in double precision.

extension KernelCase {
    static func all() -> [KernelCase] {
        var generator = SeededGenerator(seed: 2026)
        var cases: [KernelCase] = []
        for shape in KernelShape.all {
            cases += gathers(shape, &generator)
            cases += scatters(shape, &generator)
            cases += fills(shape, &generator)
            cases += untangles(shape, &generator)
            cases += tangles(shape, &generator)
            cases += products(shape, &generator)
            cases += correlations(shape, &generator)
        }
        for count in Array(0...19) + [31, 32, 33, 64, 65, 100] {
            cases += surveys(count, &generator)
            cases += removals(count, &generator)
            cases += rescales(count, &generator)
            cases += sums(count, &generator)
            cases += panels(count, &generator)
            cases += rotations(count, &generator)
        }
        return cases + matrixProducts(&generator)
    }

    // MARK: Windows

    private static func gathers(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        [(false, false), (false, true), (true, false), (true, true)].map { strided, isPair in
            let windows = (0..<2).map { _ in KernelWindow(in: shape, strided: strided, &generator) }
            // Two windows of one array; the second begins where the first one's elements end.
            var second = windows[1].box
            second.array_offset += windows[0].arrayCount
            let values = windows.map { generator.values($0.samples.count) }
            let array = Operand<T>(zip(windows, values).flatMap { $0.array($1, between: .nan) })
            var tile = [Double](repeating: 0, count: shape.tileCount)
            for part in 0..<(isPair ? 2 : 1) {
                for (sample, value) in zip(windows[part].samples, values[part]) { tile[2 * sample.tile + part] = value }
            }
            let used = isPair ? values : [values[0], []]
            // Energies depend on the order of the sum: scaled to at most 1, they are within the tolerance.
            let scale = 1 / Double(max(values[0].count, values[1].count, 1))
            let summaries = used.flatMap { part in
                [norm(part) * norm(part) * scale, part.contains { $0 < 0 } ? 1 : 0]
            }
            return KernelCase(
                kernel: "gather", parameters: "\(shape) \(windows)", expected: guarded(tile) + summaries,
                tolerance: 0,
                returned: (4, Double(used[0].count + used[1].count + 8) * Double(T.ulpOfOne))
            ) { kernels in
                var summary = [ck_summary(energy: -1, has_negative: -1), ck_summary(energy: -1, has_negative: -1)]
                var (first, second, extents) = (windows[0].box, second, shape.extents)
                let tile: [T] = written([Double](repeating: untouched, count: shape.tileCount)) { tile in
                    array.lend { array in
                        withUnsafePointer(to: &second) { second in
                            kernels.gather(array, &first, isPair ? second : nil, tile, &extents, &summary)
                        }
                    }
                }
                return tile + summary.flatMap { [T($0.energy * scale), T($0.has_negative)] }
            }
        }
    }

    private static func scatters(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        typealias Setting = (part: Int, strided: Bool, first: Double, second: Double, floor: Double, bias: Double)
        let settings: [Setting] = [
            (0, false, 1, 1, -.infinity, 0), (1, false, 1, 1, -.infinity, 0), (1, true, 1, 1, -.infinity, 0),
            (0, false, 0.3, 2, 0, 0.25), (1, true, 0.7, -1, 0, -0.5), (1, false, 4, 0.25, -.infinity, 0.75),
        ]
        return settings.map { setting in
            let window = KernelWindow(in: shape, strided: setting.strided, &generator)
            let values = generator.values(window.samples.count)
            var tile = [Double](repeating: .nan, count: shape.tileCount)
            for (sample, value) in zip(window.samples, values) { tile[2 * sample.tile + setting.part] = value }
            let source = Operand<T>(tile)
            let (first, second) = (T(setting.first), T(setting.second))
            let results = values.map {
                max($0 * Double(first) * Double(second), setting.floor) + setting.bias
            }
            let isCopy = setting.first == 1 && setting.second == 1
            return KernelCase(
                kernel: "scatter", parameters: "\(shape) \(window) \(setting)",
                expected: guarded(window.array(results, between: untouched)), tolerance: isCopy ? 0 : fewRoundings
            ) { kernels in
                var box = window.box
                return written([Double](repeating: untouched, count: window.arrayCount)) { array in
                    source.lend {
                        kernels.scatter(
                            $0, Int32(setting.part), array, &box, first, second, T(setting.floor), T(setting.bias))
                    }
                }
            }
        }
    }

    private static func fills(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true].map { strided in
            let window = KernelWindow(in: shape, strided: strided, &generator)
            let results = [Double](repeating: 0.625, count: window.samples.count)
            return KernelCase(
                kernel: "fill", parameters: "\(shape) \(window)",
                expected: guarded(window.array(results, between: untouched)), tolerance: 0
            ) { kernels in
                var box = window.box
                return written([Double](repeating: untouched, count: window.arrayCount)) {
                    kernels.fill($0, &box, 0.625)
                }
            }
        }
    }

    // MARK: Spectra

    private static func untangles(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        [true, false].map { isPair in
            let bins = shape.random(half: false, &generator)
            let tile = Operand<T>(shape.tile(bins, between: .nan))
            let (f, g) = (0.5, 2.0)
            let first = shape.map(half: true) { plane, row, bin in
                (bins[shape.index(plane, row, bin)] + bins[shape.negated(plane, row, bin)].conjugate) * (f / 2)
            }
            let second = shape.map(half: true) { plane, row, bin in
                (bins[shape.index(plane, row, bin)] - bins[shape.negated(plane, row, bin)].conjugate)
                    * Complex(real: 0, imaginary: -g / 2)
            }
            let untouchedHalf = [Double](repeating: untouched, count: shape.halfCount)
            return KernelCase(
                kernel: "untangle", parameters: "\(shape) \(isPair)",
                expected: guarded(shape.half(first, between: untouched))
                    + guarded(isPair ? shape.half(second, between: untouched) : untouchedHalf), tolerance: fewRoundings
            ) { kernels in
                var extents = shape.extents
                var one: [T] = []
                let two: [T] = written(untouchedHalf) { second in
                    one = written(untouchedHalf) { first in
                        tile.lend { kernels.untangle($0, first, isPair ? second : nil, T(f), T(g), &extents) }
                    }
                }
                return one + two
            }
        }
    }

    private static func tangles(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        [true, false].map { isPair in
            let halves = (0..<2).map { _ in shape.random(half: true, &generator) }
            let operands = halves.map { Operand<T>(shape.half($0, between: .nan)) }
            let (f, g) = (2.0, 0.5)
            let bins = shape.map(half: false) { plane, row, bin in
                let first = shape.whole(halves[0], plane, row, bin) * f
                let second = shape.whole(halves[1], plane, row, bin) * g
                return isPair ? first + second * Complex(real: 0, imaginary: 1) : first
            }
            return KernelCase(
                kernel: "tangle", parameters: "\(shape) \(isPair)",
                expected: guarded(shape.tile(bins, between: untouched)), tolerance: fewRoundings
            ) { kernels in
                var extents = shape.extents
                return written([Double](repeating: untouched, count: shape.tileCount)) { tile in
                    operands[0].lend { first in
                        operands[1].lend { second in
                            kernels.tangle(first, isPair ? second : nil, T(f), T(g), tile, &extents)
                        }
                    }
                }
            }
        }
    }

    private static func products(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        [(false, false), (false, true), (true, false), (true, true)].map { conjugate, accumulate in
            let (bins, before) = (shape.random(half: false, &generator), shape.random(half: false, &generator))
            let half = shape.random(half: true, &generator)
            let (a, w) = (Operand<T>(shape.tile(bins, between: .nan)), Operand<T>(shape.half(half, between: .nan)))
            let result = shape.map(half: false) { plane, row, bin in
                let index = shape.index(plane, row, bin)
                let factor = shape.whole(half, plane, row, bin, direct: (shape.length + 1) / 2)
                let product = bins[index] * (conjugate ? factor.conjugate : factor)
                return accumulate ? before[index] + product : product
            }
            return KernelCase(
                kernel: conjugate ? "multiply_conjugate" : "multiply", parameters: "\(shape) \(accumulate)",
                expected: guarded(shape.tile(result, between: untouched)), tolerance: fewRoundings
            ) { kernels in
                var extents = shape.extents
                let multiply = conjugate ? kernels.multiplyConjugate : kernels.multiply
                return written(shape.tile(before, between: untouched)) { result in
                    a.lend { a in w.lend { w in multiply(a, w, result, accumulate ? 1 : 0, &extents) } }
                }
            }
        }
    }

    private static func correlations(_ shape: KernelShape, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true].map { accumulate in
            let (x, g) = (shape.random(half: false, &generator), shape.random(half: false, &generator))
            let before = shape.random(half: true, &generator)
            let operands = [x, g].map { Operand<T>(shape.tile($0, between: .nan)) }
            let width = shape.length / 2 + 1
            let half = shape.map(half: true) { plane, row, bin in
                let (b, m) = (shape.index(plane, row, bin), shape.negated(plane, row, bin))
                let hermitian = x[b] * g[b].conjugate + x[m].conjugate * g[m]
                return accumulate ? before[(plane * shape.rows + row) * width + bin] + hermitian : hermitian
            }
            return KernelCase(
                kernel: "correlate", parameters: "\(shape) \(accumulate)",
                expected: guarded(shape.half(half, between: untouched)), tolerance: fewRoundings
            ) { kernels in
                var extents = shape.extents
                return written(shape.half(before, between: untouched)) { half in
                    operands[0].lend { x in
                        operands[1].lend { g in kernels.correlate(x, g, half, accumulate ? 1 : 0, &extents) }
                    }
                }
            }
        }
    }

    // MARK: Rows of values

    /// Values, and NaN between them.
    private static func spread(_ values: [Double], stride: Int, between: Double) -> [Double] {
        var elements = [Double](repeating: between, count: max((values.count - 1) * stride + 1, 0))
        for (index, value) in values.enumerated() { elements[index * stride] = value }
        return elements
    }

    private static func surveys(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        (1...3).map { stride in
            var values = generator.values(count)
            for index in values.indices {
                switch generator.integer(in: 0...11) {
                case 0: values[index] = .nan
                case 1: values[index] = index.isMultiple(of: 2) ? .infinity : -.infinity
                case 2: values[index] = -0.0
                default: break
                }
            }
            let operand = Operand<T>(spread(values, stride: stride, between: .nan))
            let finite = values.filter(\.isFinite)
            let scale = 1 / Double(max(count, 1))
            return KernelCase(
                kernel: "survey", parameters: "\(count) \(stride)",
                expected: [
                    norm(finite) * norm(finite) * 0.25 * scale, finite.map(abs).max() ?? 0,
                    Double(count - finite.count), values.contains { $0 < 0 } ? 1 : 0,
                ], tolerance: 0, returned: (4, Double(count + 8) * Double(T.ulpOfOne))
            ) { kernels in
                let survey = operand.lend { kernels.survey($0, count, stride, 0.5) }
                return [
                    T(survey.energy * scale), T(survey.largest), T(survey.non_finite), T(survey.has_negative),
                ]
            }
        }
    }

    private static func removals(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        (1...3).map { stride in
            var values = generator.values(count)
            for index in values.indices where generator.integer(in: 0...2) == 0 {
                values[index] = [.nan, .infinity, -.infinity][index % 3]
            }
            // What lies between stays, even if it is infinite.
            let expected = spread(values.map { $0.isFinite ? $0 : 0 }, stride: stride, between: .infinity)
            return KernelCase(
                kernel: "remove_non_finite", parameters: "\(count) \(stride)", expected: guarded(expected), tolerance: 0
            ) { kernels in
                written(spread(values, stride: stride, between: .infinity)) {
                    kernels.removeNonFinite($0, count, stride)
                }
            }
        }
    }

    private static func rescales(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        let values = generator.values(2 * count)
        let factors: [(Double, Double, Double, Double)] = [(1, 1, 1, 1), (0.5, 2, 0.25, -1), (0.75, 0.5, 1.25, 0.125)]
        return factors.map { factors in
            let expected = values.enumerated().map { index, value in
                value * (index.isMultiple(of: 2) ? factors.0 * factors.1 : factors.2 * factors.3)
            }
            return KernelCase(
                kernel: "rescale", parameters: "\(count) \(factors)", expected: guarded(expected),
                tolerance: factors.0 == 0.75 ? fewRoundings : 0
            ) { kernels in
                written(values) {
                    kernels.rescale($0, count, T(factors.0), T(factors.1), T(factors.2), T(factors.3))
                }
            }
        }
    }

    private static func sums(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        let (term, sum) = (generator.values(count), generator.values(count))
        let operand = Operand<T>(term)
        return [
            KernelCase(
                kernel: "add", parameters: "\(count)", expected: guarded(zip(term, sum).map { $0 + $1 }),
                tolerance: fewRoundings
            ) { kernels in
                written(sum) { sum in operand.lend { kernels.add($0, sum, count) } }
            }
        ]
    }

    private static func panels(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [(8, length), (13, length + 3)].flatMap { pitch, panelPitch in
            let values = generator.values(2 * 8 * length)
            var columns = [Double](repeating: .nan, count: 2 * length * pitch)
            let freshPanel = [Double](repeating: untouched, count: 2 * 8 * panelPitch)
            var expectedPanel = freshPanel
            for point in 0..<length {
                for line in 0..<8 {
                    for part in 0..<2 {
                        let value = values[2 * (point * 8 + line) + part]
                        columns[2 * (point * pitch + line) + part] = value
                        expectedPanel[2 * (line * panelPitch + point) + part] = value
                    }
                }
            }
            // The panel as it is read, NaN between its lines, and the columns as they are written.
            let panel = Operand<T>(expectedPanel.map { $0 == untouched ? .nan : $0 })
            let freshColumns = [Double](repeating: untouched, count: columns.count)
            let expectedColumns = columns.map { $0.isNaN ? untouched : $0 }
            let readColumns = Operand<T>(columns)
            return [
                KernelCase(
                    kernel: "pack_panel", parameters: "\(length) \(pitch) \(panelPitch)",
                    expected: guarded(expectedPanel), tolerance: 0
                ) { kernels in
                    written(freshPanel) { panel in
                        readColumns.lend { kernels.packPanel($0, pitch, panel, panelPitch, length) }
                    }
                },
                KernelCase(
                    kernel: "unpack_panel", parameters: "\(length) \(pitch) \(panelPitch)",
                    expected: guarded(expectedColumns), tolerance: 0
                ) { kernels in
                    written(freshColumns) { columns in
                        panel.lend { kernels.unpackPanel($0, panelPitch, columns, pitch, length) }
                    }
                },
            ]
        }
    }

    private static func rotations(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true].map { conjugate in
            let (values, factors) = (generator.values(2 * count), generator.values(2 * count))
            var expected = values
            for j in 0..<count {
                let (x, y, u) = (values[2 * j], values[2 * j + 1], factors[2 * j])
                let v = conjugate ? -factors[2 * j + 1] : factors[2 * j + 1]
                expected[2 * j] = x * u - y * v
                expected[2 * j + 1] = x * v + y * u
            }
            let operand = Operand<T>(factors)
            return KernelCase(
                kernel: "rotate", parameters: "\(count) \(conjugate)", expected: guarded(expected),
                tolerance: fewRoundings
            ) { kernels in
                written(values) { values in
                    operand.lend { kernels.rotate(values, $0, conjugate ? 1 : 0, count) }
                }
            }
        }
    }
}
