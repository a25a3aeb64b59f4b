#include "benchmarks/caches.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool read_text(char *text, size_t size, int index, const char *name)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    FILE *in = fopen(path, "r");
    const bool read = in && fgets(text, (int)size, in);
    if (in)
        fclose(in);
    return read;
}

/* The processors in a list such as "0-3,8". */
static size_t count_processors(const char *list)
{
    size_t count = 0;
    while (*list >= '0' && *list <= '9') {
        unsigned first, last;
        int length = 0;
        if (sscanf(list, "%u%n", &first, &length) != 1)
            return count;
        list += length;
        last = first;
        if (*list == '-' && sscanf(list, "-%u%n", &last, &length) == 1)
            list += length;
        count += last - first + 1;
        list += *list == ',';
    }
    return count;
}

size_t rnl_cache_size(int level, size_t *sharing)
{
    static const size_t usual[] = {0, 32 << 10, 1 << 20, 32 << 20};
    *sharing = 1;
    for (int index = 0; index < 8; ++index) {
        char text[256];
        int found;
        size_t kibibytes;
        if (!read_text(text, sizeof text, index, "level") || sscanf(text, "%d", &found) != 1 ||
            found != level || !read_text(text, sizeof text, index, "type") ||
            strncmp(text, "Instruction", 11) == 0 || !read_text(text, sizeof text, index, "size") ||
            sscanf(text, "%zuK", &kibibytes) != 1)
            continue;
        if (read_text(text, sizeof text, index, "shared_cpu_list") && count_processors(text) > 0)
            *sharing = count_processors(text);
        return kibibytes << 10;
    }
    return usual[level];
}
