/*
 * Sections of a report: a run, a comparison, benchmarks.
 */
#ifndef RNL_CLI_REPORT_H
#define RNL_CLI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/* Each complains and returns false on failure. */
bool rnl_report_run(FILE *page, const char *directory);
bool rnl_report_comparison(FILE *page, const char *directory);
bool rnl_report_benchmarks(FILE *page, const char *path);

#endif
