internal import SpectralEngine

/// Direct spatial sums in the operands' own precision, as fast as the processor multiplies.
///
/// Two forms: *stencils* for few channels, where a filter plane passes over an input plane with rows in vectors; and a
/// *product of matrices* for many, with filters in vectors. See `Docs/Algorithms/Direct.md`.
package struct Direct: Algorithm {
    package static let name = "Direct"
    package static let method = Method.direct

    let request: PlanRequest
    let form: Form
    package let predictedTime: Double
    /// That have enough to do.
    private let workers: Int
    package let rankingTime: Double

    enum Form: Hashable, Sendable {
        case stencil(StencilLayout)
        case channelStencil(ChannelStencilLayout)
        case stencilGradient(StencilGradientLayout)
        case placed(PlacedLayout)
        case matrix(MatrixLayout)
        case matrixGradient(MatrixGradientLayout)
        case channelGradient(ChannelGradientLayout)
    }

    /// Parts of sets of results that a recipe may be made of: each is a few hundred bytes of it.
    private static let mostParts = 4096

    package static func recipes(for request: PlanRequest) throws(Inapplicable) -> [Direct] {
        var parts = 1
        for axis in request.problem.axes {
            let (product, overflow) = parts.multipliedReportingOverflow(by: DirectAxis.partCount(axis))
            guard !overflow, product <= mostParts else {
                throw Inapplicable("its strides and dilations cut the sums into more than \(mostParts) parts")
            }
            parts = product
        }
        let geometry = DirectGeometry(request.problem, request.pass)
        let precision = request.precision
        var makers: [(Int) -> Form] = []
        if request.pass == .filterGradient {
            makers.append { .stencilGradient(StencilGradientLayout(geometry, precision, workers: $0)) }
        } else {
            makers.append { .stencil(StencilLayout(geometry, precision, workers: $0)) }
            if ChannelStencilLayout.isApplicable(geometry) {
                makers.append { .channelStencil(ChannelStencilLayout(geometry, precision, workers: $0)) }
            }
        }
        // One plane times one plane has no matrix.
        if geometry.problem.channelsPerGroup * geometry.problem.filtersPerGroup > 1 {
            if request.pass == .filterGradient {
                makers.append { .matrixGradient(MatrixGradientLayout(geometry.problem, precision, workers: $0)) }
                makers.append { .channelGradient(ChannelGradientLayout(geometry, precision, workers: $0)) }
            } else {
                makers.append { .matrix(MatrixLayout(geometry, precision, workers: $0)) }
                if PlacedLayout.isApplicable(geometry) {
                    makers.append { .placed(PlacedLayout(geometry, precision, workers: $0)) }
                }
            }
        }
        return makers.map { Direct(request, $0) }.sorted { $0.rankingTime < $1.rankingTime }
    }

    private init(_ request: PlanRequest, _ make: (Int) -> Form) {
        self.request = request
        let model = CostModel(request.machine)
        let single = model.directTime(make(1), request)
        var workers = model.workersWorthWaking(single, of: max(request.threads, 1))
        var form = make(workers)
        // A memory limit takes workers: no bit depends on them.
        while form.byteCount > request.memoryLimit, workers > 1 {
            workers -= 1
            form = make(workers)
        }
        self.form = form
        self.workers = workers
        predictedTime = model.shared(single, workers: workers)
        rankingTime = model.shared(single, workers: model.workersWorthWaking(single, of: request.machine.coreCount))
    }

    /// A recipe of a given form, to be run and not to be chosen.
    init(_ request: PlanRequest, _ form: Form) {
        self.request = request
        self.form = form
        (workers, predictedTime, rankingTime) = (request.threads, 0, 0)
    }

    package var workspaceByteCount: Int { form.byteCount }

    /// γₙ = n·u / (1 − n·u) for n roundings.
    package var relativeErrorBound: Double {
        let lost = Double(form.roundings) * request.precision.unitRoundoff
        return lost < 1 ? lost / (1 - lost) : .infinity
    }

    package func predictedTime(on machine: Machine) -> Double {
        let model = CostModel(machine)
        return model.shared(model.directTime(form, request), workers: workers)
    }

    package var arithmetic: Arithmetic { .sums(roundings: form.roundings) }

    package var description: String {
        switch form {
        case .stencil, .stencilGradient: "stencils"
        case .channelStencil: "stencils, channels in vectors"
        case .placed(let layout):
            "products of matrices\(layout.readsInPlace ? " in place" : ""), positions in vectors"
        case .matrix, .matrixGradient: "products of matrices"
        case .channelGradient: "products of matrices, channels in vectors"
        }
    }

    package func makeExecutor<Scalar: ConvolutionScalar>(for type: Scalar.Type) -> any PassExecutor<Scalar> {
        switch form {
        case .stencil(let layout): StencilExecutor(layout: layout)
        case .channelStencil(let layout): ChannelStencilExecutor(layout: layout)
        case .stencilGradient(let layout): StencilGradientExecutor(layout: layout)
        case .placed(let layout): PlacedExecutor(layout: layout)
        case .matrix(let layout): MatrixExecutor(layout: layout)
        case .matrixGradient(let layout): MatrixGradientExecutor(layout: layout)
        case .channelGradient(let layout): ChannelGradientExecutor(layout: layout)
        }
    }
}

