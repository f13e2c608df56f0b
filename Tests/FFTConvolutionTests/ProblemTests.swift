import FFTConvolution
import Testing
import TestSupport

struct ProblemTests {
    // MARK: Extents

    @Test func outputExtentsAreThoseWorkedOutByHand() throws {
        let expected: [(text: String, outputs: [Int])] = [
            ("i1_f1", [1]), ("i8_f3", [6]), ("i8_f8", [1]), ("i8_f3_p1", [8]), ("i8_f3_p5", [16]),
            ("i8_f3_p2:0", [8]), ("i8_f3_p0:3", [9]), ("i8_f3_s2", [3]), ("i9_f3_s2", [4]), ("i9_f3_s2_p1", [5]),
            ("i8_f3_s100", [1]), ("i8_f3_d2", [4]), ("i8_f3_d3", [2]), ("i8_f3_p1_d4", [2]), ("i9_f3_s3_p4_d2", [5]),
            ("i8_f3_psame", [8]), ("i8_f3_s2_psame", [4]), ("i9_f3_s2_psame", [5]), ("i9_f4_s3_psame_d2", [3]),
            ("i8_f3_pfull", [10]), ("i8_f3_s2_pfull", [5]), ("i8_f3_pfull_d2", [12]),
            ("i7x9_f3x2", [5, 8]), ("i224x224_f7x7_s2_p3", [112, 112]), ("i13x10_f3x2_s2x3_p1:0x0:2", [6, 4]),
            ("i4x5x6_f1x2x3", [4, 4, 4]), ("i4x5x6_f3x3x3_p1", [4, 5, 6]), ("i5x6x7_f3x3x3_s1x2x3_pfull", [7, 4, 3]),
        ]
        for (text, outputs) in expected {
            #expect(try ProblemText(text).problem.axes.map(\.output) == outputs, "\(text)")
        }
    }

    @Test func shapesAndCountsFollowFromTheFields() throws {
        let problem = try Problem(
            input: [2, 6, 9, 8], filter: [4, 3, 3, 2], stride: [2, 1], padding: .sides([.init(before: 1, after: 0)]),
            dilation: 1, groups: 2)
        #expect(problem.batch == 2 && problem.channels == 6 && problem.filters == 4 && problem.groups == 2)
        #expect(problem.channelsPerGroup == 3 && problem.filtersPerGroup == 2)
        #expect(problem.inputShape == [2, 6, 9, 8] && problem.inputCount == 864)
        #expect(problem.filterShape == [4, 3, 3, 2] && problem.filterCount == 72)
        #expect(problem.outputShape == [2, 4, 4, 8] && problem.outputCount == 256)
        #expect(problem.biasShape == [4])
        #expect(problem.resultShape(.forward) == [2, 4, 4, 8])
        #expect(problem.resultShape(.inputGradient) == [2, 6, 9, 8])
        #expect(problem.resultShape(.filterGradient) == [4, 3, 3, 2])
        // 2·4 output planes, 3 channels each, 4·8 outputs of 3·2 taps.
        #expect(problem.multiplicationCount == 8 * 3 * 32 * 6)
    }

    @Test func anEmptyBatchIsAProblem() throws {
        let problem = try Problem(input: [0, 2, 5], filter: [3, 2, 3])
        #expect(problem.inputCount == 0 && problem.outputShape == [0, 3, 3] && problem.multiplicationCount == 0)
        #expect(problem.filterCount == 18)
    }

    @Test func equalProblemsAreEqualHoweverTheyAreWritten() throws {
        let one = try Problem(input: [1, 1, 8, 8], filter: [1, 1, 3, 3], stride: [2, 2], padding: [1, 1])
        let two = try Problem(
            input: [1, 1, 8, 8], filter: [1, 1, 3, 3], stride: 2, padding: .sides([.init(before: 1, after: 1)]))
        #expect(one == two && one.hashValue == two.hashValue)
        let none = try Problem(input: [1, 1, 8], filter: [1, 1, 3], padding: 0)
        #expect(none == (try Problem(input: [1, 1, 8], filter: [1, 1, 3])))
        #expect(one != (try Problem(input: [1, 1, 8, 8], filter: [1, 1, 3, 3], stride: 2)))
    }

