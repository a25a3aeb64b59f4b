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

/* Rounds up to whole seconds: for times of ten seconds and more. */
static void format_whole(char text[RNL_FIGURE_LENGTH], double seconds)
{
    const unsigned long whole = seconds < 1e9 ? (unsigned long)ceil(seconds) : 999999999;
    const unsigned long hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0)
        snprintf(text, RNL_FIGURE_LENGTH, "%lu:%02lu:%02lu", hours, minutes, whole % 60);
    else
        snprintf(text, RNL_FIGURE_LENGTH, "%lu:%02lu", minutes, whole % 60);
}

/* Two digits, or one behind the point; the limits are where these would round up. */
void rnl_time_format(char text[RNL_FIGURE_LENGTH], double seconds)
{
    if (seconds < 0.9995e-3)
        snprintf(text, RNL_FIGURE_LENGTH, seconds < 9.95e-6 ? "%.2g µs" : "%.0f µs", 1e6 * seconds);
    else if (seconds < 0.0995)
        snprintf(text, RNL_FIGURE_LENGTH, seconds < 9.95e-3 ? "%.2g ms" : "%.0f ms", 1e3 * seconds);
    else if (seconds < 9.95)
        snprintf(text, RNL_FIGURE_LENGTH, "%.1f s", seconds);
    else
        format_whole(text, seconds);
}

const rnl_figure *rnl_figure_find(const rnl_progress *progress, const char *name)
{
    for (size_t i = 0; i < progress->figure_count; ++i) {
        if (strcmp(progress->figures[i].name, name) == 0)
            return &progress->figures[i];
    }
    return NULL;
}
