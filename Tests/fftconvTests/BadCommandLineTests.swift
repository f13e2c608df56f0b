import Foundation
import Testing

// Rows P, V and Q of the catalogue of bad inputs: what the command line and the shapes may say that is not right.

@Suite struct BadCommandLineTests {
    static let singleFlags: [BadInput] = [
        BadInput("P1", "forward x.npy w.npy -o out.npy --stride 0", 2, "--stride: got 0: must be ≥ 1"),
        BadInput("P1b", "forward x.npy w.npy -o out.npy --stride -1", 2, "--stride: got -1: must be ≥ 1"),
        BadInput("P1c", "forward x.npy w.npy -o out.npy --stride -9223372036854775808", 2, "must be ≥ 1"),
        BadInput("P2", "forward x.npy w.npy -o out.npy --stride abc", 2, "--stride: got 'abc'"),
        BadInput("P2b", "forward x.npy w.npy -o out.npy --stride 1.5", 2, "--stride: got '1.5'"),
        BadInput("P2c", "forward x.npy w.npy -o out.npy --stride 1,", 2, "--stride: got '1,': '' must be"),
        BadInput("P2d", "forward x.npy w.npy -o out.npy --stride 1,2,3", 2, "--stride: got 1,2,3: needs one value"),
        BadInput("P2e", "forward x.npy w.npy -o out.npy --stride 1e3", 2, "--stride: got '1e3'"),
        BadInput("P2f", "forward x.npy w.npy -o out.npy --stride ␣1", 2, "--stride: got ' 1'"),
        BadInput("P2g", "forward x.npy w.npy -o out.npy --stride +1", 2, "--stride: got '+1'"),
        BadInput("P2h", "forward x.npy w.npy -o out.npy --stride １", 2, "--stride: got '１'"),
        BadInput("P2i", "forward x.npy w.npy -o out.npy --stride ∅", 2, "--stride: got ''"),
        BadInput("P3", "forward x.npy w.npy -o out.npy --stride 9223372036854775808", 2, "out of range"),
        BadInput("P5", "forward x.npy w.npy -o out.npy --dilation 0", 2, "--dilation: got 0"),
        BadInput("P5b", "forward x.npy w.npy -o out.npy --dilation -2", 2, "--dilation: got -2"),
        BadInput("P6", "forward x.npy w.npy -o out.npy --padding -1", 2, "--padding: got -1: must be ≥ 0"),
        BadInput(
            "P6b", "forward x.npy w.npy -o out.npy --padding half", 2, "--padding: got 'half': must be valid, same"),
        BadInput("P6c", "forward x.npy w.npy -o out.npy --padding 1:2:3", 2, "--padding: got '1:2:3': '2:3' must be"),
        BadInput("P6d", "forward x.npy w.npy -o out.npy --padding 1:2,0,1:2", 2, "--padding: got 1:2,0,1:2: needs one"),
        BadInput("P6e", "forward x.npy w.npy -o out.npy --padding-mode circular", 2, "only zeros is available"),
        BadInput("P6f", "forward x.npy w.npy -o out.npy --padding-mode mirror", 2, "must be one of zeros, circular"),
        BadInput("P9", "forward x.npy w.npy -o out.npy --groups 0", 2, "--groups: got 0"),
        BadInput("P9b", "forward x.npy w.npy -o out.npy --groups -1", 2, "--groups: got -1"),
        BadInput("P9c", "forward x.npy w.npy -o out.npy --groups 1,1", 2, "--groups: got '1,1'"),
        BadInput("P18", "input-gradient dy.npy w.npy -o out.npy", 2, "--input-shape"),
        BadInput("P18b", "input-gradient dy.npy w.npy -o out.npy --input-shape 1,2,x,4", 2, "got '1,2,x,4': 'x' must"),
        BadInput("P18c", "filter-gradient x.npy dy.npy -o out.npy", 2, "--filter-shape"),
        BadInput("P18d", "filter-gradient x.npy dy.npy -o out.npy --filter-shape 2,2,0", 2, "got '2,2,0': '0' must"),
        BadInput("P23", "forward x.npy w.npy -o out.npy --method winograd", 2, "must be one of auto, direct, fft"),
        BadInput("P23b", "forward x.npy w.npy -o out.npy --strid 2", 2, "'--stride'"),
        BadInput("P23c", "forward x.npy w.npy -o out.npy --stride 2 --stride 2", 2, "--stride: got the option twice"),
        BadInput("P23d", "forward x.npy w.npy -o out.npy --output out.npy", 2, "--output: got the option twice"),
        BadInput("P23e", "forward x.npy w.npy -o", 2, "missing value"),
        BadInput("P23f", "forward x.npy w.npy", 2, "--output"),
        BadInput("P23g", "forward x.npy -o out.npy", 2, "<filter>"),
        BadInput("P23h", "forward x.npy w.npy k.npy -o out.npy", 2, "unexpected argument 'k.npy'"),
        BadInput("P23k", "forward x.npy w.npy -o --report", 2, "--output: got '--report': needs a value"),
        BadInput("P23p", "forward x.npy w.npy -o --", 2, "--output: got '--': needs a value"),
        BadInput("P23q", "forward x.npy w.npy -o=out.npy --output out.npy", 2, "--output"),
        BadInput("P23l", "forward x.npy w.npy -o out.npy --stride --method=fft", 2, "--stride: got '--method=fft'"),
        BadInput("P23m", "forward x.npy w.npy --bias -o out.npy", 2, "write ./-o or --bias=-o if that is meant"),
        BadInput("P23n", "crossover --json --progress", 2, "--json: got '--progress': needs a value"),
        BadInput("P23o", "help sideways", 2, "'sideways' is not a subcommand"),
        BadInput("P23p", "help bench sideways", 2, "'help' takes one subcommand"),
        BadInput("P23i", "sideways x.npy", 2, "'sideways' is not a subcommand"),
        BadInput("P23j", "forward x.npy w.npy -o out.npy --progress --progress", 2, "--progress: got the option twice"),
        BadInput("P24", "", 2, "usage: fftconv"),
        BadInput("P25", "backward x.npy w.npy dy.npy", 2, "--filter-gradient"),
        BadInput(
            "P25b", "backward x.npy w.npy dy.npy --input-gradient out.npy --filter-gradient out.npy", 2,
            "two results need two outputs"),
        BadInput("P26", "forward x.npy w.npy -o out.npy --stride \(String(repeating: "7", count: 100_000))", 2, "…"),
        BadInput(
            "P26b", "forward \(String(repeating: "x.npy ", count: 10000))-o out.npy", 2, "9998 unexpected arguments"),
        BadInput("P27", "forward x.npy w.npy -o out.npy --tolerance -1", 2, "--tolerance: got -1"),
        BadInput("P27b", "forward x.npy w.npy -o out.npy --tolerance nan", 2, "--tolerance: got 'nan'"),
        BadInput("P27c", "forward x.npy w.npy -o out.npy --tolerance inf", 2, "--tolerance: got 'inf'"),
        BadInput("P27d", "forward x.npy w.npy -o out.npy --tolerance 1e999", 2, "--tolerance: got 1e999"),
        BadInput("P27e", "forward x.npy w.npy -o out.npy --nonfinite ignore", 2, "must be one of contain, reject"),
        BadInput("Q1", "forward x.npy w.npy -o out.npy --threads 0", 2, "--threads: got 0: must be in 1…1024"),
        BadInput("Q1b", "forward x.npy w.npy -o out.npy --threads -1", 2, "--threads: got -1"),
        BadInput("Q1c", "forward x.npy w.npy -o out.npy --threads many", 2, "--threads: got 'many'"),
        BadInput("Q2", "forward x.npy w.npy -o out.npy --threads 1000000000", 2, "must be in 1…1024"),
        BadInput("Q5", "forward x.npy w.npy -o out.npy --memory-limit -1", 2, "--memory-limit: got '-1'"),
        BadInput("Q5b", "forward x.npy w.npy -o out.npy --memory-limit 1X", 2, "--memory-limit: got '1X'"),
        BadInput("Q5c", "forward x.npy w.npy -o out.npy --memory-limit 99999999999999T", 2, "out of range"),
        BadInput("O1", "transposed a.npy k.npy -o out.npy --output-padding 1", 2, "--output-padding: got 1"),
        BadInput(
            "O2", "transposed a.npy k.npy -o out.npy --stride 2 --padding same --output-padding 1", 2,
            "must be 0 with --padding same"),
        BadInput("O3", "convolve a.npy k.npy -o out.npy --mode middle", 2, "must be one of full, same, valid"),
        BadInput("O4", "image p.png star:3 -o out.png", 2, "must be gaussian:SIGMA"),
        BadInput("O5", "image p.png gaussian:0 -o out.png", 2, "filter gaussian:0"),
        BadInput("O6", "image p.png motion:3 -o out.png", 2, "motion:LENGTH:ANGLE"),
        BadInput("O7", "image p.png box:2.5 -o out.png", 2, "filter box:2.5"),
        BadInput("O7b", "image p.png box:3 -o out.JPG", 2, "--output: got 'out.JPG': pictures are written as .png"),
        BadInput("O8", "image p.png box:3 -o out.png --padding-mode wrap", 2, "must be one of zeros, circular"),
        BadInput("O9", "explain i8x8", 2, "problem: got 'i8x8'"),
        BadInput("O10", "bench i8x8_f3x3 --pass backward", 2, "must be one of forward"),
        BadInput("O11", "bench i8x8_f3x3 --min-time soon", 2, "--min-time: got 'soon'"),
        BadInput("O12", "validate i8_f3_q1", 2, "unknown field 'q1'"),
        BadInput("O13", "bench i8x8_f3x3 --on-request", 2, "must be asked of one problem, one pass and one method"),
        BadInput("O18", "bench i8x8_f3x3 i9_f3_dw --training-step", 2, "--training-step: got i9_f3_dw: measures all"),
        BadInput("O18b", "bench i8x8_f3x3 --training-step --pass all", 2, "--training-step: got --pass: measures all"),
        BadInput("X1", "crossover --input 8x", 2, "--input: got '8x': must be extents, as in 1024x1024"),
        BadInput("X1b", "crossover --input n2c3", 2, "--input: got 'n2c3': must be extents, as in 1024x1024"),
        BadInput("X1c", "crossover --input i8x8_f3x3", 2, "--input: got 'i8x8_f3x3': must be extents"),
        BadInput("X1d", "crossover --input 8x8x8x8", 2, "with 1 to 3 spatial axes"),
        BadInput("X1e", "crossover --input n0i8x8", 2, "--input: got 'n0i8x8': the batch must be ≥ 1"),
        BadInput("X1f", "crossover --input ∅", 2, "--input: got ''"),
        BadInput("X2", "crossover --filters 3,0", 2, "--filters: got '3,0': '0' must be ≥ 1"),
        BadInput("X2b", "crossover --filters 3,x", 2, "--filters: got '3,x': 'x' must be a whole number"),
        BadInput("X2c", "crossover --filters 5,3,5", 2, "--filters: got 5 twice"),
        BadInput("X2d", "crossover --stride 1,2,3", 2, "--stride: got 1,2,3: needs one value or 2"),
        BadInput("X3", "crossover --passes forward,all", 2, "--passes: got 'all': must be one of forward"),
        BadInput("X4", "crossover --precision f16", 2, "--precision: got 'f16': must be one of f32, f64"),
        BadInput("X5", "crossover --time soon", 2, "--time: got 'soon'"),
        BadInput("X6", "crossover --plot times.pdf", 2, "--plot: got 'times.pdf': must end in .svg or .png"),
        BadInput("X6b", "crossover --plot -", 2, "--plot: got '-': must end in .svg or .png"),
        BadInput("X7", "crossover --plot a.svg --json a.svg", 2, "two results need two outputs"),
    ]

