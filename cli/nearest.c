#include "cli/nearest.h"

#include <string.h>

#define MAX_LENGTH 31 /* a longer word or name is near to nothing */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The smallest number of characters inserted, left out, replaced, or swapped with their neighbour:
 * d[i][j] is that of a's first i characters and b's first j. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t d[MAX_LENGTH + 1][MAX_LENGTH + 1];
    for (size_t i = 0; i <= a_length; ++i) {
        for (size_t j = 0; j <= b_length; ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = smaller(smaller(d[i - 1][j], d[i][j - 1]) + 1,
                              d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a_length][b_length];
}

rnl_nearest rnl_nearest_to(const char *word)
{
    return (rnl_nearest){.word = word, .distance = 2 + strlen(word) / 4};
}

void rnl_nearest_offer(rnl_nearest *nearest, const char *name)
{
    const size_t word_length = strlen(nearest->word), name_length = strlen(name);
    if (word_length > MAX_LENGTH || name_length > MAX_LENGTH || word_length < 2)
        return;
    const size_t distance = strncmp(name, nearest->word, word_length) == 0
                                ? 1 /* the beginning of a name */
                                : edit_distance(nearest->word, word_length, name, name_length);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->name = name;
    }
}
