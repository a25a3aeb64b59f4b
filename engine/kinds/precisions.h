/*
 * Precisions of training: the numbers that the matrix products multiply.
 */
#ifndef RNL_ENGINE_KINDS_PRECISIONS_H
#define RNL_ENGINE_KINDS_PRECISIONS_H

#include "engine/schema/config.h"

/* Tests if products multiply numbers of bfloat16. */
bool rnl_precision_is_mixed(const rnl_choice *precision);

#endif
