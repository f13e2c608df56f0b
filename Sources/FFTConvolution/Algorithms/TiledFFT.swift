internal import SpectralEngine

/// Products of spectra over tiles: gather, transform, product, inverse, scatter.
///
/// A tile that covers its axis is whole-image FFT convolution, many tiles are overlap-save; not two algorithms but two
/// tilings, and the cost model picks. See `Docs/Algorithms/TiledFFT.md`.
package struct TiledFFT: Algorithm {
    package static let name = "TiledFFT"
    package static let method = Method.fft

    package let request: PlanRequest
    let tilings: [AxisTiling]
    let table: PassTable
    let layout: SpectralLayout
    /// The blocking of a matrix product for each bin; `nil` if spectra are multiplied one by one.
    let dense: DenseLayout?
    package let predictedTime: Double
    /// That have enough to do.
    private let workers: Int
    package let rankingTime: Double

    package var arithmetic: Arithmetic { .transforms(tilings) }
    package var isDense: Bool { dense != nil }
    package var workspaceByteCount: Int { max(layout.byteCount, dense?.byteCount ?? 0) }
    package var tableByteCount: Int {
        2 * request.precision.byteCount * table.shape.tableCount + (dense?.tableByteCount ?? 0)
    }

    /// A recipe with a given tiling, one entry per axis.
    ///
    /// - Throws: ``Inapplicable`` if the tiling is not alias-free.
    package init(
        _ request: PlanRequest, tilings: [AxisTiling], isDense: Bool = false, addsOverlaps: Bool = false
    ) throws(Inapplicable) {
        for (axis, tiling) in zip(request.problem.axes, tilings) {
            let needed = tiling.coversAxis ? axis.coveringLength : tiling.step + axis.dilatedFilter - 1
            guard tiling.step > 0, tiling.length >= needed else {
                throw Inapplicable("transform length \(tiling.length) wraps around: it must be at least \(needed)")
            }
        }
        guard FoldedTiles.fits(request.problem, tilings) else {
            throw Inapplicable("a tile of \(tilings.map(\.length)) cannot be folded")
        }
        // FFTW's sizes are 32-bit; beyond that a tile has no point. Keeps every size below well inside Int.
        guard tilings.reduce(1.0, { $0 * Double($1.length) }) <= Double(Int32.max) else {
            throw Inapplicable("a tile of \(tilings.map(\.length)) points is too large for FFTW's 32-bit sizes")
        }
        // Padding and stride can be so large that there are more tiles than an Int counts, or anyone waits for.
        let problem = request.problem
        let blocks = zip(problem.axes, tilings).reduce(Double(max(problem.batch, 1)) * Double(problem.groups)) {
            $0 * Double(AxisWindows(axis: $1.0, tiling: $1.1, pass: request.pass).tileCount)
        }
        guard blocks <= 0x1p48 else { throw Inapplicable("\(blocks) tiles are more than can be counted") }
        self.request = request
        self.tilings = tilings
        do {
            table = try PassTable(
                request.problem, pass: request.pass, tilings: tilings, addsOverlaps: addsOverlaps)
        } catch {
            throw Inapplicable(error.description)
        }
        guard isDense ? !tilings.contains(where: \.rolls) : RollingTiles.fits(table.shape, tilings) else {
            throw Inapplicable("tiles of \(tilings.map(\.step)) in \(tilings.map(\.length)) cannot roll")
        }
        let model = CostModel(request.machine)
        // A small call must not pay for waking others. And a memory limit takes workers before it takes tiles: how many run
        // changes no bit, the tiling does.
        var alone = request
        alone.threads = 1
        let precision = request.precision
        let singleTime: Double
        if isDense, let single = DenseLayout.fitting(.max, table, precision: precision, workers: 1) {
            singleTime = model.denseTime(table, single, alone, workers: 1)
        } else {
            let single = SpectralLayout(table, precision: precision, workers: 1)
            singleTime = model.tiledTime(table, single, alone, workers: 1)
        }
        workers = model.workersWorthWaking(singleTime, of: request.threads)
        let rankingWorkers = model.workersWorthWaking(singleTime, of: request.machine.coreCount)
        let tables = 2 * precision.byteCount * table.shape.tableCount
        guard isDense else {
            dense = nil
            layout = SpectralLayout.fitting(request.memoryLimit - tables, table, precision: precision, workers: workers)
            predictedTime = model.tiledTime(table, layout, request, workers: workers)
            rankingTime = model.ranking(
                model.tiledTime(table, layout, request, workers: rankingWorkers), workers: rankingWorkers)
            return
        }
        let limit = request.memoryLimit - tables
        guard let dense = DenseLayout.fitting(limit, table, precision: precision, workers: workers),
            let denseAlone = DenseLayout.fitting(limit, table, precision: precision, workers: 1)
        else {
            throw Inapplicable("nothing is summed over channels: there is no matrix to multiply")
        }
        self.dense = dense
        // What is out of the ordinary makes do with the same memory; with that of one worker where it decides bits.
        layout = SpectralLayout.fitting(denseAlone.byteCount, table, precision: precision, workers: 1)
            .with(dense.workers, table, precision: precision, limit: max(dense.byteCount, denseAlone.byteCount))
        predictedTime = model.denseTime(table, dense, request, workers: workers)
        rankingTime = model.ranking(
            model.denseTime(table, dense, request, workers: rankingWorkers), workers: rankingWorkers)
    }

    package func predictedTime(on machine: Machine) -> Double {
        let model = CostModel(machine)
        guard let dense else { return model.tiledTime(table, layout, request, workers: workers) }
        return model.denseTime(table, dense, request, workers: workers)
    }

    package var description: String {
        let lengths = tilings.map { "\($0.points)" }.joined(separator: "x")
        let steps = tilings.map { "\($0.step)" }.joined(separator: "x")
        let tiles = table.tileCount
        let product = dense == nil ? "" : ", matrix products"
        let rolling = table.roll == nil ? "" : "rolling "
        return (tiles == 1 ? table.folds ? "one folded tile" : "one tile" : "\(tiles) \(rolling)tiles of \(steps)")
            + ", transforms of \(lengths)\(product)"
    }

    /// T1 of the numerical contract: [4·(l + 1) + A]·u, with l = log₂ of the points of one transform and A the depth
    /// of the sums in the spectrum (`Docs/Mathematics.md`, "The error bound"). The final rounding, u·|y|, and τ come on top.
    package var relativeErrorBound: Double {
        let points = tilings.reduce(1.0) { $0 * Double($1.length) }
        // What is out of the ordinary is left to single products, whatever the recipe.
        let depth = max(layout.summationDepth, dense?.summationDepth ?? 0)
        return (4 * (points.log2Bound + 1) + Double(depth)) * request.precision.unitRoundoff
    }

    package func makeExecutor<Scalar: ConvolutionScalar>(
        for type: Scalar.Type
    ) throws -> any PassExecutor<Scalar> {
        let careful = try SpectralPipeline<Scalar>(table: table, layout: layout, threads: request.threads)
        guard let dense else { return careful }
        return try DensePipeline<Scalar>(table: table, layout: dense, careful: careful)
    }

    package func makeStepExecutor<Scalar: ConvolutionScalar>(
        for type: Scalar.Type, inputGradient: any Algorithm, filterGradient: any Algorithm, tolerance: Double?
    ) throws -> (any StepExecutor<Scalar>)? {
        guard let inputGradient = inputGradient as? TiledFFT, let filterGradient = filterGradient as? TiledFFT else {
            return nil
        }
        let isOfOneKind = isDense == inputGradient.isDense && isDense == filterGradient.isDense
        // A memory limit takes workers before it takes the sharing: that decides bits, and they must not depend on workers.
        func first(_ make: (TiledFFT) throws -> (any StepExecutor<Scalar>)?, _ recipe: TiledFFT) throws
            -> (any StepExecutor<Scalar>)?
        {
            func made(_ threads: Int) throws -> (any StepExecutor<Scalar>)? {
                try recipe.sibling(.forward, threads: threads).flatMap(make)
            }
            if let step = try made(request.threads) { return step }
            // What does not fit with one worker does not fit.
            guard request.threads > 1, let alone = try made(1) else { return nil }
            for threads in stride(from: request.threads - 1, to: 1, by: -1) {
                if let step = try made(threads) { return step }
            }
            return alone
        }
        if isDense, isOfOneKind {
            let adjoint = sibling(.inputGradient, addsOverlaps: true)?.relativeErrorBound ?? .infinity
            for keepsGradients in adjoint <= tolerance ?? .infinity ? [true, false] : [false] {
                let step = try first(
                    { recipe in
                        // With as many workers as the others, on whom what fits may depend.
                        try inputGradient.sibling(.inputGradient, threads: recipe.request.threads).flatMap {
                            try DenseStep<Scalar>(recipe, inputGradient: $0, keepsGradients: keepsGradients)
                        }
                    }, self)
                if let step { return step }
            }
            return nil
        }
        let recipes =
            isOfOneKind
            ? tiledForStep(tolerance: tolerance) : tiledForStep(inputGradient, filterGradient, tolerance: tolerance)
        for recipe in recipes where recipe.canShareStep {
            if let step = try first({ try SpectralStep<Scalar>($0) }, recipe) { return step }
        }
        return nil
    }

    /// A forward pass may be this much slower for the sake of a step whose tiles stay in the nearest cache, and bytes of a tile that
    /// leaves room there.
    private static let stepSlack = 1.04
    private static let nearestCache = 32 << 10
    /// And this much for one that shares anything: four sets of transforms in place of six (`Docs/Measurements/2026-11-27-steps.md`).
    private static let sharingSlack = 1.25

    /// Whether the passes of a step can share transforms with these tiles: what one of the output gradient gives to the input gradient
    /// reaches no farther than the next tiles.
    var canShareStep: Bool {
        table.rowCount > 0
            && zip(request.problem.axes, tilings).allSatisfy { axis, tiling in
                tiling.coversAxis || tiling.step >= axis.dilatedFilter - 1
            }
    }

    /// What a training step may run, the best first. It moves two spectra more for every tile than the passes do: where tiles just
    /// exceed the nearest cache, others that stay in it are better, though the forward pass alone may like them a little less; between
    /// larger ones nothing is gained (`Docs/Measurements/2026-11-23-training.md`). Others follow for the case that these share nothing.
    /// One tile stays one tile.
    private func tiledForStep(tolerance: Double?) -> [TiledFFT] {
        func isNear(_ recipe: TiledFFT) -> Bool {
            2 * request.precision.byteCount * recipe.table.shape.tileCount <= Self.nearestCache
        }
        guard table.tileCount > 1, !canShareStep || !isNear(self), let recipes = try? TiledFFT.recipes(for: request)
        else { return [self] }
        let others = recipes.filter { recipe in
            !recipe.isDense && recipe.tilings != tilings && recipe.rankingTime <= Self.sharingSlack * rankingTime
                && recipe.canShareStep && recipe.relativeErrorBound <= tolerance ?? .infinity
                && recipe.sibling(.filterGradient)?.relativeErrorBound ?? .infinity <= tolerance ?? .infinity
                && recipe.sibling(.inputGradient)?.relativeErrorBound ?? .infinity <= tolerance ?? .infinity
        }
        let nearer = others.firstIndex { isNear($0) && $0.rankingTime <= Self.stepSlack * rankingTime }
        guard !isNear(self), let nearer else { return [self] + others }
        return [others[nearer], self] + others[..<nearer] + others[(nearer + 1)...]
    }

    /// The same where one pass multiplies matrices and another does not, which share nothing: what takes none of the passes much longer
    /// without.
    private func tiledForStep(
        _ inputGradient: TiledFFT, _ filterGradient: TiledFFT, tolerance: Double?
    ) -> [TiledFFT] {
        func isAllowed(_ recipe: TiledFFT?, for separate: TiledFFT) -> Bool {
            guard let recipe else { return false }
            return recipe.rankingTime <= Self.sharingSlack * separate.rankingTime
                && recipe.relativeErrorBound <= tolerance ?? .infinity
        }
        let recipes = (try? TiledFFT.recipes(for: request)) ?? []
        return recipes.filter { recipe in
            !recipe.isDense && isAllowed(recipe, for: self)
                && isAllowed(recipe.sibling(.inputGradient), for: inputGradient)
                && isAllowed(recipe.sibling(.filterGradient), for: filterGradient)
        }
    }

    /// The same tiles for another pass; `nil` if it cannot have them.
    func sibling(_ pass: Pass, addsOverlaps: Bool = false, threads: Int? = nil) -> TiledFFT? {
        var request = request
        request.pass = pass
        request.threads = threads ?? request.threads
        return try? TiledFFT(request, tilings: tilings, isDense: isDense, addsOverlaps: addsOverlaps)
    }
}

