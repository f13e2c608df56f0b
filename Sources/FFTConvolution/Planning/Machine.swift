internal import SpectralEngine

/// What the cost model knows of the machine it predicts for.
///
/// The rates are built in until `fftconv calibrate` measures them on the user's machine (``current``); their source is
/// `Docs/Measurements/2026-11-22-panels.md` and `2026-11-23-choice.md`, for sums over channels `2026-11-23-dense.md` beside it, for direct sums
/// `2026-11-23-direct.md`. The values here are those for AVX-512; what other instruction sets make of them is in ``rates``
/// and ``init(instructionSet:kind:)``.
public struct Machine: Sendable {
    /// How fast one core is, relative to the one the pass times of ``TransformLength`` were measured on.
    public var coreSpeed = 1.0
    /// Seconds for rotating one complex f32 point of a long line between its passes and copying it.
    public var rotationTime = 0.5e-9
    /// Seconds for turning one complex f32 point of a folded tile.
    public var foldTime = 0.5e-9
    /// What a folded volume takes of what its stages would, relative to tiles that are not folded: in the L2 cache, and where it has twice
    /// the bytes of that or more (`Docs/Measurements/2026-11-27-folded.md`, on a Zen 5 `2026-11-28-split.md`).
    public var foldedVolumeCost = 0.97
    public var farFoldedVolumeCost = 0.97
    /// Seconds for splitting one complex f32 point of a long line into shorter ones, or joining it, beyond gathering or scattering it.
    public var splitTime = 0.15e-9
    /// Seconds for copying one complex f32 point between a tile and a panel. This and the next were 0.13 and 0.53 ns before kernels changed
    /// (`Docs/Measurements/2026-11-26-zen4.md`), and are set by eye from how much faster those are in the cache.
    public var copyTime = 0.07e-9
    /// Seconds for gathering or scattering one complex f32 point, two samples.
    public var gatherTime = 0.42e-9
    /// Seconds for multiplying one complex f32 bin with that of a filter. Raised from 0.17 by eye on 2026-11-23; no page has the reading.
    public var productTime = 0.25e-9
    /// How many times as long it takes where the filters' spectra that one block meets come from memory; where it is added to sums that
    /// exceed a third of the L2 cache, and to sums that are in memory (`Docs/Measurements/2026-11-26-few-channels.md`).
    public var farProductCost = 2.0
    /// And where they come from the last cache, to which it grows between two and six times the L2 cache
    /// (`Docs/Measurements/2026-11-27-steps.md`).
    public var lastCacheProductCost = 1.0
    public var sharedGradientCost = 2.5
    public var farGradientCost = 6.0
    /// How much slower transforms get with each doubling of a tile beyond a quarter of the L2 cache, as a share.
    public var beyondCacheCost = 0.056
    /// Seconds of one complex multiply-add in f32 of the matrix product.
    public var productRate = 8 / 152e9
    /// Of a product for each bin: columns that each row counts beside its own; how many times as long as it takes a sum waits where there are
    /// few; how many calls of a panel one is; how many times as long it takes in a filter gradient; and how many entries the call of such a layer
    /// is. Counted on a Zen 5 only (`Docs/Measurements/2026-11-28-choice.md`): the rates of others were fitted without.
    public var binReadColumns = 0.0
    public var binWaitCost = 0.0
    public var binCalls = 0.0
    public var binGradientCost = 1.0
    public var matrixEntries = 2.0
    /// Seconds for one complex f32 point of a pass along the channels of a tile, and for each of its multiply-adds where the line is
    /// short (``ShortLines``); what of the latter a line takes that is straight code, and how many times the former one that is a loop;
    /// how many times the former a line takes that FFTW transforms, and one of 128 points, which is one codelet.
    public var channelPassTime = 0.353e-9
    public var channelTermTime = 0.0417e-9
    public var straightTermCost = 0.5
    public var loopPassCost = 1.0
    public var longChannelPass = 10.4
    public var codeletChannelPass = 5.5
    /// Seconds for gathering or scattering it, and turning eight channels; how many times that for each doubling of a panel beyond
    /// 256 KiB, which is eight channels twice. Seconds for each row of a tile; as how many rows each channel of a tile counts.
    public var channelMoveTime = 0.361e-9
    public var farPanelCost = 1.06
    public var channelRowTime = 12e-9
    public var channelTileCost = 8.0
    /// What part of a row's time one takes that is stored and not loaded (`Docs/Measurements/2026-11-28-choice.md`).
    public var storedRowCost = 1.0
    /// Seconds for its bin, where spectra exceed so many times the second-level cache: at once, or for each of so many doublings beyond
    /// (`Docs/Measurements/2026-11-27-teams.md`).
    public var farChannelTime = 0.78e-9
    public var farChannelCaches = 3.0
    public var farChannelDoublings = 0.0
    /// Seconds for one complex f32 bin of a filter, for one element between its inner axes and the outer one (how many times as
    /// long in a gradient), and for reading its taps.
    public var filterTime = 0.196e-9
    public var filterTapTime = 0.49e-9
    public var gradientTapCost = 4.7
    public var filterPlaneTime = 19e-9
    /// How many times as long taps, which are written there, and multiply-adds of the inner axes take in a gradient
    /// (`Docs/Measurements/2026-11-28-choice.md`).
    public var gradientPlaneCost = 1.0
    /// Seconds of one vector multiply-add of a stencil, 16 lanes of f32; and of loading the vector.
    public var stencilTime = 0.185e-9
    public var stencilLoadTime = 0.2e-9
    /// The same of a filter's gradient, and of summing the lanes of one tap.
    public var stencilGradientTime = 0.3e-9
    public var tapSumTime = 4e-9
    /// How many times as long a stencil's multiply-add takes where results of several layers of taps are one vector wide
    /// (`Docs/Measurements/2026-11-28-choice.md`).
    public var narrowStencilCost = 1.0
    /// Seconds of calling a stencil, and of preparing its source.
    public var stencilCallTime = 100e-9
    /// Seconds for adding one vector of a stencil's sums to results that are there, and what part of that if they are in the nearest
    /// cache; seconds for writing one element to its place among others.
    public var stencilAddTime = 2.5e-9
    public var nearAddCost = 0.25
    public var spreadTime = 1e-9
    /// What of spreading rows of one plane a row of all planes takes, in one call: input gradients of stride 2 took 0.26 ms that were
    /// predicted at 0.43, 0.25 of it for this (`Docs/Measurements/2026-11-27-volumes.md`).
    public var spreadTogetherCost = 0.35
    /// Seconds for copying one vector between zeros.
    public var padTime = 0.8e-9
    /// Seconds for reading or writing one f32 element of an operand or a result of direct sums, in the caches and beyond; and how many
    /// second-level caches the former are (`Docs/Measurements/2026-11-27-volumes.md`).
    public var elementTime = 0.09e-9
    public var farElementTime = 0.2e-9
    public var farElementCaches = 1.0
    /// How many times as many of them operands and results may be that are read and written once, in order
    /// (`Docs/Measurements/2026-11-28-channels.md`).
    public var streamedCaches = 1.0
    /// How many far elements one counts for of taps, and of what lies between the axes, that products of matrices are made with where these
    /// are not in a cache (`Docs/Measurements/2026-11-28-ahead.md`).
    public var farTapCost = 0.0
    /// Seconds of one multiply-add of a direct product of matrices, and of turning one of their elements.
    public var shiftedTime = 2 / 190e9
    /// How many times as long the former takes in a filter gradient: with rows that are a row of channels apart, and with channels in
    /// vectors (for AMD's AVX-512 `Docs/Measurements/2026-11-27-volumes.md`).
    public var rowGradientCost = 1.2
    public var channelGradientCost = 1.05
    public var turnTime = 0.28e-9
    /// What is left of the latter where a slab stays in one core's cache; and how many far elements reading and writing one of sums
    /// that are in no cache counts for (`Docs/Measurements/2026-11-23-direct.md`).
    public var nearTurnCost = 0.5
    public var farSumCost = 6.0
    /// How many times as long turning an element of a filter takes where only some of its taps are turned
    /// (`Docs/Measurements/2026-11-28-choice.md`).
    public var partialTurnCost = 1.0
    /// How many times as long copying a vector takes whose elements are some columns apart: two are read for it
    /// (`Docs/Measurements/2026-11-28-ahead.md`).
    public var stridedPadCost = 1.0
    /// How many far elements one of a filter counts for that is in no core's cache: read in place by a block of results
    /// (`Docs/Measurements/2026-11-26-placed.md`), or turned, by a row of them or a block of rows (`2026-11-26-few-channels.md` beside it).
    public var farFilterCost = 2.0
    public var turnedFilterCost = 0.7
    /// Multiply-adds a second of the direct reference on one core, in f32 and f64.
    public var referenceRate: [Precision: Double] = [.float32: 0.5e9, .float64: 0.1e9]
    /// Seconds that a call costs before and after its work, and how many of these one by transforms counts as.
    public var entryTime = 1.3e-6
    public var transformEntries = 2.0
    /// Seconds that starting one more thread's share of an execution costs.
    public var threadStartTime = 10e-6
    /// Seconds of work that a worker must have to be woken for it: with less, the median call takes longer than alone.
    public var leastShare = 50e-6
    /// Seconds that a panel of eight lines costs beyond its work, for each stage it goes through.
    public var callTime = 40e-9
    /// Seconds that a block costs beyond its panels, forward and back alike (`Docs/Measurements/2026-11-27-blocks.md`).
    public var blockTime = 130e-9
    /// How much more time a stage costs that workers share, beside their meeting: each finds in its own cache what the other one wrote. Fitted
    /// with Intel's AVX-512 to 1.3 before workers stayed awake between jobs (`Docs/Measurements/2026-11-26-threads.md`), not since; with
    /// AVX2 and with AMD's AVX-512 it is another.
    public var teamCost = 1.2
    /// What part of starting a thread it takes workers to meet after a stage: a third of it for the three stages of one field and one output,
    /// as fitted before stages were counted; 3.5 µs by the 34 stages of 16 fields (`Docs/Measurements/2026-11-26-few-channels.md`). With AMD's
    /// AVX-512 0.7, where teams cost nothing else (`2026-11-27-teams.md` beside it).
    public var meetingCost = 1.0 / 3
    /// Seconds that each row of a tile costs gather or scatter beyond its points: short rows waste vectors.
    public var rowTime = 14e-9
    /// What passes over lines cost, by their length.
    public var passTimes = PassTimes()
    /// Cores that choices are made for: all that the machine runs, whatever this process may use, so that the choice,
    /// and with it every bit of the results, is the same for every process.
    public var coreCount = ProcessLimits.onlineCores
    /// Bytes of memory that choices are made for.
    public var memoryByteCount = ProcessLimits.physicalMemory
    /// Bytes of L2 cache of one core.
    public var cacheByteCount = 2 << 20

    /// The rates of the machine that was measured, whatever this one is.
    init(fastest: Void) {}

    /// The cores this process may use: its affinity mask, cut to a container's quota; at least 1.
    public static var availableCores: Int { ProcessLimits.availableCores }

    /// Bytes that an allocation may count on: free memory, cut to a container's limit.
    public static var availableMemory: Int { ProcessLimits.availableMemory }
}
