import Testing
import TestSupport

@testable import FFTConvolution

/// Sums of very many alike terms, whose roundings all point one way: what a direct sum is worst at, and a transform best.
struct LongSumsTests {
    /// Planes of taps are cut into blocks that hold each tap once.
    @Test func blocksHoldEachTapOnce() {
        for (rows, columns) in [(1, 1), (1, 256), (1, 257), (3, 90), (7, 400), (16, 16), (17, 17), (100, 97), (300, 2)]
        {
            for keepsRows in [false, true] {
                let blocks = TapBlocks(rows: rows, columns: columns, keepsRows: keepsRows)
                var taps: [[Int]] = []
                for index in 0..<blocks.count {
                    let block = blocks[index]
                    #expect(!block.rows.isEmpty && !block.columns.isEmpty)
                    #expect(block.rows.count * block.columns.count <= blocks.largest)
                    taps += block.rows.flatMap { row in block.columns.map { [row, $0] } }
                }
                #expect(taps.count == rows * columns && Set(taps).count == taps.count)
                #expect(blocks.largest <= TapBlocks.most || keepsRows && blocks.rows.largest == 1)
                #expect(rows * columns > TapBlocks.most || blocks.count == 1)
                #expect(!keepsRows || blocks.columns.pieces == 1)
            }
        }
    }

    /// A(M) of the contract holds for filter gradients though all partners travel apart, with memory and without.
    @Test(arguments: ["c16i9x9_k16f3x3_psame_g16", "i9x9_f3x3_psame", "c2i9x9_k3f3x3_psame"])
    func sumsOfFilterGradientsAreShallow(_ layer: String) throws {
        for batch in Array(1...18) + Array(31...35) + [47, 64, 66, 79, 80, 81, 129, 257, 1000] {
            let problem = try ProblemText("n\(batch)\(layer)").problem
            for limit in [Int.max, 0] {
                let request = PlanRequest(
                    problem: problem, pass: .filterGradient, precision: .float32, memoryLimit: limit)
                let recipe = try #require(try TiledFFT.recipes(for: request).first { !$0.isDense })
                let (chunks, rows) = (recipe.layout.chunkCount, recipe.table.termCount)
                // Chunks differ by one pair, and the last pair of all may be a single row.
                let most = min(2 * ((recipe.table.pairCount + chunks - 1) / chunks), rows)
                #expect(
                    Double(most - 1 + chunks - 1) <= Contract.additions(rows),
                    "\(rows) rows in \(chunks) chunks: \(recipe)")
                #expect(recipe.layout.summationDepth == most - 1 + chunks - 1)
            }
        }
    }

    /// The same in a training step, whose pairs come in waves.
    @Test(arguments: [
        "i80x80_f5x5", "i120x118_f5x5", "i40x40x40_f5x5x5", "n3i50x70_f7x7", "i5000_f40", "c2i90x90_k2f5x5_g2",
    ])
    func wavesFillAllChunks(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let request = PlanRequest(problem: problem, pass: .forward, precision: .float32)
        var waves = 0
        for length in [16, 32, 128] {
            let tilings = problem.axes.map {
                AxisTiling(step: length - $0.dilatedFilter + 1, length: length, coversAxis: false)
            }
            guard tilings.allSatisfy({ $0.step >= 4 }) else { continue }
            let forward = try TiledFFT(request, tilings: tilings)
            let dx = try #require(forward.sibling(.inputGradient, addsOverlaps: true))
            let layout = try #require(forward.sibling(.filterGradient)).layout
            let order = PairOrder(dx.table)
            waves = max(waves, order.waveCount)
            var pairs: [Int] = []
            var most = 0
            for chunk in 0..<layout.chunkCount {
                let before = pairs.count
                for wave in 0..<order.waveCount {
                    order.forEachPair(wave: wave, chunk: chunk, of: layout.chunkCount) {
                        pairs.append($0)
                        return true
                    }
                }
                most = max(most, pairs.count - before)
            }
            #expect(pairs.sorted() == Array(0..<dx.table.pairCount))
            let rows = min(2 * most, dx.table.rowCount)
            #expect(
                Double(rows - 1 + layout.chunkCount - 1) <= Contract.additions(dx.table.rowCount),
                "\(dx.table.rowCount) rows in \(order.waveCount) waves and \(layout.chunkCount) chunks: \(forward)")
        }
        #expect(waves > 1)
    }

    /// The bound of a transform over the whole axis, whatever sums.
    @Test(arguments: [
        "i31x31_f31x31_fwd", "i61x61_f61x61_fwd", "i50x50_f47x47_fwd", "i8193_f8193_fwd", "i100000_f100000_fwd",
        "i12x12x12_f11x11x11_fwd", "c16i31x31_k16f29x29_g16_fwd", "n2c64i9x9_k8f9x9_fwd", "i32x32_f20x20_psame_dx",
        "i45x45_f33x33_s2_fwd", "i49x49_f13x13_d4_fwd", "i200x200_f3x3_dw", "i20000_f5_dw", "n40c2i20x20_k2f2x2_dw",
        "n4c8i60x60_k8f5x5_g8_dw", "n3c16i5x1200_k16f3x3_psame_g16_dw", "n300c16i7x7_k16f3x3_psame_g16_dw",
    ])
    func theyAreAsExactAsTransforms(_ text: String) throws {
        let (problem, pass) = (try ProblemText(text).problem, try #require(try ProblemText(text).pass))
        let covering = problem.axes.map {
            AxisTiling(step: $0.denseOutput, length: $0.coveringLength, coversAxis: true)
        }
        let request = PlanRequest(problem: problem, pass: pass, precision: .float32, threads: 1, memoryLimit: .max)
        let shapes = problem.operandShapes(pass)
        let first = [Double](repeating: Double(Float(0.7)), count: shapes.first.reduce(1, *))
        let second = [Double](repeating: Double(Float(0.3)), count: shapes.second.reduce(1, *))
        // Rounded once, which is a part of every bound.
        let exact = try Execution(Reference.recipes(for: request)[0], for: request).run(first, second)
        let bounds = Contract(problem, pass, .float32, .transforms(covering)).bounds(first, second, exact: exact)
        for recipe in try Direct.recipes(for: request) {
            let result = try Execution(recipe, for: request).run(first, second)
            let error = result.indices.reduce(0.0) { max($0, abs(result[$1] - exact[$1]) / bounds[$1]) }
            #expect(error <= 1, "\(recipe): \(error)")
        }
    }
}
