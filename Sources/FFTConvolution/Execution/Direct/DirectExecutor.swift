internal import SpectralEngine

/// A form of direct sums made ready to run: looks at the operands, sums what can be brought into range, and leaves the planes that
/// cannot to the reference.
protocol DirectExecutor<Scalar>: PassExecutor {
    var problem: Problem { get }
    var pass: Pass { get }
    var workers: Int { get }
    var facts: DirectFacts { get }

    /// Jobs that need no scaling, done while the operands are looked at.
    var preparationCount: Int { get }
    func prepare(_ job: Int, _ second: Elements<Scalar>, _ scratch: SharedRegion<UInt8>)

    /// Whether ``sum(_:_:_:_:into:_:_:)``, where it scales nothing, looks at the operands itself, each block at its share of them. Where
    /// blocks and operands lie in one order that is what it is about to read: what memory sends once is then looked at and summed.
    var looksOnTheWay: Bool { get }

    /// Computes the pass on operands that `scaling` brings into range.
    func sum(
        _ first: Elements<Scalar>, _ second: Elements<Scalar>, _ bias: Elements<Scalar>, _ scaling: DirectScaling,
        into result: SharedRegion<Scalar>, _ scratch: SharedRegion<UInt8>, _ control: ExecutionControl?
    ) throws
}

extension DirectExecutor {
    var preparationCount: Int { 0 }
    func prepare(_ job: Int, _ second: Elements<Scalar>, _ scratch: SharedRegion<UInt8>) {}
    var looksOnTheWay: Bool { false }

    func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, bias: Span<Scalar>, into result: SharedRegion<Scalar>,
        scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        let range = try withElements(first) { one in
            try withElements(second) { two in
                try withElements(bias) { bias in
                    let preparations = preparationCount
                    let looks = looksOnTheWay ? 0 : facts.jobCount
                    try Workers.run(count: workers, blocks: preparations + looks) { job, _ in
                        if job < preparations {
                            prepare(job, two, scratch)
                        } else {
                            facts.look(job - preparations, one, two, scratch)
                        }
                    }
                    // Sums of operands that turn out to be out of range are made again.
                    if looksOnTheWay { try sum(one, two, bias, .none, into: result, scratch, control) }
                    guard let range = try facts.range(one, two, scratch, threads: workers) else {
                        return DirectRange?.none
                    }
                    if !looksOnTheWay || !range.scaling.isNone {
                        try sum(one, two, bias, range.scaling, into: result, scratch, control)
                    }
                    return range
                }
            }
        }
        // Made where it is needed: it asks for shapes, and most calls are short.
        func reference() -> ReferenceExecutor<Scalar> {
            ReferenceExecutor(problem: problem, pass: pass, threads: workers)
        }
        guard let range else {
            return try reference().execute(
                first, second, bias: bias, into: result, scratch: scratch, control: control)
        }
        for plane in range.planesLeft {
            try reference().sum(plane: plane, first, second, bias, into: result, control)
        }
        try problem.correctLargeBiases(first, second, bias, result, threads: workers, control)
    }
}
