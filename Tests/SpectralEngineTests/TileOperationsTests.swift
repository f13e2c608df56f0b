import SpectralEngine
import Testing

// MARK: - Norms

private func expectNorm(
    _ norm: FieldNorm, _ fraction: Double, _ exponent: Int, nonFinite: Int = 0, negative: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(
        abs(norm.fraction - fraction) <= 4 * Double.ulpOfOne && norm.exponent == exponent
            && norm.nonFiniteCount == nonFinite && norm.hasNegative == negative, "\(norm)",
        sourceLocation: sourceLocation)
}

private func measured<Scalar: ConvolutionScalar>(_ values: [Scalar]) -> FieldNorm {
    measure(values.span, 0..<values.count)
}

@Suite struct TileOperationsTests {
    @Test func fillClearAndAddTouchWhatTheyAreGiven() {
        var array = (0..<24).map { Float($0) }
        let rows = AxisSegment(origin: -1, positions: 0..<3, extent: 2, step: 1)
        let columns = AxisSegment(origin: 1, positions: 0..<2, extent: 4, step: 1)
        let one = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
        // Rows of four elements: the middle ones of the third and the fourth row.
        withRegion(&array) { fill($0, Window(one, rows, columns, planeOffset: 8, extents: (2, 4)), -1) }
        #expect(array.indices.filter { array[$0] == -1 } == [9, 10, 13, 14])
        #expect(array.indices.allSatisfy { array[$0] == Float($0) || array[$0] == -1 })
        var term: [Float] = [1, 2, 3, 4, 5, 6, 7]
        withRegion(&array) { array in withRegion(&term) { add($0, to: array[0..<7]) } }
        #expect(array[0..<9] == [1, 3, 5, 7, 9, 11, 13, 7, 8])
        withRegion(&array) { clear($0[1..<5]) }
        #expect(array[0..<7] == [1, 0, 0, 0, 0, 11, 13])
    }

    // MARK: Extremes

    @Test func powersOfTwoMultiplyToThePower() {
        for exponent in -252...254 {
            let (first, second) = powersOfTwo(exponent, Float.self)
            #expect(first.isNormal && second.isNormal)
            #expect(Double(first) * Double(second) == Double(sign: .plus, exponent: exponent, significand: 1))
        }
        for exponent in -2044...2046 {
            let (first, second) = powersOfTwo(exponent, Double.self)
            let isRight =
                first.isNormal && second.isNormal && Int(first.exponent) + Int(second.exponent) == exponent
                && first.significand == 1 && second.significand == 1
            if !isRight { Issue.record("2^\(exponent) as \(first)·\(second)") }
        }
        for exponent in [-100_000, 100_000] {
            let (first, second) = powersOfTwo(exponent, Double.self)
            #expect(first * second == (exponent < 0 ? 0 : .infinity))
        }
    }

    @Test func measureNeitherOverflowsNorUnderflows() {
        expectNorm(measured([3.0, 4.0]), 0.625, 3)
        expectNorm(measured([0x1p1023, -0x1p1023, 0x1p1023, 0x1p1023]), 0.5, 1025, negative: true)
        expectNorm(measured([1e300, 1e-300]), 1e300 / 0x1p997, 997)
        expectNorm(measured([0x1p-1074]), 0.5, -1073)
        expectNorm(measured([0x1p-1074, 0x1p-1074, -0x1p-1074, 0x1p-1074]), 0.5, -1072, negative: true)
        // About 1e-320.
        expectNorm(measured([2024 * Double.leastNonzeroMagnitude]), 2024.0 / 2048, -1063)
        expectNorm(measured([3 * 0x1p-301, 4 * 0x1p-301]), 0.625, -298)
        // Its square is subnormal, and would lose the last bits.
        expectNorm(measured([0x1.00001p-530]), 0x1.00001p-1, -529)
        expectNorm(measured([Float(0x1p127), 0x1p127, 0x1p127, 0x1p127]), 0.5, 129)
        expectNorm(measured([Float(0x1p-149)]), 0.5, -148)
        expectNorm(measured([Double.greatestFiniteMagnitude]), 1 - 0x1p-53, 1024)
    }

    @Test func measureLeavesOutWhatIsNotFinite() {
        expectNorm(measured([.nan, 3.0, .infinity, -4.0]), 0.625, 3, nonFinite: 2, negative: true)
        expectNorm(measured([1e300, .nan]), 1e300 / 0x1p997, 997, nonFinite: 1)
        expectNorm(measured([Float.nan, .infinity]), 0, 0, nonFinite: 2)
        #expect(measured([Double]()).isZero)
        #expect(measured([Float](repeating: 0, count: 100)).isZero)
        #expect(measured([-0.0]).hasNegative == false)
    }

    @Test func measureLooksAtItsRangeOnly() {
        let values: [Double] = [.nan, 3, 4, -1]
        let norm = measure(values.span, 1..<3)
        expectNorm(norm, 0.625, 3)
        #expect(measure(values.span, 4..<4).isZero)
    }

    @Test func measureOfAWindowLooksAtItsSamplesOnly() {
        let (rows, columns) = (
            AxisSegment(origin: 1, positions: 0..<2, extent: 4, step: 1),
            AxisSegment(origin: 0, positions: 1..<3, extent: 4, step: 1)
        )
        let planes = AxisSegment(origin: 0, positions: 0..<2, extent: 2, step: 1)
        let window = Window(planes, rows, columns, planeOffset: 3, extents: (4, 4))
        var values = [Double](repeating: .nan, count: 3 + 32)
        for (index, place) in [5, 6, 9, 10, 21, 22, 25, 26].enumerated() { values[3 + place] = index == 7 ? -3 : 1 }
        expectNorm(measure(values.span, window), 0.5, 3, negative: true)
        values[3 + 5] = .infinity
        values[3 + 6] = 0x1p600
        expectNorm(measure(values.span, window), 0.5, 601, nonFinite: 1, negative: true)
        let empty = AxisSegment(origin: 0, positions: 0..<0, extent: 4, step: 1)
        #expect(measure(values.span, Window(planes, rows, empty, planeOffset: 3, extents: (4, 4))).isZero)
    }

    @Test func aNormIsMadeFromAnEnergy() {
        expectNorm(FieldNorm(energy: 25), 0.625, 3)
        expectNorm(FieldNorm(energy: 1), 0.5, 1)
        expectNorm(FieldNorm(energy: 0x1p-600), 0.5, -299)
        expectNorm(FieldNorm(energy: 0x1p1000), 0.5, 501)
    }

    // MARK: Traps

    @Test func rangesAndWindowsOutsideTheirArraysTrap() async {
        await #expect(processExitsWith: trap) {
            let values = [1.0, 2]
            precondition(!measure(values.span, 1..<3).isZero)
        }
        await #expect(processExitsWith: trap) {
            let values = [1.0, 2]
            let segment = AxisSegment(origin: 0, positions: 0..<1, extent: 1, step: 1)
            let two = AxisSegment(origin: 0, positions: 0..<2, extent: 2, step: 1)
            let window = Window(segment, segment, two, planeOffset: 1, extents: (1, 2))
            precondition(!measure(values.span, window).isZero)
        }
        await #expect(processExitsWith: trap) {
            var (term, sum) = ([1.0, 2], [1.0, 2, 3])
            withRegion(&sum) { sum in withRegion(&term) { add($0, to: sum) } }
        }
    }
}
