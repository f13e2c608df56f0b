// The floating-point control register of a thread: rounding, subnormals, traps.
#include "ckernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// All exceptions masked, round to nearest, neither FTZ nor DAZ: the state a process starts in.
unsigned long ck_enter_default_floating_point(void) {
    const unsigned long state = _mm_getcsr();
    if ((state & ~0x3fUL) != 0x1f80) _mm_setcsr(0x1f80);
    return state;
}
void ck_restore_floating_point(unsigned long state) {
    if ((state & ~0x3fUL) != 0x1f80) _mm_setcsr((unsigned)state);
}
void ck_flush_subnormals(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
int ck_has_met_subnormals(void) {
    const unsigned state = _mm_getcsr();
    _mm_setcsr(state & ~2U);
    return (state & 2) != 0;
}
void ck_pause(void) { _mm_pause(); }

#elif defined(__aarch64__)

static unsigned long get(void) {
    unsigned long state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    return state;
}
static void set(unsigned long state) { __asm__ volatile("msr fpcr, %0" : : "r"(state)); }

unsigned long ck_enter_default_floating_point(void) {
    const unsigned long state = get();
    if (state != 0) set(0);
    return state;
}
void ck_restore_floating_point(unsigned long state) {
    if (state != 0) set(state);
}
void ck_flush_subnormals(void) { set(get() | 1UL << 24); }
// Only noted where they are flushed.
int ck_has_met_subnormals(void) { return 0; }
void ck_pause(void) { __asm__ volatile("yield"); }

#else

unsigned long ck_enter_default_floating_point(void) { return 0; }
void ck_restore_floating_point(unsigned long state) { (void)state; }
void ck_flush_subnormals(void) {}
int ck_has_met_subnormals(void) { return 0; }
void ck_pause(void) {}

#endif
