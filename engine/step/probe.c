#include "engine/step/probe.h"

#include "engine/base/error.h"
#include "engine/base/number.h"
#include "engine/kinds/activations.h"
#include "engine/step/mixed_precision.h"

#include <math.h>
#include <string.h>

/* Units measured by a tile; any number gives the same results, because units are independent. */
#define UNITS_PER_TILE 32

/* A block of parameters, kept while a step is tried. */
typedef struct probed_block {
    const rnl_block *block;
    size_t arrays;                    /* those that the block has */
    float *kept[RNL_ARRAYS];          /* each as long as the block's */
    bool is_kernel;                   /* or a part of one; the others are kept, not measured */
    double gradient, update, weights; /* sums of squares */
    size_t zeros;                     /* weights that are 0 */
} probed_block;

/* Statistics of a unit over the rows so far. */
typedef struct probed_unit {
    double mean, deviations; /* of its outputs; sum of (output - mean)^2 */
    uint64_t saturated;      /* rows */
    bool alive;              /* not 0 for every row */
} probed_unit;

typedef struct probed_layer {
    const rnl_layer *layer;
    const rnl_matrix *output;
    const rnl_activation *activation; /* that computed the output; NULL for none */
    probed_unit *units;               /* (output->columns) */
} probed_layer;

typedef struct output_tile {
    const probed_layer *layer;
    size_t begin, count; /* units */
    size_t rows;         /* so far */
} output_tile;

typedef struct rnl_probe {
    size_t block_count, layer_count, tile_count;
    probed_block *blocks;
    probed_layer *layers;
    output_tile *tiles;
    rnl_layer_inspection *figures; /* (layers) */
} rnl_probe;

/* ---- parameters ------------------------------------------------------------------------------ */

static size_t length_of(const rnl_block *block, size_t array)
{
    return array == RNL_VALUES ? block->count : block->own.count;
}

static rnl_status run_keep(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_probe *probe = self;
    const probed_block *p = &probe->blocks[tile];
    (void)worker;
    for (size_t a = 0; a < p->arrays; ++a)
        memcpy(p->kept[a], p->block->arrays[a], length_of(p->block, a) * sizeof(float));
    return RNL_OK;
}

static void measure_block(probed_block *p)
{
    const float *kept = p->kept[RNL_VALUES], *updated = p->block->arrays[RNL_VALUES];
    p->gradient = p->update = p->weights = 0;
    p->zeros = 0;
    for (size_t i = 0; i < p->block->count; ++i) {
        const double weight = (double)kept[i], update = (double)updated[i] - weight;
        const double gradient = p->block->trained ? (double)p->block->gradients[i] : 0;
        p->gradient += gradient * gradient;
        p->weights += weight * weight;
        p->zeros += weight == 0;
        p->update += update * update;
    }
}

static rnl_status run_update(void *self, size_t tile, rnl_step_worker *worker)
{
    const rnl_probe *probe = self;
    probed_block *p = &probe->blocks[tile];
    if (p->is_kernel)
        measure_block(p);
    for (size_t a = 0; a < p->arrays; ++a)
        memcpy(p->block->arrays[a], p->kept[a], length_of(p->block, a) * sizeof(float));
    rnl_weight_pairs_write_all(worker->step, p->block);
    return RNL_OK;
}

/* ---- outputs --------------------------------------------------------------------------------- */

/* Sums of a tile's units over the rows of a mini-batch, in arrays, so that the compiler vectorizes
 * over units. */
typedef struct tile_sums {
    double means[UNITS_PER_TILE], deviations[UNITS_PER_TILE];
    uint32_t saturated[UNITS_PER_TILE], alive[UNITS_PER_TILE]; /* rows */
} tile_sums;

static const float *row_of(const output_tile *tile, size_t row)
{
    const rnl_matrix *output = tile->layer->output;
    return output->values + row * output->stride + tile->begin;
}

static void measure_moments(tile_sums *sums, const output_tile *tile, size_t first, size_t rows)
{
    for (size_t i = first; i < first + rows; ++i) {
        const float *y = row_of(tile, i);
        for (size_t j = 0; j < tile->count; ++j) {
            sums->means[j] += (double)y[j];
            sums->alive[j] += y[j] != 0;
        }
    }
    for (size_t j = 0; j < tile->count; ++j)
        sums->means[j] /= (double)rows;
    for (size_t i = first; i < first + rows; ++i) {
        const float *y = row_of(tile, i);
        for (size_t j = 0; j < tile->count; ++j) {
            const double deviation = (double)y[j] - sums->means[j];
            sums->deviations[j] += deviation * deviation;
        }
    }
}

static void measure_saturation(tile_sums *sums, const output_tile *tile, size_t first, size_t rows)
{
    const rnl_activation *activation = tile->layer->activation;
    if (!activation || !rnl_activation_is_s_shaped(activation))
        return;
    const float above = activation->steep_above, below = activation->steep_below;
    for (size_t i = first; i < first + rows; ++i) {
        const float *y = row_of(tile, i);
        for (size_t j = 0; j < tile->count; ++j)
            sums->saturated[j] += !(y[j] > above) | !(y[j] < below);
    }
}

