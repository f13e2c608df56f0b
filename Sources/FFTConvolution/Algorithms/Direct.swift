internal import SpectralEngine

/// Direct spatial sums in the operands' own precision, as fast as the processor multiplies.
///
/// *Stencils* for few channels, where a filter plane passes over an input plane with rows in vectors; *products of matrices* for many,
/// with filters, positions or channels in vectors. Each form is a ``DirectLayout``. See `Docs/Algorithms/Direct.md`.
package struct Direct: Algorithm {
    package static let name = "Direct"
    package static let method = Method.direct

    let request: PlanRequest
    let form: any DirectLayout
    package let predictedTime: Double
    /// That have enough to do.
    private let workers: Int
    package let rankingTime: Double

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
        var makers: [(Int) -> any DirectLayout] = []
        if request.pass == .filterGradient {
            makers.append { StencilGradientLayout(geometry, precision, workers: $0) }
            if ChannelStencilLayout.isApplicable(geometry) {
                makers.append { ChannelStencilGradientLayout(geometry, precision, workers: $0) }
            }
        } else {
            makers.append { StencilLayout(geometry, precision, workers: $0) }
            if ChannelStencilLayout.isApplicable(geometry) {
                makers.append { ChannelStencilLayout(geometry, precision, workers: $0) }
            }
        }
        // One plane times one plane has no matrix.
        if geometry.problem.channelsPerGroup * geometry.problem.filtersPerGroup > 1 {
            if request.pass == .filterGradient {
                makers.append { MatrixGradientLayout(geometry.problem, precision, workers: $0) }
                makers.append { ChannelGradientLayout(geometry, precision, workers: $0) }
            } else {
                makers.append { MatrixLayout(geometry, precision, workers: $0) }
                if PlacedLayout.isApplicable(geometry) {
                    makers.append { PlacedLayout(geometry, precision, workers: $0) }
                }
            }
        }
        return makers.map { Direct(request, $0) }.filter(\.form.isAddressable).sorted {
            $0.rankingTime < $1.rankingTime
        }
    }

    private init(_ request: PlanRequest, _ make: (Int) -> any DirectLayout) {
        self.request = request
        let model = CostModel(request.machine)
        let single = model.directTime(make(1), request)
        var workers = model.workersWorthWaking(single, of: max(request.threads, 1))
        var form = make(workers)
        // A memory limit takes workers: no bit depends on them.
        while form.byteCount + form.tableByteCount > request.memoryLimit, workers > 1 {
            workers -= 1
            form = make(workers)
        }
        self.form = form
        self.workers = workers
        predictedTime = model.shared(single, workers: workers)
        let rankingWorkers = model.workersWorthWaking(single, of: request.machine.coreCount)
        rankingTime = model.ranking(model.shared(single, workers: rankingWorkers), workers: rankingWorkers)
    }

    /// A recipe of a given form, to be run and not to be chosen.
    init(_ request: PlanRequest, _ form: any DirectLayout) {
        self.request = request
        self.form = form
        (workers, predictedTime, rankingTime) = (request.threads, 0, 0)
    }

    package var workspaceByteCount: Int { form.byteCount }
    package var tableByteCount: Int { form.tableByteCount }

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

    package var description: String { form.name }

    package func makeExecutor<Scalar: ConvolutionScalar>(for type: Scalar.Type) -> any PassExecutor<Scalar> {
        form.makeExecutor()
    }
}

/// One form of direct sums for one pass of one problem: how it is cut, and the places of its workspace.
protocol DirectLayout: Hashable, Sendable {
    /// In tables.
    var name: String { get }
    /// Bytes of scratch, and of the distances that its executor keeps.
    var byteCount: Int { get }
    var tableByteCount: Int { get }
    /// Whether these distances are below 2³¹, as the kernels read them.
    var isAddressable: Bool { get }
    /// Roundings that one term meets at most: that of its product, and those of the sums it is in.
    var roundings: Int { get }

    /// What a model says of its sums on one core, in seconds for f32: operands and results aside.
    func workTime(_ model: CostModel) -> Double
    /// As many calls' entries it takes: one, and another where tables and panels are made ready for few products
    /// (`Docs/Measurements/2026-11-28-channels.md`).
    var entries: Double { get }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar>
}

extension DirectLayout {
    var tableByteCount: Int { 0 }
    var isAddressable: Bool { true }
    var entries: Double { 1 }
}

