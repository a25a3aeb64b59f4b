/*
 * Runnel: training of dense neural networks on many-core CPUs.
 *
 * This header is the whole public interface.  A program loads a configuration, loads the data that
 * it names, creates a model, trains it and saves it:
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
 * Errors.  A function that can fail returns an rnl_status.  A status other than RNL_OK leaves the
 * outputs untouched, and rnl_message() describes the failure: it names the file, line, key or value
 * at fault.  The comment of a function lists the statuses that it returns beside RNL_OK.  The
 * library never prints, never exits and installs no signal handler.
 *
 * Ownership.  A handle returned through a pointer to a pointer belongs to the caller, who frees it
 * with the matching _free function, which accepts NULL.  Text returned through a char ** is freed
 * with rnl_text_free.  A handle keeps what it needs of the handles that it was made from, so
 * handles may be freed in any order.
 *
 * Threads.  Different handles may be used by different threads at the same time; one handle by one
 * thread at a time, except a predictor, which many threads may use at once.  rnl_train,
 * rnl_find_learning_rate, rnl_evaluate and rnl_predict start worker threads, which end before the
 * call returns; the calling thread waits for them.  Signals are blocked in the workers, so the
 * program's own threads handle them.  Callbacks run on a worker, but in the calling thread's
 * floating-point mode and, except for on_step, with its signal mask: a process that a callback
 * starts can be interrupted, and a signal handler may run during a callback.
 *
 * Floating point.  The calling thread's rounding, traps and treatment of denormals change no
 * result: a call sets its own, and puts the caller's back before it returns and while a callback
 * runs.
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
    RNL_BAD_DATA,   /* a data or model file is missing or damaged, or does not fit the model */
    RNL_NO_MEMORY,  /* an allocation failed; the message gives its size */
    RNL_IO,         /* reading or writing a file failed; the message gives path and reason */
    RNL_THREADS,    /* the requested workers could not be started */
    RNL_PRODUCT,    /* the matrix product library failed */
    RNL_NOT_FINITE, /* NaN or infinity appeared in training; the message gives the step and the
                       place */
    RNL_STOPPED,    /* rnl_stop was called, or a callback returned a value other than 0 */
    RNL_JOB         /* another rank of a job failed or is silent, or the job cannot be joined */
} rnl_status;

/* Returns the message of the calling thread's last failure, "" if there was none.  The text is
 * valid until the thread's next call into the library. */
RNL_API const char *rnl_message(void);

/* Returns the number of edits that make one word of the other, to find the name that was meant:
 * letters inserted, deleted, replaced, and neighbours swapped, whatever their case.  Words of more
 * than 63 bytes are 63 edits apart. */
RNL_API size_t rnl_edit_distance(const char *a, const char *b);

/* Returns the version: "0.1.0". */
RNL_API const char *rnl_version(void);

RNL_API void rnl_text_free(char *text);

/* ---- configuration ------------------------------------------------------------------------- */

typedef struct rnl_config rnl_config;

/* Reads a YAML file and checks it against the schema.  Overrides are applied in order, before the
 * check.  Each is "key.path=value", where the value is YAML and a list element is named by its
 * index from 0: "model.1.dense.units=100".  RNL_BAD_CONFIG, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_config_load(rnl_config **config, const char *path,
                                   const char *const *overrides, size_t override_count);
/* Parses a configuration from text in memory; messages call it `name`.  RNL_BAD_CONFIG,
 * RNL_NO_MEMORY. */
RNL_API rnl_status rnl_config_parse(rnl_config **config, const char *name, const char *text,
                                    const char *const *overrides, size_t override_count);
RNL_API void rnl_config_free(rnl_config *config);

/* Returns the run's name: the key `name`, else the file's name without its extension.  The text
 * belongs to the configuration. */
RNL_API const char *rnl_config_name(const rnl_config *config);

/* Returns the optimizer's name, such as "adam".  The text belongs to the configuration. */
RNL_API const char *rnl_config_optimizer(const rnl_config *config);

/* Returns nonzero if the configuration reads any of its data from the file at `path`, also through
 * a link or another path.  A program that writes files can ask before it replaces one. */
RNL_API int rnl_config_reads(const rnl_config *config, const char *path);

/* Returns nonzero if the configuration asks for TensorBoard event files.  The library writes none;
 * the caller does. */
RNL_API int rnl_config_tensorboard(const rnl_config *config);

/* Returns after how many steps each the parameters are to be traced; 0: never.  The library writes
 * no trace; the caller does, in on_begin and on_step. */
RNL_API uint64_t rnl_config_traces(const rnl_config *config);

/* Returns nonzero if training inspects the layers, and so calls the caller's on_inspect. */
RNL_API int rnl_config_inspects(const rnl_config *config);

/* Returns how many data.folds there are, or 0. */
RNL_API size_t rnl_config_folds(const rnl_config *config);
/* Returns nonzero if data.folds are stratified by class. */
RNL_API int rnl_config_stratifies(const rnl_config *config);

/* Prints the whole configuration as YAML, with all defaults filled in; it can be loaded again.
 * RNL_NO_MEMORY. */
RNL_API rnl_status rnl_config_print(const rnl_config *config, char **text);
/* Prints the same with one value to a line, followed by a comment that says where the value is
 * from: the file (or text in memory), the command line (an override), a preset or a default.
 * RNL_NO_MEMORY. */
RNL_API rnl_status rnl_config_print_origins(const rnl_config *config, char **text);

/* Prints the reference of the configuration, which is generated from the tables that check it.
 * `topic` is NULL for the overview, or a section ("data", "early_stopping"), a kind ("dense",
 * "elu", "sgd"), a key, or a path to one of them ("model.0.dense.units").  RNL_BAD_CONFIG if the
 * topic is unknown: the message suggests the nearest one.  RNL_NO_MEMORY. */
RNL_API rnl_status rnl_config_help(const char *topic, char **text);

/* Tells if a name is a key of the configuration or of a kind, alone or as a path
 * ("training.epochs"). */
RNL_API int rnl_config_has_key(const char *name);

/* Computes y of `count` numbers z, on workers and many threads at once, in the library's
 * floating-point mode: rounding to nearest, denormals as zero. */
typedef void rnl_activation_function(const float *z, float *y, size_t count, void *user);

/* Registers a function of the program and its slope for `activation: {callback: NAME}`, before a
 * configuration or a model that names it is loaded; for good, and for all threads.  The result of a
 * number must not depend on the others, nor on the call.  RNL_BAD_CONFIG if the name stands for
 * another function, or there are 64. */
RNL_API rnl_status rnl_activation_register(const char *name, rnl_activation_function *function,
                                           rnl_activation_function *slope, void *user);

