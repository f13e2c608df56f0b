package import SpectralEngine

/// Rates of this machine, measured.
///
/// FFTW's passes are timed alone, one for each transform length, which gives their proportions. Their common factor and all other
/// rates are fitted to the times of whole calls of recipes that the library has: predictions are sums over rates, so the rates are those that predict these calls best. What
/// is fitted is what choices are made with, whatever a formula counts; and it needs no loop of its own for each rate.
public struct Calibration: Sendable {
    /// This machine with the rates found.
    public let machine: Machine
    /// By which factor predictions were off, in the root mean square of logarithms: with built-in rates, and with these.
    public let builtInError: Double
    public let error: Double
    /// Every call that the rates were fitted to.
    public let calls: [Call]
    /// Plans of FFTW that were searched, now or for the stored calibration; empty if none were.
    package let plans: MeasuredPlans
    /// Which plans of FFTW are used, in a few words.
    public var planSource: String {
        if !plans.isEmpty { return "\(plans.count) plans of FFTW, searched on this machine" }
        let builtIn = MeasuredPlans.builtIn.count
        return builtIn > 0
            ? "\(builtIn) plans of FFTW, built in"
            : "FFTW's estimates: it is another build than that of the built-in plans"
    }

    /// One recipe for one pass of a problem, timed; in seconds.
    public struct Call: Sendable {
        /// Problem, threads and recipe.
        public let name: String
        public let time: Double
        /// What built-in rates predict, and these.
        public let builtInTime: Double
        public let predictedTime: Double
    }

    /// What to write to ``StoredCalibration/path``.
    public var fileText: String { CalibrationFile.text(machine, plans) }

    /// Measures. Takes 20 to 50 s, most of it on one thread, where the time that others take of the machine is not counted.
    ///
    /// - Parameters:
    ///   - searchesPlans: Whether FFTW searches plans first, for a few minutes. The rates are measured with them; all else in
    ///     this process keeps to the plans it has, until ``fileText`` is stored and another process reads it. Without a search,
    ///     plans that are stored already are kept.
    ///   - control: Lets another thread watch or stop it, at the latest after some seconds.
    /// - Throws: ``ConvolutionError``, for instance if FFTW cannot be used, or it was stopped.
    public static func measure(searchesPlans: Bool = false, control: ExecutionControl? = nil) throws -> Calibration {
        try checkFFTW()
        let probes = CalibrationProbe.all
        let lines = searchesPlans ? TransformLength.plannedLines : []
        control?.begin(blocks: lines.count + blockCount(probes))
        let plans = searchesPlans ? try search(lines, control) : StoredCalibration.plans ?? .none
        let known = plans.isEmpty ? .builtIn : plans
        return try TransformCache.$current.withValue(TransformCache(known)) {
            try fit(probes, from: Machine(), plans, known: known, control)
        }
    }

    private static func search(_ lines: [ContiguousLines], _ control: ExecutionControl?) throws -> MeasuredPlans {
        var search = PlanSearch()
        for lines in lines {
            try control?.checkCancellation()
            try search.search(lines, Float.self)
            try search.search(lines, Double.self)
            try control?.completeBlock()
        }
        return search.plans
    }

    package static func measure(
        _ probes: [CalibrationProbe], from builtIn: Machine, control: ExecutionControl? = nil
    ) throws -> Calibration {
        try checkFFTW()
        control?.begin(blocks: blockCount(probes))
        return try fit(probes, from: builtIn, .none, known: .builtIn, control)
    }

    private static func blockCount(_ probes: [CalibrationProbe]) -> Int { callSweeps * probes.count + passSweeps + 1 }

    private static func checkFFTW() throws {
        if let fault = FFTWLibrary.fault {
            throw ConvolutionError(.unusableFFTW, argument: "FFTW", value: fault, rule: "cannot be used")
        }
    }

    /// Seconds after which no more calls are begun; the fit makes do with what there is.
    private static let patience = 45.0
    /// Seconds that each call is repeated for, in so many turns.
    private static let minimumTime = 0.015
    private static let callSweeps = 6

