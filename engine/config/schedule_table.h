/*
 * Schedules of the kind `table`: the rows of their files become lists of the configuration, so that
 * a saved model needs no file.
 */
#ifndef RNL_ENGINE_CONFIG_SCHEDULE_TABLE_H
#define RNL_ENGINE_CONFIG_SCHEDULE_TABLE_H

#include "engine/schema/tree.h"

/* Rewrites the schedules of all sections and phases.  RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
rnl_status rnl_schedule_tables_read(rnl_node *root);

#endif
