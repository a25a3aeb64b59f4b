#include "engine/data/held_inputs.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"
#include "engine/base/memory.h"
#include "engine/base/number.h"
#include "engine/data/split.h"
#include "engine/storage/digest.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_NARROW = 11 };

/* Rows of the test set that a rank evaluates at once, at least. */
#define TEST_ROWS 768

/* The part of a set's inputs, in the order of the row. */
typedef struct held_set {
    rnl_dataset *dataset;
    const rnl_choice *source;
} held_set;

enum { TRAIN, VALIDATION, TEST, SETS };

static void list_sets(held_set sets[SETS], rnl_data *data, const rnl_data_config *config)
{
    sets[TRAIN] = (held_set){&data->train, &config->train};
    sets[VALIDATION] = (held_set){&data->validation,
                                  rnl_split_is_on(config) ? &config->train : &config->validation};
    sets[TEST] = (held_set){&data->test, &config->test};
}

/* Validation takes the mini-batches of training; tests take whole ones of their own. */
static rnl_status deal(rnl_data *data, const rnl_config *config, rnl_job *job)
{
    const size_t batch = rnl_config_batch(config, data->test.rows);
    if (data->train.origins)
        RNL_TRY(rnl_parts_by_shards(&data->train.parts, job, data->train.rows,
                                    (size_t)config->training.shards));
    if (data->validation.origins)
        RNL_TRY(rnl_parts_in_turn(&data->validation.parts, job, data->validation.rows,
                                  rnl_config_batch(config, data->train.rows)));
    if (data->test.origins)
        RNL_TRY(rnl_parts_in_turn(&data->test.parts, job, data->test.rows,
                                  rnl_divide_up(TEST_ROWS, batch) * batch));
    return RNL_OK;
}

/* Room for all inputs, of which pages that are written become memory. */
static rnl_status map_inputs(rnl_dataset *dataset)
{
    const rnl_job *job = dataset->parts->job;
    RNL_TRY(rnl_check_memory(dataset->name, rnl_parts_rows(dataset->parts, rnl_job_own_rank(job)) *
                                                rnl_dataset_input_bytes(dataset)));
    return rnl_map_rows(&dataset->inputs, dataset->name, dataset->rows, dataset->features,
                        rnl_element_bytes(dataset->element), &dataset->mapped);
}

static rnl_status read_sets(const held_set sets[SETS], const rnl_encoding *encoding)
{
    for (size_t i = 0; i < SETS; ++i) {
        rnl_dataset *dataset = sets[i].dataset;
        if (!dataset->origins)
            continue;
        const rnl_data_format *format = sets[i].source->kind->operations;
        RNL_TRY(map_inputs(dataset));
        RNL_TRY(format->read_held(dataset, sets[i].source->parameters, encoding));
        free(dataset->origins);
        dataset->origins = NULL;
    }
    return RNL_OK;
}

/* ---- ranks that read something else ---------------------------------------------------------- */

/* Compares a record of each rank with rank 0's. */
static rnl_status compare(rnl_job *job, const void *own, size_t size, const char *what)
{
    void *records;
    rnl_status status = RNL_OK;
    RNL_TRY(rnl_job_gather_records(job, own, size, &records));
    const char *all = records;
    for (size_t r = 1; status == RNL_OK && r < rnl_job_count(job); ++r)
        if (memcmp(all, all + r * size, size) != 0)
            status = rnl_fail_other(job, r, what);
    free(records);
    return status;
}

rnl_status rnl_data_compare_config(const rnl_config *config, rnl_job *job)
{
    char digits[RNL_DIGEST_DIGITS + 1] = "", *text = NULL;
    if (!job)
        return RNL_OK;
    rnl_status status = rnl_config_print_json(config, &text);
    if (status == RNL_OK)
        status = rnl_digest(digits, &(const rnl_bytes){text, strlen(text)}, 1);
    rnl_text_free(text);
    RNL_TRY(rnl_job_agree_on(job, status));
    return compare(job, digits, sizeof digits, "another configuration");
}

/* What parts and messages follow from. */
typedef struct held_shape {
    uint64_t rows, features, element, deferred;
} held_shape;

