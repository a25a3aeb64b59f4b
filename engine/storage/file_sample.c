#include "engine/storage/file_sample.h"

#include "engine/base/error.h"
#include "engine/storage/input_file.h"

#include <stdlib.h>
#include <unistd.h>

#define BLOCKS      64
#define BLOCK_BYTES 4096

static rnl_status read_blocks(char *blocks, size_t *count, int descriptor, uint64_t size,
                              const char *path)
{
    if (size <= BLOCKS * BLOCK_BYTES) {
        *count = (size_t)size;
        return rnl_input_read(descriptor, path, blocks, *count, 0);
    }
    const uint64_t way = size - BLOCK_BYTES;
    *count = BLOCKS * BLOCK_BYTES;
    for (uint64_t i = 0; i < BLOCKS; ++i)
        RNL_TRY(rnl_input_read(descriptor, path, blocks + i * BLOCK_BYTES, BLOCK_BYTES,
                               way / (BLOCKS - 1) * i + way % (BLOCKS - 1) * i / (BLOCKS - 1)));
    return RNL_OK;
}

rnl_status rnl_sample_file(char digits[RNL_DIGEST_DIGITS + 1], const char *path)
{
    int descriptor;
    uint64_t size;
    size_t count = 0;
    RNL_TRY(rnl_input_open(&descriptor, &size, path));
    char *blocks = malloc(BLOCKS * BLOCK_BYTES);
    rnl_status status = blocks ? read_blocks(blocks, &count, descriptor, size, path)
                               : rnl_fail_memory(BLOCKS * BLOCK_BYTES);
    const rnl_bytes parts[] = {{&size, sizeof size}, {blocks, count}};
    if (status == RNL_OK)
        status = rnl_digest(digits, parts, 2);
    free(blocks);
    close(descriptor);
    return status;
}
