import SpectralEngine

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

struct Complex: Equatable {
    var real: Double
    var imaginary: Double

    static let zero = Complex(real: 0, imaginary: 0)

    var conjugate: Complex { Complex(real: real, imaginary: -imaginary) }
    var squaredMagnitude: Double { real * real + imaginary * imaginary }

    static func + (a: Complex, b: Complex) -> Complex {
        Complex(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
    }
    static func - (a: Complex, b: Complex) -> Complex {
        Complex(real: a.real - b.real, imaginary: a.imaginary - b.imaginary)
    }
    static func * (a: Complex, b: Complex) -> Complex {
        Complex(
            real: a.real * b.real - a.imaginary * b.imaginary, imaginary: a.real * b.imaginary + a.imaginary * b.real)
    }
    static func * (a: Complex, b: Double) -> Complex { Complex(real: a.real * b, imaginary: a.imaginary * b) }
}

/// The Euclidean norm.
func norm(_ field: [Complex]) -> Double { field.reduce(0) { $0 + $1.squaredMagnitude }.squareRoot() }

func norm(_ field: [Double]) -> Double { field.reduce(0) { $0 + $1 * $1 }.squareRoot() }

/// exp(-2πi·index/length), its argument reduced to an eighth of the circle so that both parts are off by about an ulp.
func twiddle(_ index: Int, of length: Int) -> Complex {
    let eighths = 8 * (index % length)
    // The nearest multiple of a quarter turn, and what is left of the angle: at most an eighth.
    let quarter = (eighths + length) / (2 * length)
    let angle = Double(eighths - 2 * length * quarter) * Double.pi / Double(4 * length)
    let (cosine, sine) = (cos(angle), sin(angle))
    switch quarter % 4 {
    case 0: return Complex(real: cosine, imaginary: -sine)
    case 1: return Complex(real: -sine, imaginary: -cosine)
    case 2: return Complex(real: -cosine, imaginary: sine)
    default: return Complex(real: sine, imaginary: cosine)
    }
}

/// The discrete Fourier transform by its definition, axis after axis, in double precision.
func naiveTransform(_ field: [Complex], _ shape: TileShape) -> [Complex] {
    var result = field
    var stride = 1
    for length in [shape.length, shape.rows, shape.planes] {
        let twiddles = (0..<length).map { twiddle($0, of: length) }
        var line = [Complex](repeating: .zero, count: length)
        for start in 0..<result.count where start / stride % length == 0 {
            for bin in 0..<length {
                var (real, imaginary, index) = (0.0, 0.0, 0)
                for point in 0..<length {
                    let (x, w) = (result[start + point * stride], twiddles[index])
                    real += x.real * w.real - x.imaginary * w.imaginary
                    imaginary += x.real * w.imaginary + x.imaginary * w.real
                    index += bin
                    if index >= length { index -= length }
                }
                line[bin] = Complex(real: real, imaginary: imaginary)
            }
            for bin in 0..<length { result[start + bin * stride] = line[bin] }
        }
        stride *= length
    }
    return result
}

/// The error that a transform may add, relative to the norm of its result: 4·(l+1)·u for 2^l points.
///
/// Higham, "Accuracy and Stability of Numerical Algorithms", theorem 24.2: l·η/(1-l·η) with η = μ + γ₄·(√2 + μ) is a
/// bound for radix 2; measured errors lie far below it for every length.
func transformTolerance<Scalar: ConvolutionScalar>(_ shape: TileShape, _: Scalar.Type) -> Double {
    let l = log2(Double(shape.pointCount)).rounded(.up)
    return 4 * (l + 1) * Double(Scalar.ulpOfOne) / 2
}
