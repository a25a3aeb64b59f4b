/*
 * Runnel: training of dense neural networks on many-core CPUs.
 *
 * The whole public interface.  A program loads a configuration, loads the data that it names,
 * creates a model, trains it, and saves it:
 *
 *     rnl_config *config = NULL;
 *     rnl_data *data = NULL;
 *     rnl_model *model = NULL;
 *     if (rnl_config_load(&config, "fashion_mnist.yaml", NULL, 0) != RNL_OK ||
 *         rnl_data_load(&data, config, RNL_TRAIN | RNL_VALIDATION) != RNL_OK ||
 *         rnl_model_create(&model, config, data) != RNL_OK ||
 *         rnl_train(model, data, NULL) != RNL_OK ||
 *         rnl_model_save(model, "model.safetensors") != RNL_OK)
 *         fprintf(stderr, "%s\n", rnl_message());
 *     rnl_model_free(model);
 *     rnl_data_free(data);
 *     rnl_config_free(config);
 *
 * Errors.  A function that can fail returns an rnl_status.  Anything but RNL_OK leaves its outputs
 * untouched and a message for people in rnl_message(): it names the file, line, key or value at
 * fault.  The library never prints, never exits and installs no signal handler.
 *
 * Ownership.  Every handle that a function gives through a pointer-to-pointer belongs to the
 * caller, who frees it with the matching _free, which accepts NULL.  Text given through a char **
 * is freed with rnl_text_free.  A handle keeps what it needs of the handles that it was made from:
 * they may be freed in any order.
 *
 * Threads.  Different handles may be used from different threads at once; one handle only from one
 * thread at a time.  rnl_train, rnl_evaluate and rnl_predict start workers of their own, which end
 * with the call, while the calling thread waits.  The workers take no signals: handlers run on the
 * program's own threads.  Callbacks run on a worker, in the calling thread's floating-point mode
 * and, but for on_step, with its signal mask: a process that they start can be stopped, and a
 * handler may run inside of them.
 */
#ifndef RUNNEL_H
#define RUNNEL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RNL_API __attribute__((visibility("default")))
#else
#define RNL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rnl_status {
    RNL_OK = 0,
    RNL_BAD_CONFIG, /* a mistake in a configuration, an override or an argument */
    RNL_BAD_DATA,   /* a data or model file is missing, damaged or does not fit */
    RNL_NO_MEMORY,  /* an allocation failed; the message gives its size */
    RNL_IO,         /* reading or writing a file failed; the message gives path and reason */
    RNL_THREADS,    /* the workers asked for could not be had */
    RNL_PRODUCT,    /* the matrix product library refused or failed */
    RNL_NOT_FINITE, /* NaN or infinity appeared in training; the message gives the step and the
                       place */
    RNL_STOPPED     /* rnl_stop was called, or a callback asked to stop */
} rnl_status;

/* The message of the last failure on the calling thread; "" if there was none.  Valid until the
 * next call into the library from this thread. */
RNL_API const char *rnl_message(void);

/* "0.1.0" */
RNL_API const char *rnl_version(void);

RNL_API void rnl_text_free(char *text);

/* ---- configuration ------------------------------------------------------------------------- */

typedef struct rnl_config rnl_config;

/* Reads a YAML file and checks it against the schema.  Each override reads "key.path=value"; the
 * value is YAML, list elements are named by their index ("model.1.dense.units=100").  Overrides are
 * applied in order, before the check.  RNL_BAD_CONFIG, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_config_load(rnl_config **config, const char *path,
                                   const char *const *overrides, size_t override_count);
/* The same from text in memory, which `name` names in messages. */
RNL_API rnl_status rnl_config_parse(rnl_config **config, const char *name, const char *text,
                                    const char *const *overrides, size_t override_count);
RNL_API void rnl_config_free(rnl_config *config);

/* The run's name: the key `name`, else the file's name without its ending.  Belongs to the config.
 */
