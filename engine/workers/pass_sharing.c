#include "engine/workers/pass_sharing.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/step/row_arrays.h"
#include "engine/step/shared.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_PASS = 9 };

struct rnl_pass_sharing {
    rnl_step *step;
    rnl_job *job;
    rnl_row_arrays rows;
    size_t bytes;   /* of a message */
    char *messages; /* (ranks, bytes): if the rank is asked to stop, then the rows */
};

rnl_status rnl_pass_sharing_create(rnl_pass_sharing **sharing, rnl_step *step, rnl_job *job,
                                   bool classes)
{
    *sharing = NULL;
    if (!job)
        return RNL_OK;
    rnl_pass_sharing *s = calloc(1, sizeof *s);
    if (!s)
        return rnl_fail_memory(sizeof *s);
    s->step = step;
    s->job = job;
    rnl_row_arrays_list(&s->rows, step, classes);
    s->bytes = sizeof(bool) + step->padded_rows * s->rows.bytes;
    const rnl_status status =
        rnl_allocate_zeros(&s->messages, "the messages of a pass", rnl_job_count(job), s->bytes, 1);
    if (status == RNL_OK)
        *sharing = s;
    else
        free(s);
    return status;
}

void rnl_pass_sharing_free(rnl_pass_sharing *sharing)
{
    if (sharing)
        free(sharing->messages);
    free(sharing);
}

size_t rnl_pass_sharing_ranks(const rnl_pass_sharing *sharing)
{
    return rnl_job_count(sharing->job);
}

size_t rnl_pass_sharing_own(const rnl_pass_sharing *sharing)
{
    return rnl_job_own_rank(sharing->job);
}

rnl_status rnl_pass_sharing_exchange(rnl_pass_sharing *s, bool *stop)
{
    const size_t ranks = rnl_job_count(s->job);
    char *own = s->messages + rnl_job_own_rank(s->job) * s->bytes;
    const bool asked = atomic_load_explicit(&s->step->given.model->stop, memory_order_relaxed);
    memcpy(own, &asked, sizeof asked);
    rnl_row_arrays_copy(&s->rows, 0, s->step->padded_rows, own + sizeof asked, false);
    if (!rnl_job_gather_each(s->job, TAG_PASS, s->messages, s->bytes))
        return rnl_fail_job(s->job);
    for (size_t r = 0; r < ranks; ++r) {
        bool wish;
        memcpy(&wish, s->messages + r * s->bytes, sizeof wish);
        *stop |= wish;
    }
    return RNL_OK;
}

void rnl_pass_sharing_take(const rnl_pass_sharing *s, size_t rank)
{
    rnl_row_arrays_copy(&s->rows, 0, s->step->padded_rows,
                        s->messages + rank * s->bytes + sizeof(bool), true);
}
