import CKernels
import SpectralEngine

// Every kernel of kernels.inc with its definition in plain Swift, in double precision.

extension KernelCase {
    static func all() -> [KernelCase] {
        var generator = SeededGenerator(seed: 2026)
        var cases: [KernelCase] = []
        // Odd and even, around the widths of vectors.
        for length in Array(1...20) + [31, 32, 33, 64, 65] {
            cases += gathers(length, &generator)
            cases += scatters(length, &generator)
            cases += addingScatters(length, &generator)
            cases += fills(length, &generator)
            cases += untangles(length, &generator)
            cases += tangles(length, &generator)
            cases += products(length, &generator)
            cases += pairProducts(length, &generator)
            cases += correlations(length, &generator)
        }
        for count in Array(0...19) + [31, 32, 33, 64, 65, 100] {
            cases += surveys(count, &generator)
            cases += removals(count, &generator)
            cases += rescales(count, &generator)
            cases += sums(count, &generator)
            cases += panels(count, &generator)
            cases += rotations(count, &generator)
        }
        return cases + matrixProducts(&generator) + directSums(&generator) + moves(&generator)
    }

    // MARK: Windows

    private static func gathers(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        typealias Setting = (isPair: Bool, strided: (Bool, Bool), sameColumns: Bool)
        let settings: [Setting] = [
            (false, (false, false), false), (true, (false, false), false), (true, (false, false), false),
            (true, (false, false), true), (false, (true, false), false), (true, (true, true), false),
            (true, (false, true), false),
        ]
        return settings.map { setting in
            let rows = KernelRows(length: length, &generator)
            let first = KernelWindow(in: rows.extents, strided: setting.strided.0, &generator)
            let second = KernelWindow(
                in: rows.extents, strided: setting.strided.1, columns: setting.sameColumns ? first : nil, &generator)
            let windows = setting.isPair ? [first, second] : [first]
            // Two windows of one array; the second begins where the first one's elements end. Samples in other rows are NaN.
            var target = rows.zeros(between: untouched)
            var array: [Double] = []
            // What was found before; the parts of a kernel's own sums are scaled so that they are at most about 1.
            let before = [(energy: 2.5, hasNegative: 0.0), (energy: 0.25, hasNegative: 1.0)]
            let scale = 1 / Double(rows.count)
            var summaries = before
            for (part, window) in windows.enumerated() {
                let samples = window.samples(in: rows.rows)
                let values = generator.values(samples.count)
                array += window.array(samples.map(\.array), values, between: .nan)
                for (sample, value) in zip(samples, values) { target[2 * sample.element + part] = value }
                summaries[part].energy += norm(values) * norm(values)
                if values.contains(where: { $0 < 0 }) { summaries[part].hasNegative = 1 }
            }
            let source = Operand<T>(array)
            return KernelCase(
                kernel: "gather", parameters: "\(rows) \(windows) \(setting)",
                expected: guarded(target) + summaries.flatMap { [$0.energy * scale, $0.hasNegative] }, tolerance: 0,
                returned: (4, Double(rows.count + 8) * Double(T.ulpOfOne))
            ) { kernels in
                var summary = before.map { ck_summary(energy: $0.energy, has_negative: Int32($0.hasNegative)) }
                var (one, two, extents) = (first.box, second.box, rows.rows)
                two.array_offset += first.arrayCount
                let row: [T] = written([Double](repeating: untouched, count: rows.count)) { target in
                    source.lend { array in
                        withUnsafePointer(to: &two) { two in
                            kernels.gather(array, &one, setting.isPair ? two : nil, target, &extents, &summary)
                        }
                    }
                }
                return row + summary.flatMap { [T($0.energy * scale), T($0.has_negative)] }
            }
        }
    }

