#include "engine/schema/unknown.h"

#include "engine/base/error.h"
#include "engine/schema/config.h"

#include <stdio.h>
#include <string.h>

#define MAX_NAMES  512
#define HINT_BYTES 768

/* ---- what others call it --------------------------------------------------------------------- */

/* Keys of older Keras versions and other libraries, with their names here. */
static const struct {
    const char *old, *today;
    bool common; /* a word of many meanings: said only of fields that have today's name */
} renamed[] = {
    {"lr", "learning_rate", false},
    {"alpha", "negative_slope", false},
    {"init", "kernel_initializer", false},
    {"nb_epoch", "epochs", false},
    {"num_epochs", "epochs", false},
    {"n_epochs", "epochs", false},
    {"max_epochs", "epochs", false},
    {"output_dim", "units", false},
    {"beta", "delta", true},
    {"out_features", "units", false},
    {"hidden_size", "units", false},
    {"neurons", "units", false},
    {"bias", "use_bias", false},
    {"eps", "epsilon", false},
    {"batch", "batch_size", false},
    {"random_state", "seed", false},
    {"beta1", "beta_1", false},
    {"beta2", "beta_2", false},
    {"decay_steps", "steps", true},
    {"decay_rate", "rate", true},
    {"warmup_steps", "warmup", true},
    {"alpha_initializer", "initial_slope", true},
    {"scheduler", "schedule", false},
    {"validation_data", "validation", false},
    {"validation_freq", "validate_every", false},
    {"save_freq", "checkpoint_every", false},
    {"max_time", "max_seconds", false},
    {"time_limit", "max_seconds", false},
    {"budget", "max_seconds", false},
    {"criterion", "loss", false},
    {"p", "rate", true},
    {"file", "path", true},
    {"filename", "path", true},
    {"label", "target", true},
    {"label", "targets", true},
    {"labels", "target", true},
    {"labels", "targets", true},
    {"y", "target", true},
    {"y", "targets", true},
    {"X", "inputs", true},
    {"usecols", "features", true},
    {"columns", "features", true},
    {"cat_features", "categorical", true},
    {"categorical_features", "categorical", true},
    {"handle_unknown", "unseen", true},
    {"min_frequency", "rare", true},
    {"one_hot_max_size", "one_hot_max", true},
    {"sep", "delimiter", true},
    {"separator", "delimiter", true},
    {"na_values", "missing_values", true},
    {"null_values", "missing_values", true},
    {"weights", "sample_weight", true},
    {"W_regularizer", "kernel_regularizer", false},
    {"W_constraint", "kernel_constraint", false},
};

typedef struct hint {
    const char *words; /* separated by blanks */
    const char *text;
} hint;

