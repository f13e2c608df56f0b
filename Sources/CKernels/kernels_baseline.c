// Vectors of 128 bits: SSE2 on x86-64, NEON on arm64.
#include "tables.h"
#include "shuffles.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_baseline_f32
#define LANES 4
#define COMPLEX_LANES 2
#include "kernels_common.inc"
#include "kernels_vector.inc"
#include "kernels_table.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
#undef LANES
#undef COMPLEX_LANES

#define T double
#define UINT uint64_t
#define NAME(x) x##_f64
#define FN(x) x##_f64
#define TABLE ck_baseline_f64
#define LANES 2
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
#undef COMPLEX_LANES