/* Computes y = f(z) of an activation and its slope at `count` numbers, as training does in float32.
 * `activation` is what a configuration says behind `activation:`, as "elu", "leaky_relu: 0.2" or
 * "max(0.1*z, z)".  RNL_BAD_CONFIG, also for softmax, prelu and rrelu, which are no functions of
 * one number; RNL_NO_MEMORY. */
RNL_API rnl_status rnl_activation_values(const char *activation, const float *z, float *y,
                                         float *slope, size_t count);

/* ---- data ---------------------------------------------------------------------------------- */

typedef struct rnl_data rnl_data;

typedef enum rnl_part { RNL_TRAIN = 1, RNL_VALIDATION = 2, RNL_TEST = 4 } rnl_part;

/* Loads the parts that the configuration names; `parts` is a sum of rnl_part.  A part that it does
 * not name is empty, except that RNL_TRAIN without `data.train` is RNL_BAD_CONFIG.  Values stay in
 * memory in the type of the file, or as float; as double where they are scaled and float cannot
 * hold them exactly.  RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_load(rnl_data **data, const rnl_config *config, unsigned parts);

/* The type of numbers in memory, in the machine's byte order. */
typedef enum rnl_type {
    RNL_TYPE_BOOL = 1, /* a byte, of which all but 0 are 1 */
    RNL_TYPE_UINT8,
    RNL_TYPE_UINT16,
    RNL_TYPE_UINT32,
    RNL_TYPE_UINT64,
    RNL_TYPE_INT8,
    RNL_TYPE_INT16,
    RNL_TYPE_INT32,
    RNL_TYPE_INT64,
    RNL_TYPE_FLOAT16,
    RNL_TYPE_FLOAT32,
    RNL_TYPE_FLOAT64
} rnl_type;

/* Where the numbers of a caller's array lie, of any type and in any order. */
typedef struct rnl_strided {
    const void *first; /* the number whose indices are 0; it need not be aligned */
    rnl_type type;
    const ptrdiff_t *strides; /* (dimensions) bytes from a number to the next along each dimension,
                                 also 0 and less; NULL: row-major, without gaps */
} rnl_strided;

/* What is done with missing values: cells that are empty or null. */
typedef enum rnl_missing_rule {
    RNL_MISSING_ERROR, /* they are refused */
    RNL_MISSING_DROP,  /* their rows are left out; in prediction they are refused */
    RNL_MISSING_FILL   /* they become the mean, or the most frequent category, of training rows */
} rnl_missing_rule;

struct ArrowArrayStream; /* https://arrow.apache.org/docs/format/CStreamInterface.html */

/* Rows in arrays of the caller.  They remain the caller's, and must stay unchanged until the
 * rnl_data made from them is freed: row-major arrays of float, double and uint8_t are not copied.
 * A zero-initialized rnl_rows has no rows.  NaN, infinity and what float cannot hold are refused
 * among the inputs. */
typedef struct rnl_rows {
    size_t rows;
    size_t rank;                 /* dimensions of one row: 1 for features, 2 for height x width; at
                                    most 8 */
    const size_t *shape;         /* (rank) size of each dimension of a row */
    const float *floats;         /* (rows, shape ...) inputs, row-major */
    const uint8_t *bytes;        /* the same as bytes, */
    const double *doubles;       /* or as doubles: exactly one of these and of `inputs` is given */
    const int32_t *classes;      /* (rows) class numbers from 0, or NULL */
    const float *values;         /* (rows, value_columns) target values, or NULL */
    const double *double_values; /* the same as doubles */
    size_t value_columns;
    const float *sample_weights; /* (rows) factors of the rows' losses, at least 0; NULL: all 1 */

    /* Arrays of any type and order, each in place of one above.  What is not as above is converted,
     * by several threads where it is large, into memory of the library: bool becomes bytes; whole
     * numbers of 8 and 16 bits, and float16, floats; all else floats if they hold every number, or
     * else doubles. */
    const rnl_strided *inputs;        /* (rows, shape ...) */
    const rnl_strided *class_numbers; /* (rows) whole numbers */
    const rnl_strided *target_values; /* (rows, value_columns) */
    const rnl_strided *weights;       /* (rows) */

    /* Columns by name as inputs, in place of arrays; `rank` and `shape` are not looked at, and
     * `rows` is their number, or 0: as many as come, without targets.  The stream is read to its
     * end and released, also if it is refused; what it gave is converted by several threads, and
     * released, too, before the call returns.  Numbers and truth values are an input each; texts
     * and dictionaries become a 0 or 1 for each category, as in a table that is loaded, by the
     * same rules.  A stream must not change what it gave, and its buffers are as long as its
     * types say, which the library cannot check. */
    struct ArrowArrayStream *frame;
    rnl_missing_rule missing; /* nulls and empty texts in the frame */
    int all_categories;       /* nonzero: values of a dictionary that no row has are categories */
    /* Nonzero: texts and dictionaries of the first rows are taken as `categorical: auto` takes a
     * table's: two categories are one input of -1 and 1, a missing one is 0, and more than the
     * configuration's data.one_hot_max, 9 without one, are refused. */
    int auto_categories;
} rnl_rows;

/* Creates data from rows of the caller.  NULL stands for a part without rows.  Targets may be NULL
 * where the data are used for prediction alone.  RNL_BAD_DATA, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_create(rnl_data **data, const rnl_rows *train,
                                   const rnl_rows *validation, const rnl_rows *test);

/* Creates data as rnl_data_create does, and makes of them what the configuration's `data` says of
 * rows that it loads: classes, validation_split, folds, limit, limit_per_class, targets, resize,
 * and of categories: unseen, rare, one_hot_max. Under a loss of numbers, as mean_squared_error,
 * class numbers become target values. What it leaves out, and what it changes, is copied.  For a
 * model's own configuration see rnl_model_config. RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_create_for(rnl_data **data, const rnl_config *config,
                                       const rnl_rows *train, const rnl_rows *validation,
                                       const rnl_rows *test);

RNL_API void rnl_data_free(rnl_data *data);

/* Returns the number of rows of a part; 0 if it is empty. */
RNL_API size_t rnl_data_rows(const rnl_data *data, rnl_part part);

/* ---- model --------------------------------------------------------------------------------- */

typedef struct rnl_model rnl_model;

