internal import SpectralEngine

/// What the cost model knows of the machine it predicts for.
///
/// The rates are built in until they are measured on the user's machine; their source is
/// `Docs/Measurements/2026-11-22-first-rates.md`.
public struct Machine: Hashable, Sendable {
    /// Floating-point operations a second of one core inside FFTW, in f32, counted as 5·n·log₂ n for a complex transform
    /// of n points: eight contiguous lines at once, of a power of two up to 128 points, or of any other length.
    public var shortLineRate = 45e9
    public var lineRate = 35e9
    /// The same for one line alone.
    public var singleLineRate = 25e9
    /// The same for lines across rows or planes: powers of two up to 64, and 128.
    public var shortColumnRate = 45e9
    public var columnRate = 30e9
    /// Seconds for copying one complex f32 element into a panel of contiguous lines and back.
    public var panelCopyTime = 1.5e-9
    /// How much slower transforms of a tile beyond the L2 cache are.
    public var beyondCacheFactor = 2.0
    /// Bytes a second that gather, products and scatter move on one core.
    public var streamRate = 6e9
    /// Multiply-adds a second of the direct reference on one core, in f32 and f64.
    public var referenceRate: [Precision: Double] = [.float32: 0.5e9, .float64: 0.1e9]
    /// Seconds that starting one more thread's share of an execution costs.
    public var threadStartTime = 10e-6
    /// Seconds that one call of a kernel or a transform costs beyond its work.
    public var callTime = 60e-9
    /// Cores that choices are made for: all that the machine runs, whatever this process may use, so that the choice,
    /// and with it every bit of the results, is the same for every process.
    public var coreCount = ProcessLimits.onlineCores
    /// Bytes of memory that choices are made for.
    public var memoryByteCount = ProcessLimits.physicalMemory
    /// Bytes of L2 cache of one core.
    public var cacheByteCount = 1 << 20

    public init() {}

    /// The cores this process may use: its affinity mask, cut to a container's quota; at least 1.
    public static var availableCores: Int { ProcessLimits.availableCores }

    /// Bytes that an allocation may count on: free memory, cut to a container's limit.
    public static var availableMemory: Int { ProcessLimits.availableMemory }
}
