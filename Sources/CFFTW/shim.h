// FFTW 3 in both precisions. The plan types of the two import into Swift as the same OpaquePointer;
// SpectralEngine/PackedTransform.swift is the one owner that keeps them apart.
#include <fftw3.h>
