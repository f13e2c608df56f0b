internal import SpectralEngine

// Goals, in this order: 1. obviously right, 2. readable, 3. fast enough to check others with.
//
// This is the direct spatial implementation that every other result is checked against. It shares no index
// arithmetic with the FFT path: each sum below is the textbook formula of `Docs/Mathematics.md`, and a tap that
// falls outside the input is skipped, so that padding contributes nothing, not even NaN.

/// The plain spatial loops for all three passes.
package struct Reference: Algorithm {
    package static let name = "Reference"
    package static let method = Method.direct

    let request: PlanRequest

    package static func recipes(for request: PlanRequest) -> [Reference] { [Reference(request: request)] }

    package func predictedTime(on machine: Machine) -> Double {
        CostModel(machine).referenceTime(request, workers: request.threads)
    }

    package var predictedTime: Double { CostModel(request.machine).referenceTime(request, workers: request.threads) }
    package var rankingTime: Double {
        CostModel(request.machine).referenceTime(request, workers: request.machine.coreCount)
    }
    package let workspaceByteCount = 0

    /// One rounding of the result, and those of its sum of n terms in twice the precision: n·2⁻⁵³ or n·2⁻¹⁰⁴.
    package var relativeErrorBound: Double {
        let terms = request.problem.termCount(request.pass)
        return request.precision.unitRoundoff + terms * (request.precision == .float32 ? 0x1p-53 : 0x1p-104)
    }
    package var arithmetic: Arithmetic { .wideSums }

    package var description: String {
        "direct sums in \(request.precision == .float32 ? "double" : "double-double") precision"
    }

    package func makeExecutor<Scalar: ConvolutionScalar>(for type: Scalar.Type) -> any PassExecutor<Scalar> {
        ReferenceExecutor<Scalar>(problem: request.problem, pass: request.pass, threads: request.threads)
    }
}

/// Shares the loops out over threads: for whole results, and for single planes that another algorithm leaves to direct sums.
struct ReferenceExecutor<Scalar: ConvolutionScalar>: PassExecutor {
    private let loops: ReferenceLoops
    private let pass: Pass
    private let threads: Int
    /// Of the result: planes, rows of one plane, elements of one row.
    private let planes: Int, rows: Int, columns: Int
    /// The pieces that a row is cut into.
    private let pieces: EvenCut

    /// Products a block is to have: some 200 µs of f32, 2 ms of f64. Rows of signals are long, and so would be the waits for other
    /// threads, and until a request to stop is seen.
    private static var blockProducts: Double { 0x1p18 }

    init(problem: Problem, pass: Pass, threads: Int) {
        loops = ReferenceLoops(problem)
        self.pass = pass
        self.threads = threads
        let shape = problem.resultShape(pass)
        planes = shape[0] * shape[1]
        rows = shape.dropFirst(2).dropLast().reduce(1, *)
        columns = shape.last ?? 1
        pieces = EvenCut(columns, most: max(Int(Self.blockProducts / max(problem.termCount(pass), 1)), 1))
    }

    func execute(
        _ first: Span<Scalar>, _ second: Span<Scalar>, bias: Span<Scalar>, into result: SharedRegion<Scalar>,
        scratch: SharedRegion<UInt8>, control: ExecutionControl?
    ) throws {
        control?.begin(blocks: planes * rows * pieces.pieces)
        try sum(planes: 0..<planes, first, second, bias, into: result) { try control?.completeBlock() }
    }

    /// Computes one plane of the result, at the end of work that counts its own blocks.
    func sum(
        plane: Int, _ first: Span<Scalar>, _ second: Span<Scalar>, _ bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, _ control: ExecutionControl?
    ) throws {
        try sum(planes: plane..<plane + 1, first, second, bias, into: result) { try control?.checkCancellation() }
    }

    private func sum(
        planes: Range<Int>, _ first: Span<Scalar>, _ second: Span<Scalar>, _ bias: Span<Scalar>,
        into result: SharedRegion<Scalar>, afterBlock: @Sendable () throws -> Void
    ) throws {
        let count = pieces.pieces
        try Workers.run(count: threads, blocks: planes.count * rows * count) { block, _ in
            let (row, columns) = (planes.lowerBound * rows + block / count, pieces[block % count])
            switch pass {
            case .forward: loops.forward(first, second, bias, row: row, columns, into: result)
            case .inputGradient: loops.inputGradient(first, second, row: row, columns, into: result)
            case .filterGradient: loops.filterGradient(first, second, row: row, columns, into: result)
            }
            try afterBlock()
        }
    }
}

/// The loops. Every problem is seen with three spatial axes, absent ones having extent 1.
struct ReferenceLoops: Sendable {
    let N: Int, C: Int, K: Int
    let channelsPerGroup: Int, filtersPerGroup: Int
    /// Depth, height, width.
    let input: SIMD3<Int>, filter: SIMD3<Int>, output: SIMD3<Int>
    let stride: SIMD3<Int>, dilation: SIMD3<Int>, before: SIMD3<Int>

    init(_ problem: Problem) {
        N = problem.batch
        C = problem.channels
        K = problem.filters
        channelsPerGroup = problem.channels / problem.groups
        filtersPerGroup = problem.filters / problem.groups
        let missing = 3 - problem.axes.count
        func threeAxes(_ value: (Axis) -> Int, else absent: Int) -> SIMD3<Int> {
            SIMD3(Array(repeating: absent, count: missing) + problem.axes.map(value))
        }
        input = threeAxes(\.input, else: 1)
        filter = threeAxes(\.filter, else: 1)
        output = threeAxes(\.output, else: 1)
        stride = threeAxes(\.stride, else: 1)
        dilation = threeAxes(\.dilation, else: 1)
        before = threeAxes(\.before, else: 0)
    }

