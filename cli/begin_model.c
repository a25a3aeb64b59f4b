#include "cli/begin_model.h"

#include <stdio.h>

/* Says what was taken, line by line. */
static void tell(const rnl_model_beginning *start, char *report)
{
    if (!start->quiet)
        fprintf(stderr, "from %s:\n%s", start->earlier, report);
    rnl_text_free(report);
}

static rnl_status begin_after(const rnl_model_beginning *start, const rnl_model *earlier,
                              rnl_config *config, unsigned parts, rnl_data **data,
                              rnl_model **model)
{
    char *report = NULL;
    rnl_status status = rnl_data_load_after(data, config, earlier, parts);
    if (status == RNL_OK)
        status = rnl_model_create(model, config, *data);
    if (status == RNL_OK)
        status = rnl_model_start_from(*model, earlier, start->how, &report);
    if (status == RNL_OK)
        tell(start, report);
    return status;
}

static rnl_status begin_fresh(rnl_config *config, unsigned parts, rnl_data **data,
                              rnl_model **model)
{
    const rnl_status status = rnl_data_load(data, config, parts);
    return status == RNL_OK ? rnl_model_create(model, config, *data) : status;
}

static rnl_status begin_with_tensors(const rnl_model_beginning *start, rnl_config *config,
                                     unsigned parts, rnl_data **data, rnl_model **model)
{
    char *report = NULL;
    rnl_status status = begin_fresh(config, parts, data, model);
    if (status == RNL_OK)
        status = rnl_model_start_from_tensors(*model, start->earlier, start->how, &report);
    if (status == RNL_OK)
        tell(start, report);
    return status;
}

rnl_status rnl_model_begin(const rnl_model_beginning *start, rnl_config *config, unsigned parts,
                           rnl_data **data, rnl_model **model)
{
    int plain = 0;
    rnl_model *earlier = NULL;
    if (!start->earlier)
        return begin_fresh(config, parts, data, model);
    rnl_status status = rnl_file_is_plain(start->earlier, &plain);
    if (status == RNL_OK && plain)
        return begin_with_tensors(start, config, parts, data, model);
    if (status == RNL_OK)
        status = rnl_model_load(&earlier, start->earlier, NULL, 0);
    if (status == RNL_OK)
        status = begin_after(start, earlier, config, parts, data, model);
    rnl_model_free(earlier);
    return status;
}
