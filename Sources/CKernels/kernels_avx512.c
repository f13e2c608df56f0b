// Vectors of 512 bits.
#include "tables.h"
#include "shuffles.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_avx512_f32
#define LANES 16
#define MASKED(operation) _mm512_##operation##_ps
#define PART_MASK(count) (__mmask16)((1u << (count)) - 1)
#define COMPLEX_LANES 8
#include "kernels_common.inc"
#include "kernels_vector.inc"
#include "kernels_table.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
#undef LANES
#undef MASKED
#undef PART_MASK
#undef COMPLEX_LANES

#define T double
#define UINT uint64_t
#define NAME(x) x##_f64
#define FN(x) x##_f64
#define TABLE ck_avx512_f64
#define LANES 8
#define MASKED(operation) _mm512_##operation##_pd
#define PART_MASK(count) (__mmask8)((1u << (count)) - 1)
#define COMPLEX_LANES 1
#include "kernels_common.inc"
#include "kernels_vector.inc"
#include "kernels_table.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
#undef LANES
#undef MASKED
#undef PART_MASK
#undef COMPLEX_LANES

#pragma clang attribute pop
#endif
