#include "engine/layers/dense.h"

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/layers/rate_factor.h"
#include "engine/model/constraints.h"
#include "engine/model/initializers.h"
#include "engine/product/packing.h"
#include "engine/step/work.h"

#include <math.h>
#include <stddef.h>

const rnl_field rnl_dense_fields[] = {
    {.key = "units",
     .type = RNL_FIELD_INTEGER,
     .offset = offsetof(rnl_dense, units),
     .minimum = 1,
     .maximum = 1 << 24,
     .help = "outputs of the layer"},
    {.key = "activation",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, activation),
     .fallback = "linear",
     .kinds = &rnl_activations,
     .help = "applied to the outputs; prelu and rrelu become the next layer"},
    {.key = "use_bias",
     .type = RNL_FIELD_BOOLEAN,
     .offset = offsetof(rnl_dense, use_bias),
     .fallback = "true",
     .help = "add a learned number to each output; it starts at 0"},
    {.key = "kernel_initializer",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, kernel_initializer),
     .fallback = "glorot_uniform",
     .kinds = &rnl_initializers,
     .help = "how the first weights are drawn"},
    {.key = "kernel_regularizer",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, kernel_regularizer),
     .fallback = "null",
     .kinds = &rnl_regularizers,
     .help = "a penalty on the size of the weights"},
    {.key = "bias_regularizer",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, bias_regularizer),
     .fallback = "null",
     .kinds = &rnl_regularizers,
     .help = "a penalty on the size of the bias"},
    {.key = "activity_regularizer",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, activity_regularizer),
     .fallback = "null",
     .kinds = &rnl_regularizers,
     .help = "a penalty on the size of the outputs; it becomes the next layer"},
    {.key = "kernel_constraint",
     .type = RNL_FIELD_KIND,
     .offset = offsetof(rnl_dense, kernel_constraint),
     .fallback = "null",
     .kinds = &rnl_constraints,
     .help = "what the weights are made to obey after each update"},
    RNL_RATE_FACTOR_FIELD(rnl_dense),
    {.key = NULL},
};

/* The groups are counted in floats while the constraint is planned. */
static rnl_status check_constraint(const rnl_layer *layer)
{
    const rnl_choice *constraint = &rnl_dense_of(layer)->kernel_constraint;
    if (constraint->kind && rnl_constraint_axis(constraint) == 1 && layer->input.size[0] > 1 << 24)
        return rnl_fail_at(constraint->place, "%s: %s with axis 1 takes at most %d inputs, got %zu",
                           layer->name, constraint->kind->name, 1 << 24, layer->input.size[0]);
    return RNL_OK;
}

static rnl_status build(rnl_layer *layer)
{
    const rnl_dense *dense = rnl_dense_of(layer);
    if (layer->input.rank != 1)
        return rnl_fail_at(
            layer->choice->place,
            "%s: expected rows of rank 1, got rank %zu: put a flatten layer before it", layer->name,
            layer->input.rank);
    RNL_TRY(check_constraint(layer));
    layer->output = (rnl_shape){.rank = 1, .size = {(size_t)dense->units}};
    layer->learning_rate_factor = (float)dense->learning_rate_factor;
    layer->parameters[layer->parameter_count++] =
        (rnl_parameter){.name = "kernel",
                        .rank = 2,
                        .size = {layer->input.size[0], (size_t)dense->units},
                        .regularizer = &dense->kernel_regularizer};
    if (dense->use_bias)
        layer->parameters[layer->parameter_count++] =
            (rnl_parameter){.name = "bias",
                            .rank = 1,
                            .size = {(size_t)dense->units},
                            .regularizer = &dense->bias_regularizer};
    return RNL_OK;
}

static void initialize(rnl_layer *layer, uint64_t seed)
{
    const rnl_parameter *kernel = &layer->parameters[RNL_DENSE_KERNEL];
    const rnl_initial initial = {
        .seed = seed,
        .layer = layer->index,
        .parameter = RNL_DENSE_KERNEL,
        .fan_in = kernel->size[0],
        .fan_out = kernel->size[1],
        .fixup = layer->fixup,
    };
    rnl_initialize(&rnl_dense_of(layer)->kernel_initializer, &initial, kernel->size[0],
                   kernel->size[1], kernel->arrays[RNL_VALUES]);
}

static const rnl_choice *activation(const rnl_layer *layer)
{
    return &rnl_dense_of(layer)->activation;
}

static size_t product_flops(const rnl_layer *layer)
{
    return 2 * layer->input.size[0] * layer->output.size[0];
}

/* An update that clipping puts off is work of its own. */
static double update_bytes(const rnl_work_list *list, double weights)
{
    return list->model->config->training.clipping.kind
               ? 8 * weights
               : rnl_work_update_bytes(list->model, weights, 2);
}

/* Calls for the gradients of a range of inputs and a column block. */
static double gradient_calls(size_t rows, size_t inputs, double units)
{
    return units > RNL_PACKING_WIDEST && rnl_cut_by_panels(rows, inputs, (size_t)units)
               ? ceil(units / RNL_CUT_MULTIPLE)
               : 1;
}