extension Direct.Form {
    var byteCount: Int {
        switch self {
        case .stencil(let layout): layout.byteCount
        case .channelStencil(let layout): layout.byteCount
        case .stencilGradient(let layout): layout.byteCount
        case .placed(let layout): layout.byteCount
        case .matrix(let layout): layout.byteCount
        case .matrixGradient(let layout): layout.byteCount
        case .channelGradient(let layout): layout.byteCount
        }
    }

    /// Roundings that one term meets at most: that of its product, and those of the sums it is in.
    var roundings: Int {
        switch self {
        case .stencil(let layout): layout.roundings
        case .channelStencil(let layout): layout.roundings
        case .stencilGradient(let layout): layout.roundings
        case .placed(let layout): layout.roundings
        case .matrix(let layout): layout.roundings
        case .matrixGradient(let layout): layout.roundings
        case .channelGradient(let layout): layout.roundings
        }
    }
}

extension StencilLayout {
    /// A block of taps is one sum; those of sources, parts, layers and planes are added one after the other. The bias is first.
    var roundings: Int {
        let largest = geometry.sets.flatMap(\.parts).map(\.tapBlocks.largest).max() ?? 0
        let sums = geometry.sets.map { $0.parts.reduce(0) { $0 + $1.depth.taps.count * $1.tapBlocks.count } }.max() ?? 1
        return 2 + largest + geometry.sourcesPerGroup * sums
    }
}

extension ChannelStencilLayout {
    /// A block of taps is one sum; those of planes and layers are added one after the other, to the bias.
    var roundings: Int { 2 + tapBlocks.largest + geometry.filter.depth * tapBlocks.count }
}

extension StencilGradientLayout {
    /// A band is one sum, in as many lanes as the processor has, at worst one.
    var roundings: Int {
        let terms = zip(rowCuts, columnCuts).map { $0.largest * $1.largest }.max() ?? 0
        return 1 + terms + chunks.largest + chunks.pieces
    }
}

extension MatrixLayout {
    /// A run is one sum; runs are added one after the other. The bias is first.
    var roundings: Int { 2 + (runs.map { $0.largest + $0.pieces }.max() ?? 0) }
}

extension PlacedLayout {
    /// As for other products.
    var roundings: Int { 2 + runs.largest + runs.pieces }
}

extension MatrixGradientLayout {
    var roundings: Int { 1 + runs.largest + slabs.additions(runs.pieces) }
}

extension ChannelGradientLayout {
    var roundings: Int { 1 + runs.largest + slabs.additions(runs.pieces) }
}
