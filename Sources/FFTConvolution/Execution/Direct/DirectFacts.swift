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

/// How the elements of one operand are looked at: in jobs of some, whatever planes they are of.
struct OperandFacts: Hashable, Sendable {
    let planes: Int
    let size: Int
    private let jobs: EvenCut
    private let facts: Booking

    /// Elements of a job: 64 KiB of f32, a few microseconds.
    private static let job = 16384

    init(planes: Int, size: Int, _ layout: inout WorkspaceLayout) {
        self.planes = planes
        self.size = size
        jobs = EvenCut(planes * size, most: Self.job)
        facts = layout.book(jobs.pieces, MemoryLayout<Magnitudes>.stride, bytesEach: 1)
    }

    var jobCount: Int { jobs.pieces }

    /// Looks at the elements of one job.
    func look<Scalar: ConvolutionScalar>(_ job: Int, _ operand: Elements<Scalar>, _ scratch: SharedRegion<UInt8>) {
        scratch.region(facts, of: Magnitudes.self)[job] =
            Magnitudes(of: operand, at: jobs[job].lowerBound, count: jobs[job].count)
    }

    /// Looks at this part of `parts` that are all of it.
    func look<Scalar: ConvolutionScalar>(
        part: Int, of parts: Int, _ operand: Elements<Scalar>, _ scratch: SharedRegion<UInt8>
    ) {
        for job in jobCount * part / parts..<jobCount * (part + 1) / parts { look(job, operand, scratch) }
    }

    /// Those of all elements.
    func magnitudes(_ scratch: SharedRegion<UInt8>) -> Magnitudes {
        let facts = scratch.region(facts, of: Magnitudes.self)
        return (0..<jobCount).reduce(into: Magnitudes()) { $0.add(facts[$1]) }
    }

    /// The least among the largest magnitudes of each plane other than 0.
    func leastPlane<Scalar: ConvolutionScalar>(_ operand: Elements<Scalar>) -> Double {
        (0..<planes).reduce(Double.infinity) { least, plane in
            let largest = Magnitudes(of: operand, at: plane * size, count: size).largest
            return largest > 0 ? min(least, largest) : least
        }
    }
}

/// What is looked for in both operands of a direct pass, and where it is kept.
struct DirectFacts: Hashable, Sendable {
    private let first: OperandFacts
    private let second: OperandFacts
    /// Products that one result is a sum of.
    private let terms: Double
    private let precision: Precision

    init(_ problem: Problem, _ pass: Pass, _ precision: Precision, _ layout: inout WorkspaceLayout) {
        let output = problem.axes.reduce(1) { $0 * $1.output }
        let filter = problem.axes.reduce(1) { $0 * $1.filter }
        let outputs = (planes: problem.batch * problem.filters, size: output)
        let inputs = (planes: problem.batch * problem.channels, size: problem.axes.reduce(1) { $0 * $1.input })
        let one = pass == .inputGradient ? outputs : inputs
        let two =
            pass == .filterGradient
            ? outputs : (planes: problem.filters * problem.channelsPerGroup, size: filter)
        first = OperandFacts(planes: one.planes, size: one.size, &layout)
        second = OperandFacts(planes: two.planes, size: two.size, &layout)
        terms =
            switch pass {
            case .forward: Double(problem.channelsPerGroup) * Double(filter)
            case .inputGradient: Double(problem.filtersPerGroup) * Double(filter)
            case .filterGradient: Double(problem.batch) * Double(output)
            }
        self.precision = precision
    }

    var jobCount: Int { first.jobCount + second.jobCount }

    func look<Scalar: ConvolutionScalar>(
        _ job: Int, _ one: Elements<Scalar>, _ two: Elements<Scalar>, _ scratch: SharedRegion<UInt8>
    ) {
        if job < first.jobCount {
            first.look(job, one, scratch)
        } else {
            second.look(job - first.jobCount, two, scratch)
        }
    }

    /// Looks at this part of both operands, of `parts` that are all of them.
    func look<Scalar: ConvolutionScalar>(
        part: Int, of parts: Int, _ one: Elements<Scalar>, _ two: Elements<Scalar>, _ scratch: SharedRegion<UInt8>
    ) {
        first.look(part: part, of: parts, one, scratch)
        second.look(part: part, of: parts, two, scratch)
    }

    /// How the operands have to be scaled so that all sums stay in range: none can overflow that need not, and what underflow loses is
    /// beyond the last place of any result's scale, which is at least a product of the largest magnitudes of two planes. The
    /// first operand may hold NaN and Inf: they meet only what they are multiplied with.
    ///
    /// - Returns: `nil` if no scaling can do it.
    func scaling<Scalar: ConvolutionScalar>(
        _ one: Elements<Scalar>, _ two: Elements<Scalar>, _ scratch: SharedRegion<UInt8>
    ) -> DirectScaling? {
        var (a, b) = (first.magnitudes(scratch), second.magnitudes(scratch))
        guard b.isFinite else { return nil }
        guard a.largest > 0, b.largest > 0 else { return DirectScaling.none }
        // Largest magnitudes near 1.
        let near = DirectScaling(first: -Int(a.largest.exponent), second: -Int(b.largest.exponent))
        for _ in 0..<2 {
            if isInRange(a, b, .none) { return DirectScaling.none }
            if isInRange(a, b, near) { return canBeScaledBack(a, b) ? near : nil }
            // The least element says too much of a plane with larger ones.
            (a.least, b.least) = (first.leastPlane(one), second.leastPlane(two))
        }
        return nil
    }

    /// Whether what rounding leaves of terms that cancel cannot overflow when scaled sums are scaled back: with three fractions below 2,
    /// and 2⁹ roundings, it is below 2¹²·u times the power of these exponents.
    private func canBeScaledBack(_ a: Magnitudes, _ b: Magnitudes) -> Bool {
        let exponent = Int(a.largest.exponent) + Int(b.largest.exponent) + Int(max(terms, 1).exponent)
        return exponent <= (precision == .float32 ? 127 + 24 : 1023 + 53) - 12
    }

    private func isInRange(_ a: Magnitudes, _ b: Magnitudes, _ scaling: DirectScaling) -> Bool {
        func scaled(_ value: Double, _ exponent: Int) -> Double {
            value * Double(sign: .plus, exponent: exponent, significand: 1)
        }
        let most = scaled(a.largest, scaling.first) * scaled(b.largest, scaling.second) * max(terms, 1)
        let least = scaled(a.least, scaling.first) * scaled(b.least, scaling.second)
        // n products of 2⁻⁹⁵ lose n·2⁻¹⁵⁰, less than u·S = 2⁻¹¹⁹ for any n that fits; f64 alike.
        return precision == .float32 ? most <= 0x1p126 && least >= 0x1p-95 : most <= 0x1p1022 && least >= 0x1p-960
    }
}
