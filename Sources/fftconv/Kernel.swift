import ArrayFiles
import FFTConvolution

/// A two-dimensional kernel, as it looks: not flipped.
struct Kernel {
    let height: Int
    let width: Int
    var elements: [Float]
}

/// Where the kernel of a picture comes from: a shape in words, or a file.
enum KernelSource {
    case shape(KernelShape)
    case array(path: String)
    case picture(path: String)

    /// Reads `gaussian:SIGMA` and the like, or the name of a file.
    init(_ text: String) throws(ConvolutionError) {
        if let shape = try KernelShape(text) {
            self = .shape(shape)
        } else if text.lowercased().hasSuffix(".npy") {
            self = .array(path: text)
        } else if text.lowercased().hasSuffix(".png") {
            self = .picture(path: text)
        } else {
            throw ConvolutionError(
                .invalidArgument, argument: "filter", value: "'\(text)'",
                rule: "must be gaussian:SIGMA, disk:RADIUS, motion:LENGTH:ANGLE, box:SIZE, or a .npy or .png file")
        }
    }

    /// The kernel, scaled to sum 1 if `normalized`.
    func kernel(normalized: Bool) throws -> Kernel {
        var kernel =
            switch self {
            case .shape(let shape): try shape.kernel()
            case .array(let path): try Self.array(path)
            case .picture(let path): try Self.picture(path)
            }
        if let index = kernel.elements.firstIndex(where: { !$0.isFinite }) {
            throw ConvolutionError(
                .numericPolicy, argument: "kernel[\(index / kernel.width),\(index % kernel.width)]",
                value: kernel.elements[index], rule: "must be finite")
        }
        guard normalized else { return kernel }
        let sum = kernel.elements.reduce(0.0) { $0 + Double($1) }
        for index in kernel.elements.indices {
            kernel.elements[index] = Float(Double(kernel.elements[index]) / sum)
        }
        guard kernel.elements.allSatisfy(\.isFinite) else {
            throw ConvolutionError(
                .mismatch, argument: "kernel", value: "sum \(sum)", rule: "must not be 0 to be scaled to sum 1",
                hint: "--no-normalize takes the kernel as it is")
        }
        return kernel
    }

    private static func array(_ path: String) throws -> Kernel {
        let array = try NumPyFile.read(path: path)
        guard array.shape.count == 2, array.shape.allSatisfy({ $0 >= 1 }) else {
            throw ConvolutionError(
                .mismatch, argument: "kernel shape", value: array.shape, rule: "must have two axes, each ≥ 1")
        }
        let elements: [Float] =
            switch array.elements {
            case .float32(let values): values
            case .float64(let values): try levels(values) { Float($0) }
            }
        return Kernel(height: array.shape[0], width: array.shape[1], elements: elements)
    }

    /// `map`, which would end the process where the memory is short.
    private static func levels<Sample>(
        _ samples: [Sample], _ level: (Sample) -> Float
    ) throws(ConvolutionError) -> [Float] {
        var levels = try Tensor<Float>(zeros: [samples.count]).elements
        for index in samples.indices { levels[index] = level(samples[index]) }
        return levels
    }

    private static func picture(_ path: String) throws -> Kernel {
        let picture = try ImageFile.read(path: path)
        guard picture.colorModel == .grey else {
            throw ConvolutionError(
                .mismatch, argument: "kernel", value: "a picture of \(picture.colorModel.rawValue) channels",
                rule: "must be grey, without alpha")
        }
        let maximum: Float = picture.bitDepth == 16 ? 65535 : 255
        return Kernel(
            height: picture.height, width: picture.width, elements: try levels(picture.samples) { Float($0) / maximum })
    }
}