static const hint key_hints[] = {
    {"lr learning_rate",
     "the learning rate belongs to the optimizer: optimizer: {sgd: {learning_rate: 0.01}}"},
    {"initial_learning_rate", "it is the optimizer's learning_rate"},
    {"bias_constraint", "constraints are of kernels alone: kernel_constraint"},
    {"momentum nesterov", "it belongs to optimizer sgd: optimizer: {sgd: {momentum: 0.9}}"},
    {"name", "layers have names, as `dense: {units: 10, name: head}`; a run's is at the top "
             "level"},
    {"decay", "a decay d of older Keras is training.schedule: {power: {steps: 1/d}}"},
    {"trainable", "learning_rate_factor: 0 keeps the parameters of a layer as they are"},
    {"callbacks", "there are training.early_stopping, training.schedule, training.checkpoint_every "
                  "and training.tensorboard in their place"},
    {"input input_shape input_dim batch_input_shape in_features",
     "the data say the shape of a row"},
    {"weight_decay", "it belongs to optimizer adamw; or kernel_regularizer: {l2: ...} of the "
                     "layers"},
    {"kernel_size filters strides padding", "all layers with weights are dense: there is no "
                                            "convolution"},
    {"dropout", "it is a layer of its own: - dropout: 0.3"},
    {"batch_norm batch_normalization use_bn", "it is a layer of its own: - batch_normalization"},
    {"clipnorm clipvalue global_clipnorm gradient_clip_val", "it belongs to training.clipping: "
                                                             "clipping: {clipnorm: 1.0}"},
    {"verbose", "`runnel train` takes -v and -q"},
    {"workers threads num_threads n_jobs", "`runnel train` takes --threads"},
    {"pin", "`runnel train` takes --pin"},
    {"output output_dir", "`runnel train` takes --output; without it, `name` is the directory's"},
    {"resume", "`runnel train` takes --resume"},
    {"device gpu gpus", "training runs on processors alone"},
    {"steps_per_epoch", "an epoch is all training rows, mini-batch by mini-batch"},
    {"amsgrad", "no optimizer has it; `runnel help config optimizers` lists all"},
    {"betas", "they are two keys: beta_1 and beta_2"},
    {"unseen rare one_hot_max", "it belongs to data, beside train: it is of all tables"},
    {"index_col", "`ignore: [column]` leaves a column out"},
    {"encoding", "tables are text in UTF-8"},
    {"dtype precision", "training.precision is float32 or mixed_bfloat16"},
    {"label_smoothing",
     "the cross-entropies have it: loss: {binary_crossentropy: {label_smoothing: "
     "0.1}}"},
    {"from_logits", "a loss of probabilities is computed from the logits together with the last "
                    "layer's activation, softmax or sigmoid"},
    {"pos_weight", "training.class_weight weighs the rows of a class"},
    {"ignore_class ignore_index", "data.classes: {exclude: [...]} leaves out the rows of a class"},
    {"reduction", "the loss is the mean over the rows"},
};

static const hint kind_hints[] = {
    {"input input_layer InputLayer", "the data say the shape of a row: begin with the first layer "
                                     "that computes"},
    {"linear Linear fc fully_connected", "a layer of weights is dense: {units: ...}"},
    {"batch_norm batchnorm bn BatchNorm1d", "it is called batch_normalization"},
    {"layer_normalization layer_norm", "there is batch_normalization"},
    {"conv1d conv2d max_pooling2d lstm gru embedding attention",
     "all layers with weights are dense"},
    {"kaiming_normal kaiming_normal_", "it is he_normal, which is drawn within two standard "
                                       "deviations"},
    {"kaiming kaiming_uniform kaiming_uniform_", "it is he_uniform"},
    {"xavier_normal xavier_normal_", "it is glorot_normal, which is drawn within two standard "
                                     "deviations"},
    {"xavier xavier_uniform xavier_uniform_", "it is glorot_uniform"},
    {"orthogonal identity", "`runnel help config initializers` lists all"},
    {"crossentropy cross_entropy cross_entropy_loss CrossEntropyLoss nll_loss NLLLoss log_loss",
     "for class numbers it is sparse_categorical_crossentropy, for a sigmoid binary_crossentropy"},
    {"BCELoss BCEWithLogitsLoss", "it is binary_crossentropy, behind a sigmoid"},
    {"MSELoss", "it is mean_squared_error"},
    {"L1Loss l1_loss", "it is mean_absolute_error"},
    {"PoissonNLLLoss poisson_nll_loss", "it is poisson, behind activation: exponential"},
    {"SmoothL1Loss smooth_l1_loss smooth_l1 HuberLoss", "it is huber"},
    {"precision Precision recall Recall f1 f1_score F1Score",
     "`runnel evaluate` prints precision, recall and F1 of each class"},
    {"bfloat16 bf16 mixed", "it is mixed_bfloat16"},
    {"float16 half mixed_float16", "there is mixed_bfloat16"},
    {"parquet feather json excel xlsx", "write the rows as CSV or .npy"},
    {"path target features", "it belongs to a format: csv: {path: ..., target: ...}"},
    {"ReduceLROnPlateau reduce_lr_on_plateau plateau", "it is performance"},
    {"InverseTimeDecay inverse_time", "it is power: {steps: ...}"},
    {"ExponentialDecay", "it is exponential: {steps: ..., rate: ..., per: step}"},
    {"ExponentialLR StepLR step_lr step", "it is exponential: {steps: ..., rate: ...}"},
    {"PiecewiseConstantDecay", "it is piecewise: {boundaries: [...], values: [...], per: step}"},
    {"MultiStepLR multi_step_lr constant", "it is piecewise: {boundaries: [...], values: [...]}"},
    {"CosineDecay CosineAnnealingLR cosine_annealing", "it is cosine"},
    {"EarlyStopping early_stopping", "it is a key of training"},
    {"minmax min_max MinMaxScaler normalize", "it is range"},
    {"zscore StandardScaler", "it is standardize"},
};

