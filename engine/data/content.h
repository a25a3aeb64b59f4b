/*
 * What a file holds by its first bytes, where another format is expected.
 */
#ifndef RNL_ENGINE_DATA_CONTENT_H
#define RNL_ENGINE_DATA_CONTENT_H

#include <stddef.h>

/* "a .npy file", or NULL where the bytes tell nothing. */
const char *rnl_content_name(const void *bytes, size_t count);

#endif
