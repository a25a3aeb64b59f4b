#include "engine/config/presets.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/config/preset_layers.h"
#include "engine/kinds/losses.h"
#include "engine/schema/config.h"
#include "engine/schema/node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value that a preset writes: of a section's key; or a kind for a key and one of its parameters,
 * unless the file chooses another kind. */
typedef struct preset_value {
    const char *section, *key, *kind; /* section NULL ends a list of them */
    rnl_preset_key parameter;
    /* Writes the text; false: the key is left out.  NULL: the text is constant. */
    bool (*make)(const rnl_node *root, char text[32]);
} preset_value;

/* The operations of rnl_presets. */
typedef struct preset {
    const preset_value *values;
    rnl_preset_layers layers;
    bool finds_categories;                  /* columns of texts of the training table */
    const rnl_preset_key *hidden_of_values; /* where targets are numbers; NULL: layers.hidden */
    /* Computes the bound from the preset's parameters; NULL: layers.normalize_above. */
    size_t (*normalize_above)(const void *parameters, size_t by_default);
} preset;

/* ---- values that follow from others ---------------------------------------------------------- */

static const rnl_node *at(const rnl_node *root, const char *section, const char *key)
{
    const rnl_node *found = rnl_node_get(root, section);
    return found ? rnl_node_get(found, key) : NULL;
}

static double number_of(const rnl_node *node, double otherwise)
{
    double number;
    return node && node->type == RNL_SCALAR && rnl_parse_number(node->text, &number) ? number
                                                                                     : otherwise;
}

/* A number, alone or under the name of a kind. */
static double number_in(const rnl_node *node)
{
    const bool named = node && node->type == RNL_MAPPING && node->count == 1;
    return number_of(named ? node->items[0] : node, 0);
}

/* Tests if the configuration has validation rows; arrays passed by a program are unknown here. */
static bool is_validated(const rnl_node *root)
{
    const rnl_node *rows = at(root, "data", "validation");
    return (rows && !rnl_node_is_empty(rows)) ||
           number_in(at(root, "data", "validation_split")) > 0 ||
           number_in(at(root, "data", "folds")) > 0;
}

static bool make_patience(const rnl_node *root, char text[32])
{
    const rnl_node *stopping = at(root, "training", "early_stopping");
    snprintf(text, 32, "10");
    return is_validated(root) || (stopping && rnl_node_get(stopping, "monitor"));
}

/* Starts early stopping with the epoch in which one_cycle's descent ends. */
static bool make_start(const rnl_node *root, char text[32])
{
    const rnl_node *schedule = at(root, "training", "schedule");
    const rnl_node *cycle = schedule ? rnl_node_get(schedule, "one_cycle") : NULL;
    if (!cycle)
        return false;
    const double epochs = number_of(at(root, "training", "epochs"), 1);
    const double last = number_of(rnl_node_get(cycle, "last_fraction"), 0.1);
    const double start = ceil(epochs * (1 - last) - 1e-9) - 1;
    snprintf(text, 32, "%.0f", fmin(fmax(start, 0), 1 << 24));
    return true;
}

/* Returns the chosen kind's name, for `elu` and `elu: {alpha: 1}` alike. */
static const char *name_of(const rnl_node *node)
{
    if (node && node->type == RNL_MAPPING && node->count == 1)
        return node->items[0]->key;
    return node && node->type == RNL_SCALAR ? node->text : NULL;
}

static bool is_linear(const rnl_node *layer)
{
    const rnl_node *dense = layer->type == RNL_MAPPING ? rnl_node_get(layer, "dense") : NULL;
    const char *activation =
        dense && dense->type == RNL_MAPPING ? name_of(rnl_node_get(dense, "activation")) : NULL;
    const rnl_kind *kind = rnl_kind_find(&rnl_activations, activation ? activation : "linear");
    return dense && kind && strcmp(kind->name, "linear") == 0;
}

static const rnl_kind *loss_of(const rnl_node *root)
{
    const char *name = name_of(at(root, "training", "loss"));
    return name ? rnl_kind_find(&rnl_losses, name) : NULL;
}

static bool has_numbers_as_targets(const rnl_node *root)
{
    const rnl_choice loss = {.kind = loss_of(root)};
    return loss.kind && rnl_loss_is_of_numbers(&loss);
}

/* Standardizes numeric targets if the output layer's range is all numbers. */
static bool make_target_scaling(const rnl_node *root, char text[32])
{
    const rnl_node *model = rnl_node_get(root, "model");
    *text = '\0';
    const rnl_choice loss = {.kind = loss_of(root)};
    return loss.kind && rnl_loss_scales_targets(&loss) && model && model->type == RNL_LIST &&
           model->count > 0 && is_linear(model->items[model->count - 1]);
}

