#include "tables.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
// The baseline of the platform: SSE2 on x86-64, NEON on arm64.

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_scalar_f32
#include "kernels_body.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE

#define T double
#define UINT uint64_t
#define NAME(x) x##_f64
#define FN(x) x##_f64
#define TABLE ck_scalar_f64
#include "kernels_body.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
