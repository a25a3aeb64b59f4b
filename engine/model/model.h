/*
 * A model: the layers of a configuration with their shapes and parameters, and the scaling of
 * inputs and targets.
 */
#ifndef RNL_ENGINE_MODEL_MODEL_H
#define RNL_ENGINE_MODEL_MODEL_H

#include "engine/data/data_digest.h"
#include "engine/data/encoding.h"
#include "engine/kinds/scaling.h"
#include "engine/kinds/tally.h"
#include "engine/model/layer.h"
#include "engine/model/position.h"

#include <stdatomic.h>

#define RNL_COMPUTED_WITH 128

/* The way to the parameters of a model in training, which are in the step. */
typedef struct rnl_model_access {
    bool open;                          /* a callback runs that may read and set them */
    bool changed;                       /* they were set: the step takes them over */
    bool shared;                        /* other ranks train the same: they cannot be set */
    rnl_status (*fetch)(void *context); /* brings them into the model */
    void *context;
} rnl_model_access;

/* What a phase of training goes by; where there are none, all of training is one. */
typedef struct rnl_phase_settings {
    const rnl_choice *optimizer, *schedule;
    const rnl_early_stopping_config *early_stopping;
    uint64_t epochs;
    bool reset_optimizer;
} rnl_phase_settings;

struct rnl_model {
    rnl_config *config;
    rnl_phase_settings phase; /* the current one */
    bool *frozen;             /* (phases, layers) */
    rnl_shape input;
    rnl_encoding encoding;    /* of tables; unmeasured if the data were none */
    rnl_scaler scaler;        /* features 0 until measured */
    rnl_scaler target_scaler; /* of the outputs; features 0 if the targets are not scaled */
    size_t layer_count;
    rnl_layer *layers;
    rnl_position position;
    rnl_tally *tally; /* of the rows in the position's sums, where metrics ask for it and training
                         has begun */
    /* Digests of the rows of the current training; "" if unknown. */
    char data_digest[RNL_DATA_DIGEST_TEXT];
    atomic_bool stop;                      /* set by rnl_stop */
    rnl_model_access *access;              /* NULL unless it is in training */
    char computed_with[RNL_COMPUTED_WITH]; /* what its bits depend on: "cut 8" */
};

/* Creates a model with layers built, their parameters declared but not allocated.  Takes ownership
 * of the configuration, also on failure. */
rnl_status rnl_model_build(rnl_model **model, rnl_config *config, const rnl_shape *input);

/* The number of phases, at least 1. */
size_t rnl_model_phases(const rnl_model *model);

/* Returns the settings of a phase. */
rnl_phase_settings rnl_model_phase(const rnl_model *model, size_t number);

/* Finds the layers that each phase freezes; the model's layers are built.  RNL_BAD_CONFIG if a
 * phase names a layer that does not exist. */
rnl_status rnl_model_find_frozen(rnl_model *model);

/* Makes a phase the current one: its settings, and the layers that it freezes. */
void rnl_model_enter_phase(rnl_model *model, size_t number);

/* Returns the phase in which training begins: training.initial_epoch may leave out some. */
size_t rnl_model_first_phase(const rnl_model *model);

/* Returns how many epochs of a phase count as done when it begins. */
uint64_t rnl_model_skipped_epochs(const rnl_model *model, size_t phase);

/* Puts a model that has not been trained at its first epoch. */
void rnl_model_enter_first_epoch(rnl_model *model);

/* Goes on to the next phase, between two steps. */
void rnl_model_next_phase(rnl_model *model);

/* Returns how many layers an entry of the configuration becomes. */
size_t rnl_layers_of_entry(const rnl_choice *choice);

/* Sets the values of reused layers from their file, and the scaling that comes along. */
rnl_status rnl_model_take_reused(rnl_model *model);

/* Returns the format of the training rows' table, in which other tables are read, or of a plain one
 * if they were a frame; NULL if they were neither. */
const struct rnl_csv_parameters *rnl_model_table(const rnl_model *model);

/* Loads the encoding of a model that the configuration reuses, if its inputs come along. */
rnl_status rnl_reused_encoding(rnl_encoding *encoding, const rnl_config *config);

/* Allocates an array of the parameter, all 0, unless it exists, or is a slot of a fixed
 * parameter. */
rnl_status rnl_parameter_allocate(const rnl_layer *layer, rnl_parameter *parameter, size_t array);

/* Returns the bytes missing for `count` arrays of all parameters, from the array `first` on. */
size_t rnl_model_missing_bytes(const rnl_model *model, size_t first, size_t count);
rnl_status rnl_model_allocate(rnl_model *model, const char *what, size_t first, size_t count);

/* Performs a save without a file, so that its memory counts as used. */
rnl_status rnl_model_rehearse_saving(const rnl_model *model);

/* Saves the values as if training had ended with them. */
rnl_status rnl_model_save_ended(const rnl_model *model, const char *path);

/* Saves as rnl_model_save does, and keeps the old file as "PATH.previous" unless it is damaged.
 * trusted: this process has saved the old file, so it is not checked. */
rnl_status rnl_model_save_keeping(const rnl_model *model, const char *path, bool trusted);

/* Allocates the optimizer's state beside the values of all parameters; existing state stays. */
rnl_status rnl_model_allocate_slots(rnl_model *model, size_t slots);

/* Keeps the values of all parameters as the best ones; exchanges the two; or drops the best. */
rnl_status rnl_model_keep_best(rnl_model *model);
void rnl_model_swap_best(rnl_model *model);
void rnl_model_drop_best(rnl_model *model);

/* Sets the kernels of tied layers to those that they are, transposed. */
void rnl_model_follow_ties(rnl_model *model);

/* Ends training: frees everything but the values. */
void rnl_model_end_training(rnl_model *model);

/* Returns the number of target values of a row. */
size_t rnl_model_targets(const rnl_model *model);

/* Returns the first layer with trained parameters: layers before it need no gradient. */
size_t rnl_model_first_trainable(const rnl_model *model);

/* Counts the floating-point operations of a row's matrix products in the current phase of training:
 * a frozen layer has no weight gradient, and the first that learns, and those before it, have no
 * input gradient. */
size_t rnl_model_training_flops(const rnl_model *model);

/* Checks that the scaling of inputs and targets was measured. */
rnl_status rnl_model_check_scaling(const rnl_model *model);

/* Brings the parameters of a model in training into it, from the step; RNL_BAD_CONFIG outside of
 * the callbacks that may ask. */
rnl_status rnl_model_fetch(const rnl_model *model);

/* Checks that the rows have the model's shape. */
rnl_status rnl_model_check_rows(const rnl_model *model, const rnl_dataset *dataset);

/* Checks that the outputs can represent the classes of the table. */
rnl_status rnl_model_check_classes(const rnl_model *model, const rnl_dataset *dataset);

/* Checks that the targets fit the loss and the outputs. */
rnl_status rnl_model_check_targets(const rnl_model *model, const rnl_dataset *dataset);

/* Frees the arrays [first, end) of all parameters. */
void rnl_model_release_arrays(rnl_model *model, size_t first, size_t end);

#endif
