// Spectra of two real fields that share one complex transform: taken apart, put together, and multiplied each by its own.

extension TileShape {
    /// Splits the spectrum of two packed fields into their half spectra, each times 2^exponent.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func untangle<Scalar: ConvolutionScalar>(
        _ spectrum: SharedRegion<Scalar>, into first: SharedRegion<Scalar>, _ second: SharedRegion<Scalar>,
        exponents: (Int, Int)
    ) {
        checkSpectrum(spectrum)
        checkHalf(first)
        checkHalf(second)
        let factors = (powerOfTwo(exponents.0, Scalar.self), powerOfTwo(exponents.1, Scalar.self))
        for row in 0..<rowsOfLines {
            for column in 0..<halfLinesPerRow {
                let opposite = opposite(row: row, column: column)
                let half = 2 * halfOffset(row: row, column: column)
                unsafe Scalar.untangle(
                    spectrum.base + 2 * offset(row: row, column: column),
                    spectrum.base + 2 * offset(row: opposite.row, column: opposite.column), first.base + half,
                    second.base + half, factors, lineLength, mirror(row: row, column: column))
            }
        }
    }

    /// Makes the spectrum whose inverse has the real part of the first field as real and that of the second as imaginary
    /// part, each times 2^exponent, from whole spectra.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func tangle<Scalar: ConvolutionScalar>(
        _ first: SharedRegion<Scalar>, _ second: SharedRegion<Scalar>?, exponents: (Int, Int),
        into spectrum: SharedRegion<Scalar>
    ) {
        checkSpectrum(first)
        if let second { checkSpectrum(second) }
        checkSpectrum(spectrum)
        let factors = (powerOfTwo(exponents.0, Scalar.self), powerOfTwo(exponents.1, Scalar.self))
        for row in 0..<rowsOfLines {
            for column in 0..<linesPerRow {
                let opposite = opposite(row: row, column: column)
                let line = 2 * offset(row: row, column: column)
                let mirrored = 2 * offset(row: opposite.row, column: opposite.column)
                let one = unsafe (UnsafePointer(first.base + line), UnsafePointer(first.base + mirrored))
                let two = second.map {
                    unsafe (UnsafePointer($0.base + line), UnsafePointer($0.base + mirrored))
                }
                unsafe Scalar.tangle(
                    one, two, spectrum.base + line, factors, lineLength, mirror(row: row, column: column))
            }
        }
    }

    /// Multiplies two packed fields, each by a spectrum of its own or its conjugate, in place.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func multiplyPair<Scalar: ConvolutionScalar>(
        _ spectrum: SharedRegion<Scalar>, _ first: SharedRegion<Scalar>, _ second: SharedRegion<Scalar>,
        conjugate: Bool
    ) {
        checkSpectrum(spectrum)
        checkHalf(first)
        checkHalf(second)
        for row in 0..<rowsOfLines {
            for column in 0..<halfLinesPerRow {
                let opposite = opposite(row: row, column: column)
                let place = offset(row: row, column: column)
                let mirrored = offset(row: opposite.row, column: opposite.column)
                // Where both lines are among the kept ones, they are met once.
                if opposite.column < halfLinesPerRow, mirrored < place { continue }
                let half = 2 * halfOffset(row: row, column: column)
                unsafe Scalar.multiplyPair(
                    spectrum.base + 2 * place, spectrum.base + 2 * mirrored, first.base + half, second.base + half,
                    lineLength, mirror(row: row, column: column), conjugate)
            }
        }
    }
}
