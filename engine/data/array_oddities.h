/*
 * Finds what is odd about the columns of an array.
 */
#ifndef RNL_ENGINE_DATA_ARRAY_ODDITIES_H
#define RNL_ENGINE_DATA_ARRAY_ODDITIES_H

#include "engine/data/dataset.h"

/* Notes what is odd about the columns of an array whose rows are no images. */
rnl_status rnl_array_note_oddities(const rnl_dataset *dataset, rnl_notes *notes);

#endif