/* Creates a model with the configuration's layers for rows of the data's shape.  Initial weights
 * are drawn from the configuration's seed; the scaling of inputs and targets is measured on the
 * training rows.  Without training rows the scaling is left open, and the model serves only
 * rnl_model_summary.  RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_create(rnl_model **model, const rnl_config *config,
                                    const rnl_data *data);

/* Reads a model file and verifies its digest.  The model gets the configuration stored in the file,
 * with the overrides applied.  RNL_BAD_CONFIG, RNL_BAD_DATA if the file is not a complete Runnel
 * model, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_load(rnl_model **model, const char *path, const char *const *overrides,
                                  size_t override_count);
/* Reads a checkpoint, from which rnl_train then continues.  `config` may differ from the
 * checkpoint's configuration only in its name, training.epochs, training.checkpoint_every,
 * training.max_seconds, training.inspect, training.trace and training.tensorboard; any other
 * difference is
 * RNL_BAD_CONFIG, and the message shows it.  RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_resume(rnl_model **model, const char *path, const rnl_config *config);
/* Compares the training and validation rows of the data with those that a checkpoint was made with,
 * from which the model was loaded.  RNL_BAD_DATA if they differ; RNL_OK, too, if the model is no
 * checkpoint, which alone knows its rows.  RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_compare_rows(const rnl_model *model, const rnl_data *data);
RNL_API void rnl_model_free(rnl_model *model);

/* Options of rnl_model_start_from, to be added. */
#define RNL_SKIP_MISMATCH  1u /* a layer whose parameters have other shapes starts fresh */
#define RNL_KEEP_OPTIMIZER 2u /* the optimizer's state goes on, if `earlier` is a checkpoint */

/* Lets a fresh model start from an earlier one: a layer takes over the parameters of the layer of
 * its name.  Layers that only the model has start fresh.  Inputs and targets are scaled by the
 * earlier model's numbers where both are scaled by the same kind.  `report`, if not NULL, says in
 * lines what was taken, skipped and fresh, and is freed with rnl_text_free.  RNL_BAD_DATA if no
 * layer can start so, or one has other shapes: the message gives both; nothing is changed then.
 * RNL_BAD_CONFIG if the model is in the middle of training, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_start_from(rnl_model *model, const rnl_model *earlier, unsigned how,
                                        char **report);

/* Lets a fresh model start from a safetensors file of another program: kernels (fan_in, units) and
 * biases (units) of float32 or float64, named as the model's parameters ("dense_1.kernel"), or as
 * its training.init_names says.  Layers of which the file has no tensor start fresh; tensors that
 * no parameter asks for are left.  RNL_SKIP_MISMATCH and `report` as above.  RNL_BAD_DATA if no
 * layer can start so, a tensor has another shape, or a layer's is missing; RNL_BAD_CONFIG for names
 * that do not exist, or if the model is in the middle of training; nothing is changed then. */
RNL_API rnl_status rnl_model_start_from_tensors(rnl_model *model, const char *path, unsigned how,
                                                char **report);
/* Tells such a file from a model's.  RNL_BAD_DATA if it is no safetensors file; RNL_IO,
 * RNL_NO_MEMORY. */
RNL_API rnl_status rnl_file_is_plain(const char *path, int *plain);

/* Writes a safetensors file of little-endian float32: kernels (fan_in, units), biases (units); the
 * metadata hold the configuration, the versions and a digest.  The file appears whole or not at
 * all, and an old file stays until then.  Links are followed, and the permissions of an old file
 * are kept.  A target that is not a regular file, such as a pipe or a device, is written to
 * directly. Where a limit of file sizes (RLIMIT_FSIZE) may be reached, the caller ignores SIGXFSZ,
 * which would otherwise end the program.  RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_save(const rnl_model *model, const char *path);

/* Writes the same bytes into memory, freed with rnl_memory_free.  RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_save_memory(const rnl_model *model, void **bytes, size_t *count);
RNL_API void rnl_memory_free(void *bytes);

/* Reads a model from the bytes of a model file, which may be freed afterwards; messages call them
 * `name`.  Otherwise as rnl_model_load.  RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_load_memory(rnl_model **model, const char *name, const void *bytes,
                                         size_t count, const char *const *overrides,
                                         size_t override_count);

/* Loads parts as rnl_data_load does, with the model's configuration.  Columns of a table are
 * encoded as they were for the model's training; a category that the model does not know is
 * RNL_BAD_DATA. RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_load_for(rnl_data **data, const rnl_model *model, unsigned parts);

/* Loads parts as rnl_data_load does.  Columns of names have the categories and the order that they
 * had for the earlier model, if all of the training rows' categories are among them; what does not
 * fit is measured anew.  For models that start from the earlier one.  RNL_BAD_CONFIG, RNL_BAD_DATA,
 * RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_load_after(rnl_data **data, const rnl_config *config,
                                       const rnl_model *earlier, unsigned parts);

/* Creates data as rnl_data_create_for does, for rows that are to be predicted or trained on after
 * an earlier model: columns of a frame are found by their names and encoded as they were for it; a
 * category that it does not know is RNL_BAD_DATA.  `config` NULL: the earlier model's.
 * RNL_BAD_CONFIG, RNL_BAD_DATA, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_create_after(rnl_data **data, const rnl_config *config,
                                         const rnl_model *earlier, const rnl_rows *train,
                                         const rnl_rows *validation, const rnl_rows *test);

/* Reads inputs for prediction into the part RNL_TEST.  The format is detected from the file's first
 * bytes, not from its name: .npy, IDX, or else a table, whose columns are found by the names of the
 * training data's columns; each may be compressed by gzip.  RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_read(rnl_data **data, const rnl_model *model, const char *path);

/* Reads inputs and targets for evaluation into the part RNL_TEST.  A table holds its targets in
 * columns, and `targets` is NULL; for an array, `targets` is the path of a file of the same format.
 * If the model was trained with a column of sample weights, a table's column of that name is used
 * where it exists.  RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_data_read_labelled(rnl_data **data, const rnl_model *model, const char *path,
                                          const char *targets);

/* Returns the number of outputs of the last layer. */
RNL_API size_t rnl_model_outputs(const rnl_model *model);

/* Returns the number of classes: 2 for a single output trained with binary_crossentropy, 0 if the
 * model predicts values. */
RNL_API size_t rnl_model_classes(const rnl_model *model);

/* Return the name of a class, and the name of an output's class or target column, if the model was
 * trained on a table; else NULL.  The text belongs to the model. */
RNL_API const char *rnl_model_class_name(const rnl_model *model, size_t class_number);
RNL_API const char *rnl_model_output_name(const rnl_model *model, size_t output);

/* Returns the quantile of the target that an output is under loss quantile, else NaN. */
RNL_API double rnl_model_output_quantile(const rnl_model *model, size_t output);

/* Returns the model's configuration, which belongs to the model: do not free it. */
RNL_API const rnl_config *rnl_model_config(const rnl_model *model);

#define RNL_PARAMETER_NAME 112 /* bytes that hold a parameter's name, its final 0 included */

