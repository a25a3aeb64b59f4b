/*
 * Rows of a table by parts: targets and weights of all of them are gathered from the ranks that
 * have read them; the inputs of those that a rank holds are read again where they are in the file.
 */
#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/base/memory.h"
#include "engine/data/class_selection.h"
#include "engine/data/csv_sections.h"

#include <stdlib.h>
#include <string.h>

/* ---- a section ------------------------------------------------------------------------------- */

/* The rows of a section: where each begins in the file, and its targets and weight. */
typedef struct section_rows {
    rnl_csv_table *t;
    rnl_job *job;
    size_t ranks, rank;
    size_t answers;                         /* of a row */
    size_t count, capacity, other_capacity; /* rows */
    uint64_t *origins;                      /* (count) */
    double *numbers;                        /* (count, answers) */
    size_t *ends, *bytes;                   /* (ranks) of all rows, and of an array of them */
    bool *seen;                             /* (ranks, seen_count) classes that are selected */
    size_t seen_count;
} section_rows;

static void release(section_rows *s)
{
    free(s->origins);
    free(s->numbers);
    free(s->ends);
    free(s->bytes);
    free(s->seen);
}

static rnl_status take_row(void *context)
{
    section_rows *s = context;
    const char *path = s->t->parameters->path;
    if (s->count == s->capacity)
        RNL_TRY(rnl_grow(&s->origins, path, &s->capacity, sizeof *s->origins));
    if (s->answers > 0 && s->count == s->other_capacity)
        RNL_TRY(rnl_grow(&s->numbers, path, &s->other_capacity, s->answers * sizeof *s->numbers));
    s->origins[s->count] = s->t->reader.begin;
    if (s->answers > 0)
        RNL_TRY(rnl_csv_read_answers(s->t, s->numbers + s->count * s->answers));
    ++s->count;
    return RNL_OK;
}

static rnl_status read_section(section_rows *s, rnl_csv_section section)
{
    rnl_csv_table *t = s->t;
    const size_t ranks = s->ranks;
    s->answers = rnl_csv_target_count(t) + t->weighted;
    s->ends = calloc(ranks, sizeof *s->ends);
    s->bytes = calloc(ranks, sizeof *s->bytes);
    if (!s->ends || !s->bytes)
        return rnl_fail_memory(ranks * sizeof *s->ends);
    RNL_TRY(rnl_csv_read_section(t, section, take_row, s));
    s->ends[s->rank] = s->count;
    return RNL_OK;
}

/* ---- all rows -------------------------------------------------------------------------------- */

static rnl_status prepare_seen(section_rows *s)
{
    const rnl_class_use *classes = s->t->loading->classes;
    if (!classes)
        return RNL_OK;
    const bool *seen = rnl_class_use_seen(classes, &s->seen_count);
    s->seen = calloc(s->ranks, s->seen_count);
    if (!s->seen)
        return rnl_fail_memory(s->ranks * s->seen_count);
    memcpy(s->seen + s->rank * s->seen_count, seen, s->seen_count);
    return RNL_OK;
}

static rnl_status prepare(section_rows *s, rnl_dataset *dataset)
{
    size_t rows = 0;
    for (size_t r = 0; r < s->ranks; ++r)
        s->ends[r] = rows += s->ends[r];
    const size_t first = s->ends[s->rank] - s->count;
    RNL_TRY(prepare_seen(s));
    RNL_TRY(rnl_csv_allocate(dataset, s->t, rows));
    RNL_TRY(rnl_allocate_rows(&dataset->origins, s->t->parameters->path, rows, 1,
                              sizeof *dataset->origins));
    for (size_t i = 0; i < s->count; ++i) {
        dataset->origins[first + i] = s->origins[i];
        if (s->answers > 0)
            rnl_csv_put_answers(dataset, first + i, s->numbers + i * s->answers);
    }
    return RNL_OK;
}

static rnl_status gather(const section_rows *s, void *array, size_t row_bytes)
{
    for (size_t r = 0; r < s->ranks; ++r)
        s->bytes[r] = s->ends[r] * row_bytes;
    return !array || rnl_job_gather(s->job, RNL_TAG_SECTIONS, array, s->bytes)
               ? RNL_OK
               : rnl_fail_job(s->job);
}

/* A class has been seen where one rank has seen it. */
static rnl_status gather_seen(const section_rows *s)
{
    size_t count;
    if (!s->seen)
        return RNL_OK;
    if (!rnl_job_gather_each(s->job, RNL_TAG_SECTIONS, s->seen, s->seen_count))
        return rnl_fail_job(s->job);
    bool *seen = rnl_class_use_seen(s->t->loading->classes, &count);
    for (size_t i = 0; i < s->ranks * count; ++i)
        seen[i % count] |= s->seen[i];
    return RNL_OK;
}

