/*
 * A page of HTML in one file, which asks for nothing from elsewhere.
 */
#ifndef RNL_CLI_PAGE_H
#define RNL_CLI_PAGE_H

#include "cli/dot_plot.h"
#include "cli/plot.h"

#include <stdio.h>

void rnl_page_begin(FILE *page, const char *title);
void rnl_page_end(FILE *page);

/* Text is escaped everywhere. */
void rnl_page_heading(FILE *page, int level, const char *text);
void rnl_page_text(FILE *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text as it is, to be unfolded by the reader. */
void rnl_page_fold(FILE *page, const char *title, const char *text);

/* A table row by row: the first row is that of the names. */
void rnl_page_table_begin(FILE *page);
void rnl_page_row(FILE *page);
void rnl_page_cell(FILE *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A cell of words, which stand to the left and take several lines. */
void rnl_page_words(FILE *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rnl_page_table_end(FILE *page);

/* Drawings stand beside each other where there is room.  A plot complains and returns false on
 * failure. */
void rnl_page_drawings_begin(FILE *page);
bool rnl_page_plot(FILE *page, const rnl_plot *plot);
bool rnl_page_dots(FILE *page, const rnl_dot_plot *dots);
void rnl_page_drawings_end(FILE *page);

#endif
