#include "engine/data/notes.h"

#include "engine/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rnl_status rnl_notes_add(rnl_notes *notes, rnl_log_level level, const char *format, ...)
{
    char text[512];
    if (!notes)
        return RNL_OK;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rnl_note *grown = realloc(notes->items, (notes->count + 1) * sizeof *grown);
    if (grown)
        notes->items = grown;
    char *own = grown ? strdup(text) : NULL;
    if (!own)
        return rnl_fail_memory((notes->count + 1) * sizeof *grown);
    notes->items[notes->count++] = (rnl_note){level, own};
    return RNL_OK;
}

void rnl_notes_release(rnl_notes *notes)
{
    for (size_t i = 0; i < notes->count; ++i)
        free(notes->items[i].text);
    free(notes->items);
    *notes = (rnl_notes){0};
}
