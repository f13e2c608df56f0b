// libpng 1.6. Only PNGBridge calls it: libpng reports errors by longjmp, which must not cross a Swift frame.
#include <png.h>
