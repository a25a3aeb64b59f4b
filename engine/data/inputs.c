/*
 * Files of inputs for prediction, told apart by the ends of their names.
 */
#include "engine/data/formats.h"
#include "engine/error.h"

#include <string.h>

static bool ends_with(const char *path, const char *ending)
{
    const size_t length = strlen(path), wanted = strlen(ending);
    return length >= wanted && strcmp(path + length - wanted, ending) == 0;
}

static bool is_table(const char *path)
{
    return ends_with(path, ".csv") || ends_with(path, ".csv.gz") || ends_with(path, ".tsv") ||
           ends_with(path, ".tsv.gz");
}

rnl_status rnl_inputs_read(rnl_dataset *dataset, const char *path, const rnl_csv_parameters *csv,
                           bool wide, rnl_encoding *encoding)
{
    const rnl_loading loading = {.predicting = true, .wide_inputs = wide, .encoding = encoding};
    char *own = (char *)(uintptr_t)path;
    if (!is_table(path)) {
        const rnl_array_files files = {.inputs = own};
        const rnl_data_format *format = ends_with(path, ".npy") ? &rnl_npy_format : &rnl_idx_format;
        return format->load(dataset, &files, &loading);
    }
    if (!csv)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: the model was not trained on a table, so nothing tells which column "
                        "is which: give a .npy or an IDX file",
                        path);
    rnl_csv_parameters table = *csv;
    table.path = own;
    return rnl_csv_format.load(dataset, &table, &loading);
}
