/*
 * The rule is that of the library's messages.  Beyond it, the beginning of a command's or option's
 * name is near, however much is left out.
 */
#include "cli/suggestion.h"

#include <runnel/runnel.h>

#include <stdbool.h>
#include <string.h>

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
        begins(name, suggestion->word) ? 1 : rnl_edit_distance(suggestion->word, name);
    if (distance < suggestion->distance && distance < strlen(name)) {
        suggestion->distance = distance;
        suggestion->name = name;
    }
}
