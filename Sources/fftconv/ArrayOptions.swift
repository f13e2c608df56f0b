import ArgumentParser
import FFTConvolution

/// The options of the subcommands that compute a convolution or one of its gradients.
struct ArrayOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Samples between outputs: one number, or one per axis.", valueName: "n[,n…]"))
    var stride = "1"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "valid, same, full, one number, one per axis (2,1), or before:after per axis (1:2,0:0). "
                + "same: ⌈input / stride⌉ outputs; an odd zero goes to the end.",
            valueName: "padding"))
    var padding = "valid"

    @Option(parsing: .unconditional, help: ArgumentHelp("zeros.", valueName: "mode"))
    var paddingMode = "zeros"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Samples between filter taps: one number, or one per axis.", valueName: "n[,n…]"))
    var dilation = "1"

    @Option(parsing: .unconditional, help: ArgumentHelp("Divides the channels and the filters.", valueName: "n"))
    var groups = "1"

    @Flag(help: "All axes of both arrays are spatial. Implied by filters of rank 1 and 2.")
    var plain = false

    @OptionGroup var execution: ExecutionOptions

    /// Reads the options; what is wrong with one of them alone is found here, before any file is touched.
    func resolved() throws(ConvolutionError) -> ArraySettings {
        let mode = try StrictWord.value(paddingMode, of: PaddingMode.self, argument: "--padding-mode")
        guard mode == .zeros else {
            throw ConvolutionError(
                .invalidArgument, argument: "--padding-mode", value: paddingMode,
                rule: "only zeros is available yet for arrays")
        }
        return ArraySettings(
            stride: try Self.perAxis(stride, argument: "--stride"), padding: try Self.padding(padding),
            dilation: try Self.perAxis(dilation, argument: "--dilation"),
            groups: try StrictNumber.integer(groups, in: 1...Int.max, argument: "--groups"), isPlain: plain,
            typed: Self.typed(stride: stride, padding: padding, dilation: dilation, groups: groups),
            execution: try execution.resolved())
    }

    /// What a problem may refuse, as it was typed.
    static func typed(stride: String, padding: String, dilation: String, groups: String) -> TypedOptions {
        TypedOptions(options: [
            "stride": .init(name: "--stride", text: stride), "padding": .init(name: "--padding", text: padding),
            "dilation": .init(name: "--dilation", text: dilation), "groups": .init(name: "--groups", text: groups),
        ])
    }

    static func perAxis(_ text: String, argument: String) throws(ConvolutionError) -> PerAxis {
        let values = try StrictNumber.list(text, in: 1...Int.max, argument: argument)
        return values.count == 1 ? .uniform(values[0]) : .each(values)
    }

    /// A name, numbers, or before:after pairs; a number among pairs stands for both of its sides.
    static func padding(_ text: String) throws(ConvolutionError) -> Padding {
        switch text {
        case "valid": return .valid
        case "same": return .same
        case "full": return .full
        default: break
        }
        guard text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }) else {
            let rule = "must be valid, same, full, or numbers ≥ 0 such as 3, 2,1 or 1:2,0:0"
            guard text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }) else {
                throw ConvolutionError(.invalidArgument, argument: "--padding", value: "'\(text)'", rule: rule)
            }
            return .symmetric(.uniform(try StrictNumber.integer(text, in: 0...Int.max, argument: "--padding")))
        }
        var sides: [Padding.Sides] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            var numbers: [Int] = []
            for end in ends {
                do throws(ConvolutionError) {
                    numbers.append(try StrictNumber.integer(end, in: 0...Int.max, argument: "--padding"))
                } catch {
                    throw StrictNumber.whole(text, part: end, error)
                }
            }
            sides.append(.init(before: numbers[0], after: numbers[numbers.count - 1]))
        }
        return .sides(sides)
    }
}

/// How a border goes on. The array subcommands have zeros only; pictures have all of them.
enum PaddingMode: String, CaseIterable {
    case zeros, circular, reflect, replicate
}

/// ``ArrayOptions``, read.
struct ArraySettings {
    var stride: PerAxis
    var padding: Padding
    var dilation: PerAxis
    var groups: Int
    var isPlain: Bool
    var typed: TypedOptions
    var execution: ExecutionSettings

    /// The problem of these options and shapes `[N, C, spatial…]` and `[K, C/G, spatial…]`.
    func problem(input: [Int], filter: [Int]) throws(ConvolutionError) -> Problem {
        do throws(ConvolutionError) {
            return try Problem(
                input: input, filter: filter, stride: stride, padding: padding, dilation: dilation, groups: groups)
        } catch {
            throw typed.named(error)
        }
    }

    /// The problem of these options and arrays as their user sees them.
    func problem(_ layout: Layout, image: [Int], filter: [Int]) throws(ConvolutionError) -> Problem {
        do throws(ConvolutionError) {
            return try problem(
                input: layout.problemShape(image: image), filter: layout.problemShape(filter: filter))
        } catch {
            let isPlainPossible = (try? problem(input: [1, 1] + image, filter: [1, 1] + filter)) != nil
            throw layout.hinting(error, isPlainPossible: isPlainPossible)
        }
    }
}
