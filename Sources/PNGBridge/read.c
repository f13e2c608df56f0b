#include "failure.h"
#include <stdlib.h>
#include <string.h>

struct pngbridge_reader {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count, offset;
    pngbridge_info picture;
};

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    pngbridge_reader *reader = png_get_io_ptr(png);
    if (count > reader->count - reader->offset) png_error(png, "the file ends inside the picture");
    memcpy(target, reader->bytes + reader->offset, count);
    reader->offset += count;
}

pngbridge_status pngbridge_open(
    const uint8_t *bytes, size_t count, pngbridge_reader **result, pngbridge_info *info,
    char message[PNGBRIDGE_MESSAGE_SIZE]) {
    *result = NULL;
    message[0] = 0;
    if (count < 8 || png_sig_cmp(bytes, 0, 8)) {
        pngbridge_set_message(message, "the first 8 bytes are not those of a PNG file");
        return PNGBRIDGE_MALFORMED;
    }
    // The reader is on the heap, so no local changes between setjmp and longjmp.
    pngbridge_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return PNGBRIDGE_OUT_OF_MEMORY;
    *result = reader;
    reader->bytes = bytes;
    reader->count = count;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, pngbridge_fail, pngbridge_ignore);
    if (!reader->png) return PNGBRIDGE_OUT_OF_MEMORY;
    reader->info = png_create_info_struct(reader->png);
    if (!reader->info) return PNGBRIDGE_OUT_OF_MEMORY;

    if (setjmp(png_jmpbuf(reader->png))) return PNGBRIDGE_MALFORMED;
    png_set_read_fn(reader->png, reader, read_bytes);
    // The caller limits the extents with a better message; libpng's own limit of a million would come first.
    png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    // Colour profiles, texts and the like are skipped unread: a negative count means every chunk but
    // IHDR, PLTE, tRNS, IDAT and IEND.
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(reader->png, reader->info);

    const int color = png_get_color_type(reader->png, reader->info);
    const int depth = png_get_bit_depth(reader->png, reader->info);
    const int transparent = png_get_valid(reader->png, reader->info, PNG_INFO_tRNS) != 0;
    info->width = png_get_image_width(reader->png, reader->info);
    info->height = png_get_image_height(reader->png, reader->info);
    info->channels = ((color & PNG_COLOR_MASK_COLOR) ? 3 : 1) + (transparent || (color & PNG_COLOR_MASK_ALPHA));
    info->bit_depth = depth == 16 ? 16 : 8;
    info->stored_pixel_bits = (uint32_t)depth * png_get_channels(reader->png, reader->info);
    reader->picture = *info;
    return PNGBRIDGE_OK;
}

pngbridge_status pngbridge_decode(
    pngbridge_reader *reader, uint16_t *samples, size_t count, char message[PNGBRIDGE_MESSAGE_SIZE]) {
    png_structp png = reader->png;
    const size_t row_count = (size_t)reader->picture.width * reader->picture.channels;
    message[0] = 0;
    if (count / row_count != reader->picture.height || count % row_count) {
        pngbridge_set_message(message, "the sample count is not width * height * channels");
        return PNGBRIDGE_MALFORMED;
    }
    png_set_error_fn(png, message, pngbridge_fail, pngbridge_ignore);
    if (setjmp(png_jmpbuf(png))) return PNGBRIDGE_MALFORMED;

    // Palette to RGB, grey of 1, 2, 4 bits to 8, tRNS to alpha. Then all to 16 bits, so that a row of libpng is
    // a row of samples: 8-bit v becomes 257 v, whose upper byte is v again.
    png_set_expand(png);
    png_set_expand_16(png);
    const uint16_t probe = 1;
    if (*(const uint8_t *)&probe) png_set_swap(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    if (png_get_rowbytes(png, reader->info) != row_count * 2) png_error(png, "unexpected row length");
    // Each pass of an interlaced file fills in more of the rows that the passes before it began.
    for (int pass = 0; pass < passes; pass++)
        for (size_t row = 0; row < reader->picture.height; row++)
            png_read_row(png, (png_bytep)(samples + row * row_count), NULL);
    png_read_end(png, NULL);
    if (reader->picture.bit_depth == 8)
        for (size_t i = 0; i < count; i++) samples[i] >>= 8;
    return PNGBRIDGE_OK;
}

void pngbridge_close(pngbridge_reader *reader) {
    if (!reader) return;
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader);
}
