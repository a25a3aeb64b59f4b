#include "engine/schema/config.h"

#include "engine/base/error.h"
#include "engine/base/utf8.h"
#include "engine/config/data_fields.h"
#include "engine/config/defaults.h"
#include "engine/config/lift.h"
#include "engine/config/preset_layers.h"
#include "engine/config/presets.h"
#include "engine/config/projected.h"
#include "engine/config/reuse.h"
#include "engine/config/schedule_table.h"
#include "engine/config/training_fields.h"
#include "engine/config/training_phases.h"
#include "engine/data/encoding.h"
#include "engine/data/split.h"
#include "engine/kinds/schedules.h"
#include "engine/layers/auto_initializer.h"
#include "engine/model/position.h"
#include "engine/schema/node.h"
#include "engine/schema/words.h"
#include "engine/training/pretraining_config.h"
#include "threading/floating_mode.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const rnl_field rnl_config_fields[] = {
    {.key = "name",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_config, name),
     .fallback = "null",
     .help = "of the run and its directory; the configuration file's name if it is not given, with "
             "_ for "
             "bytes that are not UTF-8"},
    {.key = "preset",
     .type = RNL_FIELD_KIND,
     .fallback = "null",
     .kinds = &rnl_presets,
     .rewritten = true,
     .help = "defaults that suit each other, for keys that are not given; --print-config "
             "shows what they are"},
    {.key = "data",
     .type = RNL_FIELD_SECTION,
     .offset = offsetof(rnl_config, data),
     .fallback = "{}",
     .section = rnl_data_fields,
     .help = "where the rows come from"},
    {.key = "model",
     .type = RNL_FIELD_KIND_LIST,
     .offset = offsetof(rnl_config, model),
     .kinds = &rnl_layers,
     .help = "the layers, from inputs to outputs; or `defaults`, settings for all layers that do "
             "not give them, `styles`, settings by name for those that are `like: NAME`, and "
             "`layers`"},
    {.key = "training",
     .type = RNL_FIELD_SECTION,
     .offset = offsetof(rnl_config, training),
     .section = rnl_training_fields,
     .help = "how the model learns"},
    {.key = "pretraining",
     .type = RNL_FIELD_SECTION,
     .offset = offsetof(rnl_config, pretraining),
     .fallback = "{}",
     .section = rnl_pretraining_fields,
     .help = "how `runnel pretrain` trains the layers as an autoencoder before, without labels"},
    {.key = NULL},
};

const rnl_kind_table *const rnl_kind_tables[] = {
    &rnl_presets,
    &rnl_data_formats,
    &rnl_missing_rules,
    &rnl_unseen_rules,
    &rnl_validation_splits,
    &rnl_fold_rules,
    &rnl_class_selections,
    &rnl_target_sources,
    &rnl_scalings,
    &rnl_target_scalings,
    &rnl_layers,
    &rnl_activations,
    &rnl_initializers,
    &rnl_regularizers,
    &rnl_constraints,
    &rnl_losses,
    &rnl_metrics,
    &rnl_optimizers,
    &rnl_training_phases,
    &rnl_clippings,
    &rnl_schedules,
    &rnl_precisions,
    &rnl_pretraining_modes,
    &rnl_denoisings,
    &rnl_rate_factors,
    NULL,
};

/* Replaces bytes that are not UTF-8: file names may hold any bytes, a configuration is text. */
static void make_utf8(char *name)
{
    if (rnl_is_utf8(name))
        return;
    for (; *name; ++name)
        if ((unsigned char)*name >= 0x80)
            *name = '_';
}

static rnl_status name_after(rnl_config *config, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    const char *dot = strrchr(file, '.');
    config->name = dot && dot > file ? strndup(file, (size_t)(dot - file)) : strdup(file);
    if (!config->name)
        return rnl_fail_memory(strlen(file) + 1);
    make_utf8(config->name);
    return RNL_OK;
}

/* The name becomes a directory. */
static rnl_status check_name(const rnl_config *config)
{
    if (*config->name == '\0' || *config->name == '.' || strchr(config->name, '/') ||
        strlen(config->name) > 200) {
        const rnl_node *given = rnl_node_get(config->tree.root, "name");
        return rnl_fail_at(given ? given->place : config->tree.root->place,
                           "name: expected one fit for a directory, without '/' and not beginning "
                           "with '.', got '%.60s'",
                           config->name);
    }
    return RNL_OK;
}

/* A metric has one column of its name, whatever its parameters. */
static rnl_status check_metrics(const rnl_config *config)
{
    const rnl_choice_list *metrics = &config->training.metrics;
    if (metrics->count > RNL_MAX_METRICS)
        return rnl_fail_at(metrics->place, "metrics: expected at most %d", RNL_MAX_METRICS);
    for (size_t i = 1; i < metrics->count; ++i)
        for (size_t k = 0; k < i; ++k)
            if (metrics->items[i].kind == metrics->items[k].kind)
                return rnl_fail_at(metrics->items[i].place,
                                   "metrics: %s is there twice, and has one column: expected each "
                                   "metric once, under one of its names",
                                   metrics->items[i].kind->name);
    return RNL_OK;
}

/* Enables early stopping wherever it is written: without patience, and for `{}`, it gets that of
 * the presets. */
