/*
 * Columns that `categorical: auto` has found to hold categories, once they are measured.
 */
#ifndef RNL_ENGINE_DATA_AUTOMATIC_COLUMNS_H
#define RNL_ENGINE_DATA_AUTOMATIC_COLUMNS_H

#include "engine/data/encoding.h"
#include "engine/data/notes.h"

/* Makes the inputs of such a column one, where they are two; no category fills its missing cells.
 */
void rnl_automatic_settle(rnl_column *column);

/* Refuses such columns of more inputs than the rules allow, and tells what the others became.
 * `source` is a file, or "training rows". */
rnl_status rnl_automatic_check(const rnl_encoding *encoding, const char *source, rnl_notes *notes);

#endif
