internal import CFFTW

/// Whether the FFTW that this process was linked to can be trusted.
public enum FFTWLibrary {
    /// The version text of the single- and double-precision library.
    public static let versions: (float: String, double: String) = (
        unsafe String(cString: cfftwf_version()), unsafe String(cString: cfftw_version())
    )

    /// What is wrong with the library; `nil` if nothing is. Looked at once.
    ///
    /// Other libraries answer to FFTW's symbols and old versions have known faults (reliability, rows 2, 16 and 17), so
    /// the version is read and a few transforms are compared with their definition before the first plan is made.
    public static let fault: String? = withDefaultFloatingPoint {
        for version in [versions.float, versions.double] {
            guard version.hasPrefix("fftw-") else { return "\(version) is not FFTW" }
            let numbers = version.dropFirst(5).prefix { $0 == "." || $0.isNumber }.split(separator: ".").map {
                Int($0) ?? 0
            }
            guard !numbers.lexicographicallyPrecedes([3, 3, 8]) else { return "\(version) is older than 3.3.8" }
        }
        for length in [6, 7, 16] {
            guard isRight(length, Float.self, tolerance: 1e-5), isRight(length, Double.self, tolerance: 1e-13) else {
                return "its transform of \(length) points is wrong"
            }
        }
        return nil
    }

    /// Compares the transform of a shifted impulse with its definition, a complex exponential.
    private static func isRight<Scalar: ConvolutionScalar>(_ length: Int, _: Scalar.Type, tolerance: Double) -> Bool {
        let shape = TileShape(planes: 1, rows: 1, length: length)
        let counts = [shape.tileCount, shape.spectrumCount, shape.scratchCount(fields: 1, workers: 1)]
        let buffers = counts.map { try? AlignedBuffer(byteCount: 2 * $0 * MemoryLayout<Scalar>.stride) }
        guard let transform = try? PackedTransform<Scalar>(shape: shape, known: .none), let tile = buffers[0],
            let spectrum = buffers[1], let scratch = buffers[2]
        else { return false }
        return tile.withSharedRegion(of: Scalar.self) { tile in
            spectrum.withSharedRegion(of: Scalar.self) { spectrum in
                scratch.withSharedRegion(of: Scalar.self) { scratch in
                    clear(tile)
                    tile[2] = 1
                    let box = TileBox(planes: 0..<1, rows: 0..<1, columns: 1..<2)
                    transform.transformLines(
                        tile, box, into: spectrum, TransformTeam(scratch, shape, fields: 1))
                    return isExponential(spectrum, length, tolerance: tolerance)
                }
            }
        }
    }

    private static func isExponential<Scalar: ConvolutionScalar>(
        _ spectrum: SharedRegion<Scalar>, _ length: Int, tolerance: Double
    ) -> Bool {
        var angle = (cosine: 1.0, sine: 0.0)
        let step = exponential(-1, of: length)
        for bin in 0..<length {
            let error = abs(Double(spectrum[2 * bin]) - angle.cosine) + abs(Double(spectrum[2 * bin + 1]) - angle.sine)
            guard error < tolerance else { return false }
            angle = (
                angle.cosine * step.cosine - angle.sine * step.sine, angle.cosine * step.sine + angle.sine * step.cosine
            )
        }
        return true
    }

    /// exp(sign·2πi / length) by its power series, without a mathematical library.
    private static func exponential(_ sign: Double, of length: Int) -> (cosine: Double, sine: Double) {
        let x = sign * 2 * Double.pi / Double(length)
        var (cosine, sine, term) = (0.0, 0.0, 1.0)
        for order in 0..<40 {
            let signed = order % 4 < 2 ? term : -term
            if order.isMultiple(of: 2) { cosine += signed } else { sine += signed }
            term *= x / Double(order + 1)
        }
        return (cosine, sine)
    }
}
