internal import SpectralEngine
internal import Synchronization

// What a plan does with the elements of whole tensors beside convolving them, on as many threads as it pays for.

/// The index of the first element that is not finite.
func firstNonFinite<Scalar: ConvolutionScalar>(_ span: Span<Scalar>, threads: Int) throws -> Int? {
    let jobs = EvenCut(span.count, most: OperandFacts.job)
    let firstJob = Atomic(jobs.pieces)
    try withElements(span) { elements in
        try Workers.run(count: workers(threads, span.count, share: scanShare), blocks: jobs.pieces) { job, _ in
            guard job < firstJob.load(ordering: .relaxed) else { return }
            let range = jobs[job]
            guard !Magnitudes(of: elements, at: range.lowerBound, count: range.count).isFinite else { return }
            firstJob.min(job, ordering: .relaxed)
        }
    }
    let found = firstJob.load(ordering: .relaxed)
    return found < jobs.pieces ? jobs[found].first { !span[$0].isFinite } : nil
}

/// db[k] = Σ_n Σ_o dY[n, k, o].
func sumBiasGradient<Scalar: ConvolutionScalar>(
    _ dy: Span<Scalar>, _ problem: Problem, into db: SharedRegion<Scalar>, threads: Int
) throws {
    let (batch, filters, plane) = (problem.batch, problem.filters, problem.planeSizes.output)
    try Workers.run(count: workers(threads, dy.count, share: sumShare), blocks: filters) { k, _ in
        db[k] = sumPlanes(dy, batch: batch, filters: filters, filter: k, plane: plane)
    }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func sumPlanes<Scalar: ConvolutionScalar>(
    _ dy: Span<Scalar>, batch: Int, filters: Int, filter: Int, plane: Int
) -> Scalar {
    var sum = Scalar.Wide()
    for n in 0..<batch {
        let start = (n * filters + filter) * plane
        for index in start..<start + plane { sum.add(dy[index]) }
    }
    return sum.rounded
}

private func workers(_ threads: Int, _ count: Int, share: Int) -> Int { min(threads, max(count / share, 1)) }

/// Elements that a worker must have to be woken for them: 50 µs, like `Machine.leastShare`, at four cycles each of a wide sum, and at
/// a quarter of one where vectors are only looked at.
private let sumShare = 40_000
private let scanShare = 640_000
