/*
 * `runnel help config` answers every path that a configuration can hold.
 */
#include "engine/schema/config.h"
#include "engine/schema/schema.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 4 };

static size_t asked;

static void walk_fields(const char *path, const rnl_field *fields, int depth);
static void walk_choice(const char *path, const rnl_kind_table *table, int depth);

static void ask(const char *path)
{
    char *text = NULL;
    cr_expect_eq(rnl_config_help(path, &text), RNL_OK, "%s: %s", path, rnl_message());
    rnl_text_free(text);
    ++asked;
}

/* What may stand behind a key: its value's own keys, kinds, numbers of items and names. */
static void walk_value(const char *path, const rnl_field *f, int depth)
{
    char item[520];
    snprintf(item, sizeof item, "%s.3", path);
    if (f->type == RNL_FIELD_SECTION)
        walk_fields(path, f->section, depth);
    else if (f->type == RNL_FIELD_KIND)
        walk_choice(path, f->kinds, depth);
    else if (f->type == RNL_FIELD_KIND_LIST || f->type == RNL_FIELD_KIND_MAP) {
        ask(item);
        walk_choice(item, f->kinds, depth);
    } else if (f->type == RNL_FIELD_NUMBER_LIST || f->type == RNL_FIELD_TEXT_LIST ||
               f->type == RNL_FIELD_NUMBER_MAP || f->type == RNL_FIELD_TEXT_MAP)
        ask(item);
}

static void walk_fields(const char *path, const rnl_field *fields, int depth)
{
    char key[512];
    for (const rnl_field *f = fields; f && f->key; ++f) {
        snprintf(key, sizeof key, "%s%s%s", path, *path ? "." : "", f->key);
        ask(key);
        walk_value(key, f, depth);
    }
}

static void walk_kind(const char *path, const rnl_kind_table *table, const rnl_kind *kind,
                      int depth)
{
    char name[520];
    walk_fields(path, kind->fields, depth);
    if (kind->shorthand)
        walk_value(path, rnl_kind_shorthand(kind), depth);
    snprintf(name, sizeof name, "%s.name", path);
    if (table->named)
        ask(name);
}

/* Layers hold layers: to a depth. */
static void walk_choice(const char *path, const rnl_kind_table *table, int depth)
{
    char kind[512];
    for (size_t i = 0; i < table->count && depth < DEEPEST; ++i) {
        snprintf(kind, sizeof kind, "%s.%s", path, table->kinds[i].name);
        ask(kind);
        walk_kind(kind, table, &table->kinds[i], depth + 1);
    }
    if (table->unnamed)
        walk_kind(path, table, table->unnamed, depth + 1);
}

Test(help, answers_every_path)
{
    walk_fields("", rnl_config_fields, 0);
    ask("model.layers.0.residual.layers.1.concatenate.branches.0.residual.layers.1.dense."
        "kernel_initializer.variance_scaling.distribution");
    ask("model.0.dense.like");
    ask("model.0.concatenate.0.1.dense.units");
    ask("model.0.residual.project");
    cr_expect_gt(asked, 1000);
}

Test(help, says_where_a_path_is_lost)
{
    static const char *const paths[][2] = {
        {"model.0.dense.unit", "model.0.dense has no 'unit'; did you mean 'units'?"},
        {"training.optimizer.adm.x", "training.optimizer has no 'adm'; did you mean 'adam'?"},
        {"data.validation_split.random.share",
         "data.validation_split.random has no 'share'; `runnel help config "
         "data.validation_split.random` tells what it has"},
        {"model.0.dense.nam", "model.0.dense has no 'nam'; did you mean 'name'?"},
        {"model.0.dense.lik", "model.0.dense has no 'lik'; did you mean 'like'?"},
        {"model.0.residual.projet", "model.0.residual has no 'projet'; did you mean 'project'?"},
        {"trainig.epochs", "the configuration has no 'trainig.epochs'; did you mean 'epochs'?"}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i) {
        char *text = NULL;
        cr_expect_eq(rnl_config_help(paths[i][0], &text), RNL_BAD_CONFIG);
        cr_expect_str_eq(rnl_message(), paths[i][1]);
    }
}

static void append(char *text, const char *word, size_t times)
{
    for (size_t i = 0; i < times; ++i)
        strcat(text, word);
}

Test(help, says_where_a_long_path_is_lost)
{
    char path[1200] = "model.layers.", *text = NULL;
    append(path, "0.residual.layers.", 55);
    strcat(path, "0.dense");
    ask(path);
    char expected[1200];
    snprintf(expected, sizeof expected, "%s has no 'unit'; did you mean 'units'?", path);
    strcat(path, ".unit");
    cr_expect_eq(rnl_config_help(path, &text), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), expected);
    strcpy(path, "model.");
    append(path, "0.residual.", 100);
    cr_expect_eq(rnl_config_help(path, &text), RNL_BAD_CONFIG);
    cr_expect_str_eq(rnl_message(), "expected a path of at most 1023 characters, got 1106");
}
