/*
 * What the phases of a step ask of a machine, told by the layers before anything is planned.
 */
#ifndef RNL_ENGINE_STEP_WORK_H
#define RNL_ENGINE_STEP_WORK_H

#include "engine/model/model.h"
#include "engine/step/cut.h"
#include "threading/cost.h"

typedef struct rnl_work_list {
    /* Given. */
    const rnl_model *model;
    bool training;
    rnl_cut rows;       /* of the mini-batch */
    size_t padded_rows; /* in all row blocks */
    size_t row_parts;   /* of these */
    size_t first_trainable;

    size_t count, capacity;
    rnl_phase_cost *costs;
    struct rnl_work_name {
        char text[96];
    } * names; /* (count) "dense_1 forward" */
} rnl_work_list;

/* The phases of a step of the model; RNL_NO_MEMORY. */
rnl_status rnl_work_of(rnl_work_list *list, const rnl_model *model, size_t batch_size,
                       bool training);
void rnl_work_release(rnl_work_list *list);

/* For the layers: one more phase. */
rnl_status rnl_work_add(rnl_work_list *list, const char *layer, const char *pass,
                        rnl_phase_cost cost);

/* The state that the optimizer keeps and the value itself, read and written, of `parameters`, and
 * the gradient so many times written or read: bytes. */
double rnl_work_update_bytes(const rnl_model *model, double parameters, double gradient_passes);

#endif
