import FFTConvolution
import Testing

struct ConvolutionErrorTests {
    @Test func printsArgumentValueAndRuleOnOneLineAndTheHintOnAnother() {
        let plain = ConvolutionError(.invalidArgument, argument: "stride", value: 0, rule: "must be ≥ 1")
        #expect(plain.description == "stride: got 0: must be ≥ 1")
        let hinted = ConvolutionError(
            .mismatch, argument: "dy shape", value: [1, 2], rule: "must be [2, 1]", hint: "transpose it")
        #expect(hinted.description == "dy shape: got [1, 2]: must be [2, 1]\nhint: transpose it")
        #expect(hinted.kind == .mismatch && hinted.value == "[1, 2]" && hinted.hint == "transpose it")
    }
}