    private static func scatters(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        typealias Setting = (part: Int, strided: Bool, first: Double, second: Double, floor: Double, bias: Double)
        let settings: [Setting] = [
            (0, false, 1, 1, -.infinity, 0), (1, false, 1, 1, -.infinity, 0), (1, true, 1, 1, -.infinity, 0),
            (0, true, 1, 1, -.infinity, 0), (0, false, 0.3, 2, 0, 0.25), (1, true, 0.7, -1, 0, -0.5),
            (1, false, 4, 0.25, -.infinity, 0.75),
        ]
        return settings.map { setting in
            let rows = KernelRows(length: length, &generator)
            let window = KernelWindow(in: rows.extents, strided: setting.strided, &generator)
            let samples = window.samples(in: rows.rows)
            let values = generator.values(samples.count)
            var tile = [Double](repeating: .nan, count: rows.count)
            for (sample, value) in zip(samples, values) { tile[2 * sample.element + setting.part] = value }
            let source = Operand<T>(tile)
            let (first, second) = (T(setting.first), T(setting.second))
            let results = values.map {
                max($0 * Double(first) * Double(second), setting.floor) + setting.bias
            }
            let isCopy = setting.first == 1 && setting.second == 1
            return KernelCase(
                kernel: "scatter", parameters: "\(rows) \(window) \(setting)",
                expected: guarded(window.array(samples.map(\.array), results, between: untouched)),
                tolerance: isCopy ? 0 : fewRoundings
            ) { kernels in
                var (box, extents) = (window.box, rows.rows)
                return written([Double](repeating: untouched, count: window.arrayCount)) { array in
                    source.lend {
                        kernels.scatter(
                            $0, Int32(setting.part), array, &box, &extents, first, second, T(setting.floor),
                            T(setting.bias))
                    }
                }
            }
        }
    }

    private static func addingScatters(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        typealias Setting = (part: Int, strided: Bool, floor: Double)
        let settings: [Setting] = [
            (0, false, -.infinity), (1, false, -.infinity), (0, true, 0), (1, true, -.infinity), (1, false, 0),
        ]
        return settings.map { setting in
            let rows = KernelRows(length: length, &generator)
            let window = KernelWindow(in: rows.extents, strided: setting.strided, &generator)
            let samples = window.samples(in: rows.rows)
            let values = generator.values(samples.count)
            var tile = [Double](repeating: .nan, count: rows.count)
            for (sample, value) in zip(samples, values) { tile[2 * sample.element + setting.part] = value }
            let source = Operand<T>(tile)
            let results = values.map { max($0 * 0.5, setting.floor) + untouched }
            return KernelCase(
                kernel: "scatter_add", parameters: "\(rows) \(window) \(setting)",
                expected: guarded(window.array(samples.map(\.array), results, between: untouched)),
                tolerance: fewRoundings * (1 + abs(untouched))
            ) { kernels in
                var (box, extents) = (window.box, rows.rows)
                return written([Double](repeating: untouched, count: window.arrayCount)) { array in
                    source.lend {
                        kernels.scatterAdd($0, Int32(setting.part), array, &box, &extents, 0.25, 2, T(setting.floor))
                    }
                }
            }
        }
    }

