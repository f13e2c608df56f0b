/// PNG files in memory to raw samples and back, over libpng.
///
/// libpng's own simplified interface would be enough but for one thing: it turns 16-bit samples into linear light.
/// Here samples are what the file says, 8 or 16 bit, never gamma-corrected; and every error libpng reports by
/// longjmp ends inside one of these functions.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PNGBRIDGE_MESSAGE_SIZE 160

typedef enum {
    PNGBRIDGE_OK = 0,
    /// The bytes are no PNG file, or a damaged one; the message says in libpng's words what is wrong.
    PNGBRIDGE_MALFORMED = 1,
    PNGBRIDGE_OUT_OF_MEMORY = 2,
} pngbridge_status;

typedef struct {
    uint32_t width, height;
    /// Samples per pixel after expansion of palette and transparency: 1 to 4.
    uint32_t channels;
    /// Bits per sample after expansion: 8 or 16.
    uint32_t bit_depth;
    /// Bits per pixel as they stand in the file, before expansion.
    uint32_t stored_pixel_bits;
} pngbridge_info;

typedef struct pngbridge_reader pngbridge_reader;

/// Reads everything before the pixels. The bytes must stay valid until `pngbridge_close`.
/// `*reader` is to be closed whatever the answer is; it may be NULL.
pngbridge_status pngbridge_open(
    const uint8_t *bytes, size_t count, pngbridge_reader **reader, pngbridge_info *info,
    char message[PNGBRIDGE_MESSAGE_SIZE]);

/// Decodes all pixels, row-major and interleaved. `count` must be width * height * channels of the info.
pngbridge_status pngbridge_decode(
    pngbridge_reader *reader, uint16_t *samples, size_t count, char message[PNGBRIDGE_MESSAGE_SIZE]);

void pngbridge_close(pngbridge_reader *reader);

/// Encodes samples (stored_pixel_bits of the info is not looked at). On success the caller frees `*bytes`
/// with `pngbridge_free`; otherwise it is NULL.
pngbridge_status pngbridge_encode(
    const uint16_t *samples, const pngbridge_info *info, uint8_t **bytes, size_t *count,
    char message[PNGBRIDGE_MESSAGE_SIZE]);

void pngbridge_free(uint8_t *bytes);
