#include "engine/data/adapt.h"

#include "engine/data/class_selection.h"
#include "engine/data/resize.h"
#include "engine/data/split.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"

#include <stdlib.h>

rnl_status rnl_dataset_adapt(rnl_dataset *dataset, bool table, const rnl_loading *loading)
{
    const bool labelled = !loading->predicting && !loading->without_targets;
    if (loading->classes && labelled && !table)
        RNL_TRY(rnl_select_classes(dataset, loading->classes));
    return loading->resize ? rnl_resize(dataset, loading->resize) : RNL_OK;
}

/* ---- class numbers as values ----------------------------------------------------------------- */

static void drop_targets(rnl_dataset *dataset)
{
    if (!dataset->borrowed.targets) {
        free(dataset->labels);
        free(dataset->values);
    }
    dataset->labels = NULL;
    dataset->values = NULL;
    dataset->largest_label = -1;
    dataset->value_columns = 0;
    dataset->wide = false;
}

rnl_status rnl_dataset_take_numbers(rnl_dataset *dataset)
{
    double *values;
    if (!dataset->labels)
        return RNL_OK;
    RNL_TRY(rnl_allocate_rows(&values, dataset->name, dataset->rows, 1, sizeof *values));
    for (size_t i = 0; i < dataset->rows; ++i)
        values[i] = dataset->labels[i];
    drop_targets(dataset);
    dataset->borrowed.targets = false;
    dataset->wide = !rnl_narrow(&values, dataset->rows);
    dataset->wide_values = values;
    dataset->value_columns = 1;
    return RNL_OK;
}

/* ---- inputs as targets ----------------------------------------------------------------------- */

typedef enum target_source { GIVEN, INPUTS } target_source;

bool rnl_targets_are_inputs(const rnl_data_config *config)
{
    return config->targets.kind &&
           *(const target_source *)config->targets.kind->operations == INPUTS;
}

void rnl_loading_mirror(rnl_loading *loading, const rnl_data_config *config)
{
    if (!rnl_targets_are_inputs(config))
        return;
    loading->target = RNL_TARGET_CLASS;
    loading->two_classes = loading->wide_values = false;
    loading->without_targets =
        !config->classes.kind && config->limit_per_class == 0 && !rnl_split_is_by_class(config);
}

void rnl_data_mirror(rnl_data *data, const rnl_data_config *config)
{
    if (!rnl_targets_are_inputs(config))
        return;
    drop_targets(&data->train);
    drop_targets(&data->validation);
    drop_targets(&data->test);
    rnl_columns_release(&data->encoding.targets);
}

static const rnl_kind kinds[] = {
    {.name = "given",
     .help = "those of the sets, as class numbers or values",
     .operations = &(const target_source){GIVEN}},
    {.name = "inputs",
     .help = "the scaled inputs themselves, as an autoencoder's; those of the sets may be missing",
     .operations = &(const target_source){INPUTS}},
};

const rnl_kind_table rnl_target_sources = {
    .noun = "source of targets",
    .plural = "target sources",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};
