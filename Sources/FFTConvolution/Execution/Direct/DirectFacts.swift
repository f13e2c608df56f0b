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

/// What direct sums can do with some operands.
struct DirectRange: Sendable {
    let scaling: DirectScaling
    /// The planes of the result that then are out of range, or meet a filter that is not finite.
    var planesLeft: [Int] = []
}

/// How the elements of one operand are looked at: in jobs of some, whatever planes they are of.
struct OperandFacts: Hashable, Sendable {
    let planes: Int
    let size: Int
    private let jobs: EvenCut
    private let facts: Booking

    /// Elements of a job: 64 KiB of f32, a few microseconds.
    static let job = 16384

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

    /// Those of each plane. Allocates: operands out of range are rare.
    func planeMagnitudes<Scalar: ConvolutionScalar>(_ operand: Elements<Scalar>, threads: Int) throws -> [Magnitudes] {
        var found = [Magnitudes](repeating: Magnitudes(), count: planes)
        var span = found.mutableSpan
        try span.withSharedRegion { found in
            try Workers.run(count: threads, blocks: planes) { plane, _ in
                found[plane] = Magnitudes(of: operand, at: plane * size, count: size)
            }
        }
        return found
    }
}

/// What is looked for in both operands of a direct pass, and where it is kept.
struct DirectFacts: Hashable, Sendable {
    private let problem: Problem
    private let pass: Pass
    private let precision: Precision
    private let first: OperandFacts
    private let second: OperandFacts
    /// Products that one result is a sum of, at most.
    private let terms: Double

    init(_ problem: Problem, _ pass: Pass, _ precision: Precision, _ layout: inout WorkspaceLayout) {
        let sizes = problem.planeSizes
        let outputs = (planes: problem.batch * problem.filters, size: sizes.output)
        let inputs = (planes: problem.batch * problem.channels, size: sizes.input)
        let filters = (planes: problem.filters * problem.channelsPerGroup, size: sizes.filter)
        let one = pass == .inputGradient ? outputs : inputs
        let two = pass == .filterGradient ? outputs : filters
        first = OperandFacts(planes: one.planes, size: one.size, &layout)
        second = OperandFacts(planes: two.planes, size: two.size, &layout)
        terms = problem.termCount(pass)
        self.problem = problem
        self.pass = pass
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

    /// How the operands have to be scaled so that sums stay in range: none can overflow that need not, and what underflow loses is
    /// beyond the last place of a result's scale, which is at least the product of the largest magnitudes of any two planes that it
    /// sums. The first operand may hold NaN and Inf: they meet only what they are multiplied with.
    ///
    /// - Returns: `nil` if no plane of the result can be summed.
    func range<Scalar: ConvolutionScalar>(
        _ one: Elements<Scalar>, _ two: Elements<Scalar>, _ scratch: SharedRegion<UInt8>, threads: Int
    ) throws -> DirectRange? {
        let (a, b) = (first.magnitudes(scratch), second.magnitudes(scratch))
        let scalings = scalings(a, b)
        // Mostly the least elements of all planes say enough, which are known already.
        if b.isFinite, let scaling = scalings.first(where: { !canUnderflow(a.least, b.least, $0) }) {
            return DirectRange(scaling: scaling)
        }
        let one = try first.planeMagnitudes(one, threads: threads)
        let two = try second.planeMagnitudes(two, threads: threads)
        let ranges = scalings.map { DirectRange(scaling: $0, planesLeft: planesLeft(one, two, $0)) }
        let best = ranges.min { $0.planesLeft.count < $1.planesLeft.count }
        return best.flatMap { $0.planesLeft.count < resultPlaneCount ? $0 : nil }
    }

    /// Those that no sum can overflow with, unless it does in any arithmetic.
    private func scalings(_ a: Magnitudes, _ b: Magnitudes) -> [DirectScaling] {
        guard a.largest > 0, b.largest > 0 else { return [.none] }
        let isInRange = a.largest * b.largest * max(terms, 1) <= (precision == .float32 ? 0x1p126 : 0x1p1022)
        // Largest magnitudes near 1.
        let near = DirectScaling(first: -Int(a.largest.exponent), second: -Int(b.largest.exponent))
        return (isInRange ? [.none] : []) + (canBeScaledBack(a, b) ? [near] : [])
    }

    /// Whether what rounding leaves of terms that cancel cannot overflow when scaled sums are scaled back: with three fractions below 2,
    /// and 2⁹ roundings, it is below 2¹²·u times the power of these exponents.
    private func canBeScaledBack(_ a: Magnitudes, _ b: Magnitudes) -> Bool {
        let exponent = Int(a.largest.exponent) + Int(b.largest.exponent) + Int(max(terms, 1).exponent)
        return exponent <= (precision == .float32 ? 127 + 24 : 1023 + 53) - 12
    }

    /// Whether products of such magnitudes may be too small: n products of 2⁻⁹⁵ lose n·2⁻¹⁵⁰, less than u·S = 2⁻¹¹⁹ for any n
    /// that fits; f64 alike. Infinity is the least magnitude of zeros.
    private func canUnderflow(_ a: Double, _ b: Double, _ scaling: DirectScaling) -> Bool {
        guard a.isFinite, b.isFinite else { return false }
        return Int(a.exponent) + Int(b.exponent) - scaling.result < (precision == .float32 ? -95 : -960)
    }

    private var resultPlaneCount: Int { problem.resultShape(pass).prefix(2).reduce(1, *) }

    /// The planes of the result that meet a filter that is not finite, or of whose products no one is large enough.
    private func planesLeft(_ one: [Magnitudes], _ two: [Magnitudes], _ scaling: DirectScaling) -> [Int] {
        (0..<resultPlaneCount).filter { plane in
            var (isZero, isLargeEnough) = (true, false)
            for pair in problem.pairs(ofResultPlane: plane, pass) {
                let (a, b) = (one[pair.first], two[pair.second])
                guard b.isFinite else { return true }
                guard a.largest > 0, b.largest > 0 else { continue }
                isZero = false
                isLargeEnough = isLargeEnough || !canUnderflow(a.largest, b.largest, scaling)
            }
            return !isZero && !isLargeEnough
        }
    }
}
