/// One pass of one problem whose recipes calibration times.
package struct CalibrationProbe: Sendable {
    let text: ProblemText
    let pass: Pass
    let threads: Int

    package init(_ text: ProblemText, _ pass: Pass, threads: Int = 1) {
        self.text = text
        self.pass = pass
        self.threads = threads
    }

    /// Longest predicted time of a call: of those that take longer there are enough short ones.
    private static let longest = 0.08
    /// Recipes of one algorithm that are timed.
    private static let recipeCount = 3

    /// The likely recipes of every algorithm.
    func recipes(_ machine: Machine) -> [any Algorithm] {
        let request = PlanRequest(
            problem: text.problem, pass: pass, precision: text.precision, threads: threads,
            memoryLimit: machine.memoryByteCount / 4, machine: machine)
        return Registry.all.flatMap { Self.recipes(of: $0, request) }
    }

    private static func recipes<A: Algorithm>(of algorithm: A.Type, _ request: PlanRequest) -> [any Algorithm] {
        // An algorithm that does not apply has nothing to time.
        let all = (try? algorithm.recipes(for: request)) ?? []
        // One rate says all of the reference, so little of it is enough.
        let longest = algorithm == Reference.self ? longest / 40 : longest
        return all.filter { $0.predictedTime <= longest && $0.memoryByteCount <= request.memoryLimit }
            .prefix(recipeCount).map { $0 }
    }

    func times(of recipes: [any Algorithm], minimumTime: Double) throws -> [Double] {
        guard !recipes.isEmpty else { return [] }
        if text.precision == .float64 {
            var timer = try RecipeTimer<Double>(text.problem, pass, isAlone: threads == 1)
            return try timer.times(of: recipes, minimumTime: minimumTime, rounds: 1)
        }
        var timer = try RecipeTimer<Float>(text.problem, pass, isAlone: threads == 1)
        return try timer.times(of: recipes, minimumTime: minimumTime, rounds: 1)
    }

    /// In all, and in each line several, so that every rate weighs in some call: lines, matrices, small and large planes and
    /// volumes; depthwise layers and those that sum; stencils and products of matrices; a tile beyond the cache; calls of a few
    /// microseconds; the reference.
    package static var all: [CalibrationProbe] {
        let texts = [
            "i1000_f31", "i4096_f129", "i65536_f1001", "i300000_f20001", "i100000_f9",
            "i32x32_f5x5", "i64x64_f9x9", "i128x128_f3x3", "i256x256_f15x15", "i512x512_f31x31", "i512x512_f101x101",
            "i1024x1024_f9x9", "i24x24x24_f5x5x5", "i48x48x48_f7x7x7",
            "n2c32i14x14_k32f13x13_psame_g32", "c16i28x28_k16f7x7_psame_g16", "c8i56x56_k8f31x31_psame_g8",
            "n16c16i8x8_k16f3x3_psame_g16", "c4i128x128_k4f15x15", "n8c8i64_k8f9",
            "n2c32i28x28_k32f3x3_psame", "n4c32i14x14_k32f7x7_psame", "n2c64i14x14_k64f3x3_psame",
            "n4c64i56x56_k64f3x3_psame", "n4c64i56x56_k64f7x7_psame", "n8c192i14x14_k192f3x3_psame",
            "n2c8i8x8x8_k16f3x3x3",
            "c3i96x96_k16f5x5", "n8c16i256_k16f17", "i24x24_f3x3_f64",
        ]
        // Calls so short that sharing them is not free.
        let shared = [
            "i16384_f129", "i65536_f301", "i96x96_f9x9", "i192x192_f5x5", "i300x300_f15x15", "i24x24x24_f5x5x5",
            "n2c32i14x14_k32f13x13_psame_g32", "n2c32i28x28_k32f3x3_psame", "n2c64i14x14_k64f3x3_psame",
            "n4c16i14x14_k16f5x5_psame", "c3i64x64_k8f5x5",
        ]
        return texts.flatMap { probes($0, threads: 1) }
            + (Machine.availableCores > 1 ? shared.flatMap { probes($0, threads: 2) } : [])
    }

    private static func probes(_ text: String, threads: Int) -> [CalibrationProbe] {
        // All are written above.
        guard let text = try? ProblemText(text) else { preconditionFailure("a problem text of calibration: \(text)") }
        return Pass.allCases.map { CalibrationProbe(text, $0, threads: threads) }
    }
}

extension CalibrationProbe: CustomStringConvertible {
    package var description: String {
        "\(ProblemText(text.problem, precision: text.precision, pass: pass))"
    }
}