    static let combinations: [BadInput] = [
        BadInput("P5c", "forward x.npy w.npy -o out.npy --dilation 9223372036854775807", 4, "must not overflow"),
        BadInput("P5d", "explain i9223372036854775807_f3", 4, "input extent: got 9223372036854775807: must not exceed"),
        BadInput(
            "P7b", "forward x.npy w.npy -o out.npy --padding 0,281474976710656", 4,
            "--padding: got 0,281474976710656: the padded input must not exceed 2^48 samples (axis 1)"),
        BadInput("P7", "forward x.npy w.npy -o out.npy --padding 1099511627776", 4, "must not overflow"),
        BadInput("P10", "forward x.npy w.npy -o out.npy --groups 3", 4, "--groups: got 3: must divide C = 2"),
        BadInput("P11", "forward x.npy w.npy -o out.npy --groups 2", 4, "[1, 2, 4, 4]"),
        BadInput("P12", "forward k.npy a.npy -o out.npy", 4, "must not exceed padded input 2 (axis 0)"),
        BadInput("P12b", "forward a.npy k.npy -o out.npy --dilation 4,1", 4, "dilated filter 5"),
        .file("P14", NumPyBytes.file(NumPyBytes.header(shape: "(4, 0)"), data: 0), "must be ≥ 1", status: 4),
        BadInput("P15", "forward x.npy k.npy -o out.npy", 4, "input shape: got [1, 2, 4, 4]"),
        BadInput("P15b", "forward a.npy w.npy -o out.npy", 4, "input shape: got [4, 4]"),
        BadInput("P15c", "convolve x.npy k.npy -o out.npy", 4, "A shape"),
        BadInput("P15d", "convolve a.npy x.npy -o out.npy", 4, "B shape"),
        .file(
            "P16", NumPyBytes.file(NumPyBytes.header(shape: "(1, 1, 1, 1, 1, 1)"), data: 4), "input shape", status: 4),
        BadInput("P16b", "forward x.npy six.npy -o out.npy", 4, "must have 1 to 5 axes") {
            try $0.write([1, 1, 1, 1, 1, 1], [Float(1)], "six.npy")
        },
        BadInput("P16c", "forward x.npy w.npy -o out.npy --plain", 4, "1 to 3 axes with --plain"),
        BadInput(
            "P17", "backward x.npy w.npy dy.npy --input-gradient out.npy --padding 1", 4,
            "output gradient shape: got [1, 2, 3, 3]: must be [1, 2, 5, 5]"),
        BadInput(
            "P17b", "filter-gradient x.npy dy.npy -o out.npy --filter-shape 2,2,2,3", 4,
            "got [1, 2, 3, 3]: must be [1, 2, 3, 2]"),
        BadInput(
            "P19", "input-gradient dy.npy w.npy -o out.npy --input-shape 1,2,4,5", 4,
            "got [1, 2, 3, 3]: must be [1, 2, 3, 4]"),
        BadInput(
            "P19b", "input-gradient dy.npy w.npy -o out.npy --input-shape 1,3,4,4", 4,
            "--input-shape: got 1,3,4,4: must have C = C/G · G = 2 · 1 channels"),
        BadInput(
            "P17c", "filter-gradient x.npy dy.npy -o out.npy --filter-shape 2,2,2", 4,
            "--filter-shape: got 2,2,2: must have as many axes as the input shape [1, 2, 4, 4], or one more where"),
        BadInput(
            "P17d", "filter-gradient x.npy dy.npy -o out.npy --filter-shape 2,3,2,2", 4,
            "--filter-shape: got 2,3,2,2: its second extent must be C/G = 2/1 = 2"),
        BadInput(
            "P17e", "filter-gradient x.npy dy.npy -o out.npy --filter-shape 2,2,9,2", 4,
            "--filter-shape: got 2,2,9,2: dilated filter 9 must not exceed padded input 4 (axis 0)"),
        BadInput(
            "P17f", "filter-gradient x.npy dy.npy -o out.npy --filter-shape 1,1,1,1,1,1", 4,
            "--filter-shape: got 1,1,1,1,1,1: must have 1 to 5 axes"),
        BadInput("P19b", "input-gradient dy.npy w.npy -o out.npy --input-shape 4,4", 4, "--input-shape: got 4,4"),
        BadInput(
            "P19c", "input-gradient dy.npy w.npy -o out.npy --input-shape 2,4,12", 4,
            "--input-shape: got 2,4,12: must have as many axes as the output gradient's shape [1, 2, 3, 3]"),
        BadInput(
            "P19d", "input-gradient dy.npy k.npy -o out.npy --input-shape 1,2,4,4", 4,
            "--input-shape: got 1,2,4,4: must have as many axes as the filter shape [2, 2]"),
        BadInput(
            "P19e", "input-gradient dy.npy w.npy -o out.npy --input-shape 1,2,999999999999999,3", 4,
            "--input-shape: got 1,2,999999999999999,3: must not exceed 2^48 samples (axis 0)"),
        BadInput("P21", "forward x.npy w.npy -o out.npy --bias bias.npy", 4, "bias shape: got [3]: must be [2]") {
            try $0.write([3], counting(3), "bias.npy")
        },
        BadInput("P28", "forward x.npy w.npy -o out.npy --tolerance 1e-30", 6, "--tolerance: got 1e-30: the best"),
        BadInput("P28b", "forward x.npy w.npy -o out.npy --tolerance 0 --method fft", 6, "the best bound"),
        BadInput("O13", "transposed x.npy bad.npy -o out.npy", 4, "its first extent must be the input's channels, 2") {
            try $0.write([3, 1, 2, 2], counting(12), "bad.npy")
        },
        BadInput("O14", "transposed k.npy k.npy -o out.npy --padding 2", 4, "--padding: got 2: leaves an output"),
        BadInput("O15", "convolve a.npy long.npy -o out.npy --mode valid", 4, "mode valid needs") {
            try $0.write([1, 5], counting(5), "long.npy")
        },
        BadInput("O16", "image p.png zero.npy -o out.png", 4, "sum 0.0") {
            try $0.write([1, 2], [1, -1] as [Float], "zero.npy")
        },
        BadInput("O17", "image p.png x.npy -o out.png", 4, "kernel shape"),
        BadInput("V2", "forward x.npy nan.npy -o out.npy --nonfinite reject", 6, "filter[0,0,1,1]: got nan") {
            try $0.write([1, 2, 2, 2], [0, 0, 0, .nan, 0, 0, 0, 0] as [Float], "nan.npy")
        },
        BadInput("V2c", "forward nan.npy k.npy -o out.npy --nonfinite reject", 6, "input[2,1]: got -inf") {
            try $0.write([3, 3], [0, 1, 2, 3, 4, 5, 6, -.infinity, .nan] as [Double], "nan.npy")
        },
        BadInput("V2d", "convolve a.npy nan.npy -o out.npy --nonfinite reject", 6, "B[1,0]: got inf") {
            try $0.write([2, 2], [0, 1, .infinity, 3] as [Float], "nan.npy")
        },
        BadInput("V2e", "transposed nan.npy w.npy -o out.npy --stride 2 --nonfinite reject", 6, "input[1,0,1]: got nan")
        {
            try $0.write([2, 2, 2], [0, 1, 2, 3, 4, .nan, 6, 7] as [Float], "nan.npy")
        },
        BadInput("V2b", "image p.png nan.npy -o out.png", 6, "kernel[0,1]") {
            try $0.write([1, 2], [1, .nan] as [Float], "nan.npy")
        },
        BadInput("X8", "crossover --input 8x8 --filters 3,9", 4, "must not exceed padded input 8"),
        BadInput("X8b", "crossover --input 5", 4, "--input: got 5: no odd filter size from 7 on fits it"),
        BadInput("X8c", "crossover --input n2i2x9", 4, "--input: got 2x9: no odd filter size from 3 on fits it"),
        BadInput("X8d", "crossover --input 9x9 --padding 1 --dilation 9", 4, "must not exceed padded input 11"),
        BadInput("X9", "crossover --input c4i8x8 --groups 3", 4, "--groups: got 3: must divide the channels, 4"),
        BadInput("X9b", "crossover --input c4i8x8 --groups 4 --filter-count 2", 4, "must divide K = 2"),
        BadInput("X11", "crossover --input 99999999x99999999 --filters 3 --time 0", 5, "error: memory: got"),
        BadInput(
            "X12", "crossover --input n16c4096i32x32 --filters 1 --passes forward --threads 1 --time 0", 5,
            "--time: got 0: nothing could be measured: one call is predicted to take"),
        BadInput("X10", "crossover --json missing/out.json", 7, "the folder 'missing' must exist"),
        BadInput(
            "Q5d", "forward x.npy w.npy -o out.npy --method fft --memory-limit 0K", 5,
            "--memory-limit: got 0K: method fft needs at least"),
        BadInput("Q5e", "bench i8_f3_fwd --method fft --memory-limit 0", 5, "--memory-limit: got 0: method fft needs"),
        BadInput("Q6", "forward k.npy k.npy -o out.npy --padding 1000000", 5, "bytes"),
        BadInput("Q6c", "bench i1000000x1000000_f3x3_fwd --method all --min-time 0", 5, "error: memory: got"),
        BadInput("Q6b", "image p.png box:1000000 -o out.png", 5, "bytes"),
    ]