    /// Y[n,k,o] = bias[k] + Σ_c Σ_f X[n, c, o·stride − before + f·dilation] · W[k, c, f], for some
    /// columns of one row of Y.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func forward<Scalar: ConvolutionScalar>(
        _ x: Span<Scalar>, _ w: Span<Scalar>, _ bias: Span<Scalar>, row: Int, _ columns: Range<Int>,
        into y: SharedRegion<Scalar>
    ) {
        let (n, k, p, q) = split(row, K, output[0], output[1])
        let firstChannel = k / filtersPerGroup * channelsPerGroup
        for r in columns {
            var sum = Scalar.Wide()
            if !bias.isEmpty { sum.add(bias[k]) }
            for c in 0..<channelsPerGroup {
                for fd in 0..<filter[0] {
                    let d = p * stride[0] - before[0] + fd * dilation[0]
                    if d < 0 || d >= input[0] { continue }
                    for fh in 0..<filter[1] {
                        let h = q * stride[1] - before[1] + fh * dilation[1]
                        if h < 0 || h >= input[1] { continue }
                        let xRow = offset(input, n * C + firstChannel + c, d, h)
                        let wRow = offset(filter, k * channelsPerGroup + c, fd, fh)
                        for fw in 0..<filter[2] {
                            let v = r * stride[2] - before[2] + fw * dilation[2]
                            if v < 0 || v >= input[2] { continue }
                            sum.addProduct(x[xRow + v], w[wRow + fw])
                        }
                    }
                }
            }
            y[row * output[2] + r] = sum.rounded
        }
    }

    /// dX[n,c,i] = Σ_k Σ_f dY[n, k, o] · W[k, c, f] over all o with o·stride − before + f·dilation = i, for some
    /// columns of one row.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func inputGradient<Scalar: ConvolutionScalar>(
        _ dy: Span<Scalar>, _ w: Span<Scalar>, row: Int, _ columns: Range<Int>, into dx: SharedRegion<Scalar>
    ) {
        let (n, c, d, h) = split(row, C, input[0], input[1])
        let group = c / channelsPerGroup
        let channel = c % channelsPerGroup
        for v in columns {
            var sum = Scalar.Wide()
            for k in group * filtersPerGroup..<(group + 1) * filtersPerGroup {
                for fd in 0..<filter[0] {
                    guard let p = outputIndex(d, fd, axis: 0) else { continue }
                    for fh in 0..<filter[1] {
                        guard let q = outputIndex(h, fh, axis: 1) else { continue }
                        let yRow = offset(output, n * K + k, p, q)
                        let wRow = offset(filter, k * channelsPerGroup + channel, fd, fh)
                        for fw in 0..<filter[2] {
                            guard let r = outputIndex(v, fw, axis: 2) else { continue }
                            sum.addProduct(dy[yRow + r], w[wRow + fw])
                        }
                    }
                }
            }
            dx[row * input[2] + v] = sum.rounded
        }
    }

    /// dW[k,c,f] = Σ_n Σ_o dY[n, k, o] · X[n, c, o·stride − before + f·dilation], for some columns of one row of dW.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    func filterGradient<Scalar: ConvolutionScalar>(
        _ x: Span<Scalar>, _ dy: Span<Scalar>, row: Int, _ columns: Range<Int>, into dw: SharedRegion<Scalar>
    ) {
        let (k, channel, fd, fh) = split(row, channelsPerGroup, filter[0], filter[1])
        let c = k / filtersPerGroup * channelsPerGroup + channel
        for fw in columns {
            var sum = Scalar.Wide()
            for n in 0..<N {
                for p in 0..<output[0] {
                    let d = p * stride[0] - before[0] + fd * dilation[0]
                    if d < 0 || d >= input[0] { continue }
                    for q in 0..<output[1] {
                        let h = q * stride[1] - before[1] + fh * dilation[1]
                        if h < 0 || h >= input[1] { continue }
                        let xRow = offset(input, n * C + c, d, h)
                        let yRow = offset(output, n * K + k, p, q)
                        for r in 0..<output[2] {
                            let v = r * stride[2] - before[2] + fw * dilation[2]
                            if v < 0 || v >= input[2] { continue }
                            sum.addProduct(x[xRow + v], dy[yRow + r])
                        }
                    }
                }
            }
            dw[row * filter[2] + fw] = sum.rounded
        }
    }

    /// The output whose tap `f` reads input `i` along one axis, if there is one.
    private func outputIndex(_ i: Int, _ f: Int, axis: Int) -> Int? {
        let position = i + before[axis] - f * dilation[axis]
        if position < 0 || position % stride[axis] != 0 { return nil }
        let o = position / stride[axis]
        return o < output[axis] ? o : nil
    }

    /// The index of the first element of row (d, h) of plane `plane`.
    private func offset(_ extents: SIMD3<Int>, _ plane: Int, _ d: Int, _ h: Int) -> Int {
        ((plane * extents[0] + d) * extents[1] + h) * extents[2]
    }

    /// A row number as (outermost, second, depth, height) of a tensor with these extents.
    private func split(_ row: Int, _ second: Int, _ depth: Int, _ height: Int) -> (Int, Int, Int, Int) {
        (row / (height * depth * second), row / (height * depth) % second, row / height % depth, row % height)
    }
}