// MARK: - Recipes

extension TiledFFT {
    /// Recipes kept of all that are predicted.
    private static let recipeCount = 6

    package static func recipes(for request: PlanRequest) throws(Inapplicable) -> [TiledFFT] {
        if let fault = FFTWLibrary.fault { throw Inapplicable("FFTW cannot be used: \(fault)") }
        var best = BestRecipes(limit: request.memoryLimit)
        try addRecipes(for: request, narrow: false, to: &best)
        // Most of a narrow tile is overlap: better than none that fits.
        if best.fitting.isEmpty { try? addRecipes(for: request, narrow: true, to: &best) }
        // Where nothing fits, the smallest tells the caller what would.
        return best.fitting.isEmpty ? best.smallest.map { [$0] } ?? [] : best.fitting
    }

    /// The fastest recipes of all that are predicted, and the smallest one: there may be hundreds, of two kilobytes each, and memory may be
    /// what is short.
    private struct BestRecipes {
        let limit: Int
        private(set) var fitting: [TiledFFT] = []
        private(set) var smallest: TiledFFT?

        init(limit: Int) { self.limit = limit }

        mutating func add(_ recipe: TiledFFT) {
            if recipe.memoryByteCount < smallest?.memoryByteCount ?? .max { smallest = recipe }
            guard recipe.memoryByteCount <= limit else { return }
            let place = fitting.firstIndex { recipe.rankingTime < $0.rankingTime } ?? fitting.count
            guard place < recipeCount else { return }
            fitting.insert(recipe, at: place)
            if fitting.count > recipeCount { fitting.removeLast() }
        }
    }

