/*
 * Measuring the encoding where each rank reads a section of the file.  Categories are counted in
 * any order; sums have that of the rows: numbers stay until the ranks before have added theirs.
 */
#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/base/memory.h"
#include "engine/data/csv_measurement.h"
#include "engine/data/csv_sections.h"

#include <stdlib.h>
#include <string.h>

/* Sizes that ranks tell each other, before anything else. */
typedef struct found {
    size_t rows, bytes; /* of the section, and of its categories */
    size_t numbers;     /* 0: some open target is none */
    size_t dropped;     /* rows, for what they miss */
} found;

typedef struct sharing {
    rnl_csv_table *t;
    rnl_job *job;
    size_t ranks, rank;
    rnl_csv_measurement m;
    size_t rows, capacity;
    double *numbers;          /* (rows, columns) of the section */
    rnl_csv_seen *seen;       /* (columns) m.inputs of the section: where numbers are mixed */
    size_t lines;             /* before it, if it has truth values */
    bool *alike;              /* (columns) m.is_the_target of the section */
    rnl_renamings *renamings; /* m.renamings of the section */
    found *all;               /* (ranks) */
    size_t *ends;             /* (ranks) of what they have counted, */
    char *counted;            /* which are bytes */
    rnl_row_parts *parts;     /* the rows of the sections */
} sharing;

static void release(sharing *s)
{
    rnl_csv_end_measuring(&s->m);
    free(s->numbers);
    free(s->seen);
    free(s->alike);
    free(s->renamings);
    free(s->all);
    free(s->ends);
    free(s->counted);
    free(s->parts);
}

/* ---- the section ----------------------------------------------------------------------------- */

static rnl_status take_row(void *context)
{
    sharing *s = context;
    const size_t columns = s->m.columns;
    RNL_TRY(rnl_csv_measure_row(s->t, &s->m));
    if (s->rows == s->capacity)
        RNL_TRY(rnl_grow(&s->numbers, s->t->parameters->path, &s->capacity,
                         columns * sizeof *s->numbers));
    memcpy(s->numbers + s->rows++ * columns, s->m.row, columns * sizeof *s->numbers);
    return RNL_OK;
}

static rnl_status read_section(sharing *s, rnl_csv_section section)
{
    rnl_csv_table *t = s->t;
    RNL_TRY(rnl_csv_begin_measuring(&s->m, t, true));
    RNL_TRY(rnl_csv_read_section(t, section, take_row, s));
    s->seen = s->m.inputs;
    for (size_t j = 0; j < s->m.columns && s->lines == 0; ++j)
        if (s->seen[j].mix.truth_line > 0)
            s->lines = rnl_csv_lines_before(&t->reader);
    s->m.inputs = calloc(s->m.columns, sizeof *s->m.inputs);
    s->alike = malloc(s->m.columns);
    s->renamings = s->m.renamings;
    s->m.renamings = rnl_renamings_create(s->m.columns);
    s->all = calloc(s->ranks, sizeof *s->all);
    s->ends = calloc(s->ranks, sizeof *s->ends);
    if (!s->m.inputs || !s->alike || !s->m.renamings || !s->all || !s->ends)
        return rnl_fail_memory(s->m.columns + s->ranks * sizeof *s->all);
    memcpy(s->alike, s->m.is_the_target, s->m.columns);
    memset(s->m.is_the_target, true, s->m.columns);
    s->all[s->rank] =
        (found){s->rows, rnl_encoding_counted_bytes(rnl_csv_encoding(t)), s->m.numbers, t->dropped};
    return RNL_OK;
}

/* ---- all sections ---------------------------------------------------------------------------- */

static rnl_status prepare(sharing *s)
{
    size_t rows = 0, bytes = 0;
    for (size_t r = 0; r < s->ranks; ++r) {
        s->m.numbers &= s->all[r].numbers != 0;
        s->m.dropped += s->all[r].dropped;
        s->ends[r] = rows += s->all[r].rows;
    }
    RNL_TRY(rnl_parts_by_ends(&s->parts, s->job, s->ends));
    for (size_t r = 0; r < s->ranks; ++r)
        s->ends[r] = bytes += s->all[r].bytes;
    RNL_TRY(rnl_allocate_rows(&s->counted, s->t->parameters->path, bytes, 1, 1));
    rnl_encoding_write_counted(rnl_csv_encoding(s->t),
                               s->counted + s->ends[s->rank] - s->all[s->rank].bytes);
    return RNL_OK;
}

static void add_rows(void *context, size_t first, size_t last)
{
    sharing *s = context;
    s->m.rows = first;
    for (size_t i = 0; i < last - first; ++i)
        rnl_csv_add_row(&s->m, s->numbers + i * s->m.columns);
    for (size_t j = 0; j < s->m.columns; ++j) {
        rnl_csv_join_mix(&s->m.inputs[j].mix, &s->seen[j].mix, s->lines);
        s->m.is_the_target[j] &= s->alike[j];
    }
    rnl_renamings_join(s->m.renamings, s->renamings, s->m.columns);
}

static rnl_status exchange(sharing *s)
{
    const size_t rows = s->parts->ends[s->ranks - 1];
    const rnl_fold fold = {.parts = s->parts,
                           .rows = rows,
                           .work = add_rows,
                           .context = s,
                           .states = 3,
                           .state = {{s->m.inputs, s->m.columns * sizeof *s->m.inputs},
                                     {s->m.is_the_target, s->m.columns},
                                     {s->m.renamings, rnl_renamings_bytes(s->m.columns)}}};
    RNL_TRY(rnl_fold_rows(&fold));
    s->m.rows = rows;
    return rnl_job_gather(s->job, RNL_TAG_SECTIONS, s->counted, s->ends) ? RNL_OK
                                                                         : rnl_fail_job(s->job);
}

static rnl_status count_others(sharing *s)
{
    for (size_t r = 0; r < s->ranks; ++r)
        if (r != s->rank)
            RNL_TRY(rnl_encoding_count_also(rnl_csv_encoding(s->t),
                                            s->counted + s->ends[r] - s->all[r].bytes));
    return RNL_OK;
}

/* The row that makes an open target neither two classes nor numbers is found by reading all of them
 * in their order. */
static rnl_status measure_alone(const sharing *s)
{
    rnl_encoding_release(rnl_csv_encoding(s->t));
    return rnl_csv_measure(s->t->parameters, s->t->loading);
}

static rnl_status share(sharing *s, rnl_csv_section section)
{
    const rnl_loading *loading = s->t->loading;
    RNL_TRY(rnl_csv_agree(loading, read_section(s, section)));
    if (!rnl_job_gather_each(s->job, RNL_TAG_SECTIONS, s->all, sizeof *s->all))
        return rnl_fail_job(s->job);
    RNL_TRY(rnl_csv_agree(loading, prepare(s)));
    RNL_TRY(exchange(s));
    RNL_TRY(count_others(s));
    const rnl_columns *targets = &rnl_csv_encoding(s->t)->targets;
    return s->m.open_target && !s->m.numbers && targets->items->category_count > 2
               ? measure_alone(s)
               : rnl_csv_finish_measuring(s->t, &s->m);
}

rnl_status rnl_csv_measure_sections(rnl_csv_table *t, rnl_csv_section section)
{
    rnl_job *job = t->loading->job;
    sharing s = {.t = t, .job = job, .ranks = rnl_job_count(job), .rank = rnl_job_own_rank(job)};
    const rnl_status status = share(&s, section);
    release(&s);
    return status;
}