/* A tensor of parameters. */
typedef struct rnl_parameter_description {
    char name[RNL_PARAMETER_NAME]; /* of layer and parameter: "dense_1.kernel" */
    size_t rank;
    size_t shape[2]; /* kernels: (fan_in, units); the second is 1 where the rank is 1 */
    size_t count;    /* of its numbers */
    int fixed;       /* nonzero if gradients do not change it: moving statistics */
} rnl_parameter_description;

/* Returns the number of a model's parameter tensors. */
RNL_API size_t rnl_model_parameter_count(const rnl_model *model);

/* Describes one of them, from 0, in the order of the layers.  RNL_BAD_CONFIG if there is none of
 * that number. */
RNL_API rnl_status rnl_model_describe_parameter(const rnl_model *model, size_t number,
                                                rnl_parameter_description *description);

/* Read and set all `count` numbers of a parameter, row-major, by its name.  The optimizer's state
 * stays as it is.
 *
 * While the model trains, its callbacks on_begin, on_step and on_epoch may call these functions;
 * the next step goes on from what was set.  The first call of a callback copies all parameters and
 * the optimizer's state out of the step, and after a change they are copied back, so a callback
 * that is not interested in a step should not ask.  In its other callbacks they are RNL_BAD_CONFIG.
 *
 * RNL_BAD_CONFIG if the model has no parameter of that name: the message names the nearest.
 * RNL_BAD_DATA if the count is another, or a number to be set is not finite.  RNL_NOT_FINITE if
 * training has gone wrong. */
RNL_API rnl_status rnl_model_get_parameter(const rnl_model *model, const char *name, float *values,
                                           size_t count);
RNL_API rnl_status rnl_model_set_parameter(rnl_model *model, const char *name, const float *values,
                                           size_t count);

/* Sets every parameter of `to` to that of the same name in `from`, which may have others beside.
 * Either may be in training, as above.  Nothing is set if one is missing (RNL_BAD_CONFIG) or has
 * another shape (RNL_BAD_DATA). */
RNL_API rnl_status rnl_model_copy_parameters(rnl_model *to, const rnl_model *from);

/* Creates a model for inference in which batch normalization and scale layers are folded into the
 * weights of a dense layer where possible: of the preceding one if that has no activation, else of
 * the following one.
 * Layers that act only in training are left out, and so are training.phases and penalties on
 * weights that change.  `report` has a line for each such layer and penalty and for the phases, and
 * is freed with rnl_text_free.  RNL_BAD_CONFIG, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_fold(const rnl_model *model, rnl_model **folded, char **report);

/* Prints a table of the layers: name, kind, output shape and number of parameters; below it the
 * totals, trainable and not, the share of weights that are 0, the floating-point operations for one
 * row, and the bytes of parameters, activations and optimizer state.  RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_summary(const rnl_model *model, char **text);

/* What became of a tensor from the first file to the second. */
typedef enum rnl_tensor_state {
    RNL_TENSOR_EQUAL, /* bit for bit */
    RNL_TENSOR_DIFFERS,
    RNL_TENSOR_RESHAPED, /* the shapes differ: no element is compared */
    RNL_TENSOR_ONLY_IN_FIRST,
    RNL_TENSOR_ONLY_IN_SECOND
} rnl_tensor_state;

#define RNL_TENSOR_RANK 4 /* dimensions of a tensor at most */

typedef struct rnl_tensor_difference {
    const char *name; /* "dense_1.kernel" */
    rnl_tensor_state state;
    size_t first_rank, second_rank; /* 0 in a file that lacks the tensor */
    size_t first_shape[RNL_TENSOR_RANK], second_shape[RNL_TENSOR_RANK];
    size_t elements;  /* compared */
    size_t differing; /* of them: other bits, so 0 and -0 differ, too, by 0 */
    double largest;   /* absolute difference of two elements; NaN if one of them is */
} rnl_tensor_difference;

/* The result of rnl_model_diff, with the array in it. */
typedef struct rnl_diff {
    size_t count;                         /* tensors of either file */
    const rnl_tensor_difference *tensors; /* (count) in the order of the first file, then those
                                             that only the second has */
    size_t equal;                         /* tensors that are */
} rnl_diff;

/* Compares the tensors of two model files or checkpoints by their names: parameters, the
 * optimizer's state, the scaling.  Any safetensors file of float32 and float64 will do.  The result
 * is freed with rnl_diff_free.  RNL_BAD_DATA, RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_model_diff(const char *first, const char *second, rnl_diff **diff);
RNL_API void rnl_diff_free(rnl_diff *diff);

/* ---- training and evaluation --------------------------------------------------------------- */

typedef enum rnl_pin {
    RNL_PIN_AUTO, /* bind each worker to a core that no other run has claimed, unless there are
                     too few */
    RNL_PIN_ON,   /* always bind, if necessary to claimed cores; if there are more workers than
                     cores, neighbours share a core */
    RNL_PIN_OFF   /* never bind */
} rnl_pin;

/* What multiplies matrices.  The trained bits are the same. */
typedef enum rnl_products {
    RNL_PRODUCTS_AUTO,  /* the faster of the two, wherever they were measured: own */
    RNL_PRODUCTS_OWN,   /* Runnel's own kernels */
    RNL_PRODUCTS_ONEDNN /* oneDNN, on a processor with AVX-512 and in float32, if the library was
                           built with it; else RNL_BAD_CONFIG; RNL_PRODUCT if it cannot be loaded */
} rnl_products;

/* Returns name and version of the library behind RNL_PRODUCTS_ONEDNN, as "oneDNN 2.6.3", which it
 * loads; NULL if the library was built without it, or it cannot be loaded, as rnl_message() says.
 */
RNL_API const char *rnl_products_library(void);

/* A named number of an epoch: "loss", "accuracy", "val_loss", ..., "learning_rate" and "momentum"
 * of its last step (beta_1 of the adam family; NaN if the optimizer has none), or
 * "samples_per_second", which counts the seconds of the training steps alone, without validation,
 * inspection and saving. */
typedef struct rnl_figure {
    const char *name;
    double value;
} rnl_figure;

/* Returns nonzero if a larger value of the figure is better, as for "accuracy" and
 * "val_accuracy". */
RNL_API int rnl_figure_rises(const char *name);

#define RNL_FIGURE_NAME 64 /* bytes that hold a figure's name, its final 0 included */

/* Copies to `text` the name under which runs report the figure, where it has another name as well:
 * "val_accuracy" for "val_acc".  Any other name is copied as it is, cut where it does not fit. */
RNL_API void rnl_figure_name(const char *name, char text[RNL_FIGURE_NAME]);

