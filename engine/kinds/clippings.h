/*
 * The table of clippings: limits on the size of gradients.
 */
#ifndef RNL_ENGINE_KINDS_CLIPPINGS_H
#define RNL_ENGINE_KINDS_CLIPPINGS_H

#include "engine/schema/config.h"

/* In the order of the table. */
typedef enum rnl_clipping_kind {
    RNL_CLIPS_VALUES,     /* each gradient */
    RNL_CLIPS_NORMS,      /* the norm of each parameter's gradient */
    RNL_CLIPS_GLOBAL_NORM /* the norm of all */
} rnl_clipping_kind;

typedef struct rnl_clipping {
    rnl_clipping_kind kind;
    double limit;
} rnl_clipping;

/* Returns the clipping of a choice that has a kind. */
rnl_clipping rnl_clipping_of(const rnl_choice *clipping);

#endif