    // MARK: Refusals

    struct Refusal: Sendable, CustomTestStringConvertible {
        var input = [1, 4, 8, 8]
        var filter = [6, 2, 3, 3]
        var stride: PerAxis = 1
        var padding = Padding.valid
        var dilation: PerAxis = 1
        var groups = 2
        let kind: ConvolutionError.Kind
        let argument: String
        let value: String

        var testDescription: String { "\(argument) \(value)" }
    }

    static let refusals: [Refusal] = [
        Refusal(input: [], filter: [], kind: .mismatch, argument: "input shape", value: "[]"),
        Refusal(input: [4, 8], kind: .mismatch, argument: "input shape", value: "[4, 8]"),
        Refusal(
            input: [1, 4, 2, 2, 2, 2], filter: [6, 2, 1, 1, 1, 1], kind: .mismatch, argument: "input shape",
            value: "[1, 4, 2, 2, 2, 2]"),
        Refusal(filter: [6, 2, 3], kind: .mismatch, argument: "filter shape", value: "[6, 2, 3]"),
        Refusal(input: [-1, 4, 8, 8], kind: .mismatch, argument: "input shape", value: "[-1, 4, 8, 8]"),
        Refusal(input: [1, 0, 8, 8], kind: .mismatch, argument: "input shape", value: "[1, 0, 8, 8]"),
        Refusal(input: [1, 4, 0, 8], kind: .mismatch, argument: "input shape", value: "[1, 4, 0, 8]"),
        Refusal(input: [1, 4, 8, .min], kind: .mismatch, argument: "input shape", value: "[1, 4, 8, \(Int.min)]"),
        Refusal(filter: [0, 2, 3, 3], kind: .mismatch, argument: "filter shape", value: "[0, 2, 3, 3]"),
        Refusal(filter: [6, 2, 3, 0], kind: .mismatch, argument: "filter shape", value: "[6, 2, 3, 0]"),
        Refusal(groups: 0, kind: .invalidArgument, argument: "groups", value: "0"),
        Refusal(groups: -1, kind: .invalidArgument, argument: "groups", value: "-1"),
        Refusal(groups: .min, kind: .invalidArgument, argument: "groups", value: "\(Int.min)"),
        Refusal(groups: 3, kind: .mismatch, argument: "groups", value: "3"),
        Refusal(filter: [5, 2, 3, 3], kind: .mismatch, argument: "groups", value: "2"),
        Refusal(filter: [6, 4, 3, 3], kind: .mismatch, argument: "filter shape", value: "[6, 4, 3, 3]"),
        Refusal(stride: 0, kind: .invalidArgument, argument: "stride", value: "0"),
        Refusal(stride: [1, -2], kind: .invalidArgument, argument: "stride", value: "-2"),
        Refusal(stride: [1, 1, 1], kind: .invalidArgument, argument: "stride", value: "[1, 1, 1]"),
        Refusal(stride: [], kind: .invalidArgument, argument: "stride", value: "[]"),
        Refusal(dilation: 0, kind: .invalidArgument, argument: "dilation", value: "0"),
        Refusal(dilation: [.min, 1], kind: .invalidArgument, argument: "dilation", value: "\(Int.min)"),
        Refusal(dilation: [2], kind: .invalidArgument, argument: "dilation", value: "[2]"),
        Refusal(dilation: 5, kind: .mismatch, argument: "filter extent", value: "3"),
        Refusal(
            dilation: [1, .max], kind: .mismatch, argument: "dilated filter extent", value: "[\(Int.max), 2]"),
        Refusal(padding: -1, kind: .invalidArgument, argument: "padding", value: "-1"),
        Refusal(padding: [1], kind: .invalidArgument, argument: "padding", value: "[1]"),
        Refusal(filter: [6, 2, 9, 3], kind: .mismatch, argument: "filter extent", value: "9"),
        Refusal(
            padding: .symmetric(.each([0, .max])), kind: .mismatch, argument: "padded input extent",
            value: "[8, \(Int.max), \(Int.max)]"),
        Refusal(input: [1, 4, 1 << 49, 8], kind: .mismatch, argument: "input extent", value: "\(1 << 49)"),
        Refusal(
            input: [1, 4, 8, .max], padding: .same, kind: .mismatch, argument: "input extent", value: "\(Int.max)"),
        Refusal(
            padding: .symmetric(.uniform(1 << 48)), kind: .mismatch, argument: "padding",
            value: "\(1 << 48):\(1 << 48)"),
        Refusal(
            input: [1 << 40, 4, 1 << 20, 8], kind: .mismatch, argument: "input shape in bytes",
            value: "[\(1 << 40), 4, \(1 << 20), 8, 8]"),
        Refusal(
            input: [0, 1 << 31, 1 << 31, 8], filter: [1, 1 << 31, 1, 1], groups: 1, kind: .mismatch,
            argument: "input shape in bytes", value: "[1, \(1 << 31), \(1 << 31), 8, 8]"),
        Refusal(
            input: [1, 1 << 31, 8, 8], filter: [1 << 31, 1 << 31, 1, 1], groups: 1, kind: .mismatch,
            argument: "filter shape in bytes", value: "[\(1 << 31), \(1 << 31), 1, 1, 8]"),
        Refusal(
            padding: .symmetric(.uniform(1 << 40)), kind: .mismatch, argument: "output shape in bytes",
            value: "[1, 6, \(1 << 41 + 6), \(1 << 41 + 6), 8]"),
    ]

