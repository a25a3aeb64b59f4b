#include "cli/trial_config.h"
#include "cli/messages.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_TEXTS (RNL_MAX_VARIED + 8)

/* Overrides in the order of their weight: the user's, the combination's, the trial's. */
typedef struct override_list {
    const char **items;
    size_t count;
    char *texts[MOST_TEXTS];
    size_t text_count;
} override_list;

__attribute__((format(printf, 2, 3))) static bool add_override(override_list *list,
                                                               const char *format, ...)
{
    char *text;
    va_list values;
    va_start(values, format);
    const int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0)
        return false;
    list->items[list->count++] = list->texts[list->text_count++] = text;
    return true;
}

static bool fill_overrides(override_list *list, const rnl_comparison *comparison,
                           const rnl_combination *c, const rnl_trial *trial,
                           const rnl_compare_arguments *arguments, const char *optimizer)
{
    bool added = true;
    for (size_t i = 0; i < arguments->common.override_count; ++i)
        list->items[list->count++] = arguments->common.overrides[i];
    for (size_t v = 0; v < comparison->varied; ++v)
        added &= add_override(list, "%s=%s", comparison->variations[v].key, c->values[v]);
    if (optimizer)
        added &= add_override(list, "training.optimizer.%s.learning_rate=%.9g", optimizer,
                              c->learning_rate);
    if (arguments->budget > 0)
        added &= add_override(list, "training.max_seconds=%.9g", arguments->budget);
    if (comparison->repeats)
        added &= add_override(list, "training.seed=%" PRIu64, trial->seed);
    return added;
}

static bool add_folds(override_list *list, size_t folds, bool stratified, size_t fold)
{
    return add_override(list, "data.validation=null") &&
           add_override(list, "data.validation_split=0") &&
           add_override(list, stratified ? "data.folds={stratified: %zu}" : "data.folds=%zu",
                        folds) &&
           add_override(list, "data.fold=%zu", fold);
}

static void free_list(override_list *list)
{
    for (size_t i = 0; i < list->text_count; ++i)
        free(list->texts[i]);
    free(list->items);
}

static int load(rnl_config **config, const override_list *list,
                const rnl_compare_arguments *arguments)
{
    return rnl_complain_status(
        rnl_config_load(config, arguments->common.operands[0], list->items, list->count));
}

/* Replaces the configuration by that of a fold; data.folds that are stratified stay so. */
static int load_with_folds(rnl_config **config, override_list *list, const rnl_trial *trial,
                           const rnl_compare_arguments *arguments)
{
    const bool stratified = arguments->stratified || rnl_config_stratifies(*config);
    rnl_config_free(*config);
    *config = NULL;
    return add_folds(list, arguments->folds, stratified, trial->fold)
               ? load(config, list, arguments)
               : rnl_complain_memory();
}

int rnl_trial_config_load(rnl_config **config, const rnl_comparison *comparison,
                          const rnl_combination *combination, const rnl_trial *trial,
                          const rnl_compare_arguments *arguments, const char *optimizer)
{
    const size_t most = arguments->common.override_count + MOST_TEXTS;
    override_list list = {.items = calloc(most, sizeof *list.items)};
    const bool filled =
        list.items && fill_overrides(&list, comparison, combination, trial, arguments, optimizer);
    int code = filled ? load(config, &list, arguments) : rnl_complain_memory();
    if (code == RNL_EXIT_OK && trial->fold > 0)
        code = load_with_folds(config, &list, trial, arguments);
    free_list(&list);
    return code;
}
