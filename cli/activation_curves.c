#include "cli/activation_curves.h"
#include "cli/messages.h"

#include <stdlib.h>
#include <string.h>

/* Points from -5 to 5, 0 among them, where many activations bend. */
#define POINTS 401
#define FROM   (-5.0)
#define TO     5.0

typedef struct activation {
    char *name;
    double y[POINTS], slope[POINTS];
} activation;

typedef struct memory {
    size_t count;
    double z[POINTS];
    rnl_curve *curves[2]; /* (count) each */
    activation *items;    /* (count) */
} memory;

/* The end of the list's first activation: a comma outside of brackets, or the end. */
static size_t length_of_first(const char *list)
{
    size_t depth = 0, i = 0;
    for (; list[i] && (depth > 0 || list[i] != ','); ++i) {
        depth += strchr("([{", list[i]) != NULL;
        depth -= depth > 0 && strchr(")]}", list[i]) != NULL;
    }
    return i;
}

static size_t count_of(const char *list)
{
    size_t count = 1;
    for (size_t length; list[length = length_of_first(list)]; list += length + 1)
        ++count;
    return count;
}

static bool compute(activation *a, const double *z)
{
    float from[POINTS], y[POINTS], slope[POINTS];
    for (size_t i = 0; i < POINTS; ++i)
        from[i] = (float)z[i];
    if (rnl_activation_values(a->name, from, y, slope, POINTS) != RNL_OK) {
        rnl_complain("--activation '%s': %s", a->name, rnl_message());
        return false;
    }
    for (size_t i = 0; i < POINTS; ++i) {
        a->y[i] = (double)y[i];
        a->slope[i] = (double)slope[i];
    }
    return true;
}

static bool fill(memory *m, const char *list)
{
    for (size_t i = 0; i < POINTS; ++i)
        m->z[i] = FROM + (TO - FROM) * (double)i / (POINTS - 1);
    for (size_t k = 0; k < m->count; ++k) {
        activation *a = &m->items[k];
        list += strspn(list, " ");
        const size_t length = length_of_first(list);
        a->name = strndup(list, length);
        list += length + 1;
        if (!a->name) {
            rnl_complain_memory();
            return false;
        }
        if (!compute(a, m->z))
            return false;
        m->curves[0][k] = (rnl_curve){a->name, POINTS, m->z, a->y};
        m->curves[1][k] = (rnl_curve){a->name, POINTS, m->z, a->slope};
    }
    return true;
}

static bool allocate(memory *m, size_t count)
{
    m->count = count;
    m->items = calloc(count, sizeof *m->items);
    for (size_t i = 0; i < 2; ++i)
        m->curves[i] = calloc(count, sizeof *m->curves[i]);
    return m->items && m->curves[0] && m->curves[1];
}

bool rnl_activation_curves_create(rnl_activation_curves *curves, const char *list)
{
    static const char *const labels[2] = {"f(z)", "f'(z)"};
    memory *m = calloc(1, sizeof *m);
    *curves = (rnl_activation_curves){.memory = m};
    bool made = m && allocate(m, count_of(list));
    if (!made)
        rnl_complain_memory();
    made = made && fill(m, list);
    for (size_t i = 0; i < 2 && made; ++i)
        curves->plots[i] = (rnl_plot){.x_label = "z",
                                      .y_label = labels[i],
                                      .count = m->count,
                                      .curves = m->curves[i],
                                      .cuts = true};
    if (!made)
        rnl_activation_curves_release(curves);
    return made;
}

void rnl_activation_curves_release(rnl_activation_curves *curves)
{
    memory *m = curves->memory;
    for (size_t k = 0; m && m->items && k < m->count; ++k)
        free(m->items[k].name);
    if (m) {
        free(m->items);
        free(m->curves[0]);
        free(m->curves[1]);
    }
    free(m);
    *curves = (rnl_activation_curves){0};
}
