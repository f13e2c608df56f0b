internal import CFFTW
public import CKernels

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

// Mirror image of Double+ConvolutionScalar.swift, line by line; the only file that names fftwf_.
// Every pointer below comes from a SharedRegion or Span that the calling function of the engine has checked.

private let kernels = unsafe ck_table_f32(ck_best()).pointee

extension Float: ConvolutionScalar {
    public typealias Wide = DoubleAccumulator

    // MARK: FFTW

    public static var libraryName: String { "fftwf" }

    public static func takeWisdom() -> UnsafeMutablePointer<CChar>? {
        let wisdom = unsafe fftwf_export_wisdom_to_string()
        forgetWisdom()
        return wisdom
    }

    public static func forgetWisdom() { fftwf_forget_wisdom() }

    public static func importWisdom(_ text: String) -> Bool { unsafe fftwf_import_wisdom_from_string(text) == 1 }

    public static func exportWisdom() -> String {
        guard let text = unsafe fftwf_export_wisdom_to_string() else { return "" }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    public static func restoreWisdom(_ wisdom: UnsafeMutablePointer<CChar>?) {
        forgetWisdom()
        guard let wisdom = unsafe wisdom else { return }
        unsafe fftwf_import_wisdom_from_string(wisdom)
        unsafe free(wisdom)
    }

    public static func makePlan(
        length: Int32, count: Int32, inputStride: Int32, inputDistance: Int32, outputStride: Int32,
        outputDistance: Int32, sign: Int32, flags: UInt32, _ input: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>
    ) -> OpaquePointer? {
        var extent = length
        return unsafe input.withMemoryRebound(to: fftwf_complex.self, capacity: 1) { input in
            unsafe output.withMemoryRebound(to: fftwf_complex.self, capacity: 1) { output in
                unsafe fftwf_plan_many_dft(
                    1, &extent, count, input, nil, inputStride, inputDistance, output, nil, outputStride,
                    outputDistance, sign,
                    flags)
            }
        }
    }

    public static func execute(
        _ plan: OpaquePointer, _ input: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) {
        unsafe input.withMemoryRebound(to: fftwf_complex.self, capacity: 1) { input in
            unsafe output.withMemoryRebound(to: fftwf_complex.self, capacity: 1) { output in
                unsafe fftwf_execute_dft(plan, input, output)
            }
        }
    }

    public static func destroy(_ plan: OpaquePointer) { unsafe fftwf_destroy_plan(plan) }

    // MARK: Kernels

    public static func gather(
        _ array: UnsafePointer<Float>, _ first: UnsafePointer<ck_window>, _ second: UnsafePointer<ck_window>?,
        _ target: UnsafeMutablePointer<Float>, _ rows: UnsafePointer<ck_rows>,
        _ summary: UnsafeMutablePointer<ck_summary>
    ) { unsafe kernels.gather(array, first, second, target, rows, summary) }

    public static func scatter(
        _ source: UnsafePointer<Float>, _ part: Int32, _ array: UnsafeMutablePointer<Float>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>, _ factors: (Float, Float), _ floor: Float,
        _ bias: Float
    ) { unsafe kernels.scatter(source, part, array, window, rows, factors.0, factors.1, floor, bias) }

    public static func scatterAdd(
        _ source: UnsafePointer<Float>, _ part: Int32, _ array: UnsafeMutablePointer<Float>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>, _ factors: (Float, Float), _ floor: Float
    ) { unsafe kernels.scatter_add(source, part, array, window, rows, factors.0, factors.1, floor) }

    public static func fill(_ array: UnsafeMutablePointer<Float>, _ window: UnsafePointer<ck_window>, _ value: Float) {
        unsafe kernels.fill(array, window, value)
    }

    public static func survey(_ values: UnsafePointer<Float>, _ count: Int, _ scale: Float) -> ck_survey {
        unsafe kernels.survey(values, count, scale)
    }

    public static func removeNonFinite(_ values: UnsafeMutablePointer<Float>, _ count: Int) {
        unsafe kernels.remove_non_finite(values, count)
    }

    public static func rescale(
        _ tile: UnsafeMutablePointer<Float>, _ count: Int, _ real: (Float, Float), _ imaginary: (Float, Float)
    ) { unsafe kernels.rescale(tile, count, real.0, real.1, imaginary.0, imaginary.1) }

    public static func untangle(
        _ line: UnsafePointer<Float>, _ opposite: UnsafePointer<Float>, _ first: UnsafeMutablePointer<Float>,
        _ second: UnsafeMutablePointer<Float>, _ factors: (Float, Float), _ length: Int, _ mirror: Int32
    ) { unsafe kernels.untangle(line, opposite, first, second, factors.0, factors.1, length, mirror) }

    public static func tangle(
        _ first: (UnsafePointer<Float>, UnsafePointer<Float>), _ second: (UnsafePointer<Float>, UnsafePointer<Float>)?,
        _ line: UnsafeMutablePointer<Float>, _ factors: (Float, Float), _ length: Int, _ mirror: Int32
    ) {
        unsafe kernels.tangle(
            first.0, first.1, second?.0, second?.1, line, factors.0, factors.1, length, mirror)
    }

    public static func multiply(
        _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
        _ lines: UnsafePointer<ck_lines>, _ terms: UnsafePointer<ck_terms>, _ conjugate: Bool, _ accumulate: Bool
    ) { unsafe kernels.multiply(x, w, y, lines, terms, conjugate ? 1 : 0, accumulate ? 1 : 0) }

    public static func multiplyPair(
        _ line: UnsafeMutablePointer<Float>, _ opposite: UnsafeMutablePointer<Float>, _ first: UnsafePointer<Float>,
        _ second: UnsafePointer<Float>, _ length: Int, _ mirror: Int32, _ conjugate: Bool
    ) { unsafe kernels.multiply_pair(line, opposite, first, second, length, mirror, conjugate ? 1 : 0) }

    public static func correlatePair(
        _ x: UnsafePointer<Float>, _ g: (UnsafePointer<Float>, UnsafePointer<Float>),
        _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ factors: (Float, Float),
        _ length: Int, _ mirror: Int32, _ accumulate: Bool
    ) {
        unsafe kernels.correlate_pair(
            x, g.0, g.1, first, second, factors.0, factors.1, length, mirror, accumulate ? 1 : 0)
    }

    public static func correlate(
        _ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>, _ sum: UnsafeMutablePointer<Float>,
        _ lines: UnsafePointer<ck_lines>, _ accumulate: Bool
    ) { unsafe kernels.correlate(x, g, sum, lines, accumulate ? 1 : 0) }

    public static func add(_ term: UnsafePointer<Float>, _ sum: UnsafeMutablePointer<Float>, _ count: Int) {
        unsafe kernels.add(term, sum, count)
    }

    public static func packPanel(
        _ columns: UnsafePointer<Float>, _ pitch: Int, _ panel: UnsafeMutablePointer<Float>, _ panelPitch: Int,
        _ length: Int
    ) { unsafe kernels.pack_panel(columns, pitch, panel, panelPitch, length) }

    public static func unpackPanel(
        _ panel: UnsafePointer<Float>, _ panelPitch: Int, _ columns: UnsafeMutablePointer<Float>, _ pitch: Int,
        _ length: Int
    ) { unsafe kernels.unpack_panel(panel, panelPitch, columns, pitch, length) }

    public static func rotate(
        _ values: UnsafeMutablePointer<Float>, _ factors: UnsafePointer<Float>, _ conjugate: Bool, _ count: Int
    ) { unsafe kernels.rotate(values, factors, conjugate ? 1 : 0, count) }

    public static func split(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ factors: UnsafePointer<Float>,
        _ toApart: Bool, _ split: UnsafePointer<ck_split>
    ) { unsafe kernels.split(source, target, factors, toApart ? 1 : 0, split) }

    public static func join(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ factors: UnsafePointer<Float>,
        _ fromApart: Bool, _ split: UnsafePointer<ck_split>
    ) { unsafe kernels.join(source, target, factors, fromApart ? 1 : 0, split) }

    public static func gatherSplit(
        _ array: UnsafePointer<Float>, _ first: UnsafePointer<ck_window>, _ second: UnsafePointer<ck_window>?,
        _ target: UnsafeMutablePointer<Float>, _ factors: UnsafePointer<Float>, _ split: UnsafePointer<ck_split>,
        _ summary: UnsafeMutablePointer<ck_summary>
    ) { unsafe kernels.gather_split(array, first, second, target, factors, split, summary) }

    public static func scatterJoin(
        _ source: UnsafePointer<Float>, _ array: UnsafeMutablePointer<Float>,
        _ windows: (UnsafePointer<ck_window>?, UnsafePointer<ck_window>?), _ factors: UnsafePointer<Float>,
        _ split: UnsafePointer<ck_split>, _ results: UnsafePointer<ck_result>
    ) { unsafe kernels.scatter_join(source, array, windows.0, windows.1, factors, split, results) }

    public static func multiplyMatrices(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ conjugate: Int32,
        _ accumulate: Bool, _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.multiply_matrices(a, b, result, conjugate, accumulate ? 1 : 0, product) }

    public static func multiplyOpposites(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ opposite: UnsafeMutablePointer<Float>, _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.multiply_opposites(a, b, result, opposite, product) }

    public static func correlateOpposites(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ aOpposite: UnsafePointer<Float>,
        _ bOpposite: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ accumulate: Bool,
        _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.correlate_opposites(a, b, aOpposite, bOpposite, result, accumulate ? 1 : 0, product) }

    public static func multiplyReal(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.multiply_real(a, b, result, product) }

    public static func correlateReal(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.correlate_real(a, b, result, product) }

    public static func foldOpposites(
        _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ count: Int
    ) { unsafe kernels.fold_opposites(first, second, count) }

    public static func transformLines(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ table: UnsafePointer<Float>,
        _ isInverse: Bool, _ transform: UnsafePointer<ck_transform>
    ) { unsafe kernels.transform_lines(source, target, table, isInverse ? 1 : 0, transform) }

    public static func multiplyShifted(
        _ a: UnsafePointer<Float>, _ offsets: UnsafePointer<Int32>, _ b: UnsafePointer<Float>,
        _ result: UnsafeMutablePointer<Float>, _ accumulate: Bool, _ product: UnsafePointer<ck_shifted>
    ) { unsafe kernels.multiply_shifted(a, offsets, b, result, accumulate ? 1 : 0, product) }

    public static func multiplyPlaced(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ places: UnsafePointer<ck_place>,
        _ result: UnsafeMutablePointer<Float>, _ accumulate: Bool, _ product: UnsafePointer<ck_placed>
    ) { unsafe kernels.multiply_placed(a, b, places, result, accumulate ? 1 : 0, product) }

    public static func stencil(
        _ source: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ accumulate: Bool, _ start: Float, _ stencil: UnsafePointer<ck_stencil>
    ) { unsafe kernels.stencil(source, weights, result, accumulate ? 1 : 0, start, stencil) }

    public static func channelStencil(
        _ source: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ accumulate: Bool, _ stencil: UnsafePointer<ck_channel_stencil>
    ) { unsafe kernels.channel_stencil(source, weights, result, accumulate ? 1 : 0, stencil) }

    public static func stencilGradient(
        _ source: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ stencil: UnsafePointer<ck_stencil>
    ) { unsafe kernels.stencil_gradient(source, gradient, result, stencil) }

    public static func channelGradient(
        _ source: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
        _ stencil: UnsafePointer<ck_channel_stencil>
    ) { unsafe kernels.channel_gradient(source, gradient, result, stencil) }

    public static func transpose(
        _ source: UnsafePointer<Float>, _ sourcePitch: Int, _ target: UnsafeMutablePointer<Float>, _ targetPitch: Int,
        _ rows: Int, _ columns: Int
    ) { unsafe kernels.transpose(source, sourcePitch, target, targetPitch, rows, columns) }

    public static func spreadRows(
        _ source: UnsafePointer<Float>, _ sourcePitch: Int, _ target: UnsafeMutablePointer<Float>, _ targetPitch: Int,
        _ step: Int, _ rows: Int, _ count: Int
    ) { unsafe kernels.spread_rows(source, sourcePitch, target, targetPitch, step, rows, count) }

    public static func pad(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ padding: UnsafePointer<ck_padding>
    ) { unsafe kernels.pad(source, target, padding) }

    public static func magnitudes(_ values: UnsafePointer<Float>, _ count: Int) -> ck_magnitudes {
        unsafe kernels.magnitudes(values, count)
    }
}
