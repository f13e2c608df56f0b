import ArgumentParser
import ArrayFiles
import FFTConvolution
import Foundation

/// `fftconv image`
struct Picture: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "A PNG picture through a filter of any size.",
        discussion: """
            FILTER is gaussian:SIGMA (radius ⌈4·SIGMA⌉), disk:RADIUS, motion:LENGTH:ANGLE (degrees \
            counter-clockwise), box:SIZE, all in pixels, or a kernel in a .npy file of two axes or a grey .png file. \
            This is true convolution: the kernel is flipped, as a point of light would show it. The size of the picture \
            is kept, and grey or colour, alpha, and 8 or 16 bits; fewer bits become 8, a palette becomes RGB, and a \
            transparent colour alpha. Colours are weighted by their alpha.

            Example: fftconv image photo.png disk:25 -o blurred.png --linear
            """)

    @Argument(help: "The picture, a .png file.")
    var input: String

    @Argument(help: "gaussian:SIGMA, disk:RADIUS, motion:LENGTH:ANGLE, box:SIZE, or a .npy or .png file.")
    var filter: String

    @Option(name: .shortAndLong, parsing: .unconditional, help: "The .png file to write.")
    var output: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How the picture goes on beyond its border: replicate, reflect, circular or zeros.", valueName: "mode"))
    var paddingMode = "replicate"

    @Flag(help: "Filter light (sRGB values made linear) instead of sample values.")
    var linear = false

    @Flag(help: "Do not scale the kernel to sum 1.")
    var noNormalize = false

    @OptionGroup var execution: ExecutionOptions

    func run() throws {
        let settings = try execution.resolved()
        let mode = try StrictWord.value(paddingMode, of: PaddingMode.self, argument: "--padding-mode")
        let source = try KernelSource(filter)
        try Self.checkFormat(output)
        try ArrayOutput.check([output])
        let picture = try ImageFile.read(path: input)
        let kernel = try source.kernel(normalized: !noNormalize)
        try Interrupts.check()
        let filtered = try filtered(picture, with: kernel, mode, settings)
        try Interrupts.check()
        try ImageFile.write(filtered, path: output)
    }

    /// Endings that promise another format than is written; any other name may be a temporary one.
    private static let otherFormats = ["bmp", "gif", "jpeg", "jpg", "npy", "pdf", "svg", "tif", "tiff", "webp"]

    private static func checkFormat(_ path: String) throws(Failure) {
        guard !otherFormats.contains((path as NSString).pathExtension.lowercased()) else {
            throw Failure(.commandLine, argument: "--output", value: "'\(path)'", rule: "pictures are written as .png")
        }
    }

    /// Every channel is one example of a batch; the border is laid around it, so that the convolution is `valid`.
    private func filtered(
        _ picture: Image, with kernel: Kernel, _ mode: PaddingMode, _ settings: ExecutionSettings
    ) throws -> Image {
        let planes = SamplePlanes(picture.colorModel, bitDepth: picture.bitDepth, light: linear ? .linear : .encoded)
        let rows = try Border(extent: picture.height, kernel: kernel.height, mode)
        let columns = try Border(extent: picture.width, kernel: kernel.width, mode)
        let shape = [planes.count, 1, rows.extendedExtent, columns.extendedExtent]
        let problem = try Problem(input: shape, filter: [1, 1, kernel.height, kernel.width])
        var extended = try Tensor<Float>(zeros: shape).elements
        let levels = try planes.decode(picture.samples)
        var position = 0
        for plane in 0..<planes.count {
            for row in rows.sources {
                for column in columns.sources {
                    if let row, let column {
                        extended[position] = levels[(row * picture.width + column) * planes.count + plane]
                    }
                    position += 1
                }
            }
        }
        let x = try Tensor(shape: shape, elements: extended)
        let w: Tensor<Float> = try Tensor(shape: problem.filterShape, elements: kernel.elements).flipped()
        let y = try Computation(problem, [.forward], as: Float.self, settings).run { plan, control in
            try plan.forward(x, w, control: control)
        }
        var result = picture
        result.samples = try planes.encode(y.elements, pixels: picture.width * picture.height)
        return result
    }
}
