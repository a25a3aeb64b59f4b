/*
 * What is known of each row of a mini-batch, which goes along with the gradients.
 */
#include "engine/step/shared_exchange.h"

#include "engine/base/error.h"

#include <string.h>

typedef struct row_header {
    uint64_t step;
    float learning_rate; /* which a caller's schedule could make another on each rank */
    uint32_t wishes;
} row_header;

/* Copies a rank's rows into its message, or out of it. */
static void copy_rows(const rnl_exchange *e, size_t rank, bool out)
{
    const rnl_step *step = e->step;
    const rnl_shard_range shards = rnl_cut_rank(step->rows.shards, step->shared->ranks, rank);
    const size_t first = shards.first * rnl_cut_shard_rows(step->rows),
                 count = shards.count * rnl_cut_shard_rows(step->rows);
    rnl_row_arrays_copy(&e->rows.arrays, first, count,
                        e->rows.bytes + rnl_begin_of(e->rows.ends, rank) + sizeof(row_header), out);
}

void rnl_rows_write(const rnl_exchange *e, uint64_t number)
{
    rnl_step_shared *s = e->step->shared;
    if (atomic_load_explicit(&e->step->given.model->stop, memory_order_relaxed))
        atomic_fetch_or(&s->wishes, RNL_WISH_STOP);
    const row_header header = {number, e->step->update.rates[number % 2].learning_rate,
                               atomic_load(&s->wishes)};
    memcpy(e->rows.bytes + rnl_begin_of(e->rows.ends, s->rank), &header, sizeof header);
    copy_rows(e, s->rank, false);
}

/* Ranks at different steps would be a mistake of this program. */
static rnl_status read_headers(const rnl_exchange *e, uint64_t number)
{
    rnl_step_shared *s = e->step->shared;
    unsigned agreed = 0;
    for (size_t r = 0; r < s->ranks; ++r) {
        row_header header;
        memcpy(&header, e->rows.bytes + rnl_begin_of(e->rows.ends, r), sizeof header);
        if (header.step != number)
            return rnl_fail(RNL_JOB, "rank %zu is at step %llu, this one at step %llu", r,
                            (unsigned long long)header.step, (unsigned long long)number);
        if (header.learning_rate != e->step->update.rates[number % 2].learning_rate)
            return rnl_fail(RNL_JOB,
                            "rank %zu goes by a learning rate of %g, this one by %g: the "
                            "schedule has to be the same on all ranks",
                            r, (double)header.learning_rate,
                            (double)e->step->update.rates[number % 2].learning_rate);
        agreed |= header.wishes;
    }
    s->agreed = agreed;
    return RNL_OK;
}

rnl_status rnl_rows_read(const rnl_exchange *e, uint64_t number)
{
    const rnl_step_shared *s = e->step->shared;
    RNL_TRY(read_headers(e, number));
    for (size_t r = 0; r < s->ranks; ++r)
        if (r != s->rank)
            copy_rows(e, r, true);
    return RNL_OK;
}

rnl_status rnl_rows_plan(rnl_exchange *e)
{
    rnl_step *step = e->step;
    const rnl_step_shared *s = step->shared;
    rnl_row_messages *m = &e->rows;
    size_t bytes = 0;
    rnl_row_arrays_list(&m->arrays, step, false);
    for (size_t r = 0; r < s->ranks; ++r) {
        const size_t shards = rnl_cut_rank(step->rows.shards, s->ranks, r).count;
        bytes += sizeof(row_header) + shards * rnl_cut_shard_rows(step->rows) * m->arrays.bytes;
        m->ends[r] = bytes;
    }
    m->bytes = rnl_step_allocate(step, bytes, NULL);
    return m->bytes ? RNL_OK : rnl_fail_memory(bytes);
}
