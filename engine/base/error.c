#include "engine/base/error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[2048];

rnl_status rnl_fail(rnl_status status, const char *format, ...)
{
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(message, sizeof message, "%s", text);
    return status;
}

const char *rnl_message(void)
{
    return message;
}
