#include "cli/figure_format.h"
#include "cli/history_table.h"
#include "cli/learning_curves.h"
#include "cli/messages.h"
#include "cli/page.h"
#include "cli/report.h"
#include "cli/text_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- history --------------------------------------------------------------------------------- */

static void write_last(FILE *page, const rnl_history_table *table)
{
    if (table->rows == 0)
        return;
    rnl_page_heading(page, 3, "After the last epoch");
    rnl_page_table_begin(page);
    rnl_page_row(page);
    for (size_t c = 0; c < table->columns; ++c)
        rnl_page_cell(page, "%s", table->names[c]);
    rnl_page_row(page);
    for (size_t c = 0; c < table->columns; ++c) {
        char value[RNL_FIGURE_LENGTH];
        const double number = rnl_history_value(table, table->rows - 1, c);
        if (isnan(number) && strcmp(table->names[c], "momentum") == 0)
            *value = '\0';
        else if (number == floor(number) && fabs(number) < 1e15)
            snprintf(value, sizeof value, "%.0f", number);
        else
            rnl_figure_format(value, number);
        rnl_page_cell(page, "%s", value);
    }
    rnl_page_table_end(page);
}

static bool draw_curves(FILE *page, const char *name, const rnl_history_table *table)
{
    rnl_learning_curves curves;
    const rnl_named_history run = {name, table, false};
    if (!rnl_learning_curves_create(&curves, &run, 1, NULL))
        return false;
    bool drawn = true;
    rnl_page_heading(page, 3, "Learning curves");
    rnl_page_drawings_begin(page);
    for (size_t i = 0; i < curves.count && drawn; ++i)
        drawn = rnl_page_plot(page, &curves.plots[i]);
    rnl_page_drawings_end(page);
    rnl_learning_curves_release(&curves);
    return drawn;
}

static bool write_history(FILE *page, const char *directory)
{
    rnl_history_table table = {0};
    char *path = rnl_path_of(directory, "history.csv");
    bool right = path && rnl_history_read(&table, path);
    if (right) {
        write_last(page, &table);
        right = draw_curves(page, directory, &table);
    }
    rnl_history_table_release(&table);
    free(path);
    return right;
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static void write_class(FILE *page, const rnl_model *model, size_t class)
{
    const char *name = rnl_model_class_name(model, class);
    if (name)
        rnl_page_cell(page, "%s", name);
    else
        rnl_page_cell(page, "%zu", class);
}

static void write_confusion(FILE *page, const rnl_evaluation *e, const rnl_model *model)
{
    rnl_page_text(page, "Confusion: rows are true classes, columns predicted ones.");
    rnl_page_table_begin(page);
    rnl_page_row(page);
    rnl_page_cell(page, "%s", "");
    for (size_t c = 0; c < e->classes; ++c)
        write_class(page, model, c);
    for (size_t t = 0; t < e->classes; ++t) {
        rnl_page_row(page);
        write_class(page, model, t);
        for (size_t c = 0; c < e->classes; ++c)
            rnl_page_cell(page, "%" PRIu64, e->confusion[t * e->classes + c]);
    }
    rnl_page_table_end(page);
}

static void write_evaluation(FILE *page, const rnl_evaluation *e, const rnl_model *model,
                             const char *rows)
{
    enum { MOST_CLASSES = 30 };
    rnl_page_text(page, "On %zu %s rows:", e->rows, rows);
    rnl_page_table_begin(page);
    for (size_t i = 0; i < e->figure_count; ++i) {
        char value[RNL_FIGURE_LENGTH];
        rnl_figure_format(value, e->figures[i].value);
        rnl_page_row(page);
        rnl_page_cell(page, "%s", e->figures[i].name);
        rnl_page_cell(page, "%s", value);
    }
    rnl_page_table_end(page);
    if (e->classes > 0 && e->classes <= MOST_CLASSES)
        write_confusion(page, e, model);
}

/* Figures of test rows, or else of validation rows; the page says why there is none. */
static void evaluate(FILE *page, const rnl_model *model)
{
    rnl_data *data = NULL;
    rnl_evaluation *evaluation = NULL;
    rnl_part part = RNL_TEST;
    rnl_page_heading(page, 3, "Evaluation");
    rnl_status status = rnl_data_load_for(&data, model, RNL_TEST | RNL_VALIDATION);
    if (status == RNL_OK && rnl_data_rows(data, RNL_TEST) == 0)
        part = RNL_VALIDATION;
    if (status == RNL_OK && rnl_data_rows(data, part) == 0)
        rnl_page_text(page, "There are no test rows and no validation rows.");
    else if (status == RNL_OK)
        status = rnl_evaluate(model, data, part, NULL, &evaluation);
    if (status != RNL_OK)
        rnl_page_text(page, "Not evaluated: %s", rnl_message());
    if (evaluation)
        write_evaluation(page, evaluation, model, part == RNL_TEST ? "test" : "validation");
    rnl_evaluation_free(evaluation);
    rnl_data_free(data);
}

/* ---- inspection ------------------------------------------------------------------------------ */

/* The cells of a line of numbers and names. */
static void write_line(FILE *page, const char *line, size_t length)
{
    rnl_page_row(page);
    for (const char *at = line, *end = line + length; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        rnl_page_cell(page, "%.*s", (int)(stop - at), at);
        at = stop + 1;
    }
}

/* The header, and the lines of the last epoch. */
static void write_inspection(FILE *page, const char *text)
{
    const size_t header = strcspn(text, "\n");
    const char *last = text;
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (strcspn(at, "\n") > 0 && at[strcspn(at, "\n")] == '\n')
            last = at;
    const int epoch = (int)strcspn(last, ",");
    rnl_page_heading(page, 3, "Layers after the last epoch");
    rnl_page_table_begin(page);
    write_line(page, text, header);
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (at != text && strncmp(at, last, (size_t)epoch + 1) == 0)
            write_line(page, at, strcspn(at, "\n"));
    rnl_page_table_end(page);
}

static bool inspect(FILE *page, const char *directory)
{
    char *path = rnl_path_of(directory, "inspect.csv");
    char *text = path && access(path, F_OK) == 0 ? rnl_text_read(path) : NULL;
    const bool right = path && (text || access(path, F_OK) != 0);
    if (text)
        write_inspection(page, text);
    free(text);
    free(path);
    return right;
}

/* ---- the section ----------------------------------------------------------------------------- */

static void write_model(FILE *page, const rnl_model *model)
{
    char *text = NULL;
    evaluate(page, model);
    if (rnl_model_summary(model, &text) == RNL_OK)
        rnl_page_fold(page, "Layers and memory", text);
    rnl_text_free(text);
    text = NULL;
    if (rnl_config_print(rnl_model_config(model), &text) == RNL_OK)
        rnl_page_fold(page, "Configuration", text);
    rnl_text_free(text);
}

/* A run that still trains has no model yet. */
static bool write_model_of(FILE *page, const char *directory)
{
    rnl_model *model = NULL;
    char *path = rnl_path_of(directory, "model.safetensors");
    if (!path)
        return false;
    const bool there = access(path, F_OK) == 0;
    const bool right = !there || rnl_model_load(&model, path, NULL, 0) == RNL_OK;
    if (!right)
        rnl_complain("%s", rnl_message());
    if (model)
        write_model(page, model);
    else if (right)
        rnl_page_text(page, "There is no model yet.");
    rnl_model_free(model);
    free(path);
    return right;
}

bool rnl_report_run(FILE *page, const char *directory)
{
    rnl_page_heading(page, 2, directory);
    return write_history(page, directory) && inspect(page, directory) &&
           write_model_of(page, directory);
}
