import Testing

@testable import SpectralEngine

/// The bins of a field in a tile of 80 rows of 96, which FFTW has plans for.
private func bins<Scalar: ConvolutionScalar>(_ known: MeasuredPlans, _: Scalar.Type) throws -> [Complex] {
    let shape = TileShape(planes: 1, rows: 80, length: 96)
    var generator = SeededGenerator(seed: 21)
    let field = (0..<shape.pointCount).map { _ in
        Complex(real: generator.value(), imaginary: generator.value())
    }
    let transform = try PackedTransform<Scalar>(shape: shape, known: known)
    return try TransformBench(shape, transform: transform).spectrum(of: field).bins(shape)
}

private func distance(_ a: [Complex], _ b: [Complex]) -> Double {
    let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1).squaredMagnitude }
    return (error / a.reduce(0) { $0 + $1.squaredMagnitude }).squareRoot()
}

struct MeasuredPlanTests {
    @Test func thoseBuiltInAreReadAndWrittenAsTheyAre() throws {
        let plans = MeasuredPlans.debian
        #expect(plans.count > 150 && MeasuredPlans.none.isEmpty && MeasuredPlans.none.text.isEmpty)
        #expect(try MeasuredPlans(text: plans.text) == plans)
        #expect(MeasuredPlans.builtIn == plans || MeasuredPlans.builtIn.count < plans.count)
        #expect(MeasuredPlans.builtIn.accepted() == .builtIn && MeasuredPlans.none.accepted() == .none)
    }

    /// Else a pitch, a flag or an alignment that changes would have FFTW estimate all of them, and no other test would see it.
    @Test func everyOneThatIsBuiltInIsUsed() throws {
        let all = [1, 8].flatMap { count in
            (6...4096).flatMap { length in
                [false, true].map { ContiguousLines(length: length, count: count, isInverse: $0) }
            }
        }
        func used<Scalar: ConvolutionScalar>(_: Scalar.Type) throws -> Int {
            let known = all.filter { MeasuredPlans.builtIn.wisdom(of: $0, Scalar.self) != nil }
            let byteCount = 2 * (known.map(\.elementCount).max() ?? 1) * MemoryLayout<Scalar>.stride
            let (source, target) = (try AlignedBuffer(byteCount: byteCount), try AlignedBuffer(byteCount: byteCount))
            let plans = PlanList<Scalar>()
            return source.withSharedRegion(of: Scalar.self) { source in
                target.withSharedRegion(of: Scalar.self) { target in
                    LinePlanner<Scalar>.withPlanner(.builtIn, source, target) { planner in
                        known.filter { plans.keep(unsafe planner.measured($0)) != nil }.count
                    }
                }
            }
        }
        #expect(try used(Float.self) + used(Double.self) == MeasuredPlans.builtIn.count)
    }

    @Test func theyChangeNoMoreThanLastBits() throws {
        #expect(distance(try bins(.builtIn, Float.self), try bins(.none, Float.self)) < 1e-6)
        #expect(distance(try bins(.builtIn, Double.self), try bins(.none, Double.self)) < 1e-15)
    }

