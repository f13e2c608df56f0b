internal import CKernels

/// The vectors that the kernels are compiled for; each set includes those before it.
public enum InstructionSet: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Plain loops.
    case scalar
    /// 128-bit vectors: SSE2, NEON.
    case baseline
    case avx2
    case avx512

    public static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The one whose kernels run: the best that the processor has, capped by `FFTCONV_ISA`. Asked once, as the kernels are.
    public static let inUse: InstructionSet = {
        // The name is a constant of the library.
        let name = unsafe String(cString: ck_name(ck_best()))
        guard let set = InstructionSet(rawValue: name) else {
            preconditionFailure("kernels for '\(name)' have no case")
        }
        return set
    }()

    /// Whether AMD made this processor: with AVX-512 it takes other times than one of Intel's.
    public static let isAMD = ck_is_amd() != 0
}
