#include "cli/evaluation_report.h"
#include "cli/figure_format.h"
#include "cli/text_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void add_figures(rnl_text_table *table, const rnl_evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->figure_count; ++i) {
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

/* A class's name, or its number. */
static const char *class_name(char number[24], const rnl_model *model, size_t class)
{
    const char *name = rnl_model_class_name(model, class);
    snprintf(number, 24, "%zu", class);
    return name ? name : number;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* The width of a class's name and of the counts of rows predicted to be of the class. */
static int column_width(const rnl_evaluation *evaluation, const rnl_model *model, size_t predicted)
{
    char number[24];
    int width = rnl_text_width(class_name(number, model, predicted));
    for (size_t truth = 0; truth < evaluation->classes; ++truth)
        width =
            larger(width, snprintf(NULL, 0, "%" PRIu64, count_at(evaluation, truth, predicted)));
    return width;
}

static void print_truth(const rnl_evaluation *evaluation, const int *widths, size_t truth)
{
    for (size_t predicted = 0; predicted < evaluation->classes; ++predicted)
        printf("%*" PRIu64, widths[predicted] + RNL_TABLE_GAP,
               count_at(evaluation, truth, predicted));
    putchar('\n');
}

/* Looks like a text table, but makes no text for each of its many cells. */
static bool print_confusion(const rnl_evaluation *evaluation, const rnl_model *model)
{
    static const char corner[] = "true";
    char number[24];
    int first = rnl_text_width(corner);
    int *widths = calloc(evaluation->classes, sizeof *widths);
    if (!widths)
        return false;
    for (size_t i = 0; i < evaluation->classes; ++i) {
        widths[i] = column_width(evaluation, model, i);
        first = larger(first, rnl_text_width(class_name(number, model, i)));
    }
    printf("%-*s", first, corner);
    for (size_t i = 0; i < evaluation->classes; ++i) {
        const char *name = class_name(number, model, i);
        printf("%*s%s", widths[i] + RNL_TABLE_GAP - rnl_text_width(name), "", name);
    }
    putchar('\n');
    for (size_t i = 0; i < evaluation->classes; ++i) {
        const char *name = class_name(number, model, i);
        printf("%s%*s", name, first - rnl_text_width(name), "");
        print_truth(evaluation, widths, i);
    }
    free(widths);
    return true;
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
        ++average->count;
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
    for (size_t i = 0; i < sizeof heads / sizeof *heads; ++i)
        rnl_text_table_add(table, "%s", heads[i]);
    mean precision = {0}, recall = {0}, f1 = {0};
    uint64_t total = 0;
    for (size_t label = 0; label < evaluation->classes; ++label) {
        uint64_t support = 0, predicted = 0;
        for (size_t other = 0; other < evaluation->classes; ++other) {
            support += count_at(evaluation, label, other);
            predicted += count_at(evaluation, other, label);
        }
        const double hits = (double)count_at(evaluation, label, label);
        char number[24];
        rnl_text_table_add(table, "%s", class_name(number, model, label));
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
    rnl_text_table classes = {.columns = 5};
    add_figures(&figures, evaluation);
    printf("%s: %zu rows\n\n", rows, evaluation->rows);
    bool printed = rnl_text_table_print(&figures);
    if (evaluation->classes > 0) {
        add_classes(&classes, evaluation, model);
        puts("\nConfusion matrix: a row for each true class, a column for each predicted one\n");
        printed = printed && print_confusion(evaluation, model);
        putchar('\n');
        printed = printed && rnl_text_table_print(&classes);
    }
    rnl_text_table_release(&figures);
    rnl_text_table_release(&classes);
    return printed;
}

void rnl_evaluation_print_line(const rnl_evaluation *evaluation, const char *rows)
{
    for (size_t i = 0; i < evaluation->figure_count; ++i) {
        char value[RNL_FIGURE_LENGTH];
        rnl_figure_format(value, evaluation->figures[i].value);
        printf("%s%s %s %s", i == 0 ? rows : ",", i == 0 ? ":" : "", evaluation->figures[i].name,
               value);
    }
    printf(" (%zu rows)\n", evaluation->rows);
}