    private static func fills(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true].map { strided in
            let window = KernelWindow(in: (3, 4, length), strided: strided, &generator)
            let results = [Double](repeating: 0.625, count: window.samples.count)
            return KernelCase(
                kernel: "fill", parameters: "\(length) \(window)",
                expected: guarded(window.array(window.samples.map(\.array), results, between: untouched)), tolerance: 0
            ) { kernels in
                var box = window.box
                return written([Double](repeating: untouched, count: window.arrayCount)) {
                    kernels.fill($0, &box, 0.625)
                }
            }
        }
    }

    // MARK: Spectra

    /// Every way in which a line meets its opposite: which may be itself.
    private static var meetings: [(mirror: BinMirror, isOne: Bool)] {
        BinMirror.opposites.flatMap { [($0, false), ($0, true)] }
    }

    /// A line and its opposite: one and the same memory if they are one line.
    private static func lend(
        _ line: Operand<T>, _ opposite: Operand<T>, isOne: Bool, _ body: (UnsafePointer<T>, UnsafePointer<T>) -> Void
    ) {
        line.lend { line in
            if isOne { body(line, line) } else { opposite.lend { body(line, $0) } }
        }
    }

    private static func untangles(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        meetings.map { mirror, isOne in
            let z = randomLine(length, &generator)
            let m = isOne ? z : randomLine(length, &generator)
            let operands = (Operand<T>(elements(z)), Operand<T>(elements(m)))
            let (f, g) = (0.5, 2.0)
            let first = (0..<length).map { (z[$0] + m[mirror.bin($0, of: length)].conjugate) * (f / 2) }
            let second = (0..<length).map {
                (z[$0] - m[mirror.bin($0, of: length)].conjugate) * Complex(real: 0, imaginary: -g / 2)
            }
            let fresh = [Double](repeating: untouched, count: 2 * length)
            return KernelCase(
                kernel: "untangle", parameters: "\(length) \(mirror) \(isOne)",
                expected: guarded(elements(first)) + guarded(elements(second)), tolerance: fewRoundings
            ) { kernels in
                var one: [T] = []
                let two: [T] = written(fresh) { second in
                    one = written(fresh) { first in
                        lend(operands.0, operands.1, isOne: isOne) {
                            kernels.untangle($0, $1, first, second, T(f), T(g), length, mirror.value)
                        }
                    }
                }
                return one + two
            }
        }
    }

    private static func tangles(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        meetings.flatMap { mirror, isOne in
            [true, false].map { isPair in
                let lines = (0..<2).map { _ in randomLine(length, &generator) }
                let opposites = isOne ? lines : (0..<2).map { _ in randomLine(length, &generator) }
                let (read, readOpposite) = (
                    lines.map { Operand<T>(elements($0)) }, opposites.map { Operand<T>(elements($0)) }
                )
                let (f, g) = (2.0, 0.5)
                let bins = (0..<length).map { j in
                    let i = mirror.bin(j, of: length)
                    let first = (lines[0][j] + opposites[0][i].conjugate) * (f / 2)
                    let second = (lines[1][j] + opposites[1][i].conjugate) * (g / 2)
                    return isPair ? first + second * Complex(real: 0, imaginary: 1) : first
                }
                return KernelCase(
                    kernel: "tangle", parameters: "\(length) \(mirror) \(isOne) \(isPair)",
                    expected: guarded(elements(bins)), tolerance: fewRoundings
                ) { kernels in
                    written([Double](repeating: untouched, count: 2 * length)) { line in
                        lend(read[0], readOpposite[0], isOne: isOne) { a, c in
                            lend(read[1], readOpposite[1], isOne: isOne) { b, d in
                                kernels.tangle(
                                    a, c, isPair ? b : nil, isPair ? d : nil, line, T(f), T(g), length, mirror.value)
                            }
                        }
                    }
                }
            }
        }
    }

    private static func products(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        var cases: [KernelCase] = []
        for mirror in BinMirror.allCases {
            for (conjugate, accumulate) in [(false, false), (false, true), (true, false), (true, true)] {
                for isBackwards in [false, true] {
                    let count = generator.integer(in: 1...8)
                    cases.append(
                        product(
                            KernelLines(count: count, length: length, pitch: length + generator.integer(in: 0...3)),
                            KernelLines(count: count, length: length, pitch: length + generator.integer(in: 0...3)),
                            mirror, conjugate: conjugate, accumulate: accumulate, isBackwards: isBackwards,
                            isInPlace: !accumulate && isBackwards, &generator))
                }
            }
        }
        return cases
    }

    /// - Parameters:
    ///   - isBackwards: Whether the lines of the Hermitian spectrum are met from the last to the first.
    ///   - isInPlace: Whether the product takes the place of x.
    private static func product(
        _ lines: KernelLines, _ spectrum: KernelLines, _ mirror: BinMirror, conjugate: Bool, accumulate: Bool,
        isBackwards: Bool, isInPlace: Bool, _ generator: inout SeededGenerator
    ) -> KernelCase {
        let (x, w, before) = (
            lines.random(&generator), spectrum.random(&generator), lines.random(&generator)
        )
        let result = (0..<lines.count).map { line in
            (0..<lines.length).map { j in
                let bin = w[isBackwards ? lines.count - 1 - line : line][mirror.bin(j, of: lines.length)]
                let factor = mirror == .straight ? bin : bin.conjugate
                let product = x[line][j] * (conjugate ? factor.conjugate : factor)
                return accumulate ? before[line][j] + product : product
            }
        }
        let operands = (
            Operand<T>(lines.elements(x, between: .nan)), Operand<T>(spectrum.elements(w, between: .nan))
        )
        return KernelCase(
            kernel: "multiply",
            parameters: "\(lines) \(spectrum) \(mirror) \(conjugate) \(accumulate) \(isBackwards) \(isInPlace)",
            expected: guarded(lines.elements(result, between: untouched)), tolerance: fewRoundings
        ) { kernels in
            var extents = ck_lines(
                count: lines.count, length: lines.length, pitch: lines.pitch,
                spectrum_pitch: isBackwards ? -spectrum.pitch : spectrum.pitch, mirror: mirror.value)
            let start = isBackwards ? 2 * (spectrum.count - 1) * spectrum.pitch : 0
            return written(lines.elements(isInPlace ? x : before, between: untouched)) { y in
                operands.0.lend { x in
                    operands.1.lend { w in
                        kernels.multiply(
                            isInPlace ? UnsafePointer(y) : x, w + start, y, &extents, conjugate ? 1 : 0,
                            accumulate ? 1 : 0)
                    }
                }
            }
        }
    }

    private static func pairProducts(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        meetings.flatMap { mirror, isOne in
            [false, true].map { conjugate in
                let z = randomLine(length, &generator)
                let m = isOne ? z : randomLine(length, &generator)
                var spectra = (0..<2).map { _ in randomLine(length, &generator) }
                if isOne {
                    // The bins of a real field's line that is its own opposite are conjugates of each other.
                    for j in 0..<length {
                        let i = mirror.bin(j, of: length)
                        for field in 0..<2 where j >= i {
                            if j == i { spectra[field][j].imaginary = 0 }
                            spectra[field][j] = spectra[field][i].conjugate
                        }
                    }
                }
                let operands = spectra.map { Operand<T>(elements($0)) }
                var (line, opposite) = (z, m)
                for j in 0..<length {
                    let i = mirror.bin(j, of: length)
                    // The bins of both fields, multiplied, and packed again; at −j they are conjugates.
                    let first = (z[j] + m[i].conjugate) * 0.5
                    let second = (z[j] - m[i].conjugate) * Complex(real: 0, imaginary: -0.5)
                    let a = first * (conjugate ? spectra[0][j].conjugate : spectra[0][j])
                    let b = second * (conjugate ? spectra[1][j].conjugate : spectra[1][j])
                    line[j] = a + b * Complex(real: 0, imaginary: 1)
                    opposite[i] = a.conjugate + b.conjugate * Complex(real: 0, imaginary: 1)
                }
                return KernelCase(
                    kernel: "multiply_pair", parameters: "\(length) \(mirror) \(isOne) \(conjugate)",
                    expected: guarded(elements(line)) + guarded(elements(isOne ? m : opposite)), tolerance: fewRoundings
                ) { kernels in
                    var two: [T] = []
                    let one: [T] = written(elements(z)) { z in
                        two = written(elements(m)) { m in
                            operands[0].lend { first in
                                operands[1].lend { second in
                                    kernels.multiplyPair(
                                        z, isOne ? z : m, first, second, length, mirror.value, conjugate ? 1 : 0)
                                }
                            }
                        }
                    }
                    return one + two
                }
            }
        }
    }

    private static func correlations(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true].flatMap { accumulate in
            [1, 3, 8].map { count in
                let lines = KernelLines(count: count, length: length, pitch: length + generator.integer(in: 0...3))
                let sums = KernelLines(count: count, length: length, pitch: length + generator.integer(in: 0...3))
                let (x, g, before) = (lines.random(&generator), lines.random(&generator), sums.random(&generator))
                let result = (0..<count).map { line in
                    (0..<length).map { j in
                        let product = x[line][j] * g[line][j].conjugate
                        return accumulate ? before[line][j] + product : product
                    }
                }
                let operands = [x, g].map { Operand<T>(lines.elements($0, between: .nan)) }
                return KernelCase(
                    kernel: "correlate", parameters: "\(lines) \(sums) \(accumulate)",
                    expected: guarded(sums.elements(result, between: untouched)), tolerance: fewRoundings
                ) { kernels in
                    var extents = ck_lines(
                        count: count, length: length, pitch: lines.pitch, spectrum_pitch: sums.pitch,
                        mirror: BinMirror.straight.value)
                    return written(sums.elements(before, between: untouched)) { sum in
                        operands[0].lend { x in
                            operands[1].lend { g in kernels.correlate(x, g, sum, &extents, accumulate ? 1 : 0) }
                        }
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
            ) { [values] kernels in
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