    /// A recipe for each choice of tiles, and of others for sums over channels, whose transforms are not FFTW's.
    private static func addRecipes(
        for request: PlanRequest, narrow: Bool, to best: inout BestRecipes
    ) throws(Inapplicable) {
        func choices(_ isDense: Bool) -> [[AxisTiling]] {
            request.problem.axes.reduce([[]]) { choices, axis in
                let tilings = axisTilings(axis, request, isDense: isDense, narrow: narrow)
                return choices.flatMap { choice in tilings.map { choice + [$0] } }
            }
        }
        var refusal: Inapplicable? = Inapplicable("an axis is too long for FFTW's 32-bit sizes")
        for choice in choices(false) {
            for tilings in rolling(choice, request, narrow: narrow) {
                do throws(Inapplicable) {
                    best.add(try TiledFFT(request, tilings: tilings))
                    refusal = nil
                } catch {
                    if refusal != nil { refusal = error }
                }
            }
        }
        if let refusal { throw refusal }
        if let tilings = FoldedTiles.tilings(request.problem, request.pass),
            let recipe = try? TiledFFT(request, tilings: tilings)
        {
            best.add(recipe)
        }
        guard request.problem.channelsPerGroup * request.problem.filtersPerGroup > 1 else { return }
        for tilings in choices(true) {
            if let recipe = try? TiledFFT(request, tilings: tilings, isDense: true) { best.add(recipe) }
        }
    }

