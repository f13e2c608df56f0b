import SpectralEngine
import TestSupport
import Testing

@testable import FFTConvolution

struct CalibrationTests {
    /// Calls whose times are those of a machine that is known.
    private func calls(_ truth: Machine, _ texts: [String]) throws -> [RateFit.Call] {
        try texts.flatMap { text in
            try Pass.allCases.flatMap { pass -> [RateFit.Call] in
                let probe = CalibrationProbe(try ProblemText(text), pass)
                return probe.recipes(Machine()).map { recipe in
                    RateFit.Call(name: text, time: recipe.predictedTime(on: truth)) { recipe.predictedTime(on: $0) }
                }
            }
        }
    }

    private let texts = ["i512_f9", "i32x32_f5x5", "c4i24x24_k8f7x7", "n2c16i14x14_k16f3x3_psame_g16"]

    @Test func aRecipePredictsItsOwnTimeOnItsOwnMachine() throws {
        for text in texts {
            for pass in Pass.allCases {
                for recipe in CalibrationProbe(try ProblemText(text), pass).recipes(Machine()) {
                    #expect(recipe.predictedTime(on: Machine()) == recipe.predictedTime, "\(text): \(recipe)")
                }
            }
        }
    }

    @Test func theFitPredictsTimesOfAnotherMachine() throws {
        var truth = Machine()
        // Rates of one group keep their proportions.
        for (index, group) in Machine.fittedRates.enumerated() {
            for rate in group { truth[keyPath: rate.path] *= [0.4, 1, 2.5, 1.5][index % 4] }
        }
        let fit = RateFit(try calls(truth, texts))
        let fitted = fit.fitted(Machine())
        #expect(fit.error(truth) == 1)
        #expect(fit.error(Machine()) > 1.2)
        #expect(fit.error(fitted) < 1.1)
    }

    @Test func whatNoCallDependsOnStaysAsItIs() throws {
        var truth = Machine()
        truth.copyTime *= 3
        let fitted = RateFit(try calls(truth, ["i32x32_f5x5"])).fitted(Machine())
        #expect(fitted.productRate == Machine().productRate && fitted.threadStartTime == Machine().threadStartTime)
        let nothing = RateFit([]).fitted(Machine())
        for rate in Machine.rates { #expect(nothing[keyPath: rate.path] == Machine()[keyPath: rate.path]) }
    }

    @Test func oneDisturbedCallDoesNotSpoilTheRest() throws {
        var calls = try calls(Machine(), texts)
        let disturbed = calls[0]
        calls[0] = RateFit.Call(name: "", time: disturbed.time * 50, prediction: disturbed.prediction)
        let fitted = RateFit(calls).fitted(Machine())
        for call in calls.dropFirst() {
            #expect(abs(call.prediction(fitted) / call.time - 1) < 0.3)
        }
    }

    @Test func measuringGivesRatesThatAFileMayHold() throws {
        let control = ExecutionControl()
        let probes = [CalibrationProbe(try ProblemText("i200_f5"), .forward)]
        let calibration = try Calibration.measure(probes, from: Machine(), control: control)
        #expect(control.fractionCompleted == 1 && !calibration.calls.isEmpty)
        #expect(calibration.calls.allSatisfy { $0.time > 0 && $0.predictedTime > 0 && $0.builtInTime > 0 })
        let read = try CalibrationFile.contents(of: Array(calibration.fileText.utf8)).machine
        for rate in Machine.rates { #expect(read[keyPath: rate.path] == calibration.machine[keyPath: rate.path]) }
        control.cancel()
        #expect(throws: ConvolutionError.self) { try Calibration.measure(probes, from: Machine(), control: control) }
    }

    /// Last bits tell which plans of FFTW a transform has; where none are built in, all are estimated.
    @Test func transformsHaveThePlansOfTheirCache() throws {
        let problem = try ProblemText("i200x200_f31x31").problem
        var generator = SeededGenerator(seed: 16)
        let x = try Tensor<Float>(
            shape: problem.inputShape, elements: (0..<40000).map { _ in Float(generator.uniform()) })
        let w = try Tensor<Float>(
            shape: problem.filterShape, elements: (0..<961).map { _ in Float(generator.uniform()) })
        func result(_ plans: MeasuredPlans) throws -> [Float] {
            try TransformCache.$current.withValue(TransformCache(plans)) {
                try Planner(machine: Machine()).plan(
                    for: problem, scalar: Float.self, passes: [.forward], options: PlanOptions(method: .fft)
                ).forward(x, w).elements
            }
        }
        let (measured, estimated) = (try result(.builtIn), try result(.none))
        #expect(try result(.builtIn) == measured && result(.none) == estimated)
        #expect((measured != estimated) == !MeasuredPlans.builtIn.isEmpty)
        let error = zip(measured, estimated).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(error < 1e-4)
    }

    @Test func workersDoNotShareALine() {
        func crew(_ length: Int) -> Crew {
            Crew(blocks: 3, workers: 2, TileShape(planes: 1, rows: 1, length: length), .float32)
        }
        // Only the first is split.
        #expect(crew(40960).team == 2 && crew(40960).blocks == 1)
        #expect(crew(40001).team == 1 && crew(40001).blocks == 2)
    }

    @Test func theChoiceFollowsTheRates() throws {
        let problem = try ProblemText("i64x64_f9x9").problem
        func chosen(_ machine: Machine) throws -> String? {
            try Planner(machine: machine).explain(problem, pass: .forward, precision: .float32).chosen?.algorithm
        }
        var slowSums = Machine()
        (slowSums.stencilTime, slowSums.stencilLoadTime) = (1e-6, 1e-6)
        #expect(try chosen(slowSums) == "TiledFFT")
        var slowTransforms = Machine()
        (slowTransforms.copyTime, slowTransforms.gatherTime, slowTransforms.callTime) = (1e-6, 1e-6, 1e-3)
        #expect(try chosen(slowTransforms) == "Direct")
    }

    @Test func everyInstructionSetHasRatesOfItsOwn() {
        for kind in AVX512Kind.allCases {
            let machines = InstructionSet.allCases.map { Machine(instructionSet: $0, kind: kind) }
            for rate in Machine.rates + Machine.passRates {
                let values = machines.map { $0[keyPath: rate.path] }
                #expect(values.allSatisfy { $0 > 0 && $0.isFinite }, "\(rate.name)")
            }
            let times = machines.map(\.shiftedTime)
            #expect(times == times.sorted(by: >), "the more vectors, the faster")
        }
    }
}
