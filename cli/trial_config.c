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
    if (comparison->repeats)
        added &= add_override(list, "training.seed=%" PRIu64, trial->seed);
    if (trial->fold > 0) {
        added &= add_override(list, "data.validation=null");
        added &= add_override(list, "data.validation_split=0");
        added &= add_override(
            list, arguments->stratified ? "data.folds={stratified: %zu}" : "data.folds=%zu",
            arguments->folds);
        added &= add_override(list, "data.fold=%zu", trial->fold);
    }
    return added;
}

static void free_list(override_list *list)
{
    for (size_t i = 0; i < list->text_count; ++i)
        free(list->texts[i]);
    free(list->items);
}

int rnl_trial_config_load(rnl_config **config, const rnl_comparison *comparison,
                          const rnl_combination *combination, const rnl_trial *trial,
                          const rnl_compare_arguments *arguments, const char *optimizer)
{
    const size_t most = arguments->common.override_count + MOST_TEXTS;
    override_list list = {.items = calloc(most, sizeof *list.items)};
    const bool filled =
        list.items && fill_overrides(&list, comparison, combination, trial, arguments, optimizer);
    const int code = filled ? rnl_complain_status(rnl_config_load(
                                  config, arguments->common.operands[0], list.items, list.count))
                            : rnl_complain_memory();
    free_list(&list);
    return code;
}
