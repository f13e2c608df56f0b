#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// The factors between the two transforms of a long line that is seen as a matrix, and those of folded lines.
enum Rotations {
    /// exp(πi·n / 2·length): from 1 to nearly i, each rounded once from double precision.
    static func quarterTurn<Scalar: ConvolutionScalar>(
        _ length: Int, _: Scalar.Type
    ) throws(AllocationFailure) -> AlignedBuffer {
        let buffer = try AlignedBuffer(byteCount: 2 * length * MemoryLayout<Scalar>.stride)
        buffer.withSharedRegion(of: Scalar.self) { table in
            for index in 0..<length {
                let (cosine, sine) = unitRoot(index, of: 4 * length)
                (table[2 * index], table[2 * index + 1]) = (Scalar(cosine), Scalar(sine))
            }
        }
        return buffer
    }

    /// Of both stages of a long line that is split, first of its eight rows, then of the lines of one: for each of them but the first, s,
    /// cos(2π·sj / points of what is split) of all its points j, then the sines, each rounded once from double precision.
    static func split<Scalar: ConvolutionScalar>(_ length: Int, _: Scalar.Type) throws(AllocationFailure)
        -> AlignedBuffer
    {
        let buffer = try AlignedBuffer(
            byteCount: 2 * SplitLines.factorCount(length) * MemoryLayout<Scalar>.stride)
        buffer.withSharedRegion(of: Scalar.self) { table in
            var start = 0
            for length in [length, length / SplitLines.parts] {
                let points = length / SplitLines.parts
                let pitch = SplitLines.factorPitch(points)
                for line in 1..<SplitLines.parts {
                    for point in 0..<points {
                        let (cosine, sine) = unitRoot(line * point, of: length)
                        (table[start + point], table[start + pitch + point]) = (Scalar(cosine), Scalar(sine))
                    }
                    start += 2 * pitch
                }
            }
        }
        return buffer
    }

    /// exp(−2πi·row·column / length), row after row, each rounded once from double precision.
    static func table<Scalar: ConvolutionScalar>(
        _ shape: TileShape, _: Scalar.Type
    ) throws(AllocationFailure) -> AlignedBuffer {
        let buffer = try AlignedBuffer(byteCount: 2 * shape.length * MemoryLayout<Scalar>.stride)
        buffer.withSharedRegion(of: Scalar.self) { table in
            for row in 0..<shape.rowCount {
                for column in 0..<shape.columnCount {
                    let (cosine, sine) = unitRoot(row * column, of: shape.length)
                    table[2 * (row * shape.columnCount + column)] = Scalar(cosine)
                    table[2 * (row * shape.columnCount + column) + 1] = Scalar(-sine)
                }
            }
        }
        return buffer
    }

    /// exp(2πi·index/length), from an angle of at most an eighth of the circle.
    static func unitRoot(_ index: Int, of length: Int) -> (cosine: Double, sine: Double) {
        // 8·index/length = octant + rest; odd octants are measured back from their end.
        let eighths = index % length * 8
        let (octant, rest) = (eighths / length, eighths % length)
        let part = octant.isMultiple(of: 2) ? rest : length - rest
        let angle = Double(part) * (Double.pi / 4) / Double(length)
        let (c, s) = (cos(angle), sin(angle))
        switch octant {
        case 0: return (c, s)
        case 1: return (s, c)
        case 2: return (-s, c)
        case 3: return (-c, s)
        case 4: return (-c, -s)
        case 5: return (-s, -c)
        case 6: return (s, -c)
        default: return (c, -s)
        }
    }
}
