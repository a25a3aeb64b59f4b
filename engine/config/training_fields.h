/*
 * The section `training`.
 */
#ifndef RNL_ENGINE_CONFIG_TRAINING_FIELDS_H
#define RNL_ENGINE_CONFIG_TRAINING_FIELDS_H

#include "engine/schema/schema.h"

/* The keys of training. */
extern const rnl_field rnl_training_fields[];

#endif
