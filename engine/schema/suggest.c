#include "engine/base/number.h"
#include "engine/schema/schema.h"

#include <ctype.h>
#include <string.h>

#define LONGEST 63

/* Optimal string alignment.  d[i][j]: edits from a's first i letters to b's first j. */
size_t rnl_edit_distance(const char *a, const char *b)
{
    const size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n; ++i)
        d[i][0] = i;
    for (size_t j = 0; j <= m; ++j)
        d[0][j] = j;
    for (size_t i = 1; i <= n; ++i)
        for (size_t j = 1; j <= m; ++j) {
            const bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            d[i][j] = rnl_least(rnl_least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + !same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = rnl_least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

const char *rnl_nearest_within(size_t edits, const char *name, const char *const *candidates,
                               size_t count)
{
    const char *nearest = NULL;
    size_t smallest = edits + 1;
    for (size_t i = 0; i < count; ++i) {
        const size_t distance = rnl_edit_distance(name, candidates[i]);
        if (distance < smallest && distance < strlen(candidates[i])) {
            smallest = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

const char *rnl_nearest(const char *name, const char *const *candidates, size_t count)
{
    return rnl_nearest_within(strlen(name) / 3 + 1, name, candidates, count);
}
