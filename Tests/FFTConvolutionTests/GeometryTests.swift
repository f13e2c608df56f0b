import FFTConvolution
import Testing

struct GeometryTests {
    @Test(arguments: [
        // text, dilated filter, dense output
        ("i8_f3", 3, 6), ("i8_f1", 1, 8), ("i8_f3_s2", 3, 5), ("i9_f3_s2", 3, 7), ("i9_f3_s7_p1", 3, 8),
        ("i20_f4_d5", 16, 5), ("i20_f3_s3_p2_d4", 9, 16), ("i5_f5_s9", 5, 1), ("i7_f2_pfull_d3", 4, 10),
    ])
    func anAxisKnowsItsDilatedFilterAndItsDenseOutput(_ text: String, _ dilated: Int, _ dense: Int) throws {
        let axis = try ProblemText(text).problem.axes[0]
        #expect(axis.dilatedFilter == dilated && axis.denseOutput == dense)
    }

    @Test func theLastOutputFitsAndTheNextOneWouldNot() throws {
        for input in 1...9 {
            for filter in 1...4 {
                for stride in 1...4 {
                    for dilation in 1...3 {
                        for padding in 0...3 {
                            guard dilation * (filter - 1) + 1 <= input + 2 * padding else { continue }
                            let problem = try Problem(
                                input: [1, 1, input], filter: [1, 1, filter], stride: .uniform(stride),
                                padding: .symmetric(.uniform(padding)), dilation: .uniform(dilation))
                            let last = (problem.axes[0].output - 1) * stride + dilation * (filter - 1)
                            let end = input + 2 * padding
                            #expect(last < end && last + stride >= end, "\(problem)")
                        }
                    }
                }
            }
        }
    }

    @Test func theAxisIsNamedWhereTheFilterDoesNotFit() throws {
        let error = try #require(throws: ConvolutionError.self) { try ProblemText("i9x9x5_f3x3x3_p0x0x1_d4") }
        #expect(error.rule == "dilated filter 9 must not exceed padded input 7 (axis 2)")
        #expect(error.hint != nil)
    }
}