static bool goes_down(const rnl_layer *layer, const rnl_work_list *list)
{
    return layer->index > list->first_trainable;
}

/* In training a layer that is not cut by columns turns its inputs and weights, too.  What other
 * workers have made is the inputs, or the weights. */
static rnl_status forward_work(const rnl_layer *layer, rnl_work_list *list, rnl_dense_cut cut)
{
    const double rows = (double)list->padded_rows,
                 fan_in = (double)rnl_shape_features(&layer->input),
                 units = (double)cut.columns.units;
    const size_t tiles = cut.columns.blocks * (cut.by_columns ? 1 : cut.parts);
    const bool turns = list->training && layer->index >= list->first_trainable && !cut.by_columns;
    return rnl_work_add(
        list, layer->name, "forward",
        (rnl_phase_cost){.tiles = tiles,
                         .row_parts = cut.by_columns ? 0 : cut.parts,
                         .flops = 2 * rows * fan_in * units,
                         .calls = (double)(cut.columns.blocks * cut.parts),
                         .bytes = 12 * rows * units + (turns ? 8 * rows * fan_in : 0) +
                                  (turns && goes_down(layer, list) ? 8 * fan_in * units : 0),
                         .shared = 4 * fan_in * (cut.by_columns ? rows : units),
                         .largest = 1 / (double)tiles});
}

/* Both phases of a layer that is cut by columns: nobody waits between them. */
static rnl_status columns_work(const rnl_layer *layer, rnl_work_list *list, rnl_column_cut cut)
{
    const double rows = (double)list->padded_rows,
                 fan_in = (double)rnl_shape_features(&layer->input), units = (double)cut.units;
    const bool down = goes_down(layer, list);
    return rnl_work_add(
        list, layer->name, "backward",
        (rnl_phase_cost){
            .tiles = cut.blocks,
            .flops = (down ? 4 : 2) * rows * fan_in * units,
            .calls = (double)cut.blocks * (gradient_calls(list->padded_rows, (size_t)fan_in,
                                                          units / (double)cut.blocks) +
                                           (down ? 1 : 0)),
            .bytes = 20 * rows * units + 8 * rows * fan_in + update_bytes(list, fan_in * units) +
                     (down ? 8 * fan_in * (units + rows * (double)cut.blocks) : 0),
            .shared = 8 * rows * units,
            .largest = 1 / (double)cut.blocks});
}

/* Delta, and the way down by weights that all have turned. */
static rnl_status rows_work(const rnl_layer *layer, rnl_work_list *list, rnl_dense_cut cut)
{
    const double rows = (double)list->padded_rows,
                 fan_in = (double)rnl_shape_features(&layer->input),
                 units = (double)cut.columns.units;
    const bool down = goes_down(layer, list);
    return rnl_work_add(list, layer->name, "backward",
                        (rnl_phase_cost){.tiles = cut.parts,
                                         .row_parts = cut.parts,
                                         .flops = down ? 2 * rows * fan_in * units : 0,
                                         .calls = down ? (double)cut.parts : 0,
                                         .bytes = 20 * rows * units,
                                         .shared = down ? 4 * fan_in * units : 0,
                                         .largest = 1 / (double)cut.parts});
}

static rnl_status gradients_work(const rnl_layer *layer, rnl_work_list *list, rnl_dense_cut cut)
{
    const double rows = (double)list->padded_rows,
                 fan_in = (double)rnl_shape_features(&layer->input),
                 units = (double)cut.columns.units;
    const size_t tiles = cut.inputs.blocks * cut.columns.blocks;
    return rnl_work_add(
        list, layer->name, "gradients",
        (rnl_phase_cost){.tiles = tiles,
                         .deferred = true,
                         .flops = 2 * rows * fan_in * units,
                         .calls =
                             (double)tiles * gradient_calls(list->padded_rows,
                                                            (size_t)fan_in / cut.inputs.blocks,
                                                            units / (double)cut.columns.blocks),
                         .bytes = update_bytes(list, fan_in * units),
                         .shared = 4 * (rows * (fan_in + units) + fan_in * units),
                         .largest = 1 / (double)tiles});
}

static rnl_status work(const rnl_layer *layer, rnl_work_list *list)
{
    const rnl_dense_cut cut =
        rnl_cut_dense(list->rows, rnl_shape_features(&layer->input), layer->output.size[0]);
    RNL_TRY(forward_work(layer, list, cut));
    if (!list->training)
        return RNL_OK;
    if (cut.by_columns)
        return columns_work(layer, list, cut.columns);
    RNL_TRY(rows_work(layer, list, cut));
    return gradients_work(layer, list, cut);
}

const rnl_layer_operations rnl_dense_operations = {
    .build = build,
    .initialize = initialize,
    .activation = activation,
    .product_flops = product_flops,
    .work = work,
    .plan_forward = rnl_dense_plan_forward,
    .plan_backward = rnl_dense_plan_backward,
    .collect = rnl_dense_collect,
};