RNL_API const char *rnl_config_name(const rnl_config *config);

/* The name of its optimizer: "adam".  Belongs to the config. */
RNL_API const char *rnl_config_optimizer(const rnl_config *config);

/* Not 0 if the data of one of its parts are read from the file at the path, under whatever name or
 * link it is given there: what writes files asks before it replaces one. */
RNL_API int rnl_config_reads(const rnl_config *config, const char *path);

/* Not 0 if it asks for event files, which the library leaves to its caller. */
RNL_API int rnl_config_tensorboard(const rnl_config *config);

/* The whole configuration as YAML with every default filled in, fit to be loaded again. */
RNL_API rnl_status rnl_config_print(const rnl_config *config, char **text);
/* The same with each value on a line of its own, and behind it, as a comment, where it is from:
 * file (or text in memory), command line (an override), preset, or default. */
RNL_API rnl_status rnl_config_print_origins(const rnl_config *config, char **text);

/* The reference of the configuration, made from the tables that check it.  Topic NULL is the
 * overview; else a section ("data", "early_stopping"), a kind ("dense", "elu", "sgd") or a key.
 * An unknown topic is RNL_BAD_CONFIG, and the message names the nearest one. */
RNL_API rnl_status rnl_config_help(const char *topic, char **text);

/* ---- data ---------------------------------------------------------------------------------- */

typedef struct rnl_data rnl_data;

typedef enum rnl_part { RNL_TRAIN = 1, RNL_VALIDATION = 2, RNL_TEST = 4 } rnl_part;

/* Loads the parts (a sum of rnl_part) that the configuration names; a part that it does not name is
 * empty, and RNL_TRAIN without `data.train` is RNL_BAD_CONFIG.  The values stay in memory in the
 * type that they have on disk, as float, or as double where they are scaled and float does not hold
 * them.  RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_load(rnl_data **data, const rnl_config *config, unsigned parts);

/* Rows in the caller's own arrays.  They stay the caller's, are not copied, and neither change nor
 * go before the rnl_data made of them is freed.  Zero-initialized, it means no rows.  Inputs that
 * are NaN or infinite are refused. */
typedef struct rnl_rows {
    size_t rows;
    size_t rank;            /* of one row: 1 for features, 2 for height x width; at most 8 */
    const size_t *shape;    /* (rank) of one row */
    const float *floats;    /* (rows, shape ...) inputs, row-major: either floats */
    const uint8_t *bytes;   /* or bytes */
    const int32_t *classes; /* (rows) class numbers from 0, or NULL */
    const float *values;    /* (rows, value_columns) target values, or NULL */
    size_t value_columns;
    const float *sample_weights; /* (rows) factors of the rows' losses, from 0; NULL for 1 */
} rnl_rows;

/* Data of the caller's own rows; NULL for a part that there is not.  For prediction alone, targets
 * may be NULL.  RNL_BAD_DATA, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_create(rnl_data **data, const rnl_rows *train,
                                   const rnl_rows *validation, const rnl_rows *test);

RNL_API void rnl_data_free(rnl_data *data);

/* The number of rows of one part; 0 if it is empty. */
RNL_API size_t rnl_data_rows(const rnl_data *data, rnl_part part);

/* ---- model --------------------------------------------------------------------------------- */

typedef struct rnl_model rnl_model;

/* A model of the configuration's layers, for rows of the data's shape, with initial weights drawn
 * from the configuration's seed and the scaling of inputs and targets measured on the training rows
 * (the data may lack them: then the scaling is left open, and the model serves rnl_model_summary
 * alone). */
RNL_API rnl_status rnl_model_create(rnl_model **model, const rnl_config *config,
                                    const rnl_data *data);

/* Reads a model file; its digest is verified.  The configuration in it, with the overrides applied,
 * is the model's.  RNL_BAD_DATA if the file is not a whole Runnel model. */
RNL_API rnl_status rnl_model_load(rnl_model **model, const char *path, const char *const *overrides,
                                  size_t override_count);
