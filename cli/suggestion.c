/*
 * The rule is that of engine/schema/suggest.c, which the program cannot call: the public header
 * has no need of it.  Beyond it, the beginning of a command's or option's name is near, however
 * much is left out.
 */
#include "cli/suggestion.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that make one word of the other: insert, delete, replace, swap neighbours (optimal string
 * alignment), whatever the case of letters.  d[i][j]: of a's first i letters and b's first j. */
static size_t edit_distance(const char *a, const char *b)
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
            d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + !same);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[n][m];
}

static bool begins(const char *name, const char *word)
{
    const size_t length = strlen(word);
    return length > 1 && strncmp(name, word, length) == 0;
}

rnl_suggestion rnl_suggestion_for(const char *word)
{
    return (rnl_suggestion){.word = word, .distance = strlen(word) / 3 + 2};
}

void rnl_suggestion_offer(rnl_suggestion *suggestion, const char *name)
{
    const size_t distance =
        begins(name, suggestion->word) ? 1 : edit_distance(suggestion->word, name);
    if (distance < suggestion->distance && distance < strlen(name)) {
        suggestion->distance = distance;
        suggestion->name = name;
    }
}
