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

/* Text in memory of its own; complains and returns NULL if the file cannot be read. */
char *rnl_report_read(const char *path);

/* "DIRECTORY/NAME", to be freed; complains and returns NULL if memory ran out. */
char *rnl_report_path(const char *directory, const char *name);

#endif
