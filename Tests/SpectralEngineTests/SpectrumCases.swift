import CKernels
import SpectralEngine

// Kernels on lines of spectra.

extension KernelCase {
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

    static func untangles(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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

    static func tangles(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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

    static func products(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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
                            isInPlace: !accumulate && isBackwards,
                            terms: !accumulate && isBackwards ? 1 : cases.count % Int(CK_TERMS) + 1, &generator))
                }
            }
        }
        return cases
    }

    /// - Parameters:
    ///   - isBackwards: Whether the lines of the Hermitian spectrum are met from the last to the first.
    ///   - isInPlace: Whether the only product takes the place of x.
    ///   - terms: Products that are summed.
    private static func product(
        _ lines: KernelLines, _ spectrum: KernelLines, _ mirror: BinMirror, conjugate: Bool, accumulate: Bool,
        isBackwards: Bool, isInPlace: Bool, terms: Int, _ generator: inout SeededGenerator
    ) -> KernelCase {
        let (x, w) = (
            (0..<terms).map { _ in lines.random(&generator) }, (0..<terms).map { _ in spectrum.random(&generator) }
        )
        let before = lines.random(&generator)
        let result = (0..<lines.count).map { line in
            (0..<lines.length).map { j in
                (0..<terms).reduce(accumulate ? before[line][j] : Complex(real: 0, imaginary: 0)) { sum, term in
                    let bin = w[term][isBackwards ? lines.count - 1 - line : line][mirror.bin(j, of: lines.length)]
                    let factor = mirror == .straight ? bin : bin.conjugate
                    return sum + x[term][line][j] * (conjugate ? factor.conjugate : factor)
                }
            }
        }
        // Those of one term after the other.
        let operands = (
            Operand<T>(x.flatMap { lines.elements($0, between: .nan) }),
            Operand<T>(w.flatMap { spectrum.elements($0, between: .nan) })
        )
        return KernelCase(
            kernel: "multiply",
            parameters:
                "\(lines) \(spectrum) \(mirror) \(conjugate) \(accumulate) \(isBackwards) \(isInPlace) \(terms)",
            expected: guarded(lines.elements(result, between: untouched)), tolerance: fewRoundings
        ) { kernels in
            var extents = ck_lines(
                count: lines.count, length: lines.length, pitch: lines.pitch,
                spectrum_pitch: isBackwards ? -spectrum.pitch : spectrum.pitch, mirror: mirror.value)
            var products = ck_terms(
                count: terms, x_step: lines.count * lines.pitch, w_step: spectrum.count * spectrum.pitch)
            let start = isBackwards ? 2 * (spectrum.count - 1) * spectrum.pitch : 0
            return written(lines.elements(isInPlace ? x[0] : before, between: untouched)) { y in
                operands.0.lend { x in
                    operands.1.lend { w in
                        kernels.multiply(
                            isInPlace ? UnsafePointer(y) : x, w + start, y, &extents, &products, conjugate ? 1 : 0,
                            accumulate ? 1 : 0)
                    }
                }
            }
        }
    }

    static func pairProducts(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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

    static func pairCorrelations(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
        meetings.flatMap { mirror, isOne in
            [false, true].map { accumulate in
                let x = randomLine(length, &generator)
                let z = randomLine(length, &generator)
                let m = isOne ? z : randomLine(length, &generator)
                let before = (0..<2).map { _ in randomLine(length, &generator) }
                let (f, g) = (0.5, 2.0)
                let results = [(f, 1.0), (g, -1.0)].enumerated().map { index, use in
                    (0..<length).map { j in
                        let bin = (z[j] + m[mirror.bin(j, of: length)].conjugate * use.1) * (use.0 / 2)
                        let product = x[j] * bin.conjugate
                        return accumulate ? before[index][j] + product : product
                    }
                }
                let operands = [x, z, m].map { Operand<T>(elements($0)) }
                return KernelCase(
                    kernel: "correlate_pair", parameters: "\(length) \(mirror) \(isOne) \(accumulate)",
                    expected: guarded(elements(results[0])) + guarded(elements(results[1])), tolerance: fewRoundings
                ) { kernels in
                    var one: [T] = []
                    let two: [T] = written(elements(before[1])) { second in
                        one = written(elements(before[0])) { first in
                            operands[0].lend { x in
                                lend(operands[1], operands[2], isOne: isOne) {
                                    kernels.correlatePair(
                                        x, $0, $1, first, second, T(f), T(g), length, mirror.value, accumulate ? 1 : 0)
                                }
                            }
                        }
                    }
                    return one + two
                }
            }
        }
    }

    static func correlations(_ length: Int, _ generator: inout SeededGenerator) -> [KernelCase] {
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
}
