/*
 * Activations that are functions of the program, by the name under which it registered them.
 */
#include "engine/base/error.h"
#include "engine/kinds/activation_formula.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#define MOST_FUNCTIONS 64
#define NAME_BYTES     48

typedef struct registered {
    char name[NAME_BYTES + 1];
    rnl_activation_function *function, *slope;
    void *user;
} registered;

/* Entries never change: a model refers to them. */
static registered entries[MOST_FUNCTIONS];
static size_t entry_count;
static pthread_mutex_t entry_lock = PTHREAD_MUTEX_INITIALIZER;

static const registered *find(const char *name)
{
    const registered *found = NULL;
    pthread_mutex_lock(&entry_lock);
    for (size_t i = 0; i < entry_count; ++i)
        if (strcmp(entries[i].name, name) == 0)
            found = &entries[i];
    pthread_mutex_unlock(&entry_lock);
    return found;
}

static bool add(const registered *entry)
{
    pthread_mutex_lock(&entry_lock);
    const bool fits = entry_count < MOST_FUNCTIONS;
    if (fits)
        entries[entry_count++] = *entry;
    pthread_mutex_unlock(&entry_lock);
    return fits;
}

rnl_status rnl_activation_register(const char *name, rnl_activation_function *function,
                                   rnl_activation_function *slope, void *user)
{
    registered entry = {.function = function, .slope = slope, .user = user};
    const size_t length = strlen(name);
    if (length == 0 || length > NAME_BYTES || !function || !slope)
        return rnl_fail(RNL_BAD_CONFIG,
                        "an activation needs a name of 1 to %d bytes, a function and its slope",
                        NAME_BYTES);
    memcpy(entry.name, name, length);
    const registered *before = find(name);
    if (before && (before->function != function || before->slope != slope || before->user != user))
        return rnl_fail(RNL_BAD_CONFIG, "there is another activation of the name '%s'", name);
    if (!before && !add(&entry))
        return rnl_fail(RNL_BAD_CONFIG, "there are %d activations of the program already",
                        MOST_FUNCTIONS);
    return RNL_OK;
}

/* ---- a choice of them ------------------------------------------------------------------------ */

static const char *refuse(const char *text)
{
    return find(text) ? NULL
                      : "the name of a function that the program registered "
                        "(rnl_activation_register)";
}

const rnl_field rnl_callback_activation_fields[] = {
    {.key = "name",
     .type = RNL_FIELD_TEXT,
     .offset = offsetof(rnl_callback_activation, name),
     .refuse = refuse,
     .help = "under which the program registered its functions: rnl_activation_register"},
    {.key = NULL},
};

/* Rows in parts of whole numbers z + bias, in a buffer of the worker. */
static void forward(const rnl_activation_forward *tile)
{
    enum { PART = 256 };
    float z[PART];
    const registered *entry = tile->self;
    for (size_t i = 0; i < tile->rows; ++i)
        for (size_t j = 0; j < tile->columns; j += PART) {
            const size_t count = tile->columns - j < PART ? tile->columns - j : PART;
            const float *from = tile->z.values + i * tile->z.stride + j;
            const size_t at = i * tile->y.stride + j;
            for (size_t k = 0; k < count; ++k)
                z[k] = tile->bias ? from[k] + tile->bias[j + k] : from[k];
            entry->function(z, tile->y.values + at, count, entry->user);
            if (tile->kept)
                entry->slope(z, tile->kept + at, count, entry->user);
        }
}

static void bind(rnl_bound_activation *bound, const rnl_kernels *kernels, const void *parameters)
{
    const rnl_callback_activation *p = parameters;
    *bound = (rnl_bound_activation){.forward = forward,
                                    .backward = kernels->kept_backward,
                                    .keeps_slope = true,
                                    .self = find(p->name)};
}

const rnl_activation rnl_activation_by_callback = {.bind = bind};
