#include "cli/inspection_file.h"
#include "cli/messages.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_START "epoch,layer"

static const char *const names[RNL_INSPECTION_COLUMNS] = {
    [RNL_MEAN] = "mean",
    [RNL_STD] = "std",
    [RNL_SATURATED] = "saturated",
    [RNL_DEAD] = "dead",
    [RNL_GRADIENT_NORM] = "gradient_norm",
    [RNL_UPDATE_NORM] = "update_norm",
    [RNL_WEIGHT_NORM] = "weight_norm",
    [RNL_GRADIENT_TO_WEIGHTS] = "gradient_to_weights",
    [RNL_UPDATE_TO_WEIGHTS] = "update_to_weights",
};

/* ---- writing --------------------------------------------------------------------------------- */

static void add_header(rnl_history *file)
{
    fputs(HEADER_START, file->file);
    for (size_t i = 0; i < RNL_INSPECTION_COLUMNS; i++)
        fprintf(file->file, ",%s", names[i]);
    fputc('\n', file->file);
    file->has_header = true;
}

static void add_number(rnl_history *file, bool there, double number)
{
    if (there)
        fprintf(file->file, ",%.9g", number);
    else
        fputc(',', file->file);
}

static void add_layer(rnl_history *file, size_t epoch, const rnl_layer_inspection *layer)
{
    const bool kernel = !isnan(layer->weight_norm);
    const bool ratios = kernel && layer->weight_norm > 0;
    fprintf(file->file, "%zu,%s", epoch, layer->layer);
    add_number(file, true, layer->mean);
    add_number(file, true, layer->deviation);
    add_number(file, !isnan(layer->saturated), layer->saturated);
    add_number(file, !isnan(layer->dead), layer->dead);
    add_number(file, kernel, layer->gradient_norm);
    add_number(file, kernel, layer->update_norm);
    add_number(file, kernel, layer->weight_norm);
    add_number(file, ratios, layer->gradient_norm / layer->weight_norm);
    add_number(file, ratios, layer->update_norm / layer->weight_norm);
    fputc('\n', file->file);
}

void rnl_inspection_add(rnl_history *file, const rnl_inspection *inspection)
{
    if (file->error)
        return;
    if (!file->has_header)
        add_header(file);
    for (size_t i = 0; i < inspection->layer_count; i++)
        add_layer(file, inspection->epoch, &inspection->layers[i]);
    if (fflush(file->file) != 0)
        file->error = errno;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Takes the text up to the next comma or the end, and goes behind it; NULL if there is none. */
static char *next_field(char **rest)
{
    return *rest ? strsep(rest, ",") : NULL;
}

static bool parse_number(const char *text, double *number, bool *diverged)
{
    char *end;
    *number = (double)NAN;
    if (*text == '\0')
        return true;
    *number = strtod(text, &end);
    *diverged |= !isfinite(*number);
    return *end == '\0';
}

static bool parse_line(char *line, size_t *epoch, rnl_inspected_layer *layer)
{
    *layer = (rnl_inspected_layer){0};
    line[strcspn(line, "\r\n")] = '\0';
    char *number = next_field(&line), *name = next_field(&line), *end;
    if (!name || strlen(name) >= sizeof layer->name)
        return false;
    strcpy(layer->name, name);
    *epoch = strtoul(number, &end, 10);
    if (end == number || *end != '\0')
        return false;
    for (size_t i = 0; i < RNL_INSPECTION_COLUMNS; i++) {
        const char *field = next_field(&line);
        if (!field || !parse_number(field, &layer->numbers[i], &layer->diverged))
            return false;
    }
    return line == NULL;
}

static bool add_read(rnl_inspected_epoch *epoch, const rnl_inspected_layer *layer)
{
    if (epoch->layer_count == epoch->capacity) {
        const size_t capacity = 2 * epoch->capacity + 16;
        rnl_inspected_layer *layers = reallocarray(epoch->layers, capacity, sizeof *layers);
        if (!layers) {
            rnl_complain("out of memory");
            return false;
        }
        epoch->layers = layers;
        epoch->capacity = capacity;
    }
    epoch->layers[epoch->layer_count++] = *layer;
    return true;
}

static bool is_header(const char *line)
{
    return strncmp(line, HEADER_START ",", sizeof HEADER_START) == 0;
}

/* Epochs follow each other: the last one is what is left when each forgets the one before. */
static bool read_lines(rnl_inspected_epoch *epoch, FILE *file, const char *path,
                       const size_t *wanted)
{
    char *line = NULL;
    size_t size = 0, number = 0, found;
    bool right = true;
    while (right && getline(&line, &size, file) > 0) {
        rnl_inspected_layer layer;
        if (++number == 1) {
            right = is_header(line);
        } else {
            right = parse_line(line, &found, &layer);
            if (right && !wanted && found != epoch->epoch)
                epoch->layer_count = 0;
            if (right && (!wanted || found == *wanted)) {
                epoch->epoch = found;
                if (!add_read(epoch, &layer)) {
                    free(line);
                    return false;
                }
            }
        }
        if (!right)
            rnl_complain("%s:%zu: not a line of inspect.csv", path, number);
    }
    free(line);
    return right;
}

bool rnl_inspection_read(rnl_inspected_epoch *epoch, const char *path, const size_t *wanted)
{
    *epoch = (rnl_inspected_epoch){0};
    FILE *file = fopen(path, "re");
    if (!file) {
        rnl_complain("cannot read %s: %s%s", path, strerror(errno),
                     errno == ENOENT ? "; `training.inspect: true` makes it" : "");
        return false;
    }
    bool right = read_lines(epoch, file, path, wanted);
    fclose(file);
    if (right && epoch->layer_count == 0) {
        if (wanted)
            rnl_complain("%s: has no epoch %zu", path, *wanted);
        else
            rnl_complain("%s: has no epoch yet", path);
        right = false;
    }
    if (!right)
        rnl_inspection_release(epoch);
    return right;
}

void rnl_inspection_release(rnl_inspected_epoch *epoch)
{
    free(epoch->layers);
    *epoch = (rnl_inspected_epoch){0};
}
