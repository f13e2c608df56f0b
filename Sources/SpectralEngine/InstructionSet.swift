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
}

/// Kinds of processors with AVX-512, which take different times.
public enum AVX512Kind: Sendable, CaseIterable {
    case intel
    /// Each vector in two halves.
    case zen4
    /// Whole vectors.
    case zen5

    /// That of this processor, should it have AVX-512: AMD's with it begin with family 25.
    public static let ofThisProcessor: AVX512Kind = {
        let family = ck_amd_family()
        return family == 0 ? .intel : family < 26 ? .zen4 : .zen5
    }()
}
