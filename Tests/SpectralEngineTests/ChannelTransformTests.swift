import SpectralEngine
import Testing

/// One to three axes, with and without passes inside a panel, dilated filters; lines that FFTW transforms, and both kinds.
private let layouts: [(extents: (Int, Int, Int), taps: (Int, Int, Int), dilations: (Int, Int, Int))] = [
    ((1, 1, 12), (1, 1, 5), (1, 1, 2)), ((1, 6, 10), (1, 3, 4), (1, 1, 1)), ((1, 16, 20), (1, 7, 3), (1, 2, 3)),
    ((1, 1, 72), (1, 1, 5), (1, 1, 2)), ((1, 66, 6), (1, 3, 2), (1, 1, 1)), ((65, 5, 6), (2, 2, 3), (1, 1, 1)),
    ((1, 7, 9), (1, 2, 2), (1, 3, 1)), ((4, 6, 8), (3, 2, 3), (1, 2, 1)), ((3, 1, 5), (2, 1, 2), (1, 1, 2)),
]

/// A transform of five channels, two rows side by side, and its memory, all filled with NaN.
private final class ChannelBench<Scalar: ConvolutionScalar> {
    static var channels: Int { 5 }
    let shape: TileShape
    let layout: ChannelLayout
    let transform: ChannelTransform<Scalar>
    private let spectra: GuardedMemory<Scalar>
    /// Filters without the outer axis.
    private let tapSpectra: GuardedMemory<Scalar>
    private let scratch: GuardedMemory<Scalar>

    init(_ index: Int) throws {
        let (extents, taps, dilations) = layouts[index]
        shape = TileShape(planes: extents.0, rows: extents.1, length: extents.2)
        layout = ChannelLayout(shape, taps: taps, dilations: dilations, forwardStride: 16, inverseStride: 16)
        transform = try ChannelTransform(layout)
        spectra = try GuardedMemory(complexCount: 16 * shape.pointCount, word: .max)
        tapSpectra = try GuardedMemory(complexCount: 16 * layout.outer.innerCount * layout.outer.taps, word: .max)
        scratch = try GuardedMemory(
            complexCount: max(layout.panelCount, layout.tapCount(columns: 8), layout.restoreCount(columns: 8)),
            word: .max)
    }

    func withMemory<Result>(_ body: (SharedRegion<Scalar>, SharedRegion<Scalar>) throws -> Result) rethrows -> Result {
        try spectra.withRegion { spectra in try scratch.withRegion { try body(spectra, $0) } }
    }

    func withTaps<Result>(_ body: (SharedRegion<Scalar>) throws -> Result) rethrows -> Result {
        try tapSpectra.withRegion(body)
    }

    /// Channel `channel` of the second row of the spectra.
    func spectrum(_ channel: Int, half: Bool = false) -> [Complex] {
        spectra.withRegion { region in
            (0..<(half ? layout.halfCount : shape.pointCount)).map { bin in
                let place = 2 * (16 * bin + 8 + channel)
                return Complex(real: Double(region[place]), imaginary: Double(region[place + 1]))
            }
        }
    }

    /// The bins of the half spectrum, `[inner bin][position]`.
    var halfBins: [(bin: Int, opposite: Int, inner: Int)] {
        (0..<layout.halfCount).map { half in
            let (inner, position) = half.quotientAndRemainder(dividingBy: layout.outer.extent)
            let (bin, opposite) = layout.bins(at: position, inner: inner)
            return (bin, opposite, inner)
        }
    }

    /// The window of one channel that covers the tile.
    func window(_ plane: Int) -> Window {
        func whole(_ extent: Int) -> AxisSegment {
            AxisSegment(origin: 0, positions: 0..<extent, extent: extent, step: 1)
        }
        return Window(
            whole(shape.planes), whole(shape.rows), whole(shape.length), planeOffset: plane * shape.pointCount,
            extents: (shape.rows, shape.length))
    }
}

/// The largest error of some spectra, relative to what a transform may add.
private func excess<Scalar: ConvolutionScalar>(
    _ found: [Complex], _ expected: [Complex], _ shape: TileShape, _: Scalar.Type
) -> Double {
    let error = norm(zip(found, expected).map { $0 - $1 })
    return error / max(norm(expected), .leastNormalMagnitude) / transformTolerance(shape, Scalar.self)
}