/* Reads a checkpoint to go on from with rnl_train, under a configuration that may differ from the
 * checkpoint's in its name, training.epochs, training.checkpoint_every, training.inspect and
 * training.tensorboard alone; any other difference is RNL_BAD_CONFIG, and the message shows it. */
RNL_API rnl_status rnl_model_resume(rnl_model **model, const char *path, const rnl_config *config);
RNL_API void rnl_model_free(rnl_model *model);

/* Writes a safetensors file: kernels as (fan_in, units), biases as (units), little-endian float32;
 * in the metadata the configuration, the versions and a digest.  The file appears whole or not at
 * all, and an old one stays until then.  A link is followed, the permissions of an old file are
 * kept, and what is no regular file (a pipe, a device, what standard output goes to) is written to
 * as it is.  RNL_IO, RNL_NO_MEMORY.  Where a limit of file sizes may be met (RLIMIT_FSIZE), the
 * caller ignores SIGXFSZ, which else ends the program. */
RNL_API rnl_status rnl_model_save(const rnl_model *model, const char *path);

/* As rnl_data_load with the model's configuration; the columns of tables become numbers as they did
 * when the model was trained: a category that it does not know is RNL_BAD_DATA. */
RNL_API rnl_status rnl_data_load_for(rnl_data **data, const rnl_model *model, unsigned parts);

/* Reads inputs for prediction into the part RNL_TEST.  What the file begins with tells its format,
 * whatever its name, plain or compressed by gzip: .npy, IDX, else a table with the columns that the
 * model was trained on, found by name.  RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_read(rnl_data **data, const rnl_model *model, const char *path);

/* The same with targets, to evaluate on: of a table they are columns, and `targets` is NULL; beside
 * an array they are in a file of the same format.  A table's column of sample weights is followed
 * where it is there. */
RNL_API rnl_status rnl_data_read_labelled(rnl_data **data, const rnl_model *model, const char *path,
                                          const char *targets);

/* The width of the last layer's output. */
RNL_API size_t rnl_model_outputs(const rnl_model *model);

/* The classes that the model tells apart: 2 for a single output trained with binary_crossentropy, 0
 * if it predicts values. */
RNL_API size_t rnl_model_classes(const rnl_model *model);

/* The name of a class, or of an output's class or target column, if the model was trained on a
 * table; else NULL.  Belongs to the model. */
RNL_API const char *rnl_model_class_name(const rnl_model *model, size_t class_number);
RNL_API const char *rnl_model_output_name(const rnl_model *model, size_t output);

/* Belongs to the model. */
RNL_API const rnl_config *rnl_model_config(const rnl_model *model);

/* A model for inference without batch normalization where it can be folded into the weights of a
 * dense layer: backward into the one before it, if that has no activation, else forward into the
 * one behind it.  Layers that act in training alone are left out.  The report, one line for each
 * such layer, says what became of it, and is freed with rnl_text_free. */
RNL_API rnl_status rnl_model_fold(const rnl_model *model, rnl_model **folded, char **report);

/* A table of the layers: name, kind, output shape and parameters; below it the totals, trainable
 * and not, the floating-point operations of a row, and the bytes of parameters, of activations and
 * of the optimizer's state. */
RNL_API rnl_status rnl_model_summary(const rnl_model *model, char **text);

/* ---- training and evaluation --------------------------------------------------------------- */

typedef enum rnl_pin {
    RNL_PIN_AUTO, /* bind each worker to a core of its own that no other run has claimed, unless
                     there are too few */
    RNL_PIN_ON,   /* always bind, to claimed cores if others do not suffice; more workers than cores
                     share them evenly, neighbours on one core */
    RNL_PIN_OFF   /* never bind */
} rnl_pin;

/* A named number of an epoch: "loss", "accuracy", "val_loss", ..., "learning_rate",
 * "samples_per_second": the rows of the figures by the seconds of their training steps alone,
 * without validation, inspection and saves. */