    /// Tile lengths considered for each axis, by the number of axes: their product stays small.
    private static let choicesPerAxis = [16, 8, 4]

    /// The same tiles, made to roll where they can and it does not make them much smaller; and as they are, if they are fewer so, or
    /// memory is short, of which they need less.
    private static func rolling(_ tilings: [AxisTiling], _ request: PlanRequest, narrow: Bool) -> [[AxisTiling]] {
        // Along the first axis there is.
        let axes = tilings.indices.filter { tilings[$0].length > 1 }
        let lengths = [Int](repeating: 1, count: 3 - axes.count) + axes.map { tilings[$0].length }
        guard let index = axes.first, !tilings[index].coversAxis,
            let alignment = TileShape(planes: lengths[0], rows: lengths[1], length: lengths[2]).rollAlignment
        else { return [tilings] }
        var rolling = tilings
        rolling[index].step = tilings[index].step / alignment * alignment
        rolling[index].rolls = true
        guard Double(rolling[index].step) >= leastRollingStep * Double(tilings[index].step) else { return [tilings] }
        func tileCount(_ tiling: AxisTiling) -> Int {
            AxisWindows(axis: request.problem.axes[index], tiling: tiling, pass: request.pass).tileCount
        }
        return narrow || tileCount(rolling[index]) > tileCount(tilings[index]) ? [rolling, tilings] : [rolling]
    }

