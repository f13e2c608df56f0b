public import CKernels

/// A scalar the engine computes in: `Float` or `Double`, each in its own precision from end to end.
///
/// The protocol is all that differs between the two, as static functions: generic code decides, concrete code loops.
/// It is public because generic clients name it; conform no other types, and call none of its functions from outside
/// the engine: they trust their pointers.
public protocol ConvolutionScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable, LosslessStringConvertible {
    /// What the direct reference sums this type's products in.
    associatedtype Wide: WideAccumulator where Wide.Term == Self

    // MARK: FFTW

    // All of it under ``PlannerLock``, but for `execute`.

    /// The beginning of the library's names.
    static var libraryName: String { get }

    /// Empties the planner's memory of what was planned before, and returns what others had put there by measuring.
    static func takeWisdom() -> UnsafeMutablePointer<CChar>?
    /// Hands it back, in place of what was learnt since, and frees it.
    static func restoreWisdom(_ wisdom: UnsafeMutablePointer<CChar>?)
    static func forgetWisdom()
    /// Whether this FFTW believes it. Some damaged texts end the process.
    static func importWisdom(_ text: String) -> Bool
    static func exportWisdom() -> String

    /// A plan for `count` complex transforms of `length` points, or `nil` if FFTW refuses. Strides
    /// and distances (from transform to transform) are in complex elements.
    static func makePlan(
        length: Int32, count: Int32, inputStride: Int32, inputDistance: Int32, outputStride: Int32,
        outputDistance: Int32, sign: Int32, flags: UInt32, _ input: UnsafeMutablePointer<Self>,
        _ output: UnsafeMutablePointer<Self>
    ) -> OpaquePointer?
    static func execute(
        _ plan: OpaquePointer, _ input: UnsafeMutablePointer<Self>, _ output: UnsafeMutablePointer<Self>)
    static func destroy(_ plan: OpaquePointer)

    // MARK: Kernels, in the words of CKernels/include/kernels.inc

