#include "cli/messages.h"

#include <stdarg.h>
#include <stdio.h>

static void complain_list(const char *format, va_list values)
{
    fputs("runnel: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
}

void rnl_complain(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    complain_list(format, values);
    va_end(values);
}

int rnl_complain_usage(const char *command, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    complain_list(format, values);
    va_end(values);
    fprintf(stderr, "See: runnel help%s%s\n", command ? " " : "", command ? command : "");
    return RNL_EXIT_USAGE;
}

int rnl_complain_memory(void)
{
    rnl_complain("out of memory");
    return RNL_EXIT_FAILURE;
}

int rnl_complain_status(rnl_status status)
{
    if (status == RNL_OK)
        return RNL_EXIT_OK;
    rnl_complain("%s", rnl_message());
    return status == RNL_BAD_CONFIG ? RNL_EXIT_USAGE : RNL_EXIT_FAILURE;
}

int rnl_print_text(rnl_status status, char *text)
{
    if (status == RNL_OK)
        fputs(text, stdout);
    const int code = rnl_complain_status(status);
    rnl_text_free(text);
    return code;
}
