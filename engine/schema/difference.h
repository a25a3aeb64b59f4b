/*
 * What differs first between two configurations as JSON.
 */
#ifndef RNL_ENGINE_SCHEMA_DIFFERENCE_H
#define RNL_ENGINE_SCHEMA_DIFFERENCE_H

#include <runnel/runnel.h>

#define RNL_DIFFERENCE_TEXT 320

/* Writes "training.batch_size was 32 and is 64": the key as `--set` takes it, and both values as
 * far as they fit; of texts that Jansson does not read, the texts.  They are those of
 * rnl_config_print_json, and differ.  RNL_NO_MEMORY. */
rnl_status rnl_difference_describe(const char *before, const char *now,
                                   char text[RNL_DIFFERENCE_TEXT]);

#endif