/* Where training stands.  Valid only during the callback. */
typedef struct rnl_progress {
    size_t epoch, epochs;   /* from 1 */
    size_t rows_done, rows; /* rows trained on, and all rows, of this epoch */
    uint64_t step;          /* optimizer steps since the start of training */
    double seconds;    /* since the epoch began, or was resumed; in on_epoch, since its last call:
                          with validation, inspection and saves, all that the caller waits for */
    size_t timed_rows; /* rows trained on in these seconds */
    size_t figure_count;
    const rnl_figure *figures; /* over the rows since the last call of on_epoch; the same names in
                                  the same order in every call of one callback; on_step has none
                                  of metric auc, which sorts all rows */
} rnl_progress;

/* Statistics of one layer.  A number that a layer does not have is NaN. */
typedef struct rnl_layer_inspection {
    const char *layer;      /* the layer's name: "dense_2" */
    double mean, deviation; /* mean and standard deviation of its outputs; of the logits where
                               the loss computes the activation */
    double saturated;       /* share of the outputs of an S-shaped activation (sigmoid, tanh,
                               ...) where |f'| is below 2 % of its maximum */
    double dead;            /* share of the units of relu whose output is 0 for every row */
    double gradient_norm;   /* norm of the gradient of the loss, with penalties, with respect to
                               the kernel */
    double update_norm;     /* norm of what the next step would add to the kernel */
    double weight_norm;     /* norm of the kernel */
    double zero_weights;    /* share of the kernel's weights that are 0 */
    int frozen;             /* nonzero: a kernel that is frozen, without gradient and update */
} rnl_layer_inspection;

/* Statistics of all layers between two epochs.  Outputs are those of all training rows in inference
 * mode; gradients and updates are those of the next step.  Before the first step, outputs are those
 * in training mode, mini-batch by mini-batch.  Valid only during the callback. */
typedef struct rnl_inspection {
    size_t epoch; /* completed epochs: 0 before the first step */
    size_t rows;  /* rows over which the outputs were measured */
    size_t layer_count;
    const rnl_layer_inspection *layers; /* (layer_count) layers that compute an output, from
                                           inputs to outputs */
} rnl_inspection;

typedef enum rnl_log_level { RNL_LOG_DEBUG, RNL_LOG_INFO, RNL_LOG_WARNING } rnl_log_level;

/* A step to come, as a schedule of the program sees it. */
typedef struct rnl_schedule_point {
    uint64_t step, epoch;   /* from 0; of a phase of training, from its beginning */
    uint64_t steps, epochs; /* in all */
    double learning_rate;   /* of the step before; the optimizer's at first */
} rnl_schedule_point;

/* A job: several processes, or ranks, that mpirun or srun has started and that train together:
 *
 *     rnl_job *job = NULL;
 *     status = rnl_job_join(&job, 0);
 *     ...
 *     options.job = job;
 *     status = rnl_train(model, data, &options);
 *     ...
 *     rnl_job_leave(job, status != RNL_OK);
 *
 * Each rank computes the gradients of some of training.shards; the trained weights are those of one
 * process, bit for bit.  All ranks load the same configuration and the same rows, or with
 * rnl_data_load_among each its part of them, and end with the same model.  Each has the optimizer's
 * state for a piece of the weights; a model whose training was stopped has all of it on rank 0
 * alone, from where a training that goes on takes it.  A process has one job at most. */
typedef struct rnl_job rnl_job;

/* Joins the job that this process was started in.  *job is NULL, with RNL_OK, if it was started
 * alone.  A rank that is waited for and gives no sign of life, or does nothing, for `deadline`
 * seconds, 0 for 25, ends the job; so does one that has not begun so long after this one.  The
 * environment says which message library is meant: Open MPI or MPICH; it is loaded then, and only
 * then.  RNL_JOB if it is not there, or does not find the other ranks. */
RNL_API rnl_status rnl_job_join(rnl_job **job, double deadline);

/* Returns how many ranks the launcher has started, 1 where this process was started alone, and sets
 * *rank, if it is not NULL, to the number that this one is to have.  Nothing is joined. */
RNL_API size_t rnl_job_started(size_t *rank);

/* Number of this rank, from 0, and of all; 0 and 1 for NULL. */
RNL_API size_t rnl_job_rank(const rnl_job *job);
RNL_API size_t rnl_job_ranks(const rnl_job *job);

/* Loads parts on all ranks of a job, which call it at the same time: as rnl_data_load does, with a
 * model as rnl_data_load_after does, or with `config` NULL as rnl_data_load_for.  Each rank reads
 * the inputs of .npy, IDX and CSV files, where they are plain and by rows, of those rows alone that
 * it trains or evaluates on, and of a table a section besides; targets and weights are kept whole,
 * and so are generated rows, and all under training.inspect, data.resize, or a limit of rows that
 * are scaled.  Such data serve rnl_model_create, rnl_train, rnl_evaluate of validation and test
 * rows, and rnl_find_learning_rate, on all ranks together.  A failure on one rank is RNL_JOB on the
 * others; RNL_BAD_DATA where a rank has another configuration, or files that differ from rank 0's
 * in size or in one of 64 blocks.  Files that are not read for these parts are not compared; those
 * of the training rows are read where a split or the encoding of columns needs them.  `job` may be
 * NULL. */
RNL_API rnl_status rnl_data_load_among(rnl_data **data, const rnl_config *config,
                                       const rnl_model *model, unsigned parts, rnl_job *job);

/* Brings all ranks together, each with a code and, if it is not 0, a text.  RNL_OK if all codes are
 * 0; else RNL_JOB, with the largest code and the text of the first rank that has it. */
RNL_API rnl_status rnl_job_agree(rnl_job *job, int *code, const char *text);

/* Gives all ranks rank 0's bytes: *bytes and *size are its own there; elsewhere they are set, and
 * *bytes, NULL for none, is freed with free.  RNL_JOB, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_job_spread(rnl_job *job, void **bytes, size_t *size);

/* Letters, for ranks that do not train together, but share other work out: bytes that leave and
 * arrive while both sides compute, and look for letters now and then.  rnl_job_send copies its
 * bytes.  rnl_job_receive takes the next letter that has arrived: *bytes is freed with free, and
 * NULL where there is none yet; letters of one rank come in their order.  RNL_JOB if the job cannot
 * go on: a rank has given no sign of life since this one began to look. */
RNL_API rnl_status rnl_job_send(rnl_job *job, size_t rank, const void *bytes, size_t size);
RNL_API rnl_status rnl_job_receive(rnl_job *job, size_t *rank, void **bytes, size_t *size);

/* Nonzero on the rank that reports what happened to the job: others then say nothing.  Rank 0, but
 * where a rank failed alone, that rank, and where rank 0 is silent, rank 1. */
RNL_API int rnl_job_is_spokesman(const rnl_job *job);

/* Leaves the job and frees it, when all ranks have come so far.  After a failure of another rank
 * all ranks are ended, with this code. */
