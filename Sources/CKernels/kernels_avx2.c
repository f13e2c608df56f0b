// Vectors of 256 bits.
#include "tables.h"
#include "shuffles.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// Rows of a block of the matrix product: 12 of 16 registers are sums.
#define MOST_ROWS 3

// Of direct sums: 12 of 16 registers are sums of matrix products, of gradients and of stencils; 8 of 3x3 stencils, of which most
// rows of the input meet few rows of results (Docs/Measurements/2026-11-25-avx2.md).
#define MOST_SHIFTED_ROWS 6
#define MOST_SUMS 12
#define REGISTERS 16
#define STENCIL_SUMS(known_rows) ((known_rows) == 3 ? 8 : 12)
#define CHANNEL_SUMS 8
#define STENCIL_VECTORS 2
#define STENCIL_WIDTH(known_rows) STENCIL_VECTORS
#define GRADIENT_ROWS 4
#define GRADIENT_TAPS 3

// All bits of the first n scalars of a vector.
static inline __m256i first_lanes(int n, size_t size) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n * (int)size / 4), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
// Nothing, but a sum is made here (kernels_avx512.c).
#define KEEP(sum) __asm__ volatile("" : "+x"(sum))

#define HAS_MASKS
// Some scalars of a vector in memory, from one to before another; the other lanes are 0, and nothing of them is touched.
#define LOAD_LANES(p, from, to)                                              \
    _Generic((T)0, float: _mm256_maskload_ps, double: _mm256_maskload_pd)(p, \
        _mm256_andnot_si256(first_lanes(from, sizeof(T)), first_lanes(to, sizeof(T))))
// The first n of them.
#define LOAD_PART(p, n) \
    _Generic((T)0, float: _mm256_maskload_ps, double: _mm256_maskload_pd)(p, first_lanes(n, sizeof(T)))
// The same stored, n from 0 to LANES: a store through a mask takes AMD's Zen dozens of steps, one of a part of a vector a single one
// (Docs/Measurements/2026-11-26-rests.md).
#define STORE_PART(p, v, n) _Generic((T)0, float: store_part_ps, double: store_part_pd)(p, v, (int)(n))

static inline __attribute__((always_inline)) void store_part_ps(float *p, __m256 v, int n) {
    if (n >= 8) {
        _mm256_storeu_ps(p, v);
        return;
    }
    __m128 rest = _mm256_castps256_ps128(v);
    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, rest);
}

static inline __attribute__((always_inline)) void store_part_pd(double *p, __m256d v, int n) {
    if (n >= 4) {
        _mm256_storeu_pd(p, v);
        return;
    }
    __m128d rest = _mm256_castpd256_pd128(v);
    if (n & 2) {
        _mm_storeu_pd(p, rest);
        rest = _mm256_extractf128_pd(v, 1);
        p += 2;
    }
    if (n & 1) _mm_store_sd(p, rest);
}

// Pieces of 128 bits of two rows side by side.
#define LOAD_PIECES(row) _mm256_loadu2_m128((const float *)row(1), (const float *)row(0))

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_avx2_f32
#define LANES 8
#define PIECE 4
#define TURN_SIDE 4
#include "kernels_common.inc"
#include "kernels_vector.inc"
#include "kernels_table.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
#undef LANES
#undef PIECE
#undef TURN_SIDE

#define T double
#define UINT uint64_t
#define NAME(x) x##_f64
#define FN(x) x##_f64
#define TABLE ck_avx2_f64
#define LANES 4
#define PIECE 2
#define TURN_SIDE 2
#include "kernels_common.inc"
#include "kernels_vector.inc"
#include "kernels_table.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
#undef LANES
#undef PIECE
#undef TURN_SIDE

#pragma clang attribute pop
#endif
