import CKernels
import SpectralEngine

extension KernelCase {
    /// Every length, lines of 8 to 24 columns in one to three rows, forward and back, elsewhere and in place; and no row.
    static func shortLines(_ generator: inout SeededGenerator) -> [KernelCase] {
        [shortLines(8, rows: 0, isInverse: false, inPlace: false, &generator)]
            + (1...ShortLines.longest).flatMap { length in
                [(false, false), (false, true), (true, false), (true, true)].map { isInverse, inPlace in
                    let rows = generator.integer(in: 1...3)
                    return shortLines(length, rows: rows, isInverse: isInverse, inPlace: inPlace, &generator)
                }
            }
    }

    private static func shortLines(
        _ length: Int, rows: Int, isInverse: Bool, inPlace: Bool, _ generator: inout SeededGenerator
    ) -> KernelCase {
        let columns = 8 * generator.integer(in: 1...3)
        func places() -> (step: Int, pitch: Int) {
            let step = columns + generator.integer(in: 0...3)
            return (step, length * step + generator.integer(in: 0...3))
        }
        let from = places()
        let to = inPlace ? from : places()
        let extents = ck_transform(
            length: length, radix: Int32(ShortLines.radix(length)), columns: columns, rows: rows,
            source_step: from.step, target_step: to.step,
            source_pitch: from.pitch, target_pitch: to.pitch,
            fetched: Int32([CK_NEITHER, CK_FIRST, CK_SECOND][generator.integer(in: 0...2)]))
        let lines = (0..<rows * columns).map { _ in randomLine(length, &generator) }
        /// Lines where they lie, with something between them.
        func placed(_ lines: [[Complex]], _ places: (step: Int, pitch: Int), between: Double) -> [Double] {
            var elements = [Double](repeating: between, count: 2 * rows * places.pitch)
            for (index, line) in lines.enumerated() {
                for (point, value) in line.enumerated() {
                    let place = index / columns * places.pitch + point * places.step + index % columns
                    elements[2 * place] = value.real
                    elements[2 * place + 1] = value.imaginary
                }
            }
            return elements
        }
        let shape = TileShape(planes: 1, rows: 1, length: length)
        let transformed = lines.map { line in
            isInverse ? naiveTransform(line.map(\.conjugate), shape).map(\.conjugate) : naiveTransform(line, shape)
        }
        let table = Operand<T>(ShortLines.table(length))
        let source = Operand<T>(placed(lines, from, between: .nan))
        let before = inPlace ? placed(lines, to, between: untouched) : placed([], to, between: untouched)
        // What is expected is summed in double precision, whose rounding is beside that of the kernel only there.
        let roundings = Double(length + 4) * (T.self == Double.self ? 2 : 1)
        return KernelCase(
            kernel: "transform_lines", parameters: "\(extents) inverse \(isInverse) in place \(inPlace)",
            expected: guarded(placed(transformed, to, between: untouched)),
            tolerance: roundings * Double(T.ulpOfOne)
        ) { kernels in
            written(before) { target in
                table.lend { table in
                    source.lend { source in
                        var extents = extents
                        kernels.transformLines(
                            inPlace ? UnsafePointer(target) : source, target, table, isInverse ? 1 : 0, &extents)
                    }
                }
            }
        }
    }
}
