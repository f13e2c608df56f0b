import CKernels
import SpectralEngine
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Inputs whose rounding errors add up and ones whose do not.
private enum Family: CaseIterable {
    case uniform, positive, signs, constant, ramp, wave, decay

    func values(_ count: Int, _ generator: inout SeededGenerator) -> [Double] {
        (0..<count).map { index in
            let place = Double(index)
            return switch self {
            case .uniform: generator.value()
            case .positive: abs(generator.value())
            case .signs: generator.value() < 0 ? -1 : 1
            case .constant: 1
            case .ramp: (place + 1) / Double(count)
            case .wave: cos(6 * Double.pi * place / Double(count) + 0.3)
            case .decay: exp(-0.4 * place)
            }
        }
    }
}

@Suite struct ShortLineTests {
    /// Cyclic correlations of one line by folded transforms: the error stays below 4·(l + 1)·u·‖x‖‖w‖, half of it in fact.
    @Test(arguments: instructionSets) func convolutionsKeepHalfOfTheErrorBound(_ instructionSet: Int32) {
        check(Float.kernels(instructionSet), unitRoundoff: 0x1p-24)
        check(Double.kernels(instructionSet), unitRoundoff: 0x1p-53)
    }

    private func check<T: KernelScalar>(_ kernels: Kernels<T>, unitRoundoff: Double) {
        var generator = SeededGenerator(seed: 64)
        for length in stride(from: 6, through: ShortLines.longest, by: 2) {
            let table = ShortLines.table(length).map { T($0) }
            for x in Family.allCases {
                for w in Family.allCases {
                    let field = x.values(length, &generator).map { T($0) }
                    let taps = w.values(generator.integer(in: 1...length / 2), &generator).map { T($0) }
                    let found = correlation(field, taps, table, kernels)
                    // In f64 the expected sums round too, by at most their terms.
                    let bound =
                        2 * (log2(Double(length)) + 1) * unitRoundoff * norm(field.map { Double($0) })
                        * norm(taps.map { Double($0) })
                    for (index, value) in found.enumerated() {
                        let exact = taps.indices.reduce(0.0) {
                            $0 + Double(field[(index + $1) % length]) * Double(taps[$1])
                        }
                        #expect(abs(value - exact) <= bound, "\(length) \(x) \(w)")
                    }
                }
            }
        }
    }

    /// Through the spectrum; lines lie in the first of eight columns.
    private func correlation<T: KernelScalar>(
        _ field: [T], _ taps: [T], _ table: [T], _ kernels: Kernels<T>
    ) -> [Double] {
        let length = field.count
        func spectrum(_ values: [T], inverse: Bool) -> [T] {
            var lines = [T](repeating: 0, count: 16 * length)
            for (index, value) in values.enumerated() { lines[index / 2 * 16 + index % 2] = value }
            var extents = ck_transform(
                length: length, radix: Int32(ShortLines.radix(length)), columns: 8, rows: 1, source_step: 8,
                target_step: 8, source_pitch: 0, target_pitch: 0,
                fetched: Int32(CK_NEITHER))
            let source = lines
            kernels.transformLines(source, &lines, table, inverse ? 1 : 0, &extents)
            return (0..<2 * length).map { lines[$0 / 2 * 16 + $0 % 2] }
        }
        let (a, b) = (
            spectrum(field.flatMap { [$0, 0] }, inverse: false), spectrum(taps.flatMap { [$0, 0] }, inverse: false)
        )
        let product = (0..<length).flatMap { bin in
            let (x, y, u, v) = (a[2 * bin], a[2 * bin + 1], b[2 * bin], b[2 * bin + 1])
            return [x * u + y * v, y * u - x * v]
        }
        let result = spectrum(product, inverse: true)
        return (0..<length).map { Double(result[2 * $0] / T(length)) }
    }
}