/// Loads two packed rows with exponents, compares every channel, and stores them again.
private func fieldsError<Scalar: ConvolutionScalar>(_ index: Int, _: Scalar.Type) throws -> Double {
    let bench = try ChannelBench<Scalar>(index)
    let (count, channels) = (bench.shape.pointCount, ChannelBench<Scalar>.channels)
    var generator = SeededGenerator(seed: UInt64(index))
    let values = generator.values(2 * channels * count)
    let array = values.map { Scalar($0) }
    var seen = 0
    bench.withMemory { spectra, scratch in
        bench.transform.load(
            array.span, bench.window(0), bench.window(channels), channelPitch: count, channels: channels,
            exponents: (1, -1), into: spectra, at: 8, scratch
        ) { channel, first, second in
            let (a, b) = (
                values[channel * count..<(channel + 1) * count],
                values[(channels + channel) * count..<(channels + channel + 1) * count]
            )
            let energies = (norm(Array(a)) * norm(Array(a)), norm(Array(b)) * norm(Array(b)))
            if abs(first.energy - energies.0) < 1e-4 * (1 + energies.0),
                abs(second.energy - energies.1) < 1e-4 * (1 + energies.1),
                first.hasNegative == a.contains(where: { $0 < 0 }), second.hasNegative == b.contains(where: { $0 < 0 })
            {
                seen += 1
            }
        }
    }
    #expect(seen == channels)
    var largest = 0.0
    for channel in 0..<channels {
        let field = (0..<count).map {
            Complex(
                real: 2 * values[channel * count + $0], imaginary: 0.5 * values[(channels + channel) * count + $0])
        }
        largest = max(
            largest, excess(bench.spectrum(channel), naiveTransform(field, bench.shape), bench.shape, Scalar.self))
    }
    var result = [Scalar](repeating: .nan, count: array.count)
    var span = result.mutableSpan
    span.withSharedRegion { region in
        bench.withMemory { spectra, scratch in
            func target(_ factor: Double) -> PartResult {
                PartResult(factors: (factor, 1 / Double(count)), floor: -.infinity, bias: 0)
            }
            bench.transform.store(
                spectra, at: 8, channels: channels, into: region, bench.window(0), bench.window(channels),
                channelPitch: count, scratch
            ) { _ in (target(0.5), target(2)) }
        }
    }
    let difference = norm(zip(result, values).map { Double($0) - $1 }) / norm(values)
    guard difference.isFinite else { return .infinity }
    return max(largest, difference / (2 * transformTolerance(bench.shape, Scalar.self)))
}

/// Transforms five filters of one depth, compares their half spectra, and restores the taps from twice those.
private func filtersError<Scalar: ConvolutionScalar>(_ index: Int, _: Scalar.Type) throws -> Double {
    let bench = try ChannelBench<Scalar>(index)
    let (shape, layout, channels) = (bench.shape, bench.layout, ChannelBench<Scalar>.channels)
    let (taps, dilations) = (layout.taps, layout.dilations)
    let count = taps.planes * taps.rows * taps.length
    var generator = SeededGenerator(seed: UInt64(40 + index))
    // Columns lie three filters apart from the start, two apart from each other.
    let values = generator.values((2 * channels + 2) * count)
    let place = { (column: Int) in (3 + 2 * column) * count }
    let array = values.map { Scalar($0) }
    // Positions come two at a time, which is two pairs of runs or more.
    bench.withMemory { spectra, scratch in
        bench.withTaps { taps in
            let outer = layout.outer
            withElements(array.span) {
                bench.transform.transformTaps(
                    $0, first: place(0), distances: (0, 2 * count), depths: 1, columns: channels, pitch: 8, exponent: 1,
                    into: taps,
                    at: 8, stride: 16, scratch)
            }
            for inner in 0..<outer.innerCount {
                for run in 0..<outer.runCount(of: 2) {
                    let positions = outer.positions(ofRun: run, of: 2)
                    bench.transform.transformBins(
                        taps, at: 16 * inner * outer.taps + 8, tapPitch: 16, positions: positions, count: 8,
                        into: spectra, at: 16 * (inner * outer.extent + positions.lowerBound) + 8, binPitch: 16)
                }
            }
        }
    }
    var largest = 0.0
    for column in 0..<channels {
        var field = [Complex](repeating: .zero, count: shape.pointCount)
        for tap in 0..<count {
            let (outer, s) = tap.quotientAndRemainder(dividingBy: taps.length)
            let (p, r) = outer.quotientAndRemainder(dividingBy: taps.rows)
            let row = p * dilations.planes % shape.planes * shape.rows + r * dilations.rows % shape.rows
            field[row * shape.length + s * dilations.length % shape.length].real += 2 * values[place(column) + tap]
        }
        let whole = naiveTransform(field, shape)
        let expected = bench.halfBins.map { whole[$0.bin] }
        largest = max(largest, excess(bench.spectrum(column, half: true), expected, shape, Scalar.self))
    }
    // The columns' taps go side by side, or apart; those of one hold nothing, those of another are not to fall below 0.
    let (dead, clamped, first) = (1, 3, 2 * count)
    for distance in [count, count + 3] where first + (channels - 1) * distance + count <= values.count {
        var expected = values
        var result = array
        for column in 0..<channels {
            for tap in 0..<count {
                let value = column == dead ? 0 : values[place(column) + tap]
                expected[first + column * distance + tap] = column == clamped ? max(value, 0) : value
                result[first + column * distance + tap] = .nan
            }
        }
        var span = result.mutableSpan
        span.withSharedRegion { region in
            bench.withMemory { spectra, scratch in
                // The spectra hold 2^1 times the filter: twice its Hermitian part.
                bench.withTaps { taps in
                    let outer = layout.outer
                    for inner in 0..<outer.innerCount {
                        // Folded once.
                        for position in 0..<outer.extent where distance == count {
                            bench.transform.foldBins(
                                spectra, at: 16 * inner * outer.extent + 8, binPitch: 16, second: position, count: 8)
                        }
                        bench.transform.restoreBins(
                            spectra, at: 16 * inner * outer.extent + 8, binPitch: 16, count: 8, into: taps,
                            at: 16 * inner * outer.taps + 8, tapPitch: 16, accumulate: false)
                    }
                    bench.transform.restoreTaps(
                        taps, at: 8, stride: 16, columns: channels, pitch: 8, into: region, first: first,
                        distance: distance, factors: (1, 1 / Scalar(shape.pointCount)), scratch
                    ) { ($0 != dead, $0 == clamped ? 0 : -.infinity) }
                }
            }
        }
        let difference = norm(zip(result, expected).map { Double($0) - $1 }) / norm(values)
        // What was not written is NaN, which no comparison finds.
        guard difference.isFinite else { return .infinity }
        largest = max(largest, difference / (2 * transformTolerance(shape, Scalar.self)))
    }
    return largest
}

