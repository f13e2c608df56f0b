import CKernels
import SpectralEngine

// Kernels between arrays and the rows of a tile.

extension KernelCase {
    static func gathers(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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

    static func scatters(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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

    static func addingScatters(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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

    static func fills(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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
}