#define FIND_HINT(table, word) find_hint(table, sizeof(table) / sizeof *(table), word)

static const char *find_hint(const hint *hints, size_t count, const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i < count; ++i)
        for (const char *at = hints[i].words; *at; at += strspn(at, " ")) {
            const size_t next = strcspn(at, " ");
            if (next == length && strncmp(at, word, length) == 0)
                return hints[i].text;
            at += next;
        }
    return NULL;
}

const char *rnl_key_hint(const char *key)
{
    return FIND_HINT(key_hints, key);
}

/* The name that the fields have, or another section. */
static const char *find_today(const rnl_field *fields, const char *key)
{
    const char *today = NULL;
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; ++i)
        if (strcmp(key, renamed[i].old) == 0) {
            if (rnl_field_find(fields, renamed[i].today))
                return renamed[i].today;
            today = today || renamed[i].common ? today : renamed[i].today;
        }
    return today;
}

/* ---- where else it is ------------------------------------------------------------------------ */

/* Finds the path of the first key of that name in the sections. */
static bool find_in_sections(const rnl_field *fields, const char *key, const char *above,
                             char path[128])
{
    if (rnl_field_find(fields, key)) {
        snprintf(path, 128, "%.60s%.60s", above, key);
        return true;
    }
    for (const rnl_field *f = fields; f->key; ++f) {
        char inside[128];
        snprintf(inside, sizeof inside, "%.60s%.60s.", above, f->key);
        if (f->type == RNL_FIELD_SECTION && find_in_sections(f->section, key, inside, path))
            return true;
    }
    return false;
}

/* Finds the first kind with that parameter. */
static bool find_in_kinds(const char *key, char path[128])
{
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        for (size_t i = 0; i < (*table)->count; ++i) {
            const rnl_kind *kind = &(*table)->kinds[i];
            if (!kind->fields || !rnl_field_find(kind->fields, key))
                continue;
            snprintf(path, 128, "'%s' of %s %s", key, (*table)->noun, kind->name);
            return true;
        }
    return false;
}

bool rnl_key_elsewhere(const char *key, char path[128])
{
    char found[128];
    if (!find_in_sections(rnl_config_fields, key, "", found))
        return find_in_kinds(key, path);
    snprintf(path, 128, strchr(found, '.') ? "'%.100s'" : "'%.90s' at the top level", found);
    return true;
}

static void collect(const char *names[MAX_NAMES], size_t *count, const rnl_field *fields)
{
    for (const rnl_field *f = fields; f && f->key && *count < MAX_NAMES; ++f) {
        names[(*count)++] = f->key;
        if (f->type == RNL_FIELD_SECTION)
            collect(names, count, f->section);
    }
}

