import Testing
import TestSupport

@testable import FFTConvolution

/// A field whose second half is the imaginary part of its first one: results stay within the contract of a tile of its whole length.
struct FoldedTilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let lengths: [Int]

        var testDescription: String { "\(text) in \(lengths)" }

        /// - Parameter lengths: Positions along each axis, of which the first that are more than one are folded.
        init(_ text: String, _ lengths: Int...) { (self.text, self.lengths) = (text, lengths) }

        func request(_ pass: Pass, _ precision: Precision, threads: Int = 1) throws -> PlanRequest {
            // However small the call, all threads take part.
            var machine = Machine()
            machine.leastShare = 1e-12
            return PlanRequest(
                problem: try ProblemText(text).problem, pass: pass, precision: precision, threads: threads,
                machine: machine)
        }

        func recipe(_ request: PlanRequest) throws -> TiledFFT {
            let folded = lengths.firstIndex { $0 > 1 }
            return try TiledFFT(
                request,
                tilings: zip(request.problem.axes, lengths).enumerated().map { index, axis in
                    AxisTiling(
                        step: request.pass == .inputGradient ? axis.0.input : axis.0.denseOutput, length: axis.1,
                        coversAxis: true, folds: index == folded)
                })
        }
    }

    /// As few positions as do not wrap around, and more; halves that hold samples in part or none; padding on either side and beyond
    /// the filter; stride, dilation, filters as long as half; lines that FFTW reads elsewhere, and such that are no whole panels; tiles
    /// that workers share.
    static let cases = [
        Case("i30x40_f5x5", 30, 40), Case("i30x40_f5x5", 32, 48), Case("i30x41_f7x3_p3x1", 34, 42),
        Case("i16x16_f8x8", 16, 16), Case("i64x64_f9x9_p4", 68, 68), Case("i12x20_f5x5", 64, 24),
        Case("i21x19_f5x4_s2x3_p2", 24, 24), Case("i40x33_f4x5_p3_d3x2", 44, 36), Case("i37x18_f3x3_p9:0x0:9", 46, 32),
        Case("i25x24_f3x5_s3_p1_d2", 26, 26), Case("i5x9_f2x2", 6, 9), Case("i90x12_f21x5_p10x2", 100, 16),
        Case("i12x10x9_f3x4x5", 12, 10, 9), Case("i13x20x18_f5x3x5_p2x1x2", 16, 21, 20),
        Case("i20x24x32_f7x7x7_p3", 24, 27, 35), Case("i9x8x7_f3x3x3_s2_p1", 10, 9, 8),
        Case("i18x6x11_f4x3x2_p1_d2", 20, 8, 12), Case("i1x30x20_f1x5x5", 1, 32, 24),
        Case("i8x64_f3x3_p0:40x1:1", 48, 66), Case("i4x20x20_f3x3x3_p0:12x1x1", 16, 21, 21),
        Case("i9x5x30_f2x3x4_p20:0x0x3", 30, 5, 33), Case("i220x150_f3x3_p1", 224, 160),
        Case("i40x24x40_f3x3x3_p1", 44, 26, 42),
    ]

    @Test(arguments: cases, Pass.allCases)
    func staysWithinTheContract(_ test: Case, _ pass: Pass) throws {
        var findings = Findings()
        for precision in Precision.allCases {
            let request = try test.request(pass, precision)
            let recipe = try test.recipe(request)
            #expect(recipe.description.contains("one folded tile"))
            for family in DataFamily.allCases {
                var generator = SeededGenerator(name: "\(test.text) \(family)")
                // The products of two huge operands are no single-precision numbers.
                let first = Operands(request.problem, family, precision, &generator).first(pass)
                let second = Operands(request.problem, .uniform, precision, &generator).second(pass)
                let exact = Oracle(request.problem).evaluate(pass, first, second, precision)
                let bounds = Contract(request.problem, pass, precision, recipe.arithmetic).bounds(
                    first, second, exact: exact.high)
                let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
                findings.compare(result, exact, within: bounds, test.text, "\(family)")
                for threads in [2, 3] {
                    let request = try test.request(pass, precision, threads: threads)
                    let same = try Execution(try test.recipe(request), for: request).run(first, second)
                    findings.requireSameBits(same, result, test.text, "\(family), \(threads) threads")
                }
            }
        }
        findings.report()
    }

    /// One half says nothing of the other: of operands that are 0 in either one, of different signs, or of very different norms.
    @Test(arguments: cases, Pass.allCases)
    func halvesMayDiffer(_ test: Case, _ pass: Pass) throws {
        var findings = Findings()
        let request = try test.request(pass, .float32)
        let recipe = try test.recipe(request)
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(request.problem, .uniform, .float32, &generator)
        for (low, high) in [(1.0, 0.0), (0, 1), (1, 0x1p-40), (0x1p-40, 1), (0x1p45, 0x1p-45), (0x1p-80, 0x1p-75)] {
            let values = operands.first(pass)
            let first = values.indices.map { values[$0] * ($0 < values.count / 2 ? low : high) }
            let second = operands.second(pass)
            let exact = Oracle(request.problem).evaluate(pass, first, second, .float32)
            let bounds = Contract(request.problem, pass, .float32, recipe.arithmetic).bounds(
                first, second, exact: exact.high)
            let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
            findings.compare(result, exact, within: bounds, test.text, "\(low) and \(high)")
            // Times a power of two every bit but the exponent is the same.
            let same = try Execution(recipe, for: request).run(first.map { $0 * 0x1p8 }, second)
            findings.requireSameBits(same.map { $0 * 0x1p-8 }, result, test.text, "\(low) and \(high) times 2^8")
        }
        let values = operands.first(pass).map { abs($0) }
        for sign in [-1.0, 1] {
            let first = values.indices.map { values[$0] * ($0 < values.count / 2 ? sign : -sign) }
            let second = operands.second(pass).map { abs($0) }
            let exact = Oracle(request.problem).evaluate(pass, first, second, .float32)
            let bounds = Contract(request.problem, pass, .float32, recipe.arithmetic).bounds(
                first, second, exact: exact.high)
            let result = try Execution(recipe, for: request).run(first, second)
            findings.compare(result, exact, within: bounds, test.text, "the first half times \(sign)")
        }
        findings.report()
    }

    @Test(arguments: cases, Pass.allCases)
    func nonFiniteSamplesReachWhatTheyReachInDirectSums(_ test: Case, _ pass: Pass) throws {
        let request = try test.request(pass, .float32)
        let recipe = try test.recipe(request)
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(request.problem, .uniform, .float32, &generator)
        for place in [1, 2] {
            var (first, second) = (operands.first(pass), operands.second(pass))
            if place == 1 { first[first.count / 3] = .nan } else { second[second.count - 1] = -.infinity }
            let exact = Oracle(request.problem).evaluate(pass, first, second, .float32).high
            let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
            // What is not reached is what it was.
            let scale = exact.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
            #expect(
                zip(result, exact).allSatisfy {
                    $1.isFinite ? abs($0 - $1) < 1e-4 * scale : $0 == $1 || $0.isNaN && $1.isNaN
                }, "operand \(place)")
        }
    }

    /// The spectra of a step's forward pass serve the filter gradient, whose sum is then a spectrum.
    @Test(arguments: cases, Precision.allCases)
    func aTrainingStepIsItsPasses(_ test: Case, _ precision: Precision) throws {
        var findings = Findings()
        let request = try test.request(.forward, precision)
        let step = try #require(try StepExecution(test.recipe(request), for: request))
        for family in [DataFamily.uniform, .positive, .hugeCorner, .delta, .zeros] {
            var generator = SeededGenerator(name: "\(test.text) \(family)")
            var operands = Operands(request.problem, .uniform, precision, &generator)
            operands.x = Operands(request.problem, family, precision, &generator).x
            let results = try step.run(operands, scratch: .signallingNaN)
            for pass in Pass.allCases {
                let request = try test.request(pass, precision)
                let separate = try Execution(test.recipe(request), for: request).run(
                    operands.first(pass), operands.second(pass))
                let result = pass == .forward ? results.y : pass == .inputGradient ? results.dx : results.dw
                findings.requireSameBits(result, separate, test.text, "\(family): \(pass)")
            }
            for threads in [2, 3] {
                let request = try test.request(.forward, precision, threads: threads)
                let twin = try #require(try StepExecution(test.recipe(request), for: request))
                let same = try twin.run(operands, dropping: threads == 3)
                findings.requireSameBits(same.y, results.y, test.text, "\(family): y, \(threads) threads")
                findings.requireSameBits(same.dx, results.dx, test.text, "\(family): dX, \(threads) threads")
                findings.requireSameBits(same.dw, results.dw, test.text, "\(family): dW, \(threads) threads")
            }
        }
        findings.report()
    }

    /// Of a filter made ready its tile is kept, for any number of passes.
    @Test(arguments: cases) func aFilterMadeReadyIsTheFilter(_ test: Case) throws {
        let request = try test.request(.forward, .float32, threads: 2)
        let recipe = try test.recipe(request)
        let plan = try Plan<Float>(
            problem: request.problem, options: PlanOptions(method: .fft), recipes: [.forward: recipe])
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(request.problem, .uniform, .float32, &generator)
        let x = try Tensor(shape: request.problem.inputShape, elements: operands.x.map { Float($0) })
        let w = try Tensor(shape: request.problem.filterShape, elements: operands.w.map { Float($0) })
        let prepared = try plan.prepare(filter: w)
        #expect(prepared.byteCount > 0 && prepared.byteCount <= recipe.layout.filterByteCount + 64)
        let result = try plan.forward(x, w)
        for _ in 0..<2 { #expect(try prepared.forward(x) == result) }
    }

    /// The planner knows of it where there is one field, and says what it will transform.
    @Test func aSingleFieldIsOffered() throws {
        func folded(_ text: String, _ pass: Pass) throws -> TiledFFT? {
            let request = try Case(text).request(pass, .float32)
            return try TiledFFT.recipes(for: request).first { $0.description.contains("folded") }
        }
        for pass in Pass.allCases {
            let recipe = try #require(try folded("i64x64x64_f9x9x9", pass))
            #expect(recipe.description == "one folded tile, transforms of 32x64x64")
            #expect(recipe.transforms.reduce(0) { $0 + $1.count } == 3)
            #expect(recipe.transforms.allSatisfy { $0.kind == .tile && $0.shape.planes == 32 })
        }
        // Lines are no tiles; images, channels and filters are partners of each other already; beside a long filter nothing is saved.
        for text in [
            "i4096_f301", "n2i64x64x64_f9x9x9", "c2i64x64x64_k2f9x9x9_g2", "c2i64x64x64_f9x9x9", "i64x64x64_k2f9x9x9",
            "i1x400_f1x31", "i128x128_f100x100",
        ] {
            #expect(try folded(text, .forward) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("n2i30x40_f5x5", [(32, true, true), (48, true, false)]),
        ("i30x40_f5x5", [(32, true, false), (48, true, true)]),
        ("i30x40_f5x5", [(16, false, true), (48, true, false)]),
        ("i30x40_f5x5", [(31, true, true), (48, true, false)]),
        ("i30x40_f17x5", [(32, true, true), (48, true, false)]), ("i300_f5", [(320, true, true)]),
        ("i30x40_f5x5", [(32, true, true), (48, true, true)]),
        ("c2i30x40_f5x5", [(32, true, true), (48, true, false)]),
    ])
    func whatCannotBeFoldedIsRefused(_ text: String, _ axes: [(length: Int, covers: Bool, folds: Bool)]) throws {
        let request = try Case(text).request(.forward, .float32)
        let tilings = zip(request.problem.axes, axes).map { axis, choice in
            AxisTiling(
                step: choice.covers ? axis.denseOutput : choice.length - axis.dilatedFilter + 1, length: choice.length,
                coversAxis: choice.covers, folds: choice.folds)
        }
        #expect(throws: Inapplicable.self) { try TiledFFT(request, tilings: tilings) }
    }
}
