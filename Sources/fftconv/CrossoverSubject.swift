import FFTConvolution

/// What is convolved while its filter grows: everything of a problem but the filter's extents.
struct CrossoverSubject {
    let batch: Int
    let channels: Int
    let extents: [Int]
    var filters: Int
    var groups = 1
    var stride: PerAxis = 1
    var padding = Padding.valid
    var dilation: PerAxis = 1
    var precision = Precision.float32
    /// What a problem may refuse, as it was typed.
    var typed = TypedOptions()

    /// Reads `1024x1024`, or the input field of a problem text, `n4c128i56x56`. There are as many filters as channels.
    init(input text: String) throws(Failure) {
        let rule = "must be extents, as in 1024x1024, or the input of a problem text, as in n4c128i56x56"
        let hint = "groups, filters and padding are options of their own"
        guard !text.contains("_") else {
            throw Failure(.commandLine, argument: "--input", value: "'\(text)'", rule: rule, hint: hint)
        }
        let isExtents = text.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        let field = isExtents ? "i\(text)" : text
        let taps = Array(repeating: "1", count: text.count { $0 == "x" } + 1).joined(separator: "x")
        do throws(ConvolutionError) {
            let problem = try ProblemText("\(field)_f\(taps)").problem
            (batch, channels, filters) = (problem.batch, problem.channels, problem.channels)
            extents = problem.axes.map(\.input)
        } catch {
            let isMalformed = error.kind == .invalidArgument
            throw Failure(
                .commandLine, argument: "--input", value: "'\(text)'", rule: isMalformed ? rule : error.rule,
                hint: isMalformed ? hint : nil)
        }
        guard batch >= 1 else {
            throw Failure(.commandLine, argument: "--input", value: "'\(text)'", rule: "the batch must be ≥ 1")
        }
    }

    /// The problem of a filter that is as long on every axis.
    func problem(filter size: Int) throws(ConvolutionError) -> Problem {
        guard channels % groups == 0 else {
            throw ConvolutionError(
                .mismatch, argument: "--groups", value: groups, rule: "must divide the channels, \(channels)")
        }
        do throws(ConvolutionError) {
            return try Problem(
                input: [batch, channels] + extents,
                filter: [filters, channels / groups] + extents.map { _ in size }, stride: stride, padding: padding,
                dilation: dilation, groups: groups)
        } catch {
            throw typed.named(error)
        }
    }

    /// Odd sizes around the crossover as it was found for one, two and three axes, those that fit the input.
    ///
    /// - Throws: ``Failure`` if the input is smaller than all of them.
    func defaultSizes() throws(Failure) -> [Int] {
        let sizes = [
            [7, 15, 31, 47, 63, 95, 127, 255, 511], [3, 5, 7, 9, 11, 13, 15, 19, 23, 31, 47], [3, 5, 7, 9, 11, 15],
        ][extents.count - 1]
        let smallest = extents.min() ?? 0
        guard smallest >= sizes[0] || (try? problem(filter: sizes[0])) != nil else {
            throw Failure(
                .mismatch, argument: "--input", value: extents.map(String.init).joined(separator: "x"),
                rule: "no odd filter size from \(sizes[0]) on fits it", hint: "give sizes with --filters")
        }
        // What no size fits now is an error of the options, and reported with the first size that is asked for.
        let fitting = sizes.filter { size in size <= smallest && (try? problem(filter: size)) != nil }
        return fitting.isEmpty ? [sizes[0]] : fitting
    }

    /// `3x3`.
    func name(filter size: Int) -> String { extents.map { _ in "\(size)" }.joined(separator: "x") }

    /// A problem text with N for the filter's extents: `n4c128i56x56_k128fNxN_psame_g128`.
    func name(of problem: Problem) -> String {
        var fields = "\(ProblemText(problem, precision: precision))".split(separator: "_").map(String.init)
        fields[1] = fields[1].prefix { $0 != "f" } + "f" + extents.map { _ in "N" }.joined(separator: "x")
        return fields.joined(separator: "_")
    }
}
