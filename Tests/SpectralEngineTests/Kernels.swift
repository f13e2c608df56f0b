import CKernels
import SpectralEngine

/// One instruction set's kernels, callable for either scalar.
struct Kernels<T> {
    typealias Read = UnsafePointer<T>?
    typealias Write = UnsafeMutablePointer<T>?
    typealias Box = UnsafePointer<ck_window>?
    typealias Extents = UnsafePointer<ck_shape>?

    let gather: (Read, Box, Box, Write, Extents, UnsafeMutablePointer<ck_summary>?) -> Void
    let scatter: (Read, Int32, Write, Box, T, T, T, T) -> Void
    let fill: (Write, Box, T) -> Void
    let survey: (Read, Int, Int, T) -> ck_survey
    let removeNonFinite: (Write, Int, Int) -> Void
    let rescale: (Write, Int, T, T, T, T) -> Void
    let untangle: (Read, Write, Write, T, T, Extents) -> Void
    let tangle: (Read, Read, T, T, Write, Extents) -> Void
    let multiplyConjugate: (Read, Read, Write, Int32, Extents) -> Void
    let multiply: (Read, Read, Write, Int32, Extents) -> Void
    let correlate: (Read, Read, Write, Int32, Extents) -> Void
    let add: (Read, Write, Int) -> Void
    let packPanel: (Read, Int, Write, Int, Int) -> Void
    let unpackPanel: (Read, Int, Write, Int, Int) -> Void
    let rotate: (Write, Read, Int32, Int) -> Void
    let multiplyMatrices: (Read, Read, Write, Int32, Int32, UnsafePointer<ck_product>?) -> Void
}

protocol KernelScalar: ConvolutionScalar {
    static func kernels(_ instructionSet: Int32) -> Kernels<Self>
}

extension Float: KernelScalar {
    static func kernels(_ instructionSet: Int32) -> Kernels<Float> {
        let table = ck_table_f32(instructionSet).pointee
        return Kernels(
            gather: table.gather, scatter: table.scatter, fill: table.fill, survey: table.survey,
            removeNonFinite: table.remove_non_finite, rescale: table.rescale, untangle: table.untangle,
            tangle: table.tangle, multiplyConjugate: table.multiply_conjugate, multiply: table.multiply,
            correlate: table.correlate, add: table.add, packPanel: table.pack_panel, unpackPanel: table.unpack_panel,
            rotate: table.rotate, multiplyMatrices: table.multiply_matrices)
    }
}

extension Double: KernelScalar {
    static func kernels(_ instructionSet: Int32) -> Kernels<Double> {
        let table = ck_table_f64(instructionSet).pointee
        return Kernels(
            gather: table.gather, scatter: table.scatter, fill: table.fill, survey: table.survey,
            removeNonFinite: table.remove_non_finite, rescale: table.rescale, untangle: table.untangle,
            tangle: table.tangle, multiplyConjugate: table.multiply_conjugate, multiply: table.multiply,
            correlate: table.correlate, add: table.add, packPanel: table.pack_panel, unpackPanel: table.unpack_panel,
            rotate: table.rotate, multiplyMatrices: table.multiply_matrices)
    }
}

/// The instruction sets that this build and this processor have.
let instructionSets = (0..<Int32(CK_INSTRUCTION_SETS)).filter { ck_is_supported($0) != 0 }
