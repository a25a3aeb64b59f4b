/*
 * The result of an evaluation as text: figures, confusion matrix, precision and recall per class.
 */
#ifndef RNL_CLI_EVALUATION_REPORT_H
#define RNL_CLI_EVALUATION_REPORT_H

#include <runnel/runnel.h>

#include <stdbool.h>

/* Prints on standard output, `rows` being their name; false if memory ran out. */
bool rnl_evaluation_report(const rnl_evaluation *evaluation, const rnl_model *model,
                           const char *rows);

/* Prints the figures on one line: "test: loss 0.3451, accuracy 0.8852 (10000 rows)". */
void rnl_evaluation_print_line(const rnl_evaluation *evaluation, const char *rows);

#endif
