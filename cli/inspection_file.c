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
    [RNL_ZERO_WEIGHTS] = "zero_weights",
};

/* ---- writing --------------------------------------------------------------------------------- */

static void add_header(rnl_history *file)
{
    fputs(HEADER_START, file->lines);
    for (size_t i = 0; i < RNL_INSPECTION_COLUMNS; ++i)
        fprintf(file->lines, ",%s", names[i]);
    fputc('\n', file->lines);
    file->has_header = true;
}

static void add_number(FILE *lines, bool there, double number)
{
    if (there)
        fprintf(lines, ",%.9g", number);
    else
        fputc(',', lines);
}

static void add_layer(const rnl_history *file, size_t epoch, const rnl_layer_inspection *layer)
{
    FILE *lines = file->lines;
    const bool kernel = !isnan(layer->weight_norm);
    const bool learns = kernel && !layer->frozen, ratios = learns && layer->weight_norm > 0;
    fprintf(lines, "%zu,%s", epoch, layer->layer);
    add_number(lines, true, layer->mean);
    add_number(lines, true, layer->deviation);
    add_number(lines, !isnan(layer->saturated), layer->saturated);
    add_number(lines, !isnan(layer->dead), layer->dead);
    add_number(lines, learns, layer->gradient_norm);
    add_number(lines, learns, layer->update_norm);
    add_number(lines, kernel, layer->weight_norm);
    add_number(lines, ratios, layer->gradient_norm / layer->weight_norm);
    add_number(lines, ratios, layer->update_norm / layer->weight_norm);
    if (rnl_history_has_column(file, names[RNL_ZERO_WEIGHTS]))
        add_number(lines, kernel, layer->zero_weights);
    fputc('\n', lines);
}

void rnl_inspection_add(rnl_history *file, const rnl_inspection *inspection)
{
    if (!rnl_history_begin_lines(file))
        return;
    if (!file->has_header)
        add_header(file);
    for (size_t i = 0; i < inspection->layer_count; ++i)
        add_layer(file, inspection->epoch, &inspection->layers[i]);
    rnl_history_end_lines(file);
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

/* `columns`: the first ones of the numbers; the others are not there. */
static bool parse_line(char *line, size_t columns, size_t *epoch, rnl_inspected_layer *layer)
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
    for (size_t i = 0; i < RNL_INSPECTION_COLUMNS; ++i) {
        const char *field = i < columns ? next_field(&line) : "";
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
            rnl_complain_memory();
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

static size_t columns_of(const char *header)
{
    return strstr(header, names[RNL_ZERO_WEIGHTS]) ? RNL_INSPECTION_COLUMNS : RNL_ZERO_WEIGHTS;
}

/* The blocks of a file as they come, a line for each layer after one epoch. */
typedef struct block_reader {
    rnl_inspected_epoch block, *found;
    const size_t *wanted; /* an epoch; NULL: the last one */
    size_t layers;        /* of the first block; 0: not read yet */
    size_t columns;       /* of numbers */
} block_reader;

/* A block that a kill cut off, or that a full disk did, has fewer lines than the first. */
static void end_block(block_reader *r)
{
    if (r->layers == 0)
        r->layers = r->block.layer_count;
    const bool whole = r->block.layer_count > 0 && r->block.layer_count == r->layers;
    if (whole && (!r->wanted || *r->wanted == r->block.epoch)) {
        const rnl_inspected_epoch older = *r->found;
        *r->found = r->block;
        r->block = older;
    }
    r->block.layer_count = 0;
}

typedef enum line_outcome { TAKEN, NOT_A_LINE, NO_MEMORY } line_outcome;

static line_outcome take_line(block_reader *r, char *line)
{
    rnl_inspected_layer layer;
    size_t epoch;
    if (!parse_line(line, r->columns, &epoch, &layer))
        return NOT_A_LINE;
    if (r->block.layer_count > 0 && epoch != r->block.epoch)
        end_block(r);
    r->block.epoch = epoch;
    return add_read(&r->block, &layer) ? TAKEN : NO_MEMORY;
}

/* A last line without its end is what a kill left of one. */
static bool read_lines(block_reader *r, FILE *file, const char *path)
{
    char *line = NULL;
    size_t size = 0, number = 0;
    line_outcome outcome = TAKEN;
    for (ssize_t length; outcome == TAKEN && (length = getline(&line, &size, file)) > 0;) {
        if (line[length - 1] != '\n')
            break;
        if (++number > 1)
            outcome = take_line(r, line);
        else if (!is_header(line))
            outcome = NOT_A_LINE;
        else
            r->columns = columns_of(line);
    }
    free(line);
    if (outcome == NOT_A_LINE)
        rnl_complain("%s:%zu: not a line of inspect.csv", path, number);
    if (outcome == TAKEN)
        end_block(r);
    return outcome == TAKEN;
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
    block_reader reader = {.found = epoch, .wanted = wanted};
    bool right = read_lines(&reader, file, path);
    rnl_inspection_release(&reader.block);
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

bool rnl_inspected_is_frozen(const rnl_inspected_layer *layer)
{
    return !layer->diverged && !isnan(layer->numbers[RNL_WEIGHT_NORM]) &&
           isnan(layer->numbers[RNL_GRADIENT_NORM]);
}
