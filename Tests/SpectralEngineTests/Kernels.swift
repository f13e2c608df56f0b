import CKernels
import SpectralEngine

/// One instruction set's kernels, callable for either scalar.
struct Kernels<T> {
    typealias Read = UnsafePointer<T>?
    typealias Write = UnsafeMutablePointer<T>?
    typealias Box = UnsafePointer<ck_window>?
    typealias Rows = UnsafePointer<ck_rows>?
    typealias Lines = UnsafePointer<ck_lines>?

    let gather: (Read, Box, Box, Write, Rows, UnsafeMutablePointer<ck_summary>?) -> Void
    let scatter: (Read, Int32, Write, Box, Rows, T, T, T, T) -> Void
    let scatterAdd: (Read, Int32, Write, Box, Rows, T, T, T) -> Void
    let fill: (Write, Box, T) -> Void
    let survey: (Read, Int, T) -> ck_survey
    let removeNonFinite: (Write, Int) -> Void
    let rescale: (Write, Int, T, T, T, T) -> Void
    let untangle: (Read, Read, Write, Write, T, T, Int, Int32) -> Void
    let tangle: (Read, Read, Read, Read, Write, T, T, Int, Int32) -> Void
    let multiply: (Read, Read, Write, Lines, UnsafePointer<ck_terms>?, Int32, Int32) -> Void
    let multiplyPair: (Write, Write, Read, Read, Int, Int32, Int32) -> Void
    let correlatePair: (Read, Read, Read, Write, Write, T, T, Int, Int32, Int32) -> Void
    let correlate: (Read, Read, Write, Lines, Int32) -> Void
    let add: (Read, Write, Int) -> Void
    let packPanel: (Read, Int, Write, Int, Int) -> Void
    let unpackPanel: (Read, Int, Write, Int, Int) -> Void
    let rotate: (Write, Read, Int32, Int) -> Void
    let split: (Read, Write, Read, Int32, UnsafePointer<ck_split>?) -> Void
    let join: (Read, Write, Read, Int32, UnsafePointer<ck_split>?) -> Void
    let gatherSplit: (Read, Box, Box, Write, Read, UnsafePointer<ck_split>?, UnsafeMutablePointer<ck_summary>?) -> Void
    let scatterJoin: (Read, Write, Box, Box, Read, UnsafePointer<ck_split>?, UnsafePointer<ck_result>?) -> Void
    let multiplyMatrices: (Read, Read, Write, Int32, Int32, UnsafePointer<ck_product>?) -> Void
    let multiplyOpposites: (Read, Read, Write, Write, UnsafePointer<ck_product>?) -> Void
    let correlateOpposites: (Read, Read, Read, Read, Write, Int32, UnsafePointer<ck_product>?) -> Void
    let multiplyReal: (Read, Read, Write, UnsafePointer<ck_product>?) -> Void
    let correlateReal: (Read, Read, Write, UnsafePointer<ck_product>?) -> Void
    let foldOpposites: (Write, Write, Int) -> Void
    let transformLines: (Read, Write, Read, Int32, UnsafePointer<ck_transform>?) -> Void
    let multiplyShifted: (Read, UnsafePointer<Int32>?, Read, Write, Int32, UnsafePointer<ck_shifted>?) -> Void
    let multiplyPlaced: (Read, Read, UnsafePointer<ck_place>?, Write, Int32, UnsafePointer<ck_placed>?) -> Void
    let channelStencil: (Read, Read, Write, Int32, UnsafePointer<ck_channel_stencil>?) -> Void
    let channelGradient: (Read, Read, Write, UnsafePointer<ck_channel_stencil>?) -> Void
    let stencil: (Read, Read, Write, Int32, T, UnsafePointer<ck_stencil>?) -> Void
    let stencilGradient: (Read, Read, Write, UnsafePointer<ck_stencil>?) -> Void
    let transpose: (Read, Int, Write, Int, Int, Int) -> Void
    let spreadRows: (Read, Int, Write, Int, Int, Int, Int) -> Void
    let pad: (Read, Write, UnsafePointer<ck_padding>?) -> Void
    let magnitudes: (Read, Int) -> ck_magnitudes
}

protocol KernelScalar: ConvolutionScalar {
    static func kernels(_ instructionSet: Int32) -> Kernels<Self>
    /// Made once: most of the time of their tests goes into what they expect.
    static var kernelCases: [KernelCase<Self>] { get }
}

extension Float: KernelScalar {
    static let kernelCases = KernelCase<Float>.all()

    static func kernels(_ instructionSet: Int32) -> Kernels<Float> {
        let table = ck_table_f32(instructionSet).pointee
        return Kernels(
            gather: table.gather, scatter: table.scatter, scatterAdd: table.scatter_add, fill: table.fill,
            survey: table.survey,
            removeNonFinite: table.remove_non_finite, rescale: table.rescale, untangle: table.untangle,
            tangle: table.tangle, multiply: table.multiply, multiplyPair: table.multiply_pair,
            correlatePair: table.correlate_pair, correlate: table.correlate, add: table.add,
            packPanel: table.pack_panel, unpackPanel: table.unpack_panel,
            rotate: table.rotate, split: table.split, join: table.join, gatherSplit: table.gather_split,
            scatterJoin: table.scatter_join, multiplyMatrices: table.multiply_matrices,
            multiplyOpposites: table.multiply_opposites, correlateOpposites: table.correlate_opposites,
            multiplyReal: table.multiply_real, correlateReal: table.correlate_real, foldOpposites: table.fold_opposites,
            transformLines: table.transform_lines,
            multiplyShifted: table.multiply_shifted,
            multiplyPlaced: table.multiply_placed, channelStencil: table.channel_stencil,
            channelGradient: table.channel_gradient,
            stencil: table.stencil, stencilGradient: table.stencil_gradient, transpose: table.transpose,
            spreadRows: table.spread_rows, pad: table.pad, magnitudes: table.magnitudes)
    }
}

extension Double: KernelScalar {
    static let kernelCases = KernelCase<Double>.all()

    static func kernels(_ instructionSet: Int32) -> Kernels<Double> {
        let table = ck_table_f64(instructionSet).pointee
        return Kernels(
            gather: table.gather, scatter: table.scatter, scatterAdd: table.scatter_add, fill: table.fill,
            survey: table.survey,
            removeNonFinite: table.remove_non_finite, rescale: table.rescale, untangle: table.untangle,
            tangle: table.tangle, multiply: table.multiply, multiplyPair: table.multiply_pair,
            correlatePair: table.correlate_pair, correlate: table.correlate, add: table.add,
            packPanel: table.pack_panel, unpackPanel: table.unpack_panel,
            rotate: table.rotate, split: table.split, join: table.join, gatherSplit: table.gather_split,
            scatterJoin: table.scatter_join, multiplyMatrices: table.multiply_matrices,
            multiplyOpposites: table.multiply_opposites, correlateOpposites: table.correlate_opposites,
            multiplyReal: table.multiply_real, correlateReal: table.correlate_real, foldOpposites: table.fold_opposites,
            transformLines: table.transform_lines,
            multiplyShifted: table.multiply_shifted,
            multiplyPlaced: table.multiply_placed, channelStencil: table.channel_stencil,
            channelGradient: table.channel_gradient,
            stencil: table.stencil, stencilGradient: table.stencil_gradient, transpose: table.transpose,
            spreadRows: table.spread_rows, pad: table.pad, magnitudes: table.magnitudes)
    }
}

/// The instruction sets that this build and this processor have.
let instructionSets = (0..<Int32(CK_INSTRUCTION_SETS)).filter { ck_is_supported($0) != 0 }
