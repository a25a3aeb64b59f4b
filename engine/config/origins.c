/*
 * A configuration line by line, with the origin of each value.  The decoded values and the tree
 * that they were decoded from are traversed together: a value that is not in the tree is a default.
 */
#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/schema/explainer.h"
#include "threading/floating_mode.h"

#include <stdlib.h>

rnl_status rnl_config_print_origins(const rnl_config *config, char **text)
{
    RNL_OWN_FLOATING_MODE;
    RNL_TRY(rnl_reuse_check(config));
    char *printed = NULL;
    size_t size;
    rnl_explainer e = {.p = {.out = open_memstream(&printed, &size)}};
    if (!e.p.out)
        return rnl_fail_memory(4096);
    rnl_explain_fields(&e, rnl_config_fields, config, config->tree.root, 0);
    if (fclose(e.p.out) != 0) {
        free(printed);
        return rnl_fail_memory(size);
    }
    *text = printed;
    return RNL_OK;
}
