/*
 * The configuration of a run, decoded: what a file may say at its top level and in its sections.
 */
#ifndef RNL_ENGINE_SCHEMA_CONFIG_H
#define RNL_ENGINE_SCHEMA_CONFIG_H

#include "engine/schema/schema.h"

#include <stdatomic.h>

/* data: */
typedef struct rnl_data_config {
    rnl_choice train, validation, test; /* of rnl_data_formats; kind NULL where not given */
    rnl_choice validation_split;        /* of rnl_validation_splits */
    rnl_choice folds;                   /* of rnl_fold_rules */
    int64_t fold;                       /* from 1 */
    rnl_choice scaling;                 /* of rnl_scalings */
    rnl_choice target_scaling;          /* of rnl_target_scalings */
    rnl_choice targets;                 /* of rnl_target_sources */
    rnl_choice classes;                 /* of rnl_class_selections; kind NULL for all */
    int64_t limit, limit_per_class;     /* training rows; 0: all */
    rnl_choice unseen;                  /* of rnl_unseen_rules */
    int64_t one_hot_max;                /* inputs of a column that `categorical: auto` finds */
    int64_t rare;                       /* rows that a category needs for an input of its own */
    rnl_number_list resize;             /* height and width of images; none: as they are */
} rnl_data_config;

/* Metrics of a run at most. */
#define RNL_MAX_METRICS 16

/* A figure that something is decided by: engine/kinds/monitor.h. */
typedef struct rnl_monitor {
    char *figure;     /* "val_loss" */
    rnl_choice mode;  /* of rnl_monitor_modes */
    double min_delta; /* a smaller change is no improvement */
} rnl_monitor;

/* training.early_stopping: */
typedef struct rnl_early_stopping_config {
    int64_t patience; /* validations; 0: never */
    rnl_monitor monitor;
    bool restore_best_weights;
    bool gains_add_up;   /* those below min_delta, since the last improvement */
    bool last_of_equals; /* the best is the last of those equally good */
    int64_t start_from_epoch;
} rnl_early_stopping_config;

/* training.phases: one of them */
typedef struct rnl_phase_config {
    int64_t epochs;
    rnl_text_list trainable; /* layers; `own`: as each of them says */
    rnl_choice optimizer;    /* of rnl_optimizers */
    rnl_choice schedule;     /* of rnl_schedules; kind NULL for none */
    rnl_early_stopping_config early_stopping;
    bool reset_optimizer; /* its state does not go on from the phase before */
} rnl_phase_config;

/* training.trace: */
typedef struct rnl_trace_config {
    int64_t every; /* steps; 0: never */
} rnl_trace_config;

/* training: */
typedef struct rnl_training_config {
    rnl_choice loss; /* of rnl_losses */
    rnl_number_map class_weight;
    rnl_choice_list metrics; /* of rnl_metrics */
    rnl_choice optimizer;    /* of rnl_optimizers */
    rnl_choice clipping;     /* of rnl_clippings; kind NULL for none */
    rnl_choice schedule;     /* of rnl_schedules; kind NULL for none */
    rnl_early_stopping_config early_stopping;
    rnl_choice precision; /* of rnl_precisions */
    int64_t batch_size;
    int64_t shards; /* of a mini-batch, a power of two */
    int64_t epochs;
    rnl_text_map init_names; /* of parameters here to tensors of a plain file to start from */
    int64_t initial_epoch;   /* the first epoch's number is one more */
    rnl_choice_list phases;  /* of rnl_training_phases; none: all is one */
    bool shuffle;
    bool drop_last; /* drop the smaller mini-batch at the end of an epoch */
    int64_t seed;
    int64_t validate_every;   /* steps; 0: at the end of each epoch */
    int64_t checkpoint_every; /* steps; 0: after an epoch, at most once a second */
    double max_seconds;       /* of training steps in one call of rnl_train; 0: no limit */
    bool inspect;             /* inspect the layers after each epoch */
    rnl_trace_config trace;
    bool tensorboard; /* the program writes event files */
} rnl_training_config;

