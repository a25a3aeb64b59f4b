/*
 * Files to predict for or to evaluate on.  The format is detected from the first bytes, plain or
 * compressed by gzip, whatever the name.
 */
#include "engine/base/error.h"
#include "engine/data/adapt.h"
#include "engine/data/formats.h"
#include "engine/storage/input_stream.h"

#include <string.h>

/* The format of an array, or NULL: a text begins neither with a byte of 0 nor with .npy's magic. */
static rnl_status recognize(const char *path, const rnl_data_format **format)
{
    char start[RNL_NPY_MAGIC_LENGTH] = {0};
    size_t got;
    rnl_input_stream stream;
    RNL_TRY(rnl_stream_open(&stream, path));
    const rnl_status status = rnl_stream_read(&stream, start, sizeof start, &got);
    rnl_stream_close(&stream);
    *format = NULL;
    if (got == sizeof start && memcmp(start, RNL_NPY_MAGIC, sizeof start) == 0)
        *format = &rnl_npy_format;
    else if (got >= 2 && start[0] == 0 && start[1] == 0)
        *format = &rnl_idx_format;
    return status;
}

static rnl_status read_arrays(rnl_dataset *dataset, const rnl_data_format *format,
                              const rnl_array_files *files, const rnl_loading *loading)
{
    const rnl_data_format *of_targets;
    if (!loading->predicting && !loading->without_targets && !files->targets)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: holds an array of inputs: the targets are a file of their own, as "
                        "--targets says",
                        files->inputs);
    if (files->targets) {
        RNL_TRY(recognize(files->targets, &of_targets));
        if (of_targets != format)
            return rnl_fail(RNL_BAD_DATA, "%s: expected the format of %s, %s", files->targets,
                            files->inputs, format == &rnl_npy_format ? ".npy" : "IDX");
    }
    return format->load(dataset, files, loading);
}

static rnl_status read_table(rnl_dataset *dataset, const rnl_array_files *files,
                             const rnl_csv_parameters *csv, const rnl_loading *loading)
{
    if (!csv)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected a .npy or an IDX file: the model was not trained on a "
                        "table, so nothing tells which column is which",
                        files->inputs);
    if (files->targets)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: the targets of a table are among its columns, not in a file of "
                        "their own, as %s",
                        files->inputs, files->targets);
    if (!loading->predicting && !loading->without_targets && loading->encoding->targets.count == 0)
        return rnl_fail(RNL_BAD_DATA,
                        "%s: expected arrays of inputs and targets: the model was trained on a "
                        "frame, and nothing tells which column of a table is the target",
                        files->inputs);
    rnl_csv_parameters table = *csv;
    table.path = files->inputs;
    return rnl_csv_format.load(dataset, &table, loading);
}

rnl_status rnl_files_read(rnl_dataset *dataset, const rnl_array_files *files,
                          const rnl_csv_parameters *csv, const rnl_loading *loading)
{
    const rnl_data_format *format;
    RNL_TRY(recognize(files->inputs, &format));
    RNL_TRY(format ? read_arrays(dataset, format, files, loading)
                   : read_table(dataset, files, csv, loading));
    return rnl_dataset_adapt(dataset, !format, loading);
}
