// SIMD micro-kernels, in f32 and f64, one table of function pointers for each instruction set.
//
// Complex numbers are interleaved (real, imaginary). A tile holds two real fields packed as the real part (part 0) and
// the imaginary part (part 1) of one complex field. No kernel checks bounds: SpectralEngine does, once per call.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A box of samples, where they lie in a tile and where in an array; its innermost axis is contiguous there.
typedef struct {
    ptrdiff_t count[3];         ///< samples along each axis, outermost first
    ptrdiff_t start[3];         ///< position of the first sample in the tile
    ptrdiff_t step[3];          ///< positions from sample to sample, at least 1
    ptrdiff_t array_offset;     ///< element of the first sample
    ptrdiff_t array_stride[2];  ///< elements from plane to plane and from row to row
    ptrdiff_t next;             ///< elements from each row to the one to fetch meanwhile; 0 if there is none
} ck_window;

/// Some rows of a tile, and how they lie in memory.
typedef struct {
    ptrdiff_t plane, row;     ///< the first one's place in the tile
    ptrdiff_t count, length;  ///< rows, and complex elements of each
    ptrdiff_t pitch;          ///< complex elements from row to row
} ck_rows;

/// Points whose real parts follow each other, then their imaginary parts, in a row that has them apart.
enum { CK_BLOCK = 16 };

/// Some points of eight lines that one row is split into.
typedef struct {
    ptrdiff_t row_pitch;  ///< points from eighth to eighth of the row, which begin with the first one that is meant
    ptrdiff_t length;     ///< points of each; a multiple of CK_BLOCK
    ptrdiff_t pitch;      ///< complex elements from line to line
    ptrdiff_t from, to;   ///< those that are meant, multiples of CK_BLOCK
} ck_split;

/// How one part is written over a window: array = max(first·(second·part), floor) + bias, or array += max(…).
typedef struct {
    double first, second, floor, bias;
    int adds;  ///< whether it is added, and without bias: both or neither
} ck_result;

/// Some lines of a spectrum, and those of a Hermitian spectrum that they meet.
typedef struct {
    ptrdiff_t count, length;   ///< lines, and bins of each
    ptrdiff_t pitch;           ///< complex elements from line to line
    ptrdiff_t spectrum_pitch;  ///< the same of the Hermitian spectrum; negative where its lines are met backwards
    int mirror;                ///< how its bins are met: CK_STRAIGHT, CK_MIRRORED or CK_REVERSED
} ck_lines;

/// Products that are summed where they are made.
typedef struct {
    ptrdiff_t count;           ///< 1 to CK_TERMS
    ptrdiff_t x_step, w_step;  ///< complex elements from the factors of one to those of the next
} ck_terms;

enum { CK_TERMS = 4 };

/// Which bin i of a Hermitian spectrum stands for bin j of a line: j itself; or, conjugated, the one where −j lies,
/// which is (length − j) mod length, or length − 1 − j in a line that is one row of a matrix.
enum { CK_STRAIGHT = 0, CK_MIRRORED = 1, CK_REVERSED = 2 };

/// What gather finds on its way.
typedef struct {
    double energy;  ///< sum of squares, in the field's own precision: only its magnitude means anything
    int has_negative;
} ck_summary;

/// What a careful look at a field finds.
typedef struct {
    double energy;      ///< sum of the squares of scale·value over finite values
    double largest;     ///< largest finite magnitude, unscaled
    ptrdiff_t non_finite;  ///< number of NaN and Inf
    int has_negative;
} ck_survey;

/// The magnitudes of some values.
typedef struct {
    double largest;        ///< the largest finite one; 0 if there is none
    double least;          ///< the least finite one other than 0; infinity if there is none
    ptrdiff_t non_finite;  ///< number of NaN and Inf
} ck_magnitudes;

/// The extents and strides of a matrix product, in complex elements. Rows of b and of the result are contiguous.
typedef struct {
    ptrdiff_t rows, depth, columns;
    ptrdiff_t a_row_stride;    ///< from row to row of a
    ptrdiff_t a_depth_stride;  ///< from element to element of a row of a
    ptrdiff_t b_pitch;         ///< from row to row of b
    ptrdiff_t b_next;          ///< from b to the matrix that is read next, to be fetched in time; 0 if there is none
    ptrdiff_t result_pitch;    ///< from row to row of the result
} ck_product;

/// The longest line that transform_lines transforms, and the longest that is straight code.
enum { CK_LONGEST_LINE = 80, CK_LONGEST_STRAIGHT_LINE = 20 };

/// Lines of complex elements, which lie side by side.
typedef struct {
    ptrdiff_t length;                    ///< points of a line
    int radix;                           ///< lines that each is split into first: 1 to 4, a divisor of the length
    ptrdiff_t columns;                   ///< lines side by side, a multiple of 8
    ptrdiff_t rows;                      ///< sets of so many
    ptrdiff_t source_step, target_step;  ///< from point to point
    ptrdiff_t source_pitch, target_pitch;  ///< from set to set
    int fetched;  ///< what is of the lines to come: CK_FIRST: the source; CK_SECOND: the target; CK_NEITHER
} ck_transform;

/// The extents of a product of matrices whose first one is read in place: row r and depth d of it is a[r + offsets[d]].
typedef struct {
    ptrdiff_t rows, depth;
    ptrdiff_t columns;       ///< a multiple of 16 (f32) or 8 (f64): whole vectors
    ptrdiff_t b_pitch;       ///< from row to row of b
    ptrdiff_t result_pitch;  ///< from row to row of the result
} ck_shifted;

