#include "tables.h"
#include <math.h>
#include <string.h>
// The baseline of the platform: SSE2 on x86-64, NEON on arm64.

#define T float
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_scalar_f32
#include "kernels_body.inc"
#undef T
#undef NAME
#undef FN
#undef TABLE

#define T double
#define NAME(x) x##_f64
#define FN(x) x##_f64
#define TABLE ck_scalar_f64
#include "kernels_body.inc"
#undef T
#undef NAME
#undef FN
#undef TABLE
