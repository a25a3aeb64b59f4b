/*
 * Model files as they are opened: what is often given in place of one is named.
 */
#ifndef RNL_ENGINE_STORAGE_MODEL_INPUT_H
#define RNL_ENGINE_STORAGE_MODEL_INPUT_H

#include "runnel/runnel.h"

/* Opens a model for reading, as rnl_input_open does. */
rnl_status rnl_model_input_open(int *descriptor, uint64_t *size, const char *path);

/* Bytes of a file that tell its format: the length of a safetensors header, and its first one. */
#define RNL_FORMAT_BYTES 9

/* Names the format of a file that begins with these bytes, zeros behind its end, and is no
 * safetensors file; NULL for anything else. */
const char *rnl_foreign_format(const unsigned char start[RNL_FORMAT_BYTES]);

#endif
