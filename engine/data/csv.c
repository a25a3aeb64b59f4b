/*
 * Tables of comma-separated values.  The first set that is read, the training rows, is read three
 * times: to measure the encoding, to count the rows, and to apply it; other sets follow it.  Ranks
 * read sections of it.
 */
#include "engine/base/error.h"
#include "engine/data/csv_sections.h"

#include <string.h>

/* The rows that are not dropped. */
static rnl_status count_rows(rnl_csv_table *t, size_t *rows)
{
    *rows = 0;
    RNL_TRY(rnl_csv_table_next(t));
    while (t->reader.count > 0) {
        ++*rows;
        RNL_TRY(rnl_csv_table_next(t));
    }
    return RNL_OK;
}

/* ---- passes over the file -------------------------------------------------------------------- */

static rnl_status count_file(const rnl_csv_parameters *p, const rnl_loading *loading, size_t *rows)
{
    rnl_csv_table t;
    RNL_TRY(rnl_csv_table_open(&t, p, loading));
    const rnl_status status = count_rows(&t, rows);
    rnl_csv_table_close(&t);
    return status;
}

static rnl_status encode_file(const rnl_csv_parameters *p, const rnl_loading *loading,
                              rnl_dataset *dataset, size_t rows)
{
    rnl_csv_table t;
    RNL_TRY(rnl_csv_table_open(&t, p, loading));
    const rnl_status status = rnl_csv_encode(&t, dataset, rows);
    rnl_csv_table_close(&t);
    return status;
}

const char *rnl_csv_refuse_delimiter(const char *text)
{
    const bool taken =
        strcmp(text, RNL_CSV_WHITESPACE) == 0 || (strlen(text) == 1 && !strchr("\"\r\n", *text));
    return taken
               ? NULL
               : "one character, neither a quote nor a line end, or whitespace (a tab is \"\\t\", "
                 "in double quotes)";
}

const char *rnl_csv_refuse_decimal(const char *text)
{
    return strcmp(text, ".") == 0 || strcmp(text, ",") == 0 ? NULL : "\".\" or \",\"";
}

static rnl_status check_parameters(const rnl_csv_parameters *p)
{
    if (p->sample_weight.count > 1)
        return rnl_fail_at(p->sample_weight.place, "sample_weight: expected one column, got %zu",
                           p->sample_weight.count);
    return RNL_OK;
}

static rnl_status load_whole(rnl_dataset *dataset, const rnl_csv_parameters *p,
                             const rnl_loading *loading)
{
    size_t rows;
    if (!rnl_encoding_measured(loading->encoding))
        RNL_TRY(rnl_csv_measure(p, loading));
    RNL_TRY(count_file(p, loading, &rows));
    return encode_file(p, loading, dataset, rows);
}

static rnl_status load(rnl_dataset *dataset, const void *parameters, const rnl_loading *loading)
{
    const rnl_csv_parameters *p = parameters;
    bool by_parts = false;
    *dataset = (rnl_dataset){.largest_label = -1};
    RNL_TRY(check_parameters(p));
    if (loading->job)
        RNL_TRY(rnl_csv_can_wait(&by_parts, p->path, loading));
    const rnl_status status =
        by_parts ? rnl_csv_load_sections(dataset, p, loading) : load_whole(dataset, p, loading);
    if (status != RNL_OK)
        rnl_dataset_release(dataset);
    return status;
}

static rnl_status read_held(rnl_dataset *dataset, const void *parameters,
                            const rnl_encoding *encoding)
{
    return rnl_csv_read_held(dataset, parameters, encoding);
}

static void list_files(const char *paths[RNL_MOST_FILES], const void *parameters)
{
    paths[0] = ((const rnl_csv_parameters *)parameters)->path;
}

const rnl_data_format rnl_csv_format = {
    .load = load, .read_held = read_held, .list_files = list_files};