typedef struct rnl_figure {
    const char *name;
    double value;
} rnl_figure;

/* Not 0 where a larger value of the figure is a better one, as of "accuracy" and "val_accuracy". */
RNL_API int rnl_figure_rises(const char *name);

#define RNL_FIGURE_NAME 64 /* bytes that hold the name of a figure */

/* The name that runs give a figure which may be called otherwise: "val_accuracy" for "val_acc". Any
 * other name stays as it is, as far as it fits. */
RNL_API void rnl_figure_name(const char *name, char text[RNL_FIGURE_NAME]);

/* Where training stands.  Valid during the callback only. */
typedef struct rnl_progress {
    size_t epoch, epochs;   /* from 1 */
    size_t rows_done, rows; /* of this epoch */
    uint64_t step;          /* optimizer steps since the start of training */
    double seconds; /* since this epoch began, or went on; in on_epoch, since its last call: with
                       validation, inspection and saves, all that the caller waits for */
    size_t timed_rows; /* trained on in these seconds */
    size_t figure_count;
    const rnl_figure *figures; /* means over the rows since on_epoch was last called; the same names
                                  in the same order in every call of one kind */
} rnl_progress;

/* A layer from inside.  NaN stands for what a layer does not have. */
typedef struct rnl_layer_inspection {
    const char *layer;      /* its name: "dense_2" */
    double mean, deviation; /* of its outputs, standard deviation; of logits where the loss computes
                               the activation */
    double saturated;       /* share of outputs of an S-shaped activation (sigmoid, tanh, ...) where
                               |f'| is under 2 % of its maximum */
    double dead;            /* share of units of relu that are 0 for every row */
    double gradient_norm;   /* of the loss, with penalties, with respect to the kernel */
    double update_norm;     /* what the step would add to the kernel */
    double weight_norm;     /* of the kernel */
} rnl_layer_inspection;

/* The model from inside, between two epochs: the outputs over all training rows in inference mode,
 * and gradients and updates of the step that would come next.  Before the first step, the outputs
 * are those in training mode, mini-batch by mini-batch.  Valid during the callback only. */
typedef struct rnl_inspection {
    size_t epoch; /* whole epochs done: 0 before the first step */
    size_t rows;  /* that the outputs were measured over */
    size_t layer_count;
    const rnl_layer_inspection *layers; /* those that compute an output, from inputs to outputs */
} rnl_inspection;

typedef enum rnl_log_level { RNL_LOG_DEBUG, RNL_LOG_INFO, RNL_LOG_WARNING } rnl_log_level;

/* What a run is given beside its configuration.  Zero-initialized, it means all defaults.  The
 * callbacks run on a worker, between two steps, and must not start another run; a return value
 * other than 0 ends training after the step with RNL_STOPPED.  None of the options changes the
 * trained weights.
 */
typedef struct rnl_options {
    /* Workers, obeyed exactly; 0: one for each physical core that may be used, but no more than the
     * products of the network can keep busy. */
    size_t threads;
    rnl_pin pin;
    /* Where rnl_train saves a checkpoint: after an epoch, but no oftener than once a second, or as
     * often as the configuration's training.checkpoint_every says, and always after the last epoch
     * and when it is stopped; the one before is kept as "PATH.previous", unless it is damaged.
     * At any moment one of the two is whole, from the first one on.  NULL: nowhere. */
    const char *checkpoint;
    /* Where rnl_train saves the model if the configuration has early stopping: each time that the
     * figure which it looks at is the best so far, but no oftener than once a second until the
     * next checkpoint or the end, and with the weights of the last step when training has ended.  A file that cannot be written is a warning.  NULL: nowhere. */
    const char *best, *last;
    /* Once, before the first step, when all that can be refused has been: configuration, data,
     * threads, memory. */
    int (*on_begin)(void *user);
    int (*on_step)(const rnl_progress *progress, void *user); /* after every step; keep it short */
    /* After every validation (without rows for it, too): of every epoch, or as the configuration's
     * training.validate_every says; then the first figure is "step", and the last call is after the
     * last step. */
    int (*on_epoch)(const rnl_progress *progress, void *user);
    /* If the configuration's training.inspect is true: before the first step, and after every
     * epoch, before the validation that belongs to it. */
    int (*on_inspect)(const rnl_inspection *inspection, void *user);
    void (*on_log)(rnl_log_level level, const char *text, void *user);
    void *user;
} rnl_options;

