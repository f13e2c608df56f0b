#pragma once
#include "ckernels.h"

extern const ck_kernels_f32 ck_scalar_f32, ck_baseline_f32;
extern const ck_kernels_f64 ck_scalar_f64, ck_baseline_f64;
#if defined(__x86_64__)
extern const ck_kernels_f32 ck_avx2_f32, ck_avx512_f32;
extern const ck_kernels_f64 ck_avx2_f64, ck_avx512_f64;
#endif
