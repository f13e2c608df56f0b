// sched_getaffinity is hidden from Swift behind _GNU_SOURCE.
#define _GNU_SOURCE
#include "ckernels.h"
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

int ck_affinity_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) count = CPU_COUNT(&mask);
#endif
    return count < 1 ? 1 : (int)count;
}