/* Trains on the data's training rows, for the configuration's number of epochs, and validates after
 * each, or as training.validate_every says.  The weights are the same bit for bit whatever the
 * options say.  options may be NULL.
 *
 * A model that was loaded from a checkpoint, or whose training was stopped, goes on where it stood,
 * and ends with the same weights as if it had never been interrupted.
 *
 * RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_NO_MEMORY, RNL_THREADS, RNL_PRODUCT, RNL_NOT_FINITE: the model
 * stands where it was last saved in this call, or where it stood before, and can be trained on from
 * there.  RNL_STOPPED: it stands after the last whole step. */
RNL_API rnl_status rnl_train(rnl_model *model, const rnl_data *data, const rnl_options *options);

/* Of a model that stands in the middle of training: the learning rate's schedule begins anew at the
 * next step, over what is left of the configuration's epochs.  Without it, rnl_train refuses to go
 * on with other epochs under a schedule that depends on their number. */
RNL_API void rnl_model_restart_schedule(rnl_model *model);

/* The rates that a range test goes through: from the first to the last, each the one before times a
 * constant.  A number that is 0 takes its default. */
typedef struct rnl_rate_range {
    double first; /* default 1e-5 */
    double last;  /* default 10 */
    size_t steps; /* default 500; at least 2 */
} rnl_rate_range;

typedef struct rnl_rate_point {
    double learning_rate; /* of the step */
    double loss;          /* of its mini-batch, before the step */
    double smoothed;      /* mean of the losses so far, the earlier the lighter: by 1 - 25 / steps
                             from step to step */
} rnl_rate_point;

/* The result of rnl_find_learning_rate.  The array belongs to it. */
typedef struct rnl_rate_search {
    size_t count;                 /* steps made: fewer than asked for where the loss diverged */
    const rnl_rate_point *points; /* (count) */
    size_t lowest;                /* the point with the lowest smoothed loss */
    size_t turn;                  /* the last one that is at most 1.25 times as high */
    int diverged; /* not 0: the smoothed loss came to 4 times its lowest, or was not finite */
    double fall;  /* share by which the smoothed loss fell, at its lowest behind the first 25th of
                     the steps, below the mean loss of those: under 0.02 the net does not learn */
    double learning_rate; /* suggested: a tenth of that of the turn, where the loss begins to climb;
                             NaN if it was lowest at the first step, if the net does not learn, or
                             if all inputs are 0 */
    const char *remark;   /* why no rate is suggested, or that the range ended before the loss began
                             to climb, and what to do; NULL: nothing */
} rnl_rate_search;

/* The range test of the learning rate (Smith 2017, "Cyclical learning rates", section 3.3): trains
 * a copy of the model with a rate that grows from step to step, until the loss diverges.  The model
 * stays as it is; a schedule of the configuration is left aside.  range and options may be NULL;
 * of the options, on_step is called after every step, with steps in place of epochs' rows.  The
 * losses, and so the suggestion, do not depend on the number of workers.
 *
 * RNL_BAD_CONFIG (the range: from above 0 upward), RNL_BAD_DATA, RNL_NO_MEMORY, RNL_THREADS,
 * RNL_PRODUCT, RNL_STOPPED, RNL_NOT_FINITE (the loss before the first step). */
RNL_API rnl_status rnl_find_learning_rate(const rnl_model *model, const rnl_data *data,
                                          const rnl_rate_range *range, const rnl_options *options,
                                          rnl_rate_search **search);
