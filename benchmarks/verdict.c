#include "benchmarks/verdict.h"

#include <stdio.h>

void rnl_verdict(char *text, size_t size, const char *name, const char *than,
                 const rnl_ratio *ratio)
{
    const double middle = 100 * (ratio->median - 1);
    const double low = 100 * (ratio->low - 1), high = 100 * (ratio->high - 1);
    if (low > 0)
        snprintf(text, size, "%s costs %.1f %% (%.1f to %.1f) more than %s", name, middle, low,
                 high, than);
    else if (high < 0)
        snprintf(text, size, "%s costs %.1f %% (%.1f to %.1f) less than %s", name, -middle, -high,
                 -low, than);
    else
        snprintf(text, size,
                 "%s costs what %s costs, as far as is known (%+.1f %%, %+.1f to %+.1f)", name,
                 than, middle, low, high);
}
