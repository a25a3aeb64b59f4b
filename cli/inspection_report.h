/*
 * What the figures of inspect.csv say, in words.
 */
#ifndef RNL_CLI_INSPECTION_REPORT_H
#define RNL_CLI_INSPECTION_REPORT_H

#include "cli/inspection_file.h"

/* Prints the table of an epoch; false if memory ran out. */
bool rnl_inspection_print_table(const rnl_inspected_epoch *epoch);

/* Prints what is wrong, with the numbers and what to try, or that nothing is.  failure: what the
 * run ended with after the epoch; NULL: nothing is known of that. */
void rnl_inspection_print_findings(const rnl_inspected_epoch *epoch, const char *failure);

#endif
