/*
 * The classes of the rows: their counts, which balance weights, and warnings about them.
 */
#ifndef RNL_ENGINE_TRAINING_CLASS_COUNTS_H
#define RNL_ENGINE_TRAINING_CLASS_COUNTS_H

#include "engine/model/model.h"

/* Counts the rows of each class: an array (classes), which the caller frees.  The model has
 * classes, and the targets fit it. */
rnl_status rnl_class_counts(size_t **counts, const rnl_model *model, const rnl_dataset *rows);

/* Before training: warns of a single class to train on, of classes that no row has, and of those
 * that the training rows, the validation rows or the test rows have alone. */
rnl_status rnl_warn_of_classes(const rnl_model *model, const rnl_data *data,
                               const rnl_options *options);

/* Before evaluation: warns of rows that are all of one class, or leave metric auc without some. */
rnl_status rnl_warn_of_single_class(const rnl_model *model, const rnl_dataset *rows,
                                    const rnl_options *options);

#endif
