import FFTConvolution
import Testing
import TestSupport

struct CostModelTests {
    /// A call that is shared is ranked behind its time, one that is not at it.
    @Test func sharedCallsAreRankedBehindTheirTime() {
        let model = CostModel(Machine(instructionSet: .avx512, kind: .zen5))
        #expect(model.ranking(70e-6, workers: 1) == 70e-6)
        #expect(model.ranking(70e-6, workers: 2) > 75e-6 && model.ranking(70e-6, workers: 2) < 85e-6)
    }

    /// Operands that are streamed become far at so many times the caches.
    @Test func streamedOperandsAreNearForLonger() throws {
        let text = try ProblemText("i1500000_f5_fwd")
        func time(_ caches: Double, _ streamed: Double) throws -> Double {
            var machine = Machine(instructionSet: .avx512, kind: .zen5)
            (machine.cacheByteCount, machine.farElementCaches, machine.streamedCaches) = (1 << 20, caches, streamed)
            let request = PlanRequest(
                problem: text.problem, pass: .forward, precision: .float32, threads: 1, machine: machine)
            return try #require(try Direct.recipes(for: request).first).predictedTime
        }
        #expect(try time(8, 2) == time(16, 1))
        #expect(try time(8, 2) < time(8, 1))
    }

    private func referenceTime(
        _ text: String, _ machine: Machine, _ pass: Pass = .forward, threads: Int = 1
    ) throws -> Double {
        let request = PlanRequest(
            problem: try ProblemText(text).problem, pass: pass, precision: .float32, threads: threads, machine: machine)
        return Reference.recipes(for: request)[0].predictedTime
    }

    @Test func theReferenceTakesItsMultiplicationsAndResultsOverTheMachinesRate() throws {
        var machine = Machine()
        machine.referenceRate[.float32] = 1e6
        // 3·2 pairs of planes, 6·6 outputs, 3·3 taps are 1944; each result counts as 7 more.
        let text = "c2i8x8_k3f3x3"
        #expect(try referenceTime(text, machine) == Double(1944 + 7 * 3 * 6 * 6) / 1e6)
        #expect(try referenceTime(text, machine, .inputGradient) == Double(1944 + 7 * 2 * 8 * 8) / 1e6)
        #expect(try referenceTime(text, machine, .filterGradient) == Double(1944 + 7 * 6 * 3 * 3) / 1e6)
        #expect(try referenceTime("n0c2i8x8_k3f3x3", machine) == 0)
    }

    @Test func moreThreadsThanCoresPromiseNothing() throws {
        let machine = Machine()
        let cores = Machine.availableCores
        let many = try referenceTime("i4000_f3", machine, threads: 1024)
        #expect(many == (try referenceTime("i4000_f3", machine, threads: cores)))
    }

    /// Of three tiles two travel together; where the third holds little, its worker waits for the other.
    @Test(arguments: [Pass.forward, .inputGradient]) func theLargestPairOfTilesKeepsAllWaiting(_ pass: Pass) throws {
        var machine = Machine(instructionSet: .avx512)
        machine.coreCount = 2
        func time(_ text: String, threads: Int) throws -> Double {
            let request = PlanRequest(
                problem: try ProblemText(text).problem, pass: pass, precision: .float32, threads: threads,
                machine: machine)
            let cover = AxisTiling(step: 51, length: 64, coversAxis: true)
            let tilings = [AxisTiling(step: 24, length: 32, coversAxis: false), cover, cover]
            return try TiledFFT(request, tilings: tilings).predictedTime
        }
        let (full, short) = ("i72x51x51_f9x9x9_psame", "i51x51x51_f9x9x9_psame")
        #expect(try time(short, threads: 1) < 0.9 * time(full, threads: 1))
        #expect(try abs(time(short, threads: 2) / time(full, threads: 2) - 1) < 1e-9)
    }

    @Test func predictionsArePositiveForEveryRecipeOfTheRegistry() throws {
        for entry in try ProblemList.entries() where entry.problem.batch > 0 {
            for pass in Pass.allCases {
                let request = PlanRequest(problem: entry.problem, pass: pass, precision: .float64, threads: 2)
                for algorithm in Registry.all {
                    for recipe in algorithm.firstRecipes(3, for: request) {
                        #expect(recipe.predictedTime > 0 && recipe.predictedTime.isFinite, "\(entry.text)")
                        #expect(recipe.workspaceByteCount >= 0 && !recipe.description.isEmpty, "\(entry.text)")
                        #expect((0x1p-53..<1).contains(recipe.relativeErrorBound), "\(entry.text)")
                    }
                }
            }
        }
    }
}
