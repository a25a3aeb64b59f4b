/*
 * Whether the ranks of a job would train the same: configuration, rows, parameters and position.
 * What differs would quietly become a result of its own.
 */
#include "engine/training/job_check.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"
#include "engine/step/cut.h"
#include "engine/step/shared.h"
#include "engine/storage/digest.h"

#include <stdlib.h>
#include <string.h>

typedef struct identity {
    char version[32];
    char config[RNL_DIGEST_DIGITS + 1];
    char rows[RNL_DATA_DIGEST_TEXT];
    char parameters[RNL_DIGEST_DIGITS + 1];
    uint64_t step;
    uint64_t cut;
} identity;

static rnl_status digest_config(identity *own, const rnl_config *config)
{
    char *text = NULL;
    RNL_TRY(rnl_config_print_json(config, &text));
    const rnl_status status = rnl_digest(own->config, &(const rnl_bytes){text, strlen(text)}, 1);
    rnl_text_free(text);
    return status;
}

/* Leaves out the optimizer's state: that of rank 0 counts. */
static size_t list_arrays(const rnl_model *model, rnl_bytes *arrays)
{
    size_t count = 0;
    for (size_t i = 0; i < model->layer_count; ++i)
        for (size_t p = 0; p < model->layers[i].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[i].parameters[p];
            for (size_t a = 0; a < RNL_ARRAYS; a += a == RNL_VALUES ? RNL_BEST : 1)
                if (parameter->arrays[a] && arrays)
                    arrays[count++] = (rnl_bytes){parameter->arrays[a],
                                                  rnl_parameter_count(parameter) * sizeof(float)};
                else
                    count += parameter->arrays[a] != NULL;
        }
    return count;
}

static rnl_status digest_parameters(identity *own, const rnl_model *model)
{
    const size_t count = list_arrays(model, NULL);
    rnl_bytes *arrays = calloc(count + 1, sizeof *arrays);
    if (!arrays)
        return rnl_fail_memory((count + 1) * sizeof *arrays);
    list_arrays(model, arrays);
    const rnl_status status = rnl_digest(own->parameters, arrays, count);
    free(arrays);
    return status;
}

static rnl_status describe(identity *own, const rnl_model *model)
{
    strncpy(own->version, rnl_version(), sizeof own->version - 1);
    memcpy(own->rows, model->data_digest, sizeof own->rows);
    own->step = model->position.step;
    own->cut = RNL_CUT_VERSION;
    RNL_TRY(digest_config(own, model->config));
    return digest_parameters(own, model);
}

/* What differs, or NULL. */
static const char *difference(const identity *a, const identity *b)
{
    if (memcmp(a->version, b->version, sizeof a->version) != 0 || a->cut != b->cut)
        return "is another version of Runnel";
    if (memcmp(a->config, b->config, sizeof a->config) != 0)
        return "has another configuration";
    if (memcmp(a->rows, b->rows, sizeof a->rows) != 0)
        return "has other training or validation rows";
    if (a->step != b->step)
        return "goes on from another step: every rank reads the checkpoint";
    if (memcmp(a->parameters, b->parameters, sizeof a->parameters) != 0)
        return "begins with other parameters";
    return NULL;
}

static rnl_status compare(const identity *all, size_t ranks)
{
    for (size_t r = 1; r < ranks; ++r) {
        const char *what = difference(&all[0], &all[r]);
        if (what)
            return rnl_fail(RNL_BAD_DATA,
                            "rank %zu of %zu %s than rank 0: expected the same on all "
                            "ranks",
                            r, ranks, what);
    }
    return RNL_OK;
}

rnl_status rnl_job_compare(rnl_job *job, const rnl_model *model)
{
    enum { TAG_IDENTITIES = 5 };
    if (!job)
        return RNL_OK;
    const size_t ranks = rnl_job_count(job);
    identity *all = calloc(ranks, sizeof *all);
    rnl_status status =
        all ? describe(&all[rnl_job_own_rank(job)], model) : rnl_fail_memory(ranks * sizeof *all);
    if (status == RNL_OK && !rnl_job_gather_each(job, TAG_IDENTITIES, all, sizeof *all))
        status = rnl_fail_job(job);
    if (status == RNL_OK)
        status = compare(all, ranks);
    free(all);
    return status;
}
