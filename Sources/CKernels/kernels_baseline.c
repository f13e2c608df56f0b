// Vectors of 128 bits: SSE2 on x86-64, NEON on arm64.
#include "tables.h"
#include "shuffles.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

// Rows of a block of the matrix product, and of direct sums: 24 of 32 registers are sums on arm64, 8 to 12 of 16 on x86-64.
#if defined(__aarch64__)
#define MOST_ROWS 6
#define MOST_SHIFTED_ROWS 12
#define MOST_SUMS 24
#define REGISTERS 32
#define STENCIL_SUMS(known_rows) 24
#define CHANNEL_SUMS 16
#define STENCIL_VECTORS 4
#define STENCIL_WIDTH(known_rows) STENCIL_VECTORS
#define GRADIENT_ROWS 4
#define GRADIENT_TAPS 6
#else
#define MOST_ROWS 3
#define MOST_SHIFTED_ROWS 6
#define MOST_SUMS 12
#define REGISTERS 16
#define STENCIL_SUMS(known_rows) 8
#define CHANNEL_SUMS 8
#define STENCIL_VECTORS 2
#define STENCIL_WIDTH(known_rows) STENCIL_VECTORS
#define GRADIENT_ROWS 3
#define GRADIENT_TAPS 3
#endif

// The first n scalars of a vector in memory, all of them or one complex element; the other lanes are 0.
#define LOAD_PART(p, n) ((n) == LANES ? LOAD(p) : ({ VEC part_ = {0}; memcpy(&part_, p, 2 * sizeof(T)); part_; }))
#define STORE_PART(p, v, n) memcpy(p, &(v), (n) == LANES ? sizeof(VEC) : 2 * sizeof(T))

// A piece of 128 bits of a row.
#define LOAD_PIECES(row) LOAD(row(0))

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_baseline_f32
#define LANES 4
#define PIECE 4
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

#define T double
#define UINT uint64_t
#define NAME(x) x##_f64
#define FN(x) x##_f64
#define TABLE ck_baseline_f64
#define LANES 2
#define PIECE 2
#define TURN_SIDE 1
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
