import FFTConvolution
import Foundation

/// Kernels in words, all lengths in pixels, weights not yet scaled.
enum KernelShape {
    /// exp(−r²/2σ²) out to ⌈4σ⌉, beyond which lies 3·10⁻⁴ of it.
    case gaussian(sigma: Double)
    /// The share of each pixel that lies in the disk.
    case disk(radius: Double)
    /// A line, one pixel wide, with edges that fall off over one pixel; degrees counter-clockwise.
    case motion(length: Double, angle: Double)
    case box(size: Int)

    /// Longer than any picture; what still fits is a question of memory.
    private static let largestLength = 1e6

    /// A shape, or `nil` if the text does not begin with the name of one.
    init?(_ text: String) throws(ConvolutionError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2 || ["gaussian", "disk", "motion", "box"].contains(text) else { return nil }
        func length(_ index: Int, from minimum: Double) throws(ConvolutionError) -> Double {
            try StrictNumber.decimal(parts[index], in: minimum...Self.largestLength, argument: "filter \(text)")
        }
        switch (parts[0], parts.count) {
        case ("gaussian", 2): self = .gaussian(sigma: try length(1, from: 1e-3))
        case ("disk", 2): self = .disk(radius: try length(1, from: 1e-3))
        case ("motion", 3):
            self = .motion(
                length: try length(1, from: 1),
                angle: try StrictNumber.decimal(parts[2], in: -360...360, argument: "filter \(text)"))
        case ("box", 2):
            self = .box(
                size: try StrictNumber.integer(parts[1], in: 1...Int(Self.largestLength), argument: "filter \(text)"))
        case ("gaussian", _), ("disk", _), ("motion", _), ("box", _):
            throw ConvolutionError(
                .invalidArgument, argument: "filter", value: "'\(text)'",
                rule: "must be gaussian:SIGMA, disk:RADIUS, motion:LENGTH:ANGLE or box:SIZE")
        default: return nil
        }
    }

    func kernel() throws(ConvolutionError) -> Kernel {
        switch self {
        case .gaussian(let sigma):
            let radius = Int((4 * sigma).rounded(.up))
            return try Self.centred(rows: radius, columns: radius) { row, column in
                exp(-(row * row + column * column) / (2 * sigma * sigma))
            }
        case .disk(let radius):
            let reach = Int((radius - 0.5).rounded(.up))
            return try Self.centred(rows: max(reach, 0), columns: max(reach, 0)) { row, column in
                Self.coverage(ofPixelAt: (row, column), byDiskOf: radius)
            }
        case .motion(let length, let angle):
            let half = (length - 1) / 2
            // Rows count downwards, angles turn upwards.
            let direction = (row: -sin(angle * .pi / 180), column: cos(angle * .pi / 180))
            // Pixels nearer than one pixel to the line's end count. What is one pixel away but for the rounding of a
            // sine must not add empty rows.
            let rows = Int((abs(direction.row) * half + 1 - 1e-9).rounded(.up)) - 1
            let columns = Int((abs(direction.column) * half + 1 - 1e-9).rounded(.up)) - 1
            return try Self.centred(rows: rows, columns: columns) { row, column in
                let along = row * direction.row + column * direction.column
                let nearest = max(-half, min(half, along))
                let distance = hypot(row - nearest * direction.row, column - nearest * direction.column)
                return max(0, 1 - distance)
            }
        case .box(let size):
            var elements = try Tensor<Float>(zeros: [size, size]).elements
            for index in elements.indices { elements[index] = 1 }
            return Kernel(height: size, width: size, elements: elements)
        }
    }

    /// A kernel of odd extents with weights by the distance from its middle, downwards and to the right.
    private static func centred(
        rows: Int, columns: Int, _ weight: (_ row: Double, _ column: Double) -> Double
    ) throws(ConvolutionError) -> Kernel {
        let (height, width) = (2 * rows + 1, 2 * columns + 1)
        var elements = try Tensor<Float>(zeros: [height, width]).elements
        for row in 0..<height {
            for column in 0..<width {
                elements[row * width + column] = Float(weight(Double(row - rows), Double(column - columns)))
            }
        }
        return Kernel(height: height, width: width, elements: elements)
    }

    /// The area of a unit pixel inside a disk around the origin: exact along its row, by the midpoint rule across it.
    private static func coverage(ofPixelAt centre: (row: Double, column: Double), byDiskOf radius: Double) -> Double {
        let distance = hypot(centre.row, centre.column)
        // Half the pixel's diagonal is less than 0.71.
        if distance + 0.71 <= radius { return 1 }
        if distance - 0.71 >= radius { return 0 }
        let lines = 64
        var area = 0.0
        for line in 0..<lines {
            let row = centre.row - 0.5 + (Double(line) + 0.5) / Double(lines)
            let half = (max(radius * radius - row * row, 0)).squareRoot()
            area += max(0, min(centre.column + 0.5, half) - max(centre.column - 0.5, -half))
        }
        return area / Double(lines)
    }
}
