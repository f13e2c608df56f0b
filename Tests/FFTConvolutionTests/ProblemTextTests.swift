import FFTConvolution
import Testing
import TestSupport

struct ProblemTextTests {
    @Test func canonicalTextsOfTheWholeListComeBackUnchanged() throws {
        #expect(Set(ProblemList.texts).count == ProblemList.texts.count, "no text is there twice")
        #expect(ProblemList.texts.count >= 320)
        for text in ProblemList.texts {
            for precision in Precision.allCases {
                for pass in [nil, .forward, .inputGradient, .filterGradient] as [Pass?] {
                    let whole =
                        text + (precision == .float64 ? "_f64" : "") + (pass.map { "_\($0.suffix)" } ?? "")
                    let parsed = try ProblemText(whole)
                    #expect(parsed.description == whole)
                    #expect(parsed.precision == precision && parsed.pass == pass)
                    #expect(try ProblemText(parsed.description) == parsed)
                }
            }
        }
    }

    @Test func listedProblemsAreSmallEnoughForDebugBuilds() throws {
        for entry in try ProblemList.entries() {
            #expect(entry.problem.multiplicationCount <= 60_000, "\(entry.text)")
        }
    }

    @Test func aTextSaysWhatItMeans() throws {
        let text = try ProblemText("n4c128i56x48_k256f31x15_s2x1_p1:2x0:3_d1x3_g64_f64_dw")
        let problem = text.problem
        #expect(problem.batch == 4 && problem.channels == 128 && problem.filters == 256 && problem.groups == 64)
        #expect(problem.axes.map(\.input) == [56, 48] && problem.axes.map(\.filter) == [31, 15])
        #expect(problem.axes.map(\.stride) == [2, 1] && problem.axes.map(\.dilation) == [1, 3])
        #expect(problem.axes.map(\.before) == [1, 0] && problem.axes.map(\.after) == [2, 3])
        #expect(text.precision == .float64 && text.pass == .filterGradient)
    }

    @Test(arguments: [
        ("n1c1i8_k1f3", "i8_f3"), ("i008_f03", "i8_f3"), ("i8_f3_s1", "i8_f3"), ("i8_f3_p0", "i8_f3"),
        ("i8_f3_pvalid", "i8_f3"), ("i8_f3_d1_g1_f32", "i8_f3"), ("i8x8_f3x3_s2x2", "i8x8_f3x3_s2"),
        ("i8x8_f3x3_p1x1", "i8x8_f3x3_p1"), ("i8x8_f3x3_p1:1x1:1", "i8x8_f3x3_p1"),
        ("i8x8_f3x3_p1:1x2:2", "i8x8_f3x3_p1x2"), ("i8x8_f3x3_p1:2", "i8x8_f3x3_p1:2x1:2"),
        ("i8x8_f3x3_p1x0:2", "i8x8_f3x3_p1:1x0:2"), ("i8x8_f3x3_d2x2_fwd", "i8x8_f3x3_d2_fwd"),
        ("i8x8_f3x3_p0:0x0:0", "i8x8_f3x3"), ("c2i8_f3_f32_dx", "c2i8_f3_dx"),
    ])
    func otherSpellingsBecomeCanonical(_ spelling: String, _ canonical: String) throws {
        #expect(try ProblemText(spelling).description == canonical)
        #expect(try ProblemText(spelling) == ProblemText(canonical))
    }