    @Test(arguments: singleFlags)
    func flagIsRefused(row: BadInput) throws { try row.check() }

    @Test(arguments: combinations)
    func combinationIsRefused(row: BadInput) throws { try row.check() }

    /// Volumes with volumes: three axes of a filter are K, C/G and one of space, unless --plain says otherwise.
    @Test(arguments: [
        "forward v.npy f.npy", "transposed v.npy f.npy", "backward v.npy f.npy v.npy --bias-gradient y.npy",
    ])
    func volumesAreToldOfPlain(line: String) throws {
        let folder = try Folder()
        try folder.write([5, 5, 5], counting(125), "v.npy")
        try folder.write([3, 3, 3], counting(27), "f.npy")
        let output = line.hasPrefix("backward") ? [] : ["-o", "y.npy"]
        let words = line.split(separator: " ").map(String.init) + output
        let refused = try Tool.run(words, in: folder)
        #expect(refused.status == 4 && refused.errors.hasPrefix("error: filter shape: got [3, 3, 3]: its "))
        #expect(refused.errors.hasSuffix("\nhint: --plain says that all axes are spatial\n"), "\(refused.errors)")
        // Two groups are no matter of a volume.
        let grouped = try Tool.run(words + ["--groups", "2"], in: folder)
        #expect(grouped.status == 4 && !grouped.errors.contains("hint: "), "\(grouped.errors)")
    }

