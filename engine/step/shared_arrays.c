/*
 * Arrays of which each shard has a part: ranks send each other theirs.
 */
#include "engine/step/shared.h"

#include "engine/base/error.h"

enum { TAG_ARRAYS = 3 };

typedef struct shared_arrays {
    size_t count;
    rnl_shared_array arrays[2];
    size_t *ends; /* (2, ranks) in bytes */
} shared_arrays;

/* Nothing is missing in a pass that all ranks make alike. */
static rnl_status run_arrays(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const shared_arrays *a = self;
    const rnl_step *step = worker->step;
    const rnl_step_shared *s = step->shared;
    if (!rnl_cut_is_shared(step->rows))
        return RNL_OK;
    rnl_job_stand_at(s->job, worker->batch.number);
    for (size_t i = 0; i < a->count; ++i)
        if (!rnl_job_gather(s->job, TAG_ARRAYS, *a->arrays[i].array, a->ends + i * s->ranks))
            return rnl_fail_job(s->job);
    return RNL_OK;
}

rnl_status rnl_plan_shared_arrays(rnl_step *step, const rnl_shared_array *arrays, size_t count)
{
    const rnl_step_shared *s = step->shared;
    shared_arrays *a = rnl_step_allocate(step, sizeof *a, NULL);
    size_t *ends = rnl_step_allocate(step, count * s->ranks * sizeof *ends, NULL);
    if (!a || !ends)
        return rnl_fail_memory(sizeof *a);
    double received = 0;
    *a = (shared_arrays){.count = count, .ends = ends};
    for (size_t i = 0; i < count; ++i) {
        a->arrays[i] = arrays[i];
        for (size_t r = 0; r < s->ranks; ++r) {
            const rnl_shard_range shards = rnl_cut_rank(step->rows.shards, s->ranks, r);
            ends[i * s->ranks + r] =
                (shards.first + shards.count) * arrays[i].count * sizeof(float);
        }
        received +=
            (double)((step->rows.shards - s->shards.count) * arrays[i].count) * sizeof(float);
    }
    return rnl_phases_add(&step->phases,
                          (rnl_phase){.name = "exchange of statistics",
                                      .tiles = 1,
                                      .run = run_arrays,
                                      .self = a,
                                      .cost = {.waits = (double)count, .received = received}});
}