@Suite struct ChannelTransformTests {
    @Test(arguments: layouts.indices) func channelsAreTransformedAndBack(_ index: Int) throws {
        #expect(try fieldsError(index, Float.self) <= 1)
        #expect(try fieldsError(index, Double.self) <= 1)
    }

    /// What is asked for ahead is what comes next.
    @Test(arguments: layouts.indices) func binsFollowEachOther(_ index: Int) throws {
        let layout = try ChannelBench<Float>(index).layout
        let all = (0..<layout.halfCount).map { half in
            let (inner, position) = half.quotientAndRemainder(dividingBy: layout.outer.extent)
            return (here: layout.bins(at: position, inner: inner), next: layout.bins(after: position, inner: inner))
        }
        for (this, next) in zip(all, all.dropFirst()) {
            #expect(this.next?.bin == next.here.bin && this.next?.opposite == next.here.opposite)
        }
        #expect(all.last?.next == nil)
    }

    @Test(arguments: layouts.indices) func filtersAreTransformedAndBack(_ index: Int) throws {
        #expect(try filtersError(index, Float.self) <= 1)
        #expect(try filtersError(index, Double.self) <= 1)
    }

    @Test(arguments: layouts.indices) func oppositeBinsAreEachOthers(_ index: Int) throws {
        let bench = try ChannelBench<Float>(index)
        let (layout, halves) = (bench.layout, bench.halfBins)
        // Every bin is kept, or is the opposite of one that is.
        #expect(Set(halves.map(\.bin)).union(halves.map(\.opposite)) == Set(0..<layout.pointCount))
        let kept = Set(halves.map(\.bin))
        #expect(kept.count == layout.halfCount)
        for half in halves { #expect(layout.isKeptTwice(inner: half.inner) == kept.contains(half.opposite)) }
    }

    @Test(arguments: 1...20) func runsCoverAnAxisAndTearNoPairApart(_ extent: Int) {
        let outer = OuterAxis(TileShape(planes: 1, rows: extent, length: 4), taps: (1, 1, 1))
        for size in stride(from: 2, through: 22, by: 2) {
            let runs = (0..<outer.runCount(of: size)).map { outer.positions(ofRun: $0, of: size) }
            #expect(runs.flatMap { Array($0) } == Array(0..<extent))
            #expect(runs.allSatisfy { !$0.isEmpty && $0.count <= size })
            #expect(runs.dropFirst().allSatisfy { $0.lowerBound % 2 == extent % 2 })
        }
    }
}
