#include "engine/data/content.h"

#include <string.h>

const char *rnl_content_name(const void *bytes, size_t count)
{
    static const struct {
        const char *start;
        size_t length;
        const char *name;
    } contents[] = {
        {"\x93NUM", 4, "a .npy file"},
        {"PK\3\4", 4,
         "a zip archive (of an .npz, save each array by np.save; of an .xlsx, the table as CSV)"},
        {"\xff\xfe", 2, "UTF-16"},
        {"\xfe\xff", 2, "UTF-16"},
    };
    for (size_t i = 0; i < sizeof contents / sizeof *contents; ++i)
        if (count >= contents[i].length &&
            memcmp(bytes, contents[i].start, contents[i].length) == 0)
            return contents[i].name;
    return count >= 4 && memcmp(bytes, "\0\0", 2) == 0 ? "an IDX file" : NULL;
}
