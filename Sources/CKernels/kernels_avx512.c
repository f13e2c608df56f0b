#include "tables.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)

#define T float
#define UINT uint32_t
#define NAME(x) x##_f32
#define FN(x) x##_f32
#define TABLE ck_avx512_f32
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
#define TABLE ck_avx512_f64
#include "kernels_body.inc"
#undef T
#undef UINT
#undef NAME
#undef FN
#undef TABLE

#pragma clang attribute pop
#endif
