/*
 * What a comparison's keys and values are called where there is little room: in the heads of
 * columns, in rows and in legends.
 */
#ifndef RNL_CLI_COMPARISON_NAMES_H
#define RNL_CLI_COMPARISON_NAMES_H

#include "cli/comparison.h"

/* The end of a variation's key, by whole words, that no other key ends in: "units", or
 * "0.dense.units" beside "1.dense.units". */
const char *rnl_comparison_key_name(const rnl_comparison *comparison, size_t variation);

/* What the user calls the combination's value of a variation; "": nothing. */
const char *rnl_comparison_given_name(const rnl_comparison *comparison, const rnl_combination *c,
                                      size_t variation);

/* The name that the user gave, or "#2", with the first letters of the value if `begun`, where a
 * value of the variation is long; else the value.  To be freed; NULL if memory runs out. */
char *rnl_comparison_value_name(const rnl_comparison *comparison, const rnl_combination *c,
                                size_t variation, bool begun);

/* "adam, 64": the values of all variations but one, or of all; to be freed; NULL if memory runs
 * out. */
char *rnl_comparison_label(const rnl_comparison *comparison, const rnl_combination *c,
                           size_t but_variation);

/* Prints on standard output which value each "#2" stands for. */
void rnl_comparison_print_legend(const rnl_comparison *comparison);

#endif
