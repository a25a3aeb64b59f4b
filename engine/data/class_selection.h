/*
 * Selected classes: rows of some classes alone, or classes taken together.  What is left is
 * numbered anew from 0: class numbers in their order, names of a table in that of its categories.
 */
#ifndef RNL_ENGINE_DATA_CLASS_SELECTION_H
#define RNL_ENGINE_DATA_CLASS_SELECTION_H

#include "engine/data/dataset.h"

/* A selection at work. */
typedef struct rnl_class_use {
    const rnl_choice *selection; /* of rnl_class_selections */
    bool *seen;                  /* of each class that it names: some row was of it */
} rnl_class_use;

/* Begins a use; without a selection `seen` is NULL. */
rnl_status rnl_class_use_begin(rnl_class_use *use, const rnl_choice *selection);
void rnl_class_use_end(rnl_class_use *use);

/* Flags of the classes that it names: those that have had a row; the array may be changed. */
bool *rnl_class_use_seen(const rnl_class_use *use, size_t *count);

/* Returns the name that a class of a table gets, or NULL if its rows are left out.  `dropped`: the
 * row is lost for what it misses, so that a class that is kept has not had it. */
const char *rnl_class_selected(const rnl_class_use *use, const char *name, bool dropped);

/* Selects among a set's class numbers.  RNL_BAD_CONFIG for a selection of names, RNL_BAD_DATA if no
 * row is left. */
rnl_status rnl_select_classes(rnl_dataset *dataset, const rnl_class_use *use);

/* Refuses a selection that names a class of which no row was.  `classes`: the training rows'
 * categories, for the nearest name; NULL beside arrays. */
rnl_status rnl_class_use_check(const rnl_class_use *use, const rnl_dataset *train,
                               const rnl_column *classes);

#endif