/* Finds the nearest of all keys, if the word is long enough for nearness to mean something. */
static bool find_near_elsewhere(const char *key, char path[128])
{
    const char *names[MAX_NAMES];
    size_t count = 0;
    collect(names, &count, rnl_config_fields);
    for (const rnl_kind_table *const *table = rnl_kind_tables; *table; ++table)
        for (size_t i = 0; i < (*table)->count; ++i)
            collect(names, &count, (*table)->kinds[i].fields);
    const char *nearest = rnl_nearest_within(strlen(key) / 4, key, names, count);
    return nearest && rnl_key_elsewhere(nearest, path);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void list_names(char *text, const char *const *names, size_t count)
{
    size_t length = (size_t)snprintf(text, HINT_BYTES, "; expected one of ");
    for (size_t i = 0; i < count && length < HINT_BYTES; ++i)
        length +=
            (size_t)snprintf(text + length, HINT_BYTES - length, i > 0 ? ", %s" : "%s", names[i]);
}

/* Tests if a schedule of these fields counts epochs, where nothing else is said. */
static bool counts_epochs(const rnl_field *fields)
{
    const rnl_field *per = rnl_field_find(fields, "per");
    return per && strcmp(per->fallback, "epoch") == 0;
}

static void advise_key(char text[HINT_BYTES], const rnl_field *fields, const char *key)
{
    const char *names[MAX_NAMES], *today = find_today(fields, key);
    size_t count = 0;
    char path[128];
    for (const rnl_field *f = fields; f->key && count < MAX_NAMES; ++f)
        names[count++] = f->key;
    const char *told = rnl_key_hint(key), *nearest = rnl_nearest(key, names, count);
    if (today && rnl_field_find(fields, today))
        snprintf(text, HINT_BYTES, "; here it is '%s'%s", today,
                 strcmp(key, "decay_steps") == 0 && counts_epochs(fields)
                     ? ", with `per: step` as there"
                     : "");
    else if (told)
        snprintf(text, HINT_BYTES, "; %s", told);
    else if (rnl_key_elsewhere(key, path) || (today && rnl_key_elsewhere(today, path)))
        snprintf(text, HINT_BYTES, "; did you mean %s?", path);
    else if (nearest)
        snprintf(text, HINT_BYTES, "; did you mean '%s'?", nearest);
    else if (find_near_elsewhere(key, path))
        snprintf(text, HINT_BYTES, "; did you mean %s?", path);
    else if (count > 0)
        list_names(text, names, count);
    else
        *text = '\0';
}

rnl_status rnl_fail_no_parameter(const rnl_kind *kind, const rnl_node *node)
{
    static const rnl_field none[] = {{.key = NULL}};
    char text[HINT_BYTES];
    advise_key(text, none, node->key);
    return rnl_fail_at(node->key_place, "%s takes no parameters, got the key '%.60s'%s", kind->name,
                       node->key, text);
}

rnl_status rnl_fail_unknown_key(const rnl_field *fields, const rnl_node *node, const char *context)
{
    char text[HINT_BYTES];
    advise_key(text, fields, node->key);
    return rnl_fail_at(node->key_place, "%s: unknown key '%.60s'%s", context, node->key, text);
}

/* Returns the first of the other tables that has the name. */
static const rnl_kind_table *find_table(const char *name)
{
    const rnl_kind_table *const *table = rnl_kind_tables;
    while (*table && !rnl_kind_find(*table, name))
        ++table;
    return *table;
}

static size_t collect_kinds(const char *names[MAX_NAMES], const rnl_kind_table *table)
{
    size_t count = 0;
    for (; count < table->count && count < MAX_NAMES; ++count)
        names[count] = table->kinds[count].name;
    return count;
}

const char *rnl_kind_nearest(const rnl_kind_table *table, const char *name)
{
    const char *names[MAX_NAMES];
    return rnl_nearest(name, names, collect_kinds(names, table));
}

static void advise_kind(char text[HINT_BYTES], const rnl_kind_table *table, const char *name)
{
    const char *names[MAX_NAMES], *told = FIND_HINT(kind_hints, name);
    const size_t count = collect_kinds(names, table);
    const rnl_kind_table *other = find_table(name);
    const char *nearest = rnl_nearest(name, names, count);
    if (other == &rnl_activations && table == &rnl_layers)
        snprintf(text, HINT_BYTES,
                 "; it is an activation: write `activation: %s`, as a layer or in a dense one%s%s",
                 rnl_kind_find(other, name)->name, told ? "; " : "", told ? told : "");
    else if (other)
        snprintf(text, HINT_BYTES, "; it is %s %s", strchr("aeiou", *other->noun) ? "an" : "a",
                 other->noun);
    else if (told)
        snprintf(text, HINT_BYTES, "; %s", told);
    else if (nearest)
        snprintf(text, HINT_BYTES, "; did you mean '%s'?", nearest);
    else
        list_names(text, names, count);
}

rnl_status rnl_fail_unknown_kind(const rnl_kind_table *table, rnl_place place, const char *name)
{
    char text[HINT_BYTES];
    advise_kind(text, table, name);
    return rnl_fail_at(place, "unknown %s '%.60s'%s", table->noun, name, text);
}
