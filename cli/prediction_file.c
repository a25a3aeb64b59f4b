#include "cli/prediction_file.h"
#include "cli/output_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What to write of each row. */
typedef struct report {
    const rnl_prediction *prediction;
    const rnl_model *model;
    size_t classes; /* 0: values */
    bool probabilities;
    FILE *out;
} report;

/* A single output is the probability of the second of two classes. */
static float probability_of(const report *r, size_t row, size_t class)
{
    const float *values = r->prediction->values + row * r->prediction->outputs;
    if (r->prediction->outputs > 1)
        return values[class];
    return class == 1 ? values[0] : 1 - values[0];
}

static float deviation_of(const report *r, size_t row, size_t column)
{
    const size_t outputs = r->prediction->outputs;
    return r->prediction->deviations[row * outputs + (outputs > 1 ? column : 0)];
}

/* ---- CSV ------------------------------------------------------------------------------------- */

/* Tests if a cell without quotes would be read as something else: blanks around it are not read. */
static bool needs_quotes(const char *text)
{
    const size_t length = strlen(text);
    return strpbrk(text, ",\"\r\n") ||
           (length > 0 && (strchr(" \t", text[0]) || strchr(" \t", text[length - 1])));
}

static void print_quoted(FILE *out, const char *text)
{
    if (!needs_quotes(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; ++text)
        fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', out);
}

static void print_class(const report *r, size_t class)
{
    const char *name = rnl_model_class_name(r->model, class);
    if (name)
        print_quoted(r->out, name);
    else
        fprintf(r->out, "%zu", class);
}

/* "price_q0.1", or "output_q0.1" without a name. */
static void print_quantile(const report *r, const char *name, double quantile)
{
    char text[512];
    snprintf(text, sizeof text, "%.400s_q%.15g", name ? name : "output", quantile);
    print_quoted(r->out, text);
}

static void print_output(const report *r, size_t output)
{
    const char *name = rnl_model_output_name(r->model, output);
    const double quantile = rnl_model_output_quantile(r->model, output);
    if (!isnan(quantile))
        print_quantile(r, name, quantile);
    else if (name)
        print_quoted(r->out, name);
    else
        fprintf(r->out, "output_%zu", output + 1);
}

static size_t columns_of(const report *r)
{
    return r->classes > 0 ? r->classes : r->prediction->outputs;
}

static void print_head(const report *r)
{
    if (r->classes > 0 && !r->probabilities) {
        fputs(r->prediction->deviations ? "class,probability,deviation\n" : "class,probability\n",
              r->out);
        return;
    }
    for (size_t i = 0; i < columns_of(r); ++i) {
        fputs(i > 0 ? "," : "", r->out);
        if (r->classes > 0)
            print_class(r, i);
        else
            print_output(r, i);
    }
    for (size_t i = 0; r->prediction->deviations && i < columns_of(r); ++i)
        fprintf(r->out, ",deviation_%zu", i + 1);
    fputc('\n', r->out);
}

/* The value in a row's column: the model's output, or, behind all outputs, its deviation. */
static double value_of(const report *r, size_t row, size_t column)
{
    const size_t columns = columns_of(r);
    if (column >= columns)
        return (double)deviation_of(r, row, column - columns);
    if (r->classes > 0)
        return (double)probability_of(r, row, column);
    const size_t at = row * r->prediction->outputs + column;
    return r->prediction->exact_values ? r->prediction->exact_values[at]
                                       : (double)r->prediction->values[at];
}

static size_t width_of(const report *r)
{
    return columns_of(r) * (r->prediction->deviations ? 2 : 1);
}

static void print_row(const report *r, size_t row)
{
    const rnl_prediction *p = r->prediction;
    if (r->classes > 0 && !r->probabilities) {
        const size_t class = (size_t)p->classes[row];
        print_class(r, class);
        fprintf(r->out, ",%.9g", (double)probability_of(r, row, class));
        if (p->deviations)
            fprintf(r->out, ",%.9g", (double)deviation_of(r, row, class));
        fputc('\n', r->out);
        return;
    }
    const int digits = p->exact_values ? 15 : 9;
    for (size_t i = 0; i < width_of(r); ++i)
        fprintf(r->out, i > 0 ? ",%.*g" : "%.*g", digits, value_of(r, row, i));
    fputc('\n', r->out);
}

static void write_csv(const report *r)
{
    print_head(r);
    for (size_t row = 0; row < r->prediction->rows; ++row)
        print_row(r, row);
}

/* ---- .npy ------------------------------------------------------------------------------------ */

/* Version 1 of the format; the elements begin at a multiple of 64 bytes. */
static void write_npy_head(FILE *out, const char *type, const char *shape)
{
    enum { LENGTH = 128 - 10 };
    char header[LENGTH];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", type,
             shape);
    fwrite("\x93NUMPY\x01\x00", 1, 8, out);
    fputc(LENGTH, out);
    fputc(0, out);
    fprintf(out, "%-*s\n", LENGTH - 1, header);
}

static void write_npy(const report *r)
{
    const rnl_prediction *p = r->prediction;
    char shape[64];
    if (r->classes > 0 && !r->probabilities) {
        snprintf(shape, sizeof shape, "(%zu,)", p->rows);
        write_npy_head(r->out, "<i4", shape);
        fwrite(p->classes, sizeof *p->classes, p->rows, r->out);
        return;
    }
    snprintf(shape, sizeof shape, "(%zu, %zu)", p->rows, width_of(r));
    write_npy_head(r->out, p->exact_values ? "<f8" : "<f4", shape);
    for (size_t row = 0; row < p->rows; ++row)
        for (size_t i = 0; i < width_of(r); ++i) {
            const double value = value_of(r, row, i);
            const float narrow = (float)value;
            if (p->exact_values)
                fwrite(&value, sizeof value, 1, r->out);
            else
                fwrite(&narrow, sizeof narrow, 1, r->out);
        }
}

static bool ends_with_npy(const char *path)
{
    const size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".npy") == 0;
}

static bool write_file(report *r, const char *path)
{
    rnl_output_file output;
    if (!rnl_output_open(&output, path))
        return false;
    r->out = output.file;
    if (ends_with_npy(path))
        write_npy(r);
    else
        write_csv(r);
    return rnl_output_close(&output, true);
}

bool rnl_prediction_write(const rnl_prediction *prediction, const rnl_model *model,
                          bool probabilities, const char *path)
{
    report r = {prediction, model, rnl_model_classes(model), probabilities, stdout};
    if (path)
        return write_file(&r, path);
    write_csv(&r);
    return true;
}