RNL_API void rnl_job_leave(rnl_job *job, int code);

/* Options of a run, beside its configuration.  A zero-initialized rnl_options means the defaults.
 * Callbacks run on a worker, between two steps, and must not start another run.  If one returns a
 * value other than 0, training ends after the step with RNL_STOPPED.  No option but `schedule`
 * changes the trained weights. */
typedef struct rnl_options {
    /* Exact number of workers.  0: one for each usable physical core, but no more than the
     * network's matrix products can keep busy. */
    size_t threads;
    rnl_pin pin;
    rnl_products products; /* of rnl_train and rnl_find_learning_rate */
    /* Path of the checkpoints of rnl_train; NULL: none are saved.  A checkpoint is saved after an
     * epoch, at most once a second, or as often as training.checkpoint_every says, and always after
     * the last epoch and when training is stopped.  The one before is kept as "PATH.previous",
     * unless it is damaged: from the first checkpoint on, one of the two is whole at any moment. */
    const char *checkpoint;
    /* Paths of the models that rnl_train saves under early stopping; NULL: none.  `best` is saved
     * when the monitored figure is the best so far, but at most once a second until the next
     * checkpoint or the end; `last`, with the weights of the last step, when training has ended.  A
     * file that cannot be written is a warning. */
    const char *best, *last;
    /* Called once, before the first step, after configuration, data, threads and memory have been
     * checked. */
    int (*on_begin)(void *user);
    int (*on_step)(const rnl_progress *progress, void *user); /* called after every step; keep it
                                                                 short */
    /* Called after every validation, also when there are no rows for it: after every epoch, or as
     * often as training.validate_every says.  In that case the first figure is "step", and the last
     * call comes after the last step. */
    int (*on_epoch)(const rnl_progress *progress, void *user);
    /* Called if training.inspect is true: before the first step, and after every epoch, before the
     * validation of that epoch. */
    int (*on_inspect)(const rnl_inspection *inspection, void *user);
    void (*on_log)(rnl_log_level level, const char *text, void *user);
    void *user;
    /* Returns the learning rate of a step, and is asked once for each; NULL: the configuration's
     * schedule, beside which it is refused.  A training that goes on needs the function that it
     * began with.  A result that is negative, above 1e6 or NaN is RNL_NOT_FINITE.  Used by
     * rnl_train alone. */
    double (*schedule)(const rnl_schedule_point *point, void *user);
    /* The job whose ranks train together, all with the same configuration and rows; NULL: this
     * process trains alone.  Used by rnl_train, rnl_find_learning_rate and rnl_evaluate, which all
     * ranks call, and whose result all have.  Callbacks run on every rank that has them; a rank
     * whose callback or rnl_stop asks to stop ends all after the next step.  Parameters cannot be
     * set in callbacks, and `schedule` has to be the same function on all ranks. */
    rnl_job *job;
} rnl_options;

/* Finds, with all ranks, those that may use the same cores as this one: it is number *part of
 * *parts.  The options, NULL for none, say who is told of the launcher's placement.  RNL_JOB,
 * RNL_THREADS, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_job_share_cores(rnl_job *job, const rnl_options *options, size_t *part,
                                       size_t *parts);

/* Trains on the training rows for the configuration's number of epochs, or phase after phase, and
 * validates after each epoch, or as often as training.validate_every says.  The weights are bitwise
 * the same under all options. `options` may be NULL.
 *
 * A model that was loaded from a checkpoint, or whose training was stopped, continues where it
 * stood, and ends with the weights of an uninterrupted training.  After one that has ended, another
 * begins anew from the weights: with no state of the optimizer, and with epoch 1 of the schedule
 * and of the order of rows.  So a call for each epoch is not one of all epochs; on_epoch is for
 * that.
 *
 * training.max_seconds end it within its epoch: the checkpoint of that step goes on from there, and
 * the model is that of a training that has ended.
 *
 * RNL_STOPPED leaves the model after its last completed step.  RNL_BAD_CONFIG, RNL_BAD_DATA,
 * RNL_NO_MEMORY, RNL_THREADS, RNL_PRODUCT and RNL_NOT_FINITE leave it as it was last saved during
 * this call, or as it was before; training can continue from there. */
RNL_API rnl_status rnl_train(rnl_model *model, const rnl_data *data, const rnl_options *options);

/* Restarts the learning-rate schedule at the next step, over the epochs that remain.  Without it,
 * rnl_train refuses to continue with another number of epochs under a schedule that depends on that
 * number. */
RNL_API void rnl_model_restart_schedule(rnl_model *model);

/* Pretraining without labels, as the configuration's `pretraining` says: an autoencoder of its
 * layers without the last dense one and of their mirror image, whose targets are its inputs.  It is
 * trained in stages, one for each layer if mode is stacked, each by rnl_train:
 *
 *     for (size_t k = 1; k <= rnl_pretraining_stages(p) && status == RNL_OK; ++k) {
 *         status = rnl_pretraining_begin(p, k, NULL, &model, &data);
 *         if (status == RNL_OK)
 *             status = rnl_train(model, data, NULL);
 *         if (status == RNL_OK)
 *             status = rnl_pretraining_take(p, k, model);
 *         rnl_model_free(model), model = NULL;
 *     }
 */
typedef struct rnl_pretraining rnl_pretraining;

/* Loads training and validation rows as the configuration says; targets may be missing.
 * RNL_BAD_CONFIG if the layers are not a plain stack with a hidden dense layer; RNL_BAD_DATA,
 * RNL_IO, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_pretraining_create(rnl_pretraining **pretraining, const rnl_config *config);
RNL_API void rnl_pretraining_free(rnl_pretraining *pretraining);
RNL_API size_t rnl_pretraining_stages(const rnl_pretraining *pretraining);

/* Makes the model of a stage, from 1, and the rows that it is trained on: from the second on the
 * codes of the layers before it, for which workers are started.  The model is the caller's, the
 * rows belong to the pretraining until the next stage.  `options` may be NULL.  A checkpoint of the
 * stage is resumed with the model's configuration in place of the model.  RNL_BAD_CONFIG if it is
 * not the stage's turn; as rnl_predict. */
RNL_API rnl_status rnl_pretraining_begin(rnl_pretraining *pretraining, size_t stage,
                                         const rnl_options *options, rnl_model **model,
                                         const rnl_data **data);

/* Takes over the weights that a stage has trained.  RNL_BAD_CONFIG if it is not its turn. */
RNL_API rnl_status rnl_pretraining_take(rnl_pretraining *pretraining, size_t stage,
                                        const rnl_model *trained);

/* Return the autoencoder with what has been trained so far, and the rows as they were loaded.  Its
 * layers have the names that they have in the configuration's model; those of the mirror image are
 * decoder_1, for the inputs, to decoder_N.  Both belong to the pretraining. */
