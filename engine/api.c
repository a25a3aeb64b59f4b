#include "engine/product/onednn.h"
#include "runnel/runnel.h"

#include <stdlib.h>

const char *rnl_version(void)
{
    return RNL_VERSION;
}

const char *rnl_products_library(void)
{
    return rnl_onednn_version();
}

void rnl_text_free(char *text)
{
    free(text);
}
