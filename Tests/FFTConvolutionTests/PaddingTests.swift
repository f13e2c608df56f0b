import FFTConvolution
import Testing

struct PaddingTests {
    private func sides(_ text: String) throws -> [[Int]] {
        try ProblemText(text).problem.axes.map { [$0.before, $0.after] }
    }

    @Test(arguments: [
        ("i7_f3_psame", 1, 1), ("i8_f4_psame", 1, 2), ("i8_f2_psame", 0, 1), ("i8_f1_psame", 0, 0),
        ("i5_f3_s2_psame", 1, 1), ("i6_f3_s2_psame", 0, 1), ("i10_f2_s5_psame", 0, 0), ("i10_f7_s5_psame", 1, 1),
        ("i10_f3_psame_d4", 4, 4), ("i10_f4_psame_d3", 4, 5), ("i3_f9_psame", 4, 4), ("i9_f3_s4_psame_d2", 2, 2),
    ])
    func samePaddingPutsTheOddRestAtTheEnd(_ text: String, _ before: Int, _ after: Int) throws {
        #expect(try sides(text) == [[before, after]])
    }

    @Test(arguments: 1...12, 1...5)
    func samePaddingGivesTheInputOverTheStrideRoundedUp(_ input: Int, _ stride: Int) throws {
        for filter in 1...6 {
            for dilation in 1...3 {
                let problem = try Problem(
                    input: [1, 1, input], filter: [1, 1, filter], stride: .uniform(stride), padding: .same,
                    dilation: .uniform(dilation))
                #expect(problem.axes[0].output == (input + stride - 1) / stride, "\(problem)")
                #expect((0...1).contains(problem.axes[0].after - problem.axes[0].before), "\(problem)")
            }
        }
    }

    @Test func fullPaddingIsTheDilatedReachOnBothSides() throws {
        #expect(try sides("i5_f4_pfull") == [[3, 3]])
        #expect(try sides("i5_f4_pfull_d2") == [[6, 6]])
        #expect(try sides("i5x5_f1x3_pfull") == [[0, 0], [2, 2]])
    }

    @Test func numbersAndPairsServeAllAxesOrEachItsOwn() throws {
        #expect(try sides("i5x5_f3x3_p2") == [[2, 2], [2, 2]])
        #expect(try sides("i5x5_f3x3_p2x0") == [[2, 2], [0, 0]])
        #expect(try sides("i5x5_f3x3_p1:4") == [[1, 4], [1, 4]])
        #expect(try sides("i5x5_f3x3_p1:4x0:2") == [[1, 4], [0, 2]])
        let literal = try Problem(input: [1, 1, 5, 5], filter: [1, 1, 3, 3], padding: [3, 1])
        #expect(literal.axes.map(\.after) == [3, 1])
    }

    @Test func wrongPaddingIsRefusedWithItsValue() throws {
        let cases: [(Padding, String)] = [
            (-1, "-1"), ([1, -2], "-2"), ([1, 2, 3], "[1, 2, 3]"), (.sides([]), "[]"),
            (.sides([.init(before: 0, after: -1)]), "0:-1"), (.sides([.init(before: -3, after: 1)]), "-3:1"),
            (.sides(Array(repeating: .init(before: 1, after: 2), count: 3)), #"["1:2", "1:2", "1:2"]"#),
        ]
        for (padding, value) in cases {
            let error = try #require(throws: ConvolutionError.self) {
                try Problem(input: [1, 1, 5, 5], filter: [1, 1, 3, 3], padding: padding)
            }
            #expect(error.kind == .invalidArgument && error.argument == "padding" && error.value == value)
        }
    }

    @Test func explicitPaddingIsKeptInItsShortestFormAndNamedPaddingByName() throws {
        func kept(_ padding: Padding) throws -> Padding {
            try Problem(input: [1, 1, 5, 5], filter: [1, 1, 3, 3], padding: padding).padding
        }
        #expect(try kept(.same) == .same && kept(.full) == .full && kept(.valid) == .valid)
        #expect(try kept(0) == .valid && kept([0, 0]) == .valid)
        #expect(try kept([2, 2]) == .symmetric(.uniform(2)) && kept([2, 1]) == .symmetric(.each([2, 1])))
        let pair = Padding.Sides(before: 1, after: 2)
        #expect(try kept(.sides([pair])) == .sides([pair, pair]))
    }
}
