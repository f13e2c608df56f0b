import CKernels
import SpectralEngine

/// One stage of the transform of a line that is split in eight, and how its rows lie in memory.
private struct SplitStage: CustomStringConvertible {
    let split: ck_split

    /// A row of 8·length points of which some are meant.
    init(_ length: Int, _ generator: inout SeededGenerator) {
        let blocks = length / Int(CK_BLOCK)
        let from = generator.integer(in: 0...blocks - 1)
        let to = generator.integer(in: from + 1...blocks)
        split = ck_split(
            row_pitch: (to - from + generator.integer(in: 0...2)) * Int(CK_BLOCK), length: length,
            pitch: length + generator.integer(in: 0...3), from: from * Int(CK_BLOCK),
            to: to * Int(CK_BLOCK))
    }

    var description: String { "\(split)" }

    var points: [Int] { Array(split.from..<split.to) }

    /// Elements of the eighths, and of the eight lines.
    var rowCount: Int { 16 * split.row_pitch }
    var linesCount: Int { 16 * split.pitch + 2 * Int(CK_BLOCK) }

    /// What point j of line s is turned by, forward.
    func turn(_ s: Int, _ j: Int) -> Complex { twiddle(s * j, of: 8 * split.length) }

    /// The cosines of each line but the first, then the sines; what lies between is never read.
    var factors: [Double] {
        (1..<8).flatMap { s in
            let turns = (0..<split.length).map { turn(s, $0) }
            let gap = [Double](repeating: .nan, count: Int(CK_BLOCK))
            return turns.map(\.real) + gap + turns.map { -$0.imaginary } + gap
        }
    }

    /// Where the parts of point j are in a row that begins at an element, and has them apart or not.
    private func place(_ row: Int, _ j: Int, isApart: Bool) -> (real: Int, imaginary: Int) {
        guard isApart else { return (row + 2 * j, row + 2 * j + 1) }
        let block = Int(CK_BLOCK)
        let start = row + j / block * 2 * block + j % block
        return (start, start + block)
    }

    private func put(
        _ value: Complex, _ row: Int, _ j: Int, isApart: Bool, in elements: inout [Double]
    ) {
        let place = place(row, j, isApart: isApart)
        (elements[place.real], elements[place.imaginary]) = (value.real, value.imaginary)
    }

    /// Points j of the eighths, `outside` elsewhere.
    func row(_ eighths: [[Complex]], isApart: Bool, outside: Double) -> [Double] {
        var elements = [Double](repeating: outside, count: rowCount)
        for (k, values) in eighths.enumerated() {
            for (index, value) in values.enumerated() {
                put(value, 0, k * split.row_pitch + index, isApart: isApart, in: &elements)
            }
        }
        return elements
    }

    /// The same of the lines.
    func lines(_ lines: [[Complex]], isApart: Bool, outside: Double) -> [Double] {
        var elements = [Double](repeating: outside, count: linesCount)
        for (s, values) in lines.enumerated() {
            for (j, value) in zip(points, values) {
                put(value, 2 * s * split.pitch, j, isApart: isApart, in: &elements)
            }
        }
        return elements
    }

    func random(_ generator: inout SeededGenerator) -> [[Complex]] {
        (0..<8).map { _ in randomLine(points.count, &generator) }
    }

    /// The lines that eighths become, by their definition.
    func split(_ eighths: [[Complex]]) -> [[Complex]] {
        (0..<8).map { s in
            points.indices.map { index in
                let sum = (0..<8).reduce(Complex.zero) { $0 + eighths[$1][index] * twiddle(s * $1, of: 8) }
                return sum * turn(s, points[index])
            }
        }
    }

    /// The opposite.
    func joined(_ lines: [[Complex]]) -> [[Complex]] {
        (0..<8).map { k in
            points.indices.map { index in
                (0..<8).reduce(Complex.zero) { sum, s in
                    sum + lines[s][index] * turn(s, points[index]).conjugate * twiddle(s * k, of: 8).conjugate
                }
            }
        }
    }
}

extension KernelCase {
    /// Eight values of at most √2, turned by rounded factors.
    private static var splitTolerance: Double { 64 * Double(T.ulpOfOne) }

