#include "cli/figure_format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void rnl_figure_format(char text[RNL_FIGURE_LENGTH], double value)
{
    const double size = fabs(value);
    const char *format = size > 0 && (size < 1e-3 || size >= 1e6) ? "%.3e" : "%.4f";
    snprintf(text, RNL_FIGURE_LENGTH, format, value);
}

const rnl_figure *rnl_figure_find(const rnl_progress *progress, const char *name)
{
    for (size_t i = 0; i < progress->figure_count; i++) {
        if (strcmp(progress->figures[i].name, name) == 0)
            return &progress->figures[i];
    }
    return NULL;
}
