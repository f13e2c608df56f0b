#include "failure.h"
#include <stdlib.h>
#include <string.h>

// Everything that changes between setjmp and longjmp lives here, outside the frame that calls setjmp.
typedef struct {
    png_structp png;
    png_infop info;
    uint8_t *row;
    uint8_t *bytes;
    size_t count, capacity;
    int out_of_memory;
} writer;

static void write_bytes(png_structp png, png_bytep source, size_t count) {
    writer *w = png_get_io_ptr(png);
    if (count > w->capacity - w->count) {
        // Doubling, so that n bytes cost O(n) copies; a sum that would wrap counts as no memory.
        size_t capacity = w->capacity < SIZE_MAX / 2 ? w->capacity * 2 : SIZE_MAX;
        if (capacity - w->count < count) capacity = count < SIZE_MAX - w->count ? w->count + count : SIZE_MAX;
        if (capacity < 4096) capacity = 4096;
        uint8_t *bytes = capacity == SIZE_MAX ? NULL : realloc(w->bytes, capacity);
        if (!bytes) {
            w->out_of_memory = 1;
            png_error(png, "out of memory");
        }
        w->bytes = bytes;
        w->capacity = capacity;
    }
    memcpy(w->bytes + w->count, source, count);
    w->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

static void encode(writer *w, const uint16_t *samples, const pngbridge_info *picture) {
    static const int color_types[5] = {
        0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    const size_t row_count = (size_t)picture->width * picture->channels;
    png_set_write_fn(w->png, w, write_bytes, flush_nothing);
    png_set_IHDR(
        w->png, w->info, picture->width, picture->height, (int)picture->bit_depth, color_types[picture->channels],
        PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    // Samples are native; the file is big-endian.
    const uint16_t probe = 1;
    if (picture->bit_depth == 16 && *(const uint8_t *)&probe) png_set_swap(w->png);
    for (size_t y = 0; y < picture->height; y++) {
        const uint16_t *row = samples + y * row_count;
        if (picture->bit_depth == 16) {
            png_write_row(w->png, (png_const_bytep)row);
        } else {
            for (size_t i = 0; i < row_count; i++) w->row[i] = (uint8_t)row[i];
            png_write_row(w->png, w->row);
        }
    }
    png_write_end(w->png, w->info);
}

/// 1 when libpng gave up; alone in its frame, with no local that setjmp could leave behind.
static int encode_failed(writer *w, const uint16_t *samples, const pngbridge_info *picture) {
    if (setjmp(png_jmpbuf(w->png))) return 1;
    encode(w, samples, picture);
    return 0;
}

pngbridge_status pngbridge_encode(
    const uint16_t *samples, const pngbridge_info *picture, uint8_t **bytes, size_t *count,
    char message[PNGBRIDGE_MESSAGE_SIZE]) {
    *bytes = NULL;
    *count = 0;
    message[0] = 0;
    if (picture->channels < 1 || picture->channels > 4 || (picture->bit_depth != 8 && picture->bit_depth != 16)) {
        pngbridge_set_message(message, "channels must be 1 to 4 and bits 8 or 16");
        return PNGBRIDGE_MALFORMED;
    }
    writer w = {0};
    pngbridge_status status = PNGBRIDGE_OUT_OF_MEMORY;
    w.row = malloc((size_t)picture->width * picture->channels + 1);
    w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, pngbridge_fail, pngbridge_ignore);
    if (w.png) w.info = png_create_info_struct(w.png);
    if (w.row && w.info) {
        if (!encode_failed(&w, samples, picture)) status = PNGBRIDGE_OK;
        else if (!w.out_of_memory) status = PNGBRIDGE_MALFORMED;
    }
    png_destroy_write_struct(&w.png, &w.info);
    free(w.row);
    if (status != PNGBRIDGE_OK) {
        free(w.bytes);
        return status;
    }
    *bytes = w.bytes;
    *count = w.count;
    return PNGBRIDGE_OK;
}

void pngbridge_free(uint8_t *bytes) { free(bytes); }