extension StencilLayout: DirectLayout {
    var name: String { "stencils" }
    /// A block of taps, or some layers of them, is one sum; those of sources, parts, layers and planes are added one after the other.
    /// The bias is first.
    var roundings: Int {
        let largest =
            geometry.sets.flatMap(\.parts).map {
                min($0.depth.taps.count, $0.tapBlocks.mostLayers) * $0.tapBlocks.largest
            }.max() ?? 0
        let sums =
            geometry.sets.map {
                $0.parts.reduce(0) { $0 + $1.tapBlocks.layers($1.depth.taps.count).pieces * $1.tapBlocks.count }
            }.max() ?? 1
        return 2 + largest + geometry.sourcesPerGroup * sums
    }

    func workTime(_ model: CostModel) -> Double { model.stencilTime(self) }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { StencilExecutor(layout: self) }
}

extension ChannelStencilLayout: DirectLayout {
    var name: String { "stencils, channels in vectors" }
    /// A block of taps is one sum; those of planes and layers are added one after the other, to the bias.
    var roundings: Int { 2 + tapBlocks.largest + geometry.filter.depth * tapBlocks.count }

    func workTime(_ model: CostModel) -> Double { model.channelStencilTime(self) }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { ChannelStencilExecutor(layout: self) }
}

extension StencilGradientLayout: DirectLayout {
    var name: String { "stencils" }
    /// A band is one sum, in as many lanes as the processor has, at worst one.
    var roundings: Int {
        let terms = zip(rowCuts, columnCuts).map { $0.largest * $1.largest }.max() ?? 0
        return 1 + terms + chunks.largest + chunks.pieces
    }

    func workTime(_ model: CostModel) -> Double { model.stencilGradientTime(self) }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { StencilGradientExecutor(layout: self) }
}

extension ChannelStencilGradientLayout: DirectLayout {
    var name: String { "stencils, channels in vectors" }
    /// A band is one sum for each run of columns.
    var roundings: Int {
        let columns = geometry.result.columns
        let sums = (columns + ChannelStencil.longestRun - 1) / ChannelStencil.longestRun
        return 1 + rows.largest * columns + chunks.largest * max(sums, 1) + chunks.pieces
    }

    func workTime(_ model: CostModel) -> Double { model.channelStencilGradientTime(self) }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> {
        ChannelStencilGradientExecutor(layout: self)
    }
}

extension MatrixLayout: DirectLayout {
    var name: String { "products of matrices" }
    var tableByteCount: Int {
        let distances = (0..<cuts.count).reduce(0) { min($0 + depth(of: $1), .max / 16) }
        let taps = fillings.reduce(0) { min($0 + $1.count, .max / 16) }
        return distances * MemoryLayout<Int32>.stride + taps * MemoryLayout<Int>.stride
    }
    var isAddressable: Bool { slabCount <= Int(Int32.max) }
    /// A run is one sum; runs are added one after the other. The bias is first.
    var roundings: Int { 2 + (runs.map { $0.largest + $0.pieces }.max() ?? 0) }

    func workTime(_ model: CostModel) -> Double { model.matrixTime(self) }
    var entries: Double { geometry.taps > 1 ? 2 : 1 }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { MatrixExecutor(layout: self) }
}

extension PlacedLayout: DirectLayout {
    var name: String { "products of matrices\(readsInPlace ? " in place" : ""), positions in vectors" }
    var tableByteCount: Int {
        let distances = 2 * MemoryLayout<Int32>.stride * (readsInPlace ? 2 : 1)
        return saturatingProduct(filling.count, geometry.sourcesPerGroup, distances)
    }
    /// As for other products.
    var roundings: Int { 2 + runs.largest + runs.pieces }

    func workTime(_ model: CostModel) -> Double { model.placedTime(self) }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { PlacedExecutor(layout: self) }
}

extension MatrixGradientLayout: DirectLayout {
    var name: String { "products of matrices" }
    var tableByteCount: Int { slabs.offsetCount * MemoryLayout<Int32>.stride + slabs.tapByteCount }
    var isAddressable: Bool { slabs.inputCount <= Int(Int32.max) }
    var roundings: Int { 1 + runs.largest + slabs.additions(runs.pieces) }

    func workTime(_ model: CostModel) -> Double { model.matrixGradientTime(self) }
    var entries: Double { 2 }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { MatrixGradientExecutor(layout: self) }
}

extension ChannelGradientLayout: DirectLayout {
    var name: String { "products of matrices, channels in vectors" }
    var tableByteCount: Int { slabs.offsetCount * 2 * MemoryLayout<Int32>.stride + slabs.tapByteCount }
    var isAddressable: Bool { slabs.inputCount <= Int(Int32.max) }
    var roundings: Int { 1 + runs.largest + slabs.additions(runs.pieces) }

    func workTime(_ model: CostModel) -> Double { model.channelGradientTime(self) }
    var entries: Double { 2 }
    func makeExecutor<Scalar: ConvolutionScalar>() -> any PassExecutor<Scalar> { ChannelGradientExecutor(layout: self) }
}