/* Chan, Golub and LeVeque: the sums of two sets of rows are those of the whole. */
static void add(probed_unit *unit, size_t unit_rows, const tile_sums *sums, size_t j, size_t rows)
{
    const double a = (double)unit_rows, b = (double)rows, apart = sums->means[j] - unit->mean;
    unit->mean += apart * b / (a + b);
    unit->deviations += sums->deviations[j] + apart * apart * a * b / (a + b);
    unit->saturated += sums->saturated[j];
    unit->alive |= sums->alive[j] > 0;
}

static void add_rows(output_tile *tile, size_t first, size_t rows)
{
    tile_sums sums = {0};
    measure_moments(&sums, tile, first, rows);
    measure_saturation(&sums, tile, first, rows);
    for (size_t j = 0; j < tile->count; ++j)
        add(&tile->layer->units[tile->begin + j], tile->rows, &sums, j, rows);
    tile->rows += rows;
}

/* Adds the shards in their order. */
static rnl_status run_outputs(void *self, size_t number, rnl_step_worker *worker)
{
    const rnl_probe *probe = self;
    const rnl_cut cut = worker->step->rows;
    for (size_t s = 0; s < rnl_cut_used_shards(cut, worker->batch.rows); ++s) {
        const rnl_shard shard = rnl_cut_shard(cut, worker->batch.rows, s);
        add_rows(&probe->tiles[number], shard.row, shard.filled);
    }
    return RNL_OK;
}

/* ---- planning -------------------------------------------------------------------------------- */

static rnl_status plan_blocks(rnl_probe *probe, rnl_step *step)
{
    probe->blocks = rnl_step_allocate(step, step->blocks.count * sizeof *probe->blocks, NULL);
    if (!probe->blocks)
        return rnl_fail_memory(step->blocks.count * sizeof *probe->blocks);
    for (size_t i = 0; i < step->blocks.count; ++i) {
        probed_block *p = &probe->blocks[probe->block_count++];
        p->block = step->blocks.items[i];
        const rnl_parameter *parameter = p->block->parameter;
        p->arrays = p->block->trained ? rnl_step_arrays(step) : RNL_FIRST_SLOT;
        p->is_kernel = parameter->rank == 2 && !parameter->fixed;
        for (size_t a = 0; a < p->arrays; ++a)
            RNL_TRY(rnl_arena_reserve(&step->arena, &p->kept[a], length_of(p->block, a),
                                      sizeof(float)));
        step->memory.parameters += p->block->count * sizeof(float);
        step->memory.optimizer +=
            (p->arrays - RNL_FIRST_SLOT) * p->block->own.count * sizeof(float);
    }
    return RNL_OK;
}

/* Returns the layer's activation; NULL if the loss computes it, so that the outputs are logits. */
static const rnl_activation *activation_of(const rnl_layer *layer)
{
    const rnl_layer_operations *operations = rnl_layer_operations_of(layer);
    const rnl_choice *choice = operations->activation ? operations->activation(layer) : NULL;
    return choice && !layer->activation_in_loss ? rnl_activation_of(choice) : NULL;
}

/* Plans layers that compute an output of their own. */
static rnl_status plan_layers(rnl_probe *probe, rnl_step *step)
{
    const size_t bytes = step->layers.count * sizeof *probe->layers;
    probe->layers = rnl_step_allocate(step, bytes, NULL);
    probe->figures = rnl_step_allocate(step, step->layers.count * sizeof *probe->figures, NULL);
    if (!probe->layers || !probe->figures)
        return rnl_fail_memory(bytes);
    const rnl_matrix *input = &step->input;
    for (size_t i = 0; i < step->layers.count; ++i) {
        const rnl_matrix *output = step->layers.outputs[i];
        const bool own = output != input;
        input = output;
        if (!own)
            continue;
        probed_layer *layer = &probe->layers[probe->layer_count++];
        layer->layer = &step->given.model->layers[i];
        layer->output = output;
        layer->activation = activation_of(layer->layer);
        layer->units = rnl_step_allocate(step, output->columns * sizeof *layer->units, NULL);
        if (!layer->units)
            return rnl_fail_memory(output->columns * sizeof *layer->units);
    }
    return RNL_OK;
}

static size_t tiles_of(const probed_layer *layer)
{
    return rnl_divide_up(layer->output->columns, UNITS_PER_TILE);
}

static rnl_status plan_tiles(rnl_probe *probe, rnl_step *step)
{
    size_t count = 0;
    for (size_t i = 0; i < probe->layer_count; ++i)
        count += tiles_of(&probe->layers[i]);
    probe->tiles = rnl_step_allocate(step, (count + 1) * sizeof *probe->tiles, NULL);
    if (!probe->tiles)
        return rnl_fail_memory((count + 1) * sizeof *probe->tiles);
    for (size_t i = 0; i < probe->layer_count; ++i)
        for (size_t k = 0; k < tiles_of(&probe->layers[i]); ++k) {
            const size_t begin = k * UNITS_PER_TILE;
            const size_t left = probe->layers[i].output->columns - begin;
            probe->tiles[probe->tile_count++] =
                (output_tile){.layer = &probe->layers[i],
                              .begin = begin,
                              .count = rnl_least(left, UNITS_PER_TILE)};
        }
    return RNL_OK;
}

