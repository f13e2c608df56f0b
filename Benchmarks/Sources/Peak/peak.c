#include "peak.h"

enum { chains = 12 };

static volatile float sink;

// Factor and term keep the chains near 1.
#define RUN(name, lanes, attributes)                                                                                   \
    attributes static double name(long count) {                                                                        \
        typedef float vector __attribute__((vector_size(lanes * sizeof(float))));                                      \
        vector chain[chains];                                                                                          \
        for (int i = 0; i < chains; i++) chain[i] = (vector){0} + (float)i;                                            \
        for (long k = 0; k < count; k++) {                                                                             \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; i++) chain[i] = chain[i] * 0.75f + 0.25f;   \
        }                                                                                                              \
        for (int i = 0; i < chains; i++) sink = chain[i][0];                                                           \
        return 2.0 * chains * lanes * (double)count;                                                                   \
    }

RUN(run_128, 4, )
#if defined(__x86_64__)
RUN(run_256, 8, __attribute__((target("avx2,fma"))))
RUN(run_512, 16, __attribute__((target("avx512f"))))
#endif

double peak_run(int instruction_set, long count) {
#if defined(__x86_64__)
    if (instruction_set == 3) return run_512(count);
    if (instruction_set == 2) return run_256(count);
#endif
    return run_128(count);
}
