internal import CFFTW
public import CKernels

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

// Mirror image of Float+ConvolutionScalar.swift, line by line; the only file that names fftw_.
// Every pointer below comes from a SharedRegion or Span that the calling function of the engine has checked.

private let kernels = unsafe ck_table_f64(ck_best()).pointee

extension Double: ConvolutionScalar {
    public typealias Wide = DoubleDoubleAccumulator

    // MARK: FFTW

    public static var libraryName: String { "fftw" }

    public static func takeWisdom() -> UnsafeMutablePointer<CChar>? {
        let wisdom = unsafe fftw_export_wisdom_to_string()
        forgetWisdom()
        return wisdom
    }

    public static func forgetWisdom() { fftw_forget_wisdom() }

    public static func importWisdom(_ text: String) -> Bool { unsafe fftw_import_wisdom_from_string(text) == 1 }

    public static func exportWisdom() -> String {
        guard let text = unsafe fftw_export_wisdom_to_string() else { return "" }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    public static func restoreWisdom(_ wisdom: UnsafeMutablePointer<CChar>?) {
        forgetWisdom()
        guard let wisdom = unsafe wisdom else { return }
        unsafe fftw_import_wisdom_from_string(wisdom)
        unsafe free(wisdom)
    }

    public static func makePlan(
        length: Int32, count: Int32, inputStride: Int32, inputDistance: Int32, outputStride: Int32,
        outputDistance: Int32, sign: Int32, flags: UInt32, _ input: UnsafeMutablePointer<Double>,
        _ output: UnsafeMutablePointer<Double>
    ) -> OpaquePointer? {
        var extent = length
        return unsafe input.withMemoryRebound(to: fftw_complex.self, capacity: 1) { input in
            unsafe output.withMemoryRebound(to: fftw_complex.self, capacity: 1) { output in
                unsafe fftw_plan_many_dft(
                    1, &extent, count, input, nil, inputStride, inputDistance, output, nil, outputStride,
                    outputDistance, sign,
                    flags)
            }
        }
    }

    public static func execute(
        _ plan: OpaquePointer, _ input: UnsafeMutablePointer<Double>, _ output: UnsafeMutablePointer<Double>
    ) {
        unsafe input.withMemoryRebound(to: fftw_complex.self, capacity: 1) { input in
            unsafe output.withMemoryRebound(to: fftw_complex.self, capacity: 1) { output in
                unsafe fftw_execute_dft(plan, input, output)
            }
        }
    }

    public static func destroy(_ plan: OpaquePointer) { unsafe fftw_destroy_plan(plan) }

    // MARK: Kernels

    public static func gather(
        _ array: UnsafePointer<Double>, _ first: UnsafePointer<ck_window>, _ second: UnsafePointer<ck_window>?,
        _ target: UnsafeMutablePointer<Double>, _ rows: UnsafePointer<ck_rows>,
        _ summary: UnsafeMutablePointer<ck_summary>
    ) { unsafe kernels.gather(array, first, second, target, rows, summary) }

    public static func scatter(
        _ source: UnsafePointer<Double>, _ part: Int32, _ array: UnsafeMutablePointer<Double>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>, _ factors: (Double, Double),
        _ floor: Double,
        _ bias: Double
    ) { unsafe kernels.scatter(source, part, array, window, rows, factors.0, factors.1, floor, bias) }

    public static func scatterAdd(
        _ source: UnsafePointer<Double>, _ part: Int32, _ array: UnsafeMutablePointer<Double>,
        _ window: UnsafePointer<ck_window>, _ rows: UnsafePointer<ck_rows>, _ factors: (Double, Double), _ floor: Double
    ) { unsafe kernels.scatter_add(source, part, array, window, rows, factors.0, factors.1, floor) }

    public static func fill(_ array: UnsafeMutablePointer<Double>, _ window: UnsafePointer<ck_window>, _ value: Double)
    {
        unsafe kernels.fill(array, window, value)
    }

    public static func survey(_ values: UnsafePointer<Double>, _ count: Int, _ scale: Double)
        -> ck_survey
    {
        unsafe kernels.survey(values, count, scale)
    }

    public static func removeNonFinite(_ values: UnsafeMutablePointer<Double>, _ count: Int) {
        unsafe kernels.remove_non_finite(values, count)
    }

    public static func rescale(
        _ tile: UnsafeMutablePointer<Double>, _ count: Int, _ real: (Double, Double), _ imaginary: (Double, Double)
    ) { unsafe kernels.rescale(tile, count, real.0, real.1, imaginary.0, imaginary.1) }

    public static func untangle(
        _ line: UnsafePointer<Double>, _ opposite: UnsafePointer<Double>, _ first: UnsafeMutablePointer<Double>,
        _ second: UnsafeMutablePointer<Double>, _ factors: (Double, Double), _ length: Int, _ mirror: Int32
    ) { unsafe kernels.untangle(line, opposite, first, second, factors.0, factors.1, length, mirror) }

    public static func tangle(
        _ first: (UnsafePointer<Double>, UnsafePointer<Double>),
        _ second: (UnsafePointer<Double>, UnsafePointer<Double>)?,
        _ line: UnsafeMutablePointer<Double>, _ factors: (Double, Double), _ length: Int, _ mirror: Int32
    ) {
        unsafe kernels.tangle(
            first.0, first.1, second?.0, second?.1, line, factors.0, factors.1, length, mirror)
    }

    public static func multiply(
        _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
        _ lines: UnsafePointer<ck_lines>, _ terms: UnsafePointer<ck_terms>, _ conjugate: Bool, _ accumulate: Bool
    ) { unsafe kernels.multiply(x, w, y, lines, terms, conjugate ? 1 : 0, accumulate ? 1 : 0) }

    public static func multiplyPair(
        _ line: UnsafeMutablePointer<Double>, _ opposite: UnsafeMutablePointer<Double>, _ first: UnsafePointer<Double>,
        _ second: UnsafePointer<Double>, _ length: Int, _ mirror: Int32, _ conjugate: Bool
    ) { unsafe kernels.multiply_pair(line, opposite, first, second, length, mirror, conjugate ? 1 : 0) }

    public static func correlatePair(
        _ x: UnsafePointer<Double>, _ g: (UnsafePointer<Double>, UnsafePointer<Double>),
        _ first: UnsafeMutablePointer<Double>, _ second: UnsafeMutablePointer<Double>, _ factors: (Double, Double),
        _ length: Int, _ mirror: Int32, _ accumulate: Bool
    ) {
        unsafe kernels.correlate_pair(
            x, g.0, g.1, first, second, factors.0, factors.1, length, mirror, accumulate ? 1 : 0)
    }

    public static func correlate(
        _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>,
        _ lines: UnsafePointer<ck_lines>, _ accumulate: Bool
    ) { unsafe kernels.correlate(x, g, sum, lines, accumulate ? 1 : 0) }

    public static func add(_ term: UnsafePointer<Double>, _ sum: UnsafeMutablePointer<Double>, _ count: Int) {
        unsafe kernels.add(term, sum, count)
    }

    public static func packPanel(
        _ columns: UnsafePointer<Double>, _ pitch: Int, _ panel: UnsafeMutablePointer<Double>, _ panelPitch: Int,
        _ length: Int
    ) { unsafe kernels.pack_panel(columns, pitch, panel, panelPitch, length) }

    public static func unpackPanel(
        _ panel: UnsafePointer<Double>, _ panelPitch: Int, _ columns: UnsafeMutablePointer<Double>, _ pitch: Int,
        _ length: Int
    ) { unsafe kernels.unpack_panel(panel, panelPitch, columns, pitch, length) }

    public static func rotate(
        _ values: UnsafeMutablePointer<Double>, _ factors: UnsafePointer<Double>, _ conjugate: Bool, _ count: Int
    ) { unsafe kernels.rotate(values, factors, conjugate ? 1 : 0, count) }

    public static func split(
        _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ factors: UnsafePointer<Double>,
        _ toApart: Bool, _ split: UnsafePointer<ck_split>
    ) { unsafe kernels.split(source, target, factors, toApart ? 1 : 0, split) }

    public static func join(
        _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ factors: UnsafePointer<Double>,
        _ fromApart: Bool, _ split: UnsafePointer<ck_split>
    ) { unsafe kernels.join(source, target, factors, fromApart ? 1 : 0, split) }

    public static func gatherSplit(
        _ array: UnsafePointer<Double>, _ first: UnsafePointer<ck_window>, _ second: UnsafePointer<ck_window>?,
        _ target: UnsafeMutablePointer<Double>, _ factors: UnsafePointer<Double>, _ split: UnsafePointer<ck_split>,
        _ summary: UnsafeMutablePointer<ck_summary>
    ) { unsafe kernels.gather_split(array, first, second, target, factors, split, summary) }

    public static func scatterJoin(
        _ source: UnsafePointer<Double>, _ array: UnsafeMutablePointer<Double>,
        _ windows: (UnsafePointer<ck_window>?, UnsafePointer<ck_window>?), _ factors: UnsafePointer<Double>,
        _ split: UnsafePointer<ck_split>, _ results: UnsafePointer<ck_result>
    ) { unsafe kernels.scatter_join(source, array, windows.0, windows.1, factors, split, results) }

    public static func multiplyMatrices(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ conjugate: Int32,
        _ accumulate: Bool, _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.multiply_matrices(a, b, result, conjugate, accumulate ? 1 : 0, product) }

    public static func multiplyOpposites(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ opposite: UnsafeMutablePointer<Double>, _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.multiply_opposites(a, b, result, opposite, product) }

    public static func correlateOpposites(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ aOpposite: UnsafePointer<Double>,
        _ bOpposite: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>, _ accumulate: Bool,
        _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.correlate_opposites(a, b, aOpposite, bOpposite, result, accumulate ? 1 : 0, product) }

    public static func multiplyReal(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.multiply_real(a, b, result, product) }

    public static func correlateReal(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ product: UnsafePointer<ck_product>
    ) { unsafe kernels.correlate_real(a, b, result, product) }

    public static func foldOpposites(
        _ first: UnsafeMutablePointer<Double>, _ second: UnsafeMutablePointer<Double>, _ count: Int
    ) { unsafe kernels.fold_opposites(first, second, count) }

    public static func transformLines(
        _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ table: UnsafePointer<Double>,
        _ isInverse: Bool, _ transform: UnsafePointer<ck_transform>
    ) { unsafe kernels.transform_lines(source, target, table, isInverse ? 1 : 0, transform) }

    public static func multiplyShifted(
        _ a: UnsafePointer<Double>, _ offsets: UnsafePointer<Int32>, _ b: UnsafePointer<Double>,
        _ result: UnsafeMutablePointer<Double>, _ accumulate: Bool, _ product: UnsafePointer<ck_shifted>
    ) { unsafe kernels.multiply_shifted(a, offsets, b, result, accumulate ? 1 : 0, product) }

    public static func multiplyPlaced(
        _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ places: UnsafePointer<ck_place>,
        _ result: UnsafeMutablePointer<Double>, _ accumulate: Bool, _ product: UnsafePointer<ck_placed>
    ) { unsafe kernels.multiply_placed(a, b, places, result, accumulate ? 1 : 0, product) }

    public static func stencil(
        _ source: UnsafePointer<Double>, _ weights: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ accumulate: Bool, _ start: Double, _ stencil: UnsafePointer<ck_stencil>
    ) { unsafe kernels.stencil(source, weights, result, accumulate ? 1 : 0, start, stencil) }

    public static func channelStencil(
        _ source: UnsafePointer<Double>, _ weights: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ accumulate: Bool, _ stencil: UnsafePointer<ck_channel_stencil>
    ) { unsafe kernels.channel_stencil(source, weights, result, accumulate ? 1 : 0, stencil) }

    public static func stencilGradient(
        _ source: UnsafePointer<Double>, _ gradient: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ stencil: UnsafePointer<ck_stencil>
    ) { unsafe kernels.stencil_gradient(source, gradient, result, stencil) }

    public static func channelGradient(
        _ source: UnsafePointer<Double>, _ gradient: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>,
        _ stencil: UnsafePointer<ck_channel_stencil>
    ) { unsafe kernels.channel_gradient(source, gradient, result, stencil) }

    public static func transpose(
        _ source: UnsafePointer<Double>, _ sourcePitch: Int, _ target: UnsafeMutablePointer<Double>, _ targetPitch: Int,
        _ rows: Int, _ columns: Int
    ) { unsafe kernels.transpose(source, sourcePitch, target, targetPitch, rows, columns) }

    public static func spreadRows(
        _ source: UnsafePointer<Double>, _ sourcePitch: Int, _ target: UnsafeMutablePointer<Double>, _ targetPitch: Int,
        _ step: Int, _ rows: Int, _ count: Int
    ) { unsafe kernels.spread_rows(source, sourcePitch, target, targetPitch, step, rows, count) }

    public static func pad(
        _ source: UnsafePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ padding: UnsafePointer<ck_padding>
    ) { unsafe kernels.pad(source, target, padding) }

    public static func magnitudes(_ values: UnsafePointer<Double>, _ count: Int) -> ck_magnitudes {
        unsafe kernels.magnitudes(values, count)
    }
}
