#pragma once

/// Multiplies and adds f32, `count` rounds of 12 independent chains, in the widest vectors that an instruction set of
/// CKernels has: CK_SCALAR and CK_BASELINE, CK_AVX2, CK_AVX512.
///
/// Returns the number of floating-point operations. 12 chains: two multiply-adders of a latency of 4 want 8 at least.
double peak_run(int instruction_set, long count);