    @Test(arguments: refusals)
    func whatIsWrongIsRefusedByName(_ refusal: Refusal) throws {
        let error = try #require(throws: ConvolutionError.self) {
            try Problem(
                input: refusal.input, filter: refusal.filter, stride: refusal.stride, padding: refusal.padding,
                dilation: refusal.dilation, groups: refusal.groups)
        }
        #expect(error.kind == refusal.kind && error.argument == refusal.argument && error.value == refusal.value)
        #expect(!error.rule.isEmpty)
    }

    /// A size that does not fit must be an error, never a trap: all fields take extreme values at random.
    @Test func extremeValuesNeverTrap() {
        let extremes = [Int.min, -1, 0, 1, 1, 2, 3, 8, 1 << 31, 1 << 32, 1 << 62, Int.max]
        var generator = SeededGenerator(seed: 29)
        var accepted = 0
        for _ in 0..<50_000 {
            func extreme() -> Int { extremes[generator.index(extremes.count)] }
            func tame() -> Int { generator.index(4) == 0 ? extreme() : 1 + generator.index(3) }
            let channels = tame()
            let paddings: [Padding] = [
                .valid, .same, .full, .symmetric(.uniform(tame())), .symmetric(.each([tame(), tame()])),
                .sides([.init(before: tame(), after: tame())]),
            ]
            let padding = paddings[generator.index(paddings.count)]
            let problem = try? Problem(
                input: [tame(), channels, tame(), tame()], filter: [tame(), channels, tame(), tame()],
                stride: [tame(), tame()], padding: padding, dilation: [tame(), tame()],
                groups: generator.index(8) == 0 ? extreme() : 1)
            guard let problem else { continue }
            accepted += 1
            #expect(problem.outputCount >= 0 && problem.inputCount >= 0 && problem.filterCount > 0)
        }
        #expect((1000..<40_000).contains(accepted), "\(accepted) of 50 000 random problems are possible")
    }
}
