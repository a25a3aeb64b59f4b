#include "engine/base/utf8.h"

#include <stddef.h>

/* The range of the second byte excludes overlong forms, surrogates and what is behind U+10FFFF. */
typedef struct lead {
    unsigned char first, last; /* of the first byte */
    unsigned char least, most; /* of the second */
    int behind;                /* bytes behind the first */
} lead;

static const lead leads[] = {
    {0x01, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
    {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
    {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};

static const lead *find_lead(unsigned char byte)
{
    for (size_t i = 0; i < sizeof leads / sizeof *leads; ++i)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

bool rnl_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        const lead *l = find_lead(*at++);
        if (!l || (l->behind > 0 && (*at < l->least || *at > l->most)))
            return false;
        for (int i = 0; i < l->behind; ++i)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}
