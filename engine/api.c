#include "runnel/runnel.h"

#include <stdlib.h>

const char *rnl_version(void)
{
    return RNL_VERSION;
}

void rnl_text_free(char *text)
{
    free(text);
}
