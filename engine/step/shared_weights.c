/*
 * What ranks gather: sums of gradients where they are asked for, and the weights that each updated.
 */
#include "engine/step/shared_exchange.h"

#include "engine/base/error.h"

rnl_status rnl_shared_gather(const rnl_step_shared *shared, void *array, const size_t *ends)
{
    return rnl_job_gather(shared->job, RNL_TAG_SUM, array, ends) ? RNL_OK
                                                                 : rnl_fail_job(shared->job);
}

static rnl_status gather_region(const rnl_exchange *e, size_t region)
{
    const rnl_step_shared *s = e->step->shared;
    const rnl_region *r = &e->regions[region];
    return rnl_shared_gather(s, s->gradients + r->begin, r->byte_ends);
}

rnl_status rnl_shared_gather_gradients(const rnl_step *step)
{
    RNL_TRY(gather_region(step->shared->exchange, RNL_EARLY));
    return gather_region(step->shared->exchange, RNL_LATE);
}

static rnl_status run_gather(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile, (void)worker;
    return gather_region(self, RNL_TIED);
}

/* Adds the own pieces of an array, which are sent, and the peer's, which are received. */
static size_t list_pieces(const rnl_exchange *e, size_t peer, float *array, rnl_parcel *parcels)
{
    const size_t own = e->step->shared->rank;
    size_t count = 0;
    for (size_t i = 0; i < RNL_UPDATED_REGIONS; ++i) {
        const rnl_region *r = &e->regions[i];
        float *from = array + r->begin;
        parcels[count++] = (rnl_parcel){peer, RNL_TAG_SUM, true, from + rnl_begin_of(r->ends, peer),
                                        rnl_size_of(r->byte_ends, peer)};
        parcels[count++] = (rnl_parcel){peer, RNL_TAG_SUM, false, from + rnl_begin_of(r->ends, own),
                                        rnl_size_of(r->byte_ends, own)};
    }
    return count;
}

/* Trouble goes along, so that all ranks end at the same step. */
static size_t list_gathered(const rnl_exchange *e, size_t peer, rnl_parcel *parcels)
{
    const rnl_step_shared *s = e->step->shared;
    size_t count = list_pieces(e, peer, e->weights, parcels);
    if (s->probing)
        count += list_pieces(e, peer, s->gradients, parcels + count);
    parcels[count++] =
        (rnl_parcel){peer, RNL_TAG_SUM, true, &e->troubles[peer], sizeof *e->troubles};
    parcels[count++] =
        (rnl_parcel){peer, RNL_TAG_SUM, false, &e->troubles[s->rank], sizeof *e->troubles};
    return count;
}

static rnl_status run_gather_weights(void *self, size_t tile, rnl_step_worker *worker)
{
    (void)tile;
    const rnl_exchange *e = self;
    rnl_step *step = worker->step;
    const rnl_step_shared *s = step->shared;
    uint64_t earliest = atomic_load(&step->update.trouble);
    size_t count = 0;
    e->troubles[s->rank] = earliest;
    for (size_t i = 1; i < s->ranks; ++i)
        count += list_gathered(e, (s->rank + i) % s->ranks, e->parcels + count);
    if (!rnl_job_exchange(s->job, e->parcels, count))
        return rnl_fail_job(s->job);
    for (size_t r = 0; r < s->ranks; ++r)
        earliest = e->troubles[r] < earliest ? e->troubles[r] : earliest;
    atomic_store(&step->update.trouble, earliest);
    return RNL_OK;
}

rnl_status rnl_plan_gather_tied(rnl_step *step)
{
    const rnl_step_shared *s = step->shared;
    if (!s || s->exchange->regions[RNL_TIED].count == 0)
        return RNL_OK;
    return rnl_phases_add(&step->phases,
                          (rnl_phase){.name = "gather tied gradients",
                                      .tiles = 1,
                                      .run = run_gather,
                                      .self = s->exchange,
                                      .cost = rnl_gather_cost(&s->exchange->regions[RNL_TIED], s)});
}

rnl_status rnl_plan_gather_weights(rnl_step *step)
{
    const rnl_step_shared *s = step->shared;
    if (!s)
        return RNL_OK;
    rnl_phase_cost cost = rnl_gather_cost(&s->exchange->regions[RNL_EARLY], s);
    cost.received += rnl_gather_cost(&s->exchange->regions[RNL_LATE], s).received;
    return rnl_phases_add(&step->phases, (rnl_phase){.name = "gather weights",
                                                     .tiles = 1,
                                                     .run = run_gather_weights,
                                                     .self = s->exchange,
                                                     .cost = cost});
}
