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
    rnl_status status = rnl_data_load_among(data, config, earlier, parts, start->job);
    if (status == RNL_OK)
        status = rnl_model_create(model, config, *data);
    if (status == RNL_OK)
        status = rnl_model_start_from(*model, earlier, start->how, &report);
    if (status == RNL_OK)
        tell(start, report);
    return status;
}

static rnl_status begin_fresh(const rnl_model_beginning *start, rnl_config *config, unsigned parts,
                              rnl_data **data, rnl_model **model)
{
    const rnl_status status = rnl_data_load_among(data, config, NULL, parts, start->job);
    return status == RNL_OK ? rnl_model_create(model, config, *data) : status;
}

static rnl_status begin_with_tensors(const rnl_model_beginning *start, rnl_config *config,
                                     unsigned parts, rnl_data **data, rnl_model **model)
{
    char *report = NULL;
    rnl_status status = begin_fresh(start, config, parts, data, model);
    if (status == RNL_OK)
        status = rnl_model_start_from_tensors(*model, start->earlier, start->how, &report);
    if (status == RNL_OK)
        tell(start, report);
    return status;
}

/* Reads what training starts from; `plain` tells tensors of another program, which wait. */
static rnl_status read_earlier(const rnl_model_beginning *start, rnl_model **earlier, int *plain)
{
    if (!start->earlier)
        return RNL_OK;
    const rnl_status status = rnl_file_is_plain(start->earlier, plain);
    return status == RNL_OK && !*plain ? rnl_model_load(earlier, start->earlier, NULL, 0) : status;
}

/* Fails on all ranks where one cannot read the earlier model. */
static rnl_status agree(const rnl_model_beginning *start, rnl_status status)
{
    int code = status != RNL_OK;
    const rnl_status agreed = rnl_job_agree(start->job, &code, code ? rnl_message() : NULL);
    return status == RNL_OK ? agreed : status;
}

rnl_status rnl_model_begin(const rnl_model_beginning *start, rnl_config *config, unsigned parts,
                           rnl_data **data, rnl_model **model)
{
    int plain = 0;
    rnl_model *earlier = NULL;
    rnl_status status = agree(start, read_earlier(start, &earlier, &plain));
    if (status == RNL_OK)
        status = earlier ? begin_after(start, earlier, config, parts, data, model)
                 : plain ? begin_with_tensors(start, config, parts, data, model)
                         : begin_fresh(start, config, parts, data, model);
    rnl_model_free(earlier);
    return status;
}
