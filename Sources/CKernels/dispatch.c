// Which kernels run: asked of the processor, capped by the environment so that one machine can test every path.
#include "tables.h"
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[CK_INSTRUCTION_SETS] = {"scalar", "baseline", "avx2", "avx512"};

const char *ck_name(int instruction_set) { return names[instruction_set]; }

int ck_is_supported(int instruction_set) {
    switch (instruction_set) {
    case CK_SCALAR:
    case CK_BASELINE: return 1;
#if defined(__x86_64__)
    case CK_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case CK_AVX512:
        return ck_is_supported(CK_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    default: return 0;
    }
}

int ck_best(void) {
    int cap = CK_INSTRUCTION_SETS - 1;
    const char *asked = getenv("FFTCONV_ISA");
    for (int i = 0; asked && i < CK_INSTRUCTION_SETS; i++)
        if (strcmp(asked, names[i]) == 0) cap = i;
    while (!ck_is_supported(cap)) cap--;
    return cap;
}

int ck_amd_family(void) {
#if defined(__x86_64__)
    unsigned eax, ebx, ecx, edx;
    if (!__builtin_cpu_is("amd") || !__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return 0;
    const unsigned family = eax >> 8 & 15;
    return (int)(family == 15 ? family + (eax >> 20 & 255) : family);
#else
    return 0;
#endif
}

const ck_kernels_f32 *ck_table_f32(int instruction_set) {
#if defined(__x86_64__)
    if (instruction_set == CK_AVX512) return &ck_avx512_f32;
    if (instruction_set == CK_AVX2) return &ck_avx2_f32;
#endif
    return instruction_set == CK_SCALAR ? &ck_scalar_f32 : &ck_baseline_f32;
}

const ck_kernels_f64 *ck_table_f64(int instruction_set) {
#if defined(__x86_64__)
    if (instruction_set == CK_AVX512) return &ck_avx512_f64;
    if (instruction_set == CK_AVX2) return &ck_avx2_f64;
#endif
    return instruction_set == CK_SCALAR ? &ck_scalar_f64 : &ck_baseline_f64;
}