    /// P24.
    @Test(arguments: [["--help"], ["--version"], ["forward", "--help"], ["help", "bench"]])
    func helpIsNoError(arguments: [String]) throws {
        let outcome = try Tool.run(arguments, in: try Folder())
        #expect(outcome.status == 0)
        #expect(!outcome.output.isEmpty)
        #expect(outcome.errors.isEmpty)
    }

    @Test(arguments: [
        "forward", "input-gradient", "filter-gradient", "backward", "transposed", "convolve", "correlate", "image",
        "validate", "explain", "bench", "crossover",
    ])
    func helpHasAnExample(subcommand: String) throws {
        let outcome = try Tool.run([subcommand, "--help"], in: try Folder())
        #expect(outcome.text.contains("Example: fftconv \(subcommand) "))
    }

    /// Names that look like options, said so that they cannot be; and all that may begin with '-'.
    @Test(arguments: ["-o ./--report", "--output=--report", "-o --report-no-more", "--output -1"])
    func whatLooksLikeAnOptionMayBeAValue(line: String) throws {
        let folder = try Folder()
        try folder.write([4, 4], counting(16), "a.npy")
        let words = line.split(separator: " ").map(String.init)
        let outcome = try Tool.run(["forward", "a.npy", "a.npy"] + words, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.snapshot().count == 2)
    }

    /// P4, P8, P13, Q3: odd, but right.
    @Test(arguments: [
        (line: "--stride 99", shape: [1, 1]), (line: "--padding 9", shape: [21, 21]),
        (line: "--threads 64", shape: [3, 3]), (line: "--tolerance 0", shape: [3, 3]),
        (line: "--memory-limit 1KiB --tolerance 1e-3", shape: [3, 3]), (line: "--dilation 3", shape: [1, 1]),
        (line: "--padding 0:1,2:0 --stride 1,2", shape: [4, 3]), (line: "--padding same", shape: [4, 4]),
        (line: "--padding=full", shape: [5, 5]),
    ])
    func unusualOptionsAreTaken(row: (line: String, shape: [Int])) throws {
        let folder = try Folder()
        try folder.write([4, 4], counting(16), "a.npy")
        try folder.write([2, 2], counting(4), "k.npy")
        let arguments =
            ["forward", "a.npy", "k.npy", "-o", "out.npy"] + row.line.split(separator: " ").map(String.init)
        let outcome = try Tool.run(arguments, in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.array("out.npy").shape == row.shape)
    }
}
