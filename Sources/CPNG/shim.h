// libpng's simplified API (png_image): it returns errors instead of jumping over Swift frames.
#include <png.h>