    /// What must be left of a tile's step when it is made a multiple of eight: rows that are carried save a quarter of a tile's time
    /// at most.
    private static let leastRollingStep = 0.9

    /// One covering tile, and the smallest useful tiles.
    private static func axisTilings(
        _ axis: Axis, _ request: PlanRequest, isDense: Bool, narrow: Bool
    ) -> [AxisTiling] {
        let extent = request.pass == .inputGradient ? axis.input : axis.denseOutput
        var tilings: [AxisTiling] = []
        let covering = TransformLength.good(atLeast: axis.coveringLength, isDense: isDense)
        if let covering { tilings.append(AxisTiling(step: extent, length: covering, coversAxis: true)) }
        let count = choicesPerAxis[request.problem.axes.count - 1]
        // From about twice the filter on: below, most of a tile is overlap.
        let least = axis.dilatedFilter + (narrow ? 0 : min(axis.dilatedFilter, 32) - 1)
        let lengths =
            isDense
            ? TransformLength.denseTiles(count: count, above: least, extent: extent, filter: axis.dilatedFilter)
            : TransformLength.tiles(count: count, above: least)
        for length in lengths where length < covering ?? .max {
            let step = length - axis.dilatedFilter + 1
            if step < extent { tilings.append(AxisTiling(step: step, length: length, coversAxis: false)) }
        }
        return tilings
    }
}

extension Axis {
    /// Zeros after the last sample that an output reads; negative if the last samples are read by none.
    private var reachedAfter: Int { denseOutput + dilatedFilter - 1 - input - before }

    /// Points of the smallest alias-free transform of one window over the whole axis, in all three passes.
    ///
    /// Proof in `Docs/Mathematics.md`, "One window: the shortest length".
    var coveringLength: Int { max(input + max(before, reachedAfter, 0), dilatedFilter, denseOutput) }
}

extension Double {
    /// An upper bound of log₂, exact for powers of two: log₂(1 + x) ≤ x + 0.0861 for x in 0…1.
    var log2Bound: Double { Double(exponent) + (significand > 1 ? significand - 1 + 0.0861 : 0) }
}
