/*
 * Model files made whole: the input is the header, a byte of 0 and the data; the header's length
 * and the digest are made to fit, so that what stands behind these checks is reached.
 */
#ifndef RNL_TESTS_FUZZ_MODEL_FILE_H
#define RNL_TESTS_FUZZ_MODEL_FILE_H

#include "engine/model/model.h"
#include "engine/storage/safetensors_file.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_renew_digest(char *file, size_t count, size_t header)
{
    char *digits = rnl_safetensors_find_digest(file, RNL_SAFETENSORS_LENGTH_BYTES + header);
    if (!digits)
        return;
    char fresh[RNL_DIGEST_DIGITS + 1];
    memset(digits, '0', RNL_DIGEST_DIGITS);
    fuzz_expect(rnl_digest(fresh, &(const rnl_bytes){file, count}, 1) == RNL_OK, "a digest");
    memcpy(digits, fresh, RNL_DIGEST_DIGITS);
}

/* The path of the file, until the next call. */
static inline const char *fuzz_model_file(const uint8_t *bytes, size_t count)
{
    const uint8_t *end = memchr(bytes, 0, count);
    const uint64_t header = end ? (size_t)(end - bytes) : count;
    const size_t data = end ? count - header - 1 : 0, size = sizeof header + header + data;
    char *file = malloc(size);
    memcpy(file, &header, sizeof header);
    memcpy(file + sizeof header, bytes, header);
    if (data > 0)
        memcpy(file + sizeof header + header, end + 1, data);
    fuzz_renew_digest(file, size, header);
    const char *path = fuzz_file(file, size);
    free(file);
    return path;
}

/* Every array of the model is there. */
static inline void fuzz_touch_model(const rnl_model *model)
{
    for (size_t l = 0; l < model->layer_count; ++l)
        for (size_t p = 0; p < model->layers[l].parameter_count; ++p) {
            const rnl_parameter *parameter = &model->layers[l].parameters[p];
            fuzz_expect(parameter->arrays[RNL_VALUES] != NULL, "values");
            for (size_t a = 0; a < RNL_ARRAYS; ++a)
                if (parameter->arrays[a])
                    fuzz_touch(parameter->arrays[a],
                               rnl_parameter_count(parameter) * sizeof(float));
        }
}

#endif
