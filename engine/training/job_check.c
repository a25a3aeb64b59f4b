#include "engine/training/job_check.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/schema/config.h"
#include "engine/step/shared.h"
#include "engine/workers/callbacks.h"
#include "engine/workers/job_node.h"
#include "exchange/launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rnl_status rnl_job_join(rnl_job **job, double deadline)
{
    char problem[RNL_JOB_TEXT];
    if (!(deadline >= 0))
        return rnl_fail(RNL_BAD_CONFIG, "deadline: expected seconds, got %g", deadline);
    return rnl_job_enter(job, deadline, problem) ? RNL_OK : rnl_fail(RNL_JOB, "%s", problem);
}

size_t rnl_job_started(size_t *rank)
{
    const rnl_launcher launcher = rnl_launcher_find(getenv);
    if (rank)
        *rank = launcher.rank;
    return launcher.ranks;
}

size_t rnl_job_rank(const rnl_job *job)
{
    return rnl_job_own_rank(job);
}

size_t rnl_job_ranks(const rnl_job *job)
{
    return rnl_job_count(job);
}

void rnl_job_leave(rnl_job *job, int code)
{
    rnl_job_exit(job, code);
}

int rnl_job_is_spokesman(const rnl_job *job)
{
    return !job || rnl_job_speaks(job);
}

enum { TAG_SIZE = 7, TAG_BYTES };

static rnl_status send_to_all(rnl_job *job, int tag, void *bytes, size_t size)
{
    const size_t others = rnl_job_count(job) - 1;
    rnl_parcel *parcels = calloc(others, sizeof *parcels);
    if (!parcels)
        return rnl_fail_memory(others * sizeof *parcels);
    for (size_t r = 0; r < others; ++r)
        parcels[r] = (rnl_parcel){r + 1, tag, false, bytes, size};
    const bool sent = rnl_job_exchange(job, parcels, others);
    free(parcels);
    return sent ? RNL_OK : rnl_fail_job(job);
}

static rnl_status receive_from_first(rnl_job *job, int tag, void *bytes, size_t size)
{
    const rnl_parcel parcel = {0, tag, true, bytes, size};
    return rnl_job_exchange(job, &parcel, 1) ? RNL_OK : rnl_fail_job(job);
}

rnl_status rnl_job_spread(rnl_job *job, void **bytes, size_t *size)
{
    if (!job)
        return RNL_OK;
    if (rnl_job_own_rank(job) == 0) {
        RNL_TRY(send_to_all(job, TAG_SIZE, size, sizeof *size));
        return send_to_all(job, TAG_BYTES, *bytes, *size);
    }
    *bytes = NULL;
    RNL_TRY(receive_from_first(job, TAG_SIZE, size, sizeof *size));
    if (*size == 0)
        return RNL_OK;
    void *received = malloc(*size);
    if (!received) {
        rnl_fail_memory(*size);
        return rnl_job_tell(job, RNL_NO_MEMORY, false);
    }
    const rnl_status status = receive_from_first(job, TAG_BYTES, received, *size);
    *bytes = status == RNL_OK ? received : NULL;
    if (status != RNL_OK)
        free(received);
    return status;
}

rnl_status rnl_job_send(rnl_job *job, size_t rank, const void *bytes, size_t size)
{
    return rnl_job_post(job, rank, bytes, size) ? RNL_OK : rnl_fail_job(job);
}

rnl_status rnl_job_receive(rnl_job *job, size_t *rank, void **bytes, size_t *size)
{
    *bytes = NULL;
    return !job || rnl_job_look(job, rank, bytes, size) ? RNL_OK : rnl_fail_job(job);
}

rnl_status rnl_job_share_cores(rnl_job *job, const rnl_options *options, size_t *part,
                               size_t *parts)
{
    RNL_TRY(rnl_job_tell(job, rnl_job_settle(job, rnl_options_given(options)), false));
    const rnl_node_share share = rnl_job_share(job);
    *part = share.index;
    *parts = share.count;
    return RNL_OK;
}

rnl_status rnl_job_check(const rnl_model *model, const rnl_options *options)
{
    const size_t ranks = rnl_job_count(options->job),
                 shards = (size_t)model->config->training.shards;
    if (ranks <= shards)
        return RNL_OK;
    return rnl_fail(RNL_BAD_CONFIG,
                    "%zu ranks share the shards of each mini-batch, but training.shards is %zu: "
                    "expected at least as many shards as ranks, a power of two (--set "
                    "training.shards=%zu), or start fewer ranks; shards are part of the result, as "
                    "the batch size is, ranks are not",
                    ranks, shards, (size_t)1 << (64 - __builtin_clzll(ranks - 1)));
}

rnl_status rnl_job_tell(rnl_job *job, rnl_status status, bool agreed)
{
    if (!job || status == RNL_OK || status == RNL_NOT_FINITE || agreed)
        return status;
    const char *text;
    int code;
    if (rnl_job_fault(job, &text, &code) != RNL_FAULT_NONE)
        return rnl_fail_job(job);
    return rnl_job_tell_failure(job, status);
}

rnl_status rnl_job_begin(const rnl_model *model, const rnl_options *options)
{
    const rnl_status compared = rnl_job_compare(options->job, model);
    RNL_TRY(rnl_job_tell(options->job, compared, compared == RNL_BAD_DATA));
    return rnl_job_tell(options->job, rnl_job_settle(options->job, options), false);
}