    private static func fit(
        _ probes: [CalibrationProbe], from builtIn: Machine, _ plans: MeasuredPlans, known: MeasuredPlans,
        _ control: ExecutionControl?
    ) throws -> Calibration {
        let start = ContinuousClock().now
        var machine = builtIn
        try measurePasses(&machine, known, control)
        // Between them lie lengths that are not in the table; beyond, it is as much slower as at its end.
        if let last = machine.passTimes.contiguous.last, let old = builtIn.passTimes.contiguous.last {
            machine.passTimes.beyond *= last / old
        }
        try control?.completeBlock()
        for rate in Machine.passRates { keepInRange(&machine, rate, builtIn) }

        // Every call takes its turns some seconds apart: what disturbs one turn, or all calls of a while, is over at the next.
        let recipes = try probes.map { probe in
            try control?.checkCancellation()
            return probe.recipes(machine)
        }
        var times = recipes.map { [[Double]](repeating: [], count: $0.count) }
        for _ in 0..<callSweeps {
            for (index, probe) in probes.enumerated() {
                if ContinuousClock().now - start < .seconds(patience) {
                    let found = try probe.times(of: recipes[index], minimumTime: minimumTime / Double(callSweeps))
                    for (recipe, time) in found.enumerated() where time > 0 && time.isFinite {
                        times[index][recipe].append(time)
                    }
                }
                try control?.completeBlock()
            }
        }
        var calls: [RateFit.Call] = []
        for (probe, (recipes, times)) in zip(probes, zip(recipes, times)) {
            // On one thread the lower quartile, as of passes: other work only makes turns longer; and not the least, in which the thread's clock
            // may have stood still. Several threads are timed by the wall's: they wait for the one that is held up.
            for (recipe, times) in zip(recipes, times) where !times.isEmpty {
                let time = times.sorted()[probe.threads > 1 ? 0 : (times.count + 1) / 4]
                calls.append(
                    RateFit.Call(name: "\(probe): \(type(of: recipe).name): \(recipe)", time: time) {
                        recipe.predictedTime(on: $0)
                    })
            }
        }
        // Passes keep their proportions. What they cost in a call is another matter than alone, in the machine's best moments.
        let fit = RateFit(calls, rates: Machine.fittedRates + [Machine.passRates])
        var fitted = fit.fitted(machine)
        for rate in Machine.rates + Machine.passRates { keepInRange(&fitted, rate, builtIn) }
        return Calibration(
            machine: fitted, builtInError: fit.error(builtIn), error: fit.error(fitted),
            calls: calls.map {
                Call(
                    name: $0.name, time: $0.time, builtInTime: $0.prediction(builtIn),
                    predictedTime: $0.prediction(fitted))
            }, plans: plans)
    }

    /// Times FFTW's passes. What counts of them is their proportions, so all take turns in every sweep: whatever else the machine
    /// does meets all of them. And the lower quartile, not the least: a thread's clock on a virtual machine has been seen to stand
    /// still for a while (`Docs/Measurements/2026-11-26-rolling.md`).
    private static func measurePasses(
        _ machine: inout Machine, _ known: MeasuredPlans, _ control: ExecutionControl?
    ) throws {
        let table = TransformLength.passTimes
        let lines = table.map { PassSpeed(length: $0.length, columns: false, known: known) }
        let columns = table.map { $0.columns == nil ? nil : PassSpeed(length: $0.length, columns: true, known: known) }
        let single = PassSpeed(length: PassTimes.singleLength, columns: false, count: 1, known: known)
        let passes = lines + columns + [single]
        var times = [[Double]](repeating: [], count: passes.count)
        for _ in 0..<passSweeps {
            for (index, pass) in passes.enumerated() {
                guard let pass else { continue }
                for _ in 0..<roundsPerSweep { times[index].append(pass.secondsPerPoint()) }
            }
            try control?.completeBlock()
        }
        func quartile(_ times: [Double]) -> Double? { times.isEmpty ? nil : times.sorted()[times.count / 4] }
        for index in table.indices {
            machine.passTimes.contiguous[index] = quartile(times[index]) ?? machine.passTimes.contiguous[index]
            machine.passTimes.columns[index] = quartile(times[table.count + index]) ?? machine.passTimes.columns[index]
        }
        machine.passTimes.single = quartile(times[2 * table.count]) ?? machine.passTimes.single
    }

    private static let passSweeps = 25
    private static let roundsPerSweep = 8

    /// What is further off than a file may say is no measurement.
    private static func keepInRange(_ machine: inout Machine, _ rate: Machine.Rate, _ builtIn: Machine) {
        let (usual, range) = (builtIn[keyPath: rate.path], CalibrationFile.widestRange / 2)
        machine[keyPath: rate.path] = min(max(machine[keyPath: rate.path], usual / range), usual * range)
    }
}
