/// A picture as raw sample values: what the file says, with no gamma or colour profile applied.
public struct Image: Sendable, Equatable {
    /// What the samples of a pixel are; the raw value is their number.
    public enum ColorModel: Int, Sendable, CaseIterable {
        case grey = 1
        case greyAlpha = 2
        case rgb = 3
        case rgba = 4
    }

    /// Pixels in a row, 1 to ``maximumExtent``.
    public var width: Int
    /// Rows, 1 to ``maximumExtent``.
    public var height: Int
    public var colorModel: ColorModel
    /// Bits of a sample: 8 or 16.
    public var bitDepth: Int
    /// Row by row from the top, the samples of a pixel side by side; 0...255 or 0...65535. Alpha is not premultiplied.
    public var samples: [UInt16]

    public init(width: Int, height: Int, colorModel: ColorModel, bitDepth: Int, samples: [UInt16]) {
        self.width = width
        self.height = height
        self.colorModel = colorModel
        self.bitDepth = bitDepth
        self.samples = samples
    }

    /// The largest width and height that are read or written.
    public static let maximumExtent = 65535
    /// The largest picture that is read, in bytes of ``samples``.
    public static let maximumByteCount = 4 << 30
}