static rnl_status give_patience(rnl_node *root)
{
    const size_t training = root->type == RNL_MAPPING ? rnl_node_find(root, "training") : 0;
    rnl_node *section = training < root->count ? root->items[training] : NULL;
    const size_t stopping =
        section && section->type == RNL_MAPPING ? rnl_node_find(section, "early_stopping") : 0;
    if (!section || section->type != RNL_MAPPING || stopping == section->count)
        return RNL_OK;
    rnl_node *given = section->items[stopping];
    if (given->type != RNL_MAPPING)
        return RNL_OK;
    rnl_place place = given->place;
    place.origin = RNL_FROM_DEFAULT;
    return rnl_preset_write(given, &(const rnl_preset_key){"patience", "10"}, place);
}

/* Decodes the configuration's tree. */
static rnl_status decode(rnl_config *config, const char *source, const char *const *overrides,
                         size_t override_count)
{
    if (config->tree.root->type == RNL_SCALAR && *config->tree.root->text == '\0')
        return rnl_fail(RNL_BAD_CONFIG, "%s: is empty: expected data, model and training", source);
    RNL_TRY(rnl_projected_write(config->tree.root));
    RNL_TRY(rnl_words_settle(rnl_config_fields, config->tree.root));
    for (size_t i = 0; i < override_count; ++i) {
        RNL_TRY(rnl_tree_override(&config->tree, overrides[i]));
        RNL_TRY(rnl_projected_write(config->tree.root));
        RNL_TRY(rnl_words_settle(rnl_config_fields, config->tree.root));
    }
    RNL_TRY(rnl_defaults_apply(config->tree.root, &rnl_layers));
    RNL_TRY(rnl_lift_layers(config->tree.root, rnl_activation_layers));
    RNL_TRY(rnl_reuse_expand(config));
    RNL_TRY(give_patience(config->tree.root));
    RNL_TRY(rnl_phases_sum(config->tree.root));
    RNL_TRY(rnl_preset_apply(config->tree.root, &config->preset));
    RNL_TRY(rnl_schedule_tables_read(config->tree.root));
    RNL_TRY(rnl_phases_fill(config->tree.root));
    RNL_TRY(rnl_schema_decode(rnl_config_fields, config->tree.root, config));
    RNL_TRY(rnl_auto_initializers_resolve(&config->model));
    if (!config->name)
        RNL_TRY(name_after(config, source));
    RNL_TRY(check_name(config));
    RNL_TRY(rnl_schedule_check(&config->training.schedule));
    RNL_TRY(rnl_phases_check(&config->training));
    return check_metrics(config);
}

/* Takes ownership of the tree. */
static rnl_status create(rnl_config **config, rnl_tree *tree, const char *source,
                         const char *const *overrides, size_t override_count)
{
    rnl_config *created = calloc(1, sizeof *created);
    if (!created) {
        rnl_tree_free(tree);
        return rnl_fail_memory(sizeof *created);
    }
    atomic_init(&created->owners, 1);
    created->tree = *tree;
    const rnl_status status = decode(created, source, overrides, override_count);
    if (status != RNL_OK) {
        rnl_config_free(created);
        return status;
    }
    *config = created;
    return RNL_OK;
}

rnl_status rnl_config_load(rnl_config **config, const char *path, const char *const *overrides,
                           size_t override_count)
{
    RNL_OWN_FLOATING_MODE;
    rnl_tree tree;
    RNL_TRY(rnl_tree_read_file(&tree, path));
    return create(config, &tree, path, overrides, override_count);
}

rnl_status rnl_config_parse(rnl_config **config, const char *source, const char *text,
                            const char *const *overrides, size_t override_count)
{
    RNL_OWN_FLOATING_MODE;
    rnl_tree tree;
    RNL_TRY(rnl_tree_read_text(&tree, source, text));
    return create(config, &tree, source, overrides, override_count);
}

rnl_config *rnl_config_share(const rnl_config *config)
{
    rnl_config *shared = (rnl_config *)(uintptr_t)config;
    atomic_fetch_add(&shared->owners, 1);
    return shared;
}

void rnl_config_free(rnl_config *config)
{
    if (!config || atomic_fetch_sub(&config->owners, 1) > 1)
        return;
    rnl_schema_release(rnl_config_fields, config);
    rnl_tree_free(&config->tree);
    free(config->reuse.path);
    free(config->reuse.entries);
    free(config);
}

const char *rnl_config_name(const rnl_config *config)
{
    return config->name;
}

const char *rnl_config_optimizer(const rnl_config *config)
{
    return config->training.optimizer.kind->name;
}

int rnl_config_inspects(const rnl_config *config)
{
    return config->training.inspect;
}

uint64_t rnl_config_traces(const rnl_config *config)
{
    return (uint64_t)config->training.trace.every;
}

int rnl_config_tensorboard(const rnl_config *config)
{
    return config->training.tensorboard;
}

size_t rnl_config_folds(const rnl_config *config)
{
    return rnl_split_folds(&config->data);
}

int rnl_config_stratifies(const rnl_config *config)
{
    return rnl_split_stratifies_folds(&config->data);
}

rnl_status rnl_reuse_check(const rnl_config *config)
{
    return config->reuse.missing
               ? rnl_fail_at(config->reuse.place, "reuse: %s does not exist", config->reuse.path)
               : RNL_OK;
}

rnl_status rnl_config_print(const rnl_config *config, char **text)
{
    RNL_TRY(rnl_reuse_check(config));
    RNL_OWN_FLOATING_MODE;
    return rnl_schema_print_yaml(rnl_config_fields, config, text);
}

rnl_status rnl_config_print_json(const rnl_config *config, char **text)
{
    return rnl_schema_print_json(rnl_config_fields, config, text);
}
