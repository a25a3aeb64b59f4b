#include "cli/comparison.h"
#include "cli/comparison_names.h"
#include "cli/figure_format.h"
#include "cli/text_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Geron, "Hands-On Machine Learning" (2022), table 11-2: from * to ***. */
static const struct {
    const char *optimizer, *speed, *quality;
} literature[] = {
    {"sgd", "*", "***"},
    {"momentum", "**", "***"},
    {"nesterov", "**", "***"},
    {"adagrad", "***", "*"},
    {"rmsprop", "***", "** or ***"},
    {"adam", "***", "** or ***"},
    {"adamax", "***", "** or ***"},
    {"nadam", "***", "** or ***"},
    {"adamw", "***", "** or ***"},
};

/* The variation that is one of optimizers by their bare names; the number of variations if none. */
static size_t optimizer_variation(const rnl_comparison *comparison)
{
    size_t i = 0;
    while (i < comparison->varied &&
           strcmp(comparison->variations[i].key, "training.optimizer") != 0)
        ++i;
    return i;
}

static void add_literature(rnl_text_table *table, const char *optimizer)
{
    for (size_t i = 0; i < sizeof literature / sizeof *literature; ++i)
        if (strcmp(literature[i].optimizer, optimizer) == 0) {
            rnl_text_table_add(table, "%s", literature[i].speed);
            rnl_text_table_add(table, "%s", literature[i].quality);
            return;
        }
    rnl_text_table_add(table, "-");
    rnl_text_table_add(table, "-");
}

/* Pairs of trials, more than one, of a combination and the first. */
static bool has_pairs(const rnl_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; ++i)
        if (comparison->combinations[i].to_first.pairs > 1)
            return rnl_comparison_setting_size(comparison) < comparison->count;
    return false;
}

static void add_header(rnl_text_table *table, const rnl_comparison *comparison)
{
    for (size_t v = 0; v < comparison->varied; ++v)
        rnl_text_table_add(table, "%s", rnl_comparison_key_name(comparison, v));
    if (comparison->rates > 0)
        rnl_text_table_add(table, "learning rate");
    rnl_text_table_add(table, "%s", comparison->metric);
    rnl_text_table_add(table, "+/-");
    rnl_text_table_add(table, "rank");
    rnl_text_table_add(table, "time/epoch");
    rnl_text_table_add(table, "epochs to %.4g", comparison->target);
    rnl_text_table_add(table, "time");
    if (has_pairs(comparison))
        rnl_text_table_add(table, "to the first");
    if (optimizer_variation(comparison) < comparison->varied) {
        rnl_text_table_add(table, "books: speed");
        rnl_text_table_add(table, "quality");
    }
}

static void add_number(rnl_text_table *table, const char *format, double number)
{
    char text[48];
    snprintf(text, sizeof text, format, number);
    rnl_text_table_add(table, "%s", isfinite(number) ? text : "-");
}

static void add_figure(rnl_text_table *table, double figure)
{
    char text[RNL_FIGURE_LENGTH];
    rnl_figure_format(text, figure);
    rnl_text_table_add(table, "%s", isfinite(figure) ? text : "-");
}

static void add_time(rnl_text_table *table, double seconds)
{
    char text[RNL_FIGURE_LENGTH];
    rnl_time_format(text, seconds);
    rnl_text_table_add(table, "%s", isfinite(seconds) ? text : "-");
}

/* 12.0 (4 of 5), never (1 of 5) */
static void add_epochs_to_target(rnl_text_table *table, const rnl_combination *c)
{
    char median[32];
    snprintf(median, sizeof median, "%.1f", c->epochs_to_target);
    const char *epochs = isfinite(c->epochs_to_target) ? median : "never";
    if (c->reached == c->count)
        rnl_text_table_add(table, "%s", epochs);
    else
        rnl_text_table_add(table, "%s (%zu of %zu)", epochs, c->reached, c->count);
}

/* +0.0123 (0.0101 to 0.0145) */
static void add_difference(rnl_text_table *table, const rnl_comparison *comparison,
                           const rnl_combination *c)
{
    const rnl_paired_difference *d = &c->to_first;
    char mean[RNL_FIGURE_LENGTH], low[RNL_FIGURE_LENGTH], high[RNL_FIGURE_LENGTH];
    rnl_figure_format(mean, d->mean);
    rnl_figure_format(low, d->low);
    rnl_figure_format(high, d->high);
    if (c == rnl_comparison_first(comparison) || d->pairs < 2)
        rnl_text_table_add(table, "-");
    else
        rnl_text_table_add(table, "%s%s (%s to %s)", d->mean > 0 ? "+" : "", mean, low, high);
}

static void add_combination(rnl_text_table *table, const rnl_comparison *comparison,
                            const rnl_combination *c)
{
    for (size_t v = 0; v < comparison->varied; ++v) {
        char *name = rnl_comparison_value_name(comparison, c, v, false);
        rnl_text_table_add(table, "%s", name ? name : "");
        table->failed |= !name;
        free(name);
    }
    if (comparison->rates > 0)
        add_number(table, "%.3g", c->learning_rate);
    add_figure(table, c->mean);
    add_figure(table, c->deviation);
    if (c->rank > 0)
        rnl_text_table_add(table, "%zu", c->rank);
    else
        rnl_text_table_add(table, "-");
    add_time(table, c->seconds_per_epoch);
    add_epochs_to_target(table, c);
    add_time(table, c->seconds_to_target);
    if (has_pairs(comparison))
        add_difference(table, comparison, c);
    const size_t optimizer = optimizer_variation(comparison);
    if (optimizer < comparison->varied)
        add_literature(table, c->values[optimizer]);
}

static bool print_table(const rnl_comparison *comparison, bool markdown, bool optimizers)
{
    rnl_text_table table = {.columns = comparison->varied + (comparison->rates > 0) + 6 +
                                       has_pairs(comparison) + (optimizers ? 2 : 0)};
    add_header(&table, comparison);
    for (size_t i = 0; i < comparison->count; ++i)
        if (comparison->combinations[i].chosen)
            add_combination(&table, comparison, &comparison->combinations[i]);
    const bool printed =
        markdown ? rnl_text_table_print_markdown(&table) : rnl_text_table_print(&table);
    rnl_text_table_release(&table);
    return printed;
}

/* What the columns mean. */
static void print_notes(const rnl_comparison *comparison, bool optimizers)
{
    rnl_comparison_print_legend(comparison);
    printf("epochs and time to %s %.4g: medians of %zu trial%s, a miss counting as infinite; the "
           "target is %s\n",
           comparison->metric, comparison->target, comparison->combinations->count,
           comparison->combinations->count == 1 ? "" : "s",
           comparison->target_given ? "given"
                                    : "98 % of the best, chosen afterwards: see --target");
    if (has_pairs(comparison))
        printf("to the first: mean difference over the same seeds and folds, with its interval of "
               "95 %% (Student)\n");
    if (comparison->rates > 1)
        printf("learning rate: the best of %zu, %s\n", comparison->rates,
               comparison->target_given ? "by the time to the target" : "by the mean");
    if (optimizers)
        printf("books: Geron, Hands-On Machine Learning (2022), table 11-2: * bad, ** average, "
               "*** good\n");
}

bool rnl_comparison_print(const rnl_comparison *comparison, bool markdown)
{
    const bool optimizers = optimizer_variation(comparison) < comparison->varied;
    if (!print_table(comparison, markdown, optimizers))
        return false;
    if (markdown)
        putchar('\n');
    print_notes(comparison, optimizers);
    return true;
}