RNL_API const rnl_model *rnl_pretraining_model(const rnl_pretraining *pretraining);
RNL_API const rnl_data *rnl_pretraining_data(const rnl_pretraining *pretraining);

/* The learning rates of a range test: a geometric sequence from `first` to `last`.  0 stands for
 * the default. */
typedef struct rnl_rate_range {
    double first; /* default 1e-5 */
    double last;  /* default 10 */
    size_t steps; /* default 500; at least 2 */
} rnl_rate_range;

typedef struct rnl_rate_point {
    double learning_rate; /* of this step */
    double loss;          /* of the step's mini-batch, before the step */
    double smoothed;      /* weighted mean of the losses so far; a loss loses weight by the
                             factor 1 - 25 / steps from step to step */
} rnl_rate_point;

/* The result of rnl_find_learning_rate, with the array in it. */
typedef struct rnl_rate_search {
    size_t count;                 /* completed steps: fewer than requested if the loss diverged */
    const rnl_rate_point *points; /* (count) */
    size_t lowest;                /* the point with the lowest smoothed loss */
    size_t turn;                  /* the last point whose smoothed loss is at most 1.25 times the
                                     lowest */
    int diverged; /* nonzero: the smoothed loss reached 4 times its lowest value, or was not
                     finite; of loss poisson, which may be negative, both are as far above the
                     lowest as if that were as large as the fall from the first */
    double fall;  /* 1 - (lowest smoothed loss after the first 25th of the steps) / (mean loss of
                     that 25th); below 0.02 the network does not learn */
    double learning_rate; /* suggested: a tenth of the rate at `turn`, where the loss begins to
                             rise; NaN if the loss was lowest at the first step, if the network
                             does not learn, or if all inputs are 0 */
    const char *remark;   /* why no rate is suggested, or that the range ended before the loss
                             began to rise, and what to do about it; NULL: nothing to remark */
} rnl_rate_search;

/* Runs a learning-rate range test (Smith 2017, "Cyclical learning rates", section 3.3): trains a
 * copy of the model with a rate that grows from step to step, until the loss diverges.  The model
 * itself is not changed, and the configuration's schedule is ignored.  `range` and `options` may be
 * NULL. on_step, if given, is called after every step, and counts steps instead of an epoch's rows.
 * The result does not depend on the number of workers.  It is freed with rnl_rate_search_free.
 *
 * RNL_BAD_CONFIG if the range does not rise from above 0, RNL_NOT_FINITE if the loss is not finite
 * before the first step, RNL_BAD_DATA, RNL_NO_MEMORY, RNL_THREADS, RNL_PRODUCT, RNL_STOPPED. */
RNL_API rnl_status rnl_find_learning_rate(const rnl_model *model, const rnl_data *data,
                                          const rnl_rate_range *range, const rnl_options *options,
                                          rnl_rate_search **search);
RNL_API void rnl_rate_search_free(rnl_rate_search *search);

/* Asks rnl_train to stop after the current step, or after its first one if it has not begun.  May
 * be called from any thread and from a signal handler. */
RNL_API void rnl_stop(rnl_model *model);

/* Returns the number of optimizer steps done by a model in the middle of training, such as one
 * loaded from a checkpoint; 0 for other models. */
RNL_API uint64_t rnl_model_step(const rnl_model *model);

/* Returns how many of these steps on_epoch has reported.  When training continues, on_epoch is
 * called for the later ones again. */
RNL_API uint64_t rnl_model_reported_step(const rnl_model *model);

/* Returns the number of epochs that such a model has completed. */
RNL_API uint64_t rnl_model_epoch(const rnl_model *model);

/* The result of rnl_evaluate, with the arrays in it. */
typedef struct rnl_evaluation {
    size_t rows;
    size_t figure_count;       /* "loss", then the configuration's metrics */
    const rnl_figure *figures; /* over the rows */
    size_t classes;            /* as rnl_model_classes; 0 if the model predicts values */
    const uint64_t *confusion; /* (classes, classes): rows are true classes, columns predicted
                                  ones; rows of data with NaN among their
                                  outputs are not counted */
} rnl_evaluation;

/* Computes loss, metrics and confusion matrix over one part of the data, in inference mode.
 * `options` may be NULL.  The result is freed with rnl_evaluation_free.  RNL_BAD_DATA,
 * RNL_NO_MEMORY, RNL_THREADS, RNL_PRODUCT. */
RNL_API rnl_status rnl_evaluate(const rnl_model *model, const rnl_data *data, rnl_part part,
                                const rnl_options *options, rnl_evaluation **evaluation);
RNL_API void rnl_evaluation_free(rnl_evaluation *evaluation);

/* The result of rnl_predict and rnl_predict_monte_carlo, with the arrays in it. */
typedef struct rnl_prediction {
    size_t rows, outputs;
    const float *values;        /* (rows, outputs): probabilities of a classifier, else values in
                                   the units of the targets */
    const float *deviations;    /* (rows, outputs): standard deviations over the passes of
                                   rnl_predict_monte_carlo; else NULL */
    const int32_t *classes;     /* (rows): the most probable class, for a single output class 1
                                   where its probability exceeds 0.5; NULL if the model predicts
                                   values */
    const double *exact_values; /* (rows, outputs): `values` before rounding to float, if the
                                   configuration scales the targets; else NULL */
} rnl_prediction;

/* Predicts the rows of one part, in their order, in inference mode; targets are not used.
 * `options` may be NULL.  The result is freed with rnl_prediction_free.  RNL_NOT_FINITE if an
 * output is NaN, for example because large inputs overflow; RNL_BAD_DATA, RNL_NO_MEMORY,
 * RNL_THREADS, RNL_PRODUCT. */
RNL_API rnl_status rnl_predict(const rnl_model *model, const rnl_data *data, rnl_part part,
                               const rnl_options *options, rnl_prediction **prediction);

/* Computes mean and population standard deviation of `passes` predictions in which dropout, alpha
 * dropout, gaussian noise and randomized ReLU draw random numbers as in training (Gal and
 * Ghahramani 2016).  The numbers depend only on the configuration's seed, the row and the pass.
 * RNL_BAD_CONFIG if there are no passes; otherwise as rnl_predict. */
RNL_API rnl_status rnl_predict_monte_carlo(const rnl_model *model, const rnl_data *data,
                                           rnl_part part, size_t passes, const rnl_options *options,
                                           rnl_prediction **prediction);
RNL_API void rnl_prediction_free(rnl_prediction *prediction);

/* ---- prediction row by row ------------------------------------------------------------------ */

