/*
 * Model files that are whole: the input is the header, a byte of 0 and the data; the header's
 * length and the digest are made to fit, so that what stands behind these checks is reached.
 */
#include "engine/storage/safetensors_file.h"
#include "tests/fuzz/fuzz.h"

static void renew_digest(char *file, size_t count, size_t header)
{
    char *digits = rnl_safetensors_find_digest(file, RNL_SAFETENSORS_LENGTH_BYTES + header);
    if (!digits)
        return;
    char fresh[RNL_DIGEST_DIGITS + 1];
    memset(digits, '0', RNL_DIGEST_DIGITS);
    fuzz_expect(rnl_digest(fresh, &(const rnl_bytes){file, count}, 1) == RNL_OK, "a digest");
    memcpy(digits, fresh, RNL_DIGEST_DIGITS);
}

static char *make_file(const uint8_t *bytes, size_t count, size_t *size)
{
    const uint8_t *end = memchr(bytes, 0, count);
    const uint64_t header = end ? (size_t)(end - bytes) : count;
    const size_t data = end ? count - header - 1 : 0;
    char *file = malloc(sizeof header + header + data);
    memcpy(file, &header, sizeof header);
    memcpy(file + sizeof header, bytes, header);
    if (data > 0)
        memcpy(file + sizeof header + header, end + 1, data);
    *size = sizeof header + header + data;
    renew_digest(file, *size, header);
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0)
        return 0;
    size_t size;
    char *file = make_file(bytes, count, &size);
    rnl_model *model;
    if (rnl_model_load(&model, fuzz_file(file, size), NULL, 0) == RNL_OK) {
        char *summary;
        fuzz_expect(rnl_model_summary(model, &summary) == RNL_OK, "a summary");
        rnl_text_free(summary);
        rnl_model_free(model);
    }
    free(file);
    return 0;
}
