/// How libpng's errors leave it: copied into the caller's message, then one longjmp to the bridge's setjmp.
#pragma once

#include "pngbridge.h"
#include <png.h>
#include <stdio.h>

static inline void pngbridge_set_message(char message[PNGBRIDGE_MESSAGE_SIZE], const char *text) {
    snprintf(message, PNGBRIDGE_MESSAGE_SIZE, "%s", text);
}

/// libpng's error pointer is the message buffer of the call in progress.
static inline void pngbridge_fail(png_structp png, png_const_charp text) {
    char *message = png_get_error_ptr(png);
    if (message) pngbridge_set_message(message, text);
    png_longjmp(png, 1);
}

/// Warnings are about chunks that have no bearing on the samples.
static inline void pngbridge_ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}