static rnl_status join(section_rows *s, rnl_csv_section section, rnl_dataset *dataset)
{
    const rnl_loading *loading = s->t->loading;
    RNL_TRY(rnl_csv_agree(loading, read_section(s, section)));
    if (!rnl_job_gather_each(s->job, RNL_TAG_SECTIONS, s->ends, sizeof *s->ends))
        return rnl_fail_job(s->job);
    RNL_TRY(rnl_csv_agree(loading, prepare(s, dataset)));
    RNL_TRY(gather(s, dataset->origins, sizeof *dataset->origins));
    RNL_TRY(gather(s, dataset->labels, sizeof *dataset->labels));
    RNL_TRY(gather(s, dataset->values, rnl_dataset_value_bytes(dataset)));
    RNL_TRY(gather(s, dataset->sample_weights, sizeof *dataset->sample_weights));
    RNL_TRY(gather_seen(s));
    rnl_csv_complete(dataset);
    return RNL_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

rnl_status rnl_csv_can_wait(bool *can, const char *path, const rnl_loading *loading)
{
    rnl_csv_reader reader;
    const rnl_status status = rnl_csv_open(&reader, path, ',');
    if (status == RNL_OK) {
        *can = rnl_stream_plain(&reader.stream);
        rnl_csv_close(&reader);
    }
    return rnl_csv_agree(loading, status);
}

/* Opens the file on all ranks. */
static rnl_status open_together(rnl_csv_table *t, const rnl_csv_parameters *parameters,
                                const rnl_loading *loading)
{
    const rnl_status opened = rnl_csv_table_open(t, parameters, loading),
                     status = rnl_csv_agree(loading, opened);
    if (opened == RNL_OK && status != RNL_OK)
        rnl_csv_table_close(t);
    return status;
}

static rnl_status measure(const rnl_csv_parameters *parameters, const rnl_loading *loading,
                          rnl_csv_section *section)
{
    rnl_csv_table t;
    RNL_TRY(open_together(&t, parameters, loading));
    rnl_status status = rnl_csv_find_section(section, &t);
    if (status == RNL_OK && rnl_csv_finds_texts(&t)) {
        status = rnl_csv_find_texts_sections(&t, *section);
        rnl_csv_table_close(&t);
        RNL_TRY(status);
        RNL_TRY(open_together(&t, parameters, loading));
    }
    if (status == RNL_OK)
        status = rnl_csv_measure_sections(&t, *section);
    rnl_csv_table_close(&t);
    return status;
}

rnl_status rnl_csv_load_sections(rnl_dataset *dataset, const rnl_csv_parameters *parameters,
                                 const rnl_loading *loading)
{
    rnl_csv_section section = {0}; /* an end of 0: none is known */
    rnl_csv_table t;
    if (!rnl_encoding_measured(loading->encoding))
        RNL_TRY(measure(parameters, loading, &section));
    RNL_TRY(open_together(&t, parameters, loading));
    section_rows s = {.t = &t,
                      .job = loading->job,
                      .ranks = rnl_job_count(loading->job),
                      .rank = rnl_job_own_rank(loading->job)};
    rnl_status status = section.end > 0 ? RNL_OK : rnl_csv_find_section(&section, &t);
    if (status == RNL_OK)
        status = join(&s, section, dataset);
    release(&s);
    rnl_csv_table_close(&t);
    return status;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static rnl_status read_inputs(rnl_csv_table *t, rnl_dataset *dataset)
{
    const rnl_row_parts *parts = dataset->parts;
    for (size_t run = 0; run < parts->count; ++run)
        for (size_t row = rnl_parts_begin(parts, run);
             row < parts->ends[run] && rnl_parts_own(parts, run); ++row) {
            RNL_TRY(rnl_csv_seek(&t->reader, dataset->origins[row], UINT64_MAX));
            RNL_TRY(rnl_csv_table_record(t));
            if (t->reader.count == 0)
                return rnl_fail(RNL_BAD_DATA, "%s: it changed while it was read",
                                t->parameters->path);
            RNL_TRY(rnl_csv_encode_inputs(t, dataset, row));
        }
    return RNL_OK;
}

rnl_status rnl_csv_read_held(rnl_dataset *dataset, const rnl_csv_parameters *parameters,
                             const rnl_encoding *encoding)
{
    const rnl_loading loading = {.encoding = (rnl_encoding *)(uintptr_t)encoding,
                                 .without_targets = true,
                                 .weights_optional = true,
                                 .wide_inputs = dataset->element == RNL_FLOAT64};
    rnl_csv_table t;
    RNL_TRY(rnl_csv_table_open(&t, parameters, &loading));
    t.in_hand = false;
    rnl_status status =
        rnl_encoding_features(encoding) == dataset->features
            ? read_inputs(&t, dataset)
            : rnl_fail(RNL_BAD_DATA, "%s: it changed while it was read", parameters->path);
    rnl_csv_table_close(&t);
    return status;
}