RNL_API void rnl_rate_search_free(rnl_rate_search *search);

/* Asks rnl_train to stop after the step at hand, or after its first one if it has not begun yet.
 * May be called from any thread and from a signal handler. */
RNL_API void rnl_stop(rnl_model *model);

/* The optimizer steps that a model loaded from a checkpoint has behind it; 0 if it does not stand
 * in the middle of training. */
RNL_API uint64_t rnl_model_step(const rnl_model *model);

/* Of them, those that on_epoch has been called for: it will be called for the later ones again. */
RNL_API uint64_t rnl_model_told_step(const rnl_model *model);

/* The whole epochs that such a model has behind it. */
RNL_API uint64_t rnl_model_epoch(const rnl_model *model);

/* The result of rnl_evaluate.  Arrays belong to the evaluation. */
typedef struct rnl_evaluation {
    size_t rows;
    size_t figure_count;       /* "loss", then the configuration's metrics */
    const rnl_figure *figures; /* means over the rows */
    size_t classes;            /* rnl_model_classes of the model */
    const uint64_t *confusion; /* (classes, classes): rows are true classes, columns predicted ones;
                                  rows of the data with NaN among their outputs are not counted */
} rnl_evaluation;

/* Loss, metrics and confusion matrix over one part of the data, in inference mode. */
RNL_API rnl_status rnl_evaluate(const rnl_model *model, const rnl_data *data, rnl_part part,
                                const rnl_options *options, rnl_evaluation **evaluation);
RNL_API void rnl_evaluation_free(rnl_evaluation *evaluation);

/* The result of rnl_predict.  Arrays belong to the prediction. */
typedef struct rnl_prediction {
    size_t rows, outputs;
    const float *values;     /* (rows, outputs): probabilities of a classifier, else values, in the
                                units of the targets */
    const float *deviations; /* (rows, outputs) standard deviations over the passes of
                                rnl_predict_monte_carlo; else NULL */
    const int32_t *classes;  /* (rows) the most probable class; NULL if the model tells none apart.
                                With a single output, class 1 where its probability exceeds 0.5. */
    const double *exact_values; /* (rows, outputs) `values` before they were rounded to float, if
                                   the configuration scales the targets; else NULL */
} rnl_prediction;

/* What the model says of the rows of one part, in their order; targets are not looked at.
 * RNL_BAD_DATA, RNL_NO_MEMORY, RNL_THREADS, RNL_PRODUCT; RNL_NOT_FINITE if an output is NaN, as
 * where large inputs overflow on their way through the layers. */
RNL_API rnl_status rnl_predict(const rnl_model *model, const rnl_data *data, rnl_part part,
                               const rnl_options *options, rnl_prediction **prediction);

/* The mean and the standard deviation (of the population) of as many predictions, in which dropout,
 * alpha dropout, gaussian noise and randomized ReLU draw random numbers as in training (Gal and
 * Ghahramani 2016).  They depend on the configuration's seed, the row and the pass alone. */
RNL_API rnl_status rnl_predict_monte_carlo(const rnl_model *model, const rnl_data *data,
                                           rnl_part part, size_t passes, const rnl_options *options,
                                           rnl_prediction **prediction);
RNL_API void rnl_prediction_free(rnl_prediction *prediction);

/* A drawing of a machine: what of it the process may use and why, which cores other runs have
 * claimed, and on which core each worker of a run with these options would be.  machine NULL: this
 * one; else an hwloc synthetic description ("numa:2 core:32 pu:2"), or the path of an .xml file
 * that hwloc wrote.  With a model, also how many workers would share a step of training, and what
 * each of its phases would take, foreseen by the model of costs that a run without a number of
 * threads chooses by.  model and options may be NULL.  RNL_THREADS, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_topology_describe(const char *machine, const rnl_model *model,
                                         const rnl_options *options, char **text);

#ifdef __cplusplus
}
#endif
#endif
