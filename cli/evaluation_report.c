#include "cli/evaluation_report.h"
#include "cli/figure_format.h"
#include "cli/text_table.h"

#include <inttypes.h>
#include <stdio.h>

static void add_figures(rnl_text_table *table, const rnl_evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->figure_count; i++) {
        char value[RNL_FIGURE_LENGTH];
        rnl_figure_format(value, evaluation->figures[i].value);
        rnl_text_table_add(table, "%s", evaluation->figures[i].name);
        rnl_text_table_add(table, "%s", value);
    }
}

static uint64_t count_at(const rnl_evaluation *evaluation, size_t truth, size_t predicted)
{
    return evaluation->confusion[truth * evaluation->classes + predicted];
}

static void add_class_name(rnl_text_table *table, const rnl_model *model, size_t class)
{
    const char *name = rnl_model_class_name(model, class);
    if (name)
        rnl_text_table_add(table, "%s", name);
    else
        rnl_text_table_add(table, "%zu", class);
}

static void add_confusion(rnl_text_table *table, const rnl_evaluation *evaluation,
                          const rnl_model *model)
{
    rnl_text_table_add(table, "true");
    for (size_t predicted = 0; predicted < evaluation->classes; predicted++)
        add_class_name(table, model, predicted);
    for (size_t truth = 0; truth < evaluation->classes; truth++) {
        add_class_name(table, model, truth);
        for (size_t predicted = 0; predicted < evaluation->classes; predicted++)
            rnl_text_table_add(table, "%" PRIu64, count_at(evaluation, truth, predicted));
    }
}

/* The mean of the quotients that have a value. */
typedef struct mean {
    double sum;
    size_t count;
} mean;

static void add_quotient(rnl_text_table *table, mean *average, double numerator, double denominator)
{
    if (denominator > 0) {
        average->sum += numerator / denominator;
        average->count++;
        rnl_text_table_add(table, "%.4f", numerator / denominator);
    } else {
        rnl_text_table_add(table, "-");
    }
}

static void add_mean(rnl_text_table *table, const mean *average)
{
    mean unused = {0};
    add_quotient(table, &unused, average->sum, (double)average->count);
}

/* precision = hits / predicted, recall = hits / support, F1 = 2 hits / (predicted + support) */
static void add_classes(rnl_text_table *table, const rnl_evaluation *evaluation,
                        const rnl_model *model)
{
    static const char *const heads[] = {"class", "precision", "recall", "F1", "support"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        rnl_text_table_add(table, "%s", heads[i]);
    mean precision = {0}, recall = {0}, f1 = {0};
    uint64_t total = 0;
    for (size_t label = 0; label < evaluation->classes; label++) {
        uint64_t support = 0, predicted = 0;
        for (size_t other = 0; other < evaluation->classes; other++) {
            support += count_at(evaluation, label, other);
            predicted += count_at(evaluation, other, label);
        }
        const double hits = (double)count_at(evaluation, label, label);
        add_class_name(table, model, label);
        add_quotient(table, &precision, hits, (double)predicted);
        add_quotient(table, &recall, hits, (double)support);
        add_quotient(table, &f1, 2 * hits, (double)predicted + (double)support);
        rnl_text_table_add(table, "%" PRIu64, support);
        total += support;
    }
    rnl_text_table_add(table, "macro average");
    add_mean(table, &precision);
    add_mean(table, &recall);
    add_mean(table, &f1);
    rnl_text_table_add(table, "%" PRIu64, total);
}

bool rnl_evaluation_report(const rnl_evaluation *evaluation, const rnl_model *model,
                           const char *rows)
{
    rnl_text_table figures = {.columns = 2};
    rnl_text_table confusion = {.columns = evaluation->classes + 1};
    rnl_text_table classes = {.columns = 5};
    add_figures(&figures, evaluation);
    printf("%s: %zu rows\n\n", rows, evaluation->rows);
    bool printed = rnl_text_table_print(&figures);
    if (evaluation->classes > 0) {
        add_confusion(&confusion, evaluation, model);
        add_classes(&classes, evaluation, model);
        puts("\nConfusion matrix: a row for each true class, a column for each predicted one\n");
        printed = printed && rnl_text_table_print(&confusion);
        putchar('\n');
        printed = printed && rnl_text_table_print(&classes);
    }
    rnl_text_table_release(&figures);
    rnl_text_table_release(&confusion);
    rnl_text_table_release(&classes);
    return printed;
}