static rnl_status compare_shapes(const rnl_data *data, rnl_job *job)
{
    const rnl_dataset *const sets[SETS] = {&data->train, &data->validation, &data->test};
    held_shape shapes[SETS];
    for (size_t i = 0; i < SETS; ++i)
        shapes[i] = (held_shape){sets[i]->rows, sets[i]->features, sets[i]->element,
                                 sets[i]->origins != NULL};
    return compare(job, shapes, sizeof shapes, "rows of another number or shape");
}

/* ---- doubles that floats hold ---------------------------------------------------------------- */

static bool is_wide(const rnl_dataset *dataset)
{
    return dataset->parts && dataset->element == RNL_FLOAT64;
}

/* Calls the work on each run of this rank; false if it did once. */
static bool each_own_run(const rnl_dataset *dataset,
                         bool (*work)(const double *from, size_t count, float *to),
                         const double *from, float *to)
{
    const rnl_row_parts *parts = dataset->parts;
    bool all = true;
    for (size_t run = 0; run < parts->count; ++run) {
        const size_t begin = rnl_parts_begin(parts, run) * dataset->features;
        if (rnl_parts_own(parts, run))
            all &= work(from + begin, parts->ends[run] * dataset->features - begin,
                        to ? to + begin : NULL);
    }
    return all;
}

static bool are_floats(const double *from, size_t count, float *to)
{
    (void)to;
    bool all = true;
    for (size_t i = 0; i < count; ++i)
        all &= (double)(float)from[i] == from[i];
    return all;
}

static bool make_floats(const double *from, size_t count, float *to)
{
    for (size_t i = 0; i < count; ++i)
        to[i] = (float)from[i];
    return true;
}

static rnl_status narrow(rnl_dataset *dataset)
{
    float *floats;
    size_t mapped;
    RNL_TRY(rnl_map_rows(&floats, dataset->name, dataset->rows, dataset->features, sizeof *floats,
                         &mapped));
    each_own_run(dataset, make_floats, dataset->inputs, floats);
    rnl_unmap(dataset->inputs, dataset->mapped);
    dataset->inputs = floats;
    dataset->mapped = mapped;
    dataset->element = RNL_FLOAT32;
    return RNL_OK;
}

typedef struct narrow_sets {
    bool are[SETS];
} narrow_sets;

/* Doubles stay where a single number of a file needs one, whichever rank has read it: so a set has
 * the type that it has in one process. */
static rnl_status narrow_together(const held_set sets[SETS], rnl_job *job)
{
    const size_t ranks = rnl_job_count(job);
    narrow_sets *all = calloc(ranks, sizeof *all), *own = all ? &all[rnl_job_own_rank(job)] : NULL;
    rnl_status status = all ? RNL_OK : rnl_fail_memory(ranks * sizeof *all);
    for (size_t i = 0; all && i < SETS; ++i)
        own->are[i] = !is_wide(sets[i].dataset) ||
                      each_own_run(sets[i].dataset, are_floats, sets[i].dataset->inputs, NULL);
    if (all && sets[TRAIN].source == sets[VALIDATION].source)
        own->are[TRAIN] = own->are[VALIDATION] = own->are[TRAIN] && own->are[VALIDATION];
    status = rnl_job_agree_on(job, status);
    if (status == RNL_OK && !rnl_job_gather_each(job, TAG_NARROW, all, sizeof *all))
        status = rnl_fail_job(job);
    for (size_t i = 0; status == RNL_OK && i < SETS; ++i) {
        bool floats = is_wide(sets[i].dataset);
        for (size_t r = 0; r < ranks; ++r)
            floats &= all[r].are[i];
        if (floats)
            status = narrow(sets[i].dataset);
    }
    free(all);
    return rnl_job_agree_on(job, status);
}

rnl_status rnl_data_hold(rnl_data *data, const rnl_config *config, rnl_job *job, rnl_status status)
{
    held_set sets[SETS];
    if (!job)
        return status;
    RNL_TRY(rnl_job_agree_on(job, status));
    RNL_TRY(compare_shapes(data, job));
    list_sets(sets, data, &config->data);
    status = deal(data, config, job);
    if (status == RNL_OK)
        status = read_sets(sets, &data->encoding);
    RNL_TRY(rnl_job_agree_on(job, status));
    return is_wide(&data->train) || is_wide(&data->validation) || is_wide(&data->test)
               ? narrow_together(sets, job)
               : RNL_OK;
}
