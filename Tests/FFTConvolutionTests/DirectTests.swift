@testable import FFTConvolution
import Testing
import TestSupport

/// What is Direct's own; what every algorithm promises is in AlgorithmConformanceTests and NumericsTests.
struct DirectTests {
    private func recipes(_ text: String, threads: Int = 1, memoryLimit: Int = .max) throws -> [Direct] {
        let text = try ProblemText(text)
        return try Direct.recipes(
            for: PlanRequest(
                problem: text.problem, pass: text.pass ?? .forward, precision: text.precision, threads: threads,
                memoryLimit: memoryLimit))
    }

    private func forms(_ text: String) throws -> Set<String> { Set(try recipes(text).map(\.description)) }

    @Test func formsFollowFromTheProblem() throws {
        let products = "products of matrices"
        for pass in ["fwd", "dx"] {
            // Without padding sources are read where they lie, of any filter.
            let placed = pass == "fwd" ? "\(products) in place" : products
            #expect(
                try forms("n2c8i20x20_k8f3x3_\(pass)") == ["stencils", products, "\(placed), positions in vectors"])
            #expect(
                try forms("n2c8i20x20_k8f1x1_\(pass)")
                    == ["stencils", products, "\(products) in place, positions in vectors"])
            // Results of a gradient by stride 2 lie between others.
            #expect(
                try forms("n2c8i20x20_k8f3x3_s2_\(pass)")
                    == (pass == "fwd"
                        ? ["stencils", products, "\(products), positions in vectors"] : ["stencils", products]))
            // Positions between which others lie, and channels with several filters.
            for text in ["n2c8i20x20_k8f3x3_s2_g8", "n2c8i20x20_k8f3x3_d2_g8", "i20x20_f3x3"] {
                #expect(try forms("\(text)_\(pass)") == ["stencils"])
            }
            #expect(
                try forms("n2c8i20x20_k16f3x3_g8_\(pass)")
                    == ["stencils", products, "\(placed), positions in vectors"])
        }
        #expect(try forms("n2c8i20x20_k8f3x3_dw") == ["stencils", products, "\(products), channels in vectors"])
        for pass in ["fwd", "dx", "dw"] {
            #expect(try forms("n2c8i20x20_k8f3x3_g8_\(pass)") == ["stencils", "stencils, channels in vectors"])
        }
        // As for the other passes.
        for text in ["n2c8i20x20_k8f3x3_s2_g8_dw", "n2c8i20x20_k8f3x3_d2_g8_dw", "i20x20_f3x3_dw"] {
            #expect(try forms(text) == ["stencils"])
        }
    }

    @Test func manyChannelsAreProductsAndFewAreStencils() throws {
        for pass in ["fwd", "dx", "dw"] {
            let form = try #require(try recipes("n4c64i56x56_k64f3x3_psame_\(pass)").first)
            #expect(form.description.hasPrefix("products of matrices"))
            #expect(try recipes("n1c2i512x512_k2f5x5_\(pass)").first?.description == "stencils")
        }
    }

    @Test func filtersOfOneTapAreReadInPlaceAndNarrowPlanesLieInLines() throws {
        for pass in ["fwd", "dx"] {
            #expect(
                try recipes("n4c64i56x56_k64f1x1_\(pass)").first?.description
                    == "products of matrices in place, positions in vectors")
        }
        for pass in ["fwd", "dx", "dw"] {
            #expect(
                try recipes("n4c1024i7x7_k1024f13x13_psame_g1024_\(pass)").first?.description
                    == "stencils, channels in vectors")
        }
    }

    /// What is booked for scaled copies is that of a block, however large the planes are.
    @Test func roomForCopiesDoesNotGrowWithPlanes() throws {
        for text in ["n1c64i1024x1024_k64f1x1_fwd", "c64i1000000_k64f3_fwd", "n1c8i600x600_k16f3x3_fwd"] {
            let placed = try #require(try recipes(text).first { $0.description.hasSuffix("positions in vectors") })
            #expect(placed.workspaceByteCount < 1 << 20, "\(text)")
        }
    }

    /// Sums are cut so that rounding errors stay far below those of one long sum.
    @Test func longSumsAreCut() throws {
        for recipe in try recipes("n1c256i30x30_k256f3x3_fwd") {
            #expect(recipe.relativeErrorBound < 400 * 0x1p-24, "\(recipe)")
        }
        for recipe in try recipes("i4000x4000_f3x3_dw") { #expect(recipe.relativeErrorBound < 9000 * 0x1p-24) }
    }

    @Test func tooManyPartsAreRefused() throws {
        #expect(throws: Inapplicable.self) { try recipes("i20000_f10000_s9999") }
        #expect(throws: Inapplicable.self) { try recipes("i100x100x100_f2x2x2_d31x37x41") }
    }

    /// Kernels read distances of 32 bits.
    @Test(arguments: ["c512i2100x2100_k512f1x1_fwd", "c512i2100x2100_k512f1x1_dx", "c64i40000000_k64f3_dw"])
    func planesTooFarApartHaveNoProducts(_ text: String) throws {
        #expect(try forms(text) == ["stencils"])
    }

    /// Where a slab or a band would lie in a plane is no number when all of it is padding; sources with a stride, and read in place.
    @Test(arguments: [
        "n1c2i1x262144_k2f1x1_s1099511627776x1024_p140737488355328:140737488355327x0:0",
        "n1c2i1x131072_k2f1x1_s35184372088832x1_p140737488355328:140737488355327x0:0",
    ])
    func paddingAloneIsZero(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let plane = problem.outputCount / 2
        let rows = problem.axes[0].output
        for pass in [Pass.forward, .filterGradient] {
            let request = PlanRequest(problem: problem, pass: pass, precision: .float32, threads: 2)
            let x = [Double](repeating: 1, count: problem.inputCount)
            let second = [Double](repeating: 1, count: pass == .forward ? problem.filterCount : problem.outputCount)
            for recipe in Direct.firstRecipes(4, for: request) {
                let result = try Execution(recipe, for: request).run(x, second)
                // One row of results meets the row of samples.
                if pass == .forward {
                    #expect(
                        result.count { $0 == 2 } == 2 * plane / rows
                            && result.count { $0 == 0 } == 2 * (plane - plane / rows), "\(recipe)")
                } else {
                    #expect(result.allSatisfy { $0 == Double(plane / rows) }, "\(recipe)")
                }
            }
        }
    }

    /// Only slabs of sizes that occur have distances, and these are told.
    @Test func distancesOfLongRowsAreTold() throws {
        let products = try recipes("c16i1000000_k16f3_dw").filter { $0.description.hasPrefix("products") }
        #expect(products.count == 2)
        for recipe in products {
            #expect(recipe.tableByteCount >= 4 * 999_998 && recipe.tableByteCount <= 8 * 1_000_100, "\(recipe)")
        }
    }

    /// The smallest slabs, one row of results each, with sums of their own and without: forward and back they change no bit.
    @Test(arguments: [Precision.float32, .float64])
    func slabsOfOneRowStayWithinTheContract(_ precision: Precision) throws {
        var findings = Findings()
        for entry in try ProblemList.entries() where entry.problem.channelsPerGroup * entry.problem.filtersPerGroup > 1
        {
            let problem = entry.problem
            for pass in Pass.allCases {
                let text = ProblemText(problem, precision: precision, pass: pass).description
                var generator = SeededGenerator(name: text)
                let operands = Operands(problem, .uniform, precision, &generator)
                let (first, second) = (operands.first(pass), operands.second(pass))
                func run(_ form: any DirectLayout) throws -> [Double] {
                    let request = PlanRequest(problem: problem, pass: pass, precision: precision, threads: 2)
                    return try Execution(Direct(request, form), for: request).run(
                        first, second, scratch: .signallingNaN)
                }
                guard pass == .filterGradient else {
                    let geometry = DirectGeometry(problem, pass)
                    let whole = try run(MatrixLayout(geometry, precision, workers: 2))
                    let cut = try run(MatrixLayout(geometry, precision, workers: 2, slabLimit: 1))
                    findings.requireSameBits(cut, whole, text, "slabs of one row")
                    continue
                }
                let exact = Oracle(problem).evaluate(pass, first, second, precision)
                let geometry = DirectGeometry(problem, pass)
                func forms(_ limit: Int, workers: Int) -> [any DirectLayout] {
                    [
                        MatrixGradientLayout(problem, precision, workers: workers, slabLimit: 1, apartLimit: limit),
                        ChannelGradientLayout(geometry, precision, workers: workers, slabLimit: 1, apartLimit: limit),
                    ]
                }
                let limits = [0, GradientSlabs.apartLimit]
                for (form, alone) in zip(
                    limits.flatMap { forms($0, workers: 3) }, limits.flatMap { forms($0, workers: 1) })
                {
                    let bounds = Contract(problem, pass, precision, .sums(roundings: form.roundings))
                        .bounds(first, second, exact: exact.high)
                    let found = try run(form)
                    findings.compare(found, exact, within: bounds, text, "slabs of one row")
                    findings.requireSameBits(found, try run(alone), text, "slabs of one row, one worker")
                }
            }
        }
        findings.report()
    }

    /// Rows of many stretches, depths of many runs, panels of which the last is narrow.
    @Test(arguments: [
        "c2i1300_k33f3", "c120i5_k2f3", "n2c300i9x9_k40f1x1", "c20i7x300_k20f3x13_psame_g20",
        "n2c17i6x5x4_k17f3x5x3_psame_g17", "c9i40x9_k9f33x3_psame_g9_f64", "n2c3i9x9_k70f1x3_psame",
        "c40i1030_k3f2_f64",
        "i9x2100_f3x3", "n2c8i23x22_k30f1x1_s2", "n2c16i14x14_k64f3x1_p1x0", "n3c70i12x13_k130f3x3_psame",
        "n1c8i7x600_k16f3x3",
    ])
    func longRowsAndDeepSumsStayWithinTheContract(_ text: String) throws {
        let parsed = try ProblemText(text)
        var findings = Findings()
        for pass in Pass.allCases {
            var generator = SeededGenerator(name: text)
            let operands = Operands(parsed.problem, .uniform, parsed.precision, &generator)
            let (first, second) = (operands.first(pass), operands.second(pass))
            let exact = Oracle(parsed.problem).evaluate(pass, first, second, parsed.precision)
            let request = PlanRequest(problem: parsed.problem, pass: pass, precision: parsed.precision, threads: 2)
            for recipe in try Direct.recipes(for: request) {
                let result = try Execution(recipe, for: request).run(first, second, scratch: .signallingNaN)
                let bounds = Contract(parsed.problem, pass, parsed.precision, recipe.arithmetic)
                    .bounds(first, second, exact: exact.high)
                findings.compare(result, exact, within: bounds, text, "recipe \(recipe)")
            }
        }
        findings.report()
    }
}
