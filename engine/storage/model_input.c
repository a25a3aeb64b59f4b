#include "engine/storage/model_input.h"

#include "engine/base/error.h"
#include "engine/storage/input_file.h"
#include "engine/storage/safetensors_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run is often named in place of the model in it. */
rnl_status rnl_model_input_open(int *descriptor, uint64_t *size, const char *path)
{
    char *inside = NULL;
    if (asprintf(&inside, "%s/model.safetensors", path) < 0)
        return rnl_fail_memory(strlen(path));
    const rnl_status status =
        access(inside, R_OK) == 0
            ? rnl_fail(RNL_BAD_DATA, "%s: expected a file, got a directory; did you mean '%s'?",
                       path, inside)
            : rnl_input_open(descriptor, size, path);
    free(inside);
    return status;
}

/* Bytes of text in UTF-8, as far as each of them tells. */
static bool is_text(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        const bool spaces = bytes[i] == '\t' || bytes[i] == '\n' || bytes[i] == '\r';
        if ((bytes[i] < ' ' && !spaces) || bytes[i] == 0x7f || bytes[i] > 0xf4)
            return false;
    }
    return true;
}

const char *rnl_foreign_format(const unsigned char start[RNL_FORMAT_BYTES])
{
    /* A header can have a length that begins as zip or gzip does. */
    const bool has_header = start[RNL_SAFETENSORS_LENGTH_BYTES] == '{';
    if (memcmp(start, "\x89HDF\r\n\x1a\n", 8) == 0)
        return "HDF5, as Keras writes .h5";
    if (memcmp(start, "PK\x03\x04", 4) == 0 && !has_header)
        return "a zip archive, as Keras writes .keras and PyTorch .pt";
    if (memcmp(start, "\x1f\x8b\x08", 3) == 0 && !has_header)
        return "compressed by gzip";
    if (is_text(start, RNL_SAFETENSORS_LENGTH_BYTES))
        return "text, as a configuration is";
    return NULL;
}
