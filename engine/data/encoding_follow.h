/*
 * An encoding that follows an earlier model's.
 */
#ifndef RNL_ENGINE_DATA_ENCODING_FOLLOW_H
#define RNL_ENGINE_DATA_ENCODING_FOLLOW_H

#include "engine/data/dataset.h"

/* Takes over the earlier columns and categories where they hold all that was measured; notes where
 * they do not. */
rnl_status rnl_encoding_follow(rnl_encoding *encoding, const rnl_earlier_encoding *earlier,
                               rnl_notes *notes);

#endif
