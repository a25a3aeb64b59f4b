#include "engine/data/adapt.h"

#include "engine/data/class_selection.h"

rnl_status rnl_dataset_adapt(rnl_dataset *dataset, bool table, const rnl_loading *loading)
{
    return loading->classes && !loading->predicting && !table
               ? rnl_select_classes(dataset, loading->classes)
               : RNL_OK;
}
