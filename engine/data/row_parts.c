#include "engine/data/row_parts.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/base/number.h"
#include "engine/data/row_order.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_FOLD = 10 };

size_t rnl_config_batch(const rnl_config *config, size_t rows)
{
    const size_t shards = (size_t)config->training.shards,
                 batch = rnl_least((size_t)config->training.batch_size, rows);
    return rnl_divide_up(batch, shards) * shards;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static rnl_status create(rnl_row_parts **parts, rnl_job *job, size_t each, size_t count)
{
    const size_t bytes = sizeof **parts + count * sizeof *(*parts)->ends;
    *parts = malloc(bytes);
    if (!*parts)
        return rnl_fail_memory(bytes);
    (*parts)->job = job;
    (*parts)->each = each;
    (*parts)->count = count;
    return RNL_OK;
}

rnl_status rnl_parts_by_shards(rnl_row_parts **parts, rnl_job *job, size_t rows, size_t shards)
{
    const size_t ranks = rnl_job_count(job);
    RNL_TRY(create(parts, job, 0, ranks));
    for (size_t r = 0; r < ranks; ++r)
        (*parts)->ends[r] =
            rnl_row_order_part(rows, shards, rnl_row_order_part(shards, ranks, r + 1));
    return RNL_OK;
}

rnl_status rnl_parts_by_ends(rnl_row_parts **parts, rnl_job *job, const size_t *ends)
{
    RNL_TRY(create(parts, job, 0, rnl_job_count(job)));
    memcpy((*parts)->ends, ends, (*parts)->count * sizeof *ends);
    return RNL_OK;
}

rnl_status rnl_parts_in_turn(rnl_row_parts **parts, rnl_job *job, size_t rows, size_t each)
{
    RNL_TRY(create(parts, job, each, rnl_divide_up(rows, each)));
    for (size_t run = 0; run < (*parts)->count; ++run)
        (*parts)->ends[run] = rnl_least((run + 1) * each, rows);
    return RNL_OK;
}

static size_t owner(const rnl_row_parts *parts, size_t run)
{
    return run % rnl_job_count(parts->job);
}

bool rnl_parts_own(const rnl_row_parts *parts, size_t run)
{
    return owner(parts, run) == rnl_job_own_rank(parts->job);
}

size_t rnl_parts_begin(const rnl_row_parts *parts, size_t run)
{
    return run > 0 ? parts->ends[run - 1] : 0;
}

size_t rnl_parts_rows(const rnl_row_parts *parts, size_t rank)
{
    size_t rows = 0;
    for (size_t run = rank; run < parts->count; run += rnl_job_count(parts->job))
        rows += parts->ends[run] - rnl_parts_begin(parts, run);
    return rows;
}

/* ---- folds ----------------------------------------------------------------------------------- */

static rnl_status pass_on(const rnl_fold *fold, size_t peer, bool receives)
{
    rnl_parcel parcels[RNL_FOLD_STATES];
    for (size_t i = 0; i < fold->states; ++i)
        parcels[i] =
            (rnl_parcel){peer, TAG_FOLD, receives, fold->state[i].start, fold->state[i].bytes};
    return rnl_job_exchange(fold->parts->job, parcels, fold->states)
               ? RNL_OK
               : rnl_fail_job(fold->parts->job);
}

/* The rank that holds the last rows has the result. */
static rnl_status tell_all(const rnl_fold *fold)
{
    const rnl_job *job = fold->parts->job;
    const size_t last = owner(fold->parts, fold->parts->count - 1);
    if (rnl_job_own_rank(job) != last)
        return pass_on(fold, last, true);
    for (size_t r = 0; r < rnl_job_count(job); ++r)
        if (r != last)
            RNL_TRY(pass_on(fold, r, false));
    return RNL_OK;
}

rnl_status rnl_fold_rows(const rnl_fold *fold)
{
    const rnl_row_parts *parts = fold->parts;
    if (!parts) {
        fold->work(fold->context, 0, fold->rows);
        return RNL_OK;
    }
    for (size_t run = 0; run < parts->count; ++run) {
        if (!rnl_parts_own(parts, run))
            continue;
        if (run > 0)
            RNL_TRY(pass_on(fold, owner(parts, run - 1), true));
        fold->work(fold->context, rnl_parts_begin(parts, run), parts->ends[run]);
        if (run + 1 < parts->count)
            RNL_TRY(pass_on(fold, owner(parts, run + 1), false));
    }
    return tell_all(fold);
}