    @Test func whatFFTWFindsIsWrittenReadAndUsedAgain() throws {
        let lines = ContiguousLines(length: 48, isInverse: true)
        let count = 2 * lines.elementCount
        func check<Scalar: ConvolutionScalar>(_: Scalar.Type) throws {
            let buffers = try (0..<2).map { _ in
                try AlignedBuffer(byteCount: count * MemoryLayout<Scalar>.stride)
            }
            try buffers[0].withSharedRegion(of: Scalar.self) { source in
                try buffers[1].withSharedRegion(of: Scalar.self) { target in
                    let kept = PlanList<Scalar>()
                    let wisdom = LinePlanner<Scalar>.withPlanner(.none, source, target) { planner in
                        let found = unsafe planner.search(lines)
                        _ = kept.keep(unsafe found?.plan)
                        return unsafe found?.wisdom
                    }
                    var plans = MeasuredPlans.none
                    let isKept = plans.add(lines, wisdom: try #require(wisdom), Scalar.self)
                    #expect(isKept)
                    let read = try MeasuredPlans(text: plans.text)
                    #expect(read == plans && read.text == plans.text)
                    // What FFTW learns when it is given that is that.
                    let again = LinePlanner<Scalar>.withPlanner(read, source, target) { planner in
                        _ = kept.keep(unsafe planner.plan(lines))
                        return Scalar.exportWisdom()
                    }
                    var copy = MeasuredPlans.none
                    let isKeptAgain = copy.add(lines, wisdom: again, Scalar.self)
                    #expect(isKeptAgain && copy == plans)
                    #expect(!kept.hasFailed)
                }
            }
        }
        try check(Float.self)
        try check(Double.self)
    }

    @Test func whatIsFasterIsWorthKeeping() {
        #expect(PlanSearch.worthKeeping([1, 0.9, 1.1, 0.8, 0.98]) == [3, 1])
        #expect(PlanSearch.worthKeeping([1, 0.98, 2, 1]).isEmpty && PlanSearch.worthKeeping([1]).isEmpty)
    }

    @Test func aSearchSaysWhatItKeeps() throws {
        var search = PlanSearch()
        // One codelet, and two steps that the estimate takes badly (`Docs/Measurements/2026-11-26-plans.md`).
        for length in [4, 768] {
            let lines = ContiguousLines(length: length, isInverse: false)
            let share = try search.search(lines, Float.self)
            #expect(share > 0 && share <= 1)
            #expect((search.plans.wisdom(of: lines, Float.self) != nil) == (share < 1))
            #expect(search.plans.wisdom(of: lines, Double.self) == nil)
        }
    }

    @Test func plansOfAnotherFFTWAreNotUsed() throws {
        let here = MeasuredPlans.debian.text
        let expected = try bins(.none, Float.self)
        let solvers = try #require(here.firstMatch(of: /fftwf fftw-3\S* ([0-9a-f]{32})/)).1
        let changes = [
            here.replacing(solvers, with: String(solvers.reversed())), here.replacing("fftw-3.", with: "fftw-9."),
            here.replacing(" 11cec\n", with: " fffff\n"), here.replacing(" 11cec\n", with: " 0\n"),
            here.replacing("codelet", with: "kodelet"), here.replacing(":0:", with: ":9999:"),
            // Of other lines, and of none.
            here.replacing("8x96", with: "8x97").replacing("8x80", with: "8x96"),
            here.replacing(/:[0-9a-f]{8}/, with: ":00000000"),
            here.replacing(#/(forward|back) /#, with: { $0.1 == "back" ? "forward " : "back " }),
        ]
        for text in changes { #expect(try bins(try MeasuredPlans(text: text), Float.self) == expected) }
    }

    @Test func whatOthersTaughtFFTWIsLeftAlone() throws {
        let lines = ContiguousLines(length: 96, isInverse: false)
        // Of no build but one.
        guard let wisdom = MeasuredPlans.builtIn.wisdom(of: lines, Float.self),
            PlannerLock.withLock({ Float.importWisdom(wisdom) })
        else { return }
        let before = PlannerLock.withLock { Float.exportWisdom() }
        let expected = try bins(.builtIn, Float.self)
        let after = PlannerLock.withLock { Float.exportWisdom() }
        func words(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }
        #expect(words(before) == words(after) && before.contains("codelet_n2fv_12"))
        PlannerLock.withLock { Float.forgetWisdom() }
        #expect(try bins(.builtIn, Float.self) == expected)
    }

    @Test(arguments: [
        "\n", "\n\(build)", "\(build)\n\n", "fftw", "fftw 8x96", "fftl fftw-3.3.10 0 0",
        "fftwf 8x96 forward codelet_n2fv_8_avx:0:\(digest)",
        "\(build)\n\(build)", "\(build) 0", "fftwf fftw-3.3.10 \(digest) 100000", "fftwf fftw-3.3.10) \(digest) 11cec",
        "fftwf fftw-3.3.10 \(digest)0 11cec", "\(build)\nfftwf 7x96 forward c:0:\(digest)",
        "\(build)\nfftwf 8x1 forward c:0:\(digest)", "\(build)\nfftwf 8x96 up c:0:\(digest)",
        "\(build)\nfftwf 8x96 forward c:0:\(digest) ", "\(build)\nfftwf 8x96 forward C:0:\(digest)",
        "\(build)\nfftwf 8x96 forward c:-1:\(digest)", "\(build)\nfftwf 8x96 forward c:0:\(digest)f",
        "\(build)\nfftwf 8x96 forward c:0:G\(digest.dropFirst())", "\(build)\nfftwf 8x96 forward :0:\(digest)",
        "\(build)\nfftwf 8x96 forward c:12345:\(digest)", "\(build)\nfftwf 8x96 forward c)(d:0:\(digest)",
        "\(build)\nfftw 8x96 forward c:0:\(digest)", "\(build)\nfftwf 8x96x2 forward c:0:\(digest)",
        "\(build)\nfftwf 8x96 forward c:0:\(digest)\nfftwf 8x96 forward d:0:\(digest)",
        "\(build)\nfftwf 8x96 forward \(String(repeating: "c", count: 61)):0:\(digest)",
    ])
    func whatIsNoPlanIsRefused(_ text: String) {
        #expect(throws: MeasuredPlans.Fault.self) { try MeasuredPlans(text: text) }
    }

    private static let digest = "0123456789abcdef0123456789abcdef"
    private static let build = "fftwf fftw-3.3.10 \(digest) 11cec"

    @Test func wisdomOfAnotherFormIsNotKept() {
        var plans = MeasuredPlans.none
        let lines = ContiguousLines(length: 96, isInverse: false)
        let step = "(fftwf_codelet_t1fv_8 0 #x11cec #x11cec #x0 #x1 #x2 #x3 #x4)"
        func isKept(_ build: String, _ step: String) -> Bool {
            plans.add(lines, wisdom: "(fftw-3.3.10 \(build)\n\(step))", Float.self)
        }
        let build = "fftwf_wisdom #x1 #x2 #x3 #x4"
        let wrong = [
            (build, ""), ("fftw_wisdom #x1 #x2 #x3 #x4", step), (build, step.replacing("#x0", with: "#x1")),
            (build, step.replacing("(fftwf", with: "(fftw")),
            (build, "\(step) \(step.replacing("11cec", with: "11ced"))"),
            (build, "\(step) 1"), ("", ""),
        ]
        for (build, step) in wrong { #expect(!isKept(build, step) && plans.isEmpty, "\(build) \(step)") }
        #expect(isKept(build, step))
        #expect(plans.wisdom(of: lines, Float.self)?.contains("#x00000003 #x00000004)") == true)
        // Another build's plans do not mix with these.
        #expect(!isKept("fftwf_wisdom #x1 #x2 #x3 #x5", step))
    }
}
