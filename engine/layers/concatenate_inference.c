#include "engine/layers/concatenate_inference.h"

#include "engine/base/error.h"

#include <stdlib.h>

rnl_status rnl_branches_infer_begin(const rnl_layer *layer, rnl_predictor *predictor)
{
    (void)layer;
    return rnl_predictor_keep(predictor);
}

/* How many branches end before this layer. */
static size_t branches_before(const rnl_layer *layer)
{
    size_t count = 0;
    for (const rnl_layer *l = layer - (layer->index - layer->begin) + 1; l < layer; ++l)
        count += l->begin == layer->begin;
    return count;
}

rnl_status rnl_branches_infer_turn(const rnl_layer *layer, rnl_predictor *predictor)
{
    return rnl_predictor_turn(predictor, branches_before(layer));
}

typedef struct inferred_branch {
    size_t first, columns;
} inferred_branch;

static void run_copy(const void *self, const rnl_stage_rows *rows)
{
    const inferred_branch *branch = self;
    rows->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows->rows,
        .columns = branch->columns,
        .x = {rows->x.values, rows->x.stride, 1, 0},
        .y = {rows->y.values + branch->first, rows->y.stride},
    });
}

static void run_infer_add(const void *self, const rnl_stage_rows *rows)
{
    const inferred_branch *branch = self;
    rows->kernels->add_rows(&(const rnl_add_rows){
        .rows = rows->rows,
        .columns = branch->columns,
        .x = {rows->x.values, rows->x.stride, 1, 0},
        .addend = {rows->y.values, rows->y.stride},
        .y = rows->y,
    });
}

static rnl_status infer_end(const rnl_layer *layer, rnl_predictor *predictor, bool adds)
{
    const rnl_layer *begin = layer - (layer->index - layer->begin);
    const size_t branches = branches_before(layer) + 1;
    size_t first = 0, number = 0;
    RNL_TRY(rnl_predictor_begin_join(predictor, rnl_shape_features(&layer->output)));
    for (const rnl_layer *end = begin + 1; end <= layer; ++end) {
        if (end->begin != layer->begin)
            continue;
        inferred_branch *branch = malloc(sizeof *branch);
        if (!branch)
            return rnl_fail_memory(sizeof *branch);
        *branch = (inferred_branch){first, rnl_shape_features(&end->input)};
        first += adds ? 0 : branch->columns;
        const rnl_stage stage = {.self = branch,
                                 .run = adds && number > 0 ? run_infer_add : run_copy};
        RNL_TRY(rnl_predictor_join(predictor, branches, ++number, stage));
    }
    return RNL_OK;
}

rnl_status rnl_branches_infer_join(const rnl_layer *layer, rnl_predictor *predictor)
{
    return infer_end(layer, predictor, false);
}

rnl_status rnl_branches_infer_sum(const rnl_layer *layer, rnl_predictor *predictor)
{
    return infer_end(layer, predictor, true);
}
