/*
 * Notes made while data are loaded, logged when a model is trained on them.
 */
#ifndef RNL_ENGINE_DATA_NOTES_H
#define RNL_ENGINE_DATA_NOTES_H

#include "runnel/runnel.h"

typedef struct rnl_note {
    rnl_log_level level;
    char *text;
} rnl_note;

typedef struct rnl_notes {
    size_t count;
    rnl_note *items;
} rnl_notes;

/* Adds a line; does nothing if `notes` is NULL. */
rnl_status rnl_notes_add(rnl_notes *notes, rnl_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void rnl_notes_release(rnl_notes *notes);

#endif