    static func gather(
        _ array: UnsafePointer<Self>, _ first: UnsafePointer<ck_window>, _ second: UnsafePointer<ck_window>?,
        _ target: UnsafeMutablePointer<Self>, _ rows: UnsafePointer<ck_rows>,
        _ summary: UnsafeMutablePointer<ck_summary>)
    static func scatter(
        _ source: UnsafePointer<Self>, _ part: Int32, _ array: UnsafeMutablePointer<Self>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>, _ factors: (Self, Self), _ floor: Self,
        _ bias: Self)
    static func scatterAdd(
        _ source: UnsafePointer<Self>, _ part: Int32, _ array: UnsafeMutablePointer<Self>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>, _ factors: (Self, Self), _ floor: Self)
    static func fill(_ array: UnsafeMutablePointer<Self>, _ window: UnsafePointer<ck_window>, _ value: Self)
    static func survey(_ values: UnsafePointer<Self>, _ count: Int, _ scale: Self) -> ck_survey
    static func removeNonFinite(_ values: UnsafeMutablePointer<Self>, _ count: Int)
    static func rescale(
        _ tile: UnsafeMutablePointer<Self>, _ count: Int, _ real: (Self, Self), _ imaginary: (Self, Self))
    static func untangle(
        _ line: UnsafePointer<Self>, _ opposite: UnsafePointer<Self>, _ first: UnsafeMutablePointer<Self>,
        _ second: UnsafeMutablePointer<Self>, _ factors: (Self, Self), _ length: Int, _ mirror: Int32)
    static func tangle(
        _ first: (UnsafePointer<Self>, UnsafePointer<Self>), _ second: (UnsafePointer<Self>, UnsafePointer<Self>)?,
        _ line: UnsafeMutablePointer<Self>, _ factors: (Self, Self), _ length: Int, _ mirror: Int32)
    static func multiply(
        _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>,
        _ lines: UnsafePointer<ck_lines>, _ terms: UnsafePointer<ck_terms>, _ conjugate: Bool, _ accumulate: Bool)
    static func multiplyPair(
        _ line: UnsafeMutablePointer<Self>, _ opposite: UnsafeMutablePointer<Self>, _ first: UnsafePointer<Self>,
        _ second: UnsafePointer<Self>, _ length: Int, _ mirror: Int32, _ conjugate: Bool)
    static func correlatePair(
        _ x: UnsafePointer<Self>, _ g: (UnsafePointer<Self>, UnsafePointer<Self>), _ first: UnsafeMutablePointer<Self>,
        _ second: UnsafeMutablePointer<Self>, _ factors: (Self, Self), _ length: Int, _ mirror: Int32,
        _ accumulate: Bool)
    static func correlate(
        _ x: UnsafePointer<Self>, _ g: UnsafePointer<Self>, _ sum: UnsafeMutablePointer<Self>,
        _ lines: UnsafePointer<ck_lines>, _ accumulate: Bool)
    static func add(_ term: UnsafePointer<Self>, _ sum: UnsafeMutablePointer<Self>, _ count: Int)
    static func packPanel(
        _ columns: UnsafePointer<Self>, _ pitch: Int, _ panel: UnsafeMutablePointer<Self>, _ panelPitch: Int,
        _ length: Int)
    static func unpackPanel(
        _ panel: UnsafePointer<Self>, _ panelPitch: Int, _ columns: UnsafeMutablePointer<Self>, _ pitch: Int,
        _ length: Int)
    static func rotate(
        _ values: UnsafeMutablePointer<Self>, _ factors: UnsafePointer<Self>, _ conjugate: Bool, _ count: Int)
    static func split(
        _ source: UnsafePointer<Self>, _ target: UnsafeMutablePointer<Self>, _ factors: UnsafePointer<Self>,
        _ toApart: Bool, _ split: UnsafePointer<ck_split>)
    static func join(
        _ source: UnsafePointer<Self>, _ target: UnsafeMutablePointer<Self>, _ factors: UnsafePointer<Self>,
        _ fromApart: Bool, _ split: UnsafePointer<ck_split>)
    static func gatherSplit(
        _ array: UnsafePointer<Self>, _ first: UnsafePointer<ck_window>, _ second: UnsafePointer<ck_window>?,
        _ target: UnsafeMutablePointer<Self>, _ factors: UnsafePointer<Self>, _ split: UnsafePointer<ck_split>,
        _ summary: UnsafeMutablePointer<ck_summary>)
    static func scatterJoin(
        _ source: UnsafePointer<Self>, _ array: UnsafeMutablePointer<Self>,
        _ windows: (UnsafePointer<ck_window>?, UnsafePointer<ck_window>?), _ factors: UnsafePointer<Self>,
        _ split: UnsafePointer<ck_split>, _ results: UnsafePointer<ck_result>)
    static func multiplyMatrices(
        _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>, _ conjugate: Int32,
        _ accumulate: Bool, _ product: UnsafePointer<ck_product>)
    static func multiplyOpposites(
        _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ opposite: UnsafeMutablePointer<Self>, _ product: UnsafePointer<ck_product>)
    static func correlateOpposites(
        _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ aOpposite: UnsafePointer<Self>,
        _ bOpposite: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>, _ accumulate: Bool,
        _ product: UnsafePointer<ck_product>)
    static func multiplyReal(
        _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ product: UnsafePointer<ck_product>)
    static func correlateReal(
        _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ product: UnsafePointer<ck_product>)
    static func foldOpposites(
        _ first: UnsafeMutablePointer<Self>, _ second: UnsafeMutablePointer<Self>, _ count: Int)
    static func transformLines(
        _ source: UnsafePointer<Self>, _ target: UnsafeMutablePointer<Self>, _ table: UnsafePointer<Self>,
        _ isInverse: Bool, _ transform: UnsafePointer<ck_transform>)
    static func multiplyShifted(
        _ a: UnsafePointer<Self>, _ offsets: UnsafePointer<Int32>, _ b: UnsafePointer<Self>,
        _ result: UnsafeMutablePointer<Self>, _ accumulate: Bool, _ product: UnsafePointer<ck_shifted>)
    static func multiplyPlaced(
        _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ places: UnsafePointer<ck_place>,
        _ result: UnsafeMutablePointer<Self>, _ accumulate: Bool, _ product: UnsafePointer<ck_placed>)
    static func stencil(
        _ source: UnsafePointer<Self>, _ weights: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ accumulate: Bool, _ start: Self, _ stencil: UnsafePointer<ck_stencil>)
    static func channelStencil(
        _ source: UnsafePointer<Self>, _ weights: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ accumulate: Bool, _ stencil: UnsafePointer<ck_channel_stencil>)
    static func stencilGradient(
        _ source: UnsafePointer<Self>, _ gradient: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ stencil: UnsafePointer<ck_stencil>)
    static func channelGradient(
        _ source: UnsafePointer<Self>, _ gradient: UnsafePointer<Self>, _ result: UnsafeMutablePointer<Self>,
        _ stencil: UnsafePointer<ck_channel_stencil>)
    static func transpose(
        _ source: UnsafePointer<Self>, _ sourcePitch: Int, _ target: UnsafeMutablePointer<Self>, _ targetPitch: Int,
        _ rows: Int, _ columns: Int)
    static func spreadRows(
        _ source: UnsafePointer<Self>, _ sourcePitch: Int, _ target: UnsafeMutablePointer<Self>, _ targetPitch: Int,
        _ step: Int, _ rows: Int, _ count: Int)
    static func pad(
        _ source: UnsafePointer<Self>, _ target: UnsafeMutablePointer<Self>, _ padding: UnsafePointer<ck_padding>)
    static func magnitudes(_ values: UnsafePointer<Self>, _ count: Int) -> ck_magnitudes
}
