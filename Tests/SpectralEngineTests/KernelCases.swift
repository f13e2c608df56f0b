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
            cases += pairCorrelations(length, &generator)
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
        for length in [16, 32, 48, 112] {
            cases += splits(length, &generator)
            cases += gatherSplits(length, &generator)
            cases += scatterJoins(length, &generator)
        }
        return cases + matrixProducts(&generator) + shortLines(&generator) + directSums(&generator) + moves(&generator)
    }

    // MARK: Rows of values

    private static func surveys(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        (1...3).map { draw in
            var values = generator.values(count)
            for index in values.indices {
                switch generator.integer(in: 0...11) {
                case 0: values[index] = .nan
                case 1: values[index] = index.isMultiple(of: 2) ? .infinity : -.infinity
                case 2: values[index] = -0.0
                default: break
                }
            }
            let operand = Operand<T>(values)
            let finite = values.filter(\.isFinite)
            let scale = 1 / Double(max(count, 1))
            return KernelCase(
                kernel: "survey", parameters: "\(count), draw \(draw)",
                expected: [
                    norm(finite) * norm(finite) * 0.25 * scale, finite.map(abs).max() ?? 0,
                    Double(count - finite.count), values.contains { $0 < 0 } ? 1 : 0,
                ], tolerance: 0, returned: (4, Double(count + 8) * Double(T.ulpOfOne))
            ) { kernels in
                let survey = operand.lend { kernels.survey($0, count, 0.5) }
                return [
                    T(survey.energy * scale), T(survey.largest), T(survey.non_finite), T(survey.has_negative),
                ]
            }
        }
    }

    private static func removals(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        (1...3).map { draw in
            var values = generator.values(count)
            for index in values.indices where generator.integer(in: 0...2) == 0 {
                values[index] = [.nan, .infinity, -.infinity][index % 3]
            }
            let expected = values.map { $0.isFinite ? $0 : 0 }
            return KernelCase(
                kernel: "remove_non_finite", parameters: "\(count), draw \(draw)", expected: guarded(expected),
                tolerance: 0
            ) { [values] kernels in
                written(values) { kernels.removeNonFinite($0, count) }
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