/* Layers of a saved model with which the configuration's begin (engine/config/reuse.h). */
typedef struct rnl_reused {
    char *path; /* NULL: there are none */
    rnl_place place;
    bool missing;         /* the file was not there: the entry was not replaced */
    size_t count;         /* of the configuration's first entries, */
    size_t *entries;      /* (count) each with its number in the saved model's */
    bool inputs, outputs; /* the saved model's first and last entry are among them */
} rnl_reused;

#define RNL_MAX_SHARDS 1024

/* pretraining: */
typedef struct rnl_pretraining_config {
    rnl_choice mode;            /* of rnl_pretraining_modes */
    bool tied;                  /* the mirror image has the encoder's kernels, transposed */
    rnl_choice denoising;       /* of rnl_denoisings; kind NULL for none */
    int64_t epochs, batch_size; /* 0: as training */
    rnl_choice optimizer;       /* kind NULL: as training */
    rnl_choice schedule;        /* kind NULL for none */
    rnl_early_stopping_config early_stopping;
} rnl_pretraining_config;

struct rnl_config {
    atomic_size_t owners;   /* a configuration never changes, so handles share it */
    rnl_tree tree;          /* the document, with the preset's values; places point into it */
    const rnl_kind *preset; /* one of rnl_presets, which wrote values into the tree; NULL: none */
    char *name;
    rnl_data_config data;
    rnl_choice_list model; /* of rnl_layers */
    rnl_training_config training;
    rnl_reused reuse;
    rnl_pretraining_config pretraining;
};

/* Refuses a configuration that reuses a file which was not there. */
rnl_status rnl_reuse_check(const rnl_config *config);

/* Adds an owner, who frees the configuration too. */
rnl_config *rnl_config_share(const rnl_config *config);

/* The configuration on one line of JSON, in a fixed key order, as a model's metadata keeps it. */
rnl_status rnl_config_print_json(const rnl_config *config, char **text);

/* The fields of the whole configuration. */
extern const rnl_field rnl_config_fields[];

/* The tables of kinds, each defined by the room that owns it. */
extern const rnl_kind_table rnl_data_formats;      /* engine/data/ */
extern const rnl_kind_table rnl_missing_rules;     /* engine/data/ */
extern const rnl_kind_table rnl_unseen_rules;      /* engine/data/ */
extern const rnl_kind_table rnl_validation_splits; /* engine/data/ */
extern const rnl_kind_table rnl_fold_rules;        /* engine/data/ */
extern const rnl_kind_table rnl_class_selections;  /* engine/data/ */
extern const rnl_kind_table rnl_target_sources;    /* engine/data/ */
extern const rnl_kind_table rnl_scalings;          /* engine/kinds/ */
extern const rnl_kind_table rnl_target_scalings;   /* engine/data/ */
extern const rnl_kind_table rnl_layers;            /* engine/layers/ */
/* Layers that may also be written as an activation; ends with NULL. */
extern const char *const rnl_activation_layers[];

extern const rnl_kind_table rnl_activations;       /* engine/kinds/ */
extern const rnl_kind_table rnl_initializers;      /* engine/kinds/ */
extern const rnl_kind_table rnl_regularizers;      /* engine/kinds/ */
extern const rnl_kind_table rnl_constraints;       /* engine/kinds/ */
extern const rnl_kind_table rnl_losses;            /* engine/kinds/ */
extern const rnl_kind_table rnl_metrics;           /* engine/kinds/ */
extern const rnl_kind_table rnl_clippings;         /* engine/kinds/ */
extern const rnl_kind_table rnl_schedules;         /* engine/kinds/ */
extern const rnl_kind_table rnl_pretraining_modes; /* engine/training/ */
extern const rnl_kind_table rnl_denoisings;        /* engine/training/ */
extern const rnl_kind_table rnl_rate_factors;      /* engine/layers/ */
extern const rnl_kind_table rnl_optimizers;        /* engine/kinds/ */
extern const rnl_kind_table rnl_training_phases;   /* engine/config/ */
extern const rnl_kind_table rnl_precisions;        /* engine/kinds/ */

/* All of them, for the help; ends with NULL. */
extern const rnl_kind_table *const rnl_kind_tables[];

#endif
