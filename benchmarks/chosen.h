/*
 * Kinds that the command line chooses from a table: "relu,elu".
 */
#ifndef RNL_BENCHMARKS_CHOSEN_H
#define RNL_BENCHMARKS_CHOSEN_H

#include "engine/schema/schema.h"

#include <jansson.h>

/* Reads a list as YAML has it, `relu,{elu: {alpha: 0.5}}`; NULL: all of the table, and `more`
 * unless that is NULL.  A mistake names `option`. */
rnl_status rnl_choose(rnl_choice_list *list, const rnl_kind_table *table, const char *option,
                      const char *text, const char *more);
void rnl_choose_release(rnl_choice_list *list, const rnl_kind_table *table);

/* The same as a JSON array of choices as they stand in a configuration. */
rnl_status rnl_choose_json(json_t **array, const rnl_kind_table *table, const char *option,
                           const char *text);

/* The kind's name: of "elu", or of {"elu": {...}}. */
const char *rnl_choice_name(const json_t *choice);

#endif
