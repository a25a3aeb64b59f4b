#include "cli/trace_file.h"
#include "cli/messages.h"

#include <stdlib.h>

/* "dense_1.kernel.2.0": of input 2 and unit 0; "dense_1.bias.0". */
static void name_values(rnl_trace *trace, const rnl_parameter_description *d, size_t first)
{
    for (size_t i = 0; i < d->count; ++i) {
        char *name = trace->names[first + i];
        if (d->rank == 2)
            snprintf(name, sizeof trace->names[0], "%s.%zu.%zu", d->name, i / d->shape[1],
                     i % d->shape[1]);
        else
            snprintf(name, sizeof trace->names[0], "%s.%zu", d->name, i);
        trace->values[1 + first + i].name = name;
    }
}

static bool describe(rnl_trace *trace, size_t number, rnl_parameter_description *d)
{
    return rnl_model_describe_parameter(trace->model, number, d) == RNL_OK;
}

static bool name_all(rnl_trace *trace)
{
    rnl_parameter_description d;
    for (size_t p = 0; p < rnl_model_parameter_count(trace->model); ++p)
        trace->count += describe(trace, p, &d) ? d.count : 0;
    trace->values = calloc(1 + trace->count, sizeof *trace->values);
    trace->names = calloc(1 + trace->count, sizeof *trace->names);
    if (!trace->values || !trace->names)
        return false;
    trace->values[0].name = "step";
    for (size_t p = 0, first = 0; p < rnl_model_parameter_count(trace->model); ++p)
        if (describe(trace, p, &d)) {
            name_values(trace, &d, first);
            first += d.count;
        }
    return true;
}

/* Reads a tensor behind the `first` numbers before it. */
static bool read_tensor(rnl_trace *trace, const rnl_parameter_description *d, size_t first)
{
    float *numbers = malloc(d->count * sizeof *numbers);
    const bool read =
        numbers && rnl_model_get_parameter(trace->model, d->name, numbers, d->count) == RNL_OK;
    for (size_t i = 0; read && i < d->count; ++i)
        trace->values[1 + first + i].value = (double)numbers[i];
    free(numbers);
    return read;
}

static bool add_line(rnl_trace *trace, const rnl_progress *progress)
{
    rnl_parameter_description d;
    size_t first = 0;
    bool read = true;
    for (size_t p = 0; p < rnl_model_parameter_count(trace->model) && read; ++p) {
        read = describe(trace, p, &d) && read_tensor(trace, &d, first);
        first += d.count;
    }
    if (!read)
        return false;
    rnl_progress line = *progress;
    line.figures = trace->values;
    line.figure_count = 1 + trace->count;
    trace->values[0].value = (double)progress->step;
    rnl_history_add(&trace->file, &line);
    return true;
}

bool rnl_trace_open(rnl_trace *trace, const char *path, const rnl_model *model, size_t every)
{
    const uint64_t step = rnl_model_step(model);
    const rnl_history_kept kept = {.any = step > 0, .steps = step};
    *trace = (rnl_trace){.model = model, .every = every};
    trace->open = rnl_history_open(&trace->file, path, kept);
    if (!trace->open)
        return false;
    if (!name_all(trace)) {
        rnl_complain_memory();
        return false;
    }
    const rnl_progress beginning = {.epoch = 1, .rows = 1};
    if (step > 0 || add_line(trace, &beginning))
        return true;
    rnl_complain("%s", rnl_message());
    return false;
}

bool rnl_trace_step(rnl_trace *trace, const rnl_progress *progress)
{
    return progress->step % trace->every != 0 || add_line(trace, progress);
}

bool rnl_trace_close(rnl_trace *trace)
{
    const bool written = !trace->open || rnl_history_close(&trace->file);
    free(trace->values);
    free(trace->names);
    trace->values = NULL;
    trace->names = NULL;
    trace->open = false;
    return written;
}
