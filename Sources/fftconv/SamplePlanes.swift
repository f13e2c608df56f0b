import ArrayFiles
import FFTConvolution
import Foundation

/// The samples of a picture as numbers a convolution may average, and back.
///
/// Levels are in 0…1. Colours are multiplied by their alpha before filtering and divided by the filtered alpha after:
/// the colour of a pixel that nobody sees must not bleed into its neighbours.
struct SamplePlanes {
    /// What a colour sample measures.
    enum Light {
        /// The sample itself, which is how most programs filter.
        case encoded
        /// The light it stands for (IEC 61966-2-1), which is how lenses filter.
        case linear
    }

    /// Samples of one pixel.
    let count: Int
    private let hasAlpha: Bool
    private let maximum: Float
    private let light: Light
    /// The level of each sample value of a colour.
    private let colourLevels: [Float]

    init(_ model: Image.ColorModel, bitDepth: Int, light: Light) {
        count = model.rawValue
        hasAlpha = model == .greyAlpha || model == .rgba
        let maximum = bitDepth == 16 ? 65535 : 255
        self.maximum = Float(maximum)
        self.light = light
        colourLevels = (0...maximum).map { value in
            let level = Double(value) / Double(maximum)
            switch light {
            case .encoded: return Float(level)
            case .linear: return Float(level <= 0.04045 ? level / 12.92 : pow((level + 0.055) / 1.055, 2.4))
            }
        }
    }

    /// Levels, in the order of the samples.
    ///
    /// - Throws: ``ConvolutionError`` if the memory cannot be had.
    func decode(_ samples: [UInt16]) throws(ConvolutionError) -> [Float] {
        var levels = try Tensor<Float>(zeros: [samples.count]).elements
        for index in samples.indices { levels[index] = colourLevels[min(Int(samples[index]), colourLevels.count - 1)] }
        guard hasAlpha else { return levels }
        for pixel in stride(from: 0, to: samples.count - count + 1, by: count) {
            let alpha = Float(samples[pixel + count - 1]) / maximum
            for colour in pixel..<pixel + count - 1 { levels[colour] *= alpha }
            levels[pixel + count - 1] = alpha
        }
        return levels
    }

    /// Samples, interleaved, from planes of levels: rounded to nearest, clamped to the range.
    ///
    /// - Throws: ``ConvolutionError`` if the memory cannot be had.
    func encode(_ planes: [Float], pixels: Int) throws(ConvolutionError) -> [UInt16] {
        try requireMemory(byteCount: pixels * count * MemoryLayout<UInt16>.stride)
        var samples = [UInt16](repeating: 0, count: pixels * count)
        for pixel in 0..<pixels {
            var alpha: Float = 1
            if hasAlpha {
                alpha = planes[(count - 1) * pixels + pixel]
                samples[pixel * count + count - 1] = sample(alpha)
                // Where no alpha is left there is no colour either, only rounding errors of one.
                if samples[pixel * count + count - 1] == 0 { continue }
            }
            for plane in 0..<(hasAlpha ? count - 1 : count) {
                samples[pixel * count + plane] = sample(encoded(planes[plane * pixels + pixel] / alpha))
            }
        }
        return samples
    }

    private func encoded(_ level: Float) -> Float {
        switch light {
        case .encoded: level
        case .linear: level <= 0.0031308 ? level * 12.92 : 1.055 * pow(level, 1 / 2.4) - 0.055
        }
    }

    /// A NaN, which a kernel near the end of the range can make of an overflow, becomes 0.
    private func sample(_ level: Float) -> UInt16 {
        level.isNaN ? 0 : UInt16(max(0, min(maximum, (level * maximum).rounded())))
    }
}