static bool make_tabular_rate(const rnl_node *root, char text[32])
{
    snprintf(text, 32, "%s", has_numbers_as_targets(root) ? "0.07" : "0.04");
    return loss_of(root);
}

/* All validations: training never ends before its last epoch. */
static bool make_no_patience(const rnl_node *root, char text[32])
{
    snprintf(text, 32, "%d", 1 << 24);
    return is_validated(root);
}

static bool make_last_of_equals(const rnl_node *root, char text[32])
{
    snprintf(text, 32, "true");
    return is_validated(root);
}

static bool make_of_classes(const rnl_node *root, char text[32])
{
    *text = '\0';
    return loss_of(root) && !has_numbers_as_targets(root);
}

/* The outputs of a quantile loss are no values to compare with the targets. */
static bool make_of_values(const rnl_node *root, char text[32])
{
    *text = '\0';
    return has_numbers_as_targets(root) && strcmp(loss_of(root)->name, "quantile") != 0;
}

/* Smooths labels of a crossentropy that is chosen. */
static bool make_smoothing(const rnl_node *root, char text[32])
{
    snprintf(text, 32, "0.1");
    return loss_of(root);
}

/* The figure that tells models apart: share of errors, or mse, unless the metrics are others. */
static bool make_tabular_monitor(const rnl_node *root, char text[32])
{
    const rnl_node *metrics = at(root, "training", "metrics");
    const bool numbers = has_numbers_as_targets(root);
    const char *wanted = numbers ? "mse" : "accuracy";
    bool there = false;
    for (size_t i = 0; metrics && i < metrics->count; ++i)
        there |= name_of(metrics->items[i]) && strcmp(name_of(metrics->items[i]), wanted) == 0;
    snprintf(text, 32, "val_%s", there ? wanted : "loss");
    return is_validated(root);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define COMMON_VALUES                                                                              \
    {"data", "target_scaling", "standardize", {NULL, NULL}, make_target_scaling},                  \
        {"training", "optimizer", "sgd", {"momentum", "0.9"}, NULL},                               \
        {"training", "schedule", "one_cycle", {"max_rate", "auto"}, NULL},                         \
        {"training", "early_stopping", NULL, {"patience", NULL}, make_patience},                   \
    {                                                                                              \
        "training", "early_stopping", NULL, {"start_from_epoch", NULL}, make_start                 \
    }

static const preset_value default_dnn_values[] = {COMMON_VALUES, {.section = NULL}};

static const preset_value self_normalizing_values[] = {
    {"data", "scaling", "standardize", {NULL, NULL}, NULL},
    COMMON_VALUES,
    {.section = NULL},
};

static const preset_value tabular_values[] = {
    {"data", "scaling", "robust", {"smooth_clip", "3"}, NULL},
    {"data", "target_scaling", "standardize", {NULL, NULL}, make_target_scaling},
    {"training", "optimizer", "adam", {"learning_rate", NULL}, make_tabular_rate},
    {"training", "optimizer", "adam", {"beta_1", "0.9"}, NULL},
    {"training", "optimizer", "adam", {"beta_2", "0.95"}, NULL},
    {"training", "optimizer", "adam", {"epsilon", "1e-8"}, NULL},
    {"training", "schedule", "log_cosine", {"cycles", "4"}, NULL},
    {"training", "batch_size", "256", {NULL, NULL}, NULL},
    {"training", "epochs", "256", {NULL, NULL}, NULL},
    {"training", "drop_last", "true", {NULL, NULL}, NULL},
    {"training",
     "loss",
     "sparse_categorical_crossentropy",
     {"label_smoothing", NULL},
     make_smoothing},
    {"training", "loss", "categorical_crossentropy", {"label_smoothing", NULL}, make_smoothing},
    {"training", "loss", "binary_crossentropy", {"label_smoothing", NULL}, make_smoothing},
    {"training", "metrics", "[accuracy]", {NULL, NULL}, make_of_classes},
    {"training", "metrics", "[mse]", {NULL, NULL}, make_of_values},
    {"training", "early_stopping", NULL, {"patience", NULL}, make_no_patience},
    {"training", "early_stopping", NULL, {"last_of_equals", NULL}, make_last_of_equals},
    {"training", "early_stopping", NULL, {"monitor", NULL}, make_tabular_monitor},
    {.section = NULL},
};

#define HIDDEN(function)                                                                           \
    (const rnl_preset_key[])                                                                       \
    {                                                                                              \
        {"activation", function}, {"kernel_initializer", "auto"},                                  \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }

static const rnl_preset_key output[] = {{"kernel_initializer", "glorot_uniform"}, {NULL, NULL}};

#define TABULAR_KERNEL                                                                             \
    {"learning_rate_factor", "{over_sqrt_fan_in: 1}"},                                             \
    {                                                                                              \
        "bias_learning_rate_factor", "0.1"                                                         \
    }
#define TABULAR_HIDDEN(function)                                                                   \
    (const rnl_preset_key[])                                                                       \
    {                                                                                              \
        {"activation", function},                                                                  \
            {"kernel_initializer", "{variance_scaling: {distribution: untruncated_normal}}"},      \
            {"bias_initializer", "{random_normal: {stddev: 1}}"}, TABULAR_KERNEL,                  \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }

static const rnl_preset_key tabular_output[] = {
    {"kernel_initializer", "zeros"}, TABULAR_KERNEL, {NULL, NULL}};

typedef struct default_dnn_parameters {
    rnl_choice batch_normalization;
} default_dnn_parameters;

static const rnl_kind normalization_rules[] = {
    {.name = "auto", .help = "with more than 4 hidden dense layers"},
    {.name = "always", .help = "whatever the depth", .operations = &(const size_t){0}},
    {.name = "never", .help = "not at all", .operations = &(const size_t){SIZE_MAX}},
};

static const rnl_kind_table normalization_rule_table = {
    .noun = "rule of normalization",
    .plural = "rules of normalization: auto, always, never",
    .kinds = normalization_rules,
    .count = sizeof normalization_rules / sizeof *normalization_rules,
};

static const rnl_field default_dnn_fields[] = {
    {.key = "batch_normalization",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(default_dnn_parameters, batch_normalization),
     .fallback = "auto",
     .kinds = &normalization_rule_table,
     .help = "before the activation of each hidden layer behind which the model has none; auto: "
             "with more than 4 hidden dense layers"},
    {.key = NULL},
};

static size_t default_dnn_normalize_above(const void *parameters, size_t by_default)
{
    const default_dnn_parameters *p = parameters;
    const size_t *above = p->batch_normalization.kind->operations;
    return above ? *above : by_default;
}

static const rnl_kind kinds[] = {
    {.name = "default_dnn",
     .help =
         "hidden dense layers: elu, initializer auto, batch normalization if they are more "
         "than 4; output: glorot_uniform; sgd with momentum 0.9; one_cycle at a rate found; "
         "early stopping after 10 epochs, once the cycle's descent has ended; numbers as targets "
         "standardized",
     .fields = default_dnn_fields,
     .size = sizeof(default_dnn_parameters),
     .operations = &(const preset){.values = default_dnn_values,
                                   .layers = {HIDDEN("elu"), output, .normalize_above = 4},
                                   .normalize_above = default_dnn_normalize_above}},
    {.name = "self_normalizing",
     .help = "hidden dense layers: selu, initializer auto; inputs standardized; all else as "
             "default_dnn, without normalization",
     .operations =
         &(const preset){.values = self_normalizing_values,
                         .layers = {HIDDEN("selu"), output, .normalize_above = SIZE_MAX}}},
    {.name = "tabular",
     .help = "for tables, RealMLP-TD-S of Holzmueller, Grinsztajn and Steinwart (2024): robust "
             "scaling with smooth clipping; a scale layer; three hidden layers of 256 where the "
             "model has its output alone, selu for classes, mish for values; adam and log_cosine "
             "over 256 epochs; label smoothing; the weights of the best validation, of equals the "
             "last",
     .operations =
         &(const preset){
             .values = tabular_values,
             .finds_categories = true,
             .layers = {TABULAR_HIDDEN("selu"), tabular_output, .normalize_above = SIZE_MAX,
                        .first = "{scale: {learning_rate_factor: 6}}",
                        .body = "[dense: {units: 256}, dense: {units: 256}, dense: {units: 256}]"},
             .hidden_of_values = TABULAR_HIDDEN("mish")}},
};

const rnl_kind_table rnl_presets = {
    .noun = "preset",
    .plural = "presets",
    .kinds = kinds,
    .count = sizeof kinds / sizeof *kinds,
};

/* ---- writing --------------------------------------------------------------------------------- */

/* Enters the mapping under a key, created if it is missing; NULL if something else is there. */
static rnl_status enter(rnl_node *mapping, const char *key, rnl_node **entered)
{
    const size_t i = rnl_node_find(mapping, key);
    rnl_place place = mapping->place;
    place.origin = RNL_FROM_PRESET;
    if (i == mapping->count)
        RNL_TRY(rnl_node_give(mapping, rnl_node_create_with(RNL_MAPPING, key, NULL, place)));
    rnl_node *node = mapping->items[i];
    *entered = rnl_node_becomes_mapping(node) ? node : NULL;
    return RNL_OK;
}

/* Enters the parameters of the kind under a key, if that kind or nothing is there; else NULL. */
static rnl_status enter_kind(rnl_node *section, const preset_value *value, rnl_place place,
                             rnl_node **parameters)
{
    const size_t i = rnl_node_find(section, value->key);
    *parameters = NULL;
    if (i == section->count)
        RNL_TRY(rnl_preset_write(section, &(const rnl_preset_key){value->key, value->kind}, place));
    rnl_node *node = section->items[i];
    if (!value->parameter.key)
        return RNL_OK;
    if (node->type == RNL_SCALAR && strcmp(node->text, value->kind) == 0)
        RNL_TRY(rnl_node_open(node));
    if (node->type == RNL_MAPPING && node->count == 1 &&
        strcmp(node->items[0]->key, value->kind) == 0 && rnl_node_becomes_mapping(node->items[0]))
        *parameters = node->items[0];
    return RNL_OK;
}

static rnl_status write_value(rnl_node *root, const preset_value *value, rnl_place place)
{
    char text[32];
    rnl_node *section, *parameters = NULL;
    rnl_preset_key key = value->parameter;
    if (value->make && !value->make(root, text))
        return RNL_OK;
    if (value->make)
        key.text = text;
    RNL_TRY(enter(root, value->section, &section));
    if (section && value->kind)
        RNL_TRY(enter_kind(section, value, place, &parameters));
    else if (section)
        RNL_TRY(enter(section, value->key, &parameters));
    return parameters ? rnl_preset_write(parameters, &key, place) : RNL_OK;
}

/* Leaves it to the table which of its columns are categories, unless the file says it. */
static rnl_status write_categories(rnl_node *root, rnl_place place)
{
    static const rnl_preset_key found = {"categorical", "auto"};
    const rnl_node *train = at(root, "data", "train");
    if (!train || train->type != RNL_MAPPING || train->count != 1 ||
        strcmp(train->items[0]->key, "csv") != 0 || train->items[0]->type != RNL_MAPPING)
        return RNL_OK;
    return rnl_preset_write(train->items[0], &found, place);
}

static rnl_status write_all(rnl_node *root, const rnl_choice *choice)
{
    const preset *chosen = choice->kind->operations;
    rnl_preset_layers layers = chosen->layers;
    layers.place = (rnl_place){.source = choice->kind->name, .origin = RNL_FROM_PRESET};
    if (chosen->hidden_of_values && has_numbers_as_targets(root))
        layers.hidden = chosen->hidden_of_values;
    if (chosen->normalize_above)
        layers.normalize_above =
            chosen->normalize_above(choice->parameters, layers.normalize_above);
    for (const preset_value *value = chosen->values; value->section; ++value)
        RNL_TRY(write_value(root, value, layers.place));
    if (chosen->finds_categories)
        RNL_TRY(write_categories(root, layers.place));
    const size_t model = rnl_node_find(root, "model");
    return model < root->count && root->items[model]->type == RNL_LIST
               ? rnl_preset_apply_layers(root->items[model], &layers)
               : RNL_OK;
}

static const rnl_field preset_fields[] = {
    {.key = "preset", .type = RNL_FIELD_KIND, .fallback = "null", .kinds = &rnl_presets},
    {.key = NULL},
};

rnl_status rnl_preset_apply(rnl_node *root, const rnl_kind **applied)
{
    *applied = NULL;
    rnl_node *given = root->type == RNL_MAPPING ? rnl_node_take(root, "preset") : NULL;
    if (!given)
        return RNL_OK;
    rnl_choice choice;
    const rnl_node alone = {.type = RNL_MAPPING, .count = 1, .items = &given};
    rnl_status status = rnl_schema_decode(preset_fields, &alone, &choice);
    if (status == RNL_OK && choice.kind)
        status = write_all(root, &choice);
    if (status == RNL_OK)
        *applied = choice.kind;
    rnl_schema_release(preset_fields, &choice);
    rnl_node_free(given);
    return status;
}
