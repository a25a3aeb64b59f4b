/*
 * The model file: a safetensors file.  Its tensors are those of model_tensors.h; its metadata hold
 * what else determines the outputs.  A model between two steps of a training is written as a
 * checkpoint, which also holds the position:
 *
 *     length   u64
 *     header   JSON: tensors with type, shape, offsets; metadata: configuration, encoding,
 *              position, versions, digest
 *     data     tensors, one after another
 */
#ifndef RNL_ENGINE_MODEL_MODEL_FILE_H
#define RNL_ENGINE_MODEL_MODEL_FILE_H

#include "engine/model/model.h"
#include "engine/storage/safetensors.h"

#define RNL_MODEL_FORMAT         "runnel-model"
#define RNL_MODEL_VERSION        "2"
#define RNL_MODEL_VERSION_BEFORE "1" /* scaled by floats, inputs alone: x scale + offset */

/* The configuration that the file keeps. */
rnl_status rnl_config_of_file(rnl_config **config, const rnl_safetensors *file, const char *path,
                              const char *const *overrides, size_t override_count);

/* The shape, parameters, encoding and scaling of the file under the configuration, which it takes
 * over. */
rnl_status rnl_model_from_file(rnl_model **model, const rnl_safetensors *file, const char *path,
                               rnl_config *config);

#endif
