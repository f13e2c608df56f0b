import FFTConvolution
import Testing
import TestSupport

/// Tiles that follow each other carry transformed rows on. What is carried decides no bit, and results stay within the contract.
struct RollingTilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let tilings: [AxisTiling]

        var testDescription: String { text }

        /// - Parameter other: Step and length of the other axes; none if one tile covers them.
        init(_ text: String, _ rolling: (step: Int, length: Int), _ others: (step: Int, length: Int)?...) {
            self.text = text
            var tilings = [AxisTiling(step: rolling.step, length: rolling.length, coversAxis: false, rolls: true)]
            for other in others {
                tilings.append(
                    AxisTiling(step: other?.step ?? 64, length: other?.length ?? 64, coversAxis: other == nil))
            }
            self.tilings = tilings
        }

        func recipe(_ pass: Pass, _ precision: Precision, threads: Int = 1) throws -> (TiledFFT, PlanRequest) {
            // However small the call, all threads take part; 64 of them have one block each, and carry nothing.
            var machine = Machine()
            machine.leastShare = 1e-12
            let request = PlanRequest(
                problem: try ProblemText(text).problem, pass: pass, precision: precision, threads: threads,
                machine: machine)
            return (try TiledFFT(request, tilings: tilings), request)
        }
    }

    /// Columns that FFTW reads and columns that are copied; strips alone and in pairs, with odd numbers of tiles; padding wider
    /// than a tile; volumes along their planes.
    static let cases = [
        Case("i70x40_f5x5", (8, 16), (20, 24)), Case("i71x41_f9x5_p3", (16, 24), (12, 16)),
        Case("i100x30_f17x3", (24, 40), nil), Case("i50x90_f9x9_p30x5", (8, 16), (40, 48)),
        Case("n3i50x30_f3x4_s2_p1", (16, 32), (21, 24)), Case("n2c3i40x33_k4f3x3_p2_d2", (8, 16), (20, 24)),
        Case("n3c4i45x20_k4f7x3_p2_g4", (16, 24), nil), Case("n1c5i40x60_k5f5x5_p2_g5", (8, 16), (20, 24)),
        Case("i20x19x18_f3x4x5", (4, 6), (5, 8), nil), Case("n2c2i15x9x12_k2f2x3x3_p1_g2", (5, 6), nil, (10, 12)),
        Case("n2c2i14x10x11_k3f3x3x3_s2_p1", (4, 6), (6, 8), (6, 8)),
        // Two groups to a job; tiles of padding alone.
        Case("c18i60x20_k18f5x3_g18", (8, 16), (20, 24)), Case("n4i14x19x18_f3x4x5_p8x0x0", (4, 6), nil, nil),
    ]

    @Test(arguments: cases, Pass.allCases)
    func carriedRowsDecideNoBit(_ test: Case, _ pass: Pass) throws {
        var findings = Findings()
        for precision in Precision.allCases {
            for family in [DataFamily.uniform, .positive, .hugeCorner, .hugeTile, .integers, .delta, .zeros] {
                let (recipe, request) = try test.recipe(pass, precision)
                var generator = SeededGenerator(name: "\(test.text) \(family)")
                // The products of two huge operands are no single-precision numbers.
                let first = Operands(request.problem, family, precision, &generator).first(pass)
                let second = Operands(request.problem, .uniform, precision, &generator).second(pass)
                let exact = Oracle(request.problem).evaluate(pass, first, second, precision)
                let bounds = Contract(request.problem, pass, precision, recipe.arithmetic).bounds(
                    first, second, exact: exact.high)
                let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
                findings.compare(result, exact, within: bounds, test.text, "\(family) by \(recipe)")
                for threads in [2, 3, 64] {
                    let (other, request) = try test.recipe(pass, precision, threads: threads)
                    let same = try Execution(other, for: request).run(first, second)
                    findings.requireSameBits(same, result, test.text, "\(family), \(threads) threads")
                }
            }
        }
        findings.report()
    }

    /// After a tile that was loaded again without them, nothing is carried.
    @Test(arguments: cases, Pass.allCases)
    func nonFiniteSamplesReachWhatTheyReachInDirectSums(_ test: Case, _ pass: Pass) throws {
        let (recipe, request) = try test.recipe(pass, .float32)
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(request.problem, .uniform, .float32, &generator)
        var (first, second) = (operands.first(pass), operands.second(pass))
        (first[first.count / 3], first[first.count / 2]) = (.nan, -.infinity)
        let result = try Execution(recipe, for: request).run(first, second)
        let exact = Oracle(request.problem).evaluate(pass, first, second, .float32).high
        let different = zip(result, exact).count {
            $0.isNaN != $1.isNaN || ($0.isFinite ? 0 : $0) != ($1.isFinite ? 0 : $1) && !$0.isNaN
        }
        #expect(different == 0)
        if pass == .filterGradient { second[0] = .infinity }
        let again = try Execution(recipe, for: request).run(first, second)
        let (other, many) = try test.recipe(pass, .float32, threads: 64)
        let same = try Execution(other, for: many).run(first, second)
        #expect(zip(again, same).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN })
    }

    /// Of padding nothing is noted, whatever the tiles before have left.
    @Test func emptyTilesLeaveNothingBehind() throws {
        let test = Case("n4i14x19x18_f3x4x5_p8x0x0", (4, 6), nil, nil)
        var generator = SeededGenerator(name: test.text)
        let (recipe, request) = try test.recipe(.forward, .float32)
        let operands = Operands(request.problem, .uniform, .float32, &generator)
        let item = operands.x.count / 4
        // One item has no sample but 0, one none below.
        let x = operands.x.enumerated().map { $0 < 2 * item ? $1 : $0 < 3 * item ? abs($1) : 0 }
        let w = operands.w.map { abs($0) }
        let execution = try Execution(recipe, for: request)
        let first = try execution.run(x, w)
        let (other, many) = try test.recipe(.forward, .float32, threads: 64)
        #expect(try execution.run(x, w, scratch: .signallingNaN) == first)
        #expect(try Execution(other, for: many).run(x, w) == first)
        let plane = first.count / 4
        #expect(first[2 * plane..<3 * plane].allSatisfy { $0 >= 0 } && first[(3 * plane)...].allSatisfy { $0 == 0 })
    }

    /// Workers that share each tile.
    @Test(arguments: Pass.allCases) func teamsDecideNoBit(_ pass: Pass) throws {
        let test = Case("i300x500_f9x9", (88, 96), (512, 640))
        let results = try [1, 3].map { threads in
            let (recipe, request) = try test.recipe(pass, .float32, threads: threads)
            var generator = SeededGenerator(name: test.text)
            let operands = Operands(request.problem, .uniform, .float32, &generator)
            return try Execution(recipe, for: request).run(operands.first(pass), operands.second(pass))
        }
        #expect(results[0] == results[1])
    }

    /// Partners whose results overlap are two neighbours here, and large enough to be shared by workers.
    @Test(arguments: [
        ("i30000_f301", [(16084, 16384, false)]), ("i300x500_f9x9", [(152, 160, false), (512, 640, false)]),
        // Their corners are reached by the strip beside, too.
        ("i230x400_f31x31", [(128, 160, true), (130, 160, false)]),
        ("i70x70x40_f9x9x9", [(40, 64, false), (40, 64, false), (56, 64, false)]),
    ])
    func partnersThatOverlapAddUp(_ text: String, _ steps: [(Int, Int, Bool)]) throws {
        let tilings = steps.map { AxisTiling(step: $0.0, length: $0.1, coversAxis: false, rolls: $0.2) }
        let problem = try ProblemText(text).problem
        var generator = SeededGenerator(name: text)
        let operands = Operands(problem, .uniform, .float32, &generator)
        var machine = Machine()
        machine.leastShare = 1e-12
        func gradient(_ threads: Int) throws -> [Double] {
            let request = PlanRequest(
                problem: problem, pass: .forward, precision: .float32, threads: threads, machine: machine)
            let step = try #require(try StepExecution(TiledFFT(request, tilings: tilings), for: request))
            return try step.run(operands).dx
        }
        let alone = try gradient(1)
        for _ in 0..<20 { #expect(try gradient(3) == alone) }
    }

    @Test(arguments: cases)
    func aTrainingStepIsTheSameForAllThreads(_ test: Case) throws {
        var findings = Findings()
        let (recipe, request) = try test.recipe(.forward, .float32)
        var generator = SeededGenerator(name: test.text)
        let operands = Operands(request.problem, .uniform, .float32, &generator)
        // Nothing is shared where odd rows of two groups go together, or tiles are shorter than the filter.
        guard let step = try StepExecution(recipe, for: request) else {
            return #expect(test.text != Self.cases[0].text && test.text != Self.cases[4].text)
        }
        let results = try step.run(operands)
        for pass in Pass.allCases {
            let (first, second) = (operands.first(pass), operands.second(pass))
            let exact = Oracle(request.problem).evaluate(pass, first, second, .float32)
            // Results of up to two tiles an axis add up, each within the bound of its own norms, that the whole has.
            let windows = test.tilings.map {
                pass == .inputGradient ? AxisTiling(step: $0.step, length: $0.length, coversAxis: true) : $0
            }
            let bounds = Contract(request.problem, pass, .float32, .transforms(windows)).bounds(
                first, second, exact: exact.high)
            let result = pass == .forward ? results.y : pass == .inputGradient ? results.dx : results.dw
            findings.compare(
                result, exact, within: bounds.map { $0 * (pass == .inputGradient ? 4 : 1) }, test.text, "\(pass)")
        }
        // Where partners must be scaled or travel apart, the step gives up, and its passes run by themselves.
        for family in [DataFamily.uniform, .hugeTile, .unevenChannels, .delta] {
            var operands = operands
            operands.x = Operands(request.problem, family, .float32, &generator).x
            let results = try step.run(operands)
            for threads in [1, 2, 64] {
                let (other, request) = try test.recipe(.forward, .float32, threads: threads)
                let twin = try #require(try StepExecution(other, for: request))
                let same = try twin.run(operands, scratch: .signallingNaN, dropping: threads == 1)
                findings.requireSameBits(same.y, results.y, test.text, "\(family): y, \(threads) threads")
                findings.requireSameBits(same.dx, results.dx, test.text, "\(family): dX, \(threads) threads")
                findings.requireSameBits(same.dw, results.dw, test.text, "\(family): dW, \(threads) threads")
            }
        }
        findings.report()
    }

    /// Most tiles of a strip load what is new only, and the transforms that a call needs are counted so.
    @Test(arguments: Pass.allCases)
    func mostTilesLoadWhatIsNewOnly(_ pass: Pass) throws {
        // A strip by itself: eight tiles, four pairs, of which the first one loads all; and of the input a ninth, alone.
        let test = Case("i68x16_f5x5", (8, 16), (20, 24))
        let (recipe, _) = try test.recipe(pass, .float32)
        let loads = recipe.transforms.filter { $0.kind == .tile && $0.direction == .forward && $0.box.rows.count >= 8 }
        let rows = loads.reduce(into: [:]) { $0[$1.box.rows.count, default: 0] += $1.count }
        // In the filter gradient the pairs are two sums of two, and tiles of the output gradient as long as what is new of the input.
        #expect(rows[16] == (pass == .forward ? 1 : 2))
        #expect(rows[8] == (pass == .filterGradient ? 6 : 3))
    }

    /// The tiles that are chosen, and with them every bit, do not follow the threads asked for.
    @Test(arguments: Pass.allCases) func ranksDoNotFollowThreads(_ pass: Pass) throws {
        for test in Self.cases + [
            Case("i2048x2048_f255x255", (256, 512), (1794, 2048)), Case("i600x600_f31x31", (224, 256), (610, 640)),
        ] {
            let times = try [1, 2, 3, 64].map { try test.recipe(pass, .float32, threads: $0).0.rankingTime }
            #expect(times.allSatisfy { $0 == times[0] }, "\(test.text): \(times)")
        }
    }

    @Test func whatCannotRollIsRefused() throws {
        func refuses(_ text: String, _ tilings: [AxisTiling], isDense: Bool = false) throws -> Bool {
            let request = PlanRequest(problem: try ProblemText(text).problem, pass: .forward, precision: .float32)
            return (try? TiledFFT(request, tilings: tilings, isDense: isDense)) == nil
        }
        func rolling(_ step: Int, _ length: Int) -> AxisTiling {
            AxisTiling(step: step, length: length, coversAxis: false, rolls: true)
        }
        let wide = AxisTiling(step: 20, length: 24, coversAxis: false)
        #expect(try !refuses("i70x40_f5x5", [rolling(8, 16), wide]))
        // Not in panels of eight rows; a small tile; a line; a tile of a layer that sums over channels by matrices.
        #expect(try refuses("i70x40_f5x5", [rolling(12, 16), wide]))
        #expect(try refuses("i70x40_f5x5", [rolling(8, 16), AxisTiling(step: 12, length: 16, coversAxis: false)]))
        #expect(try refuses("i700_f5", [rolling(8, 16)]))
        #expect(try refuses("i12x40_f5x5", [AxisTiling(step: 16, length: 24, coversAxis: true, rolls: true), wide]))
        #expect(try refuses("c4i70x40_k4f5x5", [rolling(8, 16), wide], isDense: true))
    }
}
