#include "cli/loss_grid.h"
#include "cli/messages.h"
#include "cli/text_file.h"

#include <runnel/runnel.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Points between two that are computed, and those. */
#define STRIDE 4

#define MODEL  "model.safetensors"

/* A parameter that moves within its tensor. */
typedef struct mover {
    char tensor[RNL_PARAMETER_NAME];
    float *values; /* (count) of the tensor */
    size_t count, index;
} mover;

typedef struct surface {
    rnl_model *model;
    rnl_data *data;
    mover movers[2];
} surface;

/* "dense_1.kernel.2.0" is in the tensor "dense_1.kernel". */
static bool find_tensor(const rnl_model *model, const char *name, rnl_parameter_description *d)
{
    for (size_t p = 0; p < rnl_model_parameter_count(model); ++p) {
        if (rnl_model_describe_parameter(model, p, d) != RNL_OK)
            return false;
        const size_t length = strlen(d->name);
        if (strncmp(name, d->name, length) == 0 && name[length] == '.')
            return true;
    }
    return false;
}

static bool set_mover(mover *m, const rnl_model *model, const char *name)
{
    rnl_parameter_description d;
    size_t at[2] = {0, 0};
    if (!find_tensor(model, name, &d)) {
        rnl_complain("the model has no parameter '%s'", name);
        return false;
    }
    sscanf(name + strlen(d.name), ".%zu.%zu", &at[0], &at[1]);
    m->index = d.rank == 2 ? at[0] * d.shape[1] + at[1] : at[0];
    m->count = d.count;
    m->values = malloc(d.count * sizeof *m->values);
    snprintf(m->tensor, sizeof m->tensor, "%s", d.name);
    if (m->index >= d.count) {
        rnl_complain("the model has no parameter '%s'", name);
        return false;
    }
    if (!m->values)
        return rnl_complain_memory() == RNL_EXIT_OK;
    return rnl_complain_status(rnl_model_get_parameter(model, m->tensor, m->values, m->count)) ==
           RNL_EXIT_OK;
}

/* Both may be in one tensor, so each is read before it is set. */
static rnl_status move(const surface *s, int which, double value)
{
    const mover *m = &s->movers[which];
    rnl_status status = rnl_model_get_parameter(s->model, m->tensor, m->values, m->count);
    m->values[m->index] = (float)value;
    if (status == RNL_OK)
        status = rnl_model_set_parameter(s->model, m->tensor, m->values, m->count);
    return status;
}

/* A loss that overflows is none to be drawn. */
static rnl_status evaluate(const surface *s, double *loss)
{
    rnl_evaluation *evaluation = NULL;
    const rnl_options options = {.threads = 1, .pin = RNL_PIN_OFF};
    *loss = NAN;
    const rnl_status status = rnl_evaluate(s->model, s->data, RNL_TRAIN, &options, &evaluation);
    if (status == RNL_NOT_FINITE)
        return RNL_OK;
    if (status == RNL_OK)
        *loss = evaluation->figures[0].value;
    rnl_evaluation_free(evaluation);
    return status;
}

static double place(const rnl_loss_grid *grid, int which, size_t i)
{
    return grid->from[which] +
           (grid->to[which] - grid->from[which]) * (double)i / (RNL_GRID_SIDE - 1);
}

static rnl_status walk(rnl_loss_grid *grid, const surface *s)
{
    rnl_status status = RNL_OK;
    for (size_t j = 0; j < RNL_GRID_SIDE && status == RNL_OK; j += STRIDE) {
        status = move(s, 1, place(grid, 1, j));
        for (size_t i = 0; i < RNL_GRID_SIDE && status == RNL_OK; i += STRIDE) {
            status = move(s, 0, place(grid, 0, i));
            if (status == RNL_OK)
                status = evaluate(s, &grid->loss[j * RNL_GRID_SIDE + i]);
        }
    }
    return status;
}

/* A computed point of a line; one beyond its ends continues the parabola of the last three. */
static double computed(const double *line, size_t step, long k)
{
    enum { LAST = (RNL_GRID_SIDE - 1) / STRIDE };
    const size_t one = step * STRIDE;
    if (k < 0)
        return 3 * line[0] - 3 * line[one] + line[2 * one];
    if (k > LAST)
        return 3 * line[LAST * one] - 3 * line[(LAST - 1) * one] + line[(LAST - 2) * one];
    return line[(size_t)k * one];
}

/* Catmull and Rom: exact for parabolas. */
static void fill_line(double *line, size_t step)
{
    for (size_t i = 0; i < RNL_GRID_SIDE; ++i) {
        const long k = (long)(i / STRIDE);
        const double t = (double)(i % STRIDE) / STRIDE;
        if (i % STRIDE == 0)
            continue;
        const double a = computed(line, step, k - 1), b = computed(line, step, k),
                     c = computed(line, step, k + 1), d = computed(line, step, k + 2);
        line[i * step] = b + t * ((c - a) / 2 + t * (a - 2.5 * b + 2 * c - d / 2 +
                                                     t * (1.5 * (b - c) + (d - a) / 2)));
    }
}

static void fill(rnl_loss_grid *grid)
{
    for (size_t j = 0; j < RNL_GRID_SIDE; j += STRIDE)
        fill_line(grid->loss + j * RNL_GRID_SIDE, 1);
    for (size_t i = 0; i < RNL_GRID_SIDE; ++i)
        fill_line(grid->loss + i, RNL_GRID_SIDE);
}

/* The model of a run's directory, or beside its trace.csv; NULL, and complains, without memory. */
static char *model_of(const char *run)
{
    struct stat about;
    const char *name = strrchr(run, '/');
    if (stat(run, &about) != 0 || !S_ISREG(about.st_mode))
        return rnl_path_of(run, MODEL);
    char *path = NULL;
    if (asprintf(&path, "%.*s" MODEL, name ? (int)(name + 1 - run) : 0, run) >= 0)
        return path;
    rnl_complain_memory();
    return NULL;
}

static bool load(surface *s, const char *run)
{
    char *path = model_of(run);
    if (!path)
        return false;
    rnl_status status = rnl_model_load(&s->model, path, NULL, 0);
    free(path);
    if (status == RNL_OK)
        status = rnl_data_load_for(&s->data, s->model, RNL_TRAIN);
    return rnl_complain_status(status) == RNL_EXIT_OK;
}

bool rnl_loss_grid_compute(rnl_loss_grid *grid, const char *run, const char *const names[2])
{
    surface s = {0};
    bool right = load(&s, run);
    for (int i = 0; i < 2 && right; ++i)
        right = set_mover(&s.movers[i], s.model, names[i]);
    right = right && rnl_complain_status(walk(grid, &s)) == RNL_EXIT_OK;
    if (right)
        fill(grid);
    free(s.movers[0].values);
    free(s.movers[1].values);
    rnl_data_free(s.data);
    rnl_model_free(s.model);
    return right;
}