/* A model ready to answer: its weights are packed for the processor's kernels.  It serves programs
 * that predict one row or a few at a time, in their own threads; many at a time, in threads of its
 * own (rnl_predictor_use_threads). */
typedef struct rnl_predictor rnl_predictor;

/* Creates a predictor of a model, which it no longer needs afterwards.  With `fold`, batch
 * normalization is folded into the weights as by rnl_model_fold, which is faster and rounds
 * otherwise.  A callback of a training may create one of the model in training where it may read
 * parameters.  RNL_BAD_CONFIG; RNL_BAD_DATA if the model's scaling was never measured;
 * RNL_NO_MEMORY. */
RNL_API rnl_status rnl_predictor_create(rnl_predictor **predictor, const rnl_model *model,
                                        int fold);
RNL_API void rnl_predictor_free(rnl_predictor *predictor);

/* Lets requests of more than 96 rows be computed on so many threads: the calling one, and workers
 * that the predictor starts now and ends when it is freed.  0 and 1: none, as without this call.
 * The numbers are the same.  One request at a time has the workers; others that come meanwhile are
 * computed by their callers alone.  Waiting workers sleep.  They may run where the thread that
 * calls this may, and a process that is forked has none of them.
 *
 * Called while no request is under way.  RNL_THREADS if the system gives fewer threads,
 * RNL_NO_MEMORY; the predictor is then as it was. */
RNL_API rnl_status rnl_predictor_use_threads(rnl_predictor *predictor, size_t threads);

/* Returns the numbers of a row: the product of its shape; of a table, with a 0 or 1 for each
 * category. */
RNL_API size_t rnl_predictor_features(const rnl_predictor *predictor);

/* Return what rnl_model_outputs and rnl_model_classes do. */
RNL_API size_t rnl_predictor_outputs(const rnl_predictor *predictor);
RNL_API size_t rnl_predictor_classes(const rnl_predictor *predictor);

/* Return the number of columns of the table that the model was trained on, those alone that are
 * inputs, and their names; 0 and NULL if it was trained on none.  The text belongs to the
 * predictor.
 */
RNL_API size_t rnl_predictor_columns(const rnl_predictor *predictor);
RNL_API const char *rnl_predictor_column_name(const rnl_predictor *predictor, size_t column);

/* Makes numbers of a row of such a table: of the texts that its cells hold, categories by their
 * names, as they would be read from a file.  `names` are the columns of the cells, in any order;
 * those that are no input are left out.  NULL: the cells come in the order of
 * rnl_predictor_column_name, one for each column.  A cell that is NULL, "", or one of the
 * configuration's missing_values is missing; it is filled if the model was trained with `missing:
 * fill`.  `row` takes rnl_predictor_features numbers, for `doubles` of a request.
 *
 * Like rnl_predictor_run, many threads may call it at once, and it allocates nothing.  RNL_BAD_DATA
 * if a column has no cell or two, or a cell holds no number, or an unknown category that
 * data.unseen does not take: the message names column and cell, what was expected, and the nearest
 * name.  RNL_BAD_CONFIG without a
 * table. */
RNL_API rnl_status rnl_predictor_read_row(const rnl_predictor *predictor, const char *const *names,
                                          const char *const *cells, size_t count, double *row);

/* Returns the bytes of scratch that a request of at most so many rows needs.  Beyond 96 rows the
 * number does not grow. */
RNL_API size_t rnl_predictor_scratch(const rnl_predictor *predictor, size_t rows);

/* Rows to predict, and where the predictions go.  All arrays are the caller's; none may overlap
 * another. */
typedef struct rnl_request {
    size_t rows;
    size_t features; /* of a row: rnl_predictor_features */
    /* (rows, features) inputs as the training data hold them, not scaled; exactly one is given.
     * A categorical column of a table is a number for each of its categories in sorted order: 1
     * for the row's own, 0 for the others; rare ones share the last; or, of two, one of -1 and 1.
     * rnl_predictor_read_row makes them of texts. */
    const float *floats;
    const double *doubles;
    const uint8_t *bytes;
    /* At least one is given; NULL: not wanted. */
    float *values;        /* (rows, outputs) as in rnl_prediction */
    double *exact_values; /* (rows, outputs): `values` before rounding to float */
    int32_t *classes;     /* (rows) as in rnl_prediction */
    void *scratch;        /* at least rnl_predictor_scratch bytes; contents do not matter */
    size_t scratch_bytes;
} rnl_request;

/* Predicts the rows of a request on the calling thread, with the very numbers of rnl_predict.  Many
 * threads may use one predictor at the same time, each with buffers of its own.  The call allocates
 * nothing and starts no thread; without rnl_predictor_use_threads it takes no lock and makes no
 * system call.  The floating-point mode of the caller is neither used nor changed.
 *
 * RNL_BAD_CONFIG if the request is not whole: nothing is written.  RNL_BAD_DATA if an input is NaN
 * or infinite, RNL_NOT_FINITE if an output is NaN, for example because large inputs overflow: what
 * the outputs hold is then undefined. */
RNL_API rnl_status rnl_predictor_run(const rnl_predictor *predictor, const rnl_request *request);

/* ---- the machine ----------------------------------------------------------------------------- */

/* Describes a machine: what of it the process may use and why, which cores other runs have claimed,
 * and the core of each worker of a run with these options.  `machine` is NULL for this machine, an
 * hwloc synthetic description ("numa:2 core:32 pu:2"), or the path of an .xml file written by
 * hwloc.  With a model, the text also gives the number of workers that would share a training step,
 * and the estimated time of each of its phases, from the cost model that chooses the number of
 * workers.  `model` and `options` may be NULL.  RNL_THREADS, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_topology_describe(const char *machine, const rnl_model *model,
                                         const rnl_options *options, char **text);

/* A network between machines that are alike.  Messages of more than 64 KiB take three latencies,
 * because the receiver is asked first. */
typedef struct rnl_network {
    size_t ranks;     /* of a job, one on each machine; at most training.shards */
    double latency;   /* seconds of a short message */
    double bandwidth; /* bytes per second that a machine receives */
    /* What `runnel bench network --json` printed, which then takes the place of both; or NULL. */
    const char *measured;
} rnl_network;

/* Foresees a training step on 1, 2, 4, ... ranks, up to those of the network: its time, what of it
 * is waiting for messages, and what a rank receives.  None count as hidden behind arithmetic.
 * `machine` and `options` as above, for each of the machines.  RNL_BAD_CONFIG, RNL_BAD_DATA,
 * RNL_THREADS, RNL_NO_MEMORY. */
RNL_API rnl_status rnl_network_foresee(const char *machine, const rnl_model *model,
                                       const rnl_options *options, const rnl_network *network,
                                       char **text);

#ifdef __cplusplus
}
#endif
#endif