    @Test(arguments: [
        "", "_", "__", "i8", "f3", "i8f3", "i8_", "_f3", "i_f3", "i8_f", "i8_k3", "8_f3", "i8_3", "I8_f3", "i8 _f3",
        "i8_f3_", "i8__f3", "i8x_f3", "i8x8x_f3x3", "ix8_f3x3", "i8_f3x3", "i8x8_f3", "c3n2i8_f3", "n2n3i8_f3",
        "nci8_f3", "n-1i8_f3", "i+8_f3", "i-8_f3", "i8.0_f3", "i8_f3k2", "i8_f3_x", "i8_f3_s", "i8_f3_s2x", "i8_f3_p",
        "i8_f3_p1:", "i8_f3_p:1", "i8_f3_psame1", "i8_f3_pSame", "i8_f3_p1:2:3", "i8_f3_g", "i8_f3_g2x2", "i8_f3_s2_s2",
        "i8_f3_p1_s2", "i8_f3_g1_d2", "i8_f3_dw_f64", "i8_f3_fwd_dx", "i8_f3_f16", "i8_f3_circular", "i8_f3_p1_reflect",
        "i8_f3_replicate", "i9223372036854775808_f3", "i8_f3_d2_d", "i8_f3_bwd", "i８_f3", "i1\u{301}_f1", "i8\n_f3",
    ])
    func textsOutsideTheGrammarAreRefused(_ text: String) throws {
        let error = try #require(throws: ConvolutionError.self) { try ProblemText(text) }
        #expect(error.kind == .invalidArgument && error.argument == "problem" && error.value == "'\(text)'")
        #expect(error.hint?.contains("n4c64i56x56_k64f5x5") == true)
    }

    @Test(arguments: [
        ("i8_f9", ConvolutionError.Kind.mismatch, "filter extent"), ("i8_f0", .mismatch, "filter shape"),
        ("i0_f1", .mismatch, "input shape"), ("c0i8_f3", .mismatch, "input shape"),
        ("i8_k0f3", .mismatch, "filter shape"),
        ("c3i8_k2f3_g2", .mismatch, "groups"), ("c2i8_k3f3_g2", .mismatch, "groups"),
        ("i8_f3_g0", .invalidArgument, "groups"),
        ("i8_f3_s0", .invalidArgument, "stride"), ("i8_f3_s1x1", .invalidArgument, "stride"),
        ("i8_f3_d0", .invalidArgument, "dilation"), ("i8x8_f3x3_p1x1x1", .invalidArgument, "padding"),
        ("i8x8x8x8_f1x1x1x1", .mismatch, "input shape"),
        ("i8_f3_d9223372036854775807", .mismatch, "dilated filter extent"),
        ("i8_f3_p9223372036854775807", .mismatch, "padded input extent"),
    ])
    func textsOfImpossibleProblemsAreRefusedByField(
        _ text: String, _ kind: ConvolutionError.Kind, _ argument: String
    ) throws {
        let error = try #require(throws: ConvolutionError.self) { try ProblemText(text) }
        #expect(error.kind == kind && error.argument == argument)
    }

    @Test func aRefusedNumberIsNamed() throws {
        let error = try #require(throws: ConvolutionError.self) { try ProblemText("i9223372036854775808_f3") }
        #expect(error.rule == "'9223372036854775808' is larger than 9223372036854775807")
        // A digit with an accent is no digit, and no number too large either.
        let accented = try #require(throws: ConvolutionError.self) { try ProblemText("i1\u{301}_f1") }
        #expect(accented.rule.hasPrefix("expected a number"))
    }

    @Test func mutatedTextsNeverTrapAndParsedOnesComeBack() throws {
        let letters = Array("nckifspdgxw0123456789:_ 64valuemruo-+é\u{301}\0")
        var generator = SeededGenerator(seed: 20)
        var parsedCount = 0
        for _ in 0..<20_000 {
            var text = Array(ProblemList.texts[generator.index(ProblemList.texts.count)])
            for _ in 0...generator.index(3) {
                let place = generator.index(text.count)
                let letter = letters[generator.index(letters.count)]
                switch generator.index(5) {
                case 0: text[place] = letter
                case 1: text.insert(letter, at: place)
                case 2 where text.count > 1: text.remove(at: place)
                case 3: text.swapAt(place, generator.index(text.count))
                default: text.insert(contentsOf: text[place..<min(place + 6, text.count)], at: place)
                }
            }
            guard let parsed = try? ProblemText(String(text)) else { continue }
            parsedCount += 1
            let again = try ProblemText(parsed.description)
            #expect(again == parsed, "\(String(text))")
        }
        #expect((1000..<19_000).contains(parsedCount), "\(parsedCount) of 20 000 mutants are still texts")
    }
}
