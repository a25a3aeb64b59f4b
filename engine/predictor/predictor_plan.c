#include "engine/predictor/predictor.h"

#include "engine/base/error.h"

#include <stdlib.h>

/* Returns the array with room for one more, NULL if memory runs out. */
static void *grow(void **items, size_t count, size_t size)
{
    void *grown = realloc(*items, (count + 1) * size);
    if (grown)
        *items = grown;
    return grown;
}

/* Takes a slot that nobody reads. */
static rnl_status take_slot(rnl_predictor *p, size_t columns, rnl_slot_matrix *matrix)
{
    size_t slot = 1;
    while (slot < p->slot_count && p->slots[slot].holds > 0)
        ++slot;
    if (slot == p->slot_count) {
        if (!grow((void **)&p->slots, p->slot_count, sizeof *p->slots))
            return rnl_fail_memory((p->slot_count + 1) * sizeof *p->slots);
        p->slots[p->slot_count++] = (rnl_slot){0};
    }
    *matrix = (rnl_slot_matrix){slot, columns, rnl_product_row_stride(columns)};
    if (p->slots[slot].stride < matrix->stride)
        p->slots[slot].stride = matrix->stride;
    ++p->slots[slot].holds;
    return RNL_OK;
}

static rnl_status add(rnl_predictor *p, size_t columns, rnl_stage *stage)
{
    if (!grow((void **)&p->stages, p->stage_count, sizeof *p->stages))
        return rnl_fail_memory((p->stage_count + 1) * sizeof *p->stages);
    stage->input = p->current;
    RNL_TRY(take_slot(p, columns, &stage->output));
    p->stages[p->stage_count++] = *stage;
    --p->slots[p->current.slot].holds;
    p->current = stage->output;
    return RNL_OK;
}

rnl_status rnl_predictor_add(rnl_predictor *predictor, size_t columns, rnl_stage stage)
{
    const rnl_status status = add(predictor, columns, &stage);
    if (status != RNL_OK)
        free(stage.self);
    return status;
}

static rnl_status add_reader(rnl_predictor *p, rnl_stage *stage)
{
    if (!grow((void **)&p->stages, p->stage_count, sizeof *p->stages))
        return rnl_fail_memory((p->stage_count + 1) * sizeof *p->stages);
    stage->input = stage->output = p->current;
    p->stages[p->stage_count++] = *stage;
    return RNL_OK;
}

rnl_status rnl_predictor_add_reader(rnl_predictor *predictor, rnl_stage stage)
{
    const rnl_status status = add_reader(predictor, &stage);
    if (status != RNL_OK)
        free(stage.self);
    return status;
}

rnl_status rnl_predictor_keep(rnl_predictor *p)
{
    if (!grow((void **)&p->kept, p->kept_count, sizeof *p->kept))
        return rnl_fail_memory((p->kept_count + 1) * sizeof *p->kept);
    p->kept[p->kept_count++] = p->current;
    ++p->slots[p->current.slot].holds;
    return RNL_OK;
}

rnl_status rnl_predictor_add_kept(rnl_predictor *p, size_t columns, rnl_stage stage)
{
    stage.kept = p->kept[--p->kept_count];
    RNL_TRY(rnl_predictor_add(p, columns, stage));
    --p->slots[stage.kept.slot].holds;
    return RNL_OK;
}

/* ---- branches -------------------------------------------------------------------------------- */

/* The hold of the current matrix goes to what is kept. */
rnl_status rnl_predictor_turn(rnl_predictor *p, size_t branches_before)
{
    const size_t input = p->kept_count - 1 - branches_before;
    if (!grow((void **)&p->kept, p->kept_count, sizeof *p->kept))
        return rnl_fail_memory((p->kept_count + 1) * sizeof *p->kept);
    p->kept[p->kept_count++] = p->current;
    p->current = p->kept[input];
    ++p->slots[p->current.slot].holds;
    return RNL_OK;
}

rnl_status rnl_predictor_begin_join(rnl_predictor *p, size_t columns)
{
    return take_slot(p, columns, &p->joined);
}

static rnl_status join(rnl_predictor *p, size_t branches, size_t number, rnl_stage *stage)
{
    const size_t first = p->kept_count - (branches - 1);
    if (!grow((void **)&p->stages, p->stage_count, sizeof *p->stages))
        return rnl_fail_memory((p->stage_count + 1) * sizeof *p->stages);
    stage->input = number < branches ? p->kept[first + number - 1] : p->current;
    stage->output = p->joined;
    p->stages[p->stage_count++] = *stage;
    --p->slots[stage->input.slot].holds;
    if (number < branches)
        return RNL_OK;
    --p->slots[p->kept[first - 1].slot].holds;
    p->kept_count -= branches;
    p->current = p->joined;
    return RNL_OK;
}

rnl_status rnl_predictor_join(rnl_predictor *predictor, size_t branches, size_t number,
                              rnl_stage stage)
{
    const rnl_status status = join(predictor, branches, number, &stage);
    if (status != RNL_OK)
        free(stage.self);
    return status;
}

/* ---- activations ----------------------------------------------------------------------------- */

typedef struct inferred_activation {
    rnl_bound_activation bound;
    size_t columns;
} inferred_activation;

static void run_activation(const void *self, const rnl_stage_rows *rows)
{
    const inferred_activation *activation = self;
    activation->bound.forward(&(const rnl_activation_forward){
        .rows = rows->rows,
        .columns = activation->columns,
        .z = rows->x,
        .y = rows->y,
        .alpha = activation->bound.alpha,
        .self = activation->bound.self,
    });
}

rnl_status rnl_predictor_add_activation(rnl_predictor *p, const rnl_bound_activation *activation)
{
    inferred_activation *self = malloc(sizeof *self);
    if (!self)
        return rnl_fail_memory(sizeof *self);
    *self = (inferred_activation){*activation, p->current.columns};
    return rnl_predictor_add(p, self->columns, (rnl_stage){.self = self, .run = run_activation});
}
