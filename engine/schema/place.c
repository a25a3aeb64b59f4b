#include "engine/base/error.h"
#include "engine/schema/schema.h"

#include <stdarg.h>
#include <stdio.h>

rnl_status rnl_fail_at(rnl_place place, const char *format, ...)
{
    char text[1536];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (place.line == 0)
        return rnl_fail(RNL_BAD_CONFIG, "%s: %s", place.source, text);
    return rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: %s", place.source, place.line, place.column, text);
}
