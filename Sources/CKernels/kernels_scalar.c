// Plain loops on the platform's baseline.
#include "tables.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_scalar_f32
#include "kernels_common.inc"
#include "kernels_scalar.inc"
#include "kernels_table.inc"
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
#include "kernels_common.inc"
#include "kernels_scalar.inc"
#include "kernels_table.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE
