#include "engine/data/data_digest.h"

#include "engine/base/error.h"
#include "engine/base/job_agreement.h"

#include <string.h>

#define EACH (RNL_DIGEST_DIGITS + 1)

static const char *const names[RNL_DATA_DIGESTS] = {
    "the inputs of the training rows",         "the targets of the training rows",
    "the sample weights of the training rows", "the inputs of the validation rows",
    "the targets of the validation rows",      "the sample weights of the validation rows",
};

static size_t bytes_of(const void *array, size_t rows, size_t row_bytes)
{
    return array ? rows * row_bytes : 0;
}

/* Inputs that ranks hold by parts are digested from rank to rank. */
typedef struct held_digest {
    const rnl_dataset *rows;
    rnl_digest_state *state;
    rnl_status status;
    char packed[RNL_DIGEST_PACKED];
} held_digest;

static void add_rows(void *context, size_t first, size_t last)
{
    held_digest *d = context;
    const size_t row = rnl_dataset_input_bytes(d->rows);
    if (d->status == RNL_OK && first > 0)
        d->status = rnl_digest_unpack(d->state, d->packed);
    rnl_digest_add(d->state,
                   (rnl_bytes){(const char *)d->rows->inputs + first * row, (last - first) * row});
    rnl_digest_pack(d->packed, d->state);
}

static rnl_status digest_held(char *text, const rnl_dataset *rows)
{
    held_digest d = {.rows = rows};
    RNL_TRY(rnl_job_tell_failure(rows->parts->job, rnl_digest_begin(&d.state)));
    rnl_status status = rnl_fold_rows(&(const rnl_fold){.parts = rows->parts,
                                                        .rows = rows->rows,
                                                        .work = add_rows,
                                                        .context = &d,
                                                        .states = 1,
                                                        .state = {{d.packed, sizeof d.packed}}});
    status = status == RNL_OK ? d.status : status;
    if (status == RNL_OK)
        status = rnl_digest_unpack(d.state, d.packed);
    rnl_digest_end(text, d.state);
    return status;
}

static rnl_status digest_rows(char *text, const rnl_dataset *rows)
{
    const void *targets = rows->labels ? (const void *)rows->labels : rows->values;
    const size_t target_bytes = rows->labels ? sizeof *rows->labels : rnl_dataset_value_bytes(rows);
    const rnl_bytes parts[] = {
        {rows->inputs, bytes_of(rows->inputs, rows->rows, rnl_dataset_input_bytes(rows))},
        {targets, bytes_of(targets, rows->rows, target_bytes)},
        {rows->sample_weights, bytes_of(rows->sample_weights, rows->rows, sizeof(float))},
    };
    rnl_job *job = rows->parts ? rows->parts->job : NULL;
    if (job)
        RNL_TRY(digest_held(text, rows));
    for (size_t i = job ? 1 : 0; i < sizeof parts / sizeof *parts; ++i)
        RNL_TRY(rnl_job_tell_failure(job, rnl_digest(text + i * EACH, &parts[i], 1)));
    return RNL_OK;
}

rnl_status rnl_data_digest(char text[RNL_DATA_DIGEST_TEXT], const rnl_data *data)
{
    RNL_TRY(digest_rows(text, &data->train));
    RNL_TRY(digest_rows(text + RNL_DATA_DIGESTS / 2 * EACH, &data->validation));
    for (size_t i = 1; i < RNL_DATA_DIGESTS; ++i)
        text[i * EACH - 1] = ' ';
    return RNL_OK;
}

bool rnl_is_data_digest(const char *text)
{
    for (size_t i = 0; i < RNL_DATA_DIGESTS; ++i, text += EACH)
        if (strspn(text, "0123456789abcdef") != RNL_DIGEST_DIGITS ||
            text[RNL_DIGEST_DIGITS] != (i + 1 < RNL_DATA_DIGESTS ? ' ' : '\0'))
            return false;
    return true;
}

const char *rnl_data_digest_difference(const char *before, const char *now, bool *of_validation)
{
    for (size_t i = 0; i < RNL_DATA_DIGESTS; ++i)
        if (memcmp(before + i * EACH, now + i * EACH, RNL_DIGEST_DIGITS) != 0) {
            *of_validation = i >= RNL_DATA_DIGESTS / 2;
            return names[i];
        }
    return NULL;
}
