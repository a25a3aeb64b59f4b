/*
 * A model: the layers of a configuration with their shapes and parameters, and the scaling of
 * inputs.
 */
#ifndef RNL_ENGINE_MODEL_MODEL_H
#define RNL_ENGINE_MODEL_MODEL_H

#include "engine/data/data_digest.h"
#include "engine/data/encoding.h"
#include "engine/kinds/scaling.h"
#include "engine/model/layer.h"
#include "engine/model/position.h"

#include <stdatomic.h>

#define RNL_COMPUTED_WITH 128

struct rnl_model {
    rnl_config *config;
    rnl_shape input;
    rnl_encoding encoding;    /* of tables; unmeasured where the data were none */
    rnl_scaler scaler;        /* features 0 until it has been measured */
    rnl_scaler target_scaler; /* of the outputs; features 0 where nothing scales the targets */
    size_t layer_count;
    rnl_layer *layers;
    rnl_position position;
    /* Of the rows that the training at hand is made with; "" where it is not known. */
    char data_digest[RNL_DATA_DIGEST_TEXT];
    atomic_bool stop;                      /* asked for by rnl_stop */
    char computed_with[RNL_COMPUTED_WITH]; /* the products and kernels that trained it:
                                              "oneDNN 2.6.3 avx2, avx2, cut 7" */
};

/* Layers built, their parameters declared but not allocated.  Takes over the configuration, also
 * when it fails. */
rnl_status rnl_model_build(rnl_model **model, rnl_config *config, const rnl_shape *input);

/* An array of the parameter, all 0, unless it is there already, or a slot of a fixed one. */
rnl_status rnl_parameter_allocate(const rnl_layer *layer, rnl_parameter *parameter, size_t array);

/* So many arrays of all parameters: the memory that is lacking for them, and the arrays, asked for
 * in one sum. */
size_t rnl_model_missing_bytes(const rnl_model *model, size_t first, size_t count);
rnl_status rnl_model_allocate(rnl_model *model, const char *what, size_t first, size_t count);

/* Makes what a save makes, and lets it go: what is taken from here on must leave it room. */
rnl_status rnl_model_rehearse_saving(const rnl_model *model);

/* rnl_model_save of the values as they are, as if training had ended with them. */
rnl_status rnl_model_save_ended(const rnl_model *model, const char *path);

/* rnl_model_save that keeps the file that was there as "PATH.previous", unless it is damaged;
 * trusted: it is one that this process has saved, and is not read for that. */
rnl_status rnl_model_save_keeping(const rnl_model *model, const char *path, bool trusted);

/* Room for the optimizer's state beside the values of all parameters; what is there stays. */
rnl_status rnl_model_allocate_slots(rnl_model *model, size_t slots);

/* Keeps the values of all parameters as the best, has the two change places, or drops the best. */
rnl_status rnl_model_keep_best(rnl_model *model);
void rnl_model_swap_best(rnl_model *model);
void rnl_model_drop_best(rnl_model *model);

/* Training has ended: nothing is left of it but the values. */
void rnl_model_end_training(rnl_model *model);

/* The first layer with parameters that training changes: below it nobody asks for a gradient. */
size_t rnl_model_first_trainable(const rnl_model *model);

/* The rows have the model's shape. */
rnl_status rnl_model_check_rows(const rnl_model *model, const rnl_dataset *dataset);

/* The outputs tell apart the classes of the table. */
rnl_status rnl_model_check_classes(const rnl_model *model, const rnl_dataset *dataset);

/* The targets fit the loss and the outputs. */
rnl_status rnl_model_check_targets(const rnl_model *model, const rnl_dataset *dataset);

#endif
