/*
 * The safetensors format: u64 header length, JSON header, data.  Files of our own carry a digest
 * over header and data in their metadata.
 */
#ifndef RNL_ENGINE_STORAGE_SAFETENSORS_H
#define RNL_ENGINE_STORAGE_SAFETENSORS_H

#include "runnel/runnel.h"

#include <stdbool.h>

#define RNL_TENSOR_MAX_RANK 4

/* A named tensor, row-major, of float32 or, where it is wide, float64. */
typedef struct rnl_tensor {
    const char *name;
    size_t rank;
    size_t shape[RNL_TENSOR_MAX_RANK];
    const float *values;
    bool wide;
    const void *wide_values; /* of float64, at any address */
} rnl_tensor;

static inline size_t rnl_tensor_element_bytes(const rnl_tensor *tensor)
{
    return tensor->wide ? sizeof(double) : sizeof(float);
}

typedef struct rnl_metadata {
    const char *key, *value;
} rnl_metadata;

/* Writes as rnl_atomic_file does: the file appears whole or not at all.  Tensors and metadata keep
 * the given order; the key "digest" is added.  path NULL: all but the file is made, and let go. */
rnl_status rnl_safetensors_write(const char *path, const rnl_metadata *metadata,
                                 size_t metadata_count, const rnl_tensor *tensors,
                                 size_t tensor_count);

/* Writes the same bytes into memory, which free releases. */
rnl_status rnl_safetensors_write_memory(void **bytes, size_t *count, const rnl_metadata *metadata,
                                        size_t metadata_count, const rnl_tensor *tensors,
                                        size_t tensor_count);

/* A file read into memory, checked by the format's rules and against its digest. */
typedef struct rnl_safetensors {
    size_t tensor_count;
    rnl_tensor *tensors;        /* in the order of their data */
    const rnl_tensor **by_name; /* (tensor_count) sorted */
    size_t metadata_count;
    rnl_metadata *metadata;
    bool has_digest; /* a file of another program may have none; ours is refused if it is wrong */
    void *memory;    /* what the members above point into, and how it is kept */
} rnl_safetensors;

rnl_status rnl_safetensors_read(rnl_safetensors *file, const char *path);

/* The same of a file's bytes, which are copied; messages call them `name`. */
rnl_status rnl_safetensors_read_memory(rnl_safetensors *file, const char *name, const void *bytes,
                                       size_t count);
void rnl_safetensors_release(rnl_safetensors *file);

/* RNL_OK if a file of ours is there and its digest is right; its data need no memory. */
rnl_status rnl_safetensors_verify(const char *path);

/* NULL if there is none of that name. */
const rnl_tensor *rnl_safetensors_tensor(const rnl_safetensors *file, const char *name);
const char *rnl_safetensors_metadata(const rnl_safetensors *file, const char *key);

#endif