/// Where two matrices have one step of the depth: elements before row 0 of the first, and before column 0 of the second.
typedef struct {
    int32_t a, b;
} ck_place;

/// The extents of a product of matrices that are both read in place.
typedef struct {
    ptrdiff_t rows, depth, columns;
    ptrdiff_t a_pitch;       ///< from row to row of a
    ptrdiff_t result_pitch;  ///< from row to row of the result
} ck_placed;

/// Planes of taps, the layers, and the planes they relate: result row q, column j and tap row r, column s of layer l meet in the
/// source's layer l, row q + r, column j + s.
typedef struct {
    ptrdiff_t rows, columns;        ///< of the result, or of its gradient
    ptrdiff_t layers;               ///< of taps, and of the source
    ptrdiff_t tap_rows, taps;       ///< of each layer
    ptrdiff_t first_row, last_row;  ///< source rows from the first to before the last are there, all others are zero
    ptrdiff_t source_pitch, result_pitch;  ///< from row to row
    ptrdiff_t weight_pitch, weight_step;   ///< from row to row and from tap to tap; may be negative
    ptrdiff_t source_layer, weight_layer;  ///< from layer to layer; the latter may be negative
} ck_stencil;

/// The same of a line of channels, 64 bytes, at each position: pitches and steps count lines.
typedef struct {
    ptrdiff_t rows, columns;              ///< of the result
    ptrdiff_t tap_rows, taps;             ///< of the filter planes
    ptrdiff_t first_row, last_row;        ///< source rows that are there; others are not touched
    ptrdiff_t first_column, last_column;  ///< source columns that are there; others hold 0
    ptrdiff_t source_pitch, result_pitch;  ///< from row to row
    ptrdiff_t weight_pitch, weight_step;   ///< from row to row and from tap to tap; may be negative
} ck_channel_stencil;

/// Rows that are copied between zeros.
typedef struct {
    ptrdiff_t rows, count;                ///< rows, and elements of each
    ptrdiff_t before, after;              ///< zeros on both sides of a row
    ptrdiff_t source_pitch, source_step;  ///< from row to row and from element to element
    ptrdiff_t target_pitch;               ///< from row to row
} ck_padding;

/// Which factor of a product is conjugated.
enum { CK_NEITHER = 0, CK_FIRST = 1, CK_SECOND = 2 };

#define T float
#define NAME(x) x##_f32
#include "kernel_table.inc"
#undef T
#undef NAME
#define T double
#define NAME(x) x##_f64
#include "kernel_table.inc"
#undef T
#undef NAME

/// Instruction sets: plain loops; 128-bit vectors (SSE2, NEON); and those of x86-64, each including the ones before it.
enum { CK_SCALAR = 0, CK_BASELINE = 1, CK_AVX2 = 2, CK_AVX512 = 3, CK_INSTRUCTION_SETS = 4 };

/// Whether this build has kernels for an instruction set and this processor runs them.
int ck_is_supported(int instruction_set);

/// The best supported instruction set, capped by the environment variable FFTCONV_ISA (scalar, baseline, avx2,
/// avx512).
int ck_best(void);

/// "scalar", "baseline", "avx2", "avx512".
const char *ck_name(int instruction_set);

/// The family that AMD numbers this processor in; 0 of other makers.
int ck_amd_family(void);

/// The kernels for a supported instruction set.
const ck_kernels_f32 *ck_table_f32(int instruction_set);
const ck_kernels_f64 *ck_table_f64(int instruction_set);

/// Cores in this process's affinity mask; where there is none, the cores that are online. At least 1.
int ck_affinity_count(void);

/// Sets rounding to nearest, subnormals kept, exceptions masked, for this thread; returns the state before.
unsigned long ck_enter_default_floating_point(void);
/// Sets the state that ck_enter_default_floating_point returned.
void ck_restore_floating_point(unsigned long state);
/// Makes subnormals of this thread vanish, as programs built with -ffast-math do: for tests.
void ck_flush_subnormals(void);
/// Whether an operand of this thread was subnormal since the last call; 0 where the processor does not say: for tests.
int ck_has_met_subnormals(void);

/// Tells the processor that this thread waits in a loop.
void ck_pause(void);

/// Copies a multiple of 64 bytes, aligned so, past the caches: to memory that is not read again before they hold something else.
static inline void ck_stream(void *restrict target, const void *restrict source, long byte_count) {
    typedef float ck_lanes __attribute__((vector_size(16)));
    for (long index = 0; index < byte_count / 16; index++)
        __builtin_nontemporal_store(((const ck_lanes *)source)[index], (ck_lanes *)target + index);
#if defined(__x86_64__)
    // Such stores keep no order with others there, and threads that read them wait for those.
    __builtin_ia32_sfence();
#endif
}

/// Asks for memory that will soon be read or written. Only time depends on it.
static inline void ck_fetch(const void *start, long byte_count) {
    for (long offset = 0; offset < byte_count; offset += 64) __builtin_prefetch((const char *)start + offset, 0, 2);
}

/// The same of `count` pieces of memory, `pitch` bytes from each other.
static inline void ck_fetch_pieces(const void *first, long pitch, long count, long byte_count) {
    for (long piece = 0; piece < count; piece++) ck_fetch((const char *)first + piece * pitch, byte_count);
}
