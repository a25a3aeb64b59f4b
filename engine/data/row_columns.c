#include "engine/data/row_columns.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"

#include <stdlib.h>

enum { TAG_COLUMNS = 12 };

static void copy_column(const rnl_numbers *numbers, size_t column, size_t first, size_t end,
                        double *to)
{
    for (size_t i = first; i < end; ++i)
        *to++ = rnl_element_at(numbers->element, numbers->array, i * numbers->columns + column);
}

/* The first column of a rank's share. */
static size_t share(size_t begin, size_t end, size_t ranks, size_t rank)
{
    return begin + (end - begin) * rank / ranks;
}

/* Numbers on their way between ranks. */
typedef struct exchange {
    const rnl_numbers *numbers;
    rnl_job *job;
    size_t rank, ranks;
    size_t begin, end;   /* columns */
    double *own;         /* (ranks, own rows) a column for each rank */
    double *column;      /* (rows) a column of this rank's */
    rnl_parcel *parcels; /* (2 ranks) */
} exchange;

static void release(exchange *e)
{
    free(e->own);
    free(e->column);
    free(e->parcels);
}

static rnl_status allocate(exchange *e)
{
    const rnl_numbers *numbers = e->numbers;
    const size_t own = rnl_parts_rows(numbers->parts, e->rank);
    RNL_TRY(rnl_allocate_rows(&e->own, numbers->name, e->ranks, own + 1, sizeof *e->own));
    RNL_TRY(rnl_allocate_rows(&e->column, numbers->name, numbers->rows, 1, sizeof *e->column));
    e->parcels = calloc(2 * e->ranks, sizeof *e->parcels);
    return e->parcels ? RNL_OK : rnl_fail_memory(2 * e->ranks * sizeof *e->parcels);
}

/* The column of a rank in a round; `end` if it has none left. */
static size_t column_of(const exchange *e, size_t rank, size_t round)
{
    const size_t column = share(e->begin, e->end, e->ranks, rank) + round;
    return column < share(e->begin, e->end, e->ranks, rank + 1) ? column : e->end;
}

/* Brings all rows of the ranks' columns together. */
static rnl_status run_round(exchange *e, size_t round)
{
    const rnl_row_parts *parts = e->numbers->parts;
    const size_t first = rnl_parts_begin(parts, e->rank), end = parts->ends[e->rank];
    const size_t mine = column_of(e, e->rank, round);
    size_t count = 0;
    if (mine < e->end)
        copy_column(e->numbers, mine, first, end, e->column + first);
    for (size_t r = 0; r < e->ranks; ++r) {
        const size_t theirs = column_of(e, r, round), at = rnl_parts_begin(parts, r);
        double *to = e->own + r * (end - first);
        if (r == e->rank)
            continue;
        if (mine < e->end)
            e->parcels[count++] = (rnl_parcel){r, TAG_COLUMNS, true, e->column + at,
                                               (parts->ends[r] - at) * sizeof(double)};
        if (theirs == e->end)
            continue;
        copy_column(e->numbers, theirs, first, end, to);
        e->parcels[count++] =
            (rnl_parcel){r, TAG_COLUMNS, false, to, (end - first) * sizeof(double)};
    }
    return rnl_job_exchange(e->job, e->parcels, count) ? RNL_OK : rnl_fail_job(e->job);
}

static rnl_status run_rounds(exchange *e, rnl_column_work *work, void *context)
{
    const size_t rounds = rnl_divide_up(e->end - e->begin, e->ranks);
    for (size_t round = 0; round < rounds; ++round) {
        RNL_TRY(run_round(e, round));
        const size_t mine = column_of(e, e->rank, round);
        if (mine < e->end)
            work(context, mine, e->column);
    }
    return RNL_OK;
}

static rnl_status work_together(const rnl_numbers *numbers, size_t begin, size_t end,
                                rnl_column_work *work, void *context)
{
    rnl_job *job = numbers->parts->job;
    exchange e = {.numbers = numbers,
                  .job = job,
                  .rank = rnl_job_own_rank(job),
                  .ranks = rnl_job_count(job),
                  .begin = begin,
                  .end = end};
    rnl_status status = rnl_job_agree_on(job, allocate(&e));
    if (status == RNL_OK)
        status = run_rounds(&e, work, context);
    release(&e);
    return status;
}

rnl_status rnl_each_column(const rnl_numbers *numbers, size_t begin, size_t end,
                           rnl_column_work *work, void *context)
{
    double *column;
    if (numbers->parts)
        return work_together(numbers, begin, end, work, context);
    RNL_TRY(rnl_allocate_rows(&column, numbers->name, numbers->rows, 1, sizeof *column));
    for (size_t j = begin; j < end; ++j) {
        copy_column(numbers, j, 0, numbers->rows, column);
        work(context, j, column);
    }
    free(column);
    return RNL_OK;
}

rnl_status rnl_share_columns(const rnl_numbers *numbers, size_t begin, size_t end, double *results)
{
    if (!numbers->parts)
        return RNL_OK;
    rnl_job *job = numbers->parts->job;
    const size_t ranks = rnl_job_count(job);
    size_t *ends = calloc(ranks, sizeof *ends);
    rnl_status status =
        rnl_job_agree_on(job, ends ? RNL_OK : rnl_fail_memory(ranks * sizeof *ends));
    for (size_t r = 0; status == RNL_OK && r < ranks; ++r)
        ends[r] = (share(begin, end, ranks, r + 1) - begin) * sizeof *results;
    if (status == RNL_OK && !rnl_job_gather(job, TAG_COLUMNS, results + begin, ends))
        status = rnl_fail_job(job);
    free(ends);
    return status;
}