    static func splits(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true].flatMap { isApart -> [KernelCase] in
            let stage = SplitStage(length, &generator)
            let (eighths, lines) = (stage.random(&generator), stage.random(&generator))
            let factors = Operand<T>(stage.factors)
            let row = Operand<T>(stage.row(eighths, isApart: !isApart, outside: .nan))
            let parts = Operand<T>(stage.lines(lines, isApart: isApart, outside: .nan))
            let counts = (lines: stage.linesCount, row: stage.rowCount)
            let split = stage.split
            return [
                KernelCase(
                    kernel: "split", parameters: "\(stage) \(isApart)",
                    expected: guarded(stage.lines(stage.split(eighths), isApart: isApart, outside: untouched)),
                    tolerance: splitTolerance
                ) { kernels in
                    written([Double](repeating: untouched, count: counts.lines)) { target in
                        row.lend { row in
                            factors.lend { factors in
                                withUnsafePointer(to: split) {
                                    kernels.split(row, target, factors, isApart ? 1 : 0, $0)
                                }
                            }
                        }
                    }
                },
                KernelCase(
                    kernel: "join", parameters: "\(stage) \(isApart)",
                    expected: guarded(stage.row(stage.joined(lines), isApart: !isApart, outside: untouched)),
                    tolerance: splitTolerance
                ) { kernels in
                    written([Double](repeating: untouched, count: counts.row)) { target in
                        parts.lend { parts in
                            factors.lend { factors in
                                withUnsafePointer(to: split) {
                                    kernels.join(parts, target, factors, isApart ? 1 : 0, $0)
                                }
                            }
                        }
                    }
                },
            ]
        }
    }

    /// A window in a line of which some points are meant, and the points of the eighths that are samples.
    private static func window(
        _ stage: SplitStage, _ generator: inout SeededGenerator
    ) -> (window: KernelWindow, samples: [(array: Int, k: Int, index: Int)]) {
        let length = stage.split.length
        let window = KernelWindow(in: (1, 1, 8 * length), strided: false, &generator)
        let samples = window.samples.compactMap { sample -> (array: Int, k: Int, index: Int)? in
            let (k, j) = sample.column.quotientAndRemainder(dividingBy: length)
            guard (stage.split.from..<stage.split.to).contains(j) else { return nil }
            return (sample.array, k, j - stage.split.from)
        }
        return (window, samples)
    }

    static func gatherSplits(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [false, true, true, true].map { isPair in
            let stage = SplitStage(length, &generator)
            let windows = [window(stage, &generator), window(stage, &generator)]
            var eighths = [[Complex]](
                repeating: [Complex](repeating: .zero, count: stage.points.count), count: 8)
            var array: [Double] = []
            // What was found before; what is found is scaled so that it is at most about 1.
            let before = [(energy: 2.5, hasNegative: 0.0), (energy: 0.25, hasNegative: 1.0)]
            let scale = 1 / Double(16 * length)
            var summaries = before
            for (part, (window, samples)) in windows.enumerated() where part == 0 || isPair {
                let values = generator.values(samples.count)
                array += window.array(samples.map(\.array), values, between: .nan)
                for (sample, value) in zip(samples, values) {
                    let old = eighths[sample.k][sample.index]
                    eighths[sample.k][sample.index] = Complex(
                        real: part == 0 ? value : old.real, imaginary: part == 1 ? value : old.imaginary)
                }
                summaries[part].energy += norm(values) * norm(values)
                if values.contains(where: { $0 < 0 }) { summaries[part].hasNegative = 1 }
            }
            let (source, factors) = (Operand<T>(array), Operand<T>(stage.factors))
            let (count, split) = (stage.linesCount, stage.split)
            let (first, second) = (windows[0].window, windows[1].window)
            return KernelCase(
                kernel: "gather_split", parameters: "\(stage) \(windows.map(\.window)) \(isPair)",
                expected: guarded(stage.lines(stage.split(eighths), isApart: true, outside: untouched))
                    + summaries.flatMap { [$0.energy * scale, $0.hasNegative] },
                tolerance: splitTolerance, returned: (4, Double(8 * length) * Double(T.ulpOfOne))
            ) { kernels in
                var summary = before.map { ck_summary(energy: $0.energy, has_negative: Int32($0.hasNegative)) }
                var (one, two) = (first.box, second.box)
                two.array_offset += first.arrayCount
                let lines: [T] = written([Double](repeating: untouched, count: count)) { target in
                    source.lend { array in
                        factors.lend { factors in
                            withUnsafePointer(to: &two) { two in
                                withUnsafePointer(to: split) { split in
                                    kernels.gatherSplit(
                                        array, &one, isPair ? two : nil, target, factors, split, &summary)
                                }
                            }
                        }
                    }
                }
                return lines + summary.flatMap { [T($0.energy * scale), T($0.has_negative)] }
            }
        }
    }

    static func scatterJoins(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        typealias Setting = (parts: [Int], adds: Bool, floor: Double, bias: Double)
        let settings: [Setting] = [
            ([0, 1], false, -.infinity, 0), ([0], false, 0, 0.25), ([1], false, 0, -0.5),
            ([0, 1], true, -.infinity, 0.5), ([0], true, 0, 0.75), ([1], true, 0, 0),
        ]
        return settings.map { setting in
            let stage = SplitStage(length, &generator)
            let windows = [window(stage, &generator), window(stage, &generator)]
            let lines = stage.random(&generator)
            let eighths = stage.joined(lines)
            var expected: [Double] = []
            for (part, (window, samples)) in windows.enumerated() {
                let results = samples.map { sample -> Double in
                    let point = eighths[sample.k][sample.index]
                    let value = max((part == 0 ? point.real : point.imaginary) * 0.5, setting.floor)
                    return setting.adds ? untouched + value : value + setting.bias
                }
                let isWritten = setting.parts.contains(part)
                expected += window.array(isWritten ? samples.map(\.array) : [], results, between: untouched)
            }
            let (source, factors) = (
                Operand<T>(stage.lines(lines, isApart: true, outside: .nan)), Operand<T>(stage.factors)
            )
            let (count, split) = (expected.count, stage.split)
            let (first, second) = (windows[0].window, windows[1].window)
            return KernelCase(
                kernel: "scatter_join", parameters: "\(stage) \(windows.map(\.window)) \(setting)",
                expected: guarded(expected),
                tolerance: splitTolerance + (setting.adds ? 2 * abs(untouched) * Double(T.ulpOfOne) : 0)
            ) { kernels in
                let result = ck_result(
                    first: 0.25, second: 2, floor: setting.floor, bias: setting.bias, adds: setting.adds ? 1 : 0)
                let results = [result, result]
                var (one, two) = (first.box, second.box)
                two.array_offset += first.arrayCount
                return written([Double](repeating: untouched, count: count)) { array in
                    source.lend { source in
                        factors.lend { factors in
                            withUnsafePointer(to: &one) { one in
                                withUnsafePointer(to: &two) { two in
                                    withUnsafePointer(to: split) { split in
                                        kernels.scatterJoin(
                                            source, array, setting.parts.contains(0) ? one : nil,
                                            setting.parts.contains(1) ? two : nil, factors, split, results)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
