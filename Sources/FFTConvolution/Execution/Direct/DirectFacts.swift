internal import SpectralEngine

// Direct sums in the operands' own precision meet the contract unless a product or a sum leaves its range on the way, or a
// zero of the padding meets an infinite factor. Such operands are rare and looked for first. Where powers of two bring them
// into range, copies are scaled; what is left is summed by the reference, in twice the precision.

/// The powers of two that the operands of a direct pass are multiplied with, and its result divided by.
struct DirectScaling: Hashable, Sendable {
    let first: Int
    let second: Int

    static let none = DirectScaling(first: 0, second: 0)

    var isNone: Bool { first == 0 && second == 0 }
    var result: Int { -first - second }
}

/// How the planes of one operand are looked at: in jobs of about ``DirectFacts/job`` elements, several planes or a piece of
/// one.
struct OperandFacts: Hashable, Sendable {
    let planes: Int
    let size: Int
    let pieces: EvenCut
    /// Planes of one job.
    private let together: Int

    /// Elements of a job: 64 KiB of f32, a few microseconds.
    private static let job = 16384

    init(planes: Int, size: Int) {
        self.planes = planes
        self.size = size
        pieces = EvenCut(size, most: Self.job)
        together = max(Self.job / max(size, 1), 1)
    }

    var jobCount: Int { pieces.pieces > 1 ? planes * pieces.pieces : (planes + together - 1) / together }
    /// Doubles.
    var factCount: Int { 2 * planes * pieces.pieces }

    /// Looks at the elements of one job.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func look<Scalar: ConvolutionScalar>(_ job: Int, _ operand: Elements<Scalar>, _ facts: SharedRegion<Double>) {
        func note(_ plane: Int, _ piece: Int) {
            let range = pieces[piece]
            let found = largestMagnitude(operand, at: plane * size + range.lowerBound, count: range.count)
            facts[2 * (plane * pieces.pieces + piece)] = found.magnitude
            facts[2 * (plane * pieces.pieces + piece) + 1] = found.isFinite ? 1 : 0
        }
        if pieces.pieces > 1 { return note(job / pieces.pieces, job % pieces.pieces) }
        for plane in job * together..<min((job + 1) * together, planes) { note(plane, 0) }
    }

    /// The largest magnitude of all planes, the least of their largest magnitudes other than 0, and whether all is finite.
    func summary(_ facts: SharedRegion<Double>) -> (most: Double, least: Double, isFinite: Bool) {
        var (most, least, isFinite) = (0.0, Double.infinity, true)
        for plane in 0..<planes {
            var magnitude = 0.0
            for piece in plane * pieces.pieces..<(plane + 1) * pieces.pieces {
                magnitude = max(magnitude, facts[2 * piece])
                isFinite = isFinite && facts[2 * piece + 1] == 1
            }
            most = max(most, magnitude)
            if magnitude > 0 { least = min(least, magnitude) }
        }
        return (most, least.isFinite ? least : 0, isFinite)
    }
}

/// What is looked for in both operands of a direct pass, and where it is kept.
struct DirectFacts: Hashable, Sendable {
    let first: OperandFacts
    let second: OperandFacts
    /// Products that one result is a sum of.
    let terms: Double
    let precision: Precision
    private let firstFacts: Booking
    private let secondFacts: Booking

    init(_ problem: Problem, _ pass: Pass, _ precision: Precision, _ layout: inout WorkspaceLayout) {
        func plane(_ extent: (Axis) -> Int) -> Int { problem.axes.reduce(1) { $0 * extent($1) } }
        let input = OperandFacts(planes: problem.batch * problem.channels, size: plane(\.input))
        let output = OperandFacts(planes: problem.batch * problem.filters, size: plane(\.output))
        let filter = OperandFacts(planes: problem.filters * problem.channelsPerGroup, size: plane(\.filter))
        first = pass == .inputGradient ? output : input
        second = pass == .filterGradient ? output : filter
        terms =
            switch pass {
            case .forward: Double(problem.channelsPerGroup) * Double(filter.size)
            case .inputGradient: Double(problem.filtersPerGroup) * Double(filter.size)
            case .filterGradient: Double(problem.batch) * Double(output.size)
            }
        self.precision = precision
        firstFacts = layout.book(first.factCount, bytesEach: 8)
        secondFacts = layout.book(second.factCount, bytesEach: 8)
    }

    var jobCount: Int { first.jobCount + second.jobCount }

    func look<Scalar: ConvolutionScalar>(
        _ job: Int, _ one: Elements<Scalar>, _ two: Elements<Scalar>, _ scratch: SharedRegion<UInt8>
    ) {
        if job < first.jobCount {
            first.look(job, one, scratch.region(firstFacts, of: Double.self))
        } else {
            second.look(job - first.jobCount, two, scratch.region(secondFacts, of: Double.self))
        }
    }

    /// How the operands have to be scaled so that all sums stay in range: none can overflow, and what underflow loses is
    /// beyond the last place of any result's scale. The first operand may hold NaN and Inf: they meet only what they are
    /// multiplied with.
    ///
    /// - Returns: `nil` if no scaling can do it.
    func scaling(_ scratch: SharedRegion<UInt8>) -> DirectScaling? {
        let one = first.summary(scratch.region(firstFacts, of: Double.self))
        let two = second.summary(scratch.region(secondFacts, of: Double.self))
        guard two.isFinite else { return nil }
        let terms = max(terms, 1)
        // n products of 2⁻⁹⁵ lose n·2⁻¹⁵⁰, less than u·S = 2⁻¹¹⁹ for any n that fits; f64 alike.
        let isSingle = precision == .float32
        let (least, most) = isSingle ? (0x1p-95, 0x1p126) : (0x1p-960, 0x1p1022)
        func isInRange(_ scaling: DirectScaling) -> Bool {
            func scaled(_ value: Double, _ exponent: Int) -> Double {
                value * Double(sign: .plus, exponent: exponent, significand: 1)
            }
            let (a, b) = (scaled(one.least, scaling.first), scaled(two.least, scaling.second))
            let (c, d) = (scaled(one.most, scaling.first), scaled(two.most, scaling.second))
            return c * d * terms <= most && (a * b >= least || one.least == 0 || two.least == 0)
        }
        if isInRange(.none) { return DirectScaling.none }
        // Largest magnitudes near 1.
        let scaling = DirectScaling(
            first: one.most > 0 ? -Int(one.most.exponent) : 0, second: two.most > 0 ? -Int(two.most.exponent) : 0)
        return isInRange(scaling) ? scaling : nil
    }
}
