// FFTW 3 in both precisions. The plan types of the two import into Swift as the same OpaquePointer;
// SpectralEngine/PackedTransform.swift is the one owner that keeps them apart.
#include <fftw3.h>

// Arrays of unknown extent do not import into Swift.
static inline const char *cfftw_version(void) { return fftw_version; }
static inline const char *cfftwf_version(void) { return fftwf_version; }
