/*
 * The tensors of a model file: the parameters by layer ("dense_1.kernel"), while training stands
 * between two steps the optimizer's state ("dense_1.kernel.slot_1") and the best values so far
 * ("dense_1.kernel.best"), and what metrics need of the rows since the last report
 * ("metrics.counts"); and the scaling of inputs and targets ("scaling.centre").
 */
#ifndef RNL_ENGINE_MODEL_MODEL_TENSORS_H
#define RNL_ENGINE_MODEL_MODEL_TENSORS_H

#include "engine/model/model.h"
#include "engine/storage/safetensors.h"

#define RNL_SCALING        "scaling"
#define RNL_TARGET_SCALING "target_scaling"
#define RNL_CLIP           "scaling.clip"
#define RNL_METRIC_COUNTS  "metrics.counts"
#define RNL_METRIC_SCORES  "metrics.scores"

/* The arrays in a file.  RNL_ALL_THAT_CAN_BE includes the best values before any have been found.
 */
typedef enum rnl_file_contents {
    RNL_ENDED,
    RNL_AS_IT_STANDS,
    RNL_ALL_THAT_CAN_BE
} rnl_file_contents;

#define RNL_TENSOR_NAME 112

typedef struct rnl_tensor_list {
    size_t count;
    rnl_tensor *tensors;
    char (*names)[RNL_TENSOR_NAME];
} rnl_tensor_list;

/* The arrays of the parameters and the scaling, which stay the model's. */
rnl_status rnl_tensors_list(rnl_tensor_list *list, const rnl_model *model,
                            rnl_file_contents contents);
void rnl_tensors_release(rnl_tensor_list *list);

void rnl_tensor_name(char name[RNL_TENSOR_NAME], const rnl_layer *layer,
                     const rnl_parameter *parameter, size_t array);

/* The arrays of a scaler, and their names under a prefix. */
enum { RNL_SCALER_ARRAYS = 3 };

double *rnl_scaler_array(const rnl_scaler *scaler, size_t array);
void rnl_scaler_name(char name[RNL_TENSOR_NAME], const char *prefix, size_t array);

#endif
