import CKernels

extension KernelCase {
    /// What copies, and what looks: no rounding anywhere.
    static func moves(_ generator: inout SeededGenerator) -> [KernelCase] {
        (0...40).flatMap { count in
            transposes(rows: count, &generator) + spreads(count, &generator) + pads(count, &generator)
                + [false, true].map { magnitudes(7 * count, isFinite: $0, &generator) }
        }
    }

    private static func transposes(rows: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        // Seven is prime to 41: all columns up to 40 as well, and most pairs of rests.
        (0..<5).map { index in
            let columns = (7 * rows + 8 * index) % 41
            let matrix = generator.values(rows * columns)
            let pitches = (columns + generator.integer(in: 0...3), rows + generator.integer(in: 0...3))
            var turned = matrix
            for row in 0..<rows {
                for column in 0..<columns { turned[column * rows + row] = matrix[row * columns + column] }
            }
            let source = Operand<T>(placed(matrix, columns: columns, pitch: pitches.0, between: .nan))
            @Sendable func target(_ matrix: [Double]) -> [Double] {
                placed(matrix, columns: rows, pitch: pitches.1, between: untouched)
            }
            return KernelCase(
                kernel: "transpose", parameters: "\(rows) \(columns) \(pitches)", expected: guarded(target(turned)),
                tolerance: 0
            ) { kernels in
                written(target([Double](repeating: untouched, count: matrix.count))) { target in
                    source.lend { kernels.transpose($0, pitches.0, target, pitches.1, rows, columns) }
                }
            }
        }
    }

    /// Rows between whose elements others stay as they are; rows lie one after the other, or into each other.
    private static func spreads(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        [1, 2, 2, 3].enumerated().map { (index: Int, step: Int) -> KernelCase in
            let rows = index == 2 ? 2 : generator.integer(in: 0...3)
            let sourcePitch = count + generator.integer(in: 0...3)
            let span = count == 0 ? 0 : (count - 1) * step + 1
            let pitch = index == 2 ? 1 : span + generator.integer(in: 0...3)
            let values = generator.values(rows * count)
            let blank = [Double](repeating: untouched, count: rows == 0 ? 0 : (rows - 1) * pitch + span)
            var target = blank
            for row in 0..<rows {
                for column in 0..<count { target[row * pitch + column * step] = values[row * count + column] }
            }
            let source = Operand<T>(placed(values, columns: count, pitch: sourcePitch, between: .nan))
            return KernelCase(
                kernel: "spread_rows", parameters: "\(rows) \(count) \(step) \(pitch)", expected: guarded(target),
                tolerance: 0
            ) { kernels in
                written(blank) { target in
                    source.lend { kernels.spreadRows($0, sourcePitch, target, pitch, step, rows, count) }
                }
            }
        }
    }

    /// Rows whose sources overlap or not, with pitches of their own.
    private static func pads(_ count: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        // Rows of neighbours twice: once with no zeros before them, as stencils copy them.
        [0, 1, 2, 3, 1].enumerated().map { index, step in
            let (before, after) = (index == 4 ? 0 : generator.integer(in: 0...20), generator.integer(in: 0...20))
            let rows = generator.integer(in: 0...3)
            let span = count == 0 ? 0 : (count - 1) * step + 1
            let sourcePitch = span + generator.integer(in: 0...4)
            let pitch = before + count + after + generator.integer(in: 0...4)
            var elements = [Double](repeating: .nan, count: rows == 0 ? 0 : (rows - 1) * sourcePitch + span)
            var target = [Double](repeating: untouched, count: rows * pitch)
            let blank = target
            for row in 0..<rows {
                let values = step == 0 ? [Double](repeating: 0.375, count: count) : generator.values(count)
                for (index, value) in values.enumerated() { elements[row * sourcePitch + index * step] = value }
                let zeros = (before: [Double](repeating: 0, count: before), after: [Double](repeating: 0, count: after))
                let whole = zeros.before + values + zeros.after
                target.replaceSubrange(row * pitch..<row * pitch + whole.count, with: whole)
            }
            let source = Operand<T>(elements)
            let padding = ck_padding(
                rows: rows, count: count, before: before, after: after, source_pitch: sourcePitch, source_step: step,
                target_pitch: pitch)
            return KernelCase(kernel: "pad", parameters: "\(padding)", expected: guarded(target), tolerance: 0) {
                kernels in
                written(blank) { target in
                    source.lend { source in
                        withUnsafePointer(to: padding) { kernels.pad(source, target, $0) }
                    }
                }
            }
        }
    }

    private static func magnitudes(_ count: Int, isFinite: Bool, _ generator: inout SeededGenerator) -> KernelCase {
        var values = generator.values(count)
        for index in values.indices {
            switch generator.integer(in: (isFinite ? 2 : 0)...11) {
            case 0: values[index] = .nan
            case 1: values[index] = index.isMultiple(of: 2) ? .infinity : -.infinity
            case 2: values[index] = index.isMultiple(of: 2) ? 0 : -0.0
            default: break
            }
        }
        let operand = Operand<T>(values)
        let finite = values.filter(\.isFinite)
        return KernelCase(
            kernel: "magnitudes", parameters: "\(count) \(isFinite)",
            expected: [
                finite.map(abs).max() ?? 0, finite.map(abs).filter { $0 > 0 }.min() ?? .infinity,
                Double(count - finite.count),
            ], tolerance: 0
        ) { kernels in
            let found = operand.lend { kernels.magnitudes($0, count) }
            return [T(found.largest), T(found.least), T(found.non_finite)]
        }
    }
}