rnl_status rnl_plan_probe(rnl_step *step)
{
    rnl_probe *probe = rnl_step_allocate(step, sizeof *probe, NULL);
    if (!probe)
        return rnl_fail_memory(sizeof *probe);
    RNL_TRY(plan_blocks(probe, step));
    RNL_TRY(plan_layers(probe, step));
    RNL_TRY(plan_tiles(probe, step));
    const rnl_phase phases[] = {
        [RNL_PROBE_KEEP] = {.tiles = probe->block_count, .run = run_keep, .self = probe},
        [RNL_PROBE_UPDATE] = {.tiles = probe->block_count, .run = run_update, .self = probe},
        [RNL_PROBE_OUTPUTS] = {.tiles = probe->tile_count, .run = run_outputs, .self = probe},
    };
    for (size_t i = 0; i < sizeof phases / sizeof *phases; ++i)
        RNL_TRY(rnl_phases_add(&step->probes, phases[i]));
    step->probe = probe;
    return RNL_OK;
}

/* ---- results --------------------------------------------------------------------------------- */

void rnl_probe_clear(const rnl_step *step)
{
    const rnl_probe *probe = step->probe;
    for (size_t i = 0; i < probe->layer_count; ++i)
        memset(probe->layers[i].units, 0,
               probe->layers[i].output->columns * sizeof *probe->layers[i].units);
    for (size_t i = 0; i < probe->tile_count; ++i)
        probe->tiles[i].rows = 0;
}

/* All units have the same number of rows. */
static void read_units(rnl_layer_inspection *figures, const probed_layer *layer, size_t rows)
{
    const double units = (double)layer->output->columns, values = units * (double)rows;
    double mean = 0, deviations = 0;
    size_t dead = 0;
    uint64_t saturated = 0;
    for (size_t j = 0; j < layer->output->columns; ++j) {
        mean += layer->units[j].mean / units;
        saturated += layer->units[j].saturated;
        dead += !layer->units[j].alive;
    }
    for (size_t j = 0; j < layer->output->columns; ++j) {
        const double apart = layer->units[j].mean - mean;
        deviations += layer->units[j].deviations + (double)rows * apart * apart;
    }
    const rnl_activation *activation = layer->activation;
    figures->mean = mean;
    figures->deviation = sqrt(deviations / values);
    figures->saturated = activation && rnl_activation_is_s_shaped(activation)
                             ? (double)saturated / values
                             : (double)NAN;
    figures->dead = activation && activation->dies ? (double)dead / units : (double)NAN;
}

/* The weights of a layer's kernel: blocks have padding beside, which stays 0. */
static size_t kernel_of(const rnl_layer *layer)
{
    size_t count = 0;
    for (size_t p = 0; p < layer->parameter_count; ++p)
        if (layer->parameters[p].rank == 2 && !layer->parameters[p].fixed)
            count += rnl_parameter_count(&layer->parameters[p]);
    return count;
}

/* Reads the kernel: the blocks of the layer's weights, in their order. */
static void read_blocks(rnl_layer_inspection *figures, const rnl_probe *probe,
                        const rnl_layer *layer)
{
    double gradient = 0, update = 0, weights = 0;
    size_t zeros = 0, packed = 0;
    bool any = false;
    for (size_t i = 0; i < probe->block_count; ++i) {
        const probed_block *p = &probe->blocks[i];
        if (p->block->layer != layer || !p->is_kernel)
            continue;
        any = true;
        gradient += p->gradient;
        update += p->update;
        weights += p->weights;
        zeros += p->zeros;
        packed += p->block->count;
    }
    const bool learns = any && !layer->frozen;
    figures->frozen = any && layer->frozen;
    figures->gradient_norm = learns ? sqrt(gradient) : (double)NAN;
    figures->update_norm = learns ? sqrt(update) : (double)NAN;
    figures->weight_norm = any ? sqrt(weights) : (double)NAN;
    const size_t count = kernel_of(layer);
    figures->zero_weights = any ? (double)(zeros - (packed - count)) / (double)count : (double)NAN;
}

const rnl_layer_inspection *rnl_probe_read(const rnl_step *step, size_t *layer_count, size_t *rows)
{
    const rnl_probe *probe = step->probe;
    *layer_count = probe->layer_count;
    *rows = probe->tile_count > 0 ? probe->tiles[0].rows : 0;
    for (size_t i = 0; i < probe->layer_count; ++i) {
        rnl_layer_inspection *figures = &probe->figures[i];
        figures->layer = probe->layers[i].layer->name;
        read_units(figures, &probe->layers[i], *rows);
        read_blocks(figures, probe, probe->layers[i].layer);
    }
    return probe->figures;
}
