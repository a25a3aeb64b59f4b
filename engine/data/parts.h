/*
 * The parts of a run: training, validation and test rows.
 */
#ifndef RNL_ENGINE_DATA_PARTS_H
#define RNL_ENGINE_DATA_PARTS_H

#include "engine/data/dataset.h"

/* Data without rows; NULL if memory runs out. */
rnl_data *rnl_data_create_empty(void);

/* Creates data of the caller's rows as rnl_data_create does; frames follow the encoding, if it is
 * not NULL, and what the configuration, if there is one, says of categories. */
rnl_status rnl_data_create_encoded(rnl_data **data, const rnl_encoding *encoding,
                                   const rnl_config *config, const rnl_rows *train,
                                   const rnl_rows *validation, const rnl_rows *test);

/* Passes the data to the caller, or frees them after a failure; returns `status`. */
rnl_status rnl_data_deliver(rnl_data **data, rnl_data *made, rnl_status status);

/* Refuses parts whose rows have different shapes. */
rnl_status rnl_data_check_shapes(const rnl_data *data);

/* Refuses rules of categories for rows that have none. */
rnl_status rnl_data_check_rules(const rnl_data *data);

/* The sets (a sum of rnl_part) whose rows are read where the parts are loaded.  `encoding`: the
 * model's that they are for, or NULL. */
unsigned rnl_data_sets_read(const rnl_data_config *config, const rnl_encoding *encoding,
                            unsigned parts);

/* Loads the parts (a sum of rnl_part) that a configuration names.  loading->encoding: the model's
 * that they are for, or NULL. */
rnl_status rnl_data_load_parts(rnl_data **data, const rnl_config *config,
                               const rnl_loading *loading, unsigned parts);

#endif
