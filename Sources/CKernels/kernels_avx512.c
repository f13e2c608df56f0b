// Vectors of 512 bits.
#include "tables.h"
#include "shuffles.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

// Rows of a block of the matrix product: 24 of 32 registers are sums.
#define MOST_ROWS 6

// Of direct sums: 28 of 32 registers are sums of matrix products, 24 of stencils and of gradients; of stencils with three rows 16, which
// leaves room for their taps, in blocks of eight rows (`Docs/Measurements/2026-11-27-stencils.md`).
#define MOST_SHIFTED_ROWS 14
#define MOST_SUMS 28
#define REGISTERS 32
#define STENCIL_SUMS(known_rows) ((known_rows) == 3 ? 16 : 24)
#define STENCIL_WIDTH(known_rows) ((known_rows) == 3 ? 2 : STENCIL_VECTORS)
#define CHANNEL_SUMS 16
#define STENCIL_VECTORS 4
#define GRADIENT_ROWS 4
#define GRADIENT_TAPS 6

// Nothing, but what is loaded from the address next comes after the sum: the compiler would load all rows of a first, and
// put sums out of registers for them (2026-11-23: 91 in place of 190 Gflop/s).
#define IN_ORDER(sum, address) __asm__ volatile("" : "+v"(sum), "+r"(address))

// Nothing, but a sum is made here: the compiler would leave the sums of all that is loaded to the end, and put that aside in memory.
#define KEEP(sum) __asm__ volatile("" : "+v"(sum))

#define HAS_MASKS
// Some scalars of a vector in memory, from one to before another; the other lanes are 0, and nothing of them is touched.
#define LOAD_LANES(p, from, to) \
    _Generic((T)0, float: _mm512_maskz_loadu_ps, double: _mm512_maskz_loadu_pd)((1u << (to)) - (1u << (from)), p)
// The first n of them.
#define LOAD_PART(p, n) LOAD_LANES(p, 0, n)
#define STORE_PART(p, v, n) \
    _Generic((T)0, float: _mm512_mask_storeu_ps, double: _mm512_mask_storeu_pd)(p, (1u << (n)) - 1, v)

// The first n of those at even places.
#define STORE_EVEN(p, v, n) \
    _Generic((T)0, float: _mm512_mask_storeu_ps, double: _mm512_mask_storeu_pd)(p, ((1u << (n)) - 1) & 0x5555, v)

// Pieces of 128 bits of four rows side by side.
static inline __attribute__((always_inline, target("avx512f,avx512dq"))) __m512 load_pieces(
    const void *a, const void *b, const void *c, const void *d) {
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(a));
    v = _mm512_mask_broadcast_f32x4(v, 0x00f0, _mm_loadu_ps(b));
    v = _mm512_mask_broadcast_f32x4(v, 0x0f00, _mm_loadu_ps(c));
    return _mm512_mask_broadcast_f32x4(v, 0xf000, _mm_loadu_ps(d));
}
#define LOAD_PIECES(row) load_pieces(row(0), row(1), row(2), row(3))

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_avx512_f32
#define LANES 16
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
#define TABLE ck_avx512_f64
#define LANES 8
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
