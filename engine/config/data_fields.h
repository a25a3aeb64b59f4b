/*
 * The keys of the section `data`.
 */
#ifndef RNL_ENGINE_CONFIG_DATA_FIELDS_H
#define RNL_ENGINE_CONFIG_DATA_FIELDS_H

#include "engine/schema/schema.h"

extern const rnl_field rnl_data_fields[];

#endif
